"""What a workout is told by: values measured at a time."""

from typing import NamedTuple, Self

from .. import metrics
from ..reading import SECOND, Reading

MINUTE = 60 * SECOND
"""In microseconds, like all times here: since the Unix epoch, UTC."""

HEART_RATE = metrics.HEART_RATE.key
SPEED = metrics.SPEED.key
POWER = metrics.POWER.key
CADENCE = metrics.CADENCE.key
DISTANCE = metrics.DISTANCE.key
CYCLING_DISTANCE = metrics.CYCLING_DISTANCE.key
LATITUDE = metrics.LATITUDE.key
LONGITUDE = metrics.LONGITUDE.key
ALTITUDE = metrics.ALTITUDE.key

EFFORTS = frozenset({SPEED, POWER, CADENCE, DISTANCE, CYCLING_DISTANCE})
"""What tells, above zero, that somebody moves."""

DISTANCES = (CYCLING_DISTANCE, DISTANCE)
"""What counts metres: each value is how many came since the one before."""


class Sample(NamedTuple):
    """One measured value, by the key of its metric."""

    key: str
    at: int
    """When it was measured, in µs; where it lasted, when it ended."""
    value: float
    duration: int = 0
    """For how long it was counted, in µs."""
    is_worn: bool = True
    """Whether nothing says that what measured it is not worn."""
    rank: int = 0
    """How many sources are preferred to the one that measured it."""

    @classmethod
    def of(cls, reading: Reading, *, is_worn: bool = True, rank: int = 0) -> Self:
        """Return what a reading tells a workout."""
        return cls(
            reading.metric.key,
            reading.measured_at,
            reading.value,
            reading.duration,
            is_worn,
            rank,
        )
