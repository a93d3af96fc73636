"""What a delivery does after each outcome, and that it never does two things at once."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import override

import pytest

from custom_components.heart_rate_relay.delivery import backoff as backoff_module
from custom_components.heart_rate_relay.delivery.backoff import (
    MAX_BACKOFF,
    MENDED_RETRY,
    MIN_BACKOFF,
    backoff,
)
from custom_components.heart_rate_relay.delivery.book import KEPT_REFUSALS
from custom_components.heart_rate_relay.delivery.delivery import STOP_TIMEOUT, Delivery
from custom_components.heart_rate_relay.delivery.sifting import DISK_RETRY
from custom_components.heart_rate_relay.destinations.base import Receipt, Refusal
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.reading import Reading

from ..outbox.common import DAY, Clock, add_stored, full_disk, opened, reading
from .scripted import Live, Relay, Scripted, running

pytestmark = pytest.mark.usefixtures("clock")


class Picky(Scripted):
    """A service that says itself which readings it refused."""

    @override
    def accept(self, readings: Sequence[Reading]) -> Receipt:
        refused = [one for one in readings if one.value % 2]
        super().accept([one for one in readings if one not in refused])
        return Receipt([Refusal(one, "odd") for one in refused])


# Delivered


async def test_delivered(path: Path) -> None:
    """What was delivered is counted, gone, and not sent again."""
    service = Scripted()
    async with running(path, service) as relay:
        await asyncio.sleep(60)
        assert service.requests == []
        relay.add(60, 61, 62)
        await asyncio.sleep(0.1)
        assert service.accepted == [60, 61, 62]
        relay.add(63)
        await asyncio.sleep(DAY)
        assert service.accepted == [60, 61, 62, 63]
        assert relay.outcomes == [None] * len(service.requests)
        tally = relay.outbox.tally
        assert (tally.delivered, tally.refused, tally.expired) == (4, 0, 0)
        assert tally.last_delivery
        assert len(relay.outbox) == 0


async def test_sent_at_once(path: Path, clock: Clock) -> None:
    """A reading is under way in the moment in which it came in."""
    service = Live()
    async with running(path, service) as relay:
        for value in range(20):
            await asyncio.sleep(1)
            came_in = clock.now
            relay.add(value)
            await asyncio.sleep(0.01)
            assert service.requests[-1][1] == [value]
            assert service.times[-1] - came_in < 0.001


async def test_one_request_at_a_time(path: Path) -> None:
    """Whatever comes in meanwhile waits for the next request, in batches that fit."""
    service = Scripted()
    service.takes = 0.5
    async with running(path, service) as relay:
        for value in range(300):
            relay.add(value)
            await asyncio.sleep(0.005)
        await asyncio.sleep(10)
        assert service.accepted == list(range(300))
        assert min(service.gaps) > 0.499
        assert len(service.requests) < 10


async def test_backlog_in_batches(path: Path) -> None:
    """A backlog leaves in full batches, without a pause, in order."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(200))
    service = Scripted()
    async with running(path, service):
        await asyncio.sleep(0.01)
        assert [len(values) for _, values in service.requests] == [64, 64, 64, 8]
        assert service.accepted == list(range(200))


# Refused


@pytest.mark.parametrize(
    "bad", [{0}, {63}, {31, 32}, {3, 4, 40}, {0, 63}, set(range(0, 64, 2))]
)
async def test_refused(path: Path, bad: set[float]) -> None:
    """The bad readings of a batch are found, and all others delivered, once."""
    service = Scripted()
    service.bad = bad
    async with running(path, service) as relay:
        relay.add(*range(64))
        await asyncio.sleep(60)
        assert sorted(service.accepted) == [v for v in range(64) if v not in bad]
        tally = relay.outbox.tally
        assert (tally.delivered, tally.refused) == (64 - len(bad), len(bad))
        refusals = relay.delivery.refusals
        assert {r.reading.value for r in refusals} <= bad
        assert len(refusals) == min(len(bad), KEPT_REFUSALS)
        assert {refusal.reason for refusal in refusals} == {"too fast to be true"}
        assert relay.keys == [None]
        assert len(relay.outbox) == 0
        assert len(service.requests) <= 1 + (2 * 6 + 1) * len(bad)


async def test_refused_alone(path: Path) -> None:
    """One without a neighbour is kept, and given up once others were accepted."""
    service = Scripted()
    service.bad = {60}
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(3600)
        assert len(relay.outbox) == 1
        assert len(service.requests) < 40
        assert set(relay.keys) == {"refused"}
        relay.add(61)
        relay.delivery.send_now()
        await asyncio.sleep(1)
        assert service.accepted == [61]
        assert relay.outbox.tally.refused == 1
        sent = len(service.requests)
        await asyncio.sleep(DAY)
        assert len(service.requests) == sent


async def test_a_chance_refusal_is_not_believed(path: Path) -> None:
    """What was refused once among others that were accepted may be good."""
    service = Scripted(None, RefusedError("a moment"))
    async with running(path, service) as relay:
        for value in range(5):
            relay.add(value)
            await asyncio.sleep(3)
        assert sorted(service.accepted) == list(range(5))
        assert relay.outbox.tally.refused == 0


@pytest.mark.parametrize("count", [1, 3, 64, 900])
async def test_all_is_refused(path: Path, count: int) -> None:
    """Where nothing is accepted nothing is given up, and few requests are made."""
    service = Scripted()
    service.bad = set(range(2 * count))
    async with opened(path) as outbox:
        await add_stored(outbox, *range(count))
    async with running(path, service) as relay:
        await asyncio.sleep(18)
        assert len(service.requests) < 30
        await asyncio.sleep(3600)
        assert len(service.requests) < 80
        assert len(relay.outbox) == count
        assert relay.keys[-1] == ("refused" if count == 1 else "refuses_all")
        service.bad = set()
        await asyncio.sleep(600)
        assert sorted(service.accepted) == list(range(count))
        assert relay.outbox.tally.refused == 0


async def test_begins_to_refuse_all(path: Path) -> None:
    """A service that breaks in the midst of a search takes one reading along at most."""
    service = Scripted()
    service.bad = {5}
    async with running(path, service) as relay:
        for value in range(64):
            relay.add(value)
        while not service.accepted:
            await asyncio.sleep(0)
        service.bad = set(range(64))
        await asyncio.sleep(3600)
        assert relay.outbox.tally.refused <= 1


async def test_bad_ones_do_not_hold_up_the_others(path: Path) -> None:
    """However many are bad in a row, what comes behind them arrives, newest first."""
    service = Scripted()
    service.bad = set(range(50))
    async with opened(path) as outbox:
        await add_stored(outbox, *range(50))
    async with running(path, service) as relay:
        await asyncio.sleep(10)
        for value in range(1000, 1300):
            relay.add(value)
            await asyncio.sleep(1)
            if value == 1100:
                # The newest are on their way long before all of the bad are given up
                assert len(service.accepted) > 2
        await asyncio.sleep(60)
        assert sorted(service.accepted) == list(range(1000, 1300))
        assert relay.outbox.tally.refused == 50


async def test_too_large(path: Path) -> None:
    """A batch that is too large is halved until it fits, and no reading is to blame."""

    class Small(Scripted):
        """A service that takes ten readings at once."""

        @override
        async def deliver(self, readings: Sequence[Reading]) -> Receipt:
            if len(readings) > 10:
                self.requests.append((0.0, []))
                raise RefusedError("too large", is_too_large=True)
            return await super().deliver(readings)

    service = Small()
    async with opened(path) as outbox:
        await add_stored(outbox, *range(1000))
    async with running(path, service) as relay:
        await asyncio.sleep(60)
        assert service.accepted == list(range(1000))
        assert relay.outbox.tally.refused == 0
        assert set(relay.keys) == {None}
        assert sum(not values for _, values in service.requests) < 10


class Slow(Scripted):
    """A service at the end of a line that carries ten readings within the time there is."""

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        if len(readings) > 10:
            self.requests.append((0.0, []))
            await asyncio.sleep(30)
            raise UnreachableError("timeout")
        return await super().deliver(readings)


async def test_too_slow(path: Path) -> None:
    """A batch that takes longer than anybody waits is parted, and so is delivered at last."""
    service = Slow()
    async with opened(path) as outbox:
        await add_stored(outbox, *range(1000))
    async with running(path, service) as relay:
        await asyncio.sleep(2 * 60 * 60)
        assert service.accepted == list(range(1000))
        assert relay.outbox.tally.delivered == 1000


async def test_too_slow_but_known_by_its_batch(path: Path) -> None:
    """Where a repeat is known by what it holds, it holds the same however long that takes."""

    class Knowing(Scripted):
        """A service that knows a batch again."""

        limits = replace(Scripted.limits, known_by_batch=True)

    service = Knowing(*[UnreachableError("timeout")] * 3)
    async with opened(path) as outbox:
        await add_stored(outbox, *range(100))
    async with running(path, service):
        await asyncio.sleep(60)
        sizes = [len(values) for _, values in service.requests]
        assert sizes == [64, 64, 64, 64, 36]
        assert service.accepted == list(range(100))


async def test_refused_by_name(path: Path) -> None:
    """A service that says which readings it refused is not asked again."""
    service = Picky()
    async with running(path, service) as relay:
        relay.add(*range(10))
        await asyncio.sleep(60)
        assert len(service.requests) == 1
        assert service.accepted == [0, 2, 4, 6, 8]
        tally = relay.outbox.tally
        assert (tally.delivered, tally.refused) == (5, 5)
        assert [r.reading.value for r in relay.delivery.refusals] == [1, 3, 5, 7, 9]


@pytest.mark.parametrize("step", range(1, 6))
async def test_search_cut_short(path: Path, step: int) -> None:
    """An outage in the middle of the search loses nothing and sends nothing twice."""
    service = Scripted(*[None] * step, UnreachableError("cannot_connect"))
    service.bad = {5, 6}
    async with running(path, service) as relay:
        relay.add(*range(16))
        await asyncio.sleep(60)
        assert sorted(service.accepted) == [v for v in range(16) if v not in {5, 6}]
        assert relay.outbox.tally.refused == 2
        assert relay.keys == ["cannot_connect", None]


@pytest.mark.parametrize("how", ["pause", "stop"])
async def test_search_given_up(path: Path, how: str) -> None:
    """Who wants no more requests does not wait until the search is over."""
    service = Scripted()
    service.bad = set(range(64))
    service.takes = 1
    async with running(path, service) as relay:
        relay.add(*range(64))
        await asyncio.sleep(2.5)
        if how == "pause":
            relay.delivery.paused = True
            await asyncio.sleep(60)
        else:
            await relay.delivery.stop()
        assert len(service.requests) == 3
        assert len(relay.outbox) == 64


# Other outcomes


async def test_not_authorised(path: Path) -> None:
    """Bad credentials are tried again, seldom, and all is kept."""
    service = Scripted(*[NotAuthorisedError()] * 5)
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(1)
        relay.add(61)
        await asyncio.sleep(3 * MENDED_RETRY)
        assert service.gaps == pytest.approx([MENDED_RETRY] * 3, abs=0.01)
        assert len(relay.outbox) == 2
        relay.delivery.send_now()
        await asyncio.sleep(1)
        assert len(service.requests) == 5
        await asyncio.sleep(MENDED_RETRY)
        assert service.accepted == [60, 61]
        assert relay.keys == ["invalid_auth"] * 5 + [None]


async def test_not_entitled(path: Path) -> None:
    """An account that lacks something is tried again, but not often."""
    service = Scripted(*[NotEntitledError("premium_required")] * 3)
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(1)
        relay.add(61)
        await asyncio.sleep(4 * MENDED_RETRY)
        assert service.gaps == pytest.approx([MENDED_RETRY] * 3, abs=0.01)
        assert service.accepted == [60, 61]
        assert relay.keys == ["premium_required"] * 3 + [None]


@pytest.mark.parametrize(
    ("asked", "kept"), [(120.0, 120), (7, 7), (DAY, DAY), (0.0, MIN_BACKOFF)]
)
async def test_retry_after(path: Path, asked: float, kept: float) -> None:
    """A service that asks for patience gets it, and a second in any case."""
    service = Scripted(*[WaitError(asked)] * 3)
    async with running(path, service) as relay:
        relay.add(60)
        for _ in range(10):
            await asyncio.sleep(kept / 2)
            relay.add(61)
        await asyncio.sleep(1)
        assert service.gaps[:3] == pytest.approx([kept] * 3, abs=0.01)
        assert relay.keys[:4] == ["busy"] * 3 + [None]
        assert service.accepted == [60] + [61] * 10


FAILURES = [
    UnreachableError("timeout"),
    WaitError(),
    RuntimeError("a mistake"),
    UnreachableError("server_error"),
]


@pytest.mark.parametrize("edge", [min, max])
async def test_backs_off(
    path: Path, monkeypatch: pytest.MonkeyPatch, edge: Callable[[float, float], float]
) -> None:
    """The waits grow from a second to five minutes, and start again after a success."""
    monkeypatch.setattr(backoff_module, "uniform", edge)
    service = Scripted(*FAILURES * 3, None, *FAILURES)
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(3000)
        longest = [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
        expected = [edge(MIN_BACKOFF, wait) for wait in longest]
        assert service.gaps == pytest.approx(expected, abs=0.01)
        assert service.accepted == [60]
        relay.add(61)
        await asyncio.sleep(100)
        assert service.gaps[-4:] == pytest.approx(expected[:4], abs=0.01)
        assert service.accepted == [60, 61]
        failed = ["timeout", "busy", "unexpected", "server_error"]
        assert relay.keys == [*failed * 3, None, *failed, None]


@pytest.mark.parametrize("failures", [1, 2, 5, 9, 50, 100_000])
def test_backoff_with_full_jitter(failures: int) -> None:
    """Any wait between a second and the longest may come, as likely as any other."""
    longest = min(MAX_BACKOFF, 2.0 ** min(failures, 20))
    waits = sorted(backoff(failures) for _ in range(2000))
    spread = longest - MIN_BACKOFF
    assert waits[0] >= MIN_BACKOFF
    assert waits[-1] <= longest
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        wait = waits[round(part * (len(waits) - 1))]
        assert wait == pytest.approx(MIN_BACKOFF + part * spread, abs=spread / 10)


async def test_mistake_of_a_listener(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is told of the outcomes cannot end the delivery by failing."""

    def fail(error: DestinationError | None) -> None:
        raise ValueError("a mistake")

    service = Scripted()
    async with opened(path) as outbox:
        delivery = Delivery(outbox, service, fail)
        delivery.start()
        for value in (60, 61):
            outbox.add(reading(value))
            delivery.wake()
            await asyncio.sleep(1)
        await delivery.stop()
        assert service.accepted == [60, 61]
        assert "a mistake" in caplog.text


async def test_mistake_is_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where an error that nobody expected was raised can be found, though not its words."""
    async with running(path, Scripted(RuntimeError("a mistake"))) as relay:
        relay.add(60)
        await asyncio.sleep(10)
        assert relay.service.accepted == [60]
        assert caplog.text.count("RuntimeError") == 1
        assert "scripted.py" in caplog.text
        assert "a mistake" not in caplog.text


@pytest.mark.parametrize("where", ["take", "settle", "__len__"])
async def test_mistake_anywhere(
    path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    """No mistake ends the delivery for good: it is logged once, and tried again in a while."""
    service = Scripted()
    async with running(path, service) as relay:
        with monkeypatch.context() as patch:
            tries = 0

            def fail(*args: object, **kwargs: object) -> object:
                nonlocal tries
                tries += 1
                raise RuntimeError("a mistake")

            patch.setattr(Outbox, where, fail)
            for value in range(600):
                relay.outbox.add(reading(value))
                relay.delivery.wake()
                await asyncio.sleep(1)
        assert 3 < tries < 30
        assert caplog.text.count("Unexpected error") == 1
        assert set(relay.keys) <= {"unexpected"}
        relay.delivery.send_now()
        await asyncio.sleep(1)
        assert set(service.accepted) == set(range(600))
        assert relay.keys[-1] is None


async def test_disk_that_cannot_forget(path: Path) -> None:
    """What cannot be deleted from disk is waited for, not sent again or all the time."""
    service = Scripted()
    async with opened(path) as outbox:
        await add_stored(outbox, *range(100))
        relay = Relay(outbox, service)
        tries = 0
        take = outbox.take

        async def counted(count: int, *, newest_first: bool) -> object:
            nonlocal tries
            tries += 1
            return await take(count, newest_first=newest_first)

        outbox.take = counted  # type: ignore[assignment,method-assign]  # To count
        with full_disk(path.with_name(f"{path.name}-wal").stat().st_size):
            relay.delivery.start()
            await asyncio.sleep(100)
            assert service.accepted == list(range(64))
            assert tries <= 2 + 100 / DISK_RETRY
        await asyncio.sleep(5)
        assert service.accepted == list(range(100))
        await relay.delivery.stop()


# From outside


async def test_paused(path: Path) -> None:
    """While paused nothing is sent, and all of it afterwards."""
    service = Scripted()
    service.takes = 1
    async with running(path, service) as relay:
        relay.delivery.paused = True
        relay.add(60)
        await asyncio.sleep(60)
        assert service.requests == []
        relay.delivery.paused = False
        relay.delivery.wake()
        await asyncio.sleep(0.5)
        relay.delivery.paused = True
        relay.add(61)
        await asyncio.sleep(60)
        assert service.accepted == [60]
        relay.delivery.paused = False
        relay.delivery.wake()
        await asyncio.sleep(1.1)
        assert service.accepted == [60, 61]


@pytest.mark.parametrize(
    "error",
    [UnreachableError("timeout"), WaitError(3600.0), NotEntitledError("no_plan")],
)
async def test_sent_now(path: Path, clock: Clock, error: DestinationError) -> None:
    """However long the wait was to be, a person can end it."""
    service = Scripted(*[UnreachableError("timeout")] * 8, error)
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(0.001)
        while service.script:
            relay.delivery.send_now()
            await asyncio.sleep(0.001)
        assert service.accepted == []
        relay.delivery.send_now()
        await asyncio.sleep(0.001)
        assert service.accepted == [60]
        assert clock.now - service.times[-1] < 0.01


async def test_stop_waits_for_the_request(path: Path, clock: Clock) -> None:
    """A request under way is not cut off, so that its readings are not sent twice."""
    service = Scripted()
    service.takes = 2
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(0.5)
        relay.add(61)
        started = clock.now
        await relay.delivery.stop()
        assert clock.now - started == pytest.approx(1.5, abs=0.01)
        assert service.accepted == [60]
        assert len(relay.outbox) == 1
        await asyncio.sleep(60)
        assert len(service.requests) == 1


async def test_stop_does_not_wait_for_ever(path: Path, clock: Clock) -> None:
    """A request that takes too long is cut off, and its readings are kept."""
    service = Scripted()
    service.takes = 100
    async with running(path, service) as relay:
        relay.add(60)
        await asyncio.sleep(1)
        started = clock.now
        await relay.delivery.stop()
        assert clock.now - started == pytest.approx(STOP_TIMEOUT, abs=0.01)
        assert len(relay.outbox) == 1
    async with opened(path) as outbox:
        assert len(outbox) == 1


@pytest.mark.parametrize(
    "error", [UnreachableError("timeout"), NotAuthorisedError(), None]
)
async def test_stop_while_waiting(
    path: Path, clock: Clock, error: DestinationError | None
) -> None:
    """Nothing under way, nothing to wait for."""
    async with running(path, Scripted(error)) as relay:
        relay.add(60)
        await asyncio.sleep(0.1)
        started = clock.now
        await relay.delivery.stop()
        assert clock.now == started


async def test_stop_without_start(path: Path) -> None:
    """A delivery that was never started can be stopped."""
    async with opened(path) as outbox:
        await Delivery(outbox, Scripted(), print).stop()


async def test_alone_and_at_once(path: Path) -> None:
    """Where each reading goes alone, none waits for a turn of the event loop."""
    service = Live()
    async with running(path, service) as relay:
        for value in (60, 61, 62):
            await asyncio.sleep(1)
            relay.add(value)
            assert [values for _, values in service.requests][-1] == [value]


async def test_of_the_same_moment_together(path: Path) -> None:
    """Where several go together, the first waits for those of the same moment."""
    service = Scripted()
    async with running(path, service) as relay:
        await asyncio.sleep(1)
        relay.add(60, 61, 62)
        assert service.requests == []
        await asyncio.sleep(0.001)
        assert [values for _, values in service.requests] == [[60, 61, 62]]


async def test_in_a_context_of_its_own(path: Path) -> None:
    """Whoever measures leaves nothing of theirs with a request that begins in their turn."""
    owner = ContextVar("owner", default="")
    seen: list[str] = []

    class Seeing(Live):
        @override
        async def deliver(self, readings: Sequence[Reading]) -> Receipt:
            seen.append(owner.get())
            return await super().deliver(readings)

    async with running(path, Seeing()) as relay:
        await asyncio.sleep(1)
        owner.set("a sensor")
        relay.add(60)
        await asyncio.sleep(1)
    assert seen == [""]


async def test_rests_without_a_task(path: Path) -> None:
    """A delivery with nothing to do holds no task, and begins anew."""

    def tasks() -> list[str]:
        return [task.get_name() for task in asyncio.all_tasks()]

    service = Scripted(None, UnreachableError("timeout"))
    async with running(path, service) as relay:
        for value in (60, 61):
            await asyncio.sleep(0.1)
            assert "heart rate delivery" not in tasks()
            relay.add(value)
        await asyncio.sleep(0.1)
        assert "heart rate delivery" in tasks()
        await asyncio.sleep(10)
        assert service.accepted == [60, 61]
        assert "heart rate delivery" not in tasks()
