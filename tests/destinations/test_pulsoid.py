"""Pulsoid: whose token it is, and what a reading looks like on its way."""

from collections.abc import Callable
from http import HTTPStatus
import json
from typing import override

import aiohttp
import pytest

from custom_components.heart_rate_relay.destinations import pulsoid as pulsoid_module
from custom_components.heart_rate_relay.destinations.base import Account, Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    NotAuthorisedError,
    NotEntitledError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.destinations.pulsoid import PulsoidOAuth
from custom_components.heart_rate_relay.destinations.tokens import Obtain, Tokens
from dev.stand_ins import Failure, Pulsoid
from dev.stand_ins.base import TOKEN

from .common import (
    BAD_LOGIN,
    NOW,
    REFUSED,
    Connect,
    Outcome,
    error_of,
    http,
    outcome,
    reading,
    serving,
)

PREMIUM = (NotEntitledError, "premium_required")
SCOPE = (NotEntitledError, "missing_scope")

CHECK = "/api/v1/token/validate"
DATA = "/api/v1/data"


async def test_validate(pulsoid: Pulsoid, connect: Connect) -> None:
    """The profile is the account, and checking it delivers nothing."""
    account = await connect("pulsoid", pulsoid.url).validate()
    assert account == Account(id=str(pulsoid.profile_id), name="Pulsoid")
    assert [(seen.method, seen.path) for seen in pulsoid.requests] == [("GET", CHECK)]
    assert not pulsoid.arrivals


async def test_validate_sends_only_the_token(connect: Connect) -> None:
    """The check is a GET without a query or a body, and the token is pasted sloppily."""
    valid = json.dumps({"profile_id": "p", "scopes": ["data:heart_rate:write"]})
    async with serving(http(200, valid)) as server:
        destination = connect("pulsoid", server.url, access_token=f" {TOKEN}\n")
        assert (await destination.validate()).id == "p"
    (seen,) = server.seen
    assert (seen.method, seen.target, seen.body) == ("GET", CHECK, b"")
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"


async def test_token_in_two_lines(pulsoid: Pulsoid, connect: Connect) -> None:
    """What no header can hold is no token, and is not sent."""
    destination = connect("pulsoid", pulsoid.url, access_token="two\nlines")
    assert await outcome(destination.validate()) == BAD_LOGIN
    assert not pulsoid.requests


async def test_token_without_a_profile(pulsoid: Pulsoid, connect: Connect) -> None:
    """A token of no profile does not tell whose it is."""
    pulsoid.profile_id = None
    account = await connect("pulsoid", pulsoid.url).validate()
    assert account == (None, "Pulsoid")


async def test_profile_may_be_a_number(connect: Connect) -> None:
    """An id is text, whatever the service makes of it."""
    valid = json.dumps({"profile_id": 17, "scopes": ["data:heart_rate:write"]})
    async with serving(http(200, valid)) as server:
        assert (await connect("pulsoid", server.url).validate()).id == "17"


@pytest.mark.parametrize("call", ["validate", "deliver"])
@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
@pytest.mark.parametrize("numeric", [False, True])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda pulsoid: setattr(pulsoid, "token", "another"),
        lambda pulsoid: setattr(pulsoid, "expired", True),
        lambda pulsoid: setattr(pulsoid, "revoked", True),
    ],
    ids=["wrong", "expired", "revoked"],
)
async def test_bad_token(
    pulsoid: Pulsoid,
    connect: Connect,
    call: str,
    status: HTTPStatus,
    numeric: bool,
    spoil: Callable[[Pulsoid], None],
) -> None:
    """A token that is no good is told, whichever of its pages Pulsoid follows."""
    spoil(pulsoid)
    pulsoid.bad_token_status = status
    pulsoid.numeric_codes = numeric
    destination = connect("pulsoid", pulsoid.url)
    if call == "validate":
        found = await outcome(destination.validate())
    else:
        found = await outcome(destination.deliver([reading()]))
    assert found == BAD_LOGIN
    assert pulsoid.requests[0].status == status


@pytest.mark.parametrize("scopes", [(), ("data:heart_rate:read",)])
async def test_missing_scope(
    pulsoid: Pulsoid, connect: Connect, scopes: tuple[str, ...]
) -> None:
    """A token that may not write is told before and after it is used."""
    pulsoid.scopes = scopes
    destination = connect("pulsoid", pulsoid.url)
    assert await outcome(destination.validate()) == SCOPE
    assert await outcome(destination.deliver([reading()])) == SCOPE
    assert not pulsoid.arrivals


async def test_scope_among_others(pulsoid: Pulsoid, connect: Connect) -> None:
    """A token may do more than it must."""
    pulsoid.scopes = ("data:statistics:read", "data:heart_rate:write")
    assert await connect("pulsoid", pulsoid.url).validate()


async def test_no_premium(pulsoid: Pulsoid, connect: Connect) -> None:
    """An account without a plan keeps its readings until it has one."""
    pulsoid.premium = False
    assert (
        await outcome(connect("pulsoid", pulsoid.url).deliver([reading()])) == PREMIUM
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "OK",
        "[]",
        "{}",
        '{"scopes": null}',
        '{"scopes": "data:heart_rate:write"}',
        '{"scopes": {"data:heart_rate:write": true}}',
    ],
)
async def test_senseless_check(connect: Connect, body: str) -> None:
    """A success that does not say what the token may do is no success."""
    async with serving(http(200, body)) as server:
        found = await outcome(connect("pulsoid", server.url).validate())
    assert found == (UnreachableError, "unexpected_answer")


@pytest.mark.parametrize(
    ("value", "sent"),
    [(72.0, 72), (72.4, 72), (72.6, 73), (1.0, 1), (65, 65), (299.7, 300)],
)
async def test_bytes_of_a_reading(connect: Connect, value: float, sent: int) -> None:
    """A reading is a POST of a small JSON object, with whole bpm and ms."""
    async with serving(http(200, "OK")) as server:
        assert (
            await connect("pulsoid", server.url).deliver([reading(value)]) == Receipt()
        )
    (seen,) = server.seen
    assert (seen.method, seen.target) == ("POST", DATA)
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["content-type"] == "application/json"
    assert json.loads(seen.body) == {
        "measured_at": NOW // 1000,
        "data": {"heart_rate": sent},
    }
    assert f'"heart_rate":{sent}}}'.encode() in seen.body


async def test_deliver(pulsoid: Pulsoid, connect: Connect) -> None:
    """What is delivered arrives, with its own time."""
    destination = connect("pulsoid", pulsoid.url)
    for second in range(3):
        await destination.deliver([reading(70.0 + second, NOW + 1_000_000 * second)])
    assert [(arrival.measured_at, arrival.value) for arrival in pulsoid.arrivals] == [
        (NOW, 70),
        (NOW + 1_000_000, 71),
        (NOW + 2_000_000, 72),
    ]


async def test_connection_is_kept(connect: Connect) -> None:
    """One connection serves them all: a handshake for each reading would cost."""
    async with serving(http(200, '{"ok": true}')) as server:
        destination = connect("pulsoid", server.url)
        for _ in range(5):
            await destination.deliver([reading()])
        assert len(server.seen) == 5
        assert server.connections == 1


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(401), BAD_LOGIN),
        (Failure(402), PREMIUM),
        (Failure(403), BAD_LOGIN),
        *(
            (Failure(status, json.dumps({"error_code": code})), expected)
            for status in (400, 401, 402, 403, 404)
            for number, expected in (
                (7005, BAD_LOGIN),
                (7006, BAD_LOGIN),
                (7009, BAD_LOGIN),
                (7010, BAD_LOGIN),
                (7007, PREMIUM),
                (6003, SCOPE),
                (7011, SCOPE),
            )
            for code in (number, str(number))
        ),
        (Failure(400), REFUSED),
        (Failure(400, '{"error_code": 7001}'), REFUSED),
        (Failure(400, '{"error_code": null}'), REFUSED),
        (Failure(400, '["7006"]'), REFUSED),
        (Failure(413), REFUSED),
        (Failure(422), REFUSED),
        (Failure(404), (UnreachableError, "wrong_url")),
        (Failure(500), (UnreachableError, "server_error")),
        (Failure(502, "<html>Bad gateway</html>"), (UnreachableError, "server_error")),
        (Failure(302), (UnreachableError, "redirected")),
        (Failure(0, drop=True), (UnreachableError, "cannot_connect")),
    ],
    ids=str,
)
async def test_outcome(
    pulsoid: Pulsoid, connect: Connect, failure: Failure, expected: Outcome
) -> None:
    """What Pulsoid answers to a reading is what its check means too."""
    pulsoid.failure = failure
    pulsoid.failure_everywhere = True
    destination = connect("pulsoid", pulsoid.url)
    assert await outcome(destination.deliver([reading()])) == expected
    assert await outcome(destination.validate()) == expected


@pytest.mark.parametrize("status", [408, 425, 429, 503])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"Retry-After": "7"}, 7), ({"Retry-After": "soon"}, None)],
)
async def test_patience(
    pulsoid: Pulsoid,
    connect: Connect,
    status: int,
    headers: dict[str, str],
    seconds: float | None,
) -> None:
    """A request for patience is granted for as long as is asked."""
    pulsoid.failure = Failure(status, headers=headers)
    error = await error_of(connect("pulsoid", pulsoid.url).deliver([reading()]))
    assert isinstance(error, WaitError)
    assert error.retry_after == seconds


async def test_rate_limit(pulsoid: Pulsoid, connect: Connect) -> None:
    """Too many requests in a second end in a request for patience."""
    destination = connect("pulsoid", pulsoid.url)
    for _ in range(20):
        await destination.deliver([reading()])
    error = await error_of(destination.deliver([reading()]))
    assert isinstance(error, WaitError)
    assert error.retry_after == 1


async def test_echoed_token_is_not_told(connect: Connect) -> None:
    """An error that repeats the token does not carry it on."""
    body = json.dumps({"error_code": "7005", "error_message": f"no token {TOKEN}"})
    async with serving(http(403, body)) as server:
        error = await error_of(connect("pulsoid", server.url).validate())
    assert error.key == "invalid_auth"
    assert not error.detail


class Hourly(Tokens):
    """Tokens that are renewed as often as is wanted."""

    def __init__(self, *others: str) -> None:
        """Initialize with a token, and those to come."""
        super().__init__()
        self.others = [*others]
        self.refused: list[str | None] = []

    @override
    async def current(self, obtain: Obtain) -> str:
        return self.others[0]

    @override
    async def renew(self, refused: str | None, obtain: Obtain) -> str:
        self.refused.append(refused)
        if len(self.others) == 1:
            raise NotAuthorisedError
        return self.others.pop(1)


@pytest.mark.parametrize("call", ["validate", "deliver"])
async def test_token_that_is_renewed(
    pulsoid: Pulsoid, session: aiohttp.ClientSession, call: str
) -> None:
    """What another token was refused for is done with the next, and that goes on."""
    tokens = Hourly("over", TOKEN)
    destination = PulsoidOAuth(session, {}, tokens)
    if call == "validate":
        found: object = await destination.validate()
        assert found == Account(id=str(pulsoid.profile_id), name="Pulsoid")
    else:
        assert await destination.deliver([reading()]) == Receipt()
        assert len(pulsoid.arrivals) == 1
    assert tokens.refused == ["over"]
    assert [seen.status for seen in pulsoid.requests] == [403, 200]


async def test_good_token_is_not_renewed(
    pulsoid: Pulsoid, session: aiohttp.ClientSession
) -> None:
    """As long as a token is taken there is no other."""
    tokens = Hourly(TOKEN)
    destination = PulsoidOAuth(session, {}, tokens)
    await destination.validate()
    await destination.deliver([reading()])
    assert not tokens.refused
    assert PulsoidOAuth.service == "Pulsoid"
    assert PulsoidOAuth.limits.newest_first
    assert PulsoidOAuth.limits.max_batch == 1


@pytest.mark.parametrize(
    ("failure", "expected", "renewals"),
    [
        (Failure(401), BAD_LOGIN, 1),
        (Failure(403), BAD_LOGIN, 1),
        *(
            (Failure(status, json.dumps({"error_code": code})), BAD_LOGIN, 1)
            for status in (400, 401, 403)
            for code in (7005, "7006", 7009, "7010")
        ),
        (Failure(402), PREMIUM, 0),
        *(
            (Failure(status, json.dumps({"error_code": code})), expected, 0)
            for status in (400, 401, 402, 403)
            for code, expected in ((7007, PREMIUM), ("7011", SCOPE), (6003, SCOPE))
        ),
        (Failure(400), REFUSED, 0),
        (Failure(500), (UnreachableError, "server_error"), 0),
        (Failure(429), (WaitError, "busy"), 0),
    ],
    ids=str,
)
async def test_renewed_once_where_it_may_help(
    pulsoid: Pulsoid,
    session: aiohttp.ClientSession,
    failure: Failure,
    expected: Outcome,
    renewals: int,
) -> None:
    """Only a token that is bad is renewed, and no more than once for a request."""
    pulsoid.failure, pulsoid.failure_everywhere = failure, True
    for call in ("deliver", "validate"):
        tokens = Hourly("over", "next", "another")
        destination = PulsoidOAuth(session, {}, tokens)
        pulsoid.requests.clear()
        if call == "deliver":
            found = await outcome(destination.deliver([reading()]))
        else:
            found = await outcome(destination.validate())
        assert found == expected
        assert tokens.refused == ["over"] * renewals
        assert len(pulsoid.requests) == 1 + renewals


async def test_scopes_are_no_reason_to_renew(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A success is one, whatever is in it."""
    body = json.dumps({"error_code": "7006", "scopes": [], "profile_id": "p"})
    tokens = Hourly(TOKEN)
    async with serving(http(200, body)) as server:
        monkeypatch.setattr(pulsoid_module, "API_URL", server.url)
        found = await outcome(PulsoidOAuth(session, {}, tokens).validate())
    assert found == SCOPE
    assert not tokens.refused


async def test_token_of_a_sign_in(
    pulsoid: Pulsoid, session: aiohttp.ClientSession
) -> None:
    """What was just given is tried as it is: without an entry nothing is renewed."""
    good = PulsoidOAuth(session, {}, Tokens({"access_token": TOKEN}))
    assert (await good.validate()).id == pulsoid.profile_id
    bad = PulsoidOAuth(session, {}, Tokens({"access_token": "another"}))
    assert await outcome(bad.validate()) == BAD_LOGIN
    none = PulsoidOAuth(session, {}, Tokens())
    assert await outcome(none.validate()) == BAD_LOGIN
    assert [seen.status for seen in pulsoid.requests] == [200, 403]
