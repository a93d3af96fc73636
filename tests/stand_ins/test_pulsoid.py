"""The stand-in for Pulsoid, through HTTP."""

from collections.abc import AsyncIterator
from http import HTTPStatus
import time

import aiohttp
import pytest

from dev.stand_ins import Arrival, Failure, Pulsoid
from dev.stand_ins.pulsoid import MAX_RATE

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
    assert arrival[:4] == ("pulsoid", NOW, 72, "")
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
