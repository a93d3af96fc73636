"""How many readings took the place of another one at a service that cannot hold both."""

from collections.abc import Sequence

from ..destinations.base import Limits
from ..metrics import Kind, Metric
from ..reading import Reading

type Series = tuple[Metric, str]
"""What overwrites each other where it is of the same moment."""


class Overwritten:
    """Knows the last moments of each series that a service holds."""

    def __init__(self, limits: Limits) -> None:
        """Initialize for a service that tells times apart as finely as its limits say."""
        self._step = limits.step
        self._one_line = limits.one_line
        self._last: dict[Series, int] = {}
        self._newest: dict[Series, int] = {}

    def count(self, readings: Sequence[Reading]) -> int:
        """Return how many of the readings that were delivered now share a moment with another.

        It holds but one of them. Where all moments are told apart, none does; nor what was
        added to a counter, of which such a service is told the total.
        """
        if self._step == 1:
            return 0
        readings = [one for one in readings if one.metric.kind is not Kind.COUNTER]
        # What waited may come after what has just come in
        held = {*self._last.items(), *self._newest.items()}
        before = len(held)
        for reading in readings:
            series = (reading.metric, "" if self._one_line else reading.source.id)
            self._last[series] = at = reading.measured_at // self._step
            self._newest[series] = max(at, self._newest.get(series, at))
            held.add((series, at))
        return len(readings) - (len(held) - before)
