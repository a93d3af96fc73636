"""What Gerosense answers, and when it wants nothing."""

import asyncio
from collections.abc import Callable, Mapping
import json
from typing import Any

import pytest

from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    MAX_REASON,
    NotEntitledError,
    UnreachableError,
    WaitError,
)
from dev.stand_ins import Failure
from dev.stand_ins.gerosense import GerosenseProxy

from ..common import (
    BAD_LOGIN,
    REFUSED,
    WRONG_URL,
    Outcome,
    error_of,
    http,
    outcome,
    serving,
)
from .common import (
    BUSY,
    FACES,
    GONE,
    OUTDATED,
    PAST,
    READY,
    SERVER_ERROR,
    STATUS_PATH,
    UNKNOWN,
    USER,
    Clock,
    Face,
    Pair,
    assert_spotless,
    heart_rates,
    paths,
)

# What is answered


@FACES
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(400), REFUSED),
        (Failure(400, '{"detail": "value is out of range"}'), REFUSED),
        (Failure(413), REFUSED),
        (Failure(422, '{"detail": [{"loc": ["body", "data"]}]}'), REFUSED),
        (Failure(400, "<html>HTTP sent to an HTTPS port"), WRONG_URL),
        (Failure(401), BAD_LOGIN),
        (Failure(403), BAD_LOGIN),
        (Failure(401, '{"detail": "User not found"}'), BAD_LOGIN),
        (Failure(402), (NotEntitledError, "premium_required")),
        (Failure(404, "<html>Not found"), WRONG_URL),
        (Failure(405), WRONG_URL),
        (Failure(302), (UnreachableError, "redirected")),
        *((Failure(status), BUSY) for status in (408, 425, 429, 503)),
        (Failure(500), SERVER_ERROR),
        (Failure(502, "<html>User not found"), SERVER_ERROR),
        (Failure(0, drop=True), (UnreachableError, "cannot_connect")),
    ],
    ids=str,
)
async def test_outcome(pair: Pair, failure: Failure, expected: Outcome) -> None:
    """Every answer has its meaning, and nothing is stored."""
    pair.stand_in.failure = failure
    assert await outcome(pair.connect().deliver(heart_rates(3))) == expected
    assert not pair.stand_in.samples


@FACES
async def test_patience(pair: Pair) -> None:
    """A request for patience is granted for as long as is asked."""
    pair.stand_in.failure = Failure(429, headers={"Retry-After": "7"})
    error = await error_of(pair.connect().deliver(heart_rates(3)))
    assert isinstance(error, WaitError)
    assert error.retry_after == 7


@FACES
async def test_reason_is_told(pair: Pair) -> None:
    """Why a batch was refused is told, in short."""
    pair.stand_in.failure = Failure(400, "no\n good " + "x" * 100_000)
    error = await error_of(pair.connect().deliver(heart_rates(3)))
    assert error.detail.startswith("no good xxx")
    assert len(error.detail) == MAX_REASON


@FACES
@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_success(pair: Pair, status: int) -> None:
    """A success is one whatever it is called, and what it says does not matter."""
    pair.stand_in.failure = Failure(status, "<html>")
    assert await pair.connect().deliver(heart_rates(3)) == Receipt()


@FACES
async def test_partial(pair: Pair) -> None:
    """Where some were accepted, without a word which, all are in doubt."""
    pair.stand_in.partial = 1
    destination = pair.connect()
    assert await destination.deliver(heart_rates(5)) == Receipt(in_doubt=5)
    assert len(pair.stand_in.samples) == 4
    assert await destination.deliver(heart_rates(4, PAST + 60_000_000)) == Receipt()
    assert paths(pair.stand_in).count(STATUS_PATH) == 1
    assert_spotless(pair.stand_in)


@FACES
async def test_partial_without_an_end(connect: Callable[..., Face], kind: str) -> None:
    """What is said beside a partial success is not waited for."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "samples" in server.seen[-1].target:
            writer.write(b"HTTP/1.1 207 Some\r\nContent-Length: 999999999\r\n\r\n[")
            await reader.read()
        else:
            writer.write(http(200, READY))

    async with serving(reply) as server:
        receipt = await connect(kind, server.url).deliver(heart_rates(3))
    assert receipt == Receipt(in_doubt=3)


@FACES
@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
@pytest.mark.parametrize(
    "words",
    [
        "User not found",
        "user_id 85b4 does not exist",
        "No user with this id",
        "You must register this user first",
        "The user is not registered",
        "Inactive user",
        "USER_NOT_FOUND",
        "UserNotFound",
        "unknown user 85b4",
    ],
)
async def test_person_gone(pair: Pair, status: int, words: str) -> None:
    """That the wearer is unknown is understood from any words, and refuses nothing."""
    pair.stand_in.failure = Failure(status, json.dumps({"detail": words}))
    destination = pair.connect()
    assert await outcome(destination.deliver(heart_rates(3))) == GONE
    assert await outcome(destination.validate()) == UNKNOWN


@FACES
async def test_person_in_a_list_of_errors(pair: Pair) -> None:
    """An error about the field that tells the wearer is about the wearer."""
    detail = [{"loc": ["body", "user_id"], "msg": "is no good"}]
    pair.stand_in.failure = Failure(422, json.dumps({"detail": detail}))
    assert await outcome(pair.connect().deliver(heart_rates(3))) == GONE


@FACES
@pytest.mark.parametrize(
    "words",
    [
        "value must be less than or equal to 300",
        {"loc": ["body", "data", 0], "input": {"device_name": "User's watch"}},
        {"input": {"user_id": "85b4", "data": [{"device_name": "unknown"}]}},
        "The user may not send more than 1000 samples",
    ],
)
async def test_person_is_not_to_blame(pair: Pair, words: object) -> None:
    """What was sent, repeated in an error, does not make the wearer unknown."""
    pair.stand_in.failure = Failure(400, json.dumps({"detail": words}))
    assert await outcome(pair.connect().deliver(heart_rates(3))) == REFUSED


@FACES
async def test_poison(pair: Pair) -> None:
    """One bad sample is one too many, and the batch can be tried in parts."""
    readings = heart_rates(6)
    readings[5] = readings[5]._replace(value=301.0)
    destination = pair.connect()
    assert await outcome(destination.deliver(readings)) == REFUSED
    assert await destination.deliver(readings[:3]) == Receipt()
    assert await outcome(destination.deliver(readings[3:])) == REFUSED
    assert len(pair.stand_in.samples) == 3
    assert paths(pair.stand_in).count(STATUS_PATH) == 1


# The status


@FACES
async def test_maintenance(pair: Pair, clock: Clock) -> None:
    """While there is a maintenance no data are sent, and one asks again in minutes."""
    pair.stand_in.maintenance = True
    destination = pair.connect()
    waits = set()
    for _ in range(5):
        error = await error_of(destination.deliver(heart_rates(3)))
        assert isinstance(error, WaitError)
        assert error.retry_after is not None
        assert 60 <= error.retry_after <= 300
        waits.add(error.retry_after)
    assert len(waits) > 1
    assert paths(pair.stand_in) == [STATUS_PATH] * 5
    assert await outcome(destination.validate()) == BUSY
    pair.stand_in.maintenance = False
    assert await destination.deliver(heart_rates(3)) == Receipt()
    assert_spotless(pair.stand_in)


@FACES
async def test_status_is_asked_once_a_minute(pair: Pair, clock: Clock) -> None:
    """A service that was ready is taken to be so for a minute, and no longer."""
    destination = pair.connect()
    asked = []
    for number in range(4):
        await destination.deliver(heart_rates(3, PAST + 10_000_000 * number))
        asked.append(paths(pair.stand_in).count(STATUS_PATH))
        clock.now += 30
    assert asked == [1, 1, 2, 2]
    pair.stand_in.maintenance = True
    clock.now += 30
    assert await outcome(destination.deliver(heart_rates(3))) == BUSY
    assert_spotless(pair.stand_in)


@FACES
async def test_maintenance_begins(pair: Pair) -> None:
    """A service that fails is asked how it is before it gets more."""
    destination = pair.connect()
    await destination.deliver(heart_rates(3))
    pair.stand_in.maintenance = True
    for _ in range(3):
        assert await outcome(destination.deliver(heart_rates(3))) == BUSY
    assert len(pair.stand_in.sent_in_maintenance) == 1


@FACES
@pytest.mark.parametrize(
    ("version", "is_outdated"),
    [
        ("v1.0", False),
        ("v1.1", False),
        ("", False),
        ("soon", False),
        (None, False),
        (3.0, False),
        ("v2.3", True),
        ("v2.10", True),
        ("3", True),
        ("v9" * 5000, True),
    ],
)
async def test_minimal_version(pair: Pair, version: Any, is_outdated: bool) -> None:
    """A service that has moved on gets nothing, and everything is kept."""
    pair.stand_in.minimal_api_version = version
    destination = pair.connect()
    if is_outdated:
        assert await outcome(destination.deliver(heart_rates(3))) == OUTDATED
        assert await outcome(destination.validate()) == OUTDATED
        assert not any("samples" in path for path in paths(pair.stand_in))
    else:
        assert await destination.deliver(heart_rates(3)) == Receipt()


@pytest.mark.parametrize(("kind", "version"), [("direct", "v2.2"), ("proxy", "v1.2")])
async def test_versions(pair: Pair, version: str) -> None:
    """The proxy is at another version than the service."""
    pair.stand_in.minimal_api_version = version
    call = pair.connect().deliver(heart_rates(3))
    if isinstance(pair.stand_in, GerosenseProxy):
        assert await outcome(call) == OUTDATED
    else:
        assert await call == Receipt()


STATUSES: Mapping[str, tuple[bytes, Outcome]] = {
    "missing": (http(404, '{"detail": "Not Found"}'), WRONG_URL),
    "page": (http(200, "<html>Welcome"), WRONG_URL),
    "list": (http(200, '["Ok"]'), WRONG_URL),
    "garbage": (http(200, b"\xff" * 100_000), WRONG_URL),
    "other": (http(200, '{"status": {"Ok": 1}}'), WRONG_URL),
    "refused": (http(400, "{}"), WRONG_URL),
    "locked": (http(401), BAD_LOGIN),
    "busy": (http(429), BUSY),
    "broken": (http(500, '{"status": "Ok"}'), SERVER_ERROR),
}


@FACES
@pytest.mark.parametrize("case", STATUSES)
async def test_no_status(connect: Callable[..., Face], kind: str, case: str) -> None:
    """A proxy that tells no status is none; the service itself need not have one."""
    data, expected = STATUSES[case]

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_status = server.seen[-1].target == STATUS_PATH
        writer.write(data if is_status else http(200, READY))

    async with serving(reply) as server:
        destination = connect(kind, server.url)
        if kind == "direct":
            assert await destination.deliver(heart_rates(3)) == Receipt()
            assert (await destination.validate()).id == USER
        else:
            assert await outcome(destination.deliver(heart_rates(3))) == expected
            assert await outcome(destination.validate()) == expected
            assert {seen.method for seen in server.seen} == {"GET"}


@FACES
async def test_nobody_there(connect: Callable[..., Face], kind: str) -> None:
    """A status that cannot be asked for is a service that cannot be reached."""
    async with serving(b"") as server:
        url = server.url
    destination = connect(kind, url)
    for call in (destination.validate(), destination.deliver(heart_rates(3))):
        assert await outcome(call) == (UnreachableError, "cannot_connect")
