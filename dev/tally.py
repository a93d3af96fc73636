"""What became of the readings that a relay owes."""

from collections import Counter
from collections.abc import Iterable, Sequence
import math
import time
from typing import NamedTuple

from .ledger import Ledger, Measurement
from .relays import Relay
from .stand_ins import Arrival

WARM_UP = 2_000
"""For how long another source may step in for the first one, in ms.

A source counts as live once it has been heard of, after the set-up or a restart. Right
after the set-up a relay owes nothing.
"""


class Delivery(NamedTuple):
    """A reading that arrived at a service."""

    arrival: Arrival
    measurement: Measurement | None
    """What was measured then, None where nothing was."""

    @property
    def at(self) -> int:
        """When it was measured, in ms, more exactly than a service may tell."""
        return self.measurement.at if self.measurement else self.arrival.measured_at

    @property
    def latency(self) -> float:
        """From the measurement to the arrival, in ms."""
        return self.arrival.received_at - self.at

    @property
    def is_altered(self) -> bool:
        """Whether it is not what was measured."""
        return self.measurement is None or self.measurement.value != self.arrival.value


class Tally:
    """The readings of a relay that has just been set up."""

    def __init__(self, relay: Relay, sources: Sequence[str], ledger: Ledger) -> None:
        """Initialize the tally, with the relay's sources in their order."""
        self.service = relay.stand_in.service
        self.deliveries: list[Delivery] = []
        self._ledger = ledger
        self._step = relay.step
        self._since = time.time() * 1000 + WARM_UP
        self._sources = sources
        # The first one never falls silent
        self._counting = frozenset(sources[:1] if relay.one_line else sources)

    def add(self, arrival: Arrival) -> Delivery:
        """Note what arrived, and return what it was."""
        self._ledger.refresh()
        candidates = [
            measurement
            for measurement in self._ledger.at(arrival.measured_at, self._step)
            if measurement.entity_id in self._sources
            and arrival.source in ("", measurement.entity_id)
        ]
        likeliest = min(
            candidates,
            key=lambda candidate: (
                candidate.value != arrival.value,
                self._sources.index(candidate.entity_id),
            ),
            default=None,
        )
        delivery = Delivery(arrival, likeliest)
        if delivery.at > self._since:
            self.deliveries.append(delivery)
        return delivery

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
    def lost(self) -> Sequence[Measurement]:
        """What has to arrive and did not."""
        arrived = {delivery.measurement for delivery in self.deliveries}
        return [measurement for measurement in self.due if measurement not in arrived]

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
        return (
            delivery.measurement is not None
            and delivery.measurement.entity_id not in self._counting
            and not any(
                start <= delivery.at <= start + WARM_UP for start in self._ledger.starts
            )
        )

    @property
    def duplicated(self) -> int:
        """How many deliveries were repeats."""
        counts = Counter(
            (delivery.arrival.source, delivery.arrival.measured_at)
            for delivery in self.deliveries
        )
        return counts.total() - len(counts)

    @property
    def is_good(self) -> bool:
        """Whether something arrived, all of it, and as it was measured."""
        return bool(self.deliveries) and not self.lost and not self.wrong

    def latency(self, percentile: float) -> float:
        """Return the latency that so many percent of the deliveries do not exceed, in ms."""
        return _percentile(
            (delivery.latency for delivery in self.deliveries), percentile
        )


def _percentile(values: Iterable[float], percentile: float) -> float:
    """Return the smallest value that so many percent do not exceed, NaN without values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(percentile / 100 * len(ordered)) - 1, 0)]
