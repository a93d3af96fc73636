"""What a workout keeps on disk: its journal, and the last ones that are over."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.event import async_call_later

from ..const import LOGGER
from ..held import async_hold
from .journal import TOLD, Field, Happening, Journal, Start, told
from .shelf import Shelf
from .summary import Summary
from .tracker import Finished

RETRY_AFTER = 10.0
"""Seconds after which to see whether a disk takes a workout, or somebody is there to be told."""


class Memory:
    """Writes one thing after the other, in the executor, and nothing while a backup is made."""

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        shelf: Shelf,
        options: tuple[str, int],
        on_kept: Callable[[Finished], bool],
    ) -> None:
        """Initialize the memory of somebody's workouts, of which so many are kept.

        What is over is told to on_kept as soon as it is kept. Where nobody is there to be told,
        the journal has it still, and it is told later.
        """
        self.told: set[Field] = set()
        """When those began that are over once more, and not to be told again."""
        self._hass = hass
        self._journal = journal
        self._shelf = shelf
        self._name, self._number = options
        self._on_kept = on_kept
        self._pending: list[Happening] = []
        self._written = 0
        """How much of that is in the journal already, until what is before it is kept."""
        self._unkept: list[Finished] = []
        self._of_unkept: list[Happening] = []
        """What happened in those, and is not in the journal."""
        self._start_of_unkept: Start | None = None
        """Where to start before that, None where the journal has begun with them."""
        self._start: Start | None = None
        self._lock = asyncio.Lock()
        self._free = asyncio.Event()
        self._is_closed = False
        self._has_failed = False
        self._retry: CALLBACK_TYPE | None = None

    @property
    def is_due(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._pending or (self._start and not self._unkept))

    @property
    def _is_over(self) -> bool:
        """Whether what the journal has is over: it has that until it is kept."""
        return bool(self._start and self._unkept)

    async def read(self) -> tuple[Start, list[Happening]]:
        """Return what had happened when Home Assistant was stopped, or killed."""
        hold = async_hold(self._hass)
        hold.join(self)
        if not hold.is_on:
            self._free.set()
        try:
            start, happened = await self._hass.async_add_executor_job(
                self._journal.read
            )
        except OSError as err:
            # It begins anew, elsewhere on the disk
            LOGGER.error(
                "%s could not be read from disk, a workout may be lost: %s",
                self._name,
                err.strerror,
            )
            return Start(), []
        self.told = told(happened)
        return start, happened

    async def kept(self) -> list[Summary]:
        """Return what all workouts came to that are kept, or are to be, the last one first."""
        unkept = [one.summary for one in reversed(self._unkept)]

        def kept() -> list[Summary]:
            return [*filter(None, map(self._shelf.summary, self._shelf.ids()))]

        return unkept + await self._hass.async_add_executor_job(kept)

    def go_on(self, since: Sequence[Happening]) -> None:
        """Take note that what was read is still true.

        Where a workout was over in it, only what happened since is, and not in the journal then,
        but as long as that workout is not kept. Where it came to nothing, all goes on in the journal.
        """
        if self._unkept:
            self._pending = [*since, *self._pending]
            self._written = len(since)

    def begin(self, start: Start) -> None:
        """Take note of where a workout may begin, before all that happens in it."""
        self._start = start

    def note(self, happening: Happening) -> None:
        """Take note of what happens while there is a workout, or signs of one."""
        self._pending.append(happening)

    def forget(self, start: Start, last: Happening | None = None) -> None:
        """Take note that what has happened came to nothing, and where to start now.

        What happened last may be the end of a workout that is not kept yet.
        """
        if last and self._unkept:
            self._of_unkept.append(last)
        self._pending.clear()
        self._written = 0
        self._start = start

    def finish(self, finished: Finished, start: Start) -> None:
        """Take note of a workout that is over, which is to be kept."""
        if not self._unkept:
            self._start_of_unkept = self._start
        self._unkept.append(finished)
        self._of_unkept += self._pending[self._written :]
        self.forget(start)

    async def write(self, *, sync: bool) -> None:
        """Write what has happened since it was written last, if only where to start.

        What is over has to be kept first: until then all that it was is in the journal.
        With sync it is safe from a power cut, too.
        """
        async with self._lock:
            if self._free.is_set() and not (self._unkept or self._is_closed):
                await self._write(sync=sync)

    async def keep_finished(self) -> None:
        """Keep the workouts that are over, tell each, and forget how they went."""
        async with self._lock:
            while self._unkept and self._free.is_set() and not self._is_closed:
                finished = self._unkept[0]
                if not await self._keep(finished) or not self._on_kept(finished):
                    self._retry = self._retry or async_call_later(
                        self._hass, RETRY_AFTER, self._keep_again
                    )
                    return
                del self._unkept[0]
                self._of_unkept.append((TOLD, finished.summary.begin))
            if not self._unkept:
                self._of_unkept.clear()
                self._written = 0
        await self.write(sync=True)

    async def _keep_again(self, _: datetime) -> None:
        self._retry = None
        await self.keep_finished()

    async def keep(self, finished: Finished) -> bool:
        """Keep a workout of the past, and return whether it is, and was not before."""
        await self._free.wait()
        async with self._lock:
            if self._is_closed or finished.summary.overlaps(await self.kept()):
                return False
            return await self._keep(finished)

    async def hold(self) -> None:
        """Write what has happened, and then nothing more."""
        await self.write(sync=True)
        if async_hold(self._hass).is_on:
            self._free.clear()

    async def release(self) -> None:
        """Write again, and at once what has happened meanwhile."""
        self._free.set()
        await self.keep_finished()

    async def close(self) -> None:
        """Write all, whether it is held or not, for whoever reads it next.

        What is over and not kept is in the journal then, and will be over again.
        """
        async_hold(self._hass).leave(self)
        async with self._lock:
            if self._unkept:
                self._start = self._start_of_unkept
                self._pending = [*self._of_unkept, *self._pending[self._written :]]
            await self._write(sync=True)
            self._is_closed = True
        if self._retry:
            self._retry()
        self._free.set()

    async def _write(self, *, sync: bool) -> None:
        """Write what has happened. What the disk does not take is tried again."""
        while start := self._start:
            self._start = None
            if not await self._try(partial(self._journal.begin, start)):
                if self._is_over:
                    # It seemed to have begun with what was over meanwhile
                    self._start_of_unkept = self._start_of_unkept or start
                self._start = self._start or start
                return
            if self._is_over:
                return
        happened, self._pending = self._pending, []
        if not happened:
            return
        is_written = await self._try(lambda: self._journal.write(happened, sync=sync))
        if not is_written and self._unkept:
            self._of_unkept = [*happened, *self._of_unkept]
        elif not is_written and not self._start:
            self._pending = [*happened, *self._pending]

    async def _keep(self, finished: Finished) -> bool:
        """Write a workout to disk, and return whether that took it."""
        return await self._try(lambda: self._shelf.add(finished, self._number))

    async def _try(self, write: Callable[[], None]) -> bool:
        """Write, tell once that the disk does not take it, and return whether it did."""
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
        return not self._has_failed
