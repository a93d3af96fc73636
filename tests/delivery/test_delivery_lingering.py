"""Deliveries to databases: at once after quiet, and together where many readings come."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from custom_components.heart_rate_relay.destinations.base import Limits
from custom_components.heart_rate_relay.destinations.errors import UnreachableError

from ..outbox.common import Clock, add_stored, opened
from .scripted import HEART_RATE, Scripted, running

pytestmark = pytest.mark.usefixtures("clock")

LINGER = 0.1


class Database(Scripted):
    """A service that nobody watches live."""

    limits = Limits(metrics=HEART_RATE, max_batch=256, linger=LINGER)


async def test_first_after_quiet_leaves_at_once(path: Path) -> None:
    """One sensor that measures each second waits for nobody."""
    service = Database()
    async with running(path, service) as relay:
        for value in range(60, 70):
            relay.add(value)
            await asyncio.sleep(0.001)
            assert service.accepted[-1] == value
            await asyncio.sleep(1)
    assert len(service.requests) == 10


@pytest.mark.parametrize("takes", [0.0, 0.02, 0.3])
async def test_many_leave_together(path: Path, clock: Clock, takes: float) -> None:
    """Of 500 readings a second none waits for longer than others are awaited."""
    service = Database()
    service.takes = takes
    came_in: dict[float, float] = {}
    async with running(path, service) as relay:
        for value in range(1000):
            came_in[value] = clock.now
            relay.add(value)
            await asyncio.sleep(0.002)
        await asyncio.sleep(2)
    left = {value: at for at, values in service.requests for value in values}
    assert service.accepted == list(range(1000))
    assert all(
        left[value] - at <= LINGER + takes + 0.01 for value, at in came_in.items()
    )
    assert len(service.requests) <= 2 / LINGER + 2


async def test_last_ones_are_not_forgotten(path: Path) -> None:
    """Whenever readings stop to come, the last of them leaves."""
    random = Random(3)
    service = Database()
    async with running(path, service) as relay:
        for value in range(200):
            relay.add(value)
            await asyncio.sleep(random.choice([0.0, 0.003, 0.05, 0.099, 0.1, 0.101]))
            if value % 10 == 9:
                await asyncio.sleep(LINGER + 0.01)
                assert service.accepted == list(range(value + 1))


async def test_full_batch_waits_for_nobody(path: Path) -> None:
    """A backlog, and as many as a request may hold, leave without a pause."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(6400))
    service = Database()
    async with running(path, service) as relay:
        await asyncio.sleep(0.05)
        assert service.accepted == list(range(6400))
        await asyncio.sleep(0.06)
        relay.add(1)
        await asyncio.sleep(0.001)
        relay.add(*range(256))
        await asyncio.sleep(0.001)
        assert len(service.accepted) == 6657


async def test_try_now(path: Path) -> None:
    """Who wants to have it delivered now does not wait for others."""
    service = Database()
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(0.001)
        relay.add(61)
        await asyncio.sleep(0.001)
        assert service.accepted == [60]
        relay.delivery.send_now()
        await asyncio.sleep(0.001)
        assert service.accepted == [60, 61]


async def test_back_off_is_kept(path: Path) -> None:
    """Readings that come meanwhile do not make a service that fails be asked sooner."""
    service = Database(UnreachableError("timeout"))
    async with running(path, service) as relay:
        for value in range(60, 80):
            relay.add(value)
            await asyncio.sleep(0.2)
    assert service.gaps[0] >= 1
    assert service.accepted == list(range(60, 80))
