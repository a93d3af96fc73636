"""What a relay owes, according to the ledger."""

from pathlib import Path

import pytest

from custom_components.heart_rate_relay.metrics import (
    CYCLING_DISTANCE,
    HEART_RATE,
    LATITUDE,
    POWER,
    STEPS,
    Metric,
)
from dev.ledger import LEEWAY, LIVE_FOR, TOLERANCE, TRAVEL, Ledger
from dev.simulated_heart_rate.record import Kind, Record, Writer

STRAP = "sensor.strap"
WATCH = "sensor.watch"
PHONE = "sensor.phone"
START = 1_795_000_000_250


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger is."""
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    """Return a ledger."""
    return Ledger(path)


def write(
    path: Path,
    *values: float | None,
    entity_id: str = STRAP,
    metric: Metric = HEART_RATE,
    first: int = 0,
) -> None:
    """Write a value a second, as a sensor does."""
    writer = Writer(str(path))
    before: float | None = None
    for second, value in enumerate(values, first):
        kind = Kind.REPORT if value == before else Kind.CHANGE
        if value is None:
            kind = Kind.UNAVAILABLE
        at = START + second * 1000
        writer.write(Record(entity_id, "device", metric.key, kind, at, value))
        before = value
    writer.close()


def start(path: Path, entity_id: str = STRAP, metric: Metric = HEART_RATE) -> None:
    """Start the sensor."""
    writer = Writer(str(path))
    writer.write(Record(entity_id, "device", metric.key, Kind.START, START, None))
    writer.close()


def due(ledger: Ledger) -> list[float]:
    """Return the values that a relay has to deliver."""
    ledger.refresh()
    return [
        measurement.value for measurement in ledger.measurements if measurement.is_due
    ]


def test_every_value_but_the_first_is_due(path: Path, ledger: Ledger) -> None:
    """The first one may be an old one, published again."""
    write(path, 70, 71, 71, 72)
    assert due(ledger) == [71, 71, 72]
    assert len(ledger.measurements) == 4


@pytest.mark.parametrize("metric", [POWER, LATITUDE])
def test_whatever_is_measured_is_due(
    path: Path, ledger: Ledger, metric: Metric
) -> None:
    """The same holds for each metric, and none is taken for another one."""
    write(path, 19.5, 19.6, 19.6, metric=metric)
    write(path, 90, 91)
    assert due(ledger) == [19.6, 19.6, 91]
    assert [one.value for one in ledger.at(metric, START + 1000, 1)] == [19.6]
    assert [one.value for one in ledger.at(HEART_RATE, START + 1000, 1)] == [91]


def test_one_entity_tells_several_metrics(path: Path, ledger: Ledger) -> None:
    """A tracker tells all of a place at once, each part with values of its own."""
    write(path, 52.1, 52.2, metric=LATITUDE)
    write(path, 52.1, 52.1, 7.5, metric=POWER)
    assert due(ledger) == [52.2, 52.1, 7.5]
    assert ledger.measuring == {LATITUDE: {STRAP}, POWER: {STRAP}}
    assert ledger.entities == {STRAP}


def test_the_first_value_after_unavailable_is_not_due(
    path: Path, ledger: Ledger
) -> None:
    """Nor is unavailable itself, in a row or not."""
    write(path, 70, 71, None, None, 72, 73)
    assert due(ledger) == [71, 73]
    assert [measurement.value for measurement in ledger.measurements] == [
        70,
        71,
        72,
        73,
    ]


def test_an_unchanged_value_is_due_for_a_minute(path: Path, ledger: Ledger) -> None:
    """After that it must not be delivered, and at the limit itself it may be."""
    write(path, 70, *([72] * 100), 73)
    assert due(ledger) == [72] * ((LIVE_FOR - LEEWAY) // 1000) + [73]
    repeats = [one for one in ledger.measurements if one.value == 72]
    assert repeats[-1].at - repeats[0].at == LIVE_FOR + LEEWAY


def test_after_a_restart_nothing_is_due_before_a_change(
    path: Path, ledger: Ledger
) -> None:
    """What is repeated may be old, until there is another value."""
    start(path)
    write(path, 70, 70, 71)
    start(path)
    write(path, 71, 71, 72, 72)
    assert due(ledger) == [71, 72, 72]
    assert len(ledger.measurements) == 7


def test_sensors_are_told_apart(path: Path, ledger: Ledger) -> None:
    """What one sensor does is nothing to another."""
    write(path, 70, 71)
    write(path, 90, 91, entity_id=WATCH)
    assert due(ledger) == [71, 91]


def test_a_half_written_line_is_read_when_it_is_whole(
    path: Path, ledger: Ledger
) -> None:
    """The ledger is read while it is written."""
    write(path, 70, 71)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert due(ledger) == []
    path.write_bytes(whole)
    assert due(ledger) == [71]


@pytest.mark.parametrize(
    ("measured_at", "step", "values"),
    [
        (START + 1000, 1, [71]),
        (START + 1001, 1, [71]),
        (START + 1002, 1, []),
        (START + 750, 1000, [71]),
        (START + 1000, 1000, []),
        (START + 3750, 1000, []),
    ],
)
def test_measurements_are_found_by_their_time(
    path: Path, ledger: Ledger, measured_at: int, step: int, values: list[float]
) -> None:
    """A service may tell the time in ms or in seconds."""
    write(path, 70, 71, 72)
    ledger.refresh()
    found = ledger.at(HEART_RATE, measured_at, step)
    assert [measurement.value for measurement in found] == values


@pytest.mark.parametrize(
    ("late", "found"), [(-2, 0), (-1, 1), (0, 1), (TRAVEL, 1), (TRAVEL + 2, 0)]
)
@pytest.mark.parametrize("phase", [0, 700])
def test_what_was_sent_is_found_when_it_is_there(
    path: Path, ledger: Ledger, phase: int, late: int, found: int
) -> None:
    """A notification takes a moment, and may come in the next second."""
    at = START + phase
    writer = Writer(str(path))
    writer.write(Record(STRAP, "device", HEART_RATE.key, Kind.SENT, at, 71))
    writer.close()
    ledger.refresh()
    assert len(ledger.at(HEART_RATE, at + late, 1)) == found


def walk(path: Path, *counts: float | None, first: int = 0) -> None:
    """Write a count a second, as a step counter does."""
    write(path, *counts, entity_id=PHONE, metric=STEPS, first=first)


def test_what_a_counter_gains_is_due(path: Path, ledger: Ledger) -> None:
    """What it shows at first was walked before, and where it stands still, nobody walks."""
    walk(path, 500, 500, 503, 503, 504)
    assert due(ledger) == [3, 1]
    assert [measurement.at - START for measurement in ledger.measurements] == [
        2000,
        4000,
    ]
    assert {measurement.metric for measurement in ledger.measurements} == {STEPS}


def test_a_counter_begins_anew(path: Path, ledger: Ledger) -> None:
    """Then all that it shows was walked since."""
    walk(path, 500, 503, 2, 5)
    assert due(ledger) == [3, 2, 3]


def test_a_counter_counts_on_while_it_is_not_read(path: Path, ledger: Ledger) -> None:
    """Neither unavailable nor a restart makes its count doubtful."""
    walk(path, 500, None, 507)
    start(path, PHONE, STEPS)
    walk(path, 520, first=9)
    assert due(ledger) == [7, 13]


@pytest.mark.parametrize(
    ("begin", "end", "values"),
    [
        (0, 1000, [1]),
        (0, 3000, [1, 2, 3]),
        (1000, 3000, [2, 3]),
        (-TOLERANCE, 1000 - TOLERANCE, [1]),
        (1000 - TOLERANCE, 2000 + TOLERANCE, [2]),
        (1000 - TOLERANCE - 1, 1000, [1]),
        (1500, 2999 - TOLERANCE, [2]),
        (3000, 9000, []),
        (2000, 2000, []),
    ],
)
def test_what_was_counted_during_a_time(
    path: Path, ledger: Ledger, begin: int, end: int, values: list[float]
) -> None:
    """It counts from when it was read before, but for that moment itself."""
    walk(path, 500, 501, 503, 506)
    write(path, 70, 71, 72)
    ledger.refresh()
    found = ledger.during(STEPS, START + begin, START + end)
    assert [measurement.value for measurement in found] == values


def test_heart_rates_and_steps_are_found_apart(path: Path, ledger: Ledger) -> None:
    """A count is found by its time only where a count is looked for."""
    walk(path, 500, 501)
    ledger.refresh()
    assert ledger.during(STEPS, START, START + 1000)
    assert not ledger.at(STEPS, START + 1000, 1)
    assert not ledger.during(CYCLING_DISTANCE, START, START + 1000)
