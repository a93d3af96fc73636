"""What became of the readings that a relay owes."""

from pathlib import Path
import time

import pytest

from dev.ledger import Ledger
from dev.relays import Relay
from dev.report import LogFilter, delivery_line, summary
from dev.simulated_heart_rate.record import Kind, Record, Writer
from dev.stand_ins import Arrival, InfluxDBv1, LiveTracking
from dev.tally import Tally

STRAP = "sensor.strap"
WATCH = "sensor.watch"


class Scene:
    """Two sensors and the relays from both of them."""

    def __init__(self, path: Path) -> None:
        """Begin five seconds after the relays were set up: they owe something by then."""
        self.ledger = Ledger(path)
        self.writer = Writer(str(path))
        self.start = int(time.time() + 5) * 1000
        self.tally = self._tally(Relay(stand_in=InfluxDBv1(), form={}))
        self.one_line = self._tally(
            Relay(stand_in=LiveTracking(), form={}, step=1000, one_line=True)
        )

    def _tally(self, relay: Relay) -> Tally:
        return Tally(relay, (STRAP, WATCH), self.ledger)

    def measure(self, value: float, second: int, entity_id: str = STRAP) -> None:
        """Let a sensor measure, a quarter of a second after the full one."""
        at = self.start + second * 1000 + 250
        self.writer.write(Record(entity_id, Kind.CHANGE, at, value))
        self.ledger.refresh()

    def restart(self, second: int) -> None:
        """Let Home Assistant start again, at the full second."""
        at = self.start + second * 1000
        self.writer.write(Record(STRAP, Kind.START, at, None))

    def deliver(
        self, value: float, second: int, late: float = 5, source: str = STRAP
    ) -> None:
        """Let a reading arrive at the service of many lines."""
        at = self.start + second * 1000 + 250
        self.tally.add(Arrival("influxdb_v1", at, value, source, at + late, {}))

    def deliver_one_line(self, value: float, second: int) -> None:
        """Let a reading arrive at the service of one line."""
        at = self.start + second * 1000
        self.one_line.add(Arrival("livetracking", at, value, "", at + 255, {}))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return a scene in which both sensors have already measured."""
    scene = Scene(tmp_path / "ledger.jsonl")
    scene.measure(60, -1)
    scene.measure(90, -1, WATCH)
    return scene


def test_all_is_well(scene: Scene) -> None:
    """Everything arrived as it was measured."""
    for second, value in enumerate((61, 62, 63)):
        scene.measure(value, second)
        scene.deliver(value, second, late=5 + second)
    assert scene.tally.is_good
    assert len(scene.tally.due) == len(scene.tally.deliveries) == 3
    assert scene.tally.latency(50) == 6
    assert scene.tally.latency(99) == 7


def test_nothing_delivered_is_not_good(scene: Scene) -> None:
    """Not even where nothing was due."""
    assert not scene.tally.due
    assert not scene.tally.is_good


def test_a_lost_reading(scene: Scene) -> None:
    """It is named in the summary."""
    scene.measure(61, 0)
    scene.measure(62, 1)
    scene.deliver(62, 1)
    assert [lost.value for lost in scene.tally.lost] == [61]
    assert not scene.tally.is_good
    assert "lost: 61 bpm of sensor.strap" in summary([scene.tally])


@pytest.mark.parametrize(
    ("value", "second", "source"), [(62, 0, STRAP), (61, 1, STRAP), (61, 0, WATCH)]
)
def test_a_wrong_reading(scene: Scene, value: float, second: int, source: str) -> None:
    """Another value, another time or another source is not what was measured."""
    scene.measure(61, 0)
    scene.deliver(61, 0)
    scene.deliver(value, second, source=source)
    assert len(scene.tally.wrong) == 1
    assert not scene.tally.is_good
    assert "not what was measured" in delivery_line(scene.tally.wrong[0])


def test_a_repeat_is_counted_and_no_more(scene: Scene) -> None:
    """Delivery is at least once."""
    scene.measure(61, 0)
    scene.deliver(61, 0)
    scene.deliver(61, 0)
    assert scene.tally.duplicated == 1
    assert scene.tally.is_good


def test_what_was_measured_early_does_not_count(scene: Scene) -> None:
    """Right after the set-up, a relay owes nothing and may deliver anything."""
    scene.measure(61, -4)
    scene.deliver(61, -4)
    scene.deliver(200, -4)
    assert not scene.tally.due
    assert not scene.tally.deliveries


def test_one_line(scene: Scene) -> None:
    """Only the first source counts, though the service does not say which it was."""
    scene.measure(61, 0)
    scene.measure(91, 0, WATCH)
    scene.deliver_one_line(61, 0)
    assert scene.one_line.is_good
    assert scene.one_line.deliveries[0].latency == 5
    scene.deliver_one_line(91, 0)
    assert [
        wrong.measurement and wrong.measurement.entity_id
        for wrong in scene.one_line.wrong
    ] == [WATCH]


def test_another_source_steps_in_after_a_restart(scene: Scene) -> None:
    """The first one has not been heard of yet."""
    scene.restart(0)
    scene.measure(91, 1, WATCH)
    scene.deliver_one_line(91, 1)
    assert scene.one_line.is_good
    scene.measure(92, 2, WATCH)
    scene.deliver_one_line(92, 2)
    assert len(scene.one_line.wrong) == 1


def test_the_log_is_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    """What the integration warns of is printed, with the lines that go on with it."""
    log = LogFilter("heart_rate_relay")
    begin = "2026-11-21 07:20:18.376+00:00"
    ours = "custom_components.heart_rate_relay.relay"
    for line in (
        f"{begin} WARNING (Sync) [homeassistant.loader] heart_rate_relay is not tested",
        f"{begin} DEBUG (MainThread) [{ours}] quiet",
        f"{begin} WARNING (MainThread) [{ours}] warned",
        f"{begin} ERROR (MainThread) [haffmpeg.core] FFmpeg fails",
        "Traceback of another",
        f"{begin} ERROR (MainThread) [{ours}] failed",
        "Traceback of ours",
    ):
        log.add(line)
    printed = [
        line.rpartition("] ")[2] for line in capsys.readouterr().out.splitlines()
    ]
    assert printed == ["warned", "failed", "Traceback of ours"]
    assert log.errors == 1
