"""Has all that is kept on disk left alone at once, what is opened meanwhile, too."""

import asyncio
from typing import Protocol

HELD_AT_MOST = 30 * 60.0
"""Seconds after which a backup is believed to have ended, though nobody says so."""


class Held(Protocol):
    """What has a file that may be held."""

    async def hold(self) -> None:
        """Leave one whole file, and do not touch it."""

    async def release(self) -> None:
        """Go on with the file."""


class Hold:
    """Holds the files of all that joined, from its beginning to its end."""

    def __init__(self) -> None:
        """Initialize a hold that is yet to begin."""
        self.is_on = False
        """Whether no file may be touched now."""
        self._joined: set[Held] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    def join(self, one: Held) -> None:
        """Have one told, which has to see by itself whether the hold is on."""
        self._joined.add(one)

    def leave(self, one: Held) -> None:
        """Have one told no more."""
        self._joined.discard(one)

    async def begin(self) -> None:
        """Have each leave one whole file."""
        self._cancel_timer()
        self.is_on = True
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(HELD_AT_MOST, self._end_late)
        await asyncio.gather(*(one.hold() for one in self._joined))

    async def end(self) -> None:
        """Have all go on."""
        self._cancel_timer()
        self.is_on = False
        await asyncio.gather(*(one.release() for one in self._joined))

    def _end_late(self) -> None:
        """Go on, though nobody said that the backup has ended."""
        self._ending = asyncio.create_task(self.end())

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
