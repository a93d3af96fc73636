"""Lets what leads at a live service go at once, and all else go along with it.

What is to be seen at once is a heart rate, and it must not wait for anything else: neither for
a request that is under way with it, nor for what waits from before.
"""

import asyncio
from collections.abc import Callable, Sequence

from ..destinations.base import Destination, Receipt
from ..destinations.errors import DestinationError
from ..outbox.entries import Entry
from ..outbox.outbox import Outbox
from ..reading import Reading
from ..unexpected import log_unexpected

FOLLOW = 0.5
"""Seconds for which all else waits for what leads: not so long that it goes to the disk."""

LED_FOR = 5.0
"""Seconds without it after which nothing leads, and there is nothing to wait for."""


class Lead:
    """What leads at a service, where anything does."""

    def __init__(
        self,
        outbox: Outbox,
        destination: Destination,
        count: Callable[[Sequence[Reading], Receipt], None],
    ) -> None:
        """Initialize with what counts readings that were delivered."""
        self.metric = destination.limits.lead
        self._outbox = outbox
        self._destination = destination
        self._count = count
        self._under_way: Sequence[Entry] | None = None
        self._is_there = True
        self._waits = False
        self._is_others_turn = False
        self._led_until = 0.0
        self._follow_until: float | None = None
        self._ahead: asyncio.Task[None] | None = None

    @property
    def not_before(self) -> float:
        """When the next request may be made, in seconds of the event loop."""
        return 0.0 if self._is_there else self._follow_until or 0.0

    @property
    def goes_first(self) -> bool:
        """Whether what has just come in goes before what waits from before, which has its turns."""
        return self.metric is not None and not self._is_others_turn

    def notice(self, reading: Reading) -> None:
        """Take note that a reading came in, and send it at once where others would hold it up."""
        if self.metric is None:
            return
        now = asyncio.get_running_loop().time()
        if reading.metric is not self.metric:
            if self._follow_until is None:
                self._follow_until = now + (FOLLOW if now < self._led_until else 0)
            return
        self._led_until = now + LED_FOR
        self._is_there = self._waits = True
        self._let_go_ahead()

    def take(self, entries: Sequence[Entry]) -> None:
        """Take note that a request is to be made with these, and what else waits may follow."""
        if self.metric is None:
            return
        self._under_way = entries
        self._is_there = len(entries) < len(self._outbox)
        self._is_others_turn = self._is_there and not self._is_others_turn
        self._waits &= self._is_there
        self._follow_until = None
        self._let_go_ahead()

    def repeat(self) -> None:
        """Take note that a request is to be made with nothing that waits."""
        self._under_way = ()
        self._let_go_ahead()

    async def end(self) -> None:
        """Take note that no request is under way, once what went ahead has ended, too."""
        self._under_way = None
        if self._ahead:
            await asyncio.wait([self._ahead])
            self._ahead = None

    async def stop(self) -> None:
        """Leave what went ahead for the next time."""
        if self._ahead:
            self._ahead.cancel()
            await self.end()

    def _let_go_ahead(self) -> None:
        """Send what leads and waits, if a request is under way, and nothing goes ahead of it."""
        is_free = self._ahead is None or self._ahead.done()
        if self._waits and is_free and self._under_way is not None:
            self._waits = False
            # What is fresh no more comes with all else
            if self._outbox.has_fresh:
                task = asyncio.create_task(self._go_ahead(), name="heart rate ahead")
                self._ahead = task

    async def _go_ahead(self) -> None:
        """Deliver what leads beside a request that is under way with something else.

        What goes wrong with it is left to the next request, which has it again.
        """
        known = {
            entry.reading
            for entry in self._under_way or ()
            if entry.reading.metric is self.metric
        }
        # After a pause of the event loop it is no longer fresh, and comes with all else
        most = self._destination.limits.max_batch
        entries = [
            entry
            for entry in await self._outbox.take(most, newest_first=True)
            if entry.reading.metric is self.metric and entry.reading not in known
        ]
        entries.sort(key=lambda entry: entry.reading.measured_at)
        if not entries:
            return
        readings = [entry.reading for entry in entries]
        try:
            receipt = await self._destination.deliver(readings)
        except DestinationError:
            return
        except Exception as err:  # noqa: BLE001 - no mistake may end the delivery for good
            log_unexpected(err, "the delivery is tried again")
            return
        self._count(readings, receipt)
        await self._outbox.settle(entries)
