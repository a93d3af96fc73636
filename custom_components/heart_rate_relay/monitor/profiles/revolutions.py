"""Counts of revolutions become a rate.

A sensor tells how often something has turned, and when that was the last time: both roll
over. Sources: Cycling Speed and Cadence Service 1.0, 3.1.1, and Cycling Power Service 1.1,
3.2.1; there the time of the wheel is in 1/2048 s, and all other times are in 1/1024 s.
"""

from typing import NamedTuple

COASTING_AFTER = 3.0
"""Seconds without another turn after which nothing turns: less than 20 in a minute.

The services leave it to who listens; a turn that takes longer than that is none to ride by.
"""

_TIME_RANGE = 1 << 16

SURE = 0.9
"""For which share of the time that a clock takes around it is known to be the first."""


class _Turn(NamedTuple):
    """The last turn that was told."""

    turns: int
    event: int
    """When it was by the sensor's clock, in its own unit."""
    at: float
    """When it was told first, in seconds on the monotonic clock."""


class Revolutions:
    """How fast something turns."""

    def __init__(self, *, count_bits: int, per_second: int, fastest: float) -> None:
        """Initialize with the count's size, the unit of time and what can be, in 1/s."""
        self._count_range = 1 << count_bits
        self._per_second = per_second
        self._fastest = fastest
        self._unambiguous = SURE * _TIME_RANGE / per_second
        self._last: _Turn | None = None
        self._rate: float | None = None

    def rate(self, count: int, event: int, at: float) -> float | None:
        """Return the turns in a second, None while that is not known.

        At the first turn it is not: the one before may have been minutes ago.
        """
        last = self._last
        if last is None:
            self._last = _Turn(count, event, at)
            return None
        if count == last.turns:
            # Some have the time go on all the same
            if at - last.at >= COASTING_AFTER:
                self._rate = 0.0
            return self._rate
        self._last = _Turn(count, event, at)
        self._rate = self._between(last, self._last)
        return self._rate

    def reset(self) -> None:
        """Forget the last turn."""
        self._last = self._rate = None

    def _between(self, before: _Turn, after: _Turn) -> float | None:
        """Return the turns in a second between two, None where they do not tell it."""
        more = (after.turns - before.turns) % self._count_range
        seconds = (after.event - before.event) % _TIME_RANGE / self._per_second
        if not seconds or after.at - before.at >= self._unambiguous:
            # The clock may have been around meanwhile, nobody knows how often
            return None
        rate = more / seconds
        # Or it began to count anew, as after a change of the battery
        return rate if rate <= self._fastest else None


def crank() -> Revolutions:
    """Return how fast a crank turns."""
    return Revolutions(count_bits=16, per_second=1024, fastest=5.0)


def wheel(per_second: int) -> Revolutions:
    """Return how fast a wheel turns, by a clock of that unit."""
    return Revolutions(count_bits=32, per_second=per_second, fastest=25.0)
