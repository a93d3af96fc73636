"""What became of the readings that a relay owes."""

from collections.abc import Mapping

import pytest

from custom_components.heart_rate_relay.metrics import (
    CYCLING_DISTANCE,
    LATITUDE,
    POWER,
    SPEED,
    STEPS,
)
from dev.report import LogFilter, delivery_line, summary
from dev.stand_ins import Arrival, OpenWearables
from dev.tally import Counted

from .scene import BIKE, PHONE, STRAP, TRACKER, WATCH, Scene


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
    ("value", "second", "source"),
    [(62, 0, STRAP), (61, 1, STRAP), (0, 1, STRAP), (61, 0, WATCH)],
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


def test_two_in_the_same_second_are_no_repeat(scene: Scene) -> None:
    """A service may not tell them apart when another source steps in."""
    scene.measure(61, 0)
    scene.measure(91, 0, WATCH)
    scene.deliver_one_line(61, 0)
    scene.deliver_one_line(91, 0)
    assert scene.one_line.duplicated == 0
    scene.deliver_one_line(61, 0)
    assert scene.one_line.duplicated == 1


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
        measurement.entity_id
        for wrong in scene.one_line.wrong
        for measurement in wrong.measurements
    ] == [WATCH]


@pytest.mark.parametrize(
    ("second", "wrong"), [(1, 1), (3, 0), (5, 0), (6, 1), (7, 1), (9, 1), (10, 0)]
)
def test_another_source_steps_in(scene: Scene, second: int, wrong: int) -> None:
    """It may while the first one is silent: at a restart, or out of reach."""
    for heard in (0, 1, 2, 6, 7):
        scene.measure(60 + heard, heard)
        scene.deliver_one_line(60 + heard, heard)
    scene.measure(91, second, WATCH)
    scene.deliver_one_line(91, second)
    assert len(scene.one_line.wrong) == wrong


def test_what_no_ledger_holds_is_not_judged(scene: Scene) -> None:
    """What the integration makes of a monitor's heart rates, and what is no metric."""
    tally = scene.with_source("sensor.virtual_strap_variability")
    at = scene.at(0)
    for source, tags, field in (
        ("Virtual strap 1a2b3c4d", {"type": "HEART_RATE_VARIABILITY"}, ""),
        ("sensor.virtual_strap_variability", {}, "heart_rate_variability"),
        (STRAP, {}, "anything"),
    ):
        arrival = Arrival("some", at * 1000, 41, source, at, tags, field)
        assert tally.add(arrival) is None
    assert not tally.deliveries


@pytest.mark.parametrize(
    ("source", "field"),
    [(BIKE, "cadence"), (STRAP, "power"), ("sensor.other", "power"), (WATCH, "speed")],
)
def test_what_nobody_measured(scene: Scene, source: str, field: str) -> None:
    """Another metric of a sensor, or one of a sensor that is none of the relay's, is wrong."""
    scene.measure(190, 0, BIKE, POWER)
    scene.deliver(190, 0, source=source, field=field)
    assert len(scene.tally.wrong) == 1


def test_each_metric_is_judged(scene: Scene) -> None:
    """Lost, repeated and altered, whatever was measured."""
    for second, watts in enumerate((180, 190, 200, 210)):
        scene.measure(watts, second, BIKE, POWER)
        scene.measure(52 + second / 8, second, TRACKER, LATITUDE)
    scene.deliver(190, 1, source=BIKE, field="power")
    scene.deliver(190, 1, source=BIKE, field="power")
    scene.deliver(201, 2, source=BIKE, field="power")
    scene.deliver(52.125, 1, source=TRACKER, field="latitude")
    scene.deliver(52.25, 2, source=TRACKER, field="latitude")
    scene.deliver(52.375, 3, source=TRACKER, field="latitude")
    assert [lost.value for lost in scene.tally.lost] == [210]
    assert scene.tally.duplicated == 1
    assert [one.told.value for one in scene.tally.wrong] == [201]
    printed = summary([scene.tally])
    assert "  lost: 210 W of sensor.bike" in printed
    assert printed.splitlines()[1].split()[1] == "2"


def test_one_line_of_each_metric(scene: Scene) -> None:
    """The first source of each counts, and a unit of the service's own is no other value."""
    for second in range(4):
        scene.measure(8.1 + second / 10, second, BIKE, SPEED)
        scene.measure(7 + second / 10, second, TRACKER, SPEED)
        scene.deliver_one_line((8.1 + second / 10) * 3.6, second, "spd_kph")
    assert scene.one_line.is_good
    scene.deliver_one_line(7.2 * 3.6, 2, "spd_kph")
    assert len(scene.one_line.wrong) == 1


def test_fractions_are_counted(scene: Scene) -> None:
    """What a computer makes of tenths is none of a counter's business."""
    tally = scene.by_day()
    for second, metres in enumerate((7.1, 14.3, 21.6)):
        scene.measure(metres, second, BIKE, CYCLING_DISTANCE)
    for second, metres in ((1, 7.2), (2, 7.3)):
        begin, end = scene.at(second - 1), scene.at(second)
        tags = {
            "type": "HKQuantityTypeIdentifierDistanceCycling",
            "start": str(begin * 1000),
        }
        arrival = ("open_wearables", end * 1000, metres, "Bike 1a2b3c4d", end, tags)
        tally.add(Arrival(*arrival))
    assert tally.is_good
    counted = tally.counted[CYCLING_DISTANCE]
    assert (counted.delivered, counted.counted) == pytest.approx((14.5, 14.5))


@pytest.fixture
def walk(scene: Scene) -> Scene:
    """Return a scene in which heart rates are delivered, and 1, 2 and 3 steps counted."""
    for second, value in enumerate((61, 62, 63)):
        scene.measure(value, second)
        scene.deliver_gathered(value, second)
    for second, count in enumerate((500, 501, 503, 506), -1):
        scene.measure(count, second, PHONE)
    return scene


@pytest.mark.parametrize(
    "readings",
    [
        [(1, -1, 0), (2, 0, 1), (3, 1, 2)],
        [(1, -1, 0), (5, 0, 2)],
        [(6, -1, 2)],
        [(1, -1, 0), (2, 0, 1), (3, 1, 2), (2, 0, 1)],
    ],
)
def test_steps_that_are_well(walk: Scene, readings: list[tuple[int, int, int]]) -> None:
    """It is their sum that counts, in whatever parts it comes, and not how often."""
    for steps, begin, end in readings:
        walk.deliver_steps(steps, begin, end)
    assert walk.gathered.is_good
    assert walk.gathered.counted == {STEPS: Counted(6, 0, 6)}
    assert walk.gathered.duplicated == max(0, len(readings) - 3)
    assert not walk.gathered.lost


@pytest.mark.parametrize(
    ("readings", "wrong"),
    [
        ([(1, -1, 0), (2, 0, 1), (4, 1, 2)], 1),
        ([(1, -1, 0), (3, 0, 1), (2, 1, 2)], 2),
        ([(6, -1, 2), (6, 2, 3)], 1),
        ([(1, -1, 0), (2, 0, 1), (3, 1, 2), (5, 0, 2)], 0),
        ([(3, 1, 2), (6, -1, 2)], 0),
        ([(1, -1, 0), (3, 1, 2)], 0),
    ],
)
def test_steps_that_are_not_well(
    walk: Scene, readings: list[tuple[int, int, int]], wrong: int
) -> None:
    """Too many, at another time, when there were none, told twice, and left out."""
    for steps, begin, end in readings:
        walk.deliver_steps(steps, begin, end)
    assert len(walk.gathered.wrong) == wrong
    assert not walk.gathered.is_good


def test_steps_from_before_the_relay_counts(scene: Scene) -> None:
    """What a counter gained while the relay was set up may come with the first steps."""
    for second, count in ((-5, 400), (-4, 404), (0, 406)):
        scene.measure(count, second, PHONE)
    scene.deliver_steps(6, -5, 0)
    assert scene.gathered.is_good
    assert scene.gathered.counted == {STEPS: Counted(6, 0, 6)}


def test_steps_of_another_device(walk: Scene) -> None:
    """Nobody counted them there."""
    walk.deliver_steps(6, -1, 2, "Strap 1a2b3c4d")
    assert len(walk.gathered.wrong) == 1
    assert "steps" in delivery_line(walk.gathered.wrong[0])


@pytest.mark.parametrize(
    ("device", "is_good"),
    [
        ("Strap 1a2b3c4d", True),
        ("Strap", False),
        ("Old watch 1a2b3c4d", False),
        ("Old Strap 1a2b3c4d", False),
    ],
)
def test_devices_are_told_by_their_names(
    scene: Scene, device: str, is_good: bool
) -> None:
    """A mark after the name keeps two like ones apart."""
    scene.measure(61, 0)
    scene.deliver_gathered(61, 0, device)
    assert scene.gathered.is_good is is_good


@pytest.mark.parametrize(("left", "held"), [(0, 0), (1, 1), (2, 2), (3, 0)])
@pytest.mark.parametrize("entity_id", [STRAP, PHONE])
def test_few_are_held(walk: Scene, entity_id: str, left: int, held: int) -> None:
    """As many of each metric as make no batch: they are not lost, but more of them are."""
    walk.deliver_steps(6, -1, 2)
    due = len(walk.gathered.due)
    for second in range(3, 3 + left):
        walk.measure(600 + second, second, entity_id)
    assert len(walk.gathered.held) == held
    assert len(walk.gathered.lost) == left - held
    assert walk.gathered.is_good is (left == held)
    shown = summary([walk.gathered]).splitlines()[1].split()
    assert shown[2:6] == [str(part) for part in (4, due + left, held, left - held)]


def test_each_metric_is_held_for_itself(walk: Scene) -> None:
    """Two of each are four, and held all the same."""
    walk.deliver_steps(3, -1, 1)
    walk.measure(64, 3)
    walk.measure(65, 4)
    walk.measure(508, 4, PHONE)
    assert sorted(held.value for held in walk.gathered.held) == [2, 3, 64, 65]
    assert walk.gathered.counted == {STEPS: Counted(3, 5, 8)}
    assert walk.gathered.is_good
    assert "  steps: 3 delivered, 5 held, 8 counted" in summary([walk.gathered])


def test_what_others_overtook_is_not_held(walk: Scene) -> None:
    """It went out before them, or never will."""
    walk.deliver_steps(1, -1, 0)
    walk.deliver_steps(3, 1, 2)
    assert [lost.value for lost in walk.gathered.lost] == [2]
    assert "  lost: 2 steps of sensor.phone" in summary([walk.gathered])


def test_a_service_that_takes_one_holds_none(scene: Scene) -> None:
    """What is missing there is lost."""
    scene.measure(61, 0)
    scene.deliver(61, 0)
    scene.measure(62, 1)
    assert not scene.tally.held
    assert len(scene.tally.lost) == 1


def test_the_latency_of_what_is_gathered_tells_nothing(walk: Scene) -> None:
    """So it is not shown."""
    walk.deliver(61, 0)
    walk.deliver(62, 1)
    walk.deliver(63, 2)
    _, fast, gathered, *_ = summary([walk.tally, walk.gathered]).splitlines()
    assert gathered.split()[-2:] == ["-", "-"]
    assert fast.split()[-2:] == ["5.0", "5.0"]


@pytest.mark.parametrize(
    ("tags", "metric", "started_at"),
    [
        ({}, "heart_rate", 5_000_000),
        ({"type": "HEART_RATE", "start": "5000000"}, "heart_rate", 5_000_000),
        ({"type": "STEP_COUNT", "start": "4000000"}, "steps", 4_000_000),
        (
            {"data_type": "steps", "start": "1970-01-01T00:00:04.001+00:00"},
            "steps",
            4_001_000,
        ),
        ({"data_type": "bpm"}, "heart_rate", 5_000_000),
        ({"type": "RESTING_HEART_RATE"}, "RESTING_HEART_RATE", 5_000_000),
        ({"type": "HEART_RATE_VARIABILITY"}, "heart_rate_variability", 5_000_000),
    ],
)
def test_arrivals_tell_what_they_are(
    tags: Mapping[str, str], metric: str, started_at: int
) -> None:
    """Each service has words of its own for it."""
    arrival = Arrival(OpenWearables.service, 5_000_000, 1, "", 6000, tags)
    assert (arrival.metric, arrival.started_at) == (metric, started_at)


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
