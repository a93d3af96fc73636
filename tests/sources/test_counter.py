"""A step counter's increments: is the sum right, whatever happens to the counter?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import assume, given, strategies as st
import pytest

from homeassistant.core import State
from homeassistant.util import dt as dt_util

from .counters import DAILY, HOUR, TOTAL, ZONE, Life, Phone, at, check, lives

pytestmark = pytest.mark.usefixtures("berlin")


def test_increments() -> None:
    """What a counter gained was walked since it was last heard."""
    phone = Phone()
    assert phone.show("21 10:00", 5000) == []
    assert phone.show("21 10:10", 5000) == []
    assert phone.show("21 10:15", 5300.9) == [300]
    assert phone.show("21 10:20", "5301") == [1]
    assert phone.times == [("21 10:10", "21 10:15"), ("21 10:15", "21 10:20")]


@pytest.mark.parametrize(
    ("value", "attributes"),
    [
        ("unavailable", {}),
        ("unknown", {}),
        ("many", {}),
        ("-5", {}),
        ("nan", {}),
        ("inf", {}),
        ("1e400", {}),
        ("1e15", {}),
        ("9", {"restored": True}),
        ("9000", {"unit_of_measurement": "m"}),
        ("9000", {"unit_of_measurement": "steps/min"}),
    ],
)
def test_what_tells_no_count(value: str, attributes: dict[str, Any]) -> None:
    """It is left aside, and nothing is forgotten for it."""
    phone = Phone()
    assert phone.show("21 09:00", value, **attributes) == []
    phone.show("21 10:00", 5000)
    assert phone.show("21 10:05", value, **attributes) == []
    assert phone.counter.observe(None, None, at("21 10:06")) == ()
    assert phone.show("21 10:10", 5300) == [300]
    assert phone.times == [("21 10:00", "21 10:10")]


def test_midnight_of_a_daily_counter() -> None:
    """It begins at 0 at midnight: what it shows then was walked since."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 8000)
    assert phone.show("21 00:10", 30) == [30]
    assert phone.show("21 08:00", 500) == [470]
    assert phone.times[0] == ("21 00:00", "21 00:10")


def test_late_report_of_a_daily_counter() -> None:
    """Soon after midnight, what is no less than before is still of yesterday."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 8000)
    assert sum(phone.show("21 00:20", 8300)) == 300
    assert phone.show("21 00:40", 30) == [30]
    assert phone.times[-1] == ("21 00:20", "21 00:40")


def test_late_report_after_a_long_silence() -> None:
    """Even then it is soon after midnight that of yesterday."""
    phone = Phone(DAILY)
    phone.show("20 11:00", 30)
    assert sum(phone.show("21 00:10", 200)) == 170


def test_daily_counter_that_is_heard_of_after_midnight() -> None:
    """Steps of today do not begin before yesterday's were last shown."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 8000)
    assert phone.show("21 00:30", 8000) == []
    assert phone.show("21 00:40", 300) == [300]
    assert phone.times == [("21 00:30", "21 00:40")]


def test_report_at_midnight() -> None:
    """Steps take time, even those that are of today by a clock that is ahead."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 8000)
    assert phone.show("21 00:00", 5) == [5]
    assert phone.readings[0].duration == 1000


def test_fall_over_night() -> None:
    """A lower count on another day is a new one, if it can have been walked since."""
    phone = Phone()
    phone.show("20 20:00", 5000)
    assert sum(phone.show("21 12:00", 3000)) == 3000


def test_count_that_resets_by_attribute() -> None:
    """A counter may say itself when it began."""
    phone = Phone()
    phone.show("20 22:00", 800, last_reset="2026-11-20T07:00:00+01:00")
    assert phone.show("20 22:10", 810, last_reset="2026-11-20T07:00:00+01:00") == [10]
    began = datetime(2026, 11, 21, 7, tzinfo=ZONE)
    assert phone.show("21 08:00", 900, last_reset=began) == [900]
    assert phone.times[-1] == ("21 07:00", "21 08:00")
    assert phone.show("21 08:10", 950, last_reset="soon") == [50]
    assert phone.show("21 08:20", 960, last_reset=at("21 08:15")) == [10]


def test_reset_that_cannot_be() -> None:
    """An attribute that always tells the present is not believed."""
    phone = Phone()
    for minute in range(10):
        time = at(f"21 08:{minute:02}")
        reset = datetime.fromtimestamp(time, ZONE).isoformat()
        phone.show(time, 5000 + minute, last_reset=reset)
    assert phone.sum == 9


def test_counter_of_a_day_by_its_attribute() -> None:
    """A last reset at midnight says that a counter is of a day."""
    phone = Phone()
    for day in (20, 21):
        reset = datetime(2026, 11, day, tzinfo=ZONE)
        phone.show(f"{day} 09:00", 3000, last_reset=reset)
    assert phone.sum == 3000
    assert phone.times == [("21 00:00", "21 09:00")]


def test_phone_reboot() -> None:
    """A total since the phone was switched on falls: all it shows is new."""
    phone = Phone()
    phone.show("21 10:00", 50_000)
    assert phone.show("21 10:30", 50_400) == [400]
    assert phone.show("21 11:00", 120) == [120]
    assert phone.show("21 11:30", 200) == [80]
    assert phone.times[1] == ("21 10:30", "21 11:00")


def test_fall_that_cannot_have_been_walked() -> None:
    """Ten thousand steps are not made in a minute: something was taken off."""
    phone = Phone()
    phone.show("21 10:00", 50_000)
    assert phone.show("21 10:01", 10_000) == []
    assert phone.show("21 14:01", 11_000) == []
    assert phone.show("21 18:01", 50_100) == [100]


@pytest.mark.parametrize("entity_id", [TOTAL, DAILY])
def test_correction(entity_id: str) -> None:
    """A counter that goes back on the same day tells nothing until it is past the mark."""
    phone = Phone(entity_id)
    phone.show("21 10:00", 1000)
    assert phone.show("21 11:00", 5000) == [4000]
    assert phone.show("21 12:00", 4500) == []
    assert phone.show("21 13:00", 4400) == []
    assert phone.show("21 13:30", 4900) == []
    assert phone.show("21 13:40", 5000) == []
    assert phone.show("21 14:00", 5010) == [10]
    assert phone.times[-1] == ("21 13:40", "21 14:00")


def test_large_correction_of_a_day() -> None:
    """Steps of two devices, counted twice and then once, were walked once."""
    phone = Phone(DAILY)
    phone.show("21 10:00", 1000)
    phone.show("21 16:00", 10_000)
    phone.show("21 18:00", 10_000)
    assert phone.show("21 18:05", 4000) == []
    assert phone.show("21 20:00", 9000) == []
    assert phone.show("22 00:05", 20) == [20]


def test_fall_for_good() -> None:
    """A count that stays below for a day counts on from there."""
    phone = Phone()
    phone.show("20 10:00", 900_000)
    assert phone.show("20 10:01", 700_000) == []
    for hour in range(11, 20):
        assert phone.show(f"20 {hour}:00", 700_000 - hour) == []
    assert phone.show("21 10:02", 700_100) == []
    assert phone.show("21 11:00", 700_150) == [50]


def test_falls_in_a_row() -> None:
    """They do not stop a counter for ever."""
    phone = Phone()
    phone.show("01 00:00", 10**9)
    for day in range(1, 20):
        phone.show(f"{day:02} 12:00", 10**9 - day * 10**7)
    phone.show("21 12:00", 10**8)
    assert phone.show("21 12:05", 10**8 + 5) in ([], [5])
    phone.show("22 12:10", 10**8 + 10)
    assert phone.show("22 12:20", 10**8 + 30) == [20]
    assert phone.sum <= 30


def test_week_offline_of_a_total() -> None:
    """All steps are told, each day's share of them on its day."""
    phone = Phone()
    phone.show("10 12:00", 100_000)
    assert phone.show("17 12:00", 170_001) == [5000, *[10_000] * 6, 5001]
    check(phone.readings, at("17 12:00"))
    assert phone.times[0] == ("10 12:00", "11 00:00")
    assert phone.times[-1] == ("17 00:00", "17 12:00")


@pytest.mark.parametrize("count", [2000, 9000])
def test_week_offline_of_a_daily_counter(count: int) -> None:
    """Only today's steps can be known, whether more or less than those of that day."""
    phone = Phone(DAILY)
    phone.show("10 12:00", 5000)
    assert phone.show("17 12:00", count) == [count]
    assert phone.times == [("17 00:00", "17 12:00")]


def test_same_count_after_a_night_says_nothing() -> None:
    """It is rather an old one shown again than as many steps as yesterday."""
    phone = Phone(DAILY)
    phone.show("20 20:00", 5000)
    assert phone.show("21 12:00", 5000) == []


def test_day_without_data() -> None:
    """A total goes on over it, and each day has its share."""
    phone = Phone()
    phone.show("10 18:00", 0)
    phone.show("11 12:00", "unavailable")
    assert phone.show("12 18:00", 4800) == [600, 2400, 1800]


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 11, 21), 24)]
)
def test_days_are_as_long_as_they_are(day: tuple[int, int, int], hours: int) -> None:
    """Steps are spread evenly over time, also when the clocks change."""
    start = datetime(*day, tzinfo=ZONE)
    phone = Phone()
    phone.show(start.timestamp() - HOUR, 0)
    phone.show(start.timestamp() + (hours + 1) * HOUR, (hours + 2) * 100)
    assert [reading.value for reading in phone.readings] == [100, hours * 100, 100]
    assert [reading.duration // HOUR // 1_000_000 for reading in phone.readings] == [
        1,
        hours,
        1,
    ]


def test_many_steps() -> None:
    """No reading has more than a service takes."""
    phone = Phone()
    phone.show("21 01:00", 0)
    assert phone.show("21 22:00", 70_000) == [23_333, 23_333, 23_334]
    check(phone.readings, at("21 22:00"))


def test_restart() -> None:
    """Steps made while Home Assistant was down count from when it was last heard."""
    phone = Phone()
    phone.show("21 10:00", 5000)
    phone.restart()
    assert phone.show("21 11:00", "unavailable", restored=True) == []
    assert phone.show("21 11:01", 5000) == []
    assert phone.show("21 11:02", 5200) == [200]
    assert phone.times == [("21 10:00", "21 11:02")]
    phone.restart()
    assert phone.show("21 11:10", 5300) == [100]


def test_old_count_shown_again() -> None:
    """What an integration saved before a restart is not of today."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 4000)
    phone.restart()
    assert phone.show("21 12:00", 3900) == []
    assert phone.show("21 12:05", 700) == [700]
    assert phone.times == [("21 00:00", "21 12:05")]


def test_old_count_shown_again_after_midnight() -> None:
    """A kill soon after midnight may bring yesterday's count back."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 900)
    assert phone.show("21 00:10", 10) == [10]
    phone.restart()
    assert phone.show("21 08:00", 900) == []
    assert phone.show("21 08:05", 40) == [30]


def test_flapping_count() -> None:
    """A service that tells now today's, now yesterday's count invents no steps."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 9000)
    for minute, count in enumerate([10, 9000, 12, 9000, 15]):
        phone.show(f"21 00:{minute + 10}", count)
    assert phone.sum == 15


def test_state_that_was_there() -> None:
    """A relay that begins takes note of the state that it finds."""
    phone = Phone()
    counter = phone.counter
    now = dt_util.utcnow()
    state = State(TOTAL, "100", {"friendly_name": "Steps"}, last_updated=now)
    assert counter.begin(state, trusted=True) == ()
    now += timedelta(minutes=1)
    later = State(TOTAL, "150", {"friendly_name": "Steps"}, last_updated=now)
    (reading,) = counter.begin(later, trusted=False)
    assert (reading.value, reading.source.name) == (50.0, "Steps")
    assert reading.measured_at == round(later.last_updated_timestamp * 1_000_000)


def test_measured_time() -> None:
    """Steps end when they were counted, where a state says when that was."""
    phone = Phone()
    phone.show("21 10:00", 100)
    phone.show("21 11:00", 150, measured_at="2026-11-21T10:45:00+01:00")
    phone.show("21 11:05", 160, measured_at="2026-11-21T10:45:00+01:00")
    assert phone.times == [("21 10:00", "21 10:45"), ("21 10:45", "21 11:05")]


def test_clock_set_back() -> None:
    """No two readings are of the same time."""
    phone = Phone()
    phone.show("21 10:00", 100)
    assert phone.show("21 10:10", 200) == [100]
    assert phone.show("21 09:50", 250) == []
    assert phone.show("21 10:10", 260) == []
    assert phone.show("21 10:11", 270) == [70]
    assert phone.times[-1] == ("21 10:10", "21 10:11")


def test_hours_handed_in_at_once() -> None:
    """A watch that was away hands in what it counted in parts, one after the other."""
    phone = Phone()
    phone.show("21 10:00", 100)
    assert phone.show("21 18:00", 4000) == [3900]
    assert phone.show("21 18:01", 12_000) == [8000]


def test_leap() -> None:
    """A count that no one can have walked is not believed, unless it stays for an hour."""
    phone = Phone()
    phone.show("21 10:00", 100)
    assert phone.show("21 10:01", 4_294_967_295) == []
    assert phone.show("21 10:02", 110) == [10]
    assert phone.show("21 10:10", 1_000_000) == []
    assert phone.show("21 10:40", 1_000_020) == []
    assert phone.show("21 11:05", 1_000_030) == []
    assert phone.show("21 11:10", 1_000_040) == []
    assert phone.show("21 11:20", 1_000_070) == [30]


def test_old_count_shown_again_after_a_late_midnight() -> None:
    """Yesterday's count may be shown until late, and then come back."""
    phone = Phone(DAILY)
    phone.show("20 22:00", 900)
    phone.show("21 02:00", 900)
    assert phone.show("21 02:10", 10) == [10]
    phone.restart()
    assert phone.show("21 02:20", 900) == []
    assert phone.show("21 02:25", 40) == [30]


def nights(phone: Phone, days: Sequence[int]) -> None:
    """Let a counter show what one of a day shows, without saying that it is one."""
    for day in days:
        phone.show(f"{day:02} 00:05", 0)
        phone.show(f"{day:02} 12:00", 3000)
        phone.show(f"{day:02} 20:00", 4000)


def test_counter_of_a_day_is_found_out() -> None:
    """A count that falls night after night is that of a day."""
    phone = Phone()
    phone.show("01 20:00", 4000)
    nights(phone, [2, 3])
    told = phone.sum
    assert sum(phone.show("05 12:00", 5000)) == 1000
    phone = Phone()
    phone.show("01 20:00", 4000)
    nights(phone, [2, 3, 4])
    assert phone.sum == told + 4000
    assert phone.show("06 12:00", 5000) == [5000]


def test_counter_of_a_day_is_none_any_more() -> None:
    """A count that goes on in the morning is none of a day."""
    phone = Phone()
    phone.show("01 20:00", 4000)
    nights(phone, [2, 3, 4])
    phone.show("05 06:00", 4000)
    assert phone.show("05 07:00", 4100) == [100]
    assert sum(phone.show("06 12:00", 5000)) == 900


def test_counter_of_a_day_may_be_late() -> None:
    """A last report of yesterday does not make it another kind of counter."""
    phone = Phone()
    phone.show("01 20:00", 4000)
    nights(phone, [2, 3, 4])
    assert sum(phone.show("05 00:20", 4100)) == 100
    phone.show("05 00:40", 0)
    phone.show("05 12:00", 3000)
    assert phone.show("06 13:00", 5000) == [5000]


def test_counter_that_begins_anew_at_noon() -> None:
    """It is none of a day."""
    phone = Phone()
    phone.show("01 20:00", 4000)
    nights(phone, [2, 3, 4])
    for when, count in (("00:05", 0), ("10:00", 3000), ("13:00", 10), ("14:00", 400)):
        phone.show(f"05 {when}", count)
    assert sum(phone.show("06 14:00", 900)) == 500


@pytest.mark.parametrize("before", [0, 100_000])
def test_too_much_in_a_moment(before: int) -> None:
    """It waits until there is time for it."""
    phone = Phone()
    phone.show("21 08:00", before)
    noon = at("21 16:00")
    phone.show(noon, before)
    assert phone.show(noon + 0.001, 40_000) == []
    assert phone.show(noon + 10, 40_000) == [20_000, 20_000]
    check(phone.readings, noon + 10)


@pytest.mark.parametrize("back", [900_000, 900_010])
def test_correction_that_is_over(back: int) -> None:
    """It does not shorten the next one."""
    phone = Phone()
    phone.show("20 10:00", 900_000)
    phone.show("20 10:10", 899_000)
    assert sum(phone.show("20 10:20", back)) == back - 900_000
    assert phone.show("21 12:00", 899_500) == []
    assert phone.show("21 12:10", back) == []


def test_steps_after_a_correction() -> None:
    """They were made since the counter was last heard."""
    phone = Phone()
    phone.show("21 10:00", 5000)
    phone.show("21 12:00", 4500)
    assert phone.show("21 14:00", 5010) == [10]
    assert phone.times == [("21 12:00", "21 14:00")]


@pytest.mark.parametrize(
    "remembered",
    [
        None,
        [],
        {},
        "123456789",
        [1, 2, 3],
        [1, 2, 3, 4, 5, 6, 7, 8, "9"],
        [1, 2, 3, 4, 5, 6, 7, 8, -8],
        [1, 2, 3, 4, 5, 6, 7, 8, 8.5],
        [1, 2, 3, 4, 5, 6, 7, 8, True],
    ],
)
def test_damaged_memory(remembered: Any) -> None:
    """A counter begins anew where what it remembers makes no sense."""
    phone = Phone()
    phone.counters["1a"] = remembered
    assert phone.show("21 10:00", 100) == []
    assert phone.show("21 10:10", 130) == [30]


def test_memory_is_replaced() -> None:
    """What was handed to be written does not change under the hand."""
    phone = Phone()
    phone.show("21 10:00", 100)
    before = phone.counters["1a"]
    copy = list(before)
    phone.show("21 10:10", 130)
    assert before == copy
    assert phone.counters["1a"] != copy


@given(lives(silences=2))
def test_life_of_a_counter_for_ever(life: Life) -> None:
    """All steps are told, whatever happens."""
    phone = Phone()
    life.tell(phone, life.ever)
    assert phone.sum == life.walked(life.reports[-1])


@given(lives(silences=0))
def test_life_of_a_regular_counter_of_a_day(life: Life) -> None:
    """All steps are told, if it is heard of each day."""
    assume(life.begins_each_day)
    phone = Phone(DAILY)
    life.tell(phone, life.of_day)
    assert phone.sum == life.walked(life.reports[-1])


@given(lives(silences=3), st.sampled_from([DAILY, TOTAL]))
def test_life_of_a_counter_of_a_day(life: Life, entity_id: str) -> None:
    """Whether it is known to be one or not, no step is invented."""
    life.tell(Phone(entity_id), life.of_day)


@given(lives(silences=2, reboots=2))
def test_life_of_a_counter_since_boot(life: Life) -> None:
    """No step is invented."""
    life.tell(Phone(), life.since_boot)


@given(lives(silences=1, reboots=2, restarts=0))
def test_life_of_a_regular_counter_since_boot(life: Life) -> None:
    """All steps are told that it could count, if it is seen to begin anew."""
    counts = [life.since_boot(time) for time in life.reports]
    assume(all(new >= old or 2 * new <= old for old, new in pairwise(counts)))
    told = [new - old if new >= old else new for old, new in pairwise(counts)]
    phone = Phone()
    life.tell(phone, life.since_boot)
    assert phone.sum == sum(told)
