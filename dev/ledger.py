"""What the sensors and the monitor measured, and so what the relays owe."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from .simulated_heart_rate.const import UNIT_BPM, UNIT_STEPS
from .simulated_heart_rate.record import Kind, Record

LIVE_FOR = 60_000
"""For how long an unchanged value is a new measurement, in ms."""

LEEWAY = 1_000
"""How far from that limit it is no one's mistake either way, in ms."""

TOLERANCE = 1
"""By how much the same moment may be written differently, in ms."""

TRAVEL = 400
"""How long a notification may be on its way to Home Assistant, in ms.

It counts as measured when it is there.
"""


class Measurement(NamedTuple):
    """What a sensor measured and a relay may deliver."""

    entity_id: str
    device: str
    """What the sensor's device is called."""
    unit: str
    at: int
    """Milliseconds since the Unix epoch, UTC."""
    value: float
    """In its unit: a heart rate, or the steps since the counter was last read."""
    is_due: bool
    """Whether a relay has to deliver it.

    The first value after nothing or unavailable may be an old one published again, and be
    repeated until there is another one.
    """
    travel: int
    """For how long it may have been on its way to Home Assistant, in ms."""

    def is_at(self, moment: int, step: int) -> bool:
        """Return whether this is its moment (ms), by a clock that moves in steps (ms)."""
        earliest = self.at // step * step
        latest = (self.at + self.travel) // step * step
        return earliest - TOLERANCE <= moment <= latest + TOLERANCE


class Ledger:
    """The measurements of a ledger that is still being written."""

    def __init__(self, path: Path) -> None:
        """Initialize the ledger."""
        self.measurements: list[Measurement] = []
        self._path = path
        self._read = 0
        self._latest: dict[str, Record] = {}
        self._changed_at: dict[str, int] = {}
        self._counts: dict[str, float] = {}
        self._restarted: set[str] = set()
        self._by_second: defaultdict[int, list[Measurement]] = defaultdict(list)
        self._increments: list[Measurement] = []

    def refresh(self) -> None:
        """Read what has been added."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._add(Record.from_line(line.decode()))

    def at(self, measured_at: int, step: int) -> Sequence[Measurement]:
        """Return what was measured then, by a service's clock that moves in steps (ms)."""
        return [
            measurement
            for measurement in self._by_second[measured_at // 1000]
            if measurement.is_at(measured_at, step)
        ]

    def during(self, start: int, end: int) -> Sequence[Measurement]:
        """Return what was counted after a moment, and until another (ms)."""
        first, last = (
            bisect_right(self._increments, moment + TOLERANCE, key=attrgetter("at"))
            for moment in (start, end)
        )
        return self._increments[first:last]

    def _add(self, record: Record) -> None:
        """Add a record, with what it means for a relay: nothing but for hearts and steps."""
        if record.unit == UNIT_STEPS:
            self._add_count(record)
        elif record.unit == UNIT_BPM:
            self._add_heart_rate(record)

    def _add_count(self, record: Record) -> None:
        """Add what a counter gained, be it all that it shows since it began anew.

        It counts on while nobody reads it, so nothing makes its count doubtful.
        """
        if record.value is None:
            return
        before = self._counts.get(record.entity_id, record.value)
        self._counts[record.entity_id] = record.value
        began_anew = record.value < before
        if gained := record.value - (0 if began_anew else before):
            self._increments.append(_measurement(record, gained, is_due=True))
            self.measurements.append(self._increments[-1])

    def _add_heart_rate(self, record: Record) -> None:
        """Add a heart rate, if it is one."""
        entity_id = record.entity_id
        before = self._latest.get(entity_id)
        self._latest[entity_id] = record
        if record.kind is Kind.START:
            self._restarted.add(entity_id)
        if record.value is None:
            return
        is_first = before is None or before.value is None
        if before is None or record.value != before.value:
            self._changed_at[entity_id] = record.at
            if not is_first:
                self._restarted.discard(entity_id)
        unchanged = record.at - self._changed_at[entity_id]
        if unchanged > LIVE_FOR + LEEWAY:
            return
        is_due = (
            not is_first
            and entity_id not in self._restarted
            and unchanged < LIVE_FOR - LEEWAY
        )
        measurement = _measurement(record, record.value, is_due=is_due)
        self.measurements.append(measurement)
        for second in {record.at // 1000, (record.at + measurement.travel) // 1000}:
            self._by_second[second].append(measurement)


def _measurement(record: Record, value: float, *, is_due: bool) -> Measurement:
    """Return what a record says, with a value of its own."""
    travel = TRAVEL if record.kind is Kind.SENT else 0
    return Measurement(
        record.entity_id, record.device, record.unit, record.at, value, is_due, travel
    )
