"""What Gerosense is sent: raw samples, in order, of devices with names that stay."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
import json
import sys
from urllib.parse import parse_qs

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.destinations import gerosense
from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.metrics import Metric
from custom_components.heart_rate_relay.reading import Device, Reading, Source
from dev.stand_ins.base import PASSWORD, TOKEN
from dev.stand_ins.gerosense import Sample

from ..common import Seen, http, reading, serving
from .common import (
    FACES,
    LOGIN_PATH,
    PAST,
    READY,
    STATUS_PATH,
    USER,
    WATCH,
    Face,
    Pair,
    assert_spotless,
    heart_rates,
    steps,
)

# What is sent


@FACES
async def test_bytes(connect: Callable[..., Face], kind: str) -> None:
    """Samples are JSON, with the wearer's time to the µs, and only data carry a token."""
    readings = [
        Reading(metrics.HEART_RATE, value, 1_698_811_491_007_123 + n, WATCH)
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
                "start_date": f"2023-11-01T08:04:51.00712{3 + n}+04:00",
                "end_date": f"2023-11-01T08:04:51.00712{3 + n}+04:00",
                "unit": "count/min",
                "value": value,
            }
            for n, value in enumerate((72, 72.5, 73))
        ],
    }
    assert b'"value":72}' in seen.body


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
        steps(14.0, PAST + 60_000_000, 60_000_000),
        steps(1.4, PAST + 61_001_000, 1_001_000),
        steps(30_000, PAST + 3_661_001_000, 3_600_000_000),
    ]
    assert await pair.connect().deliver(readings) == Receipt()
    start = datetime.fromtimestamp(PAST / 1_000_000, UTC)
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
        steps(3, PAST + 50_000_000, 10_000_000),
        steps(4, PAST + 60_000_000, 60_000_000),
        steps(5, PAST + 70_000_000, 1_000_000),
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
    metric = draw(st.sampled_from(sorted(gerosense.Face.limits.metrics, key=str)))
    durations = st.integers(0, 10**11) if metric is metrics.STEPS else st.just(0)
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
            gerosense.EPOCH + timedelta(microseconds=each.measured_at),
            gerosense.EPOCH + timedelta(microseconds=each.started_at),
        )
        for each in readings
    )
    assert not out_of_order(new)


@pytest.mark.parametrize(
    ("metric", "value", "is_in"),
    [
        (metrics.HEART_RATE, 0.0, False),
        (metrics.HEART_RATE, -1.0, False),
        (metrics.HEART_RATE, sys.float_info.min, True),
        (metrics.HEART_RATE, 300.0, True),
        (metrics.HEART_RATE, 300.1, False),
        (metrics.STEPS, 0.0, False),
        (metrics.STEPS, 0.5, False),
        (metrics.STEPS, 1.0, True),
        (metrics.STEPS, 30_000.0, True),
        (metrics.STEPS, 30_001.0, False),
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
    assert limits.metrics == {metrics.HEART_RATE, metrics.STEPS}
    assert (limits.min_batch, limits.max_batch, limits.gather) == (3, 1000, 600)
    assert not limits.mixed
    assert not limits.tells_refused
