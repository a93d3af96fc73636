"""Remembers which readings went without an answer, for a service that knows a repeat by that."""

from collections.abc import Sequence

from ..destinations.base import Limits
from ..outbox.entries import Entries
from ..reading import Reading


class Unanswered:
    """The readings of the latest request, as long as nobody knows what became of it."""

    def __init__(self, limits: Limits) -> None:
        """Initialize it for a service with some limits."""
        self._matters = limits.known_by_batch
        self._readings: frozenset[Reading] = frozenset()

    def begin(self, readings: Sequence[Reading]) -> None:
        """Take note of what a request holds."""
        if self._matters:
            self._readings = frozenset(readings)

    def end(self) -> None:
        """Take note that it was answered."""
        self._readings = frozenset()

    def alone(self, entries: Entries) -> Entries:
        """Return alone what went without an answer, else all entries."""
        if not self._readings:
            return entries
        readings = enumerate(entries.readings)
        same = [place for place, reading in readings if reading in self._readings]
        return entries.pick(same) if len(same) == len(self._readings) else entries
