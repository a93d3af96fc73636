"""What became of the readings that a relay owes."""

from bisect import bisect, bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
import math
import time
from typing import NamedTuple

from custom_components.heart_rate_relay.metrics import Kind, Metric
from homeassistant.util import slugify

from .ledger import Ledger, Measurement
from .named import Told, taken, told
from .relays import Relay
from .stand_ins import Arrival

WARM_UP = 2_000
"""For how long a relay owes nothing after all is set up, in ms."""

COUNTED_EVERY = 1_000
"""How often the fastest counters count, in ms."""

SILENT_FOR = 2_000
"""A source that is silent for longer may have another step in for it, in ms."""


class Delivery(NamedTuple):
    """A reading that arrived at a service."""

    arrival: Arrival
    told: Told
    measurements: Sequence[Measurement]
    """What was measured then: all that a counter gained meanwhile, else one at most."""

    @property
    def source(self) -> str:
        """The entity that measured it, or what the service calls its source."""
        return (
            self.measurements[-1].entity_id if self.measurements else self.told.source
        )

    @property
    def metric(self) -> Metric:
        """What was measured."""
        return self.told.metric

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
        total = sum(measurement.value for measurement in self.measurements)
        return not self.measurements or not _same(total, self.told.value)


class Counted(NamedTuple):
    """How much of what is counted there is in all."""

    delivered: float
    """What the service holds. A repeat adds nothing."""
    held: float
    counted: float

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out, or told twice."""
        return _same(self.delivered + self.held, self.counted)


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
        self._since = math.inf
        self._sources = sources
        self._takes = taken(self.service)
        self._one_line = relay.one_line
        self._told_at: dict[Measurement, int] = {}
        self._counted: dict[tuple[str, Metric], list[int]] = {}

    def begin(self) -> None:
        """Expect all that is measured from now on: everything else is set up."""
        self._since = time.time() * 1000 + WARM_UP

    def add(self, arrival: Arrival) -> Delivery | None:
        """Note what arrived, and return what it was: None for what no ledger holds."""
        self._ledger.refresh()
        if not (tells := told(arrival)) or self._is_unnoted(tells):
            return None
        delivery = Delivery(arrival, tells, self._measured(arrival, tells))
        if delivery.at > self._since:
            self.deliveries.append(delivery)
        return delivery

    def _is_unnoted(self, tells: Told) -> bool:
        """Return whether a source writes no ledger.

        So is what the integration itself makes of a monitor's heart rates.
        """
        unnoted = [one for one in self._sources if one not in self._ledger.entities]
        if "." in tells.source:
            return tells.source in unnoted
        device = tells.source.rpartition(" ")[0]
        names = [one.partition(".")[2] for one in unnoted]
        is_known = (device, tells.metric) in self._ledger.devices
        return not is_known and any(
            device and name.startswith(slugify(device)) for name in names
        )

    def _counting(self, metric: Metric) -> Sequence[str]:
        """Return the sources of a metric that count. The first one never falls silent."""
        measuring = self._ledger.measuring[metric]
        sources = [source for source in self._sources if source in measuring]
        return sources[:1] if self._one_line else sources

    def _measured(self, arrival: Arrival, tells: Told) -> Sequence[Measurement]:
        """Return what was measured of which an arrival tells."""
        metric = tells.metric
        if is_count := metric.kind is Kind.COUNTER:
            began = self._began(arrival, metric)
            found = self._ledger.during(metric, began, arrival.measured_ms)
        else:
            found = self._told(metric, arrival.measured_ms)
        candidates = [one for one in found if self._may_be_of(one, tells.source)]
        if is_count or not candidates:
            return candidates
        likeliest = min(
            candidates,
            key=lambda candidate: (
                not _same(candidate.value, tells.value),
                self._sources.index(candidate.entity_id),
            ),
        )
        self._told_at.setdefault(likeliest, arrival.measured_ms)
        return [likeliest]

    def _began(self, arrival: Arrival, metric: Metric) -> int:
        """Return when began what was counted (ms).

        A database is only told when it ended: it began when what came before it ended.
        """
        if (end := arrival.measured_ms) != arrival.started_ms:
            return arrival.started_ms
        ends = self._counted.setdefault((arrival.source, metric), [])
        index = bisect_left(ends, end)
        if index == len(ends) or ends[index] != end:
            ends.insert(index, end)
        return ends[index - 1] if index else end - COUNTED_EVERY

    def _told(self, metric: Metric, measured_at: int) -> Sequence[Measurement]:
        """Return what may be told with a time: each measurement only ever with the same."""
        return [
            measurement
            for measurement in self._ledger.at(metric, measured_at, self._step)
            if self._told_at.get(measurement, measured_at) == measured_at
        ]

    def _may_be_of(self, measurement: Measurement, source: str) -> bool:
        """Return whether an arrival's source is the sensor that measured, as far as it tells.

        Where a service knows devices, their names end with a mark that no other has.
        """
        return measurement.entity_id in self._sources and (
            source in ("", measurement.entity_id)
            or source.rpartition(" ")[0] == measurement.device
        )

    @property
    def due(self) -> Sequence[Measurement]:
        """What has to arrive, of all that is in the ledger."""
        counting = {metric: self._counting(metric) for metric in self._takes}
        return [
            measurement
            for measurement in self._ledger.measurements
            if measurement.is_due
            and measurement.at > self._since
            and measurement.entity_id in counting.get(measurement.metric, ())
        ]

    @property
    def held(self) -> Sequence[Measurement]:
        """What is to arrive yet: the latest ones of a metric, too few to make a batch."""
        until: dict[Metric, int] = {}
        for measurement in self._arrived:
            metric = measurement.metric
            until[metric] = max(until.get(metric, 0), measurement.at)
        latest: defaultdict[Metric, list[Measurement]] = defaultdict(list)
        for measurement in self._missing:
            if measurement.at > until.get(measurement.metric, 0):
                latest[measurement.metric].append(measurement)
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
    def counted(self) -> Mapping[Metric, Counted]:
        """How much there is in all of each metric that is counted."""
        delivered = {
            _identity(delivery): delivery
            for delivery in self.deliveries
            if delivery.metric.kind is Kind.COUNTER
        }
        held, owed = self.held, {*self.due, *self._arrived}
        metrics = dict.fromkeys(
            one.metric for one in owed if one.metric.kind is Kind.COUNTER
        )
        return {
            metric: Counted(
                sum(
                    one.told.value for one in delivered.values() if one.metric is metric
                ),
                _total(held, metric),
                _total(owed, metric),
            )
            for metric in metrics
        }

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
        counting = frozenset(self._counting(delivery.metric))
        return not counting.issuperset(
            measurement.entity_id for measurement in delivery.measurements
        ) and not self._is_silence(counting, delivery)

    def _is_silence(self, counting: Container[str], delivery: Delivery) -> bool:
        """Return whether no source that counts measures for a while around a delivery."""
        moments = [
            measurement.at
            for measurement in self._ledger.measurements
            if measurement.is_due
            and measurement.metric is delivery.metric
            and measurement.entity_id in counting
        ]
        moment = delivery.at
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
            and all(counted.is_whole for counted in self.counted.values())
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


def _identity(delivery: Delivery) -> tuple[str, Metric, int, int]:
    """Return what a delivery has in common with its repeats."""
    return delivery.source, delivery.metric, delivery.arrival.started_ms, delivery.at


def _total(measurements: Iterable[Measurement], metric: Metric) -> float:
    """Return how much of a metric was counted."""
    return sum(one.value for one in measurements if one.metric is metric)


def _same(one: float, other: float) -> bool:
    """Return whether two values are the same, but for what a computer makes of fractions."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _percentile(values: Iterable[float], percentile: float) -> float:
    """Return the smallest value that so many percent do not exceed, NaN without values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(percentile / 100 * len(ordered)) - 1, 0)]
