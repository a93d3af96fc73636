"""Moves readings from the outbox to the destination."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import uniform
import time

from ..destinations.base import Destination, Limits, Receipt, Refusal
from ..destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    RefusesAllError,
    UnreachableError,
    WaitError,
)
from ..outbox.disk import Entry
from ..outbox.outbox import Outbox
from ..reading import SECOND, Reading, now_us
from ..unexpected import log_unexpected
from .batch_size import BatchSize
from .batches import batches_of
from .overwritten import Overwritten
from .rate_limit import RateLimit
from .refusals import kept, words_about
from .sifting import delay_after, sift
from .suspicion import Suspicion

MIN_BACKOFF = 1.0
MAX_BACKOFF = 5 * 60.0
"""Seconds between two tries to reach a service."""

MENDED_RETRY = 30 * 60.0
"""Seconds after which to see whether somebody has mended what is in the way."""

STOP_TIMEOUT = 5.0
"""Seconds for a request under way to end."""

KEPT_REFUSALS = 20


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
        self.refusals: deque[Refusal] = deque(maxlen=KEPT_REFUSALS)
        """The last readings that were refused, and why."""
        self._outbox = outbox
        self._destination = destination
        self._on_outcome = on_outcome
        self._rate = RateLimit(destination.limits.max_rate)
        self._gather = gather or 0.0
        self._not_before = 0.0
        self._next_round = 0.0
        self._is_urgent = False
        self._failures = 0
        limits = destination.limits
        self._size = BatchSize(limits.min_batch, limits.max_batch)
        self._suspicion = Suspicion(limits.min_batch)
        self._overwritten = Overwritten(limits)
        self._unanswered: frozenset[Reading] = frozenset()
        self._stopping = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to deliver."""
        if last := self._outbox.tally.last_delivery:
            now = asyncio.get_running_loop().time()
            since = max(0.0, time.time() - last / SECOND)
            self._next_round = now + max(0.0, self._gather - since)
        self._task = asyncio.create_task(self._run(), name="heart rate delivery")

    async def stop(self) -> None:
        """Stop, once the request under way has ended or taken too long."""
        if not self._task:
            return
        self._stopping = True
        self.wake()
        await asyncio.wait([self._task], timeout=STOP_TIMEOUT)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def wake(self) -> None:
        """Look again at what there is to do."""
        self._changed.set()

    def send_now(self) -> None:
        """Try at once, however long the wait was to be."""
        self._not_before = self._next_round = 0.0
        self._is_urgent = True
        self.wake()

    async def _run(self) -> None:
        """Deliver until stopped."""
        while not self._stopping:
            self._changed.clear()
            if self._until_repeat() == 0:
                self._note(await self._caught(self._repeat()))
                continue
            if (delay := self._delay()) == 0:
                self._is_urgent = False
                entries = await self._take()
                if await self._deliver_all(entries):
                    continue
                delay = delay_after(entries)
            delays = (delay, self._until_repeat())
            with suppress(TimeoutError):
                async with asyncio.timeout(_earliest(delays)):
                    await self._changed.wait()

    def _delay(self) -> float | None:
        """Return the seconds until the next request, None when nothing is to be sent."""
        if self.paused or len(self._outbox) < self._destination.limits.min_batch:
            return None
        now = asyncio.get_running_loop().time()
        if (at := max(self._not_before, self._next_round)) > now:
            return at - now
        return self._rate.delay(now, backlog=not self._outbox.has_fresh)

    def _until_repeat(self) -> float | None:
        """Return the seconds until something is to be repeated, None where nothing is."""
        at = self._destination.repeat_at
        if at is None or self.paused:
            return None
        now = asyncio.get_running_loop().time()
        return max(0.0, max(at, self._not_before) - now)

    @property
    def _limits(self) -> Limits:
        """What the service takes now."""
        limits, size = self._destination.limits, self._size.now
        return limits if size == limits.max_batch else replace(limits, max_batch=size)

    @property
    def _most(self) -> int:
        """How many readings to look at at once: those set aside are among them."""
        least = self._destination.limits.min_batch
        return self._size.now + least - 1 + len(self._suspicion)

    async def _take(self) -> Sequence[Entry]:
        """Return readings that may go, in the order in which they should.

        Where all is refused the newest are tried, as what is to blame may be what is old.
        """
        newest_first = self._destination.limits.newest_first
        if not self._suspicion.is_general:
            return await self._outbox.take(self._most, newest_first=newest_first)
        entries = await self._outbox.take(self._most, newest_first=True)
        return sorted(entries, key=lambda entry: (entry.reading.measured_at, entry.seq))

    async def _deliver_all(self, entries: Sequence[Entry]) -> bool:
        """Deliver entries, and return whether any of them could be."""
        more, is_all = len(entries) == self._most, len(entries) >= len(self._outbox)
        entries, objections = sift(entries, self._destination.limits)
        if objections:
            for entry, reason in objections:
                self._count([entry.reading], Receipt([Refusal(entry.reading, reason)]))
            await self._outbox.settle([entry for entry, _ in objections])
        suspects, others = self._suspicion.part(entries, is_all=is_all)
        if self._suspicion.is_general:
            others = others[-self._size.now :]
        again = self._as_before(others)
        more = more or len(again) < len(others)
        were_any = await self._deliver_batches(again, more=more)
        if suspects and (self._suspicion.has_witness or not were_any):
            were_any = await self._deliver_suspects(suspects)
        return were_any or bool(objections)

    def _as_before(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return alone what went without an answer, where a service is to know it again."""
        same = [entry for entry in entries if entry.reading in self._unanswered]
        return same if same and len(same) == len(self._unanswered) else entries

    async def _deliver_batches(self, entries: Sequence[Entry], *, more: bool) -> bool:
        """Deliver entries, as many as make batches, and return whether there were any.

        When all went well and no more wait, the readings that come are gathered anew,
        unless those that came meanwhile are wanted now.
        """
        batches, is_rest = batches_of(entries, self._limits)
        for batch in batches:
            error = await self._caught(self._deliver(batch))
            self._note(error)
            if error or self.paused or self._stopping:
                return True
        if batches and not (more or is_rest or self._is_urgent):
            now = asyncio.get_running_loop().time()
            self._next_round = now + self._gather
        return bool(batches)

    async def _deliver_suspects(self, entries: Sequence[Entry]) -> bool:
        """Try again what was refused, as long as others bear witness that it may be good.

        Without a witness one batch is tried, which may become one.
        """
        least = replace(self._destination.limits, max_batch=self._size.least)
        were_any = False
        while batches := batches_of(entries, least)[0]:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(self._rate.delay(now, backlog=True))
            error = await self._caught(self._deliver(batches[0], again=True))
            self._note(error)
            were_any = True
            is_enough = error or not self._suspicion.has_witness
            if is_enough or self.paused or self._stopping or self._outbox.has_fresh:
                break
            entries = [entry for entry in entries if entry not in batches[0]]
        return were_any

    async def _caught(
        self, request: Coroutine[None, None, None]
    ) -> DestinationError | None:
        """Make a request, and return what went wrong."""
        try:
            await request
        except DestinationError as err:
            return err
        except Exception as err:  # noqa: BLE001 - no mistake may end the delivery for good
            log_unexpected(err, "the delivery is tried again")
            return UnreachableError("unexpected")
        return None

    async def _repeat(self) -> None:
        """Have something repeated that the destination may have lost."""
        receipt = await self._destination.repeat()
        self._outbox.tally.in_doubt += receipt.in_doubt

    async def _deliver(self, entries: Sequence[Entry], *, again: bool = False) -> None:
        """Deliver a batch. Raises RefusedError where nothing of it was accepted."""
        acceptances = self._suspicion.acceptances
        try:
            if error := await self._send(entries, again=again):
                await self._search(entries, error, again=again)
        except RefusedError as err:
            if self._suspicion.acceptances > acceptances:
                return
            self._size.restart()
            if not self._suspicion.is_general:
                raise
            readings = (entry.reading for entry in entries)
            raise RefusesAllError(words_about(readings, err.detail)) from err

    async def _send(
        self, entries: Sequence[Entry], *, again: bool
    ) -> RefusedError | None:
        """Deliver a batch in one request, and return why it was refused, None if it was not.

        It is not where it is so small that it was given up.
        """
        self._rate.note(asyncio.get_running_loop().time())
        readings = [entry.reading for entry in entries]
        if self._destination.limits.known_by_batch:
            self._unanswered = frozenset(readings)
        try:
            receipt = await self._destination.deliver(readings)
        except RefusedError as err:
            self._unanswered = frozenset()
            if len(entries) > self._size.least:
                if not err.is_too_large:
                    self._suspicion.refuse(entries)
                return err
            if not self._suspicion.gives_up(entries, again=again):
                return err
            receipt = Receipt([Refusal(reading, err.detail) for reading in readings])
        else:
            self._unanswered = frozenset()
            self._suspicion.accept(entries)
            self._size.grow(len(entries))
        self._count(readings, receipt)
        await self._outbox.settle(entries)
        return None

    async def _search(
        self, entries: Sequence[Entry], error: RefusedError, *, again: bool
    ) -> None:
        """Find the readings that are to blame for a refusal, and deliver the others.

        Both halves are tried before either is parted further: where one is accepted, that
        shows at once, and where none is down to the last, it is not the readings' fault.
        Raises RefusedError then.
        """
        if len(entries) <= self._size.least:
            if not self._suspicion.has_witness or await self._send(entries, again=True):
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
                refused.append((half, why))
        for half, why in refused:
            await self._search(half, why, again=again)

    def _count(self, readings: Sequence[Reading], receipt: Receipt) -> None:
        """Count what a request came to."""
        tally = self._outbox.tally
        tally.refused += len(receipt.refused)
        tally.in_doubt += receipt.in_doubt
        if receipt.refused:
            self.refusals.extend(map(kept, receipt.refused[-KEPT_REFUSALS:]))
            tally.unseen_refusals += len(receipt.refused)
            tally.refused_for = self.refusals[-1].reason
            refused = {refusal.reading for refusal in receipt.refused}
            readings = [reading for reading in readings if reading not in refused]
        if readings:
            overwritten = self._overwritten.count(readings)
            tally.overwritten += overwritten
            tally.delivered += len(readings) - overwritten
            tally.last_delivery = now_us()

    def _note(self, error: DestinationError | None) -> None:
        """Set the pace by an outcome."""
        self._outbox.is_answered = error is None
        if error:
            self._outbox.tally.in_doubt += error.in_doubt
        now = asyncio.get_running_loop().time()
        match error:
            case None:
                self._failures = 0
            case NotAuthorisedError() | NotEntitledError():
                self._not_before = now + MENDED_RETRY
            case WaitError(retry_after=seconds) if seconds is not None:
                self._not_before = now + max(seconds, MIN_BACKOFF)
            case _:
                self._failures += 1
                self._not_before = now + backoff(self._failures)
        try:
            self._on_outcome(error)
        except Exception as err:  # noqa: BLE001 - neither may this
            log_unexpected(err, "the delivery goes on")


def _earliest(delays: Iterable[float | None]) -> float | None:
    """Return the least of some seconds, None where there are none."""
    return min((delay for delay in delays if delay is not None), default=None)


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row.

    With full jitter, so that relays do not all return at the same moment:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return uniform(MIN_BACKOFF, min(MAX_BACKOFF, 2.0 ** min(failures, 16)))
