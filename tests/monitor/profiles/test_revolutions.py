"""Counts of revolutions, and the times of the last ones, become rates."""

from collections.abc import Iterator

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.profiles.revolutions import (
    COASTING_AFTER,
    crank,
    wheel,
)
from dev.virtual_proxy.cycling import Turning


def ride(
    per_second: float, seconds: float, interval: float, turning: Turning | None = None
) -> Iterator[tuple[int, int, float]]:
    """Yield what is told of something that turns: count, event in 1/1024 s, time."""
    turning = turning or Turning()
    at = 0.0
    while at < seconds:
        turning.turn(per_second, interval)
        at += interval
        yield turning.turns % (1 << 16), round(turning.event * 1024) % (1 << 16), at


@given(
    cadence=st.floats(25, 250),
    interval=st.sampled_from((0.1, 0.25, 0.5, 1.0)),
    turns=st.integers(0, 0xFFFF),
)
def test_steady(cadence: float, interval: float, turns: int) -> None:
    """A steady rate is told as it is, however often, though count and clock roll over."""
    turning = Turning()
    turning.turns = turns
    revolutions = crank()
    rates = [
        revolutions.rate(*told) for told in ride(cadence / 60, 150, interval, turning)
    ]
    settled = rates[round(8 / interval) :]
    assert all(
        rate is not None and rate * 60 == pytest.approx(cadence, rel=0.01)
        for rate in settled
    )


def test_first() -> None:
    """The first turn tells no rate: nobody knows how long ago the one before was."""
    revolutions = crank()
    assert revolutions.rate(100, 5000, 0) is None
    assert revolutions.rate(100, 5000, 1) is None
    assert revolutions.rate(101, 5000 + 1024, 2) == 1


def test_coasting() -> None:
    """What does not turn any more is told for a moment, and is 0 then."""
    revolutions = crank()
    for told in ride(1.5, 10, 0.25):
        rate = revolutions.rate(*told)
    count, event, at = told
    assert rate == pytest.approx(1.5, rel=0.01)
    seen = []
    for tick in range(20):
        later = at + tick * 0.25
        seen.append(revolutions.rate(count, event, later))
    coasting = round(COASTING_AFTER / 0.25)
    assert seen[: coasting - 2] == [rate] * (coasting - 2)
    assert seen[coasting:] == [0.0] * (20 - coasting)
    # And it begins again with the next turn
    again = revolutions.rate(count + 1, (event + 5 * 1024) % (1 << 16), at + 5)
    assert again == pytest.approx(0.2)


def test_time_goes_on() -> None:
    """A sensor whose time goes on without a turn has not stopped in between."""
    revolutions = crank()
    revolutions.rate(10, 0, 0)
    assert revolutions.rate(11, 1024, 1) == 1
    for quarter in range(1, 4):
        event = 1024 + 256 * quarter
        assert revolutions.rate(11, event, 1 + quarter / 4) == 1
    assert revolutions.rate(12, 2048, 2) == 1
    assert revolutions.rate(12, 5 * 1024, 5) == 0


@pytest.mark.parametrize("standstill", [60, 64, 100, 10_000])
def test_long_standstill(standstill: float) -> None:
    """After a pause in which the clock went around, the first turn tells nothing."""
    revolutions = crank()
    revolutions.rate(10, 0, 0)
    revolutions.rate(11, 1024, 1)
    assert revolutions.rate(11, 1024, standstill) == 0
    event = round((standstill + 1) * 1024) % (1 << 16)
    assert revolutions.rate(12, event, standstill + 1) is None
    assert revolutions.rate(13, (event + 512) % (1 << 16), standstill + 1.5) == 2


def test_slow_turn() -> None:
    """A turn that took most of the time in which the clock goes around has taken that."""
    revolutions = crank()
    revolutions.rate(10, 0, 0)
    assert revolutions.rate(11, 40 * 1024, 40) == 1 / 40


def test_too_fast() -> None:
    """A wheel that turns thirty times in a second is none of a bike."""
    revolutions = wheel(1024)
    revolutions.rate(10, 0, 0)
    assert revolutions.rate(40, 1024, 1) is None
    assert revolutions.rate(60, 2048, 2) == 20


def test_began_anew() -> None:
    """A sensor whose battery was changed has not turned 65000 times."""
    revolutions = crank()
    revolutions.rate(5000, 1000, 0)
    assert revolutions.rate(3, 2000, 1) is None
    assert revolutions.rate(4, 3024, 2) == 1


def test_turned_back() -> None:
    """A wheel that was turned backwards has not turned four billion times."""
    revolutions = wheel(2048)
    revolutions.rate(100, 0, 0)
    assert revolutions.rate(98, 2048, 1) is None


def test_without_time() -> None:
    """A turn that took no time is one that cannot be told."""
    revolutions = wheel(1024)
    revolutions.rate(1, 77, 0)
    assert revolutions.rate(2, 77, 1) is None


def test_wide_counter() -> None:
    """A wheel's counter takes 32 bits."""
    revolutions = wheel(2048)
    revolutions.rate(0xFFFF_FFFF, 0xFFFF, 0)
    assert revolutions.rate(3, 2047, 1) == 4


@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.floats(-9, 1e9))
    )
)
def test_anything(told: list[tuple[int, int, float]]) -> None:
    """Whatever comes, no rate is told that nothing turns at."""
    revolutions = crank()
    for one in told:
        rate = revolutions.rate(*one)
        assert rate is None or 0 <= rate <= 5
    revolutions.reset()
    assert revolutions.rate(1, 1, 0) is None
