"""Lets everybody else have a turn while a worker thread has much to do.

Python's interpreter is one thread's until that one waits, or another has asked for it for 5 ms.
One that waits for a database every few microseconds has it back before anybody else is awake,
and whoever asked begins to wait anew: the event loop was late by several times 5 ms.
"""

import time

WORK = 0.001
"""Seconds of work after which others have their turn."""

REST = 0.000_05
"""Seconds in which another thread wakes up."""


class Turns:
    """When a thread is to rest for a moment."""

    def __init__(self) -> None:
        """Initialize it at the beginning of some work."""
        self._until = time.perf_counter() + WORK

    def give(self) -> None:
        """Rest for a moment, where the last one is long ago."""
        if time.perf_counter() >= self._until:
            time.sleep(REST)
            self._until = time.perf_counter() + WORK
