"""A relay with a service that does as a script says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import override

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.delivery.delivery import Delivery
from custom_components.heart_rate_relay.destinations.base import (
    Account,
    Destination,
    Limits,
    Receipt,
)
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    RefusedError,
)
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.reading import Reading

from ..outbox.common import opened, reading

HEART_RATE = frozenset({metrics.HEART_RATE})


class Scripted(Destination):
    """A service that does as a script says, and accepts everything after it."""

    service = "Scripted"
    limits = Limits(metrics=HEART_RATE, max_batch=64)

    def __init__(self, *script: BaseException | None) -> None:
        """Set what becomes of the first requests."""
        self.script = list(script)
        self.bad: set[float] = set()
        """Values for which a batch is refused."""
        self.takes = 0.0
        """Seconds that a request takes."""
        self.requests: list[tuple[float, list[float]]] = []
        """When each request came, and the values in it."""
        self.accepted: list[float] = []
        self._busy = False

    @property
    def times(self) -> list[float]:
        """When each request came."""
        return [at for at, _ in self.requests]

    @property
    def gaps(self) -> list[float]:
        """The seconds between two requests."""
        return [late - early for early, late in pairwise(self.times)]

    @override
    async def validate(self) -> Account:
        raise AssertionError("a delivery only delivers")

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        assert not self._busy
        assert 0 < len(readings) <= self.limits.max_batch
        values = [one.value for one in readings]
        self.requests.append((asyncio.get_running_loop().time(), values))
        self._busy = True
        try:
            await asyncio.sleep(self.takes)
        finally:
            self._busy = False
        if self.script and (error := self.script.pop(0)):
            raise error
        if self.bad & set(values):
            raise RefusedError("too fast to be true")
        return self.accept(readings)

    def accept(self, readings: Sequence[Reading]) -> Receipt:
        """Accept readings, and tell which were refused."""
        self.accepted += [one.value for one in readings]
        return Receipt()


class Live(Scripted):
    """A live service, which takes one reading at a time, and ten a second."""

    limits = Limits(metrics=HEART_RATE, max_batch=1, newest_first=True, max_rate=10)


class Relay:
    """An outbox, its delivery and a service."""

    def __init__(self, outbox: Outbox, service: Scripted) -> None:
        """Connect them."""
        self.outbox = outbox
        self.service = service
        self.outcomes: list[DestinationError | None] = []
        self.delivery = Delivery(
            outbox, service, self.outcomes.append, gather=service.limits.gather
        )

    def add(self, *values: float) -> None:
        """Let readings come in."""
        for value in values:
            self.outbox.add(reading(value))
        self.delivery.wake()

    @property
    def keys(self) -> list[str | None]:
        """The outcomes, by the keys of their texts."""
        return [error.key if error else None for error in self.outcomes]


@asynccontextmanager
async def running(path: Path, service: Scripted) -> AsyncIterator[Relay]:
    """Run a delivery."""
    async with opened(path) as outbox:
        relay = Relay(outbox, service)
        relay.delivery.start()
        try:
            yield relay
        finally:
            await relay.delivery.stop()
