"""Moves readings from the outbox to the destination."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
import logging
from random import uniform
from time import time

from ..destinations.base import (
    Destination,
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    Refusal,
    RefusedError,
    UnreachableError,
    WaitError,
)
from ..reading import Reading
from .outbox import Outbox
from .store import Entry

_LOGGER = logging.getLogger(__name__)

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


class Delivery:
    """Delivers what is in an outbox, one request at a time."""

    def __init__(
        self,
        outbox: Outbox,
        destination: Destination,
        on_outcome: Callable[[DestinationError | None], None],
    ) -> None:
        """Initialize the delivery.

        After each request on_outcome learns its outcome: None when it was delivered.
        """
        self.paused = False
        self.refusals: deque[Refusal] = deque(maxlen=KEPT_REFUSALS)
        """The last readings that were refused, and why."""
        self._outbox = outbox
        self._destination = destination
        self._on_outcome = on_outcome
        self._rate = RateLimit(destination.limits.max_rate)
        self._not_before = 0.0
        self._failures = 0
        self._blocked = False
        self._stopping = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to deliver."""
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
        self._not_before = 0.0
        self.wake()

    async def _run(self) -> None:
        """Deliver until stopped."""
        limits = self._destination.limits
        while not self._stopping:
            self._changed.clear()
            if (delay := self._delay()) == 0:
                entries = await self._outbox.take(
                    limits.max_batch, newest_first=limits.newest_first
                )
                if entries:
                    self._note(await self._attempt(entries))
                    continue
                delay = DISK_RETRY
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._changed.wait()

    def _delay(self) -> float | None:
        """Return the seconds until the next request, None when nothing is to be sent."""
        if self.paused or self._blocked or not len(self._outbox):
            return None
        now = asyncio.get_running_loop().time()
        if self._not_before > now:
            return self._not_before - now
        return self._rate.delay(now, backlog=not self._outbox.has_fresh)

    async def _attempt(self, entries: Sequence[Entry]) -> DestinationError | None:
        """Deliver a batch, and return what went wrong."""
        try:
            await self._deliver(entries)
        except DestinationError as err:
            return err
        except Exception:  # No mistake may end the delivery for good
            _LOGGER.exception("Unexpected error, the delivery is tried again")
            return UnreachableError("unexpected")
        return None

    async def _deliver(self, entries: Sequence[Entry]) -> None:
        """Deliver a batch; where it is refused, its halves, down to the bad readings."""
        self._rate.note(asyncio.get_running_loop().time())
        try:
            refusals = await self._destination.deliver(
                [entry.reading for entry in entries]
            )
        except RefusedError as err:
            if len(entries) > 1:
                await self._deliver_halves(entries)
                return
            refusals = [Refusal(entries[0].reading, err.detail)]
        self._count([entry.reading for entry in entries], refusals)
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

    def _count(self, readings: Sequence[Reading], refusals: Sequence[Refusal]) -> None:
        """Count what a request came to."""
        tally = self._outbox.tally
        tally.refused += len(refusals)
        self.refusals.extend(refusals)
        if accepted := len(readings) - len(refusals):
            tally.delivered += accepted
            tally.last_delivery = int(time() * 1000)

    def _note(self, error: DestinationError | None) -> None:
        """Set the pace by an outcome."""
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
        except Exception:
            _LOGGER.exception("Unexpected error, the delivery goes on")


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
