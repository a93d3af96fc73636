"""When a workout begins and ends."""

from itertools import pairwise

import pytest

from custom_components.heart_rate_relay.reading import SECOND
from custom_components.heart_rate_relay.workout.sample import (
    HEART_RATE,
    MINUTE,
    POWER,
    Sample,
)
from custom_components.heart_rate_relay.workout.sport import Sport
from custom_components.heart_rate_relay.workout.tracker import BeginsBy

from .common import Trainer, at


def test_worn() -> None:
    """It lasts from the first sign to the last one, not to the time-out."""
    trainer = Trainer()
    trainer.beat(0, 30)
    assert trainer.is_on()
    trainer.tracker.pass_time(at(37))
    assert trainer.is_on()
    trainer.tracker.pass_time(at(38.1))
    assert not trainer.is_on()
    assert trainer.spans() == [(0, 30)]


def test_tried_on() -> None:
    """A strap that is put on for less than a minute makes no workout."""
    trainer = Trainer()
    trainer.beat(0, 0.8)
    trainer.tracker.pass_time(at(60))
    trainer.beat(61, 61.5)
    trainer.tracker.pass_time(at(120))
    assert trainer.spans() == []


def test_bound() -> None:
    """Only heart rates at or above the bound count, and one below begins it anew."""
    trainer = Trainer(BeginsBy.BOUND, begin_after=3)
    trainer.beat(0, 10, 80)
    trainer.beat(10.1, 12, 110)
    trainer.beat(12.1, 13, 90)
    trainer.beat(13.1, 40, 130)
    trainer.beat(40.1, 46, 90)
    trainer.beat(46.1, 50, 100)
    trainer.beat(50.1, 70, 80)
    assert trainer.spans() == [(13.1, 50)]


def test_flapping_around_the_bound() -> None:
    """What is now above a bound and now below it begins no workout, and ends none."""
    trainer = Trainer(BeginsBy.BOUND)
    trainer.tell((second / 60, 99 + 2 * (second % 2)) for second in range(600))
    assert not trainer.is_on()
    trainer.beat(10, 15, 130)
    assert trainer.is_on()
    trainer.tell((15 + second / 60, 98 + second % 5) for second in range(1, 1200))
    assert trainer.is_on()
    trainer.beat(35, 50, 80)
    # Where the last one above the bound was
    ((begin, end),) = trainer.spans()
    assert (begin, end) == pytest.approx((10, 35), abs=0.1)


def test_worn_overnight() -> None:
    """A strap that is left on is a long workout, and one at that."""
    trainer = Trainer()
    trainer.tell((n / 12, 55 + n % 7) for n in range(9 * 60 * 12))
    trainer.tracker.pass_time(at(10 * 60))
    ((begin, end),) = trainer.spans()
    assert (begin, end) == pytest.approx((0, 9 * 60), abs=0.1)


def test_pause() -> None:
    """A pause of six minutes is part of a workout, one of nine parts two."""
    trainer = Trainer()
    trainer.beat(0, 20)
    trainer.beat(26, 40)
    trainer.beat(49, 60)
    trainer.tracker.pass_time(at(90))
    assert trainer.spans() == [(0, 40), (49, 60)]
    assert trainer.finished[0].summary.measured == pytest.approx(
        (20 + 14) * 60 + 60, abs=1
    )


def test_chair() -> None:
    """A strap on a chair that tells its last value for ever ends it when it was put there."""
    trainer = Trainer()
    trainer.beat(0, 30)
    trainer.tell((30 + second / 60, 77) for second in range(1, 3600))
    assert trainer.spans() == [(0, 30.017)]
    assert not trainer.is_on()


def test_chair_alone() -> None:
    """A strap that only ever tells one value begins nothing."""
    trainer = Trainer()
    trainer.tell((second / 60, 77) for second in range(3600))
    trainer.tracker.pass_time(at(120))
    assert trainer.spans() == []
    trainer.beat(120, 130)
    trainer.tracker.pass_time(at(150))
    assert trainer.spans() == [(120, 130)]


def test_contact() -> None:
    """What is measured without contact is no sign."""
    trainer = Trainer()
    trainer.beat(0, 5, is_worn=False)
    trainer.beat(5.1, 20)
    trainer.beat(20.1, 40, is_worn=False)
    assert trainer.spans() == [(5.1, 20)]


def test_by_hand() -> None:
    """By hand it begins and ends at once, and the strap that goes on begins no other."""
    trainer = Trainer()
    trainer.beat(0, 0.5)
    assert trainer.tracker.start(at(0.5))
    trainer.beat(0.52, 10)
    assert trainer.tracker.stop(at(10))
    assert not trainer.is_on()
    trainer.beat(10.1, 30)
    assert trainer.spans() == [(0.5, 10)]
    trainer.beat(33, 40)
    trainer.tracker.pass_time(at(60))
    assert trainer.spans() == [(0.5, 10), (33, 40)]


def test_two_by_hand() -> None:
    """One follows the other as soon as a person wants it."""
    trainer = Trainer(BeginsBy.HAND)
    trainer.beat(0, 2)
    assert trainer.tracker.start(at(2), Sport.YOGA)
    assert not trainer.tracker.start(at(3))
    trainer.beat(2.1, 10)
    trainer.tracker.stop(at(10))
    trainer.tracker.start(at(10.5), Sport.HIIT)
    trainer.beat(10.6, 18)
    trainer.tracker.stop(at(18))
    trainer.tracker.pass_time(at(20))
    assert trainer.spans() == [(2, 10), (10.5, 18)]
    sports = [one.summary.sport for one in trainer.finished]
    assert sports == [Sport.YOGA, Sport.HIIT]


def test_forgotten_switch() -> None:
    """A workout begun by hand ends by itself, too: at the last sign, or as if it never was."""
    trainer = Trainer(BeginsBy.HAND)
    trainer.tracker.start(at(0))
    trainer.beat(1, 30)
    trainer.tracker.pass_time(at(39))
    assert trainer.spans() == [(0, 30)]
    trainer.tracker.start(at(100))
    trainer.tracker.pass_time(at(160))
    assert trainer.is_on()
    trainer.tracker.pass_time(at(100 + 12 * 60 + 1))
    assert trainer.spans() == [(0, 30)]
    assert not trainer.is_on()


@pytest.mark.parametrize("since", [0, 5.1])
def test_chair_at_a_start_by_hand(since: float) -> None:
    """A strap on a chair is no sign from the start on, whether it was known before or not.

    A journal begins with the start: what comes out of it after a restart is the same.
    """
    trainer = Trainer(BeginsBy.HAND)
    still = [(second / 60, 77) for second in range(600) if second / 60 >= since]
    trainer.tell(one for one in still if one[0] < 5)
    trainer.tracker.start(at(5))
    trainer.tell(one for one in still if one[0] >= 5)
    trainer.tracker.pass_time(at(60))
    assert trainer.is_on()
    trainer.tracker.stop(at(60))
    assert trainer.spans() == [(5, 60)]


def test_by_hand_without_sensors() -> None:
    """A person's word is enough where nothing is measured."""
    trainer = Trainer(BeginsBy.HAND)
    trainer.tracker.start(at(0))
    trainer.tracker.stop(at(5))
    assert trainer.spans() == [(0, 5)]
    assert trainer.finished[0].summary.average_heart_rate is None


def test_restart() -> None:
    """While nobody listens there is no silence, unless that lasts too long."""
    trainer = Trainer()
    trainer.beat(0, 20)
    trainer.tracker.resume(at(35))
    trainer.beat(36, 50)
    trainer.tracker.pass_time(at(70))
    assert trainer.spans() == [(0, 50)]
    trainer.beat(100, 120)
    trainer.tracker.resume(at(151))
    trainer.tracker.pass_time(at(151))
    assert trainer.spans() == [(0, 50), (100, 120)]


def test_other_sensors_keep_it_alive() -> None:
    """Where the heart rate is lost, whoever still pedals goes on; one who rolls does not."""
    trainer = Trainer()
    trainer.beat(0, 10)
    for minute in range(11, 40):
        trainer.tracker.take(Sample(POWER, at(minute), 200 if minute < 30 else 0))
    trainer.tracker.pass_time(at(40))
    assert trainer.spans() == [(0, 29)]
    assert trainer.finished[0].summary.sport is Sport.CYCLING


def test_late_values() -> None:
    """Values that come late fall into their place, and into no workout that is told."""
    trainer = Trainer()
    trainer.beat(0, 10, 120)
    trainer.beat(14, 20, 120)
    trainer.tell((10.5 + number / 2, 180) for number in range(7))
    trainer.tracker.pass_time(at(40))
    assert trainer.spans() == [(0, 20)]
    summary = trainer.finished[0].summary
    assert summary.highest_heart_rate == 180
    assert summary.in_zones[5] == pytest.approx(3.5 * 60)
    trainer.tell((minute, 190) for minute in range(20))
    assert len(trainer.finished) == 1
    assert not trainer.is_on()


def test_clock_set_back() -> None:
    """What a wrong clock said is put right with it."""
    trainer = Trainer()
    trainer.beat(60, 80)
    trainer.tracker.set_back(60 * MINUTE)
    trainer.beat(20.1, 30)
    trainer.tracker.pass_time(at(40))
    assert trainer.spans() == [(0, 30)]
    assert trainer.finished[0].summary.measured == pytest.approx(1800, abs=7)


def test_clock_set_back_later() -> None:
    """What is told already does not hold up what comes by a clock that was put right."""
    trainer = Trainer()
    trainer.beat(60, 80)
    trainer.tracker.pass_time(at(100))
    trainer.tracker.set_back(60 * MINUTE)
    trainer.beat(45, 60)
    trainer.tracker.pass_time(at(90))
    assert trainer.spans() == [(60, 80), (45, 60)]


def test_recovery() -> None:
    """Ended by hand, it waits a minute for the recovery before it is told."""
    trainer = Trainer()
    trainer.beat(0, 20, 170)
    trainer.tracker.stop(at(20))
    assert trainer.spans() == []
    for second in range(1, 70):
        value = 170 - second / 2
        trainer.tracker.take(Sample(HEART_RATE, at(20) + second * SECOND, value))
    assert trainer.spans() == [(0, 20)]
    # 170 at the end, 140 a minute later
    assert trainer.finished[0].summary.recovery == pytest.approx(30)
    assert trainer.finished[0].summary.lowest_heart_rate == 170


def test_recovery_below_the_bound() -> None:
    """Where it ends below a bound, the minute after it has been measured already."""
    trainer = Trainer(BeginsBy.BOUND)
    trainer.beat(0, 20, 150)
    for second in range(1, 10 * 60):
        value = 99.5 - second / 10
        trainer.tracker.take(Sample(HEART_RATE, at(20) + second * SECOND, value))
    (finished,) = trainer.finished
    assert finished.summary.recovery == pytest.approx(150 - 93.5)


def test_no_recovery() -> None:
    """A strap that is taken off at once tells of none."""
    trainer = Trainer()
    trainer.beat(0, 20)
    trainer.tracker.stop(at(20))
    trainer.tracker.pass_time(at(21.1))
    assert trainer.finished[0].summary.recovery is None


def test_any_order_comes_to_the_same() -> None:
    """In whatever order values come, they come to the same."""
    samples = [Sample(HEART_RATE, at(n / 10), 100 + n * 37 % 80) for n in range(300)]
    orders = [samples, [*samples[:50], *samples[100:], *samples[50:100]]]
    orders.append([one for n in range(0, 300, 20) for one in samples[n : n + 20][::-1]])
    found = []
    for order in orders:
        trainer = Trainer()
        trainer.tracker.start(at(0) - 1)
        for sample in order:
            trainer.tracker.take(sample)
            trainer.tracker.so_far(sample.at)
        trainer.tracker.stop(at(29.9))
        trainer.tracker.pass_time(at(40))
        found.append(trainer.finished[0].summary)
    for one, other in pairwise(found):
        assert one.energy == pytest.approx(other.energy)
        assert one.in_zones == pytest.approx(other.in_zones)
        assert one.average_heart_rate == pytest.approx(other.average_heart_rate)


def test_preferred_source_was_there() -> None:
    """A late value fills a gap, and says nothing where a source before it measured."""
    trainer = Trainer()
    trainer.beat(0, 10, 120)
    trainer.beat(14, 20, 120)
    for second in range(-60, 240, 20):
        moment = at(10) + second * SECOND
        trainer.tracker.take(Sample(HEART_RATE, moment, 180, rank=1))
    trainer.tracker.pass_time(at(40))
    assert trainer.finished[0].summary.in_zones[5] == pytest.approx(240 - 20, abs=1)
