"""What kind of training a workout is."""

from collections.abc import Container
from enum import StrEnum

from .sample import CYCLING_DISTANCE, DISTANCE, POWER, SPEED

RUNNING_FROM = 2.2
"""From which speed on in m/s people rather run than walk.

About 2.0 to 2.2: Hreljac, "Preferred and energetically optimal gait transition speeds in human
locomotion", Med Sci Sports Exerc 25 (1993) 1158-1162.
"""


class Sport(StrEnum):
    """What kind of training a workout is."""

    CYCLING = "cycling"
    CYCLING_INDOOR = "cycling_indoor"
    ELLIPTICAL = "elliptical"
    HIIT = "hiit"
    ROWING = "rowing"
    RUNNING = "running"
    STRENGTH = "strength"
    TREADMILL = "treadmill"
    WALKING = "walking"
    YOGA = "yoga"
    OTHER = "other"


def sport_of(measured: Container[str], average_speed: float | None) -> Sport:
    """Return what it was, by the metrics that were measured and the speed in m/s."""
    if POWER in measured or CYCLING_DISTANCE in measured:
        return Sport.CYCLING
    if DISTANCE in measured or SPEED in measured:
        is_run = (average_speed or 0.0) >= RUNNING_FROM
        return Sport.RUNNING if is_run else Sport.WALKING
    return Sport.OTHER
