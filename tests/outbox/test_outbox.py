"""Where readings wait: on time on disk, in order, bounded, and never lost or twice."""

import asyncio
from collections.abc import Callable
import gc
from pathlib import Path
from threading import Event, enumerate as enumerate_threads
import time

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox.disk import DiskTier
from custom_components.heart_rate_relay.outbox.entries import Entries, Entry
from custom_components.heart_rate_relay.outbox.hold import Hold
from custom_components.heart_rate_relay.outbox.keeper import REST_AFTER
from custom_components.heart_rate_relay.outbox.outbox import STORE_AFTER, Outbox
from custom_components.heart_rate_relay.outbox.packs import Packs

from .common import (
    DAY,
    WATCH,
    Clock,
    add_stored,
    drain,
    full_disk,
    in_trouble,
    left_by_a_kill,
    opened,
    reading,
)

pytestmark = pytest.mark.usefixtures("clock")


# The two tiers


@pytest.mark.parametrize("newest_first", [False, True])
async def test_nothing_on_disk_while_all_is_settled(
    path: Path, newest_first: bool
) -> None:
    """A service that answers at once costs no SD card anything."""
    async with opened(path) as outbox:
        for value in range(100):
            outbox.add(reading(value))
            await asyncio.sleep(0.1)
            assert await drain(outbox, newest_first=newest_first) == [value]
        await asyncio.sleep(10)
        assert len(outbox) == 0
        assert not path.parent.exists()


async def test_undelivered_is_on_disk_within_a_second(path: Path, clock: Clock) -> None:
    """Whatever came in a second ago would survive a kill, at any moment."""
    came_in: list[float] = []
    async with opened(path) as outbox:
        for value in range(12):
            outbox.add(reading(value))
            came_in.append(clock.now)
            await asyncio.sleep(0.35)
            overdue = [v for v, at in enumerate(came_in) if at <= clock.now - 1]
            assert (await left_by_a_kill(path))[: len(overdue)] == overdue
        assert len(outbox) == 12


async def test_readings_after_a_pause_are_on_disk_within_a_second(path: Path) -> None:
    """The outbox looks again when it was empty in between."""
    async with opened(path) as outbox:
        outbox.add(reading(60))
        await drain(outbox)
        await asyncio.sleep(5)
        outbox.add(reading(61))
        await asyncio.sleep(1)
        assert await left_by_a_kill(path) == [61]


async def test_found_again(path: Path) -> None:
    """What was left is there after the outbox was closed, equal to what was added."""
    added = [
        reading(60.5, age=3, source=WATCH),
        reading(61, age=2),
        reading(59.25, age=1, source=WATCH),
    ]
    async with opened(path) as outbox:
        for one in added:
            outbox.add(one)
        assert len(outbox) == 3
    async with opened(path) as outbox:
        assert len(outbox) == 3
        assert not outbox.has_fresh
        entries = await outbox.take(10, newest_first=False)
        assert [entry.reading for entry in entries] == added
        await outbox.settle(entries)
        assert await left_by_a_kill(path) == []
    async with opened(path) as outbox:
        assert len(outbox) == 0


async def test_tally_survives(path: Path) -> None:
    """What became of all readings so far is known after a restart, too."""
    async with opened(path) as outbox:
        outbox.tally.delivered = 7
        outbox.tally.refused = 2
        outbox.tally.last_delivery = 1_790_000_000_123
        outbox.tally.latest["1a"] = 1_790_000_000_456
        outbox.add(reading(60, age=31 * DAY))
    for _ in range(2):
        async with opened(path) as outbox:
            tally = outbox.tally
            assert (tally.delivered, tally.refused, tally.expired) == (7, 2, 1)
            assert tally.last_delivery == 1_790_000_000_123
            assert tally.latest == {"1a": 1_790_000_000_456}


async def test_clock_set_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was left and what comes in are told apart though the clock says the same."""
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2, 3)
    async with opened(path) as outbox:
        for value in (4, 5, 6):
            outbox.add(reading(value))
        await outbox.settle(await outbox.take(3, newest_first=False))
        assert await drain(outbox) == [4, 5, 6]


# The orders


async def test_oldest_first(path: Path) -> None:
    """Readings come in the order in which they were measured, wherever they are."""
    async with opened(path) as outbox:
        for value, age in ((3, 30), (1, 50), (5, 10)):
            outbox.add(reading(value, age=age))
        await outbox.flush()
        for value, age in ((4, 20), (6, 0), (2, 40)):
            outbox.add(reading(value, age=age))
        assert await drain(outbox, count=2) == [1, 2, 3, 4, 5, 6]


async def test_newest_first(path: Path) -> None:
    """What came in just now overtakes, the rest follows from its newest end."""
    async with opened(path) as outbox:
        for value, age in ((3, 30), (1, 50), (4, 20), (2, 40)):
            outbox.add(reading(value, age=age))
        await outbox.flush()
        outbox.add(reading(5, age=1))
        outbox.add(reading(6))
        assert outbox.has_fresh
        assert await drain(outbox, newest_first=True, count=3) == [5, 6, 4, 3, 2, 1]


async def test_newest_first_while_the_disk_fails(path: Path) -> None:
    """What could not be written to disk is overtaken all the same."""
    async with opened(path) as outbox:
        with full_disk():
            for value in range(4):
                outbox.add(reading(value))
                await asyncio.sleep(1)
            assert not outbox.has_fresh
            outbox.add(reading(9))
            assert await drain(outbox, newest_first=True, count=1) == [9, 3, 2, 1, 0]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_what_comes_in_while_draining(path: Path, newest_first: bool) -> None:
    """A backlog that is longer than a batch does not hold up what is fresh, or does."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2, 3, 4)
        entries = await outbox.take(2, newest_first=newest_first)
        outbox.add(reading(5))
        await outbox.settle(entries)
        assert await drain(outbox, newest_first=newest_first) == (
            [5, 2, 1] if newest_first else [3, 4, 5]
        )


# The bounds


async def test_bounded_by_count(path: Path) -> None:
    """The oldest fall out, and are counted."""
    async with opened(path, max_readings=3) as outbox:
        await add_stored(outbox, 1, 2, 3, 4)
        assert (len(outbox), outbox.tally.expired) == (3, 1)
        outbox.add(reading(0, age=100))
        outbox.add(reading(5))
        await asyncio.sleep(1)
        assert (len(outbox), outbox.tally.expired) == (3, 3)
        assert await drain(outbox) == [3, 4, 5]


async def test_bounded_by_age(path: Path) -> None:
    """What became too old falls out, and is counted."""
    async with opened(path, max_age=60) as outbox:
        outbox.add(reading(1, age=61))
        assert (len(outbox), outbox.tally.expired) == (0, 1)
        outbox.add(reading(2, age=50))
        outbox.add(reading(3, age=30))
        await asyncio.sleep(15)
        outbox.add(reading(4))
        await asyncio.sleep(1)
        assert outbox.tally.expired == 2
        # And while nothing else comes in
        await asyncio.sleep(20)
        assert await drain(outbox) == [4]
        assert outbox.tally.expired == 3


@pytest.mark.parametrize(
    ("max_readings", "max_age", "left"), [(3, 1000, [2, 3, 4]), (99, 45, [3, 4])]
)
async def test_bounded_in_memory(
    path: Path, max_readings: int, max_age: float, left: list[float]
) -> None:
    """The bounds hold while the disk fails, too."""
    async with opened(path, max_readings=max_readings, max_age=max_age) as outbox:
        with full_disk():
            for value, age in ((4, 0), (1, 30), (2, 20), (3, 10)):
                outbox.add(reading(value, age=age))
            await asyncio.sleep(31)
            assert in_trouble(outbox)
            assert len(outbox) == len(left)
            assert outbox.tally.expired == 4 - len(left)
        await asyncio.sleep(11)
        assert outbox.tally.expired >= 4 - len(left)
        assert set(await drain(outbox)) <= set(left)


async def test_what_fell_out_may_be_settled(path: Path) -> None:
    """A request may take so long that its readings fall out meanwhile."""
    async with opened(path, max_readings=2) as outbox:
        await add_stored(outbox, 1, 2)
        entries = await outbox.take(2, newest_first=False)
        await asyncio.sleep(10)
        await add_stored(outbox, 3, 4)
        await outbox.settle(entries)
        assert len(outbox) == 2
        assert await drain(outbox) == [3, 4]


# Two things at a time


@pytest.mark.parametrize("part", [0, 2, 3])
async def test_settled_while_written_to_disk(path: Path, part: int) -> None:
    """What was taken from memory is settled wherever it is by then."""
    async with opened(path) as outbox:
        for value in (1, 2, 3):
            outbox.add(reading(value))
        entries = await outbox.take(3, newest_first=True)
        await asyncio.gather(outbox.flush(), outbox.settle(entries[:part]))
        assert len(outbox) == 3 - part
        await asyncio.sleep(2)
        await outbox.settle(entries[:part])
        left = [1, 2, 3][part:]
        assert await left_by_a_kill(path) == left
        assert await drain(outbox) == left


class Pause:
    """Makes a method of the store's packs wait, in its thread, until it may go on."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, name: str, *, done: bool = False
    ) -> None:
        """Pause before what the method does, or after it is done."""
        self.reached = Event()
        self.go_on = Event()
        method: Callable[..., object] = getattr(Packs, name)

        def paused(*args: object, **kwargs: object) -> object:
            if not done:
                self._wait()
            result = method(*args, **kwargs)
            if done:
                self._wait()
            return result

        monkeypatch.setattr(Packs, name, paused)

    def _wait(self) -> None:
        self.reached.set()
        assert self.go_on.wait(10)

    async def until_reached(self) -> None:
        """Wait until a thread waits."""
        while not self.reached.is_set():
            await asyncio.sleep(0)


async def test_taker_cancelled(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A taker that is cancelled takes nothing with it."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2, 3)
        pause = Pause(monkeypatch, "select")
        taker = asyncio.create_task(outbox.take(2, newest_first=False))
        await pause.until_reached()
        taker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taker
        outbox.add(reading(4))
        pause.go_on.set()
        assert len(outbox) == 4
        assert await drain(outbox) == [1, 2, 3, 4]


async def test_taker_cancelled_and_its_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a cancelled taker asked for ends before the file is used for anything else."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2, 3)
        select = Pause(monkeypatch, "select")
        insert = Pause(monkeypatch, "insert")
        insert.go_on.set()
        taker = asyncio.create_task(outbox.take(2, newest_first=False))
        await select.until_reached()
        taker.cancel()
        outbox.add(reading(4))
        flushing = asyncio.create_task(outbox.flush())
        assert not await asyncio.to_thread(insert.reached.wait, 0.1)
        select.go_on.set()
        await flushing
        assert insert.reached.is_set()


async def test_counters_on_disk_with_nothing_waiting(path: Path) -> None:
    """What was counted and delivered at once is not counted again after a kill."""

    def on_disk() -> object:
        """Return what the next outbox would know if the process were killed now."""
        store = DiskTier(path)
        store.open()
        try:
            return store.read_tally().counters
        finally:
            store.close()

    async with opened(path) as outbox:
        for count in (5, 6):
            outbox.tally.counters["1a"] = [count]
            outbox.add(reading(60))
            await outbox.settle(await outbox.take(1, newest_first=False))
            await asyncio.sleep(1)
            assert on_disk() == {"1a": [count]}
        written = path.with_name(f"{path.name}-wal").read_bytes()
        outbox.add(reading(61))
        await outbox.settle(await outbox.take(1, newest_first=False))
        await asyncio.sleep(1)
        assert path.with_name(f"{path.name}-wal").read_bytes() == written


@pytest.mark.parametrize("done", [False, True])
async def test_settling_cancelled(
    path: Path, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """What was being settled is settled, though its settler is cancelled."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2, 3)
        entries = await outbox.take(2, newest_first=False)
        pause = Pause(monkeypatch, "delete", done=done)
        settler = asyncio.create_task(outbox.settle(entries))
        await pause.until_reached()
        settler.cancel()
        with pytest.raises(asyncio.CancelledError):
            await settler
        assert len(outbox) == 1
        pause.go_on.set()
        assert await drain(outbox) == [3]
        assert len(outbox) == 0


@pytest.mark.parametrize("done", [False, True])
async def test_flush_cancelled(
    path: Path, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """What was being written is written once, though nobody waits for it any more."""
    async with opened(path) as outbox:
        for value in (1, 2, 3):
            outbox.add(reading(value))
        pause = Pause(monkeypatch, "insert", done=done)
        flushing = asyncio.create_task(outbox.flush())
        await pause.until_reached()
        flushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flushing
        outbox.add(reading(4))
        assert len(outbox) == 4
        pause.go_on.set()
        await outbox.flush()
        assert len(outbox) == 4
        assert await left_by_a_kill(path) == [1, 2, 3, 4]
        assert await drain(outbox) == [1, 2, 3, 4]


@pytest.mark.parametrize("done", [False, True])
async def test_insert_cancelled(
    path: Path, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """The past that was being written is there once, and covered with it."""
    covered = {"account 1a": [[0, 1]]}
    async with opened(path) as outbox:
        pause = Pause(monkeypatch, "insert", done=done)
        inserting = asyncio.create_task(outbox.insert([reading(1, age=9)], covered))
        await pause.until_reached()
        inserting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await inserting
        pause.go_on.set()
        await outbox.flush()
        assert await drain(outbox) == [1]
        assert outbox.tally.covered == covered
    async with opened(path) as outbox:
        assert outbox.tally.covered == covered


async def test_unanswered_is_on_disk_sooner(path: Path) -> None:
    """While nobody takes any, a reading is on disk within half a second."""
    async with opened(path) as outbox:
        outbox.add(reading(1))
        outbox.heed(is_answered=False)
        await asyncio.sleep(0.5)
        assert await left_by_a_kill(path) == [1]
        outbox.add(reading(2))
        await asyncio.sleep(0.5)
        assert await left_by_a_kill(path) == [1, 2]
        outbox.heed(is_answered=True)
        outbox.add(reading(3))
        await asyncio.sleep(0.5)
        assert await left_by_a_kill(path) == [1, 2]
        await asyncio.sleep(0.5)
        assert await left_by_a_kill(path) == [1, 2, 3]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_counted_before_it_is_taken(path: Path, newest_first: bool) -> None:
    """What a counter told is on disk, with what it showed, before anybody delivers it."""

    async def counted() -> object:
        """Return what the next outbox would know if the process were killed now."""
        store = DiskTier(path)
        try:
            return store.read_tally().counters
        finally:
            store.close()

    steps = reading(60)._replace(metric=metrics.STEPS, duration=1000)
    async with opened(path) as outbox:
        outbox.tally.counters["1a"] = [100]
        outbox.add(steps)
        entries = await outbox.take(9, newest_first=newest_first)
        assert [entry.reading for entry in entries] == [steps]
        assert await counted() == {"1a": [100]}
        # Nor is another one that comes while the first is settled
        settling = asyncio.create_task(outbox.settle(entries))
        outbox.tally.counters["1a"] = [200]
        outbox.add(steps)
        await settling
        assert await counted() == {"1a": [100]}
        assert await left_by_a_kill(path) == []


@pytest.mark.parametrize("name", ["insert", "delete"])
@pytest.mark.parametrize("done", [False, True])
async def test_length_while_a_thread_works(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, done: bool
) -> None:
    """A reading counts once, also while it moves between the tiers or goes."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2)
        entries = await outbox.take(2, newest_first=False)
        outbox.add(reading(3))
        pause = Pause(monkeypatch, name, done=done)
        job = outbox.flush() if name == "insert" else outbox.settle(entries)
        task = asyncio.create_task(job)
        await pause.until_reached()
        expected = 3 if name == "insert" else 1
        assert len(outbox) == expected
        pause.go_on.set()
        await task
        assert len(outbox) == expected


async def test_closed_while_written_to_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing waits for what is being written, and nothing is opened again after it."""
    async with opened(path) as outbox:
        outbox.add(reading(1))
        pause = Pause(monkeypatch, "insert")
        await asyncio.sleep(0.8)
        await pause.until_reached()
        outbox.add(reading(2))
        closing = asyncio.create_task(outbox.close())
        await asyncio.sleep(0)
        pause.go_on.set()
        await closing
    await asyncio.sleep(5)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert await left_by_a_kill(path) == [1, 2]


async def test_closed_when_readings_are_overdue(path: Path) -> None:
    """Closing at the very moment in which readings are due ends it all the same."""
    outbox = Outbox(path, max_readings=10, max_age=DAY)
    await outbox.open()

    async def close_when_due() -> None:
        await asyncio.sleep(STORE_AFTER)
        await outbox.close()

    closing = asyncio.create_task(close_when_due())
    await asyncio.sleep(0)
    outbox.add(reading(1))
    await closing
    await asyncio.sleep(5)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert await left_by_a_kill(path) == [1]


async def test_disk_that_hangs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that never answers holds up no thread of others, nor what is not on it."""
    async with opened(path) as outbox:
        pause = Pause(monkeypatch, "insert")
        outbox.add(reading(1))
        await asyncio.sleep(0.8)
        await pause.until_reached()
        assert await asyncio.to_thread(lambda: 7) == 7
        outbox.add(reading(2))
        for newest_first in (False, True):
            entries = await outbox.take(9, newest_first=newest_first)
            assert [entry.reading.value for entry in entries][-1] == 2
        pause.go_on.set()
        assert await drain(outbox) == [1, 2]


async def test_no_thread_for_nothing(path: Path) -> None:
    """An outbox in which nothing waits has no thread."""
    async with opened(path):
        assert not [one for one in enumerate_threads() if "outbox" in one.name]


@pytest.mark.parametrize("is_left", [False, True])
async def test_nothing_held_open_for_long(
    path: Path, clock: Clock, is_left: bool
) -> None:
    """A file in which nothing waits is closed before long, and opened again when needed."""

    def is_open() -> bool:
        return path.with_name(f"{path.name}-wal").exists()

    def has_thread() -> bool:
        return any("outbox" in one.name for one in enumerate_threads())

    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2)
        if not is_left:
            assert await drain(outbox) == [1, 2]
        assert is_open()
        assert has_thread()
        await asyncio.sleep(REST_AFTER - 1)
        assert is_open()
        assert len(outbox) == 2 * is_left
        await asyncio.sleep(2)
        assert is_open() is is_left
        assert has_thread() is is_left
        await add_stored(outbox, 3)
        assert is_open()
        assert await drain(outbox) == [1, 2] * is_left + [3]
        await asyncio.sleep(REST_AFTER + 1)
        assert not is_open()
        assert not has_thread()


async def test_closed_for_long_on_a_full_disk(path: Path, clock: Clock) -> None:
    """A file that is closed because nothing waits needs no room, and is no trouble."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1)
        assert await drain(outbox) == [1]
        size = path.with_name(f"{path.name}-wal").stat().st_size
        with full_disk(room=size):
            await asyncio.sleep(REST_AFTER + 1)
            assert not any("outbox" in one.name for one in enumerate_threads())
            await asyncio.sleep(REST_AFTER + 1)
            assert not in_trouble(outbox)
        await add_stored(outbox, 2)
        assert await drain(outbox) == [2]


async def test_under_way_when_held(path: Path) -> None:
    """What was under way when a backup began holds up nothing once it was delivered."""
    hold = Hold()
    outbox = Outbox(path, max_readings=100, max_age=DAY, hold=hold)
    await outbox.open()
    outbox.add(reading(1))
    under_way = await outbox.take(10, newest_first=False)
    await hold.begin()
    outbox.add(reading(2))
    assert await outbox.take(10, newest_first=False) == []
    await outbox.settle(under_way)
    assert await drain(outbox) == [2]
    assert len(outbox) == 0
    await hold.end()
    assert await drain(outbox) == []
    await outbox.close()


async def test_opened_while_closing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is opened again just as a backup ends is held by the next one."""
    hold = Hold()
    outbox = Outbox(path, max_readings=100, max_age=DAY, hold=hold)
    await outbox.open()
    await hold.begin()
    outbox.add(reading(1))
    await outbox.close()
    pause = Pause(monkeypatch, "insert", done=True)
    ending = asyncio.create_task(hold.end())
    await pause.until_reached()
    opening = asyncio.create_task(outbox.open())
    await asyncio.sleep(0)
    pause.go_on.set()
    await asyncio.gather(ending, opening)
    await hold.begin()
    assert outbox._keeper.is_held
    await hold.end()
    assert await drain(outbox) == [1]
    await outbox.close()


async def test_no_object_for_each(path: Path) -> None:
    """However many are taken, the garbage collector has few objects to look at."""
    async with opened(path) as outbox:
        await outbox.insert([reading(60, age=age) for age in range(5000)], {})
        gc.collect()
        before = len(gc.get_objects())
        entries = await outbox.take(5000, newest_first=False)
        gc.collect()
        assert len(entries) == 5000
        assert len(gc.get_objects()) - before < 1000
        await outbox.settle(entries)
        assert len(outbox) == 0


def test_readings_of_one_moment() -> None:
    """They are by their arrival, whichever came first out of the outbox."""
    one = reading(60)
    entries = Entries.of(Entry(seq, one) for seq in (3, 1, 2))
    assert entries.by_time().seqs == [1, 2, 3]
    assert entries.by_time(newest_first=True).seqs == [3, 2, 1]
