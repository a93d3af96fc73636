"""Gerosense and a proxy before it: what is sent, and what its answers mean."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus
from itertools import pairwise
import json
import sys
import time
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import aiohttp
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from yarl import URL

from custom_components.heart_rate_relay.destinations import gerosense
from custom_components.heart_rate_relay.destinations.base import (
    MAX_REASON,
    Account,
    DestinationError,
    NotEntitledError,
    Receipt,
    UnknownPersonError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from custom_components.heart_rate_relay.reading import Device, Metric, Reading, Source
from dev.stand_ins import Failure
from dev.stand_ins.base import PASSWORD, TOKEN
from dev.stand_ins.gerosense import Gerosense, GerosenseProxy, Sample
from tests.conftest import running

from .common import (
    BAD_LOGIN,
    REFUSED,
    WRONG_URL,
    Outcome,
    Seen,
    error_of,
    http,
    outcome,
    reading,
    serving,
)

type Face = gerosense.Gerosense | gerosense.GerosenseProxy
type StandIn = Gerosense | GerosenseProxy

USER = "85b4453a-wearer"
LOGIN = {"username": "relay", "password": PASSWORD, "user_id": USER}
PERSON = {"biological_sex": "male", "year_of_birth": 1961.0}

UNKNOWN = (UnknownPersonError, "unknown_person")
GONE = (NotEntitledError, "person_gone")
OUTDATED = (NotEntitledError, "outdated")
BUSY = (WaitError, "busy")
SERVER_ERROR = (UnreachableError, "server_error")

STATUS_PATH = "/api/status"
LOGIN_PATH = "/api/v1.0/login/access-token"
TEST_PATH = "/api/v1.0/login/test-token"
USER_PATH = "/api/v2.2/user"
SAMPLES_PATH = "/api/v2.2/samples"

WATCH = Source("w", "sensor.watch", "Watch", Device("dw", "Watch", "Two", "17.0.3"))

PAST = time.time_ns() // 1_000_000 - 30 * 24 * 60 * 60 * 1000
"""A month ago, in ms since the epoch."""

READY = json.dumps({"status": "Ok", "access_token": TOKEN})
"""What pleases everyone who asks for the status or for a token."""

FACES = pytest.mark.parametrize("kind", ["direct", "proxy"])
DIRECT = pytest.mark.parametrize("kind", ["direct"])
PROXY = pytest.mark.parametrize("kind", ["proxy"])


class Clock:
    """A monotonic clock that is set by hand, in seconds."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Pair(NamedTuple):
    """A stand-in, and what makes destinations of it."""

    stand_in: StandIn
    connect: Callable[..., Face]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the destinations go by."""
    clock = Clock()
    monkeypatch.setattr(gerosense, "monotonic", clock)
    return clock


@pytest.fixture
def connect(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Face]:
    """Return what makes a destination of a kind, at an address."""

    def connect(kind: str, url: URL | str, **config: str) -> Face:
        if kind == "proxy":
            data = {"url": str(url), "token": TOKEN, **config}
            return gerosense.GerosenseProxy(session, data, Tokens())
        monkeypatch.setattr(gerosense, "API_URL", URL(url))
        return gerosense.Gerosense(session, {**LOGIN, **config}, Tokens())

    return connect


@pytest.fixture
async def pair(
    kind: str, clock: Clock, connect: Callable[..., Face]
) -> AsyncIterator[Pair]:
    """Return a service of our own of a kind."""
    stand_in: StandIn = GerosenseProxy() if kind == "proxy" else Gerosense()
    async with running(stand_in):
        yield Pair(stand_in, lambda **config: connect(kind, stand_in.url, **config))


@pytest.fixture
async def service(clock: Clock, socket_enabled: None) -> AsyncIterator[Gerosense]:
    """Return a Gerosense of our own."""
    async with running(Gerosense()) as stand_in:
        yield stand_in


def paths(stand_in: StandIn) -> list[str]:
    """Return what was asked for."""
    return [request.path for request in stand_in.requests]


def heart_rates(count: int, start: int = PAST, source: Source = WATCH) -> list[Reading]:
    """Return heart rates of 60 to 159 bpm, a second from each other."""
    return [
        Reading(Metric.HEART_RATE, 60.0 + n % 100, start + 1000 * n, source)
        for n in range(count)
    ]


def steps(
    value: float, measured_at: int, duration: int, source: Source = WATCH
) -> Reading:
    """Return steps that were taken in so many ms, until then."""
    return Reading(Metric.STEPS, value, measured_at, source, duration)


def assert_spotless(stand_in: StandIn) -> None:
    """See that nothing came twice, out of order, at once or unwanted."""
    assert not stand_in.repeats
    assert not stand_in.disorder
    assert not stand_in.overlaps
    assert not stand_in.sent_in_maintenance


# What is sent


@FACES
async def test_bytes(connect: Callable[..., Face], kind: str) -> None:
    """Samples are JSON, with the wearer's time to the ms, and only data carry a token."""
    readings = [
        Reading(Metric.HEART_RATE, value, 1_698_811_491_007 + n, WATCH)
        for n, value in enumerate((72.0, 72.5, 73))
    ]
    async with serving(http(200, READY)) as server:
        destination = connect(kind, server.url)
        destination.time_zone = timezone(timedelta(hours=4))
        assert await destination.deliver(readings) == Receipt()
    status, *login, seen = server.seen
    assert (status.method, status.target, status.body) == ("GET", STATUS_PATH, b"")
    person = {"user_id": USER} if kind == "direct" else {}
    assert ("authorization" in status.headers) == (kind == "proxy")
    if kind == "direct":
        (sign_in,) = login
        assert_login(sign_in)
    version = "v2.2" if kind == "direct" else "v1.1"
    assert (seen.method, seen.target) == ("POST", f"/api/{version}/samples")
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["content-type"] == "application/json"
    body = json.loads(seen.body)
    name = body["data"][0]["device_name"]
    assert name.startswith("Watch ")
    assert body == {
        **person,
        "data_type": "bpm",
        "data": [
            {
                "device_name": name,
                "device_version": "17.0.3",
                "start_date": f"2023-11-01T08:04:51.00{7 + n}+04:00",
                "end_date": f"2023-11-01T08:04:51.00{7 + n}+04:00",
                "unit": "count/min",
                "value": value,
            }
            for n, value in enumerate((72, 72.5, 73))
        ],
    }
    assert b'"value": 72}' in seen.body


def assert_login(seen: Seen) -> None:
    """See that a request is a login."""
    assert (seen.method, seen.target) == ("POST", LOGIN_PATH)
    assert "authorization" not in seen.headers
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    form = parse_qs(seen.body.decode(), strict_parsing=True)
    assert form == {"username": ["relay"], "password": [PASSWORD]}


@FACES
@pytest.mark.parametrize("count", [3, 999, 1000])
async def test_deliver(pair: Pair, count: int) -> None:
    """What is delivered arrives, with its own time."""
    readings = heart_rates(count)
    assert await pair.connect().deliver(readings) == Receipt()
    assert [(each.measured_at, each.value) for each in pair.stand_in.arrivals] == [
        (each.measured_at, each.value) for each in readings
    ]
    assert_spotless(pair.stand_in)


@FACES
async def test_steps(pair: Pair) -> None:
    """Steps have a beginning and an end, and are whole."""
    readings = [
        steps(14.0, PAST + 60_000, 60_000),
        steps(1.4, PAST + 61_001, 1_001),
        steps(30_000, PAST + 3_661_001, 3_600_000),
    ]
    assert await pair.connect().deliver(readings) == Receipt()
    start = datetime.fromtimestamp(PAST / 1000, UTC)
    minute, second = start + timedelta(minutes=1), timedelta(milliseconds=1001)
    assert [each[3:] for each in pair.stand_in.samples] == [
        (start, minute, 14, "17.0.3"),
        (minute, minute + second, 1, "17.0.3"),
        (minute + second, minute + second + timedelta(hours=1), 30_000, "17.0.3"),
    ]
    assert {each.data_type for each in pair.stand_in.samples} == {"steps"}
    assert_spotless(pair.stand_in)


@FACES
async def test_order(pair: Pair) -> None:
    """Samples go in the order in which they began, whenever they ended."""
    readings = [
        steps(3, PAST + 50_000, 10_000),
        steps(4, PAST + 60_000, 60_000),
        steps(5, PAST + 70_000, 1_000),
    ]
    await pair.connect().deliver(readings)
    assert [each.value for each in pair.stand_in.samples] == [4, 3, 5]
    assert_spotless(pair.stand_in)


@FACES
async def test_devices(pair: Pair) -> None:
    """A device has a name of its own, whatever it, its like and the entity are called."""
    sources = [
        Source("a", "sensor.a", "A", Device("1", "Watch", "", "1.0")),
        Source("a", "sensor.renamed", "Renamed", Device("1", "Watch", "", "1.0")),
        Source("b", "sensor.b", "B", Device("2", "Watch")),
        Source("c", "sensor.c", "C", Device("3", "x" * 300, "", "y" * 300)),
        Source("d", "sensor.d", "D", Device("4", "x" * 301, "", " \0 ")),
        Source("e", "sensor.e", "E", Device("5", "Ann\0a's 💓\n strap\ud800")),
        Source("f", "sensor.f", "F", Device("6", "\0")),
        Source("g", "sensor.g", ""),
    ]
    readings = [
        reading(70, PAST + n, source)
        for n, source in enumerate(each for each in sources for _ in range(2))
    ]
    await pair.connect().deliver(readings)
    names = [each.device_name for each in pair.stand_in.samples][::2]
    assert names[0] == names[1]
    assert len(set(names)) == len(sources) - 1
    assert all(name.startswith(("Watch ", "x" * 80)) for name in names[:5])
    assert names[5].startswith("Ann a's 💓 strap? ")
    versions = [each.device_version for each in pair.stand_in.samples][::2]
    assert versions == ["1.0", "1.0", "", "y" * 100, "", "", "", ""]
    assert_spotless(pair.stand_in)


def out_of_order(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples that began before the one before them."""
    return [after for before, after in pairwise(samples) if after.start < before.start]


SOURCES = st.builds(
    Source,
    st.text(max_size=3),
    st.just("sensor.any"),
    st.text(max_size=3),
    st.builds(
        Device,
        st.sampled_from(["", "1", "2"]),
        st.text(st.characters(), max_size=150),
        st.text(max_size=3),
        st.text(st.characters(), max_size=150),
    ),
)


def in_range(metric: Metric) -> st.SearchStrategy[float]:
    """Return values that the service is said to take."""
    low, high = gerosense.Face.limits.ranges[metric]
    return st.floats(low, high) | st.integers(1, int(high))


@st.composite
def batches(draw: st.DrawFn) -> list[Reading]:
    """Return readings that may be delivered at once."""
    metric = draw(st.sampled_from(sorted(gerosense.Face.limits.metrics)))
    durations = st.integers(0, 10**8) if metric is Metric.STEPS else st.just(0)
    readings = draw(
        st.lists(
            st.builds(
                Reading,
                st.just(metric),
                in_range(metric),
                st.integers(0, PAST),
                SOURCES,
                durations,
            ),
            min_size=3,
            max_size=20,
        )
    )
    return sorted(readings, key=lambda each: each.measured_at)


@FACES
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(readings=batches())
async def test_anything_in_range(pair: Pair, readings: list[Reading]) -> None:
    """Whatever the limits let through is accepted, each as it is, and in order."""
    known = len(pair.stand_in.samples)
    assert await pair.connect().deliver(readings) == Receipt()
    new = pair.stand_in.samples[known:]
    assert sorted((each.end, each.start) for each in new) == sorted(
        (
            gerosense.EPOCH + timedelta(milliseconds=each.measured_at),
            gerosense.EPOCH + timedelta(milliseconds=each.started_at),
        )
        for each in readings
    )
    assert not out_of_order(new)


@pytest.mark.parametrize(
    ("metric", "value", "is_in"),
    [
        (Metric.HEART_RATE, 0.0, False),
        (Metric.HEART_RATE, -1.0, False),
        (Metric.HEART_RATE, sys.float_info.min, True),
        (Metric.HEART_RATE, 300.0, True),
        (Metric.HEART_RATE, 300.1, False),
        (Metric.STEPS, 0.0, False),
        (Metric.STEPS, 0.5, False),
        (Metric.STEPS, 1.0, True),
        (Metric.STEPS, 30_000.0, True),
        (Metric.STEPS, 30_001.0, False),
    ],
)
def test_limits(metric: Metric, value: float, is_in: bool) -> None:
    """What the service refuses is known before."""
    low, high = gerosense.Face.limits.ranges[metric]
    assert (low <= value <= high) == is_in


@pytest.mark.parametrize("face", [gerosense.Gerosense, gerosense.GerosenseProxy])
def test_batches(face: type[Face]) -> None:
    """Batches hold 3 to 1000 readings of one metric, gathered for ten minutes."""
    limits = face.limits
    assert limits.metrics == {Metric.HEART_RATE, Metric.STEPS}
    assert (limits.min_batch, limits.max_batch, limits.gather) == (3, 1000, 600)
    assert not limits.mixed
    assert not limits.tells_refused


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
    assert await destination.deliver(heart_rates(4, PAST + 60_000)) == Receipt()
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
        await destination.deliver(heart_rates(3, PAST + 10_000 * number))
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


# Who it is: a proxy


@PROXY
async def test_validate_proxy(pair: Pair) -> None:
    """A good token is known by what it may do, and nothing is stored by that."""
    assert await pair.connect().validate() == Account(None, "Gerosense")
    assert paths(pair.stand_in) == [STATUS_PATH, "/api/v1.1/samples"]
    assert not pair.stand_in.samples


@PROXY
@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
async def test_bad_token_of_a_proxy(pair: Pair, status: HTTPStatus) -> None:
    """A token that is no good is told."""
    pair.stand_in.bad_token_status = status
    destination = pair.connect(token="another")
    assert await outcome(destination.validate()) == BAD_LOGIN
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN


@PROXY
@pytest.mark.parametrize("token", ["two\nlines", "nul\0"])
async def test_token_that_no_header_can_hold(pair: Pair, token: str) -> None:
    """What can be no token is not sent."""
    assert await outcome(pair.connect(token=token).validate()) == BAD_LOGIN
    assert not pair.stand_in.requests


@pytest.mark.parametrize("base", ["", "/", "/gero", "/gero/apiary"])
@pytest.mark.parametrize("end", ["", "/", "/api", "/api/v1.1", "/api/v1.1/"])
async def test_address(connect: Callable[..., Face], base: str, end: str) -> None:
    """The address of a proxy may end in that of its API."""
    async with serving(http(200, READY)) as server:
        url = str(server.url).rstrip("/") + base.rstrip("/") + end
        await connect("proxy", f" {url} ").validate()
    root = base.rstrip("/")
    assert [seen.target for seen in server.seen] == [
        f"{root}/api/status",
        f"{root}/api/v1.1/samples",
    ]


@pytest.mark.parametrize("url", ["", "proxy.example.org", "ftp://x", "http://a:b@x"])
def test_no_address(connect: Callable[..., Face], url: str) -> None:
    """What is no address is said to be so at once."""
    with pytest.raises(DestinationError) as info:
        connect("proxy", url)
    assert info.value.key == "invalid_url"


# Who it is: a login


@DIRECT
async def test_validate(pair: Pair) -> None:
    """The login is tried, then whether the wearer is known, and nothing is stored."""
    destination = pair.connect(user_id=f" {USER}\n")
    assert await destination.validate() == Account(USER, f"Gerosense {USER}")
    assert paths(pair.stand_in) == [LOGIN_PATH, TEST_PATH, STATUS_PATH, SAMPLES_PATH]
    assert not pair.stand_in.samples


@pytest.mark.parametrize("key", ["username", "password"])
async def test_wrong_login(
    service: Gerosense, connect: Callable[..., Face], key: str
) -> None:
    """A login that is refused is bad, and is not tried again."""
    destination = connect("direct", service.url, **{key: "wrong & more=1"})
    assert await outcome(destination.validate()) == BAD_LOGIN
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN
    assert paths(service) == [LOGIN_PATH, STATUS_PATH, LOGIN_PATH]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, BAD_LOGIN) for status in (400, 401, 403, 422)),
        *((status, BUSY) for status in (429, 503)),
        (404, WRONG_URL),
        (500, SERVER_ERROR),
    ],
)
async def test_login_outcome(
    connect: Callable[..., Face], status: int, expected: Outcome
) -> None:
    """What is answered to a login never refuses readings, nor repeats a password."""
    body = json.dumps({"detail": [{"input": "you said it"}]})
    async with serving(http(status, body)) as server:
        destination = connect("direct", server.url)
        assert await outcome(destination.deliver(heart_rates(3))) == expected
        error = await error_of(destination.validate())
    assert (type(error), error.key) == expected
    assert not (expected == BAD_LOGIN and error.detail)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, BAD_LOGIN) for status in (400, 401, 403, 422)),
        (404, WRONG_URL),
        (429, BUSY),
        (500, SERVER_ERROR),
    ],
)
async def test_token_that_is_no_good(
    connect: Callable[..., Face], status: int, expected: Outcome
) -> None:
    """A token that does not stand its test is not used to set anything up."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_test = server.seen[-1].target == TEST_PATH
        writer.write(http(status) if is_test else http(200, READY))

    async with serving(reply) as server:
        assert await outcome(connect("direct", server.url).validate()) == expected
        assert not any("samples" in seen.target for seen in server.seen)


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "{}", '{"access_token": ""}', '{"access_token": 7}']
)
async def test_login_without_a_token(connect: Callable[..., Face], body: str) -> None:
    """A success without a token is none."""
    async with serving(http(200, body)) as server:
        found = await outcome(connect("direct", server.url).validate())
    assert found == (UnreachableError, "unexpected_answer")


@DIRECT
@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
async def test_expiry_in_the_middle(pair: Pair, status: HTTPStatus) -> None:
    """An expired token means one new login, no reading lost, and no use of the old one."""
    stand_in = pair.stand_in
    assert isinstance(stand_in, Gerosense)
    stand_in.bad_token_status = status
    destination = pair.connect()
    for number in range(6):
        if number == 3:
            stand_in.expire()
        readings = heart_rates(100, PAST + 100_000 * number)
        assert await destination.deliver(readings) == Receipt()
    assert stand_in.logins == 2
    assert stand_in.refused_tokens == [f"{TOKEN}-1"]
    assert len(stand_in.samples) == 600
    assert_spotless(stand_in)


@DIRECT
async def test_one_new_login_and_no_more(pair: Pair) -> None:
    """A new token that is refused too takes a person."""
    destination = pair.connect()
    await destination.deliver(heart_rates(3))
    pair.stand_in.failure = Failure(403)
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN
    assert paths(pair.stand_in).count(LOGIN_PATH) == 2
    assert paths(pair.stand_in).count(SAMPLES_PATH) == 3


@DIRECT
async def test_password_changed(pair: Pair) -> None:
    """When the session ends and the password is another one, that is told."""
    stand_in = pair.stand_in
    assert isinstance(stand_in, Gerosense)
    destination = pair.connect()
    await destination.deliver(heart_rates(3))
    stand_in.password = "another"
    stand_in.expire()
    assert await outcome(destination.deliver(heart_rates(3))) == BAD_LOGIN
    again = pair.connect(password="another")
    assert await again.validate() == Account(USER, f"Gerosense {USER}")


async def test_wearers_share_a_login(
    service: Gerosense, connect: Callable[..., Face]
) -> None:
    """Where each login ends the last session, two wearers do not throw each other out."""
    service.people["other"] = ("Male", 1961)
    service.single_session = True
    relays = [connect("direct", service.url, user_id=user) for user in (USER, "other")]
    for number in range(5):
        if number == 2:
            service.expire()
        readings = heart_rates(3, PAST + 10_000 * number)
        assert await asyncio.gather(*(relay.deliver(readings) for relay in relays)) == [
            Receipt(),
            Receipt(),
        ]
    assert service.logins == 2
    assert {each.user_id for each in service.samples} == {USER, "other"}
    assert len(service.samples) == 30
    assert not service.disorder


async def test_logins_are_kept_apart(
    service: Gerosense, connect: Callable[..., Face]
) -> None:
    """A token is for the login that got it, and forgotten when nobody uses it."""
    first = connect("direct", service.url)
    await first.validate()
    for wrong in ({"password": "wrong"}, {"username": "wrong"}):
        other = connect("direct", service.url, **wrong)
        assert await outcome(other.validate()) == BAD_LOGIN
    async with aiohttp.ClientSession() as session:
        await gerosense.Gerosense(session, LOGIN, Tokens()).validate()
    assert service.logins == 2


# Registration


@pytest.mark.parametrize("year", [1961, 1961.0])
async def test_registration(
    service: Gerosense, connect: Callable[..., Face], year: float
) -> None:
    """A wearer who is not known can be registered, and then deliver."""
    destination = connect("direct", service.url, user_id="new")
    assert isinstance(destination, gerosense.Gerosense)
    assert await outcome(destination.validate()) == UNKNOWN
    assert await outcome(destination.deliver(heart_rates(3))) == GONE
    person = {"biological_sex": "male", "year_of_birth": year}
    assert await destination.add_person(person) == Account("new", "Gerosense new")
    assert service.people["new"] == ("Male", 1961)
    assert await destination.validate() == Account("new", "Gerosense new")
    assert await destination.deliver(heart_rates(3)) == Receipt()


@pytest.mark.parametrize("status", [HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT])
async def test_registered_already(
    service: Gerosense, connect: Callable[..., Face], status: HTTPStatus
) -> None:
    """A wearer who is registered already is not worse off."""
    service.duplicate_status = status
    destination = connect("direct", service.url)
    assert isinstance(destination, gerosense.Gerosense)
    assert await destination.add_person(PERSON) == Account(USER, f"Gerosense {USER}")
    assert service.people == {USER: ("Female", 1990)}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, REFUSED),
        (409, REFUSED),
        (422, REFUSED),
        (403, BAD_LOGIN),
        (404, WRONG_URL),
        (429, BUSY),
        (500, SERVER_ERROR),
    ],
)
async def test_registration_fails(
    connect: Callable[..., Face], status: int, expected: Outcome
) -> None:
    """A registration that is refused is not taken for one."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match server.seen[-1].target:
            case "/api/v2.2/user":
                writer.write(http(status, "no such year"))
            case "/api/v2.2/samples":
                writer.write(http(404, "{}"))
            case _:
                writer.write(http(200, READY))

    async with serving(reply) as server:
        destination = connect("direct", server.url)
        assert isinstance(destination, gerosense.Gerosense)
        error = await error_of(destination.add_person(PERSON))
    assert (type(error), error.key) == expected
    if expected == REFUSED:
        assert error.detail == "no such year"


@DIRECT
async def test_registration_waits_for_the_maintenance(pair: Pair) -> None:
    """A wearer is not registered in a maintenance."""
    pair.stand_in.maintenance = True
    destination = pair.connect(user_id="new")
    assert isinstance(destination, gerosense.Gerosense)
    assert await outcome(destination.add_person(PERSON)) == BUSY
    assert_spotless(pair.stand_in)


async def test_directory_does_not_list(
    service: Gerosense, connect: Callable[..., Face]
) -> None:
    """The service does not tell whom it knows."""
    destination = connect("direct", service.url)
    assert isinstance(destination, gerosense.Gerosense)
    assert not destination.lists
    assert list(await destination.people("a")) == []
