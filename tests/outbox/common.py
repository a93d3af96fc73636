"""What the tests of the outbox share, and those of the delivery with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
import resource
import shutil
import tempfile
import time
from typing import Any

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.reading import Reading, Source

STRAP = Source("1a", "sensor.strap", "Strap")
WATCH = Source("2b", "sensor.watch", 'Watch "é" 腕')

DAY = 24 * 60 * 60.0


class Clock:
    """A clock that leaps to what is due next when an event loop has nothing to do.

    What runs in a thread takes no time by it. The wall clock goes with it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Take the place of an event loop's clock."""
        selector = vars(loop)["_selector"]
        self.now = loop.time()
        self._ahead = time.time() - self.now
        self._jobs = 0
        self._select: Callable[[float | None], list[object]] = selector.select
        self._run_in_executor = loop.run_in_executor
        monkeypatch.setattr(selector, "select", self._leap)
        monkeypatch.setattr(loop, "run_in_executor", self._run)
        monkeypatch.setattr(loop, "time", lambda: self.now)
        monkeypatch.setattr(time, "time", self.wall)

    def wall(self) -> float:
        """Return seconds since the Unix epoch, UTC."""
        return self._ahead + self.now

    def _leap(self, timeout: float | None) -> list[object]:
        if self._jobs or timeout is None:
            return self._select(0 if timeout == 0 else None)
        events = self._select(0)
        if not events and timeout > 0:
            self.now += max(timeout, 1e-6)
        return events

    def _run(
        self, executor: Executor | None, job: Callable[..., object], *args: object
    ) -> asyncio.Future[Any]:
        future = self._run_in_executor(executor, job, *args)
        self._jobs += 1
        future.add_done_callback(self._have_run)
        return future

    def _have_run(self, future: asyncio.Future[Any]) -> None:
        self._jobs -= 1


def reading(value: float, *, age: float = 0, source: Source = STRAP) -> Reading:
    """Return a reading that was measured so many seconds ago."""
    measured_at = round((time.time() - age) * 1_000_000)
    return Reading(metrics.HEART_RATE, float(value), measured_at, source)


@asynccontextmanager
async def opened(
    path: Path, *, max_readings: int = 1_000_000, max_age: float = 30 * DAY
) -> AsyncIterator[Outbox]:
    """Open an outbox, and close it."""
    outbox = Outbox(path, max_readings=max_readings, max_age=max_age)
    await outbox.open()
    try:
        yield outbox
    finally:
        await outbox.close()


async def add_stored(outbox: Outbox, *values: float) -> None:
    """Add readings, each measured a second after the one before, and store them."""
    for age, value in zip(reversed(range(len(values))), values, strict=True):
        outbox.add(reading(value, age=age))
    await outbox.flush()


def in_trouble(outbox: Outbox) -> bool:
    """Say whether the outbox tells that its disk fails."""
    return outbox.trouble is not None


async def drain(
    outbox: Outbox, *, newest_first: bool = False, count: int = 7
) -> list[float]:
    """Take and settle all there is, and return the values."""
    values: list[float] = []
    while entries := await outbox.take(count, newest_first=newest_first):
        values += [entry.reading.value for entry in entries]
        await outbox.settle(entries)
    return values


async def left_by_a_kill(path: Path) -> list[float]:
    """Return what the next outbox would find if the process were killed now."""
    with tempfile.TemporaryDirectory() as folder:
        if not path.parent.exists():
            return []
        copy = shutil.copytree(path.parent, Path(folder, "copy")) / path.name
        async with opened(copy) as outbox:
            assert outbox.set_aside is None
            return await drain(outbox)


@contextmanager
def full_disk(room: int = 0) -> Iterator[None]:
    """Let no file of this process be written beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
