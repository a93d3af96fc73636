"""What became of the readings that a relay owes."""

from bisect import bisect, bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
import math
import time
from typing import NamedTuple

from .ledger import Ledger, Measurement
from .relays import Relay
from .simulated_heart_rate.const import UNIT_STEPS
from .stand_ins import Arrival
from .stand_ins.base import HEART_RATE, STEPS

JUDGED = frozenset({HEART_RATE, STEPS})
"""What a ledger tells enough of."""

WARM_UP = 2_000
"""For how long a relay owes nothing after the set-up, in ms."""

COUNTED_EVERY = 1_000
"""How often steps are counted, in ms."""

SILENT_FOR = 2_000
"""A source that is silent for longer may have another step in for it, in ms."""


class Delivery(NamedTuple):
    """A reading that arrived at a service."""

    arrival: Arrival
    measurements: Sequence[Measurement]
    """What was measured then: all that a counter gained meanwhile, else one at most."""

    @property
    def source(self) -> str:
        """The entity that measured it, or what the service calls its source."""
        return (
            self.measurements[-1].entity_id
            if self.measurements
            else self.arrival.source
        )

    @property
    def at(self) -> int:
        """When it was measured, in ms, more exactly than a service may tell."""
        return (
            self.measurements[-1].at if self.measurements else self.arrival.measured_ms
        )

    @property
    def latency(self) -> float:
        """From the measurement to the arrival, in ms."""
        return self.arrival.received_at - self.at

    @property
    def is_from_air(self) -> bool:
        """Whether a monitor sent it, so that the latency is that of the whole way."""
        return any(measurement.travel for measurement in self.measurements)

    @property
    def is_altered(self) -> bool:
        """Whether it is not what was measured."""
        measured = sum(measurement.value for measurement in self.measurements)
        return not self.measurements or measured != self.arrival.value


class Steps(NamedTuple):
    """How many steps there are in all."""

    delivered: float
    """What the service holds. A repeat adds nothing."""
    held: float
    counted: float


class Tally:
    """The readings of a relay that has just been set up."""

    def __init__(self, relay: Relay, sources: Sequence[str], ledger: Ledger) -> None:
        """Initialize the tally, with the relay's sources in their order."""
        self.service = relay.stand_in.service
        self.gathers = relay.gathers
        """Whether readings wait for others on purpose, so that a latency tells nothing."""
        self.deliveries: list[Delivery] = []
        self._ledger = ledger
        self._step = relay.step
        self._min_batch = relay.min_batch
        self._since = time.time() * 1000 + WARM_UP
        self._sources = sources
        self._told_at: dict[Measurement, int] = {}
        self._counted: dict[str, list[int]] = {}
        # The first one never falls silent
        self._counting = frozenset(sources[:1] if relay.one_line else sources)

    def add(self, arrival: Arrival) -> Delivery | None:
        """Note what arrived, and return what it was: None for what no ledger holds."""
        if arrival.metric not in JUDGED:
            return None
        self._ledger.refresh()
        delivery = Delivery(arrival, self._measured(arrival))
        if delivery.at > self._since:
            self.deliveries.append(delivery)
        return delivery

    def _measured(self, arrival: Arrival) -> Sequence[Measurement]:
        """Return what was measured of which an arrival tells."""
        if is_count := arrival.metric == STEPS:
            measured = self._ledger.during(self._began(arrival), arrival.measured_ms)
        else:
            measured = self._told(arrival.measured_ms)
        candidates = [one for one in measured if self._may_be_of(one, arrival)]
        if is_count or not candidates:
            return candidates
        likeliest = min(
            candidates,
            key=lambda candidate: (
                candidate.value != arrival.value,
                self._sources.index(candidate.entity_id),
            ),
        )
        self._told_at.setdefault(likeliest, arrival.measured_ms)
        return [likeliest]

    def _began(self, arrival: Arrival) -> int:
        """Return when began what was counted (ms).

        A database is only told when it ended: it began when what came before it ended.
        """
        if (end := arrival.measured_ms) != arrival.started_ms:
            return arrival.started_ms
        ends = self._counted.setdefault(arrival.source, [])
        index = bisect_left(ends, end)
        if index == len(ends) or ends[index] != end:
            ends.insert(index, end)
        return ends[index - 1] if index else end - COUNTED_EVERY

    def _told(self, measured_at: int) -> Sequence[Measurement]:
        """Return what may be told with a time: each measurement only ever with the same."""
        return [
            measurement
            for measurement in self._ledger.at(measured_at, self._step)
            if self._told_at.get(measurement, measured_at) == measured_at
        ]

    def _may_be_of(self, measurement: Measurement, arrival: Arrival) -> bool:
        """Return whether an arrival is from the sensor that measured, as far as it tells.

        Where a service knows devices, their names end with a mark that no other has.
        """
        return measurement.entity_id in self._sources and (
            arrival.source in ("", measurement.entity_id)
            or arrival.source.rpartition(" ")[0] == measurement.device
        )

    @property
    def due(self) -> Sequence[Measurement]:
        """What has to arrive, of all that is in the ledger."""
        return [
            measurement
            for measurement in self._ledger.measurements
            if measurement.is_due
            and measurement.at > self._since
            and measurement.entity_id in self._counting
        ]

    @property
    def held(self) -> Sequence[Measurement]:
        """What is to arrive yet: the latest ones of a unit, too few to make a batch."""
        until: dict[str, int] = {}
        for measurement in self._arrived:
            unit = measurement.unit
            until[unit] = max(until.get(unit, 0), measurement.at)
        latest: defaultdict[str, list[Measurement]] = defaultdict(list)
        for measurement in self._missing:
            if measurement.at > until.get(measurement.unit, 0):
                latest[measurement.unit].append(measurement)
        few = [held for held in latest.values() if len(held) < self._min_batch]
        return list(chain.from_iterable(few))

    @property
    def lost(self) -> Sequence[Measurement]:
        """What has to arrive and did not, and is not held either."""
        held = set(self.held)
        return [measurement for measurement in self._missing if measurement not in held]

    @property
    def _missing(self) -> Sequence[Measurement]:
        """What has to arrive and did not."""
        arrived = set(self._arrived)
        return [measurement for measurement in self.due if measurement not in arrived]

    @property
    def _arrived(self) -> Iterable[Measurement]:
        """All that arrived, as often as it did."""
        return chain.from_iterable(
            delivery.measurements for delivery in self.deliveries
        )

    @property
    def steps(self) -> Steps:
        """How many steps there are in all."""
        delivered = {
            _identity(delivery): delivery.arrival.value
            for delivery in self.deliveries
            if delivery.arrival.metric == STEPS
        }
        return Steps(
            sum(delivered.values()),
            _steps_of(self.held),
            _steps_of({*self.due, *self._arrived}),
        )

    @property
    def wrong(self) -> Sequence[Delivery]:
        """What arrived other than it was measured, or from a source that does not count."""
        return [
            delivery
            for delivery in self.deliveries
            if delivery.is_altered or self._is_stray(delivery)
        ]

    def _is_stray(self, delivery: Delivery) -> bool:
        """Return whether a delivery is from a source that does not count."""
        return not self._counting.issuperset(
            measurement.entity_id for measurement in delivery.measurements
        ) and not self._is_silence(delivery.at)

    def _is_silence(self, moment: int) -> bool:
        """Return whether no source that counts measures for a while around a moment (ms)."""
        moments = [
            measurement.at
            for measurement in self._ledger.measurements
            if measurement.is_due and measurement.entity_id in self._counting
        ]
        index = bisect(moments, moment)
        around = (*moments[max(index - 1, 0) : index + 1], moment)
        return max(around) - min(around) > SILENT_FOR

    @property
    def duplicated(self) -> int:
        """How many deliveries were repeats."""
        counts = Counter(map(_identity, self.deliveries))
        return counts.total() - len(counts)

    @property
    def is_good(self) -> bool:
        """Whether something arrived, all of it, and as it was measured."""
        return (
            bool(self.deliveries)
            and not self.lost
            and not self.wrong
            and self.steps.delivered + self.steps.held == self.steps.counted
        )

    def latency(self, percentile: float) -> float:
        """Return the latency that so many percent of the deliveries do not exceed, in ms."""
        return _percentile(
            (delivery.latency for delivery in self.deliveries), percentile
        )

    def latency_from_air(self, percentile: float) -> float:
        """Return the same for what a monitor sent: NaN where it sent nothing."""
        return _percentile(
            (one.latency for one in self.deliveries if one.is_from_air), percentile
        )


def _identity(delivery: Delivery) -> tuple[str, str, int, int]:
    """Return what a delivery has in common with its repeats."""
    arrival = delivery.arrival
    return delivery.source, arrival.metric, arrival.started_ms, delivery.at


def _steps_of(measurements: Iterable[Measurement]) -> float:
    """Return how many steps were measured."""
    return sum(
        measurement.value
        for measurement in measurements
        if measurement.unit == UNIT_STEPS
    )


def _percentile(values: Iterable[float], percentile: float) -> float:
    """Return the smallest value that so many percent do not exceed, NaN without values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(percentile / 100 * len(ordered)) - 1, 0)]
