"""The stand-in for Pulsoid, through HTTP."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
import time
from typing import Any

import aiohttp
import pytest
from yarl import URL

from dev.stand_ins import Arrival, Failure, Pulsoid
from dev.stand_ins.pulsoid import (
    CLIENT_ID,
    CLIENT_SECRET,
    EXPIRES_IN,
    MAX_RATE,
    WRITE_SCOPE,
)

BACK = "http://home.test:8123/auth/external/callback"
NOW = 1_709_312_400_000


@pytest.fixture
async def pulsoid(socket_enabled: None) -> AsyncIterator[Pulsoid]:
    """A Pulsoid that runs."""
    stand_in = Pulsoid()
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


async def post(
    stand_in: Pulsoid,
    body: object = None,
    *,
    token: str | None = None,
) -> tuple[int, str]:
    """Deliver a reading, and return the status and the body of the answer."""
    if body is None:
        body = {"measured_at": NOW, "data": {"heart_rate": 72}}
    headers = {"Authorization": f"Bearer {token or stand_in.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(stand_in.url / "api/v1/data", json=body) as response,
    ):
        return response.status, await response.text()


async def get(stand_in: Pulsoid, token: str | None = None) -> tuple[int, object]:
    """Check a token, and return the status and the body of the answer."""
    headers = {"Authorization": f"Bearer {token or stand_in.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(stand_in.url / "api/v1/token/validate") as response,
    ):
        return response.status, await response.json()


async def test_a_reading_arrives(pulsoid: Pulsoid) -> None:
    """An accepted reading is remembered, reported and counted."""
    reported: list[Arrival] = []
    pulsoid.on_arrival = reported.append
    before = time.time() * 1000

    assert (await post(pulsoid))[0] == HTTPStatus.OK

    (arrival,) = pulsoid.arrivals
    assert arrival[:4] == ("pulsoid", NOW * 1000, 72, "")
    assert before <= arrival.received_at <= time.time() * 1000
    assert reported == [arrival]
    (request,) = pulsoid.requests
    assert request[:5] == ("POST", "/api/v1/data", {}, HTTPStatus.OK, 1)


@pytest.mark.parametrize("heart_rate", [0, -3])
async def test_no_heart_rate_is_dropped_in_silence(
    pulsoid: Pulsoid, heart_rate: int
) -> None:
    """0 and below answer 200 and arrive nowhere."""
    body = {"measured_at": NOW, "data": {"heart_rate": heart_rate}}
    assert (await post(pulsoid, body))[0] == HTTPStatus.OK
    assert pulsoid.arrivals == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "72",
        {"measured_at": NOW, "data": {}},
        {"measured_at": NOW, "data": 72},
        {"data": {"heart_rate": 72}},
        {"measured_at": NOW, "data": {"heart_rate": 72.5}},
        {"measured_at": NOW, "data": {"heart_rate": "72"}},
        {"measured_at": NOW, "data": {"heart_rate": True}},
        {"measured_at": "2026-01-01T00:00:00Z", "data": {"heart_rate": 72}},
        {"measured_at": NOW + 0.5, "data": {"heart_rate": 72}},
    ],
)
async def test_malformed_bodies(pulsoid: Pulsoid, body: object) -> None:
    """What is not exactly one reading is refused."""
    assert (await post(pulsoid, body))[0] == HTTPStatus.BAD_REQUEST
    assert pulsoid.arrivals == []


async def test_content_type(pulsoid: Pulsoid) -> None:
    """A body that does not say it is JSON is refused, and so is one that is not."""
    headers = {"Authorization": f"Bearer {pulsoid.token}"}
    good = b'{"measured_at": 1, "data": {"heart_rate": 72}}'
    async with aiohttp.ClientSession(headers=headers) as session:
        for kind, body in (("text/plain", good), ("application/json", b"{")):
            async with session.post(
                pulsoid.url / "api/v1/data", data=body, headers={"Content-Type": kind}
            ) as response:
                assert response.status == HTTPStatus.BAD_REQUEST
    assert pulsoid.arrivals == []


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
@pytest.mark.parametrize("numeric", [True, False])
async def test_bad_tokens(pulsoid: Pulsoid, status: HTTPStatus, numeric: bool) -> None:
    """An unknown, an expired and a revoked token are refused, with a code."""
    pulsoid.bad_token_status = status
    pulsoid.numeric_codes = numeric

    assert await get(pulsoid, "another") == (
        status,
        {
            "error_code": 7005 if numeric else "7005",
            "error_message": "token_not_found",
        },
    )
    answered, body = await post(pulsoid, token="another")
    assert answered == status
    assert "7005" in body
    pulsoid.revoked = True
    answered, body = await post(pulsoid)
    assert answered == status
    assert "7009" in body
    pulsoid.expired = True
    answered, body = await post(pulsoid)
    assert answered == status
    assert "7006" in body
    pulsoid.expired = pulsoid.revoked = False
    assert (await post(pulsoid))[0] == HTTPStatus.OK


async def test_no_token_and_another_scheme(pulsoid: Pulsoid) -> None:
    """A token belongs in the header, and behind Bearer."""
    async with aiohttp.ClientSession() as session:
        url = pulsoid.url / "api/v1/token/validate"
        async with session.get(url) as response:
            assert response.status == HTTPStatus.UNAUTHORIZED
        async with session.get(
            url, headers={"Authorization": f"Token {pulsoid.token}"}
        ) as response:
            assert (await response.json())["error_code"] == "7010"


async def test_token_in_the_address(pulsoid: Pulsoid) -> None:
    """A token in the address is refused, even beside a good header."""
    headers = {"Authorization": f"Bearer {pulsoid.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in ("api/v1/data", "api/v1/token/validate"):
            async with session.request(
                "POST" if path.endswith("data") else "GET",
                (pulsoid.url / path).with_query(access_token=pulsoid.token),
            ) as response:
                assert response.status == HTTPStatus.BAD_REQUEST


async def test_a_missing_scope_and_a_missing_plan(pulsoid: Pulsoid) -> None:
    """Each is refused in its own way, and the check of the token tells the scopes."""
    pulsoid.premium = False
    status, body = await post(pulsoid)
    assert status == HTTPStatus.PAYMENT_REQUIRED
    assert "7007" in body
    pulsoid.scopes = ("data:heart_rate:read",)
    status, body = await post(pulsoid)
    assert status == HTTPStatus.BAD_REQUEST
    assert "7011" in body
    status, checked = await get(pulsoid)
    assert status == HTTPStatus.OK
    assert isinstance(checked, dict)
    assert checked["scopes"] == ["data:heart_rate:read"]
    assert checked["profile_id"] == pulsoid.profile_id
    assert pulsoid.arrivals == []


async def test_too_many_requests(pulsoid: Pulsoid) -> None:
    """More than 20 requests in a second are told to wait."""
    headers = {"Authorization": f"Bearer {pulsoid.token}"}
    body = {"measured_at": NOW, "data": {"heart_rate": 72}}
    statuses: list[int] = []
    async with aiohttp.ClientSession(headers=headers) as session:
        started = time.monotonic()
        for _ in range(MAX_RATE + 1):
            async with session.post(pulsoid.url / "api/v1/data", json=body) as response:
                statuses.append(response.status)
                retry_after = response.headers.get("Retry-After")
        assert time.monotonic() - started < 1, "this machine is too slow for the test"
    assert statuses == [HTTPStatus.OK] * MAX_RATE + [HTTPStatus.TOO_MANY_REQUESTS]
    assert retry_after == "1"
    assert len(pulsoid.arrivals) == MAX_RATE


async def test_failures(pulsoid: Pulsoid) -> None:
    """Failures come one by one, then for as long as one is set, for deliveries only."""
    pulsoid.failures.append(Failure(503, "busy", {"Retry-After": "7"}))
    pulsoid.failures.append(Failure(500))
    pulsoid.failure = Failure(418, "a teapot")

    assert await post(pulsoid) == (503, "busy")
    assert (await post(pulsoid))[0] == 500
    assert await post(pulsoid) == (418, "a teapot")
    assert await post(pulsoid) == (418, "a teapot")
    assert (await get(pulsoid))[0] == HTTPStatus.OK
    pulsoid.failure = None
    assert (await post(pulsoid))[0] == HTTPStatus.OK

    assert len(pulsoid.arrivals) == 1
    deliveries = [request for request in pulsoid.requests if request.readings]
    assert [request.status for request in deliveries] == [503, 500, 418, 418, 200]


async def test_failure_everywhere(pulsoid: Pulsoid) -> None:
    """The check of the token can fail too."""
    pulsoid.failure = Failure(503, "{}", {"Content-Type": "application/json"})
    pulsoid.failure_everywhere = True
    assert await get(pulsoid) == (503, {})
    assert pulsoid.requests[-1].readings == 0


async def test_a_connection_dropped(pulsoid: Pulsoid) -> None:
    """A dropped connection has no answer, after the delay."""
    pulsoid.failures.append(Failure(200, delay=0.1, drop=True))
    started = time.monotonic()
    with pytest.raises(aiohttp.ClientError):
        await post(pulsoid)
    assert time.monotonic() - started >= 0.1
    assert pulsoid.requests[-1].status == 0
    assert pulsoid.arrivals == []
    assert (await post(pulsoid))[0] == HTTPStatus.OK


async def test_stop_and_start(pulsoid: Pulsoid) -> None:
    """A stopped service refuses connections; started again it knows what it knew."""
    await post(pulsoid)
    url = pulsoid.url
    assert url.port is not None
    await pulsoid.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(pulsoid)
    await pulsoid.start(url.port)
    assert pulsoid.url == url
    await post(pulsoid)
    assert len(pulsoid.arrivals) == 2


async def test_an_unknown_path(pulsoid: Pulsoid) -> None:
    """What Pulsoid does not have is not found, and seen."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(pulsoid.url / "api/v2/data") as response,
    ):
        assert response.status == HTTPStatus.NOT_FOUND
    assert pulsoid.requests[-1].status == HTTPStatus.NOT_FOUND


async def authorise(stand_in: Pulsoid, **query: str) -> tuple[int, URL]:
    """Ask for a code, and return the status, and where one is sent with what."""
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "scope": WRITE_SCOPE,
        "state": "a=b&c",
        **query,
    }
    url = (stand_in.url / "oauth2/authorize").with_query(asked)
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, allow_redirects=False) as response,
    ):
        return response.status, URL(response.headers.get("Location", ""))


async def ask(stand_in: Pulsoid, **form: str) -> tuple[int, dict[str, Any]]:
    """Ask for tokens, and return the status and the body of the answer."""
    asked = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    async with (
        aiohttp.ClientSession() as session,
        session.post(stand_in.url / "oauth2/token", data=asked) as response,
    ):
        return response.status, await response.json()


async def exchange(stand_in: Pulsoid, **form: str) -> tuple[int, dict[str, Any]]:
    """Ask for tokens with a code."""
    asked = {"grant_type": "authorization_code", "redirect_uri": BACK, **form}
    return await ask(stand_in, **asked)


async def refresh(stand_in: Pulsoid, token: str) -> tuple[int, dict[str, Any]]:
    """Ask for tokens with a refresh token."""
    return await ask(stand_in, grant_type="refresh_token", refresh_token=token)


async def tokens_of(stand_in: Pulsoid) -> dict[str, Any]:
    """Return the tokens of an application that was let in."""
    _, back = await authorise(stand_in)
    status, tokens = await exchange(stand_in, code=back.query["code"])
    assert status == HTTPStatus.OK
    return tokens


async def test_an_application_is_let_in(pulsoid: Pulsoid) -> None:
    """A code leads to tokens, and those to the account, beside the pasted token."""
    status, back = await authorise(pulsoid)
    assert status == HTTPStatus.FOUND
    assert str(back.with_query(None)) == BACK
    assert back.query["state"] == "a=b&c"
    status, tokens = await exchange(pulsoid, code=back.query["code"])
    assert status == HTTPStatus.OK
    assert tokens["expires_in"] == EXPIRES_IN == 3600
    assert tokens["scope"] == WRITE_SCOPE
    assert tokens["access_token"] != tokens["refresh_token"]
    status, checked = await get(pulsoid, tokens["access_token"])
    assert status == HTTPStatus.OK
    assert isinstance(checked, dict)
    assert checked["token"] == tokens["access_token"]
    assert checked["profile_id"] == pulsoid.profile_id
    assert checked["scopes"] == [WRITE_SCOPE]
    assert (await post(pulsoid, token=tokens["access_token"]))[0] == HTTPStatus.OK
    assert (await post(pulsoid))[0] == HTTPStatus.OK
    assert len(pulsoid.arrivals) == 2
    assert not pulsoid.dead_tokens
    assert pulsoid.refreshes == 0


async def test_an_application_is_denied(pulsoid: Pulsoid) -> None:
    """Who says no is sent back with that, and without a code."""
    pulsoid.denies = True
    _, back = await authorise(pulsoid)
    assert back.query == {"state": "a=b&c", "error": "access_denied"}
    pulsoid.denies = False
    _, back = await authorise(pulsoid, response_type="token")
    assert back.query == {"state": "a=b&c", "error": "unsupported_response_type"}


@pytest.mark.parametrize("query", [{"client_id": "another"}, {"redirect_uri": "/back"}])
async def test_no_such_application(pulsoid: Pulsoid, query: dict[str, str]) -> None:
    """Nobody is sent anywhere for an application that is not known."""
    assert await authorise(pulsoid, **query) == (HTTPStatus.BAD_REQUEST, URL(""))


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"client_id": "another"}, 401, "invalid_client"),
        ({"client_secret": "another"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"code": "another"}, 400, "invalid_grant"),
        ({"code": ""}, 400, "unsupported_grant_type"),
        ({"redirect_uri": f"{BACK}/"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_code_is_checked(
    pulsoid: Pulsoid, wrong: dict[str, str], status: int, error: str
) -> None:
    """Tokens are for the application that asked, by the way it asked, and once."""
    _, back = await authorise(pulsoid)
    good = {"code": back.query["code"]}
    assert await exchange(pulsoid, **{**good, **wrong}) == (status, {"error": error})
    assert (await exchange(pulsoid, **good))[0] == HTTPStatus.OK
    assert await exchange(pulsoid, **good) == (400, {"error": "invalid_grant"})


async def test_tokens_only_for_a_form(pulsoid: Pulsoid) -> None:
    """JSON is not what the documentation says."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(pulsoid.url / "oauth2/token", json={}) as response,
    ):
        assert response.status == HTTPStatus.BAD_REQUEST


async def test_tokens_rotate(pulsoid: Pulsoid) -> None:
    """Each refresh makes both of the last tokens worthless."""
    first = await tokens_of(pulsoid)
    status, second = await refresh(pulsoid, first["refresh_token"])
    assert status == HTTPStatus.OK
    assert pulsoid.refreshes == 1
    assert not {first["access_token"], first["refresh_token"]} & {*second.values()}
    assert (await get(pulsoid, first["access_token"]))[0] == HTTPStatus.FORBIDDEN
    assert pulsoid.dead_tokens == ["/api/v1/token/validate"]
    assert (await refresh(pulsoid, first["refresh_token"]))[0] == 401
    assert pulsoid.refreshes == 2
    assert (await get(pulsoid, second["access_token"]))[0] == HTTPStatus.OK
    assert (await refresh(pulsoid, second["refresh_token"]))[0] == HTTPStatus.OK


async def test_applications_do_not_disturb_each_other(pulsoid: Pulsoid) -> None:
    """Who signs in twice has tokens twice."""
    first, second = await tokens_of(pulsoid), await tokens_of(pulsoid)
    assert (await refresh(pulsoid, second["refresh_token"]))[0] == HTTPStatus.OK
    assert (await get(pulsoid, first["access_token"]))[0] == HTTPStatus.OK


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
async def test_access_tokens_expire(pulsoid: Pulsoid, status: HTTPStatus) -> None:
    """After their time access tokens are refused, and refresh tokens are not."""
    pulsoid.bad_token_status = status
    tokens = await tokens_of(pulsoid)
    pulsoid.expire()
    answered, body = await post(pulsoid, token=tokens["access_token"])
    assert answered == status
    assert "7006" in body
    assert pulsoid.dead_tokens == ["/api/v1/data"]
    assert not pulsoid.arrivals
    assert (await post(pulsoid))[0] == HTTPStatus.OK
    _, tokens = await refresh(pulsoid, tokens["refresh_token"])
    assert (await post(pulsoid, token=tokens["access_token"]))[0] == HTTPStatus.OK


async def test_a_revoked_grant(pulsoid: Pulsoid) -> None:
    """An application that is no longer welcome has nothing, and may ask again."""
    tokens = await tokens_of(pulsoid)
    pulsoid.revoke()
    assert (await get(pulsoid, tokens["access_token"]))[0] == HTTPStatus.FORBIDDEN
    assert (await refresh(pulsoid, tokens["refresh_token"]))[0] == 401
    assert (await get(pulsoid))[0] == HTTPStatus.OK
    assert await tokens_of(pulsoid)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (f"data:heart_rate:read {WRITE_SCOPE}", [WRITE_SCOPE]),
        ("data:heart_rate:read", []),
        ("", []),
    ],
)
async def test_scopes_of_an_application(
    pulsoid: Pulsoid, asked: str, given: list[str]
) -> None:
    """An application is given no more than it asks for and may have."""
    _, back = await authorise(pulsoid, scope=asked)
    _, tokens = await exchange(pulsoid, code=back.query["code"])
    _, checked = await get(pulsoid, tokens["access_token"])
    assert isinstance(checked, dict)
    assert checked["scopes"] == given
    status, _ = await post(pulsoid, token=tokens["access_token"])
    assert status == (HTTPStatus.OK if given else HTTPStatus.BAD_REQUEST)


async def test_tokens_held_back(pulsoid: Pulsoid) -> None:
    """An answer can be held back after the tokens were changed."""
    tokens = await tokens_of(pulsoid)
    pulsoid.answers_tokens.clear()
    asking = asyncio.ensure_future(refresh(pulsoid, tokens["refresh_token"]))
    async with asyncio.timeout(5):
        while not pulsoid.refreshes:
            await asyncio.sleep(0.005)
    assert (await get(pulsoid, tokens["access_token"]))[0] == HTTPStatus.FORBIDDEN
    assert not asking.done()
    pulsoid.answers_tokens.set()
    assert (await asking)[0] == HTTPStatus.OK
