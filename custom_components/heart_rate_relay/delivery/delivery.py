"""Moves readings from the outbox to the destination."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
import time

from ..destinations.base import Destination
from ..destinations.errors import DestinationError, RefusedError, RefusesAllError
from ..outbox.entries import Entries
from ..outbox.outbox import Outbox
from ..reading import SECOND, Reading
from ..unexpected import log_unexpected
from .backoff import Backoff
from .batch_size import BatchSize
from .book import Book
from .lead import Lead
from .mistakes import Mistakes
from .rate_limit import RateLimit
from .refusals import words_about
from .sifting import delay_after, sift
from .suspicion import MANY, Suspicion, overtaken
from .unanswered import Unanswered

STOP_TIMEOUT = 5.0
"""Seconds for a request under way to end."""


class Delivery:
    """Delivers what is in an outbox, one request at a time."""

    def __init__(
        self,
        outbox: Outbox,
        destination: Destination,
        on_outcome: Callable[[DestinationError | None], None],
        *,
        gather: float | None = None,
    ) -> None:
        """Initialize the delivery.

        After each request on_outcome learns its outcome: None when it was delivered.
        Where readings are gathered, all that wait go out every so many seconds.
        """
        self.paused = False
        self._outbox = outbox
        self._destination = destination
        self._on_outcome = on_outcome
        self._rate = RateLimit(destination.limits.max_rate)
        self._gather = gather or 0.0
        self._not_before = self._next_round = self._lingers_until = 0.0
        self._is_lingering = self._is_urgent = False
        self._backoff = Backoff()
        self._mistakes = Mistakes()
        limits = destination.limits
        self._size = BatchSize(limits)
        self._suspicion = Suspicion(limits.min_batch, in_order=limits.in_order)
        self._in_order = limits.in_order
        self._unanswered = Unanswered(limits)
        self._refused_for = ""
        self._book = Book(outbox, limits)
        self.refusals = self._book.refusals
        """The last readings that were refused, and why."""
        self._lead = Lead(outbox, destination, self._book.count)
        self._stopping = False
        self._changed = asyncio.Event()
        self._goes_alone = limits.max_batch == 1 and limits.newest_first
        self._is_idle = False
        self._context = copy_context()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to deliver."""
        if last := self._outbox.tally.last_delivery:
            now = asyncio.get_running_loop().time()
            since = max(0.0, time.time() - last / SECOND)
            self._next_round = now + max(0.0, self._gather - since)
        self._is_idle = True
        self.wake()

    async def stop(self) -> None:
        """Stop, once the request under way has ended or taken too long."""
        if not self._task:
            return
        self._stopping = True
        self._destination.hurry()
        self.wake()
        await asyncio.wait([self._task], timeout=STOP_TIMEOUT)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._lead.stop()

    def wake(self, *, at_once: bool = False) -> None:
        """Look again at what there is to do, at once where it does not do so already."""
        if not self._is_idle:
            self._changed.set()
            return
        self._is_idle = False
        self._task = asyncio.create_task(
            self._run(),
            name="heart rate delivery",
            context=self._context,
            eager_start=at_once,
        )

    def notice(self, reading: Reading) -> None:
        """Take note that a reading came in: where others are awaited it changes nothing."""
        if not (self.paused or self._stopping):
            self._lead.notice(reading)
        if not self._is_lingering or len(self._outbox) >= self._size.now:
            self.wake(at_once=self._goes_alone)

    def send_now(self) -> None:
        """Try at once, however long the wait was to be."""
        self._not_before = self._next_round = self._lingers_until = 0.0
        self._is_urgent = True
        self.wake()

    async def _run(self) -> None:
        """Deliver until there is nothing to do, whatever goes wrong."""
        loop = asyncio.get_running_loop()
        while not (self._stopping or self._is_idle):
            if error := await self._mistakes.caught(self._deliver_due()):
                self._note(error)
                await self._lead.end()
                # Not even for what comes in: it may go wrong with each of them
                while not self._stopping and (now := loop.time()) < self._not_before:
                    await self._wait(self._not_before - now)

    async def _deliver_due(self) -> None:
        """Deliver what is due, or else wait until something may be."""
        self._changed.clear()
        self._is_lingering = False
        if self._until_repeat() == 0:
            self._lead.repeat()
            self._note(await self._mistakes.caught(self._repeat()))
            await self._lead.end()
            return
        if (delay := self._delay()) == 0:
            self._is_urgent = False
            entries = await self._take()
            self._lead.take(entries)
            were_any = await self._deliver_all(entries)
            await self._lead.end()
            if were_any and len(self._outbox):
                return
            delay = None if were_any else delay_after(entries)
        if not self._changed.is_set():
            repeat = self._until_repeat()
            if delay is None and repeat is None:
                self._is_idle = True
            else:
                await self._wait(min(d for d in (delay, repeat) if d is not None))

    async def _wait(self, seconds: float) -> None:
        """Wait until something has changed, for so many seconds at most."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _delay(self) -> float | None:
        """Return the seconds until the next request, None when nothing is to be sent."""
        if self.paused or len(self._outbox) < self._destination.limits.min_batch:
            return None
        now = asyncio.get_running_loop().time()
        at = max(self._not_before, self._next_round)
        if not self._is_urgent:
            at = max(at, self._lead.not_before)
        if at > now:
            return at - now
        if self._lingers_until > now and len(self._outbox) < self._size.now:
            self._is_lingering = True
            return self._lingers_until - now
        return self._rate.delay(now, backlog=not self._outbox.has_fresh)

    def _until_repeat(self) -> float | None:
        """Return the seconds until something is to be repeated, None where nothing is."""
        if (at := self._destination.repeat_at) is None or self.paused:
            return None
        now = asyncio.get_running_loop().time()
        return max(0.0, max(at, self._not_before) - now)

    @property
    def _most(self) -> int:
        """How many readings to look at at once: those set aside are among them."""
        least = self._destination.limits.min_batch
        return self._size.now + least - 1 + len(self._suspicion)

    async def _take(self) -> Entries:
        """Return readings that may go, in the order in which they should.

        What has just come in at a live service is not behind what waits from before. Where all
        is refused the newest are tried, unless order matters: what is old may be to blame.
        """
        newest_first = self._destination.limits.newest_first
        is_led = self._lead.metric is not None
        is_general = self._suspicion.is_general and not self._in_order
        newest_first |= is_general or (self._lead.goes_first and self._outbox.has_fresh)
        entries = await self._outbox.take(self._most, newest_first=newest_first)
        if is_led and not entries:
            # What waits is held on disk: what comes in has that turn, too
            entries = await self._outbox.take(self._most, newest_first=True)
        return entries.by_time() if is_general or is_led else entries

    async def _deliver_all(self, entries: Entries) -> bool:
        """Deliver entries, and return whether any of them could be."""
        more = bool(self._gather) and len(entries) == self._most
        # In order, what is set aside would be among the oldest
        is_all = self._in_order or (
            len(self._suspicion) > 0 and len(entries) >= len(self._outbox)
        )
        entries, objections = sift(entries, self._destination.limits)
        if objections:
            for entry, reason in objections:
                self._book.refuse([entry.reading], reason)
            await self._outbox.settle([entry for entry, _ in objections])
        suspects, others = self._suspicion.part(entries, is_all=is_all)
        if self._in_order:
            in_vain = self._suspicion.in_vain
            were_any = await self._deliver_batches(entries, more=more)
            if self._suspicion.in_vain > max(in_vain, MANY - 1):
                await self._call_witness()
            return were_any or bool(objections)
        if self._suspicion.is_general:
            others = others[-self._size.now :]
        again = self._unanswered.alone(others)
        more = more or len(again) < len(others)
        were_any = await self._deliver_batches(again, more=more)
        if suspects and (self._suspicion.has_witness or not were_any):
            were_any = await self._deliver_suspects(suspects)
        return were_any or bool(objections)

    async def _deliver_batches(self, entries: Entries, *, more: bool) -> bool:
        """Deliver entries, as many as make batches, and return whether there were any.

        When all went well and no more wait, the readings that come are gathered anew,
        unless those that came meanwhile are wanted now.
        """
        batches, is_rest = self._size.batches(entries)
        for batch in batches:
            error = await self._mistakes.caught(self._deliver(batch))
            self._note(error)
            if error or self.paused or self._stopping:
                return True
        if self._gather and batches and not (more or is_rest or self._is_urgent):
            now = asyncio.get_running_loop().time()
            self._next_round = now + self._gather
        return bool(batches)

    async def _call_witness(self) -> None:
        """Try what comes behind the oldest, which were refused again and again.

        Where that is accepted, the first that it overtook is tried once more. What is refused
        then was at fault, and all of it is given up. Else the service was, and is well again:
        better out of order than not at all.
        """
        entries, _ = sift(await self._take(), self._destination.limits)
        suspects, others = self._suspicion.part(entries, is_all=False)
        witnesses = self._size.smallest(others)
        if not witnesses or self.paused or self._stopping:
            return
        before = self._suspicion.acceptances
        if await self._try(witnesses[0]) or self._suspicion.acceptances == before:
            return
        gone = overtaken(suspects, witnesses[0])
        for first in self._size.smallest(gone)[:1]:
            if await self._try(first, again=True):
                return
            gone = Entries.of(entry for entry in gone if entry not in first)
        if self._suspicion.acceptances == before + 1:
            self._book.refuse(gone.readings, self._refused_for)
            await self._outbox.settle(gone)

    async def _deliver_suspects(self, entries: Entries) -> bool:
        """Try again what was refused, as long as others bear witness that it may be good.

        Without a witness one batch is tried, which may become one.
        """
        were_any = False
        while batches := self._size.smallest(entries):
            error = await self._try(batches[0], again=True)
            were_any = True
            is_enough = error or not self._suspicion.has_witness
            if is_enough or self.paused or self._stopping or self._outbox.has_fresh:
                break
            left = (entry for entry in entries if entry not in batches[0])
            entries = Entries.of(left)
        return were_any

    async def _try(
        self, batch: Entries, *, again: bool = False
    ) -> DestinationError | None:
        """Deliver a batch as soon as the rate allows, and return what went wrong."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(self._rate.delay(now, backlog=True))
        error = await self._mistakes.caught(self._deliver(batch, again=again))
        self._note(error)
        return error

    async def _repeat(self) -> None:
        """Have something repeated that the destination may have lost."""
        receipt = await self._destination.repeat()
        self._outbox.tally.in_doubt += receipt.in_doubt

    async def _deliver(self, entries: Entries, *, again: bool = False) -> None:
        """Deliver a batch. Raises RefusedError where nothing of it was accepted."""
        acceptances = self._suspicion.acceptances
        try:
            if error := await self._send(entries, again=again):
                await self._search(entries, error, again=again)
        except RefusedError as err:
            if self._suspicion.acceptances > acceptances and not self._in_order:
                return
            self._size.restart()
            if not self._suspicion.is_general:
                raise
            raise RefusesAllError(words_about(entries.readings, err.detail)) from err

    async def _send(self, entries: Entries, *, again: bool) -> RefusedError | None:
        """Deliver a batch in one request, and return why it was refused, None if it was not.

        It is not where it is so small that it was given up.
        """
        now = asyncio.get_running_loop().time()
        self._rate.note(now)
        self._lingers_until = now + self._destination.limits.linger
        readings = entries.readings
        self._unanswered.begin(readings)
        try:
            receipt = await self._destination.deliver(readings)
        except RefusedError as err:
            self._refused_for = err.detail
            self._unanswered.end()
            if len(entries) > self._size.least:
                if not err.is_too_large:
                    self._suspicion.refuse(entries)
                return err
            if not self._suspicion.gives_up(entries, again=again):
                return err
            self._book.refuse(readings, err.detail)
        else:
            self._unanswered.end()
            self._suspicion.accept(entries)
            self._size.grow(len(entries))
            self._book.count(readings, receipt)
        await self._outbox.settle(entries)
        return None

    async def _search(
        self, entries: Entries, error: RefusedError, *, again: bool
    ) -> None:
        """Find the readings that are to blame for a refusal, and deliver the others.

        Where order matters, only those before them: the others come when it is their turn.
        Else both halves are tried before either is parted further: where one is accepted, that
        shows at once, and where none is down to the last, it is not the readings' fault.
        Raises RefusedError then.
        """
        if len(entries) <= self._size.least:
            has_witness = self._suspicion.has_witness and not self._in_order
            if not has_witness or await self._send(entries, again=True):
                raise error
            return
        if error.is_too_large:
            self._size.shrink(len(entries))
        else:
            again = True
        middle = len(entries) // 2
        refused = []
        for half in (entries[:middle], entries[middle:]):
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(self._rate.delay(now, backlog=True))
            if self.paused or self._stopping:
                return
            if why := await self._send(half, again=again):
                if self._in_order:
                    await self._search(half, why, again=again)
                else:
                    refused.append((half, why))
        for half, why in refused:
            await self._search(half, why, again=again)

    def _note(self, error: DestinationError | None) -> None:
        """Set the pace by an outcome."""
        self._outbox.heed(is_answered=error is None)
        if error:
            self._outbox.tally.in_doubt += error.in_doubt
            if error.key == "timeout":
                self._size.halve()
        now = asyncio.get_running_loop().time()
        if (pause := self._backoff.after(error)) is None:
            self._mistakes.forget()
        else:
            self._not_before = now + pause
        try:
            self._on_outcome(error)
        except Exception as err:  # noqa: BLE001 - neither may this
            log_unexpected(err, "the delivery goes on")
