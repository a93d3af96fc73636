"""The values of one metric in the order of time, and what they add up to."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from copy import copy
from math import inf
from typing import Self

from ..reading import SECOND


class Series:
    """Values, each of which holds until the next one, but not for too long."""

    def __init__(self, hold: int) -> None:
        """Initialize a series whose values hold for so long at most (µs)."""
        self.hold = hold
        self.times: list[int] = []
        self.values: list[float] = []
        self.revision = 0
        """Another one when anything but a new last value came or went."""

    def add(self, at: int, value: float) -> None:
        """Add a value, which may come late; one of the same time is corrected."""
        if not self.times or at > self.times[-1]:
            self.times.append(at)
            self.values.append(value)
            return
        index = bisect_left(self.times, at)
        self.revision += 1
        if self.times[index] == at:
            self.values[index] = value
        else:
            self.times.insert(index, at)
            self.values.insert(index, value)

    def shift(self, by: int) -> None:
        """Take note that all was measured so much earlier than its clock said (µs)."""
        self.times = [at - by for at in self.times]
        self.revision += 1

    def forget_before(self, at: int) -> None:
        """Forget what was measured before a time."""
        if index := bisect_left(self.times, at):
            del self.times[:index], self.values[:index]
            self.revision += 1

    def value_at(self, at: int, within: int) -> float | None:
        """Return the latest value at a time, None if it is older than so much (µs)."""
        index = bisect_right(self.times, at) - 1
        if index < 0 or at - self.times[index] > within:
            return None
        return self.values[index]

    def index_of(self, at: int) -> int:
        """Return how many values there were before a time."""
        return bisect_left(self.times, at)

    def span(self, index: int, end: int) -> int:
        """Return for how long a value holds until an end at the latest, in µs."""
        at = self.times[index]
        after = self.times[index + 1] if index + 1 < len(self.times) else end
        return max(0, min(after, end, at + self.hold) - at)

    def between(self, begin: int, end: int) -> Iterator[tuple[int, float]]:
        """Yield when which values were measured in a time, both ends included."""
        for index in range(self.index_of(begin), bisect_right(self.times, end)):
            yield self.times[index], self.values[index]


class Total:
    """What values add up to over the time for which they hold."""

    def __init__(self) -> None:
        """Initialize the total of nothing."""
        self.time = 0
        """For how long anything was measured, in µs."""
        self.lowest = inf
        self.highest = -inf
        self._weighted = 0.0

    def add(self, value: float, span: int) -> None:
        """Add a value that held for a time (µs)."""
        self.time += span
        self._weighted += value * span
        self.lowest = min(self.lowest, value)
        self.highest = max(self.highest, value)

    @property
    def integral(self) -> float:
        """What the values add up to, times seconds."""
        return self._weighted / SECOND

    @property
    def average(self) -> float | None:
        """The average over time, that of what was measured where none has passed."""
        if self.time:
            return self._weighted / self.time
        return None if self.highest < self.lowest else (self.lowest + self.highest) / 2

    def copied(self) -> Self:
        """Return another one like it."""
        return copy(self)


class Sum[TotalT: Total]:
    """Adds up a series as it grows, and all of it anew only where something came late."""

    def __init__(self, series: Series, create: Callable[[], TotalT]) -> None:
        """Initialize the sum of a series, of which create makes the total of nothing."""
        self._series = series
        self._create = create
        self._begin = -1
        self._revision = -1
        self._index = 0
        self._added = create()

    def between(self, begin: int, end: int) -> TotalT:
        """Return the total of a time, which is not to be changed."""
        series = self._series
        stop = bisect_right(series.times, end)
        anew = (self._begin, self._revision) != (begin, series.revision)
        if anew or self._index > stop - 1:
            self._begin, self._revision = begin, series.revision
            self._index, self._added = series.index_of(begin), self._create()
        # What holds until the next value is known for good, only the last one goes on
        while self._index < stop - 1:
            self._add(self._added, self._index, end)
            self._index += 1
        total = self._added.copied()
        if self._index < stop:
            self._add(total, self._index, end)
        return total

    def _add(self, total: TotalT, index: int, end: int) -> None:
        """Add one of the values."""
        total.add(self._series.values[index], self._series.span(index, end))
