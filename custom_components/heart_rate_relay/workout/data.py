"""How a workout goes, as entities tell it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ..reading import SECOND
from .summary import Summary

DIGITS = 1
"""After the point, of what is told: more is noise."""


class Telling(StrEnum):
    """Of what workout is told."""

    FINISHED = "finished"
    """One that is over now."""
    FOUND = "found"
    """One of the past."""


@dataclass(frozen=True, kw_only=True)
class WorkoutData:
    """How a workout goes."""

    begin: int | None = None
    """When the workout began that goes on (µs), None while nobody trains."""
    zone: int | None = None
    """The number of the heart rate's zone, None while nobody trains or it is not known."""
    summary: Summary | None = None
    """What the workout has come to so far, else what the last one came to."""

    @property
    def is_on(self) -> bool:
        """Whether somebody trains."""
        return self.begin is not None


def attributes_of(summary: Summary) -> dict[str, str | float]:
    """Return what a workout came to as attributes, without what was not measured."""
    values = {
        "average_heart_rate": summary.average_heart_rate,
        "lowest_heart_rate": summary.lowest_heart_rate,
        "highest_heart_rate": summary.highest_heart_rate,
        **{f"time_in_zone_{n}": time for n, time in enumerate(summary.in_zones)},
        "energy": summary.energy,
        "training_load": summary.training_load,
        "edwards_load": summary.edwards_load,
        "heart_rate_recovery": summary.recovery,
        "distance": summary.distance,
        "average_speed": summary.average_speed,
        "highest_speed": summary.highest_speed,
        "average_power": summary.average_power,
        "average_cadence": summary.average_cadence,
    }
    return {
        "sport": summary.sport,
        "begin": iso(summary.begin),
        "end": iso(summary.end),
        "duration": round(summary.duration, DIGITS),
        "measured": round(summary.measured, DIGITS),
        **{
            key: round(value, DIGITS)
            for key, value in values.items()
            if value is not None
        },
    }


def iso(at: int) -> str:
    """Return a time (µs) in the form of ISO 8601."""
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat()
