"""What measurements come to: medians of rounds, percentiles, and differences to nothing."""

from collections.abc import Iterable, Sequence
import math
from statistics import median


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that so many percent do not exceed, NaN without values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(percent / 100 * len(ordered)) - 1, 0)]


def added(with_it: Sequence[float], without: Sequence[float], per: int) -> float:
    """Return what something adds for each of so many, the median of rounds.

    A round with it goes with the round without it that was made beside it.
    """
    return median(a - b for a, b in zip(with_it, without, strict=True)) / per


def spread(values: Sequence[float]) -> float:
    """Return how far rounds are apart: half of their range."""
    return (max(values) - min(values)) / 2
