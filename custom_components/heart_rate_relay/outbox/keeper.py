"""Has the tiers of an outbox worked on in a thread of their own, whatever becomes of the disk."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from .disk import DAMAGE, is_damage
from .tiers import Tiers

REST_AFTER = 5 * 60.0
"""Seconds without anything to do after which an empty file is closed, and its thread ended."""


class Keeper:
    """Does one thing at a time, to its end though whoever waits for it is cancelled."""

    def __init__(
        self,
        path: Path,
        on_trouble: Callable[[str], None],
        on_damage: Callable[[Path], None],
    ) -> None:
        """Initialize the keeper.

        Whenever the disk fails, on_trouble learns why, and where a file is damaged, on_damage
        learns where that is now.
        """
        self.tiers = Tiers(path)
        self.stored = self.spilled = 0
        """How many readings are on disk, and in memory in its place."""
        self.is_held = False
        """Whether the disk may not be touched for now."""
        self._on_trouble = on_trouble
        self._on_damage = on_damage
        self._lock = asyncio.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._used_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being done."""
        return self._lock.locked()

    async def whole[T](self, job: Coroutine[Any, Any, T]) -> T:
        """Return what a job gives once it is its turn."""

        async def run() -> T:
            async with self._lock:
                return await job

        return await asyncio.shield(asyncio.create_task(run()))

    async def on_disk[T, D](
        self,
        job: Callable[[], T],
        default: D,
        *,
        while_held: Callable[[], T | D] | None = None,
    ) -> T | D:
        """Return what a blocking job gives, or the default when the disk fails or is held.

        While it is held, another job may do as well that changes nothing.

        A disk that is full or may not be written to can come back: what is in memory
        stays there. A damaged file is set aside, and the job done again with a new one.
        """
        if self.is_held:
            return await self.in_thread(while_held) if while_held else default
        try:
            try:
                return await self.in_thread(job)
            except DAMAGE as err:
                if not is_damage(err):
                    raise
                self._on_damage(await self.in_thread(self.tiers.set_aside))
                return await self.in_thread(job)
        except Exception as err:  # noqa: BLE001 - Whatever it is, memory goes on
            self._on_trouble(str(err) or repr(err))
            return default

    async def in_thread[T](self, job: Callable[[], T]) -> T:
        """Return what a blocking job gives. While a disk hangs, nobody else has to wait."""
        if not self._thread:
            self._thread = ThreadPoolExecutor(1, "heart rate outbox")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, job)
        finally:
            self.stored, self.spilled = self.tiers.stored, self.tiers.spilled
            self._used_at = loop.time()
            if not self._timer:
                self._timer = loop.call_later(REST_AFTER, self._look)

    def rest(self) -> None:
        """Let go of the thread until there is something to do. It may have none just now."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._thread:
            self._thread.shutdown()
            self._thread = None

    def _look(self) -> None:
        """Rest where there was nothing to do for long, else look again when that may be so."""
        loop, self._timer = asyncio.get_running_loop(), None
        if (at := self._used_at + REST_AFTER) > loop.time():
            self._timer = loop.call_at(at, self._look)
        elif not (self.stored or self.spilled):
            self._resting = asyncio.create_task(self.whole(self._close()))

    async def _close(self) -> None:
        """Close the file, which a relay whose service is well may not need for months.

        Nothing is written for that, and of a disk that fails whoever writes next will learn.
        """
        if not (self.stored or self.spilled or self.is_held):
            with suppress(OSError, *DAMAGE):
                await self.in_thread(partial(self.tiers.disk.close, tidy=False))
            self.rest()
