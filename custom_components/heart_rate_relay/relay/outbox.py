"""Where readings wait: at first in memory, and before long on disk."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
import sqlite3
from threading import Lock
import time

from ..reading import Reading
from .store import DAMAGE, Entry, Store, Tally

STORE_AFTER = 0.8
"""Seconds for which a reading may be in memory alone.

A little less than the second that is promised: writing it takes time, too.
"""

RETRY_AFTER = 10.0
"""Seconds after which to see whether a disk that failed is back."""


class Outbox:
    """Readings on their way to a destination, oldest out when there are too many.

    All is for one event loop, and for one taker at a time.
    """

    def __init__(self, path: Path, *, max_readings: int, max_age: float) -> None:
        """Initialize the outbox with its bounds, max_age in seconds."""
        self.tally = Tally()
        self.trouble: str | None = None
        """Why readings cannot be written to disk now."""
        self.set_aside: Path | None = None
        """Where a damaged file was moved to."""
        self._max_readings = max_readings
        self._max_age = max_age
        self._store = Store(path)
        self._fresh: dict[int, tuple[float, Reading]] = {}
        self._settled: list[tuple[int, int]] = []
        # Above all numbers on disk, even while the disk cannot be read
        self._last_seq = time.time_ns() // 1000
        self._loaded = False
        self._stored = 0
        self._lock = asyncio.Lock()
        # What was asked for by a task that was cancelled may run on in its thread
        self._thread_lock = Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._storing: asyncio.Task[None] | None = None
        self._closing = False

    def __len__(self) -> int:
        """Return how many readings wait."""
        # What is settled may have fallen out meanwhile
        return len(self._fresh) + max(0, self._stored - len(self._settled))

    @property
    def has_fresh(self) -> bool:
        """Whether a reading came in just now."""
        if not self._fresh:
            return False
        added_at, _ = next(reversed(self._fresh.values()))
        return added_at > _now() - STORE_AFTER

    async def open(self) -> None:
        """Find what was left when the outbox was last closed."""
        async with self._lock:
            await self._load()

    async def close(self) -> None:
        """Write everything to disk."""
        self._closing = True
        if self._timer:
            self._timer.cancel()
        if self._storing:
            await asyncio.wait([self._storing])
        async with self._lock:
            await self._flush()
            await self._on_disk(self._store.close, None)

    def add(self, reading: Reading) -> None:
        """Add a reading."""
        if reading.measured_at < self._measured_from():
            self.tally.expired += 1
            return
        self._last_seq += 1
        self._fresh[self._last_seq] = (_now(), reading)
        self._set_timer()

    async def take(self, count: int, *, newest_first: bool) -> list[Entry]:
        """Return up to count readings, which stay in the outbox until they are settled.

        They come in the order in which they were measured; or, with newest_first,
        those just come in, and behind them the rest from its newest end.
        """
        async with self._lock:
            stored: list[Entry] = []
            overtakes = newest_first and self.has_fresh
            if self._stored and not overtakes and await self._delete_settled():
                stored = await self._on_disk(
                    lambda: self._store.select(count, newest_first=newest_first), []
                )
            if newest_first:
                fresh, waiting = self._in_memory(_now() - STORE_AFTER)
                waiting = sorted(stored + waiting, key=_by_time, reverse=True)
                return (fresh + waiting)[:count]
            _, waiting = self._in_memory(_now())
            return sorted(stored + waiting, key=_by_time)[:count]

    async def settle(self, entries: Iterable[Entry]) -> None:
        """Forget readings that were delivered or refused."""
        async with self._lock:
            for seq, reading in entries:
                if self._fresh.pop(seq, None) is None:
                    self._settled.append((reading.measured_at, seq))
            await self._delete_settled()

    async def flush(self) -> None:
        """Write what is in memory to disk, and let fall out what is too much."""
        async with self._lock:
            await self._flush()

    def _take_fresh(self, count: int) -> list[Entry]:
        """Return up to count readings from memory."""
        return [
            Entry(seq, reading)
            for seq, (_, reading) in islice(self._fresh.items(), count)
        ]

    def _store_at(self, when: float) -> None:
        """Look at that time of the event loop what has been in memory for too long."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(when, self._store_overdue)

    def _store_overdue(self) -> None:
        """Write to disk what is overdue, and what is not with it."""
        self._timer = None
        if not self._fresh:
            return
        now = asyncio.get_running_loop().time()
        due = next(iter(self._fresh.values()))[0] + STORE_AFTER
        if due <= now:
            due = now + STORE_AFTER
            if not self._storing:
                self._storing = asyncio.create_task(self.flush())
                self._storing.add_done_callback(self._have_stored)
        self._store_at(due)

    def _have_stored(self, task: asyncio.Task[None]) -> None:
        self._storing = None

    async def _flush(self) -> None:
        entries = self._take_fresh(len(self._fresh))
        tally = self.tally
        gone = await self._on_disk(lambda: self._write(entries, tally), None)
        if gone is None:
            # The disk failed: the bounds hold for the memory, too
            gone = max(0, len(entries) - self._max_readings)
            entries = entries[:gone]
        for seq, _ in entries:
            del self._fresh[seq]
        self.tally.expired += gone

    def _measured_from(self) -> int:
        """Return when the oldest reading that may stay was measured, in ms UTC."""
        return int((time.time() - self._max_age) * 1000)

    async def _delete_settled(self) -> bool:
        """Delete what is settled, and say whether it is gone from the disk."""
        if not (keys := self._settled):
            return True
        if not await self._on_disk(lambda: self._delete(keys), False):
            return False
        self._settled = []
        return True

    async def _on_disk[T, D](self, job: Callable[[], T], default: D) -> T | D:
        """Return what a job with the store gives, or the default when the disk fails.

        A disk that is full or may not be written to can come back: what is in memory
        stays there. A damaged file is set aside, and the job done again with a new one.
        """
        try:
            try:
                result = await self._in_thread(job)
            except sqlite3.OperationalError:
                raise
            except DAMAGE:
                self.set_aside = await self._in_thread(self._store.set_aside)
                result = await self._in_thread(job)
        except (sqlite3.Error, OSError) as err:
            self.trouble = str(err)
            return default
        self.trouble = None
        return result

    async def _in_thread[T](self, job: Callable[[], T]) -> T:
        """Return the result of a blocking job."""

        def run() -> T:
            with self._thread_lock:
                return job()

        return await asyncio.get_running_loop().run_in_executor(None, run)

    # The rest runs in a thread, with both locks held

    def _load(self) -> None:
        """Read what there is, without making a file for nothing."""
        if not self._store.path.exists():
            return
        self._store.open()
        self._last_seq = self._store.last_seq()
        self.tally = self._store.read_tally()
        if not self._store.count:
            self._store.close()

    def _write(self, entries: list[Entry], tally: Tally) -> int:
        """Write readings and the tally, and return how many readings fell out."""
        with self._store.transaction():
            self._store.insert(entries)
            gone = self._store.trim(self._measured_from(), self._max_readings)
            self._store.write_tally(replace(tally, expired=tally.expired + gone))
        return gone

    def _delete(self, keys: list[tuple[int, int]]) -> bool:
        """Delete readings that are settled."""
        self._store.delete(keys)
        return True
