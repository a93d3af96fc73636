"""Where readings wait: at first in memory, and before long on disk."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from threading import Lock
import time

from ..reading import Reading, now_us
from .coverage import Span
from .disk import DAMAGE, DiskTier, Entry, is_damage
from .tally import Tally

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
        self.max_age = max_age
        """Seconds for which a reading may wait since it was measured."""
        self.max_readings = max_readings
        self._store = DiskTier(path)
        self._fresh: dict[int, tuple[float, Reading]] = {}
        self._settled: list[tuple[int, int]] = []
        self._known_counters: Mapping[str, object] = {}
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
    def in_memory(self) -> int:
        """How many readings are not on disk."""
        return len(self._fresh)

    @property
    def has_fresh(self) -> bool:
        """Whether a reading came in just now."""
        if not self._fresh:
            return False
        added_at, _ = next(reversed(self._fresh.values()))
        return added_at > _now() - STORE_AFTER

    async def open(self) -> None:
        """Find what was left when the outbox was last closed."""
        self._closing = False
        async with self._lock:
            await self._load()
        self._set_timer()

    async def close(self) -> None:
        """Write everything to disk."""
        self._closing = True
        if self._timer:
            self._timer.cancel()
            self._timer = None
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

    async def insert(
        self, readings: Sequence[Reading], covered: Mapping[str, list[Span]]
    ) -> bool:
        """Write readings of the past to disk, and what is covered with them.

        Says whether that went well; if not, nothing of it was done.
        """
        async with self._lock:
            if not await self._load():
                return False
            first = self._last_seq + 1
            self._last_seq += len(readings)
            entries = [
                Entry(seq, reading) for seq, reading in enumerate(readings, first)
            ]
            tally = self.tally.copy()
            tally.covered |= covered
            if not await self._save(entries, [], tally):
                return False
            self.tally.covered.update(covered)
            return True

    async def take(self, count: int, *, newest_first: bool) -> list[Entry]:
        """Return up to count readings, which stay in the outbox until they are settled.

        They come in the order in which they were measured; or, with newest_first,
        those just come in, and behind them the rest from its newest end.
        """
        async with self._lock:
            if newest_first and (fresh := self._in_memory(_now() - STORE_AFTER)):
                return fresh[:count]
            stored: list[Entry] = []
            if self._stored and await self._delete_settled():
                stored, gone = await self._on_disk(
                    lambda: self._select(count, newest_first), ([], 0)
                )
                self.tally.expired += gone
            waiting = stored + self._in_memory()
            return sorted(waiting, key=_by_time, reverse=newest_first)[:count]

    async def settle(self, entries: Iterable[Entry]) -> None:
        """Forget readings that were delivered or refused."""
        async with self._lock:
            for seq, reading in entries:
                if self._fresh.pop(seq, None) is None:
                    self._settled.append((reading.measured_at, seq))
            await self._delete_settled()

    async def oldest(self) -> int | None:
        """Return when the oldest of the readings was measured, in µs UTC."""
        async with self._lock:
            times = [reading.measured_at for _, reading in self._in_memory()]
            if self._stored and await self._delete_settled():
                oldest: list[Entry] = await self._on_disk(
                    lambda: self._store.select(1), []
                )
                times += [reading.measured_at for _, reading in oldest]
        return min(times, default=None)

    async def discard(self) -> int:
        """Forget all readings, and return how many there were."""
        async with self._lock:
            gone = len(self)
            if self._stored:
                await self._delete_settled()
                await self._on_disk(self._store.clear, None)
            gone -= self._stored
            self._fresh.clear()
        return gone

    async def flush(self) -> None:
        """Write what is in memory to disk, and let fall out what is too much."""
        async with self._lock:
            await self._flush()

    def _in_memory(self, since: float = -inf) -> list[Entry]:
        """Return what is in memory and came in after a time of the event loop."""
        return [
            Entry(seq, reading)
            for seq, (added_at, reading) in self._fresh.items()
            if added_at > since
        ]

    def _set_timer(self) -> None:
        """Look again when a reading is overdue, or the disk may be back."""
        if self._timer or self._storing or self._closing:
            return
        if self.trouble:
            when = _now() + RETRY_AFTER
        elif self._fresh:
            when = self._due
        else:
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(when, self._store_overdue)

    @property
    def _due(self) -> float:
        """The time of the event loop at which to write the first fresh reading."""
        added_at, _ = next(iter(self._fresh.values()))
        return added_at + STORE_AFTER

    def _store_overdue(self) -> None:
        """Write to disk what is overdue, and what is not with it.

        A counter is so even if what it counted was delivered: or else a kill would have
        it counted once more.
        """
        self._timer = None
        is_due = self._fresh and self._due <= _now()
        if self.trouble or is_due or self.tally.counters != self._known_counters:
            self._storing = asyncio.create_task(self.flush())
            self._storing.add_done_callback(self._have_stored)
        else:
            self._set_timer()

    def _have_stored(self, task: asyncio.Task[None]) -> None:
        self._storing = None
        self._set_timer()

    async def _flush(self) -> None:
        if not await self._load():
            self._trim_memory()
            return
        entries = self._in_memory()
        if not await self._save(entries, self._settled, self.tally.copy()):
            self._trim_memory()
            return
        self._settled = []
        for seq, _ in entries:
            del self._fresh[seq]

    async def _save(
        self, entries: list[Entry], settled: list[tuple[int, int]], tally: Tally
    ) -> bool:
        """Make the file what memory says, and say whether that went well."""
        gone = await self._on_disk(lambda: self._write(entries, settled, tally), None)
        if gone is None:
            return False
        self.trouble = None
        self._known_counters = tally.counters
        self.tally.expired += gone
        return True

    def _trim_memory(self) -> None:
        """Let fall out what is too much in memory, the oldest first."""
        entries = sorted(self._in_memory(), key=_by_time)
        gone = bisect_left(entries, (self._measured_from(), 0), key=_by_time)
        gone = max(gone, len(entries) - self.max_readings)
        for seq, _ in entries[:gone]:
            del self._fresh[seq]
        self.tally.expired += gone

    def _measured_from(self) -> int:
        """Return when the oldest reading that may stay was measured, in µs UTC."""
        return now_us(-self.max_age)

    async def _load(self) -> bool:
        """Find what is on disk, once, and say whether that went well."""
        if self._loaded:
            return True
        found = await self._on_disk(self._read, None)
        if found is None:
            return False
        last_seq, tally = found
        self._last_seq = max(self._last_seq, last_seq)
        self.tally.add(tally)
        self._known_counters = tally.counters
        self._loaded = True
        return True

    async def _delete_settled(self) -> bool:
        """Delete what is settled, and say whether it is gone from the disk."""
        if not (keys := self._settled):
            return True
        tally = self.tally.copy() if self._loaded else None
        if not await self._on_disk(lambda: self._delete(keys, tally), False):
            return False
        self.trouble = None
        self._settled = []
        if tally:
            self._known_counters = tally.counters
        return True

    async def _on_disk[T, D](self, job: Callable[[], T], default: D) -> T | D:
        """Return what a job with the store gives, or the default when the disk fails.

        A disk that is full or may not be written to can come back: what is in memory
        stays there. A damaged file is set aside, and the job done again with a new one.
        """
        result: T | D = default
        try:
            try:
                result = await self._in_thread(job)
            except DAMAGE as err:
                if not is_damage(err):
                    raise
                self.set_aside = await self._in_thread(self._store.set_aside)
                result = await self._in_thread(job)
        except Exception as err:  # noqa: BLE001 - Whatever it is, memory goes on
            self.trouble = str(err) or repr(err)
            self._set_timer()
        self._stored = self._store.count
        return result

    async def _in_thread[T](self, job: Callable[[], T]) -> T:
        """Return the result of a blocking job."""

        def run() -> T:
            with self._thread_lock:
                return job()

        return await asyncio.get_running_loop().run_in_executor(None, run)

    # The rest runs in a thread, with both locks held

    def _read(self) -> tuple[int, Tally]:
        """Read what there is, without making a file for nothing."""
        if not self._store.path.exists():
            return 0, Tally()
        self._store.open()
        found = self._store.last_seq(), self._store.read_tally()
        if not self._store.count:
            self._store.close()
        return found

    def _write(
        self, entries: list[Entry], settled: list[tuple[int, int]], tally: Tally
    ) -> int:
        """Write what is new, delete what is settled, and return how many fell out."""
        with self._store.transaction():
            self._store.delete(settled)
            self._store.insert(entries)
            gone = self._store.trim(self._measured_from(), self.max_readings)
            self._store.write_tally(replace(tally, expired=tally.expired + gone))
        return gone

    def _select(self, count: int, newest_first: bool) -> tuple[list[Entry], int]:
        """Return readings, and how many fell out that have waited for too long."""
        gone = self._store.trim(self._measured_from(), self.max_readings)
        return self._store.select(count, newest_first=newest_first), gone

    def _delete(self, keys: list[tuple[int, int]], tally: Tally | None) -> bool:
        """Delete readings that are settled, with what became of them."""
        with self._store.transaction():
            self._store.delete(keys)
            if tally:
                self._store.write_tally(tally)
        return True


def _now() -> float:
    """Return the time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()


def _by_time(entry: Entry) -> tuple[int, int]:
    """Return what readings are sorted by: when they were measured."""
    return entry.reading.measured_at, entry.seq
