"""What flows from sources to destinations: readings."""

import time
from typing import NamedTuple

from .metrics import Metric
from .units import ms_in, rate_of

SECOND = 1_000_000
"""In microseconds, the unit of all times of readings."""

MILLISECOND = SECOND // 1000


class Device(NamedTuple):
    """What measured, as its own integration calls it and whatever the user does."""

    id: str = ""
    """The device registry's id; that of the source where it has no device."""
    name: str = ""
    model: str = ""
    version: str = ""
    """Of its software, else of its hardware."""


class Source(NamedTuple):
    """The entity a reading came from, as it was called at that time."""

    id: str
    """The entity registry's id, which survives a rename; else the entity id."""
    entity_id: str
    name: str
    device: Device = Device()
    said: str = ""
    """What it said besides the value, as JSON: the summary of a workout."""


class Reading(NamedTuple):
    """One measured value of one metric from one source."""

    metric: Metric
    value: float
    measured_at: int
    """Microseconds since the Unix epoch, UTC. Where it lasted: when it ended."""
    source: Source
    duration: int = 0
    """How long the measurement lasted in microseconds, 0 for an instant."""

    @property
    def started_at(self) -> int:
        """When the measurement began, in microseconds since the Unix epoch, UTC."""
        return self.measured_at - self.duration


def to_us(seconds: float) -> int:
    """Return a time or a duration in microseconds, rounded as datetime does it.

    A product of so many digits would be a microsecond off now and then.
    """
    whole = int(seconds)
    return whole * SECOND + round((seconds - whole) * SECOND)


def now_us(seconds: float = 0) -> int:
    """Return the time, or one so many seconds from it, in microseconds, UTC."""
    return to_us(time.time() + seconds)


def to_ms(value: float, unit: str | None) -> float | None:
    """Return a time in milliseconds, None when the unit does not measure one.

    A value without a unit is taken to be in milliseconds.
    """
    if not unit or not unit.strip():
        return value
    factor = ms_in(unit)
    return None if factor is None else value * factor


def to_bpm(value: float, unit: str | None) -> float | None:
    """Return a heart rate in bpm, None when the unit does not measure one.

    A value without a unit is taken to be in bpm.
    """
    if not unit or not unit.strip():
        return value
    rate = rate_of(unit)
    return None if rate is None else value * rate.in_bpm
