"""Believes a service that it refuses readings for good, but not that it refuses all.

A reading is given up once it was refused, others were accepted, and it was refused again.
What is accepted bears witness against one reading, or one batch of the smallest size: so a
service that begins to refuse everything takes no more than that along.

Where order matters the oldest stay the next ones to try. Only when they were refused several times
do later ones have to bear witness. Then it is too late for what they overtook.
"""

from ..metrics import Metric
from ..outbox.entries import NO_ENTRIES, Entries, Entry
from ..reading import Reading

MANY = 3
"""So many batches of the smallest size, refused in a row, are no longer a chance."""

MAX_SUSPECTS = 100
"""Readings that are set aside. What was so for longest gets in line again."""


class Suspicion:
    """What was refused without a witness, and waits for one while others are delivered."""

    def __init__(self, min_batch: int, *, in_order: bool = False) -> None:
        """Initialize the suspicion for a service with a smallest size of batches."""
        self.acceptances = 0
        """How many batches were accepted so far."""
        self.has_witness = False
        """Whether others were accepted since anything was last refused or given up."""
        self.in_vain = 0
        """How many batches of the smallest size were refused since any was accepted."""
        self._min_batch = min_batch
        self._in_order = in_order
        self._suspects: dict[Reading, None] = {}
        self._refused = 0

    def __len__(self) -> int:
        """Return how many readings are set aside."""
        return len(self._suspects)

    @property
    def is_general(self) -> bool:
        """Whether so much was refused in a row that the service must be at fault."""
        return self._refused >= MANY * self._min_batch

    def accept(self, entries: Entries) -> None:
        """Take note that readings were accepted."""
        self.acceptances += 1
        self.has_witness = True
        self._refused = self.in_vain = 0
        self._forget(entries)

    def refuse(self, entries: Entries) -> None:
        """Take note that a batch was refused, which says nothing of any of its readings.

        Where none of it was accepted either, it does of the service: in order that is not tried.
        """
        self.has_witness = False
        if not self._in_order:
            self._refused = max(self._refused, len(entries))

    def gives_up(self, entries: Entries, *, again: bool) -> bool:
        """Return whether readings are refused for good, or else set them aside.

        They are so few that they make no two batches. Some were refused before, again.
        """
        readings = dict.fromkeys(entries.readings)
        again |= not self._suspects.keys().isdisjoint(readings)
        is_believed = again and self.has_witness
        self.has_witness = False
        known = len(self._suspects)
        self._forget(entries)
        if is_believed:
            return True
        self._suspects.update(readings)
        self._refused += len(self._suspects) - known
        self.in_vain += 1
        if not self._in_order:
            for reading in list(self._suspects)[:-MAX_SUSPECTS]:
                del self._suspects[reading]
        return False

    def part(self, entries: Entries, *, is_all: bool) -> tuple[Entries, Entries]:
        """Part readings in those that are set aside, and the others.

        Those that wait for longest to be tried again come first. Where the readings are
        all there are, what is not among them is forgotten; and where those set aside are
        too few for a batch, they are no longer.
        """
        if not self._suspects:
            return NO_ENTRIES, entries
        readings = entries.readings
        # The number of an entry changes when a reading goes to the disk
        places = {reading: place for place, reading in enumerate(readings)}
        found = [places[reading] for reading in self._suspects if reading in places]
        suspects = entries.pick(found)
        if is_all:
            self._suspects = dict.fromkeys(suspects.readings)
        if len(suspects) < self._min_batch:
            self._forget(suspects)
            suspects = NO_ENTRIES
        others = [n for n, one in enumerate(readings) if one not in self._suspects]
        return suspects, entries.pick(others)

    def _forget(self, entries: Entries) -> None:
        if self._suspects:
            for reading in entries.readings:
                self._suspects.pop(reading, None)


def _series(entry: Entry) -> tuple[Metric, str]:
    """Return what is to come in order: what one device measured of one metric."""
    metric, _, _, source, _ = entry.reading
    return metric, source.device.id or source.id


def overtaken(suspects: Entries, entries: Entries) -> Entries:
    """Return which of some suspects are older than entries of the same series."""
    latest = {_series(entry): entry.reading.measured_at for entry in entries}
    older = [
        place
        for place, entry in enumerate(suspects)
        if entry.reading.measured_at < latest.get(_series(entry), 0)
    ]
    return suspects.pick(older)
