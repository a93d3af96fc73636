"""What InfluxDB in all its versions and livetracking.io answer to a batch."""

import asyncio
from collections.abc import Mapping
import json
import time

import pytest

from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    NotEntitledError,
    RefusedError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.destinations.influxdb import reading_back
from custom_components.heart_rate_relay.reading import Source
from dev.stand_ins import Failure, InfluxDBv2, LiveTracking
from dev.stand_ins.database import Database
from tests.conftest import running

from .common import (
    ALL,
    BAD_LOGIN,
    CONFLICT,
    INFLUXDBS,
    MAY_NOT_WRITE,
    NO_DATABASE,
    NOW,
    REFUSED,
    WRONG_URL,
    Connect,
    Outcome,
    batch,
    error_of,
    outcome,
    reading,
    spread,
    values,
)


@pytest.mark.parametrize("service", ALL)
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(200, "<html>Hello"), WRONG_URL),
        (Failure(200, "{}"), WRONG_URL),
        (Failure(200, "<html>On a field type conflict"), WRONG_URL),
        (Failure(301), (UnreachableError, "redirected")),
        (Failure(400, '{"error": "unable to parse"}'), REFUSED),
        (Failure(400, '{"code": "invalid", "message": "unable to parse"}'), REFUSED),
        (Failure(400, "unable to parse"), REFUSED),
        (Failure(400), REFUSED),
        (Failure(400, "<html>What?"), WRONG_URL),
        (Failure(400, '{"error": "field type conflict: input…"}'), CONFLICT),
        (
            Failure(
                422,
                '{"code": "unprocessable entity", "message": "failure writing points '
                'to database: partial write: field type conflict: … dropped=3"}',
            ),
            CONFLICT,
        ),
        (Failure(401), BAD_LOGIN),
        (Failure(403, '{"error": "…"}'), MAY_NOT_WRITE),
        (Failure(404, '{"error": "database not found: \\"home\\""}'), NO_DATABASE),
        (Failure(404, "<html>Not found"), WRONG_URL),
        (Failure(404), WRONG_URL),
        (Failure(405), WRONG_URL),
        (Failure(408), (WaitError, "busy")),
        (Failure(413, '{"error": "Request Entity Too Large"}'), REFUSED),
        (Failure(413, "<html>Too large"), REFUSED),
        (Failure(422, '{"message": "what?"}'), REFUSED),
        (Failure(425), (WaitError, "busy")),
        (Failure(429), (WaitError, "busy")),
        (Failure(500, '{"error": "timeout"}'), (UnreachableError, "server_error")),
        (Failure(500, "the disk was empty"), (UnreachableError, "server_error")),
        (Failure(500, '{"error": "retention policy not found: x"}'), NO_DATABASE),
        (Failure(503), (WaitError, "busy")),
        (Failure(504, "<html>Timeout"), (UnreachableError, "server_error")),
        (Failure(0, drop=True), (UnreachableError, "cannot_connect")),
    ],
    ids=str,
)
async def test_outcome(
    databases: Mapping[str, Database],
    connect: Connect,
    service: str,
    failure: Failure,
    expected: Outcome,
) -> None:
    """Each answer to a batch has its meaning."""
    databases[service].failure = failure
    destination = connect(service, databases[service].url)
    assert await outcome(destination.deliver(batch())) == expected
    if service != "livetracking":
        assert await outcome(destination.validate()) == expected


@pytest.mark.parametrize("service", ALL)
async def test_empty_success(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """Some that speak like InfluxDB say 200 and nothing more."""
    databases[service].failure = Failure(200, accepts=True)
    assert await connect(service, databases[service].url).deliver(batch()) == Receipt()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), ("soon", None), ("-3", None), ("99999999", 86400)],
)
async def test_patience(
    databases: Mapping[str, Database],
    connect: Connect,
    value: str,
    seconds: float | None,
) -> None:
    """A busy server is waited for as long as it asks, within a day."""
    stand_in = databases["influxdb_v2"]
    stand_in.failure = Failure(503, headers={"Retry-After": value})
    error = await error_of(connect("influxdb_v2", stand_in.url).deliver(batch()))
    assert isinstance(error, WaitError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(("old", "fresh"), [(1, 0), (1, 1), (3, 4), (4, 3), (5, 0)])
async def test_beyond_retention_in_live_tracking(
    live_tracking: LiveTracking, connect: Connect, old: int, fresh: int
) -> None:
    """Exactly the oldest are refused for good, whatever their order; the others arrive."""
    readings = spread(old, fresh)
    receipt = await connect("livetracking", live_tracking.url).deliver(readings)
    assert values(receipt) == {50.0 + n for n in range(old)}
    assert len(receipt.refused) == old
    assert {arrival.value for arrival in live_tracking.arrivals} == {
        80.0 + n for n in range(fresh)
    }
    assert all(
        "beyond retention policy" in refusal.reason for refusal in receipt.refused
    )


async def test_beyond_retention_in_influxdb_2(
    connect: Connect, socket_enabled: None
) -> None:
    """InfluxDB 2 does not say which: a smaller batch tells, until it is all of it."""
    async with running(InfluxDBv2(retention=8 * 3600)) as stand_in:
        destination = connect("influxdb_v2", stand_in.url)
        readings = spread(2, 2)
        assert await outcome(destination.deliver(readings)) == REFUSED
        old = [each for each in readings if each.value < 80]
        receipt = await destination.deliver(old)
    assert values(receipt) == {50.0, 51.0}


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_type_conflict_keeps_everything(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """A field that holds something else is the owner's to mend: no reading is to blame."""
    stand_in = databases[service]
    stand_in._series.types["heart_rate", "bpm"] = "integer"
    assert await outcome(connect(service, stand_in.url).deliver(batch())) == CONFLICT
    assert not stand_in.arrivals


async def test_lines_that_influxdb_3_names(
    databases: Mapping[str, Database], connect: Connect
) -> None:
    """InfluxDB 3 counts lines from one, and says what is wrong with each."""
    stand_in = databases["influxdb_v3"]
    readings = [reading(value) for value in (60.0, float("nan"), 62.0, float("inf"))]
    receipt = await connect("influxdb_v3", stand_in.url).deliver(readings)
    assert [refusal.reading for refusal in receipt.refused] == [
        readings[1],
        readings[3],
    ]
    assert all(refusal.reason for refusal in receipt.refused)
    assert [arrival.value for arrival in stand_in.arrivals] == [60.0, 62.0]


@pytest.mark.parametrize(
    "data",
    [
        7,
        "text",
        {"line_number": 1, "error_message": "bad"},
        [None],
        ["text"],
        [{}],
        [{"line_number": 1}],
        [{"error_message": "bad"}],
        [{"line_number": 0, "error_message": "bad"}],
        [{"line_number": 4, "error_message": "bad"}],
        [{"line_number": -1, "error_message": "bad"}],
        [{"line_number": [1], "error_message": "bad"}],
        [{"line_number": "1", "error_message": "bad"}],
        [{"line_number": 1, "error_message": "bad"}, {"line_number": 99}],
    ],
    ids=str,
)
async def test_senseless_list_of_lines(
    databases: Mapping[str, Database], connect: Connect, data: object
) -> None:
    """A list that makes no sense names no reading: a smaller batch may tell."""
    stand_in = databases["influxdb_v3"]
    body = json.dumps(
        {"error": "partial write of line protocol occurred", "data": data}
    )
    stand_in.failure = Failure(400, body)
    assert (
        await outcome(connect("influxdb_v3", stand_in.url).deliver(batch())) == REFUSED
    )


async def test_list_of_lines_too_long_to_read(
    databases: Mapping[str, Database], connect: Connect
) -> None:
    """A list that is cut off names no reading either."""
    stand_in = databases["influxdb_v3"]
    readings = [reading(float("nan"), NOW + n) for n in range(500)]
    assert (
        await outcome(connect("influxdb_v3", stand_in.url).deliver(readings)) == REFUSED
    )
    few = [*readings[:50], reading(60.0, NOW + 1_000_000)]
    receipt = await connect("influxdb_v3", stand_in.url).deliver(few)
    assert len(receipt.refused) == 50


async def test_all_lines_are_named(
    databases: Mapping[str, Database], connect: Connect
) -> None:
    """Where all are refused, the reason may be another than any of them."""
    destination = connect("influxdb_v3", databases["influxdb_v3"].url)
    readings = [reading(float("nan"), NOW + n) for n in range(3)]
    assert await outcome(destination.deliver(readings)) == REFUSED


@pytest.mark.parametrize("service", ["influxdb_v1", "influxdb_v2"])
async def test_bad_line_among_good(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """Where the answer does not name the bad line, none is taken for it."""
    destination = connect(service, databases[service].url)
    readings = [reading(60.0), reading(float("nan"), NOW + 1)]
    assert await outcome(destination.deliver(readings)) == REFUSED
    assert await outcome(destination.deliver(readings[1:])) == REFUSED
    assert await destination.deliver(readings[:1]) == Receipt()


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        ("partial write: points beyond retention policy dropped=0", 0),
        ("partial write: points beyond retention policy dropped=2", 2),
        ("partial write: points beyond retention policy dropped=3", 3),
    ],
)
@pytest.mark.parametrize("wording", ["json", "text"])
async def test_how_many_were_dropped(
    databases: Mapping[str, Database],
    connect: Connect,
    reason: str,
    refused: int,
    wording: str,
) -> None:
    """The number that was dropped is taken from JSON and from plain text."""
    body = json.dumps({"error": reason}) if wording == "json" else reason
    databases["influxdb_v1"].failure = Failure(400, body)
    readings = batch(3)
    destination = connect("influxdb_v1", databases["influxdb_v1"].url)
    receipt = await destination.deliver(readings[::-1])
    assert [refusal.reading for refusal in receipt.refused] == readings[:refused]
    assert all(refusal.reason == reason for refusal in receipt.refused)


@pytest.mark.parametrize(
    "reason",
    [
        "partial write: something else dropped=2",
        "partial write: something else dropped=3",
        "partial write: unable to parse 'x y': bad timestamp dropped=0",
        "partial write",
    ],
)
async def test_dropped_for_another_reason(
    databases: Mapping[str, Database], connect: Connect, reason: str
) -> None:
    """Where some were dropped and nobody knows which, none is given up."""
    databases["influxdb_v1"].failure = Failure(400, json.dumps({"error": reason}))
    destination = connect("influxdb_v1", databases["influxdb_v1"].url)
    error = await error_of(destination.deliver(batch()))
    assert (type(error), error.detail) == (RefusedError, reason)


@pytest.mark.parametrize("service", INFLUXDBS)
@pytest.mark.parametrize("readable", [True, False])
async def test_taken_but_not_kept(
    databases: Mapping[str, Database], connect: Connect, service: str, readable: bool
) -> None:
    """Where it can be asked, what was taken and is not there is found."""
    stand_in = databases[service]
    stand_in.readable = readable
    destination = connect(service, stand_in.url)
    readings = batch(20)
    assert await destination.deliver(readings[10:]) == Receipt()
    assert destination.reads_back is readable
    stand_in.failure = Failure(204)
    destination = connect(service, stand_in.url)
    receipt = await destination.deliver(readings[:10])
    refused = [refusal.reading for refusal in receipt.refused]
    assert refused == (readings[:10] if readable else [])


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_looked_for_at_once(
    databases: Mapping[str, Database],
    connect: Connect,
    service: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What shows as soon as it is there is not waited for: InfluxDB says that it is none else."""
    destination = connect(service, databases[service].url)
    monkeypatch.setattr(reading_back, "LOOKS", (3600.0,))
    async with asyncio.timeout(10):
        assert await destination.deliver(batch()) == Receipt()
    assert destination.reads_back


@pytest.mark.parametrize(
    "reason",
    [
        "partial write: max-series-per-database limit exceeded: (1000000) dropped=3",
        'partial write: max-values-per-tag limit exceeded (1/1): measurement="a" dropped=3',
        "Update to schema would exceed number of columns per table limit of 500",
    ],
)
@pytest.mark.parametrize("service", INFLUXDBS)
async def test_limits(
    databases: Mapping[str, Database], connect: Connect, service: str, reason: str
) -> None:
    """What a database may hold at most is its owner's to raise."""
    databases[service].failure = Failure(422, json.dumps({"error": reason}))
    found = await outcome(connect(service, databases[service].url).deliver(batch()))
    assert found == (NotEntitledError, "series_limit")


async def test_all_are_too_old_for_a_clock_that_is_wrong(
    databases: Mapping[str, Database], connect: Connect
) -> None:
    """Where even what is live is too old, no reading is to blame."""
    reason = "partial write: points beyond retention policy dropped=3"
    databases["influxdb_v1"].failure = Failure(400, json.dumps({"error": reason}))
    live = batch(3, time.time_ns() // 1000 - 5_000_000)
    destination = connect("influxdb_v1", databases["influxdb_v1"].url)
    assert await outcome(destination.deliver(live)) == REFUSED


@pytest.mark.parametrize("service", INFLUXDBS)
async def test_found_without_an_entity(
    databases: Mapping[str, Database], connect: Connect, service: str
) -> None:
    """What an automation sent has no source, and is found all the same."""
    destination = connect(service, databases[service].url)
    live = reading(60.0, time.time_ns() // 1000)
    assert await destination.deliver([live]) == Receipt()
    sent = reading(61.0, source=Source("action Treadmill", "", "Anna's treadmill"))
    assert await destination.deliver([sent]) == Receipt()
    assert destination.reads_back
