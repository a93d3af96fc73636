"""What happens again and again."""

import asyncio
from collections.abc import Callable


class Ticker:
    """Calls a function at an interval that may change, and does not drift."""

    def __init__(self, tick: Callable[[], None], interval: Callable[[], float]) -> None:
        """Initialize the ticker. The interval is in seconds."""
        self._tick = tick
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None

    def start(self, delay: float) -> None:
        """Tick after so many seconds, and then at the interval from there on."""
        self.stop()
        self._at(asyncio.get_running_loop().time() + delay)

    def hurry(self, delay: float) -> None:
        """Start again, if it was started."""
        if self._timer:
            self.start(delay)

    def stop(self) -> None:
        """Tick no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _at(self, due: float) -> None:
        """Tick at a time of the event loop."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(due, self._run, due)

    def _run(self, due: float) -> None:
        """Tick, and see to the next one."""
        self._at(due + self._interval())
        self._tick()
