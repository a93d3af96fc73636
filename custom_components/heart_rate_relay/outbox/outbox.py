"""Where readings wait: at first in memory, and before long on disk."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..reading import Reading, now_us
from ..readings import NONE, Readings
from .coverage import Span
from .entries import NO_ENTRIES, Entries, Entry
from .hold import Hold
from .keeper import Keeper
from .memory import Memory, now
from .tally import Tally
from .tiers import Bounds

STORE_AFTER = 0.8
STORE_AFTER_UNANSWERED = 0.35
"""Seconds for which a reading may be in memory alone, also while nobody takes any.

A little less than the second, and the half of one, that are promised: writing it takes time, too.
"""

FRESH_FOR = 0.8
"""Seconds for which a reading has just come in."""

RETRY_AFTER = 10.0
"""Seconds after which to see whether a disk that failed is back."""


class Outbox:
    """Readings on their way to a destination, oldest out when there are too many.

    All is for one event loop, and for one taker at a time. What was begun is done to its end,
    though whoever waits for it is cancelled.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_readings: int,
        max_age: float,
        hold: Hold | None = None,
    ) -> None:
        """Initialize the outbox with its bounds, max_age in seconds, and what holds its file."""
        self.tally = Tally()
        self.trouble: str | None = None
        """Why readings cannot be written to disk now."""
        self.set_aside: Path | None = None
        """Where a damaged file was moved to, until somebody has seen that."""
        self.is_of_later_version = False
        """Whether there is a file of a later version, which is left alone."""
        self.max_age = max_age
        """Seconds for which a reading may wait since it was measured."""
        self.max_readings = max_readings
        self._hold = hold or Hold()
        self._keeper = Keeper(path, self._have_trouble, self._have_set_aside)
        self._tiers = self._keeper.tiers
        self._fresh = Memory()
        self._settled = NONE
        self._kept = Tally()
        self._is_answered = True
        self._timer: asyncio.TimerHandle | None = None
        self._storing: asyncio.Task[None] | None = None
        self.is_closed = False
        """Whether the file was left for good: not yet while a backup is made."""
        self._loaded = self._closing = False

    def __len__(self) -> int:
        """Return how many readings wait."""
        kept = self._keeper.stored + self._keeper.spilled
        # What is settled may have fallen out meanwhile
        return len(self._fresh) + (kept and max(0, kept - len(self._settled)))

    @property
    def in_memory(self) -> int:
        """How many readings are not on disk."""
        return len(self._fresh) + self._keeper.spilled

    @property
    def has_fresh(self) -> bool:
        """Whether a reading came in just now."""
        return self._fresh.last_at > now() - FRESH_FOR

    def heed(self, *, is_answered: bool) -> None:
        """Take note of whether readings are taken: if not, they are written sooner."""
        if is_answered is not self._is_answered:
            self._is_answered = is_answered
            # A look at a disk that failed is not put off
            if not self.trouble:
                self._cancel_timer()
                self._set_timer()

    async def open(self) -> None:
        """Find what was left when the outbox was last closed."""
        self._closing = self.is_closed = False
        self._hold.join(self)
        self._keeper.is_held = self._hold.is_on
        await self._keeper.whole(self._load())
        if not self._keeper.stored and not self._storing:
            # Many a relay never needs it again
            self._keeper.rest()
        self._set_timer()

    async def close(self) -> None:
        """Write everything to disk; while a backup is made, as soon as that has ended."""
        self._closing = True
        self._cancel_timer()
        if self._storing:
            await asyncio.wait([self._storing])
        await self._keeper.whole(self._close())

    def abandon(self) -> None:
        """Leave an outbox that was closed to whoever removes its file."""
        self._hold.leave(self)
        self._keeper.rest()

    def add(self, reading: Reading) -> None:
        """Add a reading."""
        if reading.measured_at < now_us(-self.max_age):
            self.tally.expired += 1
            return
        self._fresh.add(reading)
        self._set_timer()

    async def insert(
        self, readings: Sequence[Reading], covered: Mapping[str, list[Span]]
    ) -> bool:
        """Write readings of the past to disk, and what is covered with them.

        Says whether that went well; if not, nothing of it was done.
        """
        return await self._keeper.whole(self._insert(Readings.of(readings), covered))

    async def take(self, count: int, *, newest_first: bool) -> Entries:
        """Return up to count readings, which stay in the outbox until they are settled.

        They come in the order in which they were measured; or, with newest_first,
        those just come in, and behind them the rest from its newest end.
        """
        if newest_first:
            since, counted = now() - FRESH_FOR, not self._must_wait
            if fresh := self._fresh.entries(count, since=since, counted=counted):
                return fresh
        if self._has_counted and not (self.trouble or self._keeper.is_held):
            await self.flush()
        kept = NONE
        if self._keeper.stored or self._keeper.spilled:
            kept = await self._keeper.whole(
                self._select(count, newest_first=newest_first)
            )
        is_left = self._keeper.stored > len(self._settled)
        if self._keeper.is_held and is_left and not newest_first:
            # What is on disk comes first, once it may be touched again
            return NO_ENTRIES
        waiting = Entries.unnumbered(kept)
        if others := self._fresh.entries(counted=not self._must_wait):
            # Of the same moment, what came in last is the newest
            waiting = (waiting + others).by_time(newest_first=newest_first)
        return waiting[:count]

    async def settle(self, entries: Iterable[Entry]) -> None:
        """Forget readings that were delivered or refused."""
        entries = Entries.of(entries)
        if not self._keeper.is_busy and self._fresh.has_all(entries.seqs):
            self._fresh.remove_all(entries)
            return
        await self._keeper.whole(self._settle(entries))

    async def oldest(self) -> int | None:
        """Return when the oldest of the readings was measured, in µs UTC."""
        times = self._fresh.entries().readings.times
        if self._keeper.stored or self._keeper.spilled:
            kept = await self._keeper.whole(self._select(1, newest_first=False))
            times = times + kept.times
        return min(times, default=None)

    async def discard(self) -> int:
        """Forget all readings, and return how many there were."""
        return await self._keeper.whole(self._discard())

    async def flush(self) -> None:
        """Write what is in memory to disk, and let fall out what is too much."""
        await self._keeper.whole(self._flush())

    async def hold(self) -> None:
        """Leave one whole file for a backup, and do not touch it until release is called.

        Meanwhile all goes on in memory, but for what is on disk already.
        """
        await self._keeper.whole(self._let_go())

    async def release(self) -> None:
        """Go on with the file."""
        await self._keeper.whole(self._go_on())

    # What follows is the keeper's, one thing at a time

    async def _close(self) -> None:
        await self._flush()
        await self._keeper.on_disk(self._tiers.disk.close, None)
        # It may have been opened again meanwhile
        if self._keeper.is_held or not self._closing:
            return
        self._keeper.rest()
        self._hold.leave(self)
        self.is_closed = True

    async def _insert(self, new: Readings, covered: Mapping[str, list[Span]]) -> bool:
        if self._keeper.spilled:
            await self._flush()
        if self._keeper.spilled or not await self._load():
            return False
        tally, bounds = self._tally_so_far(), self._bounds()
        tally.covered |= covered
        job = partial(self._tiers.write, new, NONE, tally, bounds)
        if not await self._save(job, tally):
            return False
        self.tally.covered.update(covered)
        return True

    async def _select(self, count: int, *, newest_first: bool) -> Readings:
        """Return readings that are not in the memory of the event loop."""
        spilled = NONE
        if self._keeper.spilled:
            spilled = await self._keeper.in_thread(
                partial(self._tiers.select_spilled, count, newest_first=newest_first)
            )
        found = spilled
        if self._must_wait:
            durations = enumerate(spilled.durations)
            spilled = found = spilled.pick([n for n, each in durations if not each])
        if self._keeper.stored and await self._delete_settled():
            select = partial(self._tiers.select, count, spilled, self._bounds())
            found, gone = await self._keeper.on_disk(
                partial(select, newest_first=newest_first), (spilled, 0)
            )
            self.tally.expired += gone
        return found[:count]

    async def _settle(self, entries: Entries) -> None:
        self._settled = Readings.joined(self._settled, self._fresh.remove_all(entries))
        await self._delete_settled()

    async def _delete_settled(self) -> bool:
        """Delete what is settled, and say whether it is gone from the disk."""
        if (settled := self._settled) and self._keeper.spilled:
            delete = partial(self._tiers.delete_spilled, settled)
            settled = self._settled = await self._keeper.in_thread(delete)
        if not settled:
            return True
        tally = self._tally_so_far() if self._loaded else None
        job = partial(self._tiers.delete, settled, tally)
        if not await self._keeper.on_disk(job, False):
            return False
        if not self._keeper.spilled:
            self._have_trouble(None)
        self._settled = NONE
        return True

    async def _discard(self) -> int:
        is_loaded = await self._load()
        gone = len(self)
        await self._delete_settled()
        if self._keeper.is_held or not is_loaded:
            self._tiers.clear_later()
            self._settled = NONE
        elif self._keeper.stored:
            await self._keeper.on_disk(self._tiers.clear, None)
        await self._keeper.in_thread(self._tiers.clear_spilled)
        self._fresh.clear()
        return gone - len(self)

    async def _let_go(self) -> None:
        if self.is_closed:
            return
        await self._flush()
        await self._keeper.on_disk(self._tiers.disk.close, None)
        self._keeper.is_held = self._hold.is_on

    async def _go_on(self) -> None:
        self._keeper.is_held = False
        await (self._close() if self._closing else self._flush())

    async def _flush(self) -> None:
        is_loaded = await self._load()
        fresh = self._fresh.entries()
        readings, bounds = fresh.readings, self._bounds()
        # A counter goes to disk with what it counted: neither without the other
        tally = self.tally.copy()
        job = partial(self._tiers.write, readings, self._settled, tally, bounds)
        if is_loaded and await self._save(job, tally):
            self._settled = NONE
        else:
            spill = partial(self._tiers.spill, readings, bounds)
            gone = await self._keeper.in_thread(spill)
            self.tally.expired += gone
        self._fresh.remove_all(fresh)

    async def _save(self, job: Callable[[], int], tally: Tally) -> bool:
        """Make the file what memory says, and say whether that went well."""
        gone = await self._keeper.on_disk(job, None)
        if gone is None:
            return False
        self._have_trouble(None)
        self._kept = tally
        self.tally.expired += gone
        return True

    def _tally_so_far(self) -> Tally:
        """Return a tally that counts no further than what is on disk with it."""
        return replace(self.tally.copy(), counters=self._kept.counters)

    async def _load(self) -> bool:
        """Find what is on disk, once, and say whether that went well."""
        read, peek = self._tiers.read, self._tiers.peek
        if not self._loaded and (
            tally := await self._keeper.on_disk(read, None, while_held=peek)
        ):
            self.tally.add(tally)
            self._kept = tally
            self.is_of_later_version = self._tiers.is_of_later_version
            self._loaded = True
        return self._loaded

    # The timers

    def _set_timer(self) -> None:
        """Look again when a reading is overdue, or the disk may be back."""
        if self._timer or self._storing or self._closing:
            return
        if self.trouble or self._fresh:
            when = now() + RETRY_AFTER if self.trouble else self._due
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(when, self._store_overdue)

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    @property
    def _due(self) -> float:
        """The time of the event loop at which to write the first fresh reading."""
        within = STORE_AFTER if self._is_answered else STORE_AFTER_UNANSWERED
        return self._fresh.first_at + within

    def _store_overdue(self) -> None:
        """Write to disk what is overdue, and what is not with it.

        A counter is so even if what it counted was delivered: or else a kill would have
        it counted once more. So is a source that is listened to since a while ago, unless nothing
        was ever written: or else it would come out of the recorder once more.
        """
        self._timer = None
        kept = self._kept.covered
        has_begun = bool(kept) and kept != self.tally.covered
        if self.trouble or self._due <= now() or self._has_counted or has_begun:
            self._storing = asyncio.create_task(self.flush())
            self._storing.add_done_callback(self._have_stored)
        else:
            self._set_timer()

    def _have_stored(self, task: asyncio.Task[None]) -> None:
        self._storing = None
        self._set_timer()

    def _have_trouble(self, trouble: str | None) -> None:
        """Take note of why the disk fails, None when it does no more: what is fresh is due soon."""
        if self.trouble and not trouble:
            self._cancel_timer()
        self.trouble = trouble
        self._set_timer()

    def _have_set_aside(self, path: Path) -> None:
        self.set_aside = path

    # What is in the memory of the event loop

    @property
    def _has_counted(self) -> bool:
        """Whether a counter is not on disk as it is now."""
        return self.tally.counters != self._kept.counters

    @property
    def _must_wait(self) -> bool:
        """Whether what a counter told may not be taken yet.

        It may once it is on disk, with what the counter showed: or a power cut would have the
        same steps counted, and delivered, once more. Where the disk fails nobody waits for it.
        """
        return self._has_counted and not self.trouble

    def _bounds(self) -> Bounds:
        """Return what may wait now."""
        return Bounds(now_us(-self.max_age), self.max_readings)
