"""Many readings, without an object each until somebody looks at one.

Python's garbage collector looks through all objects that live for long, but for numbers. So what
waits, and what a batch holds, is kept in columns.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise, starmap
from operator import le
from typing import overload, override

from .metrics import Metric
from .reading import Reading, Source

type Series = tuple[Metric, Source]
"""What many readings share: one object for all of them."""


class Readings(Sequence[Reading]):
    """Readings in columns, which stay as they are."""

    __slots__ = ("durations", "series", "times", "values")

    def __init__(
        self,
        series: list[Series],
        values: list[float],
        times: list[int],
        durations: list[int],
    ) -> None:
        """Initialize with a column of each; times and durations as a reading has them."""
        self.series = series
        self.values = values
        self.times = times
        self.durations = durations

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> Readings:
        """Return readings as columns, which they may be already."""
        # An instance of a sequence is looked for at length
        if type(readings) is Readings:
            return readings
        series: list[Series] = []
        values: list[float] = []
        times: list[int] = []
        durations: list[int] = []
        known: dict[Series, Series] = {}
        for metric, value, measured_at, source, duration in readings:
            one = (metric, source)
            series.append(known.setdefault(one, one))
            values.append(value)
            times.append(measured_at)
            durations.append(duration)
        return cls(series, values, times, durations)

    @classmethod
    def joined(cls, *parts: Readings) -> Readings:
        """Return the readings of some parts, one part after the other."""
        if len(parts := tuple(part for part in parts if part)) == 1:
            return parts[0]
        return cls(
            list(chain.from_iterable(part.series for part in parts)),
            list(chain.from_iterable(part.values for part in parts)),
            list(chain.from_iterable(part.times for part in parts)),
            list(chain.from_iterable(part.durations for part in parts)),
        )

    def __len__(self) -> int:
        """Return how many readings there are."""
        return len(self.times)

    def __iter__(self) -> Iterator[Reading]:
        """Yield the readings, each made anew."""
        columns = zip(self.series, self.values, self.times, self.durations, strict=True)
        for (metric, source), value, measured_at, duration in columns:
            yield Reading(metric, value, measured_at, source, duration)

    @overload
    def __getitem__(self, index: int) -> Reading: ...

    @overload
    def __getitem__(self, index: slice) -> Readings: ...

    @override
    def __getitem__(self, index: int | slice) -> Reading | Readings:
        """Return a reading, or some of them."""
        if isinstance(index, slice):
            return Readings(
                self.series[index],
                self.values[index],
                self.times[index],
                self.durations[index],
            )
        metric, source = self.series[index]
        return Reading(
            metric,
            self.values[index],
            self.times[index],
            source,
            self.durations[index],
        )

    def __eq__(self, other: object) -> bool:
        """Return whether they are the same as those of another sequence."""
        if isinstance(other, Readings):
            return (
                self.times == other.times
                and self.values == other.values
                and self.series == other.series
                and self.durations == other.durations
            )
        return isinstance(other, Sequence) and list(self) == list(other)

    def pick(self, indexes: Sequence[int]) -> Readings:
        """Return the readings at some places, in that order."""
        return Readings(
            [self.series[index] for index in indexes],
            [self.values[index] for index in indexes],
            [self.times[index] for index in indexes],
            [self.durations[index] for index in indexes],
        )

    def by_time(self, *, newest_first: bool = False) -> Readings:
        """Return them by the time they were measured, those of one moment as they are."""
        times = self.times
        if not newest_first and all(starmap(le, pairwise(times))):
            return self
        places = range(len(times))
        return self.pick(sorted(places, key=times.__getitem__, reverse=newest_first))


NONE = Readings([], [], [], [])
