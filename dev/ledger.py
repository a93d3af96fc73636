"""What the entities and the monitor measured, of whatever metric, and so what the relays owe."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence, Set as AbstractSet
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from custom_components.heart_rate_relay.metrics import METRICS, Kind as Measured, Metric

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


type Series = tuple[str, str]
"""What a value is compared with: those of an entity, and the key of a metric."""


class Measurement(NamedTuple):
    """What an entity measured and a relay may deliver."""

    entity_id: str
    device: str
    """What the entity's device is called."""
    metric: Metric
    at: int
    """Milliseconds since the Unix epoch, UTC."""
    value: float
    """In the unit of the metric: of a counter, what it gained since it was last read."""
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
        self.measuring: defaultdict[Metric, set[str]] = defaultdict(set)
        """The entities of each metric."""
        self.devices: set[tuple[str, Metric]] = set()
        """What their devices are called, each with what it measures."""
        self._path = path
        self._read = 0
        self._latest: dict[Series, Record] = {}
        self._changed_at: dict[Series, int] = {}
        self._counts: dict[Series, float] = {}
        self._restarted: set[Series] = set()
        self._by_second: defaultdict[tuple[Metric, int], list[Measurement]]
        self._by_second = defaultdict(list)
        self._increments: defaultdict[Metric, list[Measurement]] = defaultdict(list)

    @property
    def entities(self) -> AbstractSet[str]:
        """All that are in it."""
        return frozenset(chain.from_iterable(self.measuring.values()))

    def refresh(self) -> None:
        """Read what has been added."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._add(Record.from_line(line.decode()))

    def at(self, metric: Metric, moment: int, step: int) -> Sequence[Measurement]:
        """Return what was measured then, by a service's clock that moves in steps (ms)."""
        return [
            measurement
            for measurement in self._by_second[metric, moment // 1000]
            if measurement.is_at(moment, step)
        ]

    def during(self, metric: Metric, start: int, end: int) -> Sequence[Measurement]:
        """Return what was counted after a moment, and until another (ms)."""
        increments = self._increments[metric]
        first, last = (
            bisect_right(increments, moment + TOLERANCE, key=attrgetter("at"))
            for moment in (start, end)
        )
        return increments[first:last]

    def _add(self, record: Record) -> None:
        """Add a record, with what it means for a relay."""
        metric = METRICS[record.metric]
        self.measuring[metric].add(record.entity_id)
        self.devices.add((record.device, metric))
        if metric.kind is Measured.COUNTER:
            self._add_count(record)
        else:
            self._add_value(record)

    def _add_count(self, record: Record) -> None:
        """Add what a counter gained, be it all that it shows since it began anew.

        It counts on while nobody reads it, so nothing makes its count doubtful.
        """
        if record.value is None:
            return
        series = record.entity_id, record.metric
        before = self._counts.get(series, record.value)
        self._counts[series] = record.value
        began_anew = record.value < before
        if gained := record.value - (0 if began_anew else before):
            measurement = _measurement(record, gained, is_due=True)
            self._increments[measurement.metric].append(measurement)
            self.measurements.append(measurement)

    def _add_value(self, record: Record) -> None:
        """Add a value that may be a new measurement, if it is one."""
        series = record.entity_id, record.metric
        before = self._latest.get(series)
        self._latest[series] = record
        if record.kind is Kind.START:
            self._restarted.add(series)
        if record.value is None:
            return
        is_first = before is None or before.value is None
        if before is None or record.value != before.value:
            self._changed_at[series] = record.at
            if not is_first:
                self._restarted.discard(series)
        unchanged = record.at - self._changed_at[series]
        if unchanged > LIVE_FOR + LEEWAY:
            return
        is_due = (
            not is_first
            and series not in self._restarted
            and unchanged < LIVE_FOR - LEEWAY
        )
        measurement = _measurement(record, record.value, is_due=is_due)
        self.measurements.append(measurement)
        for second in {record.at // 1000, (record.at + measurement.travel) // 1000}:
            self._by_second[measurement.metric, second].append(measurement)


def _measurement(record: Record, value: float, *, is_due: bool) -> Measurement:
    """Return what a record says, with a value of its own."""
    return Measurement(
        record.entity_id,
        record.device,
        METRICS[record.metric],
        record.at,
        value,
        is_due,
        TRAVEL if record.kind is Kind.SENT else 0,
    )
