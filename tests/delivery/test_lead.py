"""At a live service no heart rate waits for anything else."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import override

import pytest

from custom_components.heart_rate_relay.delivery.lead import LED_FOR
from custom_components.heart_rate_relay.destinations.base import Limits, Receipt
from custom_components.heart_rate_relay.destinations.errors import UnreachableError
from custom_components.heart_rate_relay.metrics import (
    CYCLING_DISTANCE,
    HEART_RATE,
    POWER,
    Metric,
)
from custom_components.heart_rate_relay.outbox.hold import Hold
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.reading import Reading

from ..outbox.common import DAY, Clock, add_stored, opened, reading
from .scripted import Relay, Scripted, running

pytestmark = pytest.mark.usefixtures("clock")


class Watched(Scripted):
    """A service that shows heart rates live, and takes other metrics, too."""

    limits = Limits(
        metrics=frozenset({HEART_RATE, POWER, CYCLING_DISTANCE}),
        max_batch=64,
        lead=HEART_RATE,
    )

    def __init__(self) -> None:
        """Let a request take its time."""
        super().__init__()
        self.takes = 0.2
        self.sent: list[tuple[float, Sequence[Reading]]] = []

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        self._busy = False
        self.sent.append((asyncio.get_running_loop().time(), readings))
        return await super().deliver(readings)

    def sent_at(self, value: float) -> float:
        """Return when a reading was first sent."""
        return next(
            at for at, readings in self.sent if value in {one.value for one in readings}
        )


def come_in(relay: Relay, metric: Metric, value: float) -> None:
    """Let a reading come in, as a coordinator does."""
    one = reading(value)._replace(metric=metric)
    relay.outbox.add(one)
    relay.delivery.notice(one)


async def warm_up(relay: Relay) -> None:
    """Let the first heart rate come in, and from then on all else wait for the next."""
    come_in(relay, HEART_RATE, 1)
    await asyncio.sleep(0.5)


async def test_request_under_way(path: Path, clock: Clock) -> None:
    """A heart rate goes at once, though a request with something else is under way."""
    service = Watched()
    async with running(path, service) as relay:
        await warm_up(relay)
        come_in(relay, POWER, 250)
        await asyncio.sleep(0.6)
        assert service.sent_at(250)
        at = clock.now
        come_in(relay, HEART_RATE, 60)
        await asyncio.sleep(0.05)
        assert service.sent_at(60) - at < 0.01
        come_in(relay, HEART_RATE, 61)
        await asyncio.sleep(1)
        assert sorted(service.accepted) == [1, 60, 61, 250]
        assert not len(relay.outbox)


async def test_others_follow(path: Path, clock: Clock) -> None:
    """What is not seen at once goes along with the next heart rate, or soon by itself."""
    service = Watched()
    async with running(path, service) as relay:
        await warm_up(relay)
        come_in(relay, POWER, 250)
        await asyncio.sleep(0.3)
        come_in(relay, HEART_RATE, 60)
        await asyncio.sleep(0.5)
        assert [{one.value for one in readings} for _, readings in service.sent] == [
            {1},
            {250, 60},
        ]
        at = clock.now
        come_in(relay, POWER, 251)
        await asyncio.sleep(2)
        # Before it would be written to disk
        assert 0.4 < service.sent_at(251) - at < 0.7


async def test_nothing_leads(path: Path, clock: Clock) -> None:
    """What has no heart rate to go along with goes at once: before the first, and after the last."""
    service = Watched()
    async with running(path, service) as relay:
        for value in (250, 251):
            await asyncio.sleep(LED_FOR)
            at = clock.now
            come_in(relay, POWER, value)
            await asyncio.sleep(0.5)
            assert service.sent_at(value) - at < 0.01
            come_in(relay, HEART_RATE, 60)
            await asyncio.sleep(0.3)
        await asyncio.sleep(LED_FOR - 1)
        at = clock.now
        come_in(relay, POWER, 252)
        await asyncio.sleep(1)
        assert 0.4 < service.sent_at(252) - at < 0.7


async def test_backlog(path: Path, clock: Clock) -> None:
    """Nor does it wait for what waits from before, and of that nothing is left behind."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(1000, 2000))
    service = Watched()
    async with running(path, service) as relay:
        for value in range(60, 70):
            await asyncio.sleep(0.33)
            at = clock.now
            come_in(relay, HEART_RATE, value)
            await asyncio.sleep(0.05)
            assert service.sent_at(value) - at < 0.01
        await asyncio.sleep(5)
        assert sorted(set(service.accepted)) == [*range(60, 70), *range(1000, 2000)]
        assert len(service.accepted) == 1010


async def test_backlog_behind_much(path: Path, clock: Clock) -> None:
    """What waits from before has its turn, however often something comes in."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(1000, 1100))
    service = Watched()
    service.takes = 0.3
    async with running(path, service) as relay:
        for second in range(60, 70):
            at = clock.now
            come_in(relay, HEART_RATE, second)
            for power in range(4):
                come_in(relay, POWER, 4 * second + power)
                if power == 0:
                    come_in(relay, HEART_RATE, second + 0.5)
                await asyncio.sleep(0.25)
            assert service.sent_at(second) - at < 0.01
            # The one before is on its way for so long
            assert service.sent_at(second + 0.5) - at < 0.31
        assert set(service.accepted) >= {*range(1000, 1100)}
        await asyncio.sleep(1)
        assert len(service.accepted) == len(set(service.accepted)) == 160


async def test_backlog_held(path: Path, clock: Clock) -> None:
    """Nothing that comes in waits for a disk that is left alone for a backup."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(1000, 1100))
    hold = Hold()
    outbox = Outbox(path, max_readings=1000, max_age=DAY, hold=hold)
    await outbox.open()
    await hold.begin()
    relay = Relay(outbox, service := Watched())
    relay.delivery.start()
    for value in range(60, 70):
        at = clock.now
        for metric, one in ((HEART_RATE, value), (POWER, value + 100)):
            come_in(relay, metric, one)
            await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        assert service.sent_at(value) - at < 0.01
        assert service.sent_at(value + 100) - at < 0.9
    await hold.end()
    await asyncio.sleep(10)
    assert len(service.accepted) == len(set(service.accepted)) == 120
    await relay.delivery.stop()
    await outbox.close()


async def test_counted(path: Path, clock: Clock) -> None:
    """Nor for the disk, that what a counter told has to be written to before it is sent."""
    service = Watched()
    async with running(path, service) as relay:
        await asyncio.sleep(0.1)
        for value in range(5):
            relay.outbox.tally.counters["bike"] = [value]
            one = reading(1000 + value)
            relay.outbox.add(one._replace(metric=CYCLING_DISTANCE, duration=10))
            at = clock.now
            come_in(relay, HEART_RATE, 60 + value)
            await asyncio.sleep(1)
            assert service.sent_at(60 + value) - at < 0.01
        assert sorted(service.accepted) == [*range(60, 65), *range(1000, 1005)]


async def test_ahead_fails(path: Path) -> None:
    """What failed on its way ahead is delivered with the next request."""
    service = Watched()
    service.script = [None, None, UnreachableError("timeout")]
    async with running(path, service) as relay:
        await warm_up(relay)
        come_in(relay, POWER, 250)
        await asyncio.sleep(0.6)
        come_in(relay, HEART_RATE, 60)
        await asyncio.sleep(2)
        assert [60 in values for _, values in service.requests].count(True) == 2
        assert sorted(service.accepted) == [1, 60, 250]
        assert not any(relay.outcomes)


async def test_stopped(path: Path) -> None:
    """What is on its way ahead when the relay stops is kept."""
    service = Watched()
    async with running(path, service) as relay:
        await warm_up(relay)
        service.takes = 100
        come_in(relay, POWER, 250)
        await asyncio.sleep(0.6)
        come_in(relay, HEART_RATE, 60)
        await asyncio.sleep(0.1)
    async with opened(path) as outbox:
        assert len(outbox) == 2
    assert relay.service.accepted == [1]


async def test_paused(path: Path) -> None:
    """Nothing goes ahead while the relay is paused, though a request is under way."""
    service = Watched()
    async with running(path, service) as relay:
        await warm_up(relay)
        service.takes = 1
        come_in(relay, POWER, 250)
        await asyncio.sleep(0.6)
        relay.delivery.paused = True
        relay.delivery.wake()
        come_in(relay, HEART_RATE, 60)
        await asyncio.sleep(3)
        assert service.accepted == [1, 250]
        relay.delivery.paused = False
        relay.delivery.wake()
        await asyncio.sleep(3)
        assert service.accepted == [1, 250, 60]


async def test_after_stop(path: Path) -> None:
    """Nor once the relay has stopped, though its last request took too long."""
    service = Watched()
    async with running(path, service) as relay:
        await warm_up(relay)
        service.takes = 100
        come_in(relay, POWER, 250)
        await asyncio.sleep(0.6)
        await relay.delivery.stop()
        come_in(relay, HEART_RATE, 60)
        await asyncio.sleep(1)
        assert [values for _, values in service.requests] == [[1], [250]]
        assert len(relay.outbox) == 2


async def test_late(path: Path, clock: Clock) -> None:
    """What is under way does not go ahead, too, where the event loop was held up."""
    service = Watched()
    async with running(path, service) as relay:
        await warm_up(relay)
        service.takes = 2
        come_in(relay, HEART_RATE, 60)
        # Meanwhile it is written to disk
        await asyncio.sleep(1.5)
        assert not relay.outbox.in_memory
        come_in(relay, HEART_RATE, 61)
        clock.now += 1
        await asyncio.sleep(5)
        assert sorted(service.accepted) == [1, 60, 61]
        assert relay.outbox.tally.delivered == 3


async def test_repeat_under_way(path: Path, clock: Clock) -> None:
    """Nor does a heart rate wait for a request that tells anew what was told."""

    class Repeating(Watched):
        repeat_at: float | None = None

        @override
        async def repeat(self) -> Receipt:
            self.repeat_at = None
            await asyncio.sleep(1)
            return Receipt()

    service = Repeating()
    async with running(path, service) as relay:
        await warm_up(relay)
        service.repeat_at = clock.now
        relay.delivery.wake()
        await asyncio.sleep(0.5)
        at = clock.now
        come_in(relay, HEART_RATE, 60)
        await asyncio.sleep(2)
        assert service.sent_at(60) - at < 0.01
        # Also where that is due at the same moment
        service.repeat_at = at = clock.now
        come_in(relay, HEART_RATE, 61)
        await asyncio.sleep(2)
        assert service.sent_at(61) - at < 0.01
        assert service.accepted == [1, 60, 61]
