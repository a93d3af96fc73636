"""Counters of other things than steps: metres, kilocalories, floors, glasses of water."""

from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.heart_rate_relay.metrics import (
    CYCLING_DISTANCE,
    DISTANCE,
    ENERGY,
    FLOORS,
    HYDRATION,
    STEPS,
    TOTAL_ENERGY,
    Counting,
    Kind,
    Metric,
)

from .counters import Life, Phone, lives

pytestmark = pytest.mark.usefixtures("berlin")

TOTAL = "sensor.bike_total"
DAILY = "sensor.bike_today"


class Shown(NamedTuple):
    """How a counter shows what it counts."""

    metric: Metric
    unit: str
    size: float
    """How many of the metric's unit one of those is."""

    def phone(self, entity_id: str) -> Phone:
        """Return a counter that shows it so."""
        return Phone(entity_id, self.metric, self.unit, self.size)

    @property
    def pace(self) -> float:
        """The most that anybody does in a second, in what a counter tells apart."""
        assert self.metric.counting
        fine = 1 if self.metric.counting.is_whole else 1000
        return self.metric.counting.steady * fine / 60 * 0.9


SHOWN = [
    Shown(CYCLING_DISTANCE, "km", 1000),
    Shown(CYCLING_DISTANCE, "mi", 1609.344),
    Shown(DISTANCE, "m", 1),
    Shown(ENERGY, "kcal", 1),
    Shown(ENERGY, "kJ", 1 / 4.184),
    Shown(TOTAL_ENERGY, "Wh", 3.6 / 4.184),
    Shown(FLOORS, "floors", 1),
]
ENTERED = Shown(HYDRATION, "L", 1000)


@st.composite
def rides(
    draw: st.DrawFn, shown: list[Shown], *, silences: int, restarts: int = 4
) -> tuple[Shown, Life]:
    """Return something that is counted, and a life in which it is."""
    one = draw(st.sampled_from(shown))
    return one, draw(lives(silences=silences, restarts=restarts, pace=one.pace))


@pytest.mark.slow
@given(rides([*SHOWN, ENTERED], silences=2))
def test_counter_for_ever(ride: tuple[Shown, Life]) -> None:
    """All is told to the thousandth, whatever happens: an odometer."""
    shown, life = ride
    phone = shown.phone(TOTAL)
    life.tell(phone, life.ever)
    assert phone.sum == life.walked(life.reports[-1])


@pytest.mark.slow
@given(rides([*SHOWN, ENTERED], silences=0))
def test_regular_counter_of_a_day(ride: tuple[Shown, Life]) -> None:
    """All is told, if it is heard of each day: what a watch shows of today."""
    shown, life = ride
    assume(life.begins_each_day)
    phone = shown.phone(DAILY)
    life.tell(phone, life.of_day)
    assert phone.sum == life.walked(life.reports[-1])


@pytest.mark.slow
@given(rides([*SHOWN, ENTERED], silences=3), st.sampled_from([DAILY, TOTAL]))
def test_counter_of_a_day(ride: tuple[Shown, Life], entity_id: str) -> None:
    """Whether it is known to be one or not, nothing is invented."""
    shown, life = ride
    life.tell(shown.phone(entity_id), life.of_day)


@pytest.mark.slow
@given(rides(SHOWN, silences=2))
def test_counter_of_each_ride(ride: tuple[Shown, Life]) -> None:
    """Nothing is invented where a counter begins at 0 with each ride."""
    shown, life = ride
    life.tell(shown.phone(TOTAL), life.since_start)


@pytest.mark.slow
@given(rides(SHOWN, silences=1, restarts=0))
def test_regular_counter_of_each_ride(ride: tuple[Shown, Life]) -> None:
    """All is told that it showed, if it is seen to begin anew."""
    shown, life = ride
    counts = [life.since_start(time) for time in life.reports]
    assume(all(new >= old or 2 * new <= old for old, new in pairwise(counts)))
    phone = shown.phone(TOTAL)
    life.tell(phone, life.since_start)
    assert phone.sum == sum(
        new - old if new >= old else new for old, new in pairwise(counts)
    )


def test_fractions() -> None:
    """They are kept to the thousandth, and what is smaller comes with the next."""
    phone = Phone(TOTAL, ENERGY, "kcal")
    phone.show("21 10:00", 0)
    for minute in range(1, 11):
        phone.show(f"21 10:{minute:02}", f"{minute * 0.1234:.4f}")
    assert [reading.value for reading in phone.readings] == [
        *(0.123, 0.124, 0.123, 0.124, 0.123, 0.123, 0.124, 0.123, 0.124, 0.123)
    ]
    assert phone.sum == 1234


@pytest.mark.parametrize(
    ("metric", "unit", "shown", "gained"),
    [
        (ENERGY, "kcal", 12.5, 12.5),
        (ENERGY, "kJ", 418.4, 100),
        (ENERGY, "Wh", 1162.222, 1000),
        (TOTAL_ENERGY, "MJ", 4.184, 1000),
        (DISTANCE, "km", 1.2345, 1234.5),
        (DISTANCE, "mi", 1, 1609.344),
        (CYCLING_DISTANCE, "ft", 10_000, 3048),
        (HYDRATION, "mL", 250, 250),
        (HYDRATION, "L", 0.75, 750),
        (HYDRATION, "fl. oz.", 10, 295.735),
        (FLOORS, "floors", 3.9, 3),
        (FLOORS, None, 4, None),
        (DISTANCE, "kg", 4, None),
        (DISTANCE, None, 4, None),
        (DISTANCE, "km/h", 4, None),
        (ENERGY, "W", 4, None),
    ],
)
def test_units(
    metric: Metric, unit: str | None, shown: float, gained: float | None
) -> None:
    """A count is told in the unit of the metric, and what is no unit of it is left aside."""
    phone = Phone(TOTAL, metric)
    phone.show("21 10:00", 0, unit_of_measurement=unit)
    phone.show("21 11:00", shown, unit_of_measurement=unit)
    assert [r.value for r in phone.readings] == ([] if gained is None else [gained])


@pytest.mark.parametrize("value", ["-0.1", "nan", "inf", "1e9", "1e306", "far"])
def test_what_tells_no_count(value: str) -> None:
    """It is left aside, and nothing is forgotten for it."""
    phone = Phone(TOTAL, CYCLING_DISTANCE, "km")
    phone.show("21 09:00", 12.5)
    assert phone.show("21 10:00", value) == []
    assert phone.show("21 11:00", 13) == [500_000]
    assert phone.times == [("21 09:00", "21 11:00")]


def test_highest_count() -> None:
    """What no counter can have come to is not where it begins."""
    phone = Phone(TOTAL, CYCLING_DISTANCE, "km")
    assert phone.show("21 08:00", 2e9) == []
    assert phone.show("21 09:00", 10) == []
    assert phone.show("21 10:00", 11) == [1_000_000]


def test_trip_of_a_bike() -> None:
    """It begins at 0 with each ride, whatever the one before came to."""
    phone = Phone(TOTAL, CYCLING_DISTANCE, "km")
    phone.show("21 08:00", 25.4)
    assert phone.show("21 09:00", 0) == []
    assert phone.show("21 09:10", 4.25) == [4_250_000]
    assert phone.show("21 09:11", 4.75) == [500_000]
    assert phone.show("21 19:30", 1.5) == [1_500_000]
    assert phone.times == [
        ("21 09:00", "21 09:10"),
        ("21 09:10", "21 09:11"),
        ("21 09:11", "21 19:30"),
    ]


def test_energy_of_a_monitor() -> None:
    """It begins at 0 with each connection."""
    phone = Phone("sensor.bike_energy", ENERGY, "kcal")
    assert phone.show("21 18:00", 0) == []
    assert phone.show("21 18:30", 260) == [260_000]
    phone.show("21 18:31", "unavailable")
    assert phone.show("21 19:00", 0) == []
    assert phone.show("21 19:00", 0.4) == []
    assert phone.show("21 19:01", 9) == [9_000]
    phone.restart()
    phone.show("21 19:02", "unavailable", restored=True)
    assert phone.show("21 19:30", 3.5) == []
    assert phone.show("21 19:31", 4) == [4_000]


def test_total_that_never_ends() -> None:
    """An odometer goes on over nights, each day with its share."""
    phone = Phone(TOTAL, CYCLING_DISTANCE, "km")
    phone.show("20 12:00", 48_211.3)
    phone.show("21 12:00", 48_243.3)
    assert [reading.value for reading in phone.readings] == [16_000, 16_000]
    phone.restart()
    assert phone.show("21 12:01", 48_243.3) == []
    assert phone.show("21 13:00", 48_243.4) == [100_000]


def test_leap() -> None:
    """A distance that nobody can have ridden is not believed."""
    phone = Phone(TOTAL, DISTANCE, "km")
    phone.show("21 10:00", 10)
    assert phone.show("21 10:01", 42_949.672) == []
    assert phone.show("21 10:02", 10.5) == [500_000]


def test_distance_of_two_devices() -> None:
    """Metres counted twice and then once were walked once."""
    phone = Phone(DAILY, DISTANCE, "km")
    phone.show("21 10:00", 1)
    assert phone.show("21 16:00", 10) == [9_000_000]
    phone.show("21 18:00", 10)
    assert phone.show("21 18:05", 4) == []
    assert phone.show("21 20:00", 9) == []
    assert phone.show("22 00:05", 0.02) == [20_000]


@pytest.mark.parametrize("entity_id", ["sensor.water", "sensor.water_today"])
def test_glass_that_is_struck_out(entity_id: str) -> None:
    """A drink entered by mistake and taken back was none."""
    phone = Phone(entity_id, HYDRATION, "mL")
    phone.show("21 08:00", 200)
    assert phone.show("21 10:00", 1200) == [1_000_000]
    assert phone.show("21 14:00", 200) == []
    assert phone.show("21 15:00", 700) == []
    assert phone.show("21 18:00", 1500) == [300_000]
    assert sum(phone.show("22 09:00", 250)) == 250_000


def test_glass_after_a_late_midnight() -> None:
    """Yesterday's glasses may be told until late: then what is drunk is of today."""
    phone = Phone("sensor.water_today", HYDRATION, "mL")
    phone.show("20 22:00", 2000)
    assert sum(phone.show("21 00:20", 2100)) == 100_000
    assert phone.show("21 00:40", 250) == [250_000]


def test_whole_floors() -> None:
    """There is no half floor, not even at midnight."""
    phone = Phone(TOTAL, FLOORS, "floors")
    phone.show("20 20:00", 0)
    assert phone.show("21 03:00", 4.5) == [2, 2]
    assert phone.show("21 09:00", 5) == [1]


def test_memory_is_of_whole_numbers() -> None:
    """What is remembered is exact, wherever it is kept."""
    phone = Phone(TOTAL, DISTANCE, "mi")
    phone.show("21 10:00", 0.1)
    phone.show("21 11:00", 0.3)
    assert all(type(number) is int for number in phone.counters["1a"])
    assert phone.sum == 321_869


@pytest.mark.parametrize(
    "row",
    [
        {"kind": Kind.COUNTER},
        {"counting": Counting(fastest=1, steady=1, highest=1)},
    ],
)
def test_row_that_does_not_say_how_to_count(row: dict[str, Any]) -> None:
    """A counter needs to know what to believe, and nothing else does."""
    with pytest.raises(ValueError, match="laps"):
        Metric("laps", "laps", (1, 10), **row)


def test_row_of_another_counter() -> None:
    """A new row is all that another counter needs."""
    laps = Metric(
        "laps",
        "laps",
        (1, 500),
        kind=Kind.COUNTER,
        counting=Counting(fastest=6, steady=2, highest=10**6, is_whole=True),
    )
    phone = Phone(TOTAL, laps, "laps")
    phone.show("21 10:00", 7)
    assert phone.show("21 10:30", 37) == [30]
    assert phone.readings[0].metric is laps
    assert STEPS.counting
    assert STEPS.counting.fastest == 4 * 60
