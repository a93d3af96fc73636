"""Deliveries to services that want readings gathered, enough of them, and in order."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
import time
from typing import override

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.destinations.base import Limits, Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    NotAuthorisedError,
    RefusedError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.outbox.entries import Entries
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.reading import Device, Reading, Source

from ..outbox.common import DAY, opened, reading
from .scripted import Scripted, running

pytestmark = pytest.mark.usefixtures("clock")

GATHER = 600.0

PHONE = Source("3c", "sensor.phone_steps", "Phone", Device("phone", "Phone"))


class Gathering(Scripted):
    """A service that computes for long, and refuses a batch for one bad reading."""

    limits = Limits(
        metrics=frozenset({metrics.HEART_RATE, metrics.STEPS}),
        max_batch=1000,
        min_batch=3,
        mixed=False,
        gather=GATHER,
        in_order=True,
        ranges={metrics.HEART_RATE: (1, 300), metrics.STEPS: (1, 30000)},
    )

    def __init__(self) -> None:
        """Expect readings."""
        super().__init__()
        self.readings: list[Reading] = []

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        assert len(readings) >= self.limits.min_batch
        assert len({one.metric for one in readings}) == 1
        return await super().deliver(readings)

    @override
    def accept(self, readings: Sequence[Reading]) -> Receipt:
        self.readings += readings
        return super().accept(readings)

    @property
    def sizes(self) -> list[int]:
        """How many readings each request had."""
        return [len(values) for _, values in self.requests]


def steps(value: float, *, age: float = 0) -> Reading:
    """Return steps that took a minute and ended so many seconds ago."""
    measured_at = round((time.time() - age) * 1_000_000)
    return Reading(metrics.STEPS, value, measured_at, PHONE, 60_000_000)


async def fill(outbox: Outbox, count: int) -> None:
    """Add readings, each a second after the one before, and store them."""
    for age in reversed(range(count)):
        outbox.add(reading(60 + age % 100, age=age))
    await outbox.flush()


@pytest.mark.parametrize(
    "count", [1, 2, 3, 4, 999, 1000, 1001, 1002, 1003, 2000, 2001, 100_000]
)
async def test_awkward_numbers(path: Path, count: int) -> None:
    """However many wait, all leave in batches that the service takes; 1 and 2 wait on."""
    async with opened(path) as outbox:
        await fill(outbox, count)
    service = Gathering()
    async with running(path, service) as relay:
        await asyncio.sleep(5)
        assert sum(service.sizes) == (count if count > 2 else 0)
        assert all(3 <= size <= 1000 for size in service.sizes)
        assert len(relay.outbox) == count - sum(service.sizes)
        times = [one.measured_at for one in service.readings]
        assert times == sorted(set(times))
        assert len(service.sizes) <= count // 1000 + 2


async def test_too_few_wait_across_restarts(path: Path) -> None:
    """Fewer than three are kept until there are three, and then they all go."""
    service = Gathering()
    for value in (60, 61):
        async with running(path, service) as relay:
            relay.add(value)
            await asyncio.sleep(DAY)
            assert service.requests == []
    async with running(path, service) as relay:
        await asyncio.sleep(DAY)
        relay.add(62)
        await asyncio.sleep(1)
        assert service.accepted == [60, 61, 62]
        assert len(relay.outbox) == 0


@pytest.mark.slow
async def test_gathered(path: Path) -> None:
    """The first readings go at once, so that one sees it work; then all, now and then."""
    service = Gathering()
    async with running(path, service) as relay:
        for second in range(3600):
            relay.add(60 + second % 100)
            await asyncio.sleep(1)
        assert service.sizes == [3, 600, 600, 600, 600, 600]
        assert all(gap == pytest.approx(GATHER, abs=2) for gap in service.gaps)
        assert service.accepted == [60 + n % 100 for n in range(3003)]


@pytest.mark.slow
async def test_many_are_gathered_as_long(path: Path) -> None:
    """More than fit in a batch go at the same time, not as soon as a batch is full."""
    service = Gathering()
    async with running(path, service) as relay:
        for number in range(5_000):
            relay.add(60 + number % 100)
            await asyncio.sleep(0.4)
        pauses = [gap for gap in service.gaps if gap > 1]
        assert len(pauses) == 3
        assert all(pause == pytest.approx(GATHER, abs=2) for pause in pauses)
        assert len(service.accepted) > 4_500


async def test_gathering_goes_on_after_a_restart(path: Path) -> None:
    """A restart is no reason to deliver sooner, nor later."""
    service = Gathering()
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(GATHER / 2)
        assert service.sizes == [3]
        relay.add(63, 64, 65)
    async with running(path, service):
        await asyncio.sleep(GATHER / 2 - 2)
        assert service.sizes == [3]
        await asyncio.sleep(4)
        assert service.sizes == [3, 3]


async def test_clock_set_back(path: Path) -> None:
    """A last delivery that is yet to come delays the next one no longer than any other."""
    service = Gathering()
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(1)
        relay.outbox.tally.last_delivery = round((time.time() + DAY) * 1_000_000)
        relay.add(63, 64, 65)
    async with running(path, service):
        await asyncio.sleep(GATHER + 1)
        assert service.sizes == [3, 3]


async def test_send_now(path: Path) -> None:
    """Who asks for it gets it at once."""
    service = Gathering()
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(1)
        relay.add(63, 64, 65)
        await asyncio.sleep(1)
        relay.delivery.send_now()
        await asyncio.sleep(1)
        assert service.sizes == [3, 3]


async def test_send_now_while_a_request_is_under_way(path: Path) -> None:
    """What came too late for that request goes right behind it."""
    service = Gathering()
    service.takes = 2
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(1)
        relay.add(63, 64, 65)
        relay.delivery.send_now()
        await asyncio.sleep(4)
        assert service.sizes == [3, 3]
        relay.add(66, 67, 68)
        await asyncio.sleep(GATHER / 2)
        assert service.sizes == [3, 3]


async def test_failure_does_not_end_a_round(path: Path) -> None:
    """What was to go and could not goes as soon as it can."""
    async with opened(path) as outbox:
        await fill(outbox, 2500)
    service = Gathering()
    service.script = [None, UnreachableError("cannot_connect"), WaitError(30)]
    async with running(path, service):
        await asyncio.sleep(60)
        assert len(service.accepted) == 2500


async def test_metrics_apart(path: Path) -> None:
    """A metric of which there is too little waits, and holds up no other."""
    service = Gathering()
    async with running(path, service) as relay:
        relay.outbox.add(steps(100, age=120))
        relay.outbox.add(steps(200, age=60))
        relay.add(60, 61)
        await asyncio.sleep(GATHER)
        assert service.requests == []
        relay.add(62)
        await asyncio.sleep(1)
        assert service.accepted == [60, 61, 62]
        relay.outbox.add(steps(300))
        relay.delivery.wake()
        await asyncio.sleep(GATHER)
        assert service.accepted == [60, 61, 62, 100, 200, 300]
        assert {one.duration for one in service.readings[3:]} == {60_000_000}


async def test_few_of_each_wait_quietly(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has to wait for more is not looked at again until more comes."""
    service = Gathering()
    async with running(path, service) as relay:
        looks = 0
        take = relay.outbox.take

        async def counted(count: int, *, newest_first: bool) -> Entries:
            nonlocal looks
            looks += 1
            return await take(count, newest_first=newest_first)

        monkeypatch.setattr(relay.outbox, "take", counted)
        relay.outbox.add(steps(100, age=120))
        relay.outbox.add(steps(200, age=60))
        relay.add(60, 61)
        await asyncio.sleep(DAY)
        assert looks == 1
        assert len(relay.outbox) == 4


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (reading(301), "out of range"),
        (reading(0), "out of range"),
        (reading(float("inf")), "out of range"),
        (reading(float("nan")), "out of range"),
        (steps(30_001), "out of range"),
        (steps(0), "out of range"),
    ],
)
async def test_out_of_range(path: Path, bad: Reading, reason: str) -> None:
    """What a service never accepts does not get there, and spoils no batch."""
    service = Gathering()
    async with running(path, service) as relay:
        relay.outbox.add(bad._replace(measured_at=time.time_ns() // 1000))
        relay.add(60, 61, 62)
        await asyncio.sleep(1)
        assert service.accepted == [60, 61, 62]
        assert relay.outbox.tally.refused == 1
        assert [one.reason for one in relay.delivery.refusals] == [reason]
        assert len(relay.outbox) == 0


@pytest.mark.parametrize(("ahead", "accepted"), [(50, 4), (70, 3), (DAY, 3)])
async def test_in_the_future(path: Path, ahead: float, accepted: int) -> None:
    """A clock may be a little ahead; what is from tomorrow waits until it is that late."""
    service = Gathering()
    async with running(path, service) as relay:
        relay.outbox.add(reading(100, age=-ahead))
        relay.add(60, 61, 62)
        await asyncio.sleep(1)
        assert len(service.accepted) == accepted
        assert len(relay.outbox) == 4 - accepted
        await asyncio.sleep(ahead)
        relay.add(63, 64, 65)
        await asyncio.sleep(1000)
        assert sorted(service.accepted) == [60, 61, 62, 63, 64, 65, 100]
        assert relay.outbox.tally.refused == 0


async def test_two_good_ones_wait_for_a_third(path: Path) -> None:
    """What is out of range does not count for the size of a batch."""
    service = Gathering()
    async with running(path, service) as relay:
        relay.add(60, 61, 301)
        await asyncio.sleep(1)
        assert service.requests == []
        assert relay.outbox.tally.refused == 1
        relay.add(62)
        await asyncio.sleep(1)
        assert service.accepted == [60, 61, 62]


async def test_refused(path: Path) -> None:
    """A bad reading is searched for in batches that are large enough."""
    async with opened(path) as outbox:
        for value in range(1, 201):
            outbox.add(reading(value, age=201 - value))
        await outbox.flush()
    service = Gathering()
    service.bad = {77}
    async with running(path, service) as relay:
        await asyncio.sleep(60)
        refused = [one.reading.value for one in relay.delivery.refusals]
        assert 77 in refused
        assert 3 <= len(refused) <= 5
        assert sorted([*refused, *service.accepted]) == list(range(1, 201))
        assert len(relay.outbox) == 0


async def test_in_doubt(path: Path) -> None:
    """A batch that was accepted in part is counted, and not sent again."""

    class Vague(Gathering):
        """A service that does not say which readings it refused."""

        @override
        def accept(self, readings: Sequence[Reading]) -> Receipt:
            super().accept(readings)
            return Receipt(in_doubt=len(readings))

    service = Vague()
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(DAY)
        assert service.sizes == [3]
        tally = relay.outbox.tally
        assert (tally.delivered, tally.in_doubt) == (3, 3)


async def test_repeats(path: Path) -> None:
    """What a service wants repeated is, by itself and in time, but not while paused.

    While it fails it is tried again as anything else is.
    """

    class Forgetful(Gathering):
        """A service that doubts what it accepted until it gets it again."""

        due: float | None = None
        failures = 2
        repeats = 0

        @property
        @override
        def repeat_at(self) -> float | None:
            return self.due

        @override
        def accept(self, readings: Sequence[Reading]) -> Receipt:
            super().accept(readings)
            self.due = asyncio.get_running_loop().time() + 600
            return Receipt(in_doubt=len(readings))

        @override
        async def repeat(self) -> Receipt:
            self.repeats += 1
            if self.repeats <= self.failures:
                raise UnreachableError("server_error")
            self.due = None
            return Receipt(in_doubt=-3)

    service = Forgetful()
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(300)
        assert (service.repeats, relay.outbox.tally.in_doubt) == (0, 3)
        relay.delivery.paused = True
        await asyncio.sleep(DAY)
        assert service.repeats == 0
        relay.delivery.paused = False
        relay.delivery.wake()
        await asyncio.sleep(60)
        assert (service.repeats, relay.outbox.tally.in_doubt) == (3, 0)
        assert service.sizes == [3]
        assert relay.outbox.tally.delivered == 3


async def test_doubted_by_an_error(path: Path) -> None:
    """An error may tell that what was delivered before is in doubt."""

    class Vague(Gathering):
        """A service that says so, once."""

        doubted = 7

        @override
        def accept(self, readings: Sequence[Reading]) -> Receipt:
            error = NotAuthorisedError()
            error.in_doubt, self.doubted = self.doubted, 0
            raise error

    async with running(path, Vague()) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(DAY)
        assert relay.outbox.tally.in_doubt == 7
        assert len(relay.outbox) == 3


# In order


WATCH = Source("4d", "sensor.watch", "Watch", Device("watch", "Watch"))


def see_in_order(service: Gathering) -> None:
    """See that all that was accepted of each device and metric came in order, and once."""
    series: dict[object, list[int]] = {}
    for one in service.readings:
        key = (one.metric, one.source.device.id or one.source.id)
        series.setdefault(key, []).append(one.measured_at)
    for times in series.values():
        assert times == sorted(set(times))


@pytest.mark.parametrize("is_too_large", [False, True])
@pytest.mark.parametrize(("spell", "count"), [(2, 3), (2, 900), (10, 14), (400, 900)])
async def test_in_order_after_all_was_refused(
    path: Path, spell: float, count: int, is_too_large: bool
) -> None:
    """What waited, and what came in meanwhile, arrives as it was measured, and all of it."""

    class Moody(Gathering):
        """A service that refuses all it gets for a time."""

        refuses = True

        @override
        async def deliver(self, readings: Sequence[Reading]) -> Receipt:
            if self.refuses:
                now = asyncio.get_running_loop().time()
                self.requests.append((now, [one.value for one in readings]))
                raise RefusedError("not now", is_too_large=is_too_large)
            return await super().deliver(readings)

    async with opened(path) as outbox:
        await fill(outbox, count)
    service = Moody()
    async with running(path, service) as relay:
        for second in range(int(spell)):
            await asyncio.sleep(1)
            relay.add(60 + second % 100)
            relay.outbox.add(reading(70 + second % 100, source=WATCH))
        assert len(service.requests) < 40
        service.refuses = False
        await asyncio.sleep(2000)
        assert len(service.readings) == count + 2 * spell
        see_in_order(service)
        assert relay.outbox.tally.refused == 0


@pytest.mark.parametrize("bad", [{1}, {77}, {200}, set(range(1, 30)), {20, 21, 90}])
async def test_in_order_around_bad_ones(path: Path, bad: set[float]) -> None:
    """What is given up with the bad ones is little, and the others arrive as measured."""
    async with opened(path) as outbox:
        for value in range(1, 201):
            outbox.add(reading(value, age=201 - value))
        await outbox.flush()
    service = Gathering()
    service.bad = bad
    async with running(path, service) as relay:
        for value in range(201, 300):
            relay.add(value)
            await asyncio.sleep(20)
        await asyncio.sleep(2 * GATHER)
        see_in_order(service)
        refused = set(range(1, 300)) - {one.value for one in service.readings}
        assert bad <= refused
        assert len(refused) <= 4 * len(bad) + 4
        # Fewer than a batch may be left, and wait for more
        waiting = len(relay.outbox)
        assert waiting < service.limits.min_batch
        assert relay.outbox.tally.refused == len(refused) - waiting
        assert {one.reason for one in relay.delivery.refusals} == {
            "too fast to be true"
        }


@pytest.mark.parametrize("is_bad", [False, True])
async def test_another_metric_bears_witness(path: Path, is_bad: bool) -> None:
    """What nothing overtook is tried again before it is given up, and may yet be accepted."""

    class Watched(Gathering):
        """A service that may be well again as soon as it accepts something."""

        @override
        def accept(self, readings: Sequence[Reading]) -> Receipt:
            self.bad = {60} if is_bad else set()
            return super().accept(readings)

    service = Watched()
    service.bad = {60}
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(20)
        assert len(service.requests) > 2
        for age in (120, 60, 0):
            relay.outbox.add(steps(100, age=age))
        await asyncio.sleep(GATHER)
        arrived = [one.value for one in service.readings]
        assert arrived == [100, 100, 100, *([] if is_bad else [60, 61, 62])]
        assert relay.outbox.tally.refused == (3 if is_bad else 0)
        assert len(relay.outbox) == 0


async def test_well_again_just_then(path: Path) -> None:
    """A service that is well again just when a witness is called takes nothing along."""

    class Recovering(Gathering):
        """A service that refuses all until it gets what is not among the oldest."""

        is_well = False

        @override
        async def deliver(self, readings: Sequence[Reading]) -> Receipt:
            self.is_well |= readings[0].value > 71
            self.script = [None if self.is_well else RefusedError("a moment")]
            return await super().deliver(readings)

    service = Recovering()
    async with running(path, service) as relay:
        relay.add(*range(60, 72))
        await asyncio.sleep(GATHER)
        relay.add(*range(72, 84))
        await asyncio.sleep(20 * GATHER)
        assert service.is_well
        assert sorted(service.accepted) == [*range(60, 84)]
        assert relay.outbox.tally.refused == len(relay.outbox) == 0


async def test_a_chance_refusal_keeps_the_order(path: Path) -> None:
    """One refusal, or two, are no reason to try later ones first."""
    service = Gathering()
    service.script = [RefusedError("a moment"), RefusedError("another")]
    async with running(path, service) as relay:
        relay.add(60, 61, 62)
        await asyncio.sleep(0.1)
        relay.add(63, 64, 65, 66, 67, 68)
        await asyncio.sleep(2 * GATHER)
        assert service.accepted == [60, 61, 62, 63, 64, 65, 66, 67, 68]
        assert relay.outbox.tally.refused == 0
