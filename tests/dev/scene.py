"""Sensors that measure, and relays from them: what the tests of tallies share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
import time

from custom_components.heart_rate_relay.metrics import HEART_RATE, STEPS, Metric
from dev.ledger import Ledger
from dev.relays import Relay
from dev.simulated_heart_rate.record import Kind, Record, Writer
from dev.stand_ins import Arrival, Gerosense, InfluxDBv1, LiveTracking, OpenWearables
from dev.tally import Tally

STRAP = "sensor.strap"
WATCH = "sensor.watch"
PHONE = "sensor.phone"

BIKE = "sensor.bike"
TRACKER = "device_tracker.phone"
BESIDE = (BIKE, TRACKER)
"""What measures other metrics."""

DEVICES = {STRAP: "Strap", WATCH: "Old watch", PHONE: "Phone", BIKE: "Bike"}


class Scene:
    """Two sensors and the relays from both of them."""

    def __init__(self, path: Path) -> None:
        """Begin five seconds after the relays were set up: they owe something by then."""
        self.ledger = Ledger(path)
        self.writer = Writer(str(path))
        self.start = int(time.time() + 5) * 1000
        self.tally = self._tally(Relay(stand_in=InfluxDBv1(), steps={}))
        self.one_line = self._tally(
            Relay(stand_in=LiveTracking(), steps={}, step=1000, one_line=True)
        )
        self.gathered = self._tally(
            Relay(stand_in=Gerosense(), steps={}, gathers=True, min_batch=3), PHONE
        )

    def _tally(self, relay: Relay, *more: str) -> Tally:
        tally = Tally(relay, (STRAP, WATCH, *more, *BESIDE), self.ledger)
        tally.begin()
        return tally

    def with_source(self, entity_id: str) -> Tally:
        """Return the tally of a relay with a source that writes no ledger."""
        return self._tally(Relay(stand_in=InfluxDBv1(), steps={}), entity_id)

    def by_day(self) -> Tally:
        """Return the tally of a relay to a service that takes most metrics, and gathers."""
        return self._tally(Relay(stand_in=OpenWearables(), steps={}, gathers=True))

    def at(self, second: int) -> int:
        """Return when a sensor measures: a quarter of a second after the full one."""
        return self.start + second * 1000 + 250

    def measure(
        self,
        value: float,
        second: int,
        entity_id: str = STRAP,
        metric: Metric | None = None,
    ) -> None:
        """Let an entity measure, or count."""
        metric = metric or (STEPS if entity_id == PHONE else HEART_RATE)
        device, at = DEVICES.get(entity_id, "Phone"), self.at(second)
        self.writer.write(Record(entity_id, device, metric.key, Kind.CHANGE, at, value))
        self.ledger.refresh()

    def send(self, value: float, second: int, after: int = 250) -> None:
        """Let the strap send a notification, so many ms after the full second."""
        at = self.start + second * 1000 + after
        self.writer.write(Record(STRAP, "Strap", HEART_RATE.key, Kind.SENT, at, value))
        self.ledger.refresh()

    def deliver(
        self,
        value: float,
        second: int,
        late: float = 5,
        source: str = STRAP,
        field: str = "",
    ) -> None:
        """Let a reading arrive at the service of many lines."""
        at = self.at(second)
        self.tally.add(
            Arrival("influxdb_v1", at * 1000, value, source, at + late, {}, field)
        )

    def deliver_one_line(self, value: float, second: int, field: str = "") -> None:
        """Let a reading arrive at the service of one line."""
        at = self.start + second * 1000
        self.one_line.add(
            Arrival("livetracking", at * 1000, value, "", at + 255, {}, field)
        )

    def deliver_gathered(
        self, value: float, second: int, device: str = "Strap 1a2b3c4d"
    ) -> None:
        """Let a heart rate arrive at the service that gathers."""
        tags = {"data_type": "bpm", "start": _iso(self.at(second))}
        self._deliver_gathered(value, second, device, tags)

    def deliver_steps(
        self, value: float, begin: int, end: int, device: str = "Phone 5e6f7a8b"
    ) -> None:
        """Let steps arrive at the service that gathers."""
        tags = {"data_type": "steps", "start": _iso(self.at(begin))}
        self._deliver_gathered(value, end, device, tags)

    def _deliver_gathered(
        self, value: float, second: int, device: str, tags: Mapping[str, str]
    ) -> None:
        at = self.at(second)
        self.gathered.add(
            Arrival("gerosense", at * 1000, value, device, at + 9000, tags)
        )


def _iso(at: int) -> str:
    """Return milliseconds since the epoch as a date."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
