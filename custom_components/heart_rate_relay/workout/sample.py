"""What a workout is told by: values measured at a time."""

from typing import NamedTuple

from ..reading import SECOND

MINUTE = 60 * SECOND
"""In microseconds, like all times here: since the Unix epoch, UTC."""

HEART_RATE = "heart_rate"
SPEED = "speed"
POWER = "power"
CADENCE = "cadence"
DISTANCE = "distance"
CYCLING_DISTANCE = "cycling_distance"
LATITUDE = "latitude"
LONGITUDE = "longitude"
ALTITUDE = "altitude"

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
