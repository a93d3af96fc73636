"""How many readings took the place of another one at a service that cannot hold both."""

from collections.abc import Sequence

from ..destinations.base import Limits
from ..metrics import Metric
from ..reading import Reading

type Series = tuple[Metric, str]
"""What overwrites each other where it is of the same moment."""


class Overwritten:
    """Knows the last moment of each series that a service holds."""

    def __init__(self, limits: Limits) -> None:
        """Initialize for a service that tells times apart as finely as its limits say."""
        self._step = limits.step
        self._one_line = limits.one_line
        self._latest: dict[Series, int] = {}

    def count(self, readings: Sequence[Reading]) -> int:
        """Return how many of the readings that were delivered now share a moment with another.

        It holds but one of them. Where all moments are told apart, none does.
        """
        if self._step == 1:
            return 0
        held = set(self._latest.items())
        before = len(held)
        for reading in readings:
            series = (reading.metric, "" if self._one_line else reading.source.id)
            self._latest[series] = at = reading.measured_at // self._step
            held.add((series, at))
        return len(readings) - (len(held) - before)
