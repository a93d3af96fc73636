"""What an outbox hands out: readings, and which of them are only in memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload, override

from ..reading import Reading
from ..readings import NONE, Readings


class Entry(NamedTuple):
    """A reading in the outbox, numbered in the order of arrival."""

    seq: int
    """0 for one that is not only in the memory of the event loop."""
    reading: Reading


class Entries(Sequence[Entry]):
    """Entries in columns, which stay as they are."""

    __slots__ = ("readings", "seqs")

    def __init__(self, seqs: list[int], readings: Readings) -> None:
        """Initialize with the number of each reading."""
        self.seqs = seqs
        self.readings = readings

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Entries:
        """Return entries as columns, which they may be already."""
        if isinstance(entries, cls):
            return entries
        seqs: list[int] = []

        def readings() -> Iterator[Reading]:
            for seq, reading in entries:
                seqs.append(seq)
                yield reading

        return cls(seqs, Readings.of(readings()))

    @classmethod
    def unnumbered(cls, readings: Readings) -> Entries:
        """Return readings that are not only in the memory of the event loop as entries."""
        return cls([0] * len(readings), readings)

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self.seqs)

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries, each made anew."""
        return map(Entry, self.seqs, self.readings, strict=True)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Entries: ...

    @override
    def __getitem__(self, index: int | slice) -> Entry | Entries:
        """Return an entry, or some of them."""
        if isinstance(index, slice):
            return Entries(self.seqs[index], self.readings[index])
        return Entry(self.seqs[index], self.readings[index])

    def __eq__(self, other: object) -> bool:
        """Return whether they are the same as those of another sequence."""
        return isinstance(other, Sequence) and list(self) == list(other)

    def __add__(self, others: Entries) -> Entries:
        """Return these entries, and others behind them."""
        readings = Readings.joined(self.readings, others.readings)
        return Entries(self.seqs + others.seqs, readings)

    def pick(self, indexes: Sequence[int]) -> Entries:
        """Return the entries at some places, in that order."""
        seqs = [self.seqs[index] for index in indexes]
        return Entries(seqs, self.readings.pick(indexes))

    def by_time(self, *, newest_first: bool = False) -> Entries:
        """Return them by the time they were measured, and those of one moment by their arrival."""
        moments = list(zip(self.readings.times, self.seqs, strict=True))
        places = range(len(self))
        return self.pick(sorted(places, key=moments.__getitem__, reverse=newest_first))


NO_ENTRIES = Entries([], NONE)
