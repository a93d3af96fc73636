"""A delivery sends no more requests than a service stands, and what is fresh first."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from custom_components.heart_rate_relay.destinations.base import Limits

from ..outbox.common import Clock, add_stored, opened
from .scripted import HEART_RATE, Live, Scripted, running

pytestmark = pytest.mark.usefixtures("clock")


def busiest_second(times: list[float]) -> int:
    """Return the most requests in any second."""
    return max(
        sum(start <= at < start + 1 - 1e-6 for at in times[n:])
        for n, start in enumerate(times)
    )


async def test_rate_with_a_backlog(path: Path, clock: Clock) -> None:
    """Fresh readings go at once while a backlog drains behind them, newest first."""
    random = Random(7)
    async with opened(path) as outbox:
        await add_stored(outbox, *range(200))
    service = Live()
    service.takes = 0.02
    came_in: dict[float, float] = {}
    async with running(path, service) as relay:
        for value in range(1000, 1020):
            await asyncio.sleep(random.uniform(0.5, 1.5))
            came_in[value] = clock.now
            relay.add(value)
        await asyncio.sleep(30)
        assert busiest_second(service.times) <= 10
        sent = {values[0]: at for at, values in service.requests}
        for fresh, at in came_in.items():
            assert sent[fresh] - at <= service.takes + 0.001
        backlog = [value for value in service.accepted if value < 1000]
        assert backlog == list(reversed(range(200)))
        assert sent[0] - service.times[0] <= (200 + 20) / 8 + 1
        assert sorted(service.accepted) == [*range(200), *range(1000, 1020)]


async def test_rate_of_fresh_readings(path: Path) -> None:
    """More than the service stands wait their turn; a burst is sent at once."""
    service = Live()
    async with running(path, service) as relay:
        relay.add(*range(35))
        await asyncio.sleep(0.1)
        assert service.accepted == list(range(10))
        await asyncio.sleep(10)
        assert busiest_second(service.times) == 10
        assert sorted(service.accepted) == list(range(35))


class Slow(Scripted):
    """A service that stands few requests."""

    limits = Limits(metrics=HEART_RATE, max_batch=64, max_rate=2)


async def test_rate_while_searching(path: Path) -> None:
    """The search for bad readings keeps to the rate, too."""
    service = Slow()
    service.bad = {3, 40}
    async with running(path, service) as relay:
        relay.add(*range(64))
        await asyncio.sleep(60)
        assert len(service.accepted) == 62
        assert busiest_second(service.times) <= 2


@pytest.mark.parametrize("rate", [1, 2, 3, 10, 50])
async def test_rate_never_exceeded(path: Path, rate: int) -> None:
    """In no second there are more requests than the service stands."""
    random = Random(rate)

    class Limited(Live):
        limits = Limits(
            metrics=HEART_RATE, max_batch=1, newest_first=True, max_rate=rate
        )

    async with opened(path) as outbox:
        await add_stored(outbox, *range(40))
    service = Limited()
    async with running(path, service) as relay:
        for value in range(100, 140):
            service.takes = random.uniform(0, 0.3 / rate)
            await asyncio.sleep(random.expovariate(rate))
            relay.add(value)
        await asyncio.sleep(200)
        assert len(service.accepted) == 80
        assert busiest_second(service.times) <= rate
