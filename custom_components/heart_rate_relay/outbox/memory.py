"""The outbox's first tier: readings in the memory of the event loop, in the order of arrival."""

import asyncio
from collections.abc import Iterable
from math import inf

from ..reading import Reading
from ..readings import NONE, Readings
from .entries import Entries


class Memory:
    """Readings that came in, and since when they have been here."""

    def __init__(self) -> None:
        """Initialize the memory, which is empty."""
        self._readings: dict[int, tuple[float, Reading]] = {}
        self._last_seq = 0

    def __len__(self) -> int:
        """Return how many readings there are."""
        return len(self._readings)

    def has_all(self, seqs: Iterable[int]) -> bool:
        """Return whether there is a reading with each of the numbers."""
        return self._readings.keys() >= set(seqs)

    def add(self, reading: Reading) -> None:
        """Add a reading."""
        self._last_seq += 1
        self._readings[self._last_seq] = (now(), reading)

    def remove_all(self, entries: Entries) -> Readings:
        """Remove readings, and return those that were not there."""
        if not self._readings:
            return entries.readings
        pop, seqs = self._readings.pop, entries.seqs
        missing = [n for n, seq in enumerate(seqs) if pop(seq, None) is None]
        return entries.readings.pick(missing) if missing else NONE

    def clear(self) -> None:
        """Remove all readings."""
        self._readings.clear()

    @property
    def first_at(self) -> float:
        """When the first of the readings came in, in seconds of the event loop."""
        return next(iter(self._readings.values()), (inf,))[0]

    @property
    def last_at(self) -> float:
        """When the last of them came in."""
        return next(reversed(self._readings.values()), (-inf,))[0]

    def entries(
        self, count: int | None = None, *, since: float = -inf, counted: bool = True
    ) -> Entries:
        """Return all, or the first so many: of those that came in after a time, where one is given.

        What was counted is left out where that is not wanted. Not all are looked at: where
        readings go one by one, many may wait behind the first.
        """
        seqs: list[int] = []
        readings: list[Reading] = []
        for seq, (added_at, reading) in self._readings.items():
            if added_at > since and (counted or not reading.duration):
                seqs.append(seq)
                readings.append(reading)
                if len(seqs) == count:
                    break
        return Entries(seqs, Readings.of(readings))


def now() -> float:
    """Return the time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()
