"""The zones of a heart rate."""

from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum

from .body import Body

COUNT = 5
"""How many zones there are, besides what is below them all."""

DEFAULT_SHARES = (50.0, 60.0, 70.0, 80.0, 90.0)
"""Where each begins, in percent."""


class ZonesBy(StrEnum):
    """What the bounds of zones are counted in."""

    HIGHEST = "highest"
    """Percent of the highest heart rate."""
    RESERVE = "reserve"
    """Percent of the way from the resting heart rate to the highest.

    Karvonen, Kentala, Mustala, Ann Med Exp Biol Fenn 35 (1957) 307-315.
    """
    OWN = "own"
    """In bpm."""


class Zones:
    """Five zones, told apart by where each begins, and what is below them."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Initialize zones that begin at these bounds in bpm, the lowest first."""
        self.bounds = tuple(bounds)

    def zone(self, heart_rate: float) -> int:
        """Return the number of a heart rate's zone, 0 below all."""
        return bisect_right(self.bounds, heart_rate)


def create_zones(
    by: ZonesBy, bounds: Sequence[float], body: Body, year: int
) -> Zones | None:
    """Return the zones with such bounds, None where too little is known of the body."""
    if by is ZonesBy.OWN:
        return Zones(bounds)
    highest = body.highest(year)
    lowest = body.resting if by is ZonesBy.RESERVE else 0.0
    if highest is None or lowest is None or lowest >= highest:
        return None
    return Zones([lowest + share / 100 * (highest - lowest) for share in bounds])
