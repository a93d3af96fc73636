"""Times as integrations tell them, in any form and any zone."""

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.sources.times import (
    CLOCK_TOLERANCE,
    EARLIEST,
    NAMES,
    Told,
    moment,
    told_by,
)
from homeassistant.core import State
from homeassistant.util import dt as dt_util

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)

seconds = st.integers(int(EARLIEST), int(NOW.timestamp()))
offsets = st.integers(-12 * 60, 14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
)
likely = st.from_regex(
    r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}[-/. ,T][0-9]{1,4}[ T]?[0-9]{0,2}:?[0-9:.]{0,12} ?[A-Z+-]{0,3}[0-9:]{0,5}",
    fullmatch=True,
)


@given(seconds, offsets)
def test_same_in_each_form(at: int, zone: timezone) -> None:
    """Whatever the form and the zone, it is the same time."""
    told = datetime.fromtimestamp(at, zone)
    now = NOW.timestamp()
    for value in (
        told,
        told.isoformat(),
        told.isoformat(" "),
        told.strftime("%Y-%m-%d %H:%M:%S %z"),
        f" {told.isoformat(timespec='microseconds')} ",
        format_datetime(told),
        told.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        told.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        at,
        float(at),
        str(at),
        at * 1000,
        f"{at}000",
        at * 1_000_000,
        f"{at}.0",
    ):
        assert moment(value, now) == at, value


@given(seconds)
def test_local_time(at: int) -> None:
    """A time without a zone is local, and never later than when it was told."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(BERLIN)
    try:
        local = datetime.fromtimestamp(at, BERLIN).replace(tzinfo=None, fold=0)
        for value in (local, local.isoformat()):
            assert moment(value, at) == at
            later = moment(value, at + 7200)
            assert later is not None
            assert datetime.fromtimestamp(later, BERLIN).replace(
                tzinfo=None, fold=0
            ) in (local, datetime.fromtimestamp(at, BERLIN).replace(tzinfo=None))
    finally:
        dt_util.set_default_time_zone(before)


@given(anything | likely, st.floats(0, 4e9))
def test_anything(value: object, at: float) -> None:
    """Whatever an attribute holds, it is no time, or one that was."""
    told = moment(value, at)
    assert told is None or EARLIEST <= told <= at + CLOCK_TOLERANCE


@given(
    st.dictionaries(st.sampled_from(sorted(NAMES)), anything | likely | seconds),
    st.sampled_from(["sensor.strap", "event.phone"]),
)
def test_any_attributes(attributes: dict[str, Any], entity_id: str) -> None:
    """Whatever the attributes hold, there is a time that was, or none."""
    at = NOW.timestamp()
    told = told_by(State(entity_id, "72", attributes), at)
    if told and told.at is not None:
        assert EARLIEST - 86400 <= told.at <= at + CLOCK_TOLERANCE
        assert told.duration >= 0


@pytest.mark.parametrize(
    "value",
    [
        *("soon", "", "7 0", "72", 7, 0, -1, True, None, float("nan"), float("inf")),
        *("1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2030-01-01T00:00:00Z"),
        *("10:05", "10:05:30", ["2026-11-20T10:05:00Z"], {"at": 1}, 10**400, b"2026"),
        *("9" * 100_000, "2026-11-20T10:05:00Z" + " " * 100),
        *("2026-13-45 10:00:00", "0001-01-01T00:00:00+12:00", "20261120"),
    ],
)
def test_no_time(value: object) -> None:
    """What tells no time tells none."""
    assert moment(value, NOW.timestamp()) is None


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({}, None),
        ({"date": "soon"}, None),
        ({"date": "2026-11-20"}, Told(1795132800, is_day=True)),
        ({"date": date(2026, 11, 20)}, Told(1795132800, is_day=True)),
        ({"date": "2030-11-20"}, Told(None, is_day=True)),
        ({"date": "20.11.2026"}, Told(None, is_day=True)),
        ({"timestamp": 1795219200, "date": "2026-11-20"}, Told(1795219200)),
        ({"timestamp": 1795219200, "recorded_at": 1795219100}, Told(1795219100)),
        ({"last_updated": 1795219200, "date": 1795219100}, Told(1795219100)),
        ({"last_updated": 1795219200}, Told(1795219200, is_poll=True)),
        ({"start": 1795219200}, None),
        ({"start": 1795219200, "end": 1795219260}, Told(1795219260, 60)),
        ({"end_date": 1795219260}, Told(1795219260)),
        ({"end": 1795219260, "start": "soon"}, Told(1795219260)),
        ({"end": 1799999999, "start": 1795219200}, None),
    ],
)
def test_told_by(attributes: dict[str, Any], told: Told | None) -> None:
    """The surest of all that is told counts."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(ZoneInfo("UTC"))
    try:
        state = State("sensor.strap", "72", attributes)
        assert told_by(state, NOW.timestamp()) == told
    finally:
        dt_util.set_default_time_zone(before)
