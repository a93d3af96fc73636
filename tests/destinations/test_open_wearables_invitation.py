"""Open Wearables with an invitation: a code that works once, and tokens that change."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from custom_components.heart_rate_relay.destinations.base import Account, Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    RefusedError,
    UnknownPersonError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.destinations.open_wearables import (
    OpenWearables,
    OpenWearablesInvitation,
    invitation,
)
from custom_components.heart_rate_relay.destinations.tokens import Token, Tokens
from dev.stand_ins.base import TOKEN, Failure
from dev.stand_ins.open_wearables import API_KEY, CODE, OpenWearables as Server
from tests.conftest import running

from .common import NOW, Outcome, batch, http, serving

INVALID_CODE = (DestinationError, "invalid_code")
USED = (NotAuthorisedError, "code_used")
BAD_TOKEN = (NotAuthorisedError, "invalid_auth")
WRONG_URL = (UnreachableError, "wrong_url")
NONSENSE = (UnreachableError, "unexpected_answer")

DATABASE_DOWN = (UnreachableError, "server_error")

RELEASES = ("", "0.6.0", "0.6.3")

REFRESH = "/api/v1/token/refresh"


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    """Return a server of our own, which imports at once."""
    server = Server()
    server.import_delay = 0.002
    async with running(server):
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the first records a moment only."""
    monkeypatch.setattr(invitation, "FIRST_PAUSE", 0.05)


type Connect = Callable[..., OpenWearablesInvitation]


@pytest.fixture
def connect(session: aiohttp.ClientSession, server: Server) -> Connect:
    """Return what makes a destination, by default one that is signed in."""

    def connect(tokens: Tokens | None = None, **config: Any) -> OpenWearablesInvitation:
        config = {"url": str(server.url), "user_id": server.user_id, **config}
        tokens = tokens or Tokens(server.issue(server.user_id))
        return OpenWearablesInvitation(session, config, tokens)

    return connect


async def outcome(awaitable: Any) -> Outcome:
    """Return the class and the key of the error that a call ends in."""
    with pytest.raises(DestinationError) as info:
        await awaitable
    assert TOKEN not in f"{info.value!r} {info.value.detail}"
    assert CODE not in f"{info.value!r} {info.value.detail}"
    return type(info.value), info.value.key


def requests(server: Server, path: str) -> int:
    """Return how many requests there were for a path."""
    return sum(seen.path == path for seen in server.requests)


def posts(server: Server) -> list[int]:
    """Return how many records each delivery that was taken held."""
    return [seen.readings for seen in server.requests if seen.status == 202]


# Signing in


@pytest.mark.parametrize("code", [CODE, CODE.lower(), " ab cd\t2345\n"])
async def test_sign_in(
    server: Server, session: aiohttp.ClientSession, code: str
) -> None:
    """The code is exchanged for what it is good for, and then forgotten."""
    form = {
        "service": "open_wearables_invitation",
        "url": str(server.url),
        "verify_ssl": True,
        "invitation_code": code,
    }
    kept = await OpenWearablesInvitation(session, form, Tokens()).sign_in()
    (access_token,) = server.access_tokens
    (refresh_token,) = server.refresh_tokens
    assert kept == {
        "service": "open_wearables_invitation",
        "url": str(server.url),
        "verify_ssl": True,
        "user_id": server.user_id,
        "token": {"access_token": access_token, "refresh_token": refresh_token},
    }
    destination = OpenWearablesInvitation(session, kept, Tokens(kept["token"]))
    assert await destination.sign_in() == kept
    assert server.redeemed == [CODE]
    assert len(server.requests) == 3
    assert await destination.validate() == Account(
        f"{server.url} {server.user_id}", "Open Wearables"
    )


async def test_same_person_either_way(
    server: Server, session: aiohttp.ClientSession, connect: Connect
) -> None:
    """A person is the same account, whichever way we may write."""
    config = {"url": str(server.url), "api_key": API_KEY, "user_id": server.user_id}
    other = await OpenWearables(session, config, Tokens()).validate()
    assert (await connect(user_id=server.user_id.upper()).validate()).id == other.id


async def test_code_for_a_signed_in(server: Server, connect: Connect) -> None:
    """Who signs in again with another code gets other tokens."""
    old = server.issue(server.user_id)
    kept = await connect(token=old, invitation_code=CODE).sign_in()
    assert kept["token"]["access_token"] != old["access_token"]
    assert "invitation_code" not in kept


@pytest.mark.parametrize(
    "code", ["", "ABCD234", "ABCD23456", "ABCD2340", "ABCD-345", "ÄBCD2345"]
)
async def test_no_code(server: Server, connect: Connect, code: str) -> None:
    """What can be no code is not tried."""
    assert await outcome(connect(invitation_code=code).sign_in()) == INVALID_CODE
    assert not server.requests


async def test_code_used(server: Server, connect: Connect) -> None:
    """A code works once."""
    await connect(invitation_code=CODE).sign_in()
    assert await outcome(connect(invitation_code=CODE).sign_in()) == USED


NOT_THE_SERVER = [
    (200, "<html>"),
    (200, "{}"),
    (202, "{}"),
    (400, "<html>"),
    (404, "404: Not Found"),
    (404, '{"detail": "Not Found"}'),
    (413, ""),
]


@pytest.mark.parametrize(("status", "body"), NOT_THE_SERVER)
async def test_not_the_server(connect: Connect, status: int, body: str) -> None:
    """Nothing else is shown a code, which works but once."""
    async with serving(http(status, body)) as other:
        destination = connect(url=str(other.url), invitation_code=CODE)
        assert await outcome(destination.sign_in()) == WRONG_URL
    assert not any(CODE.encode() in seen.body for seen in other.seen)


@pytest.mark.parametrize("release", RELEASES)
async def test_nothing_burns_a_code(
    server: Server, connect: Connect, release: str
) -> None:
    """A code is used when all else is right, and then it is good."""
    server.release = release
    destination = connect(invitation_code=CODE)
    server.database_up = False
    assert await outcome(destination.sign_in()) == DATABASE_DOWN
    server.failure, server.failure_everywhere = Failure(503), True
    assert await outcome(destination.sign_in()) == (WaitError, "busy")
    server.failure = None
    server.database_up = True
    assert not server.redeemed
    kept = await destination.sign_in()
    assert (await connect(Tokens(kept["token"])).validate()).name == "Open Wearables"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        *((status, body, WRONG_URL) for status, body in NOT_THE_SERVER),
        (200, '{"user_id": 7}', WRONG_URL),
        (200, '{"user_id": "a", "access_token": "t"}', NONSENSE),
        (200, '{"user_id": "a", "access_token": "t", "refresh_token": ""}', NONSENSE),
        (200, '{"user_id": "a", "access_token": "t", "refresh_token": 7}', NONSENSE),
        (400, '{"detail": [{"input": "ABCD2345"}]}', USED),
        (410, '{"detail": "gone"}', USED),
        (429, '{"detail": "slowly"}', (WaitError, "busy")),
        (500, "Internal Server Error", DATABASE_DOWN),
    ],
)
async def test_odd_answers_to_a_code(
    connect: Connect, status: int, body: str, expected: Outcome
) -> None:
    """What is not the server's is not taken for a used code, nor for tokens."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = other.seen[-1]
        if CODE.encode() in seen.body:
            writer.write(http(status, body))
        elif "redeem" in seen.target:
            writer.write(http(404, '{"detail": "Invalid or expired invitation code"}'))
        else:
            writer.write(http(401, '{"detail": "Authentication required"}'))
        await writer.drain()

    async with serving(reply) as other:
        destination = connect(url=str(other.url), invitation_code=CODE)
        assert await outcome(destination.sign_in()) == expected


@pytest.mark.parametrize("release", RELEASES)
async def test_check(server: Server, connect: Connect, release: str) -> None:
    """A good token is known by what each release says, and nothing is delivered by that."""
    server.release = release
    assert await connect().validate()
    assert not server.queued
    assert not server.store
    server.database_up = False
    assert await outcome(connect().validate()) == DATABASE_DOWN


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (202, "{}", WRONG_URL),
        (400, '{"detail": "something else"}', WRONG_URL),
        (400, "<html>", WRONG_URL),
        (404, '{"detail": "Not Found"}', WRONG_URL),
        (403, '{"detail": "Token does not match user_id"}', BAD_TOKEN),
        (503, "", (WaitError, "busy")),
    ],
)
async def test_odd_answers_to_a_check(
    connect: Connect, status: int, body: str, expected: Outcome
) -> None:
    """Only the one answer that the server gives to a good token counts."""
    async with serving(http(status, body)) as other:
        assert await outcome(connect(url=str(other.url)).validate()) == expected
        assert len(other.seen) == 1


async def test_not_signed_in(connect: Connect) -> None:
    """Without a token, or a person, nothing can be asked."""
    assert await outcome(connect(Tokens()).validate()) == BAD_TOKEN
    unknown = (UnknownPersonError, "unknown_person")
    assert await outcome(connect(user_id=None).validate()) == unknown


async def test_token_of_another(server: Server, connect: Connect) -> None:
    """Another token would not help who has that of another person."""
    server.release = "0.6.3"
    other = server.add_user()
    destination = connect(Tokens(server.issue(other)))
    assert await outcome(destination.validate()) == BAD_TOKEN
    assert await outcome(destination.deliver(batch())) == BAD_TOKEN
    assert server.refreshes == 0


# Delivering


async def test_first_batch(server: Server, connect: Connect) -> None:
    """The first few are alone and have time to be imported, so that none is lost."""
    server.import_delay = 0.03
    destination = connect()
    assert await destination.deliver(batch(100)) == Receipt(in_doubt=100)
    await destination.deliver(batch(100, NOW + 100_000_000))
    async with asyncio.timeout(5):
        while len(server.store) < 200:
            await asyncio.sleep(0.005)
    assert posts(server) == [10, 90, 100]
    first, second = (
        seen.received_at for seen in server.requests if seen.readings in (10, 90)
    )
    assert second - first >= 50


@pytest.mark.parametrize("count", [1, 10])
async def test_small_first_batch(server: Server, connect: Connect, count: int) -> None:
    """Few readings are not followed at once either, nor by an empty batch."""
    server.import_delay = 0.03
    destination = connect()
    await destination.deliver(batch(count))
    await destination.deliver(batch(1, NOW + 100_000_000))
    async with asyncio.timeout(5):
        while len(server.store) < count + 1:
            await asyncio.sleep(0.005)
    assert posts(server) == [count, 1]


async def test_first_batch_again(server: Server, connect: Connect) -> None:
    """A first batch that was not taken is the first one still."""
    destination = connect()
    server.failures.append(Failure(503))
    assert await outcome(destination.deliver(batch(30))) == (WaitError, "busy")
    await destination.deliver(batch(30))
    assert posts(server) == [10, 20]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(200, "{}"), WRONG_URL),
        (Failure(400, '{"detail": "no"}'), (RefusedError, "refused")),
        (Failure(403, '{"detail": "no"}'), BAD_TOKEN),
        (Failure(500, "no"), (UnreachableError, "server_error")),
        (Failure(0, drop=True), (UnreachableError, "cannot_connect")),
    ],
)
async def test_not_taken(
    server: Server, connect: Connect, failure: Failure, expected: Outcome
) -> None:
    """What is not taken is told."""
    server.failures.append(failure)
    assert await outcome(connect().deliver(batch())) == expected
    assert server.refreshes == 0


# What nobody sees


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send again what was sent at once."""
    monkeypatch.setattr(invitation, "REPEAT_AFTER", 0.0)


async def there(server: Server, count: int) -> None:
    """Wait until so many records are stored."""
    async with asyncio.timeout(5):
        while len(server.store) < count:
            await asyncio.sleep(0.005)


async def test_database_is_down(server: Server, connect: Connect) -> None:
    """The server would take what it loses then: it is asked before, and gets nothing."""
    destination = connect()
    server.database_up = False
    assert await outcome(destination.deliver(batch())) == DATABASE_DOWN
    assert posts(server) == []
    assert destination.repeat_at is None
    server.database_up = True
    await destination.deliver(batch())
    await there(server, 3)


@pytest.mark.parametrize(
    "answer", [http(404, "Not Found"), http(405), http(422, "{}"), http(403)]
)
async def test_database_cannot_be_asked(connect: Connect, answer: bytes) -> None:
    """A release that asks for something else of a code hinders nothing."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_asked = "redeem" in other.seen[-1].target
        writer.write(answer if is_asked else http(202, "{}"))
        await writer.drain()

    async with serving(reply) as other:
        receipt = await connect(url=str(other.url)).deliver(batch())
    assert receipt.in_doubt == 3


async def test_repeated(server: Server, connect: Connect, soon: None) -> None:
    """What a server lost after it had accepted it is there when it was sent again."""
    destination = connect()
    await destination.deliver(batch(30))
    await there(server, 30)
    server.worker_running = False
    assert await destination.deliver(batch(40, NOW + 50_000_000)) == Receipt(
        in_doubt=40
    )
    server.kill_worker()
    server.worker_running = True
    assert await destination.repeat() == Receipt(in_doubt=-30)
    assert await destination.repeat() == Receipt(in_doubt=-40)
    await there(server, 70)


async def test_repeated_when_the_database_is_back(
    server: Server, connect: Connect, soon: None
) -> None:
    """Nothing is repeated to a server that would lose it, and none of it is forgotten."""
    destination = connect()
    await destination.deliver(batch(30))
    server.database_up = False
    before = posts(server)
    assert await outcome(destination.repeat()) == DATABASE_DOWN
    assert posts(server) == before
    server.database_up = True
    server.store.clear()
    assert await destination.repeat() == Receipt(in_doubt=-30)
    await there(server, 30)


async def test_refused_when_repeated(
    server: Server, connect: Connect, soon: None
) -> None:
    """What is refused then is not tried for ever, and stays in doubt."""
    destination = connect()
    await destination.deliver(batch(30))
    await destination.deliver(batch(40, NOW + 50_000_000))
    server.failures.append(Failure(422))
    assert await destination.repeat() == Receipt()
    assert await destination.repeat() == Receipt(in_doubt=-40)
    assert destination.repeat_at is None


async def test_when_to_repeat(connect: Connect) -> None:
    """Readings are repeated ten minutes later."""
    destination = connect()
    assert destination.repeat_at is None
    await destination.deliver(batch())
    assert destination.repeat_at == pytest.approx(
        asyncio.get_running_loop().time() + 600, abs=60
    )


async def test_no_more_than_so_many_are_kept(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long backlog is repeated sooner, rather than to fill the memory."""
    monkeypatch.setattr(invitation, "MAX_KEPT", 50)
    destination = connect()
    await destination.deliver(batch(40))
    assert (destination.repeat_at or 0) > 0
    await destination.deliver(batch(40, NOW + 50_000_000))
    assert destination.repeat_at == 0
    assert await destination.repeat() == Receipt(in_doubt=-40)
    assert (destination.repeat_at or 0) > 0


async def test_person_gone(server: Server, connect: Connect, soon: None) -> None:
    """What was sent since the person was last known is in doubt, be it that it was repeated."""
    destination = connect()
    await destination.deliver(batch(10))
    await destination.repeat()
    server.expire()
    await destination.deliver(batch(20, NOW + 20_000_000))
    await destination.repeat()
    del server.users[server.user_id]
    server.expire()
    with pytest.raises(NotAuthorisedError) as info:
        await destination.deliver(batch(5, NOW + 50_000_000))
    assert info.value.in_doubt == 20
    with pytest.raises(NotAuthorisedError) as info:
        await destination.deliver(batch(5, NOW + 50_000_000))
    assert info.value.in_doubt == 0


# Tokens


async def test_token_expires(server: Server, connect: Connect) -> None:
    """In the middle of a backlog: one refresh, nothing lost, the old token not used again."""
    destination = connect()
    for number in range(10):
        if number == 5:
            server.expire()
        await destination.deliver(batch(20, NOW + 20_000_000 * number))
    async with asyncio.timeout(5):
        while len(server.store) < 200:
            await asyncio.sleep(0.005)
    assert server.refreshes == 1
    assert len(server.dead_token_requests) == 1


async def test_together(server: Server, connect: Connect) -> None:
    """Several who share an account refresh once."""
    tokens = Tokens(server.issue(server.user_id))
    one, two = connect(tokens), connect(tokens)
    server.expire()
    await asyncio.gather(*(each.validate() for each in (one, two, one, two)))
    assert server.refreshes == 1


async def test_cancelled(server: Server, connect: Connect) -> None:
    """Who is cancelled during a refresh does not lose the next pair of tokens."""
    kept: list[Token] = []

    class Kept(Tokens):
        """Tokens that are kept."""

        async def _keep(self, token: Token) -> None:
            kept.append(token)

    destination = connect(Kept(server.issue(server.user_id)))
    server.expire()
    task = asyncio.create_task(destination.validate())
    async with asyncio.timeout(5):
        while not server.refreshes:
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await destination.validate()
    assert server.refreshes == len(kept) == 1
    assert set(kept[0]) == {"access_token", "refresh_token"}


async def test_chain(server: Server, connect: Connect) -> None:
    """Each refresh goes on from the last one."""
    destination = connect()
    for _ in range(3):
        server.expire()
        assert await destination.validate()
    assert server.refreshes == 3
    seen = [request.path for request in server.requests]
    assert (REFRESH, REFRESH) not in pairwise(seen)


async def test_refresh_token_used(server: Server, connect: Connect) -> None:
    """Where the next pair was lost on its way, a person has to sign in again."""
    destination = connect()
    server.expire()
    server.refresh_tokens.clear()
    assert await outcome(destination.deliver(batch())) == BAD_TOKEN
    assert requests(server, REFRESH) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (http(400, f'{{"detail": "{TOKEN}"}}'), BAD_TOKEN),
        (http(401, f'{{"detail": "{TOKEN}"}}'), BAD_TOKEN),
        (http(403), BAD_TOKEN),
        (http(422, f'{{"detail": [{{"input": "{TOKEN}"}}]}}'), BAD_TOKEN),
        (http(400, "<html>"), WRONG_URL),
        (http(404), WRONG_URL),
        (http(429), (WaitError, "busy")),
        (http(500), (UnreachableError, "server_error")),
        (http(200, "<html>"), NONSENSE),
        (http(200, '{"access_token": "t"}'), NONSENSE),
    ],
)
async def test_odd_answers_to_a_refresh(
    connect: Connect, answer: bytes, expected: Outcome
) -> None:
    """A refresh that fails keeps all readings, and the tokens out of the error."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_refresh = other.seen[-1].target == REFRESH
        writer.write(answer if is_refresh else http(401))
        await writer.drain()

    async with serving(reply) as other:
        assert await outcome(connect(url=str(other.url)).deliver(batch())) == expected


async def test_no_use_of_a_new_token(connect: Connect) -> None:
    """A new token that is refused, too, is not renewed for ever."""
    new: Mapping[str, str] = {"access_token": "new", "refresh_token": "next"}
    body = str(dict(new)).replace("'", '"')

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_refresh = other.seen[-1].target == REFRESH
        writer.write(http(200, body) if is_refresh else http(401))
        await writer.drain()

    async with serving(reply) as other:
        assert await outcome(connect(url=str(other.url)).deliver(batch())) == BAD_TOKEN
        assert len(other.seen) == 4
        assert all(seen.headers["connection"] == "close" for seen in other.seen)
