"""How many readings a request may have now."""

import asyncio
from dataclasses import replace

from ..destinations.base import Limits
from ..outbox.entries import Entries
from .batches import batches_of

HOLD = 60 * 60.0
"""Seconds after which a batch may be as large again as one that was too large."""


class BatchSize:
    """Grows as batches are accepted, and shrinks where they are too large or slow, or all refused."""

    def __init__(self, limits: Limits) -> None:
        """Initialize with what the service takes by its own words."""
        self.least = min(2 * limits.min_batch - 1, limits.max_batch)
        """So few that they make no two batches."""
        self._limits = limits
        self._max_batch = self._ceiling = self._size = limits.max_batch
        self._until = 0.0

    @property
    def now(self) -> int:
        """How many readings may be in a batch."""
        if self._ceiling < self._max_batch and _now() >= self._until:
            self._ceiling = self._size = self._max_batch
        return self._size

    def batches(self, entries: Entries) -> tuple[list[Entries], bool]:
        """Return batches as large as they may be now, and whether more are left."""
        return batches_of(entries, self._limited(self.now))

    def smallest(self, entries: Entries) -> list[Entries]:
        """Return batches so small that they make no two."""
        return batches_of(entries, self._limited(self.least))[0]

    def grow(self, accepted: int) -> None:
        """Take note that so many were accepted at once."""
        if accepted >= self._size // 2:
            self._size = min(2 * self._size, self._ceiling)

    def shrink(self, refused: int) -> None:
        """Take note that so many at once were too large a batch."""
        self._size = self._ceiling = max(refused // 2, self.least)
        self._until = _now() + HOLD

    def halve(self) -> None:
        """Take note that a request took too long, as one with fewer may not: more come later.

        Where a repeat is known by its holding the same readings, it has to hold them all.
        """
        if not self._limits.known_by_batch:
            self._size = max(self._size // 2, self.least)

    def restart(self) -> None:
        """Take note that the smallest batch was refused: it is not about the size."""
        self._size = self.least
        self._ceiling = self._max_batch

    def _limited(self, size: int) -> Limits:
        """Return what the service takes, in batches that are no larger."""
        if size == self._max_batch:
            return self._limits
        return replace(self._limits, max_batch=size)


def _now() -> float:
    """Return the time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()
