"""How simulated hearts beat, feet walk, and other sensors measure and count.

For every second there is a rate or a count, unavailable, or nothing at all.
"""

from collections.abc import Iterator
from enum import Enum, auto
from random import Random


class Signal(Enum):
    """What a sensor may do instead of measuring."""

    UNAVAILABLE = auto()
    SILENCE = auto()


type Pattern = Iterator[float | Signal]
"""What happens in each second; the rates are in bpm."""

BURST = (1, 2, 3, 2, 1)
"""The steps of each second of a burst."""

BURST_EVERY = 10
"""Seconds from burst to burst."""


def changing(low: int = 60, high: int = 180) -> Pattern:
    """Yield a rate that is never the same twice in a row."""
    random = Random(low)
    rate = (low + high) // 2
    while True:
        yield rate
        step = random.choice((-3, -2, -1, 1, 2, 3))
        rate += step if low <= rate + step <= high else -step


def steady(seconds: int = 150) -> Pattern:
    """Yield a rate that stays the same for minutes, and is then another for as long."""
    rates = changing(90, 130)
    while True:
        rate = next(rates)
        for _ in range(seconds):
            yield rate


def interrupted(rates: Pattern, by: Signal, beating: int, pausing: int) -> Pattern:
    """Yield rates for some seconds, then something else for some, and so on."""
    while True:
        for _ in range(beating):
            yield next(rates)
        for _ in range(pausing):
            yield by


def falling_silent() -> Pattern:
    """Yield a changing rate that is not heard of from time to time."""
    return interrupted(changing(70, 140), Signal.SILENCE, beating=12, pausing=12)


def flapping() -> Pattern:
    """Yield a changing rate that is unavailable from time to time."""
    return interrupted(changing(80, 150), Signal.UNAVAILABLE, beating=8, pausing=3)


def steps_of_a_day(seconds: int) -> int:
    """Return how many steps are taken in the first so many seconds of a day.

    A walk that only the clock decides goes on while Home Assistant starts again.
    """
    bursts, rest = divmod(seconds, BURST_EVERY)
    return bursts * sum(BURST) + sum(BURST[:rest])


def varying(low: float, high: float) -> Pattern:
    """Yield values of two decimals between two, never the same twice in a row."""
    random = Random(high)
    value = low
    while True:
        before = value
        while value == before:
            value = round(random.uniform(low, high), 2)
        yield value


def counting(gain: float, *, is_whole: bool) -> Pattern:
    """Yield a count that grows each time, by as much as that at most."""
    random = Random(gain)
    count = 0.0
    while True:
        yield count
        more = random.uniform(gain / 2, gain)
        count = count + max(1, round(more)) if is_whole else round(count + more, 2)
