"""Moves readings from the outbox to the destination."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from math import inf
from random import uniform
import time

from ..destinations.base import (
    Destination,
    DestinationError,
    Limits,
    NotAuthorisedError,
    NotEntitledError,
    Receipt,
    Refusal,
    RefusedError,
    UnreachableError,
    WaitError,
)
from ..outbox.disk import Entry
from ..outbox.outbox import Outbox
from ..reading import SECOND, Metric, Reading, now_us
from ..unexpected import log_unexpected

MIN_BACKOFF = 1.0
MAX_BACKOFF = 5 * 60.0
"""Seconds between two tries to reach a service."""

NOT_ENTITLED_RETRY = 30 * 60.0
"""Seconds after which to see whether the account has got what it lacked."""

DISK_RETRY = 1.0
"""Seconds after which to see whether a disk that failed is back."""

BACKLOG_SHARE = 0.8
"""How much of the requests that a service stands may be for what waited."""

STOP_TIMEOUT = 5.0
"""Seconds for a request under way to end."""

KEPT_REFUSALS = 20

ANY = (-inf, inf)

CLOCK_TOLERANCE = 60.0
"""Seconds by which a reading may be ahead of this machine's clock."""

CLOCK_RETRY = 60.0
"""Seconds after which to see whether a clock that was set back is right again."""


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
        self._blocked = False
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
        limits = self._destination.limits
        count = limits.max_batch + limits.min_batch - 1
        while not self._stopping:
            self._changed.clear()
            if self._until_repeat() == 0:
                self._note(await self._attempt(self._repeat()))
                continue
            if (delay := self._delay()) == 0:
                self._is_urgent = False
                entries = await self._outbox.take(
                    count, newest_first=limits.newest_first
                )
                if await self._deliver_batches(entries, more=len(entries) == count):
                    continue
                delay = _delay_after(entries)
            delays = (delay, self._until_repeat())
            with suppress(TimeoutError):
                async with asyncio.timeout(_earliest(delays)):
                    await self._changed.wait()

    def _delay(self) -> float | None:
        """Return the seconds until the next request, None when nothing is to be sent."""
        if (
            self.paused
            or self._blocked
            or len(self._outbox) < self._destination.limits.min_batch
        ):
            return None
        now = asyncio.get_running_loop().time()
        if (at := max(self._not_before, self._next_round)) > now:
            return at - now
        return self._rate.delay(now, backlog=not self._outbox.has_fresh)

    def _until_repeat(self) -> float | None:
        """Return the seconds until something is to be repeated, None where nothing is."""
        at = self._destination.repeat_at
        if at is None or self.paused or self._blocked:
            return None
        now = asyncio.get_running_loop().time()
        return max(0.0, max(at, self._not_before) - now)

    async def _deliver_batches(self, entries: Sequence[Entry], *, more: bool) -> bool:
        """Deliver entries, as many as make batches, and return whether there were any.

        When all went well and no more wait, the readings that come are gathered anew,
        unless those that came meanwhile are wanted now.
        """
        entries, objections = _sift(entries, self._destination.limits)
        if objections:
            for entry, reason in objections:
                self._count([entry.reading], Receipt([Refusal(entry.reading, reason)]))
            await self._outbox.settle([entry for entry, _ in objections])
        batches, is_rest = _batches(entries, self._destination.limits)
        for batch in batches:
            error = await self._attempt(self._deliver(batch))
            self._note(error)
            if error or self.paused or self._stopping:
                return True
        if batches and not (more or is_rest or self._is_urgent):
            now = asyncio.get_running_loop().time()
            self._next_round = now + self._gather
        return bool(batches or objections)

    async def _attempt(
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

    async def _deliver(self, entries: Sequence[Entry]) -> None:
        """Deliver a batch; where it is refused, its halves, down to the bad readings.

        A batch that is too small to have halves is refused as a whole.
        """
        self._rate.note(asyncio.get_running_loop().time())
        readings = [entry.reading for entry in entries]
        try:
            receipt = await self._destination.deliver(readings)
        except RefusedError as err:
            if len(entries) >= 2 * self._destination.limits.min_batch:
                await self._deliver_halves(entries)
                return
            receipt = Receipt([Refusal(reading, err.detail) for reading in readings])
        self._count(readings, receipt)
        await self._outbox.settle(entries)

    async def _deliver_halves(self, entries: Sequence[Entry]) -> None:
        """Deliver both halves of a batch, unless no more is wanted meanwhile."""
        middle = len(entries) // 2
        for half in (entries[:middle], entries[middle:]):
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(self._rate.delay(now, backlog=True))
            if self.paused or self._stopping:
                return
            await self._deliver(half)

    def _count(self, readings: Sequence[Reading], receipt: Receipt) -> None:
        """Count what a request came to."""
        tally = self._outbox.tally
        tally.refused += len(receipt.refused)
        tally.in_doubt += receipt.in_doubt
        self.refusals.extend(receipt.refused)
        if receipt.refused:
            tally.unseen_refusals += len(receipt.refused)
            tally.refused_for = receipt.refused[-1].reason
            refused = {refusal.reading for refusal in receipt.refused}
            readings = [reading for reading in readings if reading not in refused]
        if readings:
            tally.delivered += len(readings)
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
            case NotAuthorisedError():
                self._blocked = True
            case NotEntitledError():
                self._not_before = now + NOT_ENTITLED_RETRY
            case WaitError(retry_after=seconds) if seconds is not None:
                self._not_before = now + max(seconds, MIN_BACKOFF)
            case _:
                self._failures += 1
                self._not_before = now + backoff(self._failures)
        try:
            self._on_outcome(error)
        except Exception as err:  # noqa: BLE001 - neither may this
            log_unexpected(err, "the delivery goes on")


def _sift(
    entries: Sequence[Entry], limits: Limits
) -> tuple[Sequence[Entry], Sequence[tuple[Entry, str]]]:
    """Part what a service takes from what it never will, the latter with the reason.

    One that refuses a batch for a single bad reading must not get it. Nor one of the
    future, which stays: the clock was set back, maybe only until it is told the time.
    """
    if not limits.ranges:
        return entries, ()
    latest = _latest()
    good, objections = [], []
    for entry in entries:
        metric, value, measured_at, *_ = entry.reading
        low, high = limits.ranges.get(metric, ANY)
        if not low <= value <= high:
            objections.append((entry, "out of range"))
        elif measured_at <= latest:
            good.append(entry)
    return good, objections


def _latest() -> int:
    """Return the time in µs UTC beyond which a reading is of the future."""
    return now_us(CLOCK_TOLERANCE)


def _earliest(delays: Iterable[float | None]) -> float | None:
    """Return the least of some seconds, None where there are none."""
    return min((delay for delay in delays if delay is not None), default=None)


def _delay_after(entries: Sequence[Entry]) -> float | None:
    """Return the seconds after which to look again at what could not be sent.

    What waits has to wait for more, unless it cannot be read, or is of the future.
    """
    if not entries:
        return DISK_RETRY
    return CLOCK_RETRY if entries[-1].reading.measured_at > _latest() else None


def _batches(
    entries: Sequence[Entry], limits: Limits
) -> tuple[list[Sequence[Entry]], bool]:
    """Return batches of a size that a service takes, and whether more are left.

    So few are left that they have to wait for others, or enough for another batch.
    """
    groups: Mapping[Metric | None, Sequence[Entry]] = {None: entries}
    if not limits.mixed:
        by_metric: defaultdict[Metric | None, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_metric[entry.reading.metric].append(entry)
        groups = by_metric
    batches: list[Sequence[Entry]] = []
    is_rest = False
    for group in groups.values():
        if len(group) > limits.max_batch:
            is_rest = True
            group = group[: -limits.min_batch]
        if len(group) >= limits.min_batch:
            batches.append(group)
    return batches, is_rest


class RateLimit:
    """Keeps to the requests a second that a service stands.

    A part of them is kept free for what is fresh.
    """

    def __init__(self, rate: int | None) -> None:
        """Initialize the limit, None for none."""
        self._rate = rate
        self._backlog_rate = max(1, int((rate or 0) * BACKLOG_SHARE))
        self._sent: deque[float] = deque(maxlen=rate)

    def note(self, now: float) -> None:
        """Take note of a request."""
        if self._rate:
            self._sent.append(now)

    def delay(self, now: float, *, backlog: bool) -> float:
        """Return in how many seconds there may be another request."""
        if not self._rate:
            return 0.0
        rate = self._backlog_rate if backlog else self._rate
        if len(self._sent) < rate:
            return 0.0
        return max(0.0, self._sent[-rate] + 1 - now)


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row.

    With full jitter, so that relays do not all return at the same moment:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return uniform(MIN_BACKOFF, min(MAX_BACKOFF, 2.0 ** min(failures, 16)))
