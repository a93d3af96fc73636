"""RR intervals become heart-rate variability.

RMSSD, as the Task Force of the European Society of Cardiology defined it ("Heart rate
variability: standards of measurement", 1996), of normal beats only: what a sensor missed
or made up, and what is no normal beat, would outweigh all others.
"""

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from math import fsum, nan, sqrt
from typing import NamedTuple

MIN_INTERVAL = 300.0
"""The shortest plausible RR interval in ms: 200 bpm."""

MAX_INTERVAL = 2000.0
"""The longest plausible RR interval in ms: 30 bpm."""

MAX_CHANGE = 0.2
"""The greatest share by which a normal beat's interval differs from the one before."""

AGREEING = 3
"""How many intervals in a row are believed by themselves, whatever was before them.

One premature beat makes a short interval and a long one, which do not agree.
"""

MAX_GAP = 5.0
"""Seconds without intervals after which those from before are of another time."""

MIN_SHARE = 0.5
"""How much of the window has to be covered for a value.

Of a minute that is 30 s, or 15 beats at the least: of fewer, a few decide it all.
"""


class _Difference(NamedTuple):
    """How much longer than the one before it an interval was."""

    at: float
    """When it was received, in seconds on the monotonic clock."""
    interval: float
    """In ms."""
    difference: float
    """In ms."""


class Variability:
    """RMSSD over a sliding window of RR intervals."""

    def __init__(self, window: float = 60.0) -> None:
        """Initialize with the length of the window in seconds."""
        self._window = window
        # As many as fit, so that a monitor that sends too many does not fill the memory.
        self._differences: deque[_Difference] = deque(
            maxlen=int(window * 1000 / MIN_INTERVAL)
        )
        self._at = nan
        self._last: float | None = None
        """The last interval that was believed."""
        self._is_next = False
        """Whether the next interval follows it, with no other between."""
        self._doubted: list[float] = []
        """The intervals since then that agree with each other, but not with it."""

    def add(self, intervals: Iterable[float], at: float) -> None:
        """Add intervals in ms, oldest first, received at a monotonic time in seconds.

        To add none tells that none came.
        """
        intervals = tuple(intervals)
        span = fsum(one for one in intervals if _is_plausible(one)) / 1000
        if not self._at <= at <= self._at + span + MAX_GAP:
            self.reset()
        for interval in intervals:
            self._add_interval(interval, at)
        if intervals:
            self._at = at
        while self._differences and self._differences[0].at <= at - self._window:
            self._differences.popleft()

    def reset(self) -> None:
        """Forget all intervals."""
        self._differences.clear()
        self._last = None
        self._doubted.clear()

    def rmssd(self) -> float | None:
        """Return the RMSSD in ms, None while too little of the window is covered."""
        covered = fsum(one.interval for one in self._differences) / 1000
        if covered < self._window * MIN_SHARE:
            return None
        squares = fsum(one.difference**2 for one in self._differences)
        return sqrt(squares / len(self._differences))

    def _add_interval(self, interval: float, at: float) -> None:
        """Add an interval if it is of a normal beat.

        One that was dropped is no neighbour of the next. Where those that were dropped
        agree with each other, it was the heart rate that changed.
        """
        if not _is_plausible(interval):
            self._doubted.clear()
            self._is_next = False
        elif self._last is not None and _agree(self._last, interval):
            self._believe([self._last, interval] if self._is_next else [interval], at)
        else:
            if self._doubted and not _agree(self._doubted[-1], interval):
                self._doubted.clear()
            self._doubted.append(interval)
            self._is_next = False
            if len(self._doubted) == AGREEING:
                self._believe(self._doubted, at)

    def _believe(self, intervals: list[float], at: float) -> None:
        """Add the differences between intervals that follow each other."""
        for before, after in pairwise(intervals):
            self._differences.append(_Difference(at, after, after - before))
        self._last = intervals[-1]
        self._is_next = True
        self._doubted = []


def _is_plausible(interval: float) -> bool:
    """Return whether an interval in ms may be one between two beats."""
    return MIN_INTERVAL <= interval <= MAX_INTERVAL


def _agree(before: float, after: float) -> bool:
    """Return whether an interval may follow another in a normal rhythm."""
    return abs(after - before) <= before * MAX_CHANGE
