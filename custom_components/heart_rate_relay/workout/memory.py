"""What a workout keeps on disk: its journal, and the last ones that are over."""

import asyncio
from collections.abc import Callable

from homeassistant.core import HomeAssistant

from ..const import LOGGER
from .journal import Happening, Journal, Start
from .shelf import Shelf
from .summary import Summary
from .tracker import Finished


class Memory:
    """Writes one thing after the other, in the executor."""

    def __init__(
        self, hass: HomeAssistant, journal: Journal, shelf: Shelf, name: str, keep: int
    ) -> None:
        """Initialize the memory of somebody's workouts, of which so many are kept."""
        self._hass = hass
        self._journal = journal
        self._shelf = shelf
        self._name = name
        self._number = keep
        self._pending: list[Happening] = []
        self._unkept: list[Finished] = []
        self._start: Start | None = Start()
        self._lock = asyncio.Lock()
        self._has_failed = False

    @property
    def is_due(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._pending or (self._start and not self._unkept))

    async def read(self) -> tuple[Start, list[Happening]]:
        """Return what had happened when Home Assistant was stopped, or killed."""
        return await self._hass.async_add_executor_job(self._journal.read)

    async def kept(self) -> list[Summary]:
        """Return what all workouts came to that are kept, the last one first."""

        def kept() -> list[Summary]:
            return [*filter(None, map(self._shelf.summary, self._shelf.ids()))]

        return await self._hass.async_add_executor_job(kept)

    def go_on(self) -> None:
        """Take note that what was read is still true."""
        self._start = None

    def begin(self, start: Start) -> None:
        """Take note of where a workout may begin, before all that happens in it."""
        self._start = start

    def note(self, happening: Happening) -> None:
        """Take note of what happens while there is a workout, or signs of one."""
        self._pending.append(happening)

    def forget(self, start: Start) -> None:
        """Take note that what has happened came to nothing, and where to start now."""
        self._pending.clear()
        self._start = start

    def finish(self, finished: Finished, start: Start) -> None:
        """Take note of a workout that is over, which is to be kept."""
        self.forget(start)
        self._unkept.append(finished)

    async def write(self, *, sync: bool) -> None:
        """Write what has happened since it was written last, if only where to start.

        What is over has to be kept first: until then all that it was is in the journal.
        With sync it is safe from a power cut, too.
        """
        async with self._lock:
            if self._unkept:
                return
            happened, self._pending = self._pending, []
            if start := self._start:
                self._start = None
                await self._try(lambda: self._journal.begin(start))
            if happened:
                await self._try(lambda: self._journal.write(happened, sync=sync))

    async def keep_finished(self, tell: Callable[[Finished], None]) -> None:
        """Keep the workouts that are over, tell each, and forget how they went."""
        async with self._lock:
            while self._unkept:
                finished = self._unkept[0]
                await self._keep(finished)
                tell(finished)
                del self._unkept[0]

    async def keep(self, finished: Finished) -> None:
        """Keep a workout of the past."""
        async with self._lock:
            await self._keep(finished)

    async def _keep(self, finished: Finished) -> None:
        """Write a workout to disk."""
        await self._try(lambda: self._shelf.add(finished, self._number))

    async def _try(self, write: Callable[[], None]) -> None:
        """Write, and tell once that the disk does not take it."""
        try:
            await self._hass.async_add_executor_job(write)
        except OSError as err:
            if not self._has_failed:
                LOGGER.error(
                    "%s could not be written to disk, a restart would lose it: %s",
                    self._name,
                    err.strerror,
                )
            self._has_failed = True
        else:
            self._has_failed = False
