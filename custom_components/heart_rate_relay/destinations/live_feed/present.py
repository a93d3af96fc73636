"""What is measured now: the latest of each metric, for as long as it is of the present."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from ...metrics import HEART_RATE
from ...reading import SECOND, Reading, now_us, to_us
from .shapes import Told

PRESENT = 60.0
"""Seconds for which what was measured is of the present.

A heart rate is for less: until nobody measures it any more, which those who know tell.
"""


class Present:
    """What is measured now, of which each change is told."""

    def __init__(self, on_change: Callable[[Told], None]) -> None:
        """Initialize with whom to tell what is new."""
        self._on_change = on_change
        self._latest: dict[str, Reading] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._is_live = False

    @property
    def latest(self) -> Mapping[str, Reading]:
        """The latest of each metric, by its key."""
        return self._latest

    def set_live(self, is_live: bool) -> None:
        """Take note of whether a heart rate is measured."""
        self._is_live = is_live
        if not is_live:
            self._end(HEART_RATE.key)

    def measure(self, readings: Iterable[Reading]) -> None:
        """Take what was measured. What is old, or was overtaken, is nobody's present."""
        now = now_us()
        new: dict[str, Reading] = {}
        for reading in readings:
            key = reading.metric.key
            before = new.get(key) or self._latest.get(key)
            # What is of the future was measured before the clock was set back
            latest = before.measured_at if before else 0
            if latest > now:
                latest = 0
            if reading.measured_at < max(latest, now - to_us(PRESENT)):
                continue
            if reading.metric is not HEART_RATE or self._is_live:
                new[key] = reading
        self._latest |= new
        for key, reading in new.items():
            self._end_later(key, reading)
        if new:
            self._on_change(new)

    def forget(self) -> None:
        """Forget everything, and tell nobody."""
        for timer in self._ends.values():
            timer.cancel()
        self._ends.clear()
        self._latest.clear()

    def _end_later(self, key: str, reading: Reading) -> None:
        """Let a metric end when its reading is of the present no more."""
        if timer := self._ends.pop(key, None):
            timer.cancel()
        if reading.metric is not HEART_RATE:
            left = PRESENT - (now_us() - reading.measured_at) / SECOND
            loop = asyncio.get_running_loop()
            self._ends[key] = loop.call_later(left, self._end, key)

    def _end(self, key: str) -> None:
        """Tell that a metric is measured no more."""
        self._ends.pop(key, None)
        if self._latest.pop(key, None):
            self._on_change({key: None})
