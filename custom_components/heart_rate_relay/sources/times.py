"""When a value was measured, where its state says so: integrations do in many ways.

All times are in seconds since the Unix epoch, UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import mktime_tz, parsedate_tz
from math import isfinite
import re
from typing import NamedTuple

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import State
from homeassistant.util import dt as dt_util

MEASURED = (
    *("measured_at", "measurement_time", "recorded_at"),
    *("end_date", "end_time", "end", "date", "timestamp"),
)
"""Where integrations say when a value was measured, the surest first."""

BEGAN = ("start_date", "start_time", "start")
"""Where they say when that began, beside when it ended."""

POLLED = ("last_updated", "last_update", "updated_at", "last_synced", "last_sync")
"""Where they say when somebody asked for it last: it may have been measured long before."""

NAMES = frozenset(MEASURED + POLLED)

CLOCK_TOLERANCE = 60.0
"""Seconds by which a device's clock may be ahead of ours."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
"""Before it, a device does not know the time yet."""

MAX_LENGTH = 64
"""Characters of the longest text that is looked at."""

NUMBER = re.compile(r"\d{9,19}(\.\d*)?")
OFFSET = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)|\s+(?=Z$)")
UTC_NAME = re.compile(r"\s*(UTC|GMT)$")
TIME_OF_DAY = re.compile(r"\d[T ]\d{2}|:")
DAY = re.compile(
    r"\d{4}-?\d{2}-?\d{2}|\d{4}-\d{2}|\d{4}-?W\d{2}(-?\d)?"
    r"|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
    r"|(\w{2,9},? )?(\d{1,2}\.? \w{3,9}|\w{3,9}\.? \d{1,2}),? \d{4}"
)
"""A date in one of the ways in which people write it."""


class Told(NamedTuple):
    """When a value was measured, as its state tells."""

    at: float | None
    """None where only the day is told, in a way that is not understood."""
    duration: float = 0.0
    """Seconds for which the measurement lasted until then."""
    is_day: bool = False
    """Whether only the day is told, of which this is the beginning."""
    is_poll: bool = False
    """Whether somebody asked for it then, so that it was measured before."""


def told_by(state: State, at: float) -> Told | None:
    """Return when the value of a state at that time was measured, None if it is silent.

    A state has no future: what is later than itself is no time of a measurement.
    """
    attributes = state.attributes
    names = attributes.keys() & NAMES
    day: Told | None = None
    for name in MEASURED if names else ():
        if name not in names:
            continue
        value = attributes[name]
        if (measured_at := moment(value, at)) is not None:
            return Told(measured_at, _duration(state, name, measured_at))
        day = day or _day(value, at)
    if state.domain == EVENT_DOMAIN and (happened_at := moment(state.state, at)):
        return day or Told(happened_at)
    for name in POLLED if names else ():
        if (polled_at := moment(attributes.get(name), at)) is not None:
            return day or Told(polled_at, is_poll=True)
    return day


def moment(value: object, at: float) -> float | None:
    """Return the time that a value tells, None where it tells none that was before another.

    Of all that it can mean it is the latest that can be: so is a local time in the hour that
    comes twice when summer ends. One without a zone is local, and else UTC.
    """
    try:
        for meanings in _meanings(value):
            past = [
                meaning
                for meaning in meanings
                if EARLIEST <= meaning <= at + CLOCK_TOLERANCE
            ]
            if past:
                return max(past)
    except IndexError, OverflowError, TypeError, ValueError:
        pass
    return None


def _meanings(value: object) -> Iterator[tuple[float, ...]]:
    """Yield the times that a value may mean, the likelier ones first."""
    if isinstance(value, str):
        if len(value) > MAX_LENGTH:
            return
        value = _parse(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Of the numbers since 1970 those of seconds are below, in all finer units above
        while isfinite(value) and value >= 1e11:
            value /= 1000
        yield (value,)
    elif isinstance(value, datetime) and value.tzinfo:
        yield (value.timestamp(),)
    elif isinstance(value, datetime):
        local = value.replace(tzinfo=dt_util.get_default_time_zone())
        yield tuple(local.replace(fold=fold).timestamp() for fold in (0, 1))
        yield (value.replace(tzinfo=UTC).timestamp(),)


def _parse(text: str) -> float | datetime | None:
    """Return the time that a text tells: since 1970, in ISO 8601, or as in e-mails."""
    if NUMBER.fullmatch(text):
        return float(text)
    if not TIME_OF_DAY.search(text):
        return None
    iso = UTC_NAME.sub("+00:00", OFFSET.sub("", text))
    if parsed := dt_util.parse_datetime(iso):
        return parsed
    fields = parsedate_tz(text)
    return None if fields is None else float(mktime_tz(fields))


def _day(value: object, at: float) -> Told | None:
    """Return the day that a value tells, None where it tells none."""
    if isinstance(value, str):
        value = value.strip()
        if len(value) > MAX_LENGTH or not DAY.fullmatch(value):
            return None
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return Told(None, is_day=True)
    if isinstance(value, datetime) or not isinstance(value, date):
        return None
    began_at = dt_util.start_of_local_day(value).timestamp()
    return Told(began_at if EARLIEST <= began_at <= at else None, is_day=True)


def _duration(state: State, name: str, ended_at: float) -> float:
    """Return for how long a measurement lasted that has an end by that name."""
    if not name.startswith("end"):
        return 0.0
    for began in BEGAN:
        if (began_at := moment(state.attributes.get(began), ended_at)) is not None:
            return max(0.0, ended_at - began_at)
    return 0.0
