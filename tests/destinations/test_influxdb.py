"""InfluxDB in all its versions and livetracking.io, against their stand-ins."""

from base64 import b64encode
from collections.abc import Mapping
import time

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.heart_rate_relay.destinations.base import Destination, Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    NotAuthorisedError,
    UnreachableError,
    WaitError,
)
from dev.stand_ins import Failure, InfluxDBv1, LiveTracking
from dev.stand_ins.base import PASSWORD, TOKEN
from dev.stand_ins.database import Database
from tests.conftest import running

from .common import (
    ALL,
    BAD_LOGIN,
    INFLUXDBS,
    MAY_NOT_WRITE,
    NO_DATABASE,
    NOW,
    WRONG_URL,
    Connect,
    Outcome,
    batch,
    http,
    outcome,
    reading,
    serving,
)

RELAY = "Basic " + b64encode(f"relay:{PASSWORD}".encode()).decode()
RUNNER = "Basic " + b64encode(f"Runner:{PASSWORD}".encode()).decode()


# Whose it is


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_validate(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """The check is a write of nothing: it goes through all checks and leaves no trace."""
    stand_in = databases[service]
    account = await connect(service, stand_in.url).validate()
    assert account.name == f"InfluxDB {stand_in.database}"
    (request,) = stand_in.requests
    assert (request.method, request.readings) == ("POST", 0)
    assert request.path in stand_in.deliveries
    assert not stand_in.points


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_account_is_the_series(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """Two relays to one database are two accounts if they write different series."""
    stand_in = databases[service]
    namings: list[dict[str, object]] = [
        {},
        {"measurement": "pulse"},
        {"field": "value"},
        {"tags": ["wearer=Anna"]},
        {"tags": ["wearer=Bert"]},
    ]
    ids = [
        (await connect(service, stand_in.url, naming=naming).validate()).id
        for naming in namings
    ]
    assert len(set(ids)) == len(namings)
    again = connect(service, f" {stand_in.url}/ ", naming={"field": "bpm", "tags": []})
    assert (await again.validate()).id == ids[0]
    assert not any(TOKEN in str(each) or PASSWORD in str(each) for each in ids)


@pytest.mark.parametrize(
    ("service", "config", "expected"),
    [
        ("influxdb_v1", {"password": "wrong"}, BAD_LOGIN),
        ("influxdb_v1", {"password": ""}, BAD_LOGIN),
        ("influxdb_v1", {"username": "nobody"}, BAD_LOGIN),
        ("influxdb_v1", {"username": ""}, BAD_LOGIN),
        ("influxdb_v1", {"database": "nowhere"}, NO_DATABASE),
        ("influxdb_v1", {"retention_policy": "never"}, NO_DATABASE),
        ("influxdb_v2", {"token": "wrong"}, BAD_LOGIN),
        ("influxdb_v2", {"token": ""}, BAD_LOGIN),
        ("influxdb_v2", {"organization": "nobody"}, NO_DATABASE),
        ("influxdb_v2", {"bucket": "nowhere"}, NO_DATABASE),
        ("influxdb_v3", {"token": "wrong"}, BAD_LOGIN),
        ("influxdb_v3", {"token": ""}, BAD_LOGIN),
        ("livetracking", {"password": "wrong"}, BAD_LOGIN),
        ("livetracking", {"username": "nobody"}, BAD_LOGIN),
    ],
)
async def test_wrong_account(
    databases: Mapping[str, Database],
    connect: Connect,
    service: str,
    config: Mapping[str, str],
    expected: Outcome,
) -> None:
    """What is wrong with an account is told, by the check and by a delivery alike."""
    stand_in = databases[service]
    destination = connect(service, stand_in.url, **config)
    assert await outcome(destination.validate()) == expected
    assert await outcome(destination.deliver(batch())) == expected
    assert not stand_in.arrivals


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_no_right_to_write(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """Good credentials that may not write are told from bad ones."""
    stand_in = databases[service]
    stand_in.writable = False
    destination = connect(service, stand_in.url)
    assert await outcome(destination.validate()) == MAY_NOT_WRITE
    assert await outcome(destination.deliver(batch())) == MAY_NOT_WRITE


async def test_open_database(connect: Connect, socket_enabled: None) -> None:
    """A database without a login is written to without one."""
    async with running(InfluxDBv1(username="")) as stand_in:
        destination = connect("influxdb_v1", stand_in.url, username="", password="")
        await destination.validate()
        await destination.deliver(batch())
        assert len(stand_in.arrivals) == 3


async def test_retention_policy(
    databases: Mapping[str, Database], connect: Connect
) -> None:
    """A retention policy may be named."""
    stand_in = databases["influxdb_v1"]
    destination = connect("influxdb_v1", stand_in.url, retention_policy="autogen")
    await destination.deliver(batch())
    assert stand_in.requests[0].query["rp"] == "autogen"
    assert len(stand_in.arrivals) == 3


@pytest.mark.parametrize("username", ["Runner", "runner"])
async def test_validate_live_tracking(
    live_tracking: LiveTracking, connect: Connect, username: str
) -> None:
    """The user is the account, in whatever letters, on a server of any age."""
    live_tracking.username = username
    destination = connect("livetracking", live_tracking.url, username=username)
    account = await destination.validate()
    assert account.name == f"livetracking.io {username}"
    assert account.id == f"{live_tracking.url} runner"
    live_tracking.has_auth = False
    assert await destination.validate() == account
    assert [request.path for request in live_tracking.requests] == [
        "/auth",
        "/auth",
        "/query",
    ]
    assert not live_tracking.arrivals


@pytest.mark.parametrize("has_auth", [True, False])
@pytest.mark.parametrize("config", [{"password": "wrong"}, {"username": "nobody"}])
async def test_wrong_login_at_live_tracking(
    live_tracking: LiveTracking,
    connect: Connect,
    has_auth: bool,
    config: dict[str, str],
) -> None:
    """A wrong login is told by old servers too."""
    live_tracking.has_auth = has_auth
    destination = connect("livetracking", live_tracking.url, **config)
    assert await outcome(destination.validate()) == BAD_LOGIN


async def test_database_that_is_no_live_tracking(connect: Connect) -> None:
    """An open InfluxDB answers queries of anybody, but has no such user's database."""
    async with running(InfluxDBv1(username="")) as server:
        destination = connect("livetracking", server.url)
        assert await outcome(destination.validate()) == WRONG_URL
        assert server.requests[-1].path == "/query"
        assert server.requests[-1].status == 200


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(200, "<html>Hello"), WRONG_URL),
        (Failure(200), WRONG_URL),
        (Failure(200, '{"status": "ERROR"}'), WRONG_URL),
        (Failure(204), WRONG_URL),
        (Failure(404, "<html>Not found"), WRONG_URL),
        (Failure(401), BAD_LOGIN),
        (Failure(403), BAD_LOGIN),
        (Failure(405), WRONG_URL),
        (Failure(429), (WaitError, "busy")),
        (Failure(500), (UnreachableError, "server_error")),
    ],
    ids=str,
)
async def test_outcome_of_live_trackings_check(
    live_tracking: LiveTracking, connect: Connect, failure: Failure, expected: Outcome
) -> None:
    """Only its own answer makes it a livetracking.io server."""
    live_tracking.failure, live_tracking.failure_everywhere = failure, True
    destination = connect("livetracking", live_tracking.url)
    assert await outcome(destination.validate()) == expected


# What goes out


@pytest.mark.parametrize(
    ("service", "target", "authorization", "lines"),
    [
        (
            "influxdb_v1",
            "/write?db=home&precision=u",
            RELAY,
            "heart_rate,name=Strap,source=sensor.strap_heart_rate bpm=60.0 {0}\n"
            "heart_rate,name=Strap,source=sensor.strap_heart_rate bpm=61.5 {1}",
        ),
        (
            "influxdb_v2",
            "/api/v2/write?org=home&bucket=heart&precision=us",
            f"Token {TOKEN}",
            "heart_rate,name=Strap,source=sensor.strap_heart_rate bpm=60.0 {0}\n"
            "heart_rate,name=Strap,source=sensor.strap_heart_rate bpm=61.5 {1}",
        ),
        (
            "influxdb_v3",
            "/api/v3/write_lp?db=home&precision=microsecond",
            f"Bearer {TOKEN}",
            "heart_rate,name=Strap,source=sensor.strap_heart_rate bpm=60.0 {0}\n"
            "heart_rate,name=Strap,source=sensor.strap_heart_rate bpm=61.5 {1}",
        ),
        (
            "livetracking",
            "/write?db=runner&precision=s",
            RUNNER,
            "samples hr_bpm=60.0 {2}\nsamples hr_bpm=61.5 {3}\n"
            "samples dur_s=0.0 {2}\nsamples dur_s=1.0 {3}",
        ),
    ],
)
@pytest.mark.parametrize("path", ["", "/", "/influx", "/a/b/"])
async def test_bytes_of_a_request(
    connect: Connect,
    service: str,
    target: str,
    authorization: str,
    lines: str,
    path: str,
) -> None:
    """Each version is spoken to in its own words, below the address that was given."""
    readings = [reading(60.0, NOW), reading(61.5, NOW + 999_999)]
    async with serving(http(204)) as server:
        destination = connect(service, f"{server.url}{path}")
        assert await destination.deliver(readings) == Receipt()
    # What follows asks whether they are there
    seen = server.seen[0]
    assert (seen.method, seen.target) == ("POST", path.rstrip("/") + target)
    assert seen.headers["authorization"] == authorization
    times = (NOW, NOW + 999_999, NOW // 1_000_000, (NOW + 999_999) // 1_000_000)
    assert seen.body.decode() == lines.format(*times)


async def test_no_login_no_header(connect: Connect) -> None:
    """Where nobody is named, nobody is."""
    async with serving(http(204)) as server:
        for service, config in (
            ("influxdb_v1", {"username": ""}),
            ("influxdb_v3", {"token": "  "}),
        ):
            await connect(service, server.url, **config).deliver(batch())
    assert {seen.headers.get("authorization") for seen in server.seen} == {None}


async def test_login_in_any_language(connect: Connect) -> None:
    """A login is sent in UTF-8, as RFC 7617 recommends."""
    async with serving(http(204)) as server:
        login = {"username": "Żółw", "password": "pässwörd: ❤️"}
        await connect("influxdb_v1", server.url, **login).deliver(batch())
    given = b64encode("Żółw:pässwörd: ❤️".encode()).decode()
    assert server.seen[0].headers["authorization"] == f"Basic {given}"


@pytest.mark.parametrize("service", ["influxdb_v1", "livetracking"])
def test_colon_in_a_user_name(connect: Connect, service: str) -> None:
    """A user cannot be called that: basic authentication has no way to say it."""
    with pytest.raises(NotAuthorisedError) as info:
        connect(service, "http://127.0.0.1", username="a:b")
    assert info.value.key == "invalid_auth"


@pytest.mark.parametrize("service", ALL)
async def test_deliver(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """All readings of a batch arrive in one request, and a repeat changes nothing."""
    stand_in = databases[service]
    destination = connect(service, stand_in.url)
    now = time.time_ns() // 1_000_000_000 * 1_000_000
    assert await destination.deliver(batch(5, now)) == Receipt()
    assert len(stand_in.requests) == 1
    points = {key: dict(fields) for key, fields in stand_in.points.items()}
    assert [(arrival.measured_at, arrival.value) for arrival in stand_in.arrivals] == [
        (now + 1_000_000 * index, 60.0 + index) for index in range(5)
    ]
    await destination.deliver(batch(5, now))
    assert stand_in.points == points


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**12), 10**12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_values_read_back(
    databases: Mapping[str, Database], connect: Connect, value: float, time: int
) -> None:
    """Values and times arrive as they are."""
    stand_in = databases["influxdb_v1"]
    stand_in.arrivals.clear()
    await connect("influxdb_v1", stand_in.url).deliver([reading(value, time)])
    (arrival,) = stand_in.arrivals
    assert (arrival.value, arrival.measured_at) == (value, time)


async def test_signs_of_zero(connect: Connect) -> None:
    """A zero has its own sign, whatever another one was written with."""
    readings = [reading(value, NOW) for value in (-0.0, 0.0, -0.0)]
    async with serving(http(204)) as server:
        await connect("influxdb_v1", server.url).deliver(readings)
    lines = server.seen[0].body.decode().splitlines()
    written = [line.partition("bpm=")[2].partition(" ")[0] for line in lines]
    assert written == ["-0.0", "0.0", "-0.0"]


async def test_format_of_live_tracking(
    live_tracking: LiveTracking, connect: Connect
) -> None:
    """What cannot be named there is not: no tag, no name, whole seconds, its own fields."""
    now = time.time_ns() // 1_000_000_000
    naming = {"measurement": "m", "field": "f", "tags": ["a=b"]}
    destination: Destination = connect("livetracking", live_tracking.url, naming=naming)
    readings = [reading(70.0 + n, now * 1_000_000 + n * 700_000) for n in range(4)]
    assert await destination.deliver(readings) == Receipt()
    assert live_tracking.points == {
        ("samples", (), now * 1_000_000_000): {"hr_bpm": 71.0, "dur_s": 0.0},
        ("samples", (), (now + 1) * 1_000_000_000): {"hr_bpm": 72.0, "dur_s": 1.0},
        ("samples", (), (now + 2) * 1_000_000_000): {"hr_bpm": 73.0, "dur_s": 2.0},
    }
