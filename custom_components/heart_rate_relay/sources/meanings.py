"""What the texts of states mean: a number in the unit of a metric, where that is to be believed."""

from functools import lru_cache

from ..metrics import Metric
from .conversions import conversion

MANY = 1000
"""Texts of which it is remembered what they mean, and ways to measure of which it is so."""


class Meanings(dict[str, float | None]):
    """What texts mean that tell a metric in a unit, None where that is nothing, by the texts."""

    def __init__(
        self, metric: Metric, unit: str | None, bounds: tuple[float, float]
    ) -> None:
        """Initialize with the lowest and the highest value to be believed."""
        super().__init__()
        self._convert = conversion(metric)
        self._unit = unit
        self._lowest, self._highest = bounds

    def __missing__(self, text: str) -> float | None:
        """Find out what a text means that was not told lately."""
        if len(self) >= MANY:
            self.clear()
        value = self[text] = self._value_of(text)
        return value

    def _value_of(self, text: str) -> float | None:
        try:
            value = self._convert(float(text), self._unit)
        except ValueError:
            return None
        if value is None or not self._lowest <= value <= self._highest:
            return None
        return value


@lru_cache(maxsize=MANY)
def meanings_of(
    metric: Metric, unit: str | None, bounds: tuple[float, float]
) -> Meanings:
    """Return the same meanings for all sources that tell a metric in a unit."""
    return Meanings(metric, unit, bounds)
