"""A real InfluxDB 1 takes what we write, and gives it back as it was."""

import itertools
import json
from pathlib import Path
import ssl
import time

import aiohttp
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    NotEntitledError,
    UnreachableError,
)
from custom_components.heart_rate_relay.destinations.influxdb import (
    InfluxDBv1,
    reading_back,
)
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from custom_components.heart_rate_relay.reading import SECOND, Reading, Source

from .common import (
    AWKWARD,
    BAD_LOGIN,
    CONFLICT,
    HOUR,
    MAY_NOT_WRITE,
    NO_DATABASE,
    NOW,
    REFUSED,
    WRONG_URL,
    Connect,
    Outcome,
    batch,
    outcome,
    reading,
    spread,
    values,
    written,
)
from .influxd import Column, Influxd, relay_to, running_influxd, with_database


def login(server: Influxd, user: str) -> dict[str, str]:
    """Return what the form gives for a user of a guarded influxd."""
    return {
        "database": server.database,
        "username": user,
        "password": f"pässword: {user}" if user else "",
    }


# Credentials


async def test_open(influxd: Influxd, connect: Connect) -> None:
    """A database that is open to all needs no login, and the check writes nothing."""
    destination = relay_to(influxd, connect)
    account = await destination.validate()
    assert account.name == f"InfluxDB {influxd.database}"
    assert await influxd.query() == []
    await destination.deliver(batch())
    (column,) = await influxd.query()
    assert column == Column(
        "heart_rate",
        {"name": "Strap", "source": "sensor.strap_heart_rate"},
        "bpm",
        {NOW: 60.0, NOW + 1_000_000: 61.0, NOW + 2_000_000: 62.0},
    )


async def test_writer(guarded: Influxd, connect: Connect) -> None:
    """Whoever may only write passes the check, and writes."""
    destination = connect("influxdb_v1", guarded.url, **login(guarded, "writer"))
    await destination.validate()
    assert await destination.deliver(batch()) == Receipt()
    (column,) = await guarded.query()
    assert list(column.values.values()) == [60.0, 61.0, 62.0]


@pytest.mark.parametrize(
    ("user", "changes", "expected"),
    [
        ("writer", {"password": "wrong"}, BAD_LOGIN),
        ("writer", {"password": ""}, BAD_LOGIN),
        ("stranger", {}, BAD_LOGIN),
        ("", {}, BAD_LOGIN),
        ("reader", {}, MAY_NOT_WRITE),
        ("nobody", {}, MAY_NOT_WRITE),
        ("writer", {"database": "x"}, NO_DATABASE),
        (
            "writer",
            {"retention_policy": "x"},
            NO_DATABASE,
        ),
    ],
)
async def test_not_a_writer(
    guarded: Influxd,
    connect: Connect,
    user: str,
    changes: dict[str, str],
    expected: Outcome,
) -> None:
    """What is wrong is told, by the check and by a delivery alike."""
    config = login(guarded, user) | changes
    destination = connect("influxdb_v1", guarded.url, **config)
    assert await outcome(destination.validate()) == expected
    assert await outcome(destination.deliver(batch())) == expected


@pytest.mark.parametrize("service", ["influxdb_v2", "influxdb_v3"])
async def test_other_version(influxd: Influxd, connect: Connect, service: str) -> None:
    """A server of another version is not the one that is needed."""
    destination = connect(service, influxd.url)
    found = await outcome(destination.validate())
    assert found == WRONG_URL


async def test_tls_that_was_missed(
    connect: Connect, tmp_path: Path, certificate: Path
) -> None:
    """A server that now wants TLS refuses no reading, whatever its status says."""
    more = f'https-enabled = true\nhttps-certificate = "{certificate}"'
    with running_influxd(tmp_path, more) as url:
        destination = connect("influxdb_v1", url.replace("https", "http"))
        assert await outcome(destination.deliver(batch())) == WRONG_URL
        assert await outcome(destination.validate()) == WRONG_URL
        assert await outcome(connect("influxdb_v1", url).validate()) == (
            UnreachableError,
            "tls_error",
        )
        connector = aiohttp.TCPConnector(ssl=ssl._create_unverified_context())
        async with aiohttp.ClientSession(connector=connector) as session:
            unverified = InfluxDBv1(session, {"url": url, "database": "x"}, Tokens())
            found = await outcome(unverified.validate())
    assert found == NO_DATABASE


# Partial writes


@pytest.mark.parametrize(("old", "fresh"), [(1, 0), (3, 4), (4, 3), (5, 0)])
async def test_beyond_retention(
    open_influxd: str,
    session: aiohttp.ClientSession,
    connect: Connect,
    old: int,
    fresh: int,
) -> None:
    """Exactly the readings that InfluxDB dropped are refused for good."""
    keep = "WITH DURATION 8h SHARD DURATION 1h"
    influxd = await with_database(session, open_influxd, {}, keep)
    destination = relay_to(influxd, connect)
    readings = spread(old, fresh)
    receipt = await destination.deliver(readings)
    assert values(receipt) == {50.0 + n for n in range(old)}
    stored = {
        value for column in await influxd.query() for value in column.values.values()
    }
    assert stored == {80.0 + n for n in range(fresh)}


async def test_type_conflict(influxd: Influxd, connect: Connect) -> None:
    """A field that holds something else is the owner's to mend."""
    query = {"db": influxd.database, "precision": "u"}
    body = f"heart_rate bpm=1i {NOW}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{influxd.url}/write", params=query, data=body) as response,
    ):
        assert response.status == 204
    destination = relay_to(influxd, connect)
    found = await outcome(destination.deliver(batch()))
    assert found == CONFLICT


async def test_too_many_series(
    connect: Connect, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """A limit of the database is its owner's to raise, and no reading is to blame."""
    with running_influxd(tmp_path, series=1) as url:
        influxd = await with_database(session, url, {})
        destination = relay_to(influxd, connect)
        other = Source("2", "sensor.other", "Other")
        readings = [reading(60.0), reading(61.0, NOW + 1, other)]
        found = await outcome(destination.deliver(readings))
    assert found == (NotEntitledError, "series_limit")


@pytest.mark.parametrize("user", ["writer", "both"])
async def test_read_back(
    guarded: Influxd, connect: Connect, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is a day old is looked for at once, by whoever may."""
    monkeypatch.setattr(reading_back, "LOOKS", (3600.0,))
    await guarded.query(f'GRANT ALL ON "{guarded.database}" TO both')
    destination = connect("influxdb_v1", guarded.url, **login(guarded, user))
    day = batch(3, time.time_ns() // 1000 - 24 * HOUR)
    assert await destination.deliver(day) == Receipt()
    assert destination.reads_back is (user == "both")


@pytest.mark.parametrize("text", ["Anna's strap", 'a"b', "a\\b", "a'b", "a b, c=d"])
async def test_read_back_by_awkward_names(
    influxd: Influxd, connect: Connect, text: str
) -> None:
    """Whatever things are called, they are found under that name."""
    naming = {"measurement": text, "field": text, "tags": [f"source={text}"]}
    destination = relay_to(influxd, connect, naming=naming)
    day = batch(3, time.time_ns() // 1000 - 24 * HOUR)
    assert await destination.deliver(day) == Receipt()
    assert destination.reads_back


async def test_too_much(guarded: Influxd, connect: Connect) -> None:
    """A body that is too large is refused as a whole, and its halves are not."""
    destination = connect("influxdb_v1", guarded.url, **login(guarded, "writer"))
    readings = batch(300)
    assert await outcome(destination.deliver(readings)) == REFUSED
    assert await guarded.query() == []
    assert await destination.deliver(readings[:150]) == Receipt()
    assert await destination.deliver(readings[150:]) == Receipt()
    (column,) = await guarded.query()
    assert column.values == {each.measured_at: each.value for each in readings}


async def test_bad_line_among_good(influxd: Influxd, connect: Connect) -> None:
    """The good lines are kept, and whose the bad one is shows in a batch of its own."""
    destination = relay_to(influxd, connect)
    readings = [reading(60.0), reading(float("nan"), NOW + 1)]
    for bad in (readings, readings[1:]):
        assert await outcome(destination.deliver(bad)) == REFUSED
    (column,) = await influxd.query()
    assert column.values == {NOW: 60.0}


# What is read back


NAMES = [
    "Anna's strap",
    "a,b",
    "a=b",
    "a b  c",
    ", =",
    ",",
    "=",
    '"',
    'a="b',
    "'",
    "Żółw ❤️ 心拍",
    "e\u0301",
    "\u202eabc",
    "\u00a0\u3000",
    "\ufeffx",
    "a\\b",
    "a\\\\b",
    "\\n",
    "C:\\Users\\strap",
    "a\\",
    "a\\\\",
    "a\\ b",
    "a\\,b",
    "a\\=b",
    'a\\ \\="b',
    'a\\"b',
    "\\",
    "\\\\",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "a\0b",
    "a\\\nb",
    "\n",
    "\0",
    "a\x7f",
    "#a",
    "a#",
    " #",
    "   ",
    " a ",
    "",
    "a" * 10_000,
    "heart_rate bpm=1 1",
    "$1 %s {0} ${x}",
    "t",
    "1i",
    # As tags are called
    "source",
    "name",
]


def named(place: str, text: str) -> tuple[Source, dict[str, object]]:
    """Return a source and the naming of a destination with a text in one place."""
    naming: dict[str, object] = {}
    if place in ("measurement", "field"):
        naming = {place: text}
    elif place == "tag":
        naming = {"tags": [f"tag={text}"]}
    return Source("1", "sensor.a", text if place == "name" else ""), naming


def possible(place: str, text: str) -> bool:
    """Return whether a text may be used in a place: see test_impossible_names."""
    return place == "name" or not (
        written(text) in ("", "time")
        or (place == "measurement" and written(text).startswith("#"))
    )


async def round_trip(
    influxd: Influxd, connect: Connect, place: str, texts: list[str]
) -> None:
    """See that readings are found under their names, three of each in one batch."""
    usual = {"measurement": "heart_rate", "field": "bpm", "name": "", "tag": ""}
    expected: dict[int, dict[str, str]] = {}
    batches: list[tuple[dict[str, object], list[Reading]]] = []
    times = itertools.count(NOW)
    for text in texts:
        source, naming = named(place, text)
        readings = [reading(float(at), at, source) for at in itertools.islice(times, 3)]
        for each in readings:
            expected[each.measured_at] = usual | {place: written(text) or usual[place]}
        if batches and batches[-1][0] == naming:
            batches[-1][1].extend(readings)
        else:
            batches.append((naming, readings))
    for naming, readings in batches:
        destination = relay_to(influxd, connect, naming=naming)
        assert await destination.deliver(readings) == Receipt()
    assert expected == {
        at: {
            "measurement": column.measurement,
            "field": column.field,
            "name": column.tags.get("name", ""),
            "tag": column.tags.get("tag", ""),
        }
        for column in await influxd.query()
        for at, value in column.values.items()
        if value == at
    }


PLACES = pytest.mark.parametrize("place", ["name", "tag", "measurement", "field"])


@PLACES
async def test_awkward_names(influxd: Influxd, connect: Connect, place: str) -> None:
    """Whatever things are called, they are found under that name."""
    texts = [text for text in NAMES if possible(place, text)]
    assert len(texts) > 30
    await round_trip(influxd, connect, place, texts)


@PLACES
@given(texts=st.lists(AWKWARD, min_size=1, max_size=30, unique_by=written))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
async def test_any_names(
    influxd: Influxd, connect: Connect, place: str, texts: list[str]
) -> None:
    """Any text will do."""
    await influxd.query("DROP SERIES FROM /.*/")
    texts = [text for text in texts if possible(place, text)]
    await round_trip(influxd, connect, place, texts)


async def values_round_trip(
    influxd: Influxd, connect: Connect, measured: dict[int, float]
) -> None:
    """See that values are found at their times."""
    readings = [reading(value, at) for at, value in measured.items()]
    assert await relay_to(influxd, connect).deliver(readings) == Receipt()
    (column,) = await influxd.query(
        "SELECT bpm FROM heart_rate WHERE time > -9223372036s AND time < 9223372036s"
    )
    assert column.values == measured


async def test_any_time(influxd: Influxd, connect: Connect) -> None:
    """A time is the same time, in any century."""
    century = 36_525 * 24 * HOUR
    times = (-century, -1, 0, 1, NOW - 1, NOW, NOW + 1, NOW + century)
    await values_round_trip(influxd, connect, dict(zip(times, itertools.count(60.5))))


# InfluxDB makes a file for each week
@given(
    st.dictionaries(
        st.integers(NOW, NOW + 24 * HOUR),
        st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=100,
    )
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_values(
    influxd: Influxd, connect: Connect, measured: dict[int, float]
) -> None:
    """Values and times come back as they are, to the last bit and millisecond."""
    await influxd.query("DROP SERIES FROM /.*/")
    await values_round_trip(influxd, connect, measured)


async def test_repeat_is_harmless(influxd: Influxd, connect: Connect) -> None:
    """What is delivered twice is there once."""
    destination = relay_to(influxd, connect)
    for _ in range(2):
        await destination.deliver(batch(100))
    (column,) = await influxd.query()
    assert len(column.values) == 100


async def test_workout(influxd: Influxd, connect: Connect) -> None:
    """A workout is one point, with a field for each number of its summary, also twice."""
    said = json.dumps(
        {
            "sport": "cycling",
            "begin": "2026-11-27T08:00:00+00:00",
            "duration": 1800.0,
            "average_heart_rate": 141,
            "time_in_zone_2": 600.5,
            "energy": 312.4,
        }
    )
    source = Source("ev", "event.anna_workout_finished", "Anna Workout", said=said)
    workout = Reading(metrics.WORKOUT, 1800.0, NOW, source, 1800 * SECOND)
    destination = relay_to(influxd, connect)
    for _ in range(2):
        assert await destination.deliver([workout, reading(131.0, NOW)]) == Receipt()
    columns = [
        one
        for one in await influxd.query()
        if one.measurement == "workout" and one.values
    ]
    assert {one.field: one.values for one in columns} == {
        "duration": {NOW: 1800.0},
        "average_heart_rate": {NOW: 141.0},
        "time_in_zone_2": {NOW: 600.5},
        "energy": {NOW: 312.4},
    }
    tags = {
        "source": "event.anna_workout_finished",
        "name": "Anna Workout",
        "sport": "cycling",
    }
    assert all(one.tags == tags for one in columns)


async def test_largest_batch(influxd: Influxd, connect: Connect) -> None:
    """As many readings as go into one request do."""
    destination = relay_to(influxd, connect)
    readings = batch(destination.limits.max_batch)
    assert await destination.deliver(readings) == Receipt()
    (column,) = await influxd.query()
    assert column.values == {each.measured_at: each.value for each in readings}
