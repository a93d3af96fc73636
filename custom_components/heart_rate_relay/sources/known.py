"""What is known of a source while Home Assistant runs."""

from dataclasses import dataclass
from math import inf


@dataclass
class Known:
    """What is known of a source while Home Assistant runs, however often a relay is loaded."""

    is_first: bool = True
    """Whether the next value may be an old one that is shown again."""
    value: object = None
    """What it said last, nan where that was nothing that it measures."""
    since: float = -inf
    """Since when it says so."""
    was_away: bool = False
    """Whether it was unavailable after that."""
    told: float | None = None
    """When that was measured, as it said."""
    latest: int | None = None
    """The latest such time in µs: what is not later is old."""
    is_alive: bool = False
    """Whether it has measured anything."""
    last: int = 0
    """When it measured last, in µs."""
    spoke_from: float = inf
    """Since when it measures without a silence."""
    spoke_at: float = -inf
    """When it measured last, as far as it is there."""
    paces: tuple[float, float] = (inf, inf)
    """How many seconds there were between the last readings."""
