"""Lets what sources say wait for a moment, where its readings would wait anyway.

To look at fifty states in one go costs a third of looking at each when it comes: what that takes
is at hand then, and not where other work has left it.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from homeassistant.core import State

from .lineup import Watcher
from .observation import Observer

MOST = 100
"""How many states are looked at in one go: others have their turn, too."""

EARLY = 0.002
"""Seconds by which all is looked at before its readings may go, so that they do together."""


class Said(NamedTuple):
    """What a source said."""

    observer: Watcher
    old: State | None
    state: State | None
    at: float
    """Seconds since the Unix epoch, UTC."""


class Gathering:
    """What sources said, in the order in which they did."""

    def __init__(
        self,
        waits_until: Callable[[], float],
        observe: Callable[[Watcher, State | None, State | None, float], None],
    ) -> None:
        """Initialize with what says until when readings would wait, by the event loop's clock."""
        self._waits_until = waits_until
        self._observe = observe
        self._said: list[Said] = []
        self._timer: asyncio.TimerHandle | None = None

    def takes(
        self, observer: Watcher, old: State | None, state: State | None, at: float
    ) -> bool:
        """Return whether what a source said can wait, and look at it later where it can.

        It can where it is but another value. Where it cannot, what waits is looked at before.
        """
        is_value = old and state and old.attributes is state.attributes
        if not (is_value and isinstance(observer, Observer) and self._waits()):
            self.end()
            return False
        self._said.append(Said(observer, old, state, at))
        if len(self._said) >= MOST:
            self.end()
        return True

    def _waits(self) -> bool:
        """Return whether anything waits, or may from now on."""
        if not self._said:
            loop = asyncio.get_running_loop()
            if (until := self._waits_until() - EARLY) <= loop.time():
                return False
            self._timer = loop.call_at(until, self.end)
        return True

    def end(self) -> None:
        """Look at all of it now."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        said, self._said = self._said, []
        for one in said:
            self._observe(*one)
