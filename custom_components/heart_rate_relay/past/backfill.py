"""The recorder's past becomes readings, a little at a time.

What it has read is on disk together with the note that it was, so that nothing comes twice,
and a backfill goes on where it was when Home Assistant is started again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
import time
from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.start import async_at_started

from ..const import CONF_BACKFILL_DAYS
from ..outbox.coverage import Coverage, Span, length, union
from ..outbox.outbox import Outbox
from ..outbox.tally import Request
from ..reading import SECOND, now_us, to_us
from ..sources.sources import Sources
from ..unexpected import log_unexpected
from .absence import absences, async_status_id
from .history import Chunk, Past, names_of

DAY = 24 * 60 * 60.0

FIRST_WINDOW = 60 * SECOND
MIN_WINDOW = SECOND
MAX_WINDOW = 4 * 60 * 60 * SECOND
"""How much of the past is read at once, in microseconds: after a quiet night much may come."""

FEW_STATES, MANY_STATES = 2_000, 8_000
"""How many states to read at once: so many that it is quick, so few that nobody notices."""

REST = 0.5
"""For how many seconds to leave the processor to everybody else, after each of reading."""

MAX_WAITING = 10_000
"""How many readings may wait before no more are added."""

LOOK_AFTER = 0.05
"""Seconds after which to see whether there is room again."""

DISK_RETRY = 10.0
"""Seconds after which to see whether a disk that failed is back."""

STOP_TIMEOUT = 5.0
"""Seconds for a look into the recorder to end."""


class Outcome(NamedTuple):
    """What a backfill came to."""

    complete: bool
    queued: Mapping[str, int]
    """How many readings came from each entity."""


class Backfill:
    """Takes a time of a relay's sources out of the recorder."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        sources: Sources,
        coverage: Coverage,
        outbox: Outbox,
        on_progress: Callable[[], None],
    ) -> None:
        """Initialize the backfill. Whenever it gets on, on_progress is called."""
        self._hass = hass
        self._entry = entry
        self._loaded_at = now_us()
        self._sources = sources
        self._coverage = coverage
        self._outbox = outbox
        self._on_progress = on_progress
        self._most_waiting = min(MAX_WAITING, outbox.max_readings // 2)
        self._queued: Counter[str] = Counter()
        self._share: float | None = None
        self._is_complete = False
        self._task: asyncio.Task[None] | None = None
        self._forget_start: CALLBACK_TYPE = lambda: None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def progress(self) -> int | None:
        """How much of the time has been read in percent, None where there is nothing to read."""
        return None if self._share is None else int(100 * self._share)

    async def async_begin(self) -> None:
        """Go on where it was, or begin with what was wanted at set-up."""
        entry = self._entry
        days = entry.options.get(CONF_BACKFILL_DAYS)
        if request := self._outbox.tally.backfill:
            self.async_start(request)
        elif days:
            max_age = min(days * DAY, self._outbox.max_age)
            self.async_start(Request(now_us(-max_age), now_us(), self._sources.ids))
        if days:
            await self._outbox.flush()
            if not self._outbox.trouble:
                self._forget_days()

    @callback
    def _forget_days(self) -> None:
        """Want it no more at the next set-up: it is on disk that it is wanted, or it is not any more."""
        if CONF_BACKFILL_DAYS in self._entry.options:
            options = {**self._entry.options}
            del options[CONF_BACKFILL_DAYS]
            self._hass.config_entries.async_update_entry(self._entry, options=options)

    @callback
    def async_start(self, request: Request) -> None:
        """Take a time out of the recorder that is not taken yet, once all has started."""
        self._outbox.tally.backfill = request
        self._share = 0.0
        self._queued.clear()
        self._stopping.clear()
        self._ended.clear()
        self._on_progress()

        @callback
        def start(_: HomeAssistant) -> None:
            self._task = asyncio.create_task(
                self._run(request), name="heart rate backfill"
            )

        self._forget_start()
        self._forget_start = async_at_started(self._hass, start)

    async def async_wait(self) -> Outcome:
        """Return what a backfill came to, once it has ended."""
        await self._ended.wait()
        return Outcome(self._is_complete, dict(self._queued))

    async def async_cancel(self) -> None:
        """End a backfill for good."""
        await self.async_stop()
        await self._want_no_more()

    async def _want_no_more(self) -> None:
        """Take note that nothing is to be read any more."""
        self._outbox.tally.backfill = None
        self._forget_days()
        await self._outbox.flush()

    async def async_stop(self) -> None:
        """Stop for now."""
        self._stopping.set()
        self._forget_start()
        if self._task:
            await asyncio.wait([self._task], timeout=STOP_TIMEOUT)
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._end(complete=False)

    async def _run(self, request: Request) -> None:
        """Read all that is asked for."""
        try:
            is_complete = await self._read(request)
        except Exception as err:  # noqa: BLE001 - whatever the database raises, the relay goes on
            if not self._stopping.is_set():
                log_unexpected(
                    err, "the history is read when the relay is loaded again"
                )
            is_complete = False
        if is_complete:
            await self._want_no_more()
        self._end(complete=is_complete)

    async def _read(self, request: Request) -> bool:
        """Read the parts of a request that are not covered, the earliest first."""
        # What was measured last may not have been written yet
        await get_instance(self._hass).async_block_till_done()
        await self._note_absences()
        wanted = {
            source_id: self._coverage.gaps(source_id, request.start, request.end)
            for source_id in names_of(self._sources.observers)
            if source_id in request.source_ids
        }
        gaps = union(chain(*wanted.values()))
        total = length(gaps)
        for start, end in gaps:
            if not await self._read_gap(wanted, start, end, total):
                return False
        return True

    async def _read_gap(
        self, wanted: Mapping[str, Sequence[Span]], start: int, end: int, total: int
    ) -> bool:
        """Read one of the parts that are not covered, which are so long in total."""
        past = await self._past(wanted, end)
        window = FIRST_WINDOW
        while start < end:
            until = min(start + window, end)
            if not (part := await self._read_part(past, start, until)):
                return False
            if names_of(self._sources.observers).items() - past.names.items():
                # A source was renamed, and so may have been looked for where it is no more
                past = await self._past(wanted, end)
                continue
            chunk, rested_at = part
            until = min(chunk.until, end)
            source_ids = wanted.keys() & past.names.keys()
            if not await self._keep(chunk, source_ids, start, until):
                return False
            self._share = (self._share or 0.0) + (until - start) / total
            start = until
            self._on_progress()
            if chunk.states > MANY_STATES:
                window = max(window // 2, MIN_WINDOW)
            elif chunk.states < FEW_STATES:
                window = min(window * 2, MAX_WINDOW)
            if await self._rest(rested_at - time.monotonic()):
                return False
        return True

    async def _past(self, wanted: Mapping[str, Sequence[Span]], until: int) -> Past:
        """Return the past of the sources, once the recorder calls them as they are called now."""
        lineup = self._sources.without_memory()
        await get_instance(self._hass).async_block_till_done()
        return Past(self._hass, lineup, wanted, until)

    async def _note_absences(self) -> None:
        """Take note of when the relay was not loaded, since that was last asked for."""
        tally = self._outbox.tally
        if not (status_id := async_status_id(self._hass, self._entry)):
            return
        since = tally.absences_until or to_us(self._entry.created_at.timestamp())
        found = await get_instance(self._hass).async_add_executor_job(
            absences, self._hass, status_id, since, self._loaded_at
        )
        for start, end in found:
            self._sources.miss(start, end)
        tally.absences_until = self._loaded_at

    async def _read_part(
        self, past: Past, start: int, end: int
    ) -> tuple[Chunk, float] | None:
        """Read a part once there is room for it, and return it, None when it is to end.

        Says also until when to leave the processor to everybody else, in seconds (monotonic).
        """
        while len(self._outbox) >= self._most_waiting:
            if await self._rest(LOOK_AFTER):
                return None
        chunk, busy = await get_instance(self._hass).async_add_executor_job(
            _timed, past, start, end
        )
        return chunk, time.monotonic() + REST * busy

    async def _keep(
        self, chunk: Chunk, source_ids: Iterable[str], start: int, end: int
    ) -> bool:
        """Write what was read to disk, and say whether that went well."""
        covered = self._coverage.with_span(source_ids, start, end)
        while not await self._outbox.insert(chunk.readings, covered):
            if await self._rest(DISK_RETRY):
                return False
        for (_, source), count in Counter(chunk.readings.series).items():
            self._queued[source.entity_id] += count
        return True

    async def _rest(self, seconds: float) -> bool:
        """Wait, and return whether it is to end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()

    def _end(self, *, complete: bool) -> None:
        """Take note that nothing is read any more."""
        if self._share is not None:
            self._share = None
            self._is_complete = complete
            self._ended.set()
            self._on_progress()


def _timed(past: Past, start: int, end: int) -> tuple[Chunk, float]:
    """Return a part of the past, and for how many seconds that kept a processor busy."""
    began = time.thread_time()
    return past.read(start, end), time.thread_time() - began
