"""What flows from sources to destinations: readings."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

BPM_PER_UNIT: Mapping[str, float] = MappingProxyType(
    {
        "bpm": 1.0,
        "beats/min": 1.0,
        "beats/minute": 1.0,
        "beats per minute": 1.0,
        "count/min": 1.0,
        "1/min": 1.0,
        "min⁻¹": 1.0,
        "hz": 60.0,
    }
)


class Metric(StrEnum):
    """What a reading measures."""

    HEART_RATE = "heart_rate"
    """In beats per minute (bpm)."""


class Source(NamedTuple):
    """The entity a reading came from, as it was called at that time."""

    id: str
    """The entity registry's id, which survives a rename; else the entity id."""
    entity_id: str
    name: str


class Reading(NamedTuple):
    """One measured value of one metric, at one instant, from one source."""

    metric: Metric
    value: float
    measured_at: int
    """Milliseconds since the Unix epoch, UTC."""
    source: Source


def to_bpm(value: float, unit: str | None) -> float | None:
    """Return a heart rate in bpm, None when the unit does not measure one.

    A value without a unit is taken to be in bpm.
    """
    if unit is None:
        return value
    if (factor := BPM_PER_UNIT.get(unit.strip().lower())) is None:
        return None
    return value * factor
