"""The outbox while its disk fails: all goes on from memory, and is told."""

import asyncio
from pathlib import Path
import sqlite3
import time
import tracemalloc

import pytest

from custom_components.heart_rate_relay.outbox import outbox as outbox_module
from custom_components.heart_rate_relay.outbox.disk import DiskTier
from custom_components.heart_rate_relay.outbox.tiers import Bounds, Tiers
from custom_components.heart_rate_relay.readings import Readings

from .common import (
    DAY,
    WATCH,
    add_stored,
    drain,
    full_disk,
    in_trouble,
    left_by_a_kill,
    opened,
    reading,
)

pytestmark = pytest.mark.usefixtures("clock")


async def test_disk_full(path: Path) -> None:
    """All goes on from memory, is told, and goes to disk when there is room again."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(50))
        with full_disk(path.with_name(f"{path.name}-wal").stat().st_size):
            for value in range(50, 60):
                outbox.add(reading(value, source=WATCH))
                await asyncio.sleep(1)
            assert in_trouble(outbox)
            assert len(outbox) == 60
        await asyncio.sleep(outbox_module.RETRY_AFTER)
        assert not in_trouble(outbox)
        assert outbox.set_aside is None
        assert await left_by_a_kill(path) == list(range(60))
        outbox.add(reading(60, source=WATCH))
        await asyncio.sleep(1)
        assert await left_by_a_kill(path) == list(range(61))
        assert len(outbox) == 61


async def test_disk_full_and_nothing_delivered_twice(path: Path) -> None:
    """What cannot be deleted from disk is not taken again."""
    taken: list[float] = []
    async with opened(path) as outbox:
        await add_stored(outbox, *range(20))
        with full_disk(path.with_name(f"{path.name}-wal").stat().st_size):
            for _ in range(10):
                entries = await outbox.take(5, newest_first=False)
                taken += [entry.reading.value for entry in entries]
                await outbox.settle(entries)
            outbox.add(reading(20))
            taken += await drain(outbox)
            assert in_trouble(outbox)
            assert len(outbox) == 20 + 1 - len(taken)
        taken += await drain(outbox)
        assert sorted(taken) == list(range(21))
        assert not in_trouble(outbox)
        assert await left_by_a_kill(path) == []


@pytest.mark.parametrize("wait", [0, 11])
async def test_settled_on_a_full_disk(path: Path, wait: float) -> None:
    """What was settled while the disk failed does not come back after a restart."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(20))
        with full_disk(path.with_name(f"{path.name}-wal").stat().st_size):
            await outbox.settle(await outbox.take(5, newest_first=False))
            assert len(outbox) == 15
        await asyncio.sleep(wait)
        assert len(outbox) == 15
        assert in_trouble(outbox) == (wait == 0)
    async with opened(path) as outbox:
        assert await drain(outbox) == list(range(5, 20))


async def test_trouble_ends_when_nothing_waits(path: Path) -> None:
    """A disk that is back is found to be, though nothing is to be written."""
    async with opened(path) as outbox:
        with full_disk():
            outbox.add(reading(60))
            await asyncio.sleep(1)
            assert in_trouble(outbox)
            assert await drain(outbox) == [60]
            await asyncio.sleep(60)
            assert in_trouble(outbox)
        await asyncio.sleep(11)
        assert not in_trouble(outbox)


async def test_trouble_ends_while_a_service_comes_and_goes(path: Path) -> None:
    """A disk that is back is found to be, however often readings are taken and then not."""
    async with opened(path) as outbox:
        with full_disk():
            outbox.add(reading(60))
            await asyncio.sleep(1)
            assert in_trouble(outbox)
        for flap in range(10):
            outbox.heed(is_answered=flap % 2 == 1)
            await asyncio.sleep(2)
        assert not in_trouble(outbox)
        assert await left_by_a_kill(path) == [60]


async def test_soon_on_disk_after_trouble(path: Path) -> None:
    """What comes in is on a disk that is back within a second, however that was found out."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(20))
        await asyncio.sleep(1)
        with full_disk(path.with_name(f"{path.name}-wal").stat().st_size):
            await outbox.settle(await outbox.take(5, newest_first=False))
            assert in_trouble(outbox)
        await outbox.settle(await outbox.take(5, newest_first=False))
        assert not in_trouble(outbox)
        outbox.add(reading(20))
        await asyncio.sleep(1)
        assert await left_by_a_kill(path) == list(range(10, 21))


async def test_reading_the_disk_does_not_hide_trouble(path: Path) -> None:
    """A disk that can be read, but not written to, is still told of."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(20))
        with full_disk(path.with_name(f"{path.name}-wal").stat().st_size):
            outbox.add(reading(20))
            await asyncio.sleep(1)
            assert in_trouble(outbox)
            assert len(await outbox.take(5, newest_first=False)) == 5
            assert in_trouble(outbox)


async def test_folder_cannot_be_made(path: Path) -> None:
    """A path that leads nowhere is told, and used as soon as it leads somewhere."""
    path.parent.write_text("not a folder")
    async with opened(path) as outbox:
        outbox.add(reading(60))
        await asyncio.sleep(1)
        assert in_trouble(outbox)
        assert len(outbox) == 1
        path.parent.unlink()
        await asyncio.sleep(11)
        assert not in_trouble(outbox)
        assert await left_by_a_kill(path) == [60]


@pytest.mark.parametrize("answers", [False, True])
async def test_outage_before_a_disk_came_late(path: Path, answers: bool) -> None:
    """What the disk knows of an outage is over once the service has answered since."""
    async with opened(path) as outbox:
        outbox.tally.unreachable_since = 5
        await add_stored(outbox, 1)
    away = path.parent.rename(path.parent.with_name("away"))
    path.parent.write_text("not a folder")
    async with opened(path) as outbox:
        assert in_trouble(outbox)
        outbox.tally.unreachable_since = 7
        if answers:
            outbox.tally.note_answer()
        path.parent.unlink()
        away.rename(path.parent)
        await asyncio.sleep(11)
        assert not in_trouble(outbox)
        assert outbox.tally.unreachable_since == (None if answers else 5)
    async with opened(path) as outbox:
        assert outbox.tally.unreachable_since == (None if answers else 5)
        assert not outbox.tally.has_answered


@pytest.mark.parametrize("is_back", [False, True])
async def test_discarded_before_a_disk_came_late(path: Path, is_back: bool) -> None:
    """What is discarded does not come back with a disk that could not be read until then."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2, 3)
    away = path.rename(path.with_suffix(".away"))
    path.mkdir()

    def come_back() -> None:
        path.rmdir()
        away.rename(path)

    async with opened(path) as outbox:
        assert in_trouble(outbox)
        outbox.add(reading(4))
        if is_back:
            come_back()
        assert await outbox.discard() == (4 if is_back else 1)
        if not is_back:
            come_back()
        outbox.add(reading(5))
        await asyncio.sleep(11)
        assert not in_trouble(outbox)
        assert await drain(outbox) == [5]
    async with opened(path) as outbox:
        assert await drain(outbox) == []


async def test_disk_that_comes_late(path: Path) -> None:
    """What is on a disk that fails when the outbox opens is found when it is back."""
    async with opened(path) as outbox:
        await add_stored(outbox, 1, 2, 3)
        outbox.tally.delivered = 5
        outbox.tally.latest.update({"1a": 10, "2b": 20})
    away = path.rename(path.with_suffix(".away"))
    path.mkdir()
    async with opened(path) as outbox:
        assert in_trouble(outbox)
        assert len(outbox) == 0
        latest = outbox.tally.latest
        latest["1a"] = 30
        outbox.tally.delivered += 1
        for value in (4, 5, 6):
            outbox.add(reading(value))
        from_memory = await outbox.take(1, newest_first=False)
        assert [entry.reading.value for entry in from_memory] == [4]
        await asyncio.sleep(15)
        assert in_trouble(outbox)
        path.rmdir()
        away.rename(path)
        await asyncio.sleep(11)
        assert not in_trouble(outbox)
        assert len(outbox) == 6
        from_disk = await outbox.take(3, newest_first=False)
        assert [entry.reading.value for entry in from_disk] == [1, 2, 3]
        outbox.add(reading(7))
        await outbox.settle(from_disk)
        await outbox.settle(from_memory)
        assert await drain(outbox) == [5, 6, 7]
        assert outbox.tally.delivered == 6
        assert latest is outbox.tally.latest
        assert latest == {"1a": 30, "2b": 20}
    async with opened(path) as outbox:
        assert outbox.tally.delivered == 6


async def test_unexpected_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with the disk, memory goes on, without trying all the time."""
    tries = 0

    def fail(self: Tiers, *args: object) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError

    async with opened(path) as outbox:
        with monkeypatch.context() as patch:
            patch.setattr(Tiers, "write", fail)
            outbox.add(reading(60))
            await asyncio.sleep(100)
        assert in_trouble(outbox)
        assert tries <= 15
        await asyncio.sleep(11)
        assert not in_trouble(outbox)
        assert await left_by_a_kill(path) == [60]


async def test_closed_on_a_full_disk(path: Path) -> None:
    """Once the outbox is closed, it does not come back to a disk that failed."""
    with full_disk():
        async with opened(path) as outbox:
            pass
        assert in_trouble(outbox)
    await asyncio.sleep(60)
    assert sum(file.stat().st_size for file in path.parent.iterdir()) == 0


@pytest.mark.slow
@pytest.mark.parametrize("newest_first", [False, True])
async def test_much_in_memory(path: Path, newest_first: bool) -> None:
    """What a disk does not take needs little memory, and none of the event loop's time."""
    count = 100_000
    start = reading(0).measured_at - 2 * count
    async with opened(path) as outbox:
        with full_disk():
            tracemalloc.start()
            for number in range(count):
                at = start + number
                outbox.add(reading(number % 200)._replace(measured_at=at))
                if number % 10_000 == 9999:
                    await outbox.flush()
            size, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert in_trouble(outbox)
            assert outbox.in_memory == len(outbox) == count
            db = outbox._tiers._spilled._db  # type: ignore[union-attr] # it is full
            size += db.execute("PRAGMA page_count").fetchone()[0] * 512
            assert size <= 50 * count
            assert not outbox._fresh
            entries = await outbox.take(1000, newest_first=newest_first)
            ats = [entry.reading.measured_at for entry in entries]
            whole = range(start, start + count)
            assert ats == list(whole[:-1001:-1] if newest_first else whole[:1000])
            await outbox.settle(entries)
            assert len(outbox) == count - 1000
        await outbox.flush()
        assert (outbox.in_memory, len(outbox)) == (0, count - 1000)
        assert not in_trouble(outbox)


async def test_counted_while_the_disk_fails(path: Path) -> None:
    """What was counted meanwhile comes to disk as a whole, with what the counter shows."""
    async with opened(path) as outbox:
        with full_disk():
            for number in range(1, 4):
                outbox.tally.counters["1a"] = [number]
                outbox.add(reading(number)._replace(duration=1000))
                await outbox.flush()
            # All goes on, though a kill would count what is delivered now once more
            assert len(await outbox.take(9, newest_first=False)) == 3
            assert not await outbox.insert([reading(9)], {})
        assert await outbox.insert([reading(4)], {})
        assert await left_by_a_kill(path) == [1, 2, 3, 4]
        assert outbox.in_memory == 0
    async with opened(path) as outbox:
        assert outbox.tally.counters == {"1a": [3]}


async def test_settled_before_the_disk_is_tried_again(path: Path) -> None:
    """What a full disk did not take is written once there is room, whatever is settled first."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(20))
        with full_disk(path.with_name(f"{path.name}-wal").stat().st_size):
            for value in range(20, 25):
                outbox.add(reading(value, source=WATCH))
            await asyncio.sleep(1)
            assert in_trouble(outbox)
        await outbox.settle(await outbox.take(5, newest_first=False))
        assert in_trouble(outbox)
        await asyncio.sleep(outbox_module.RETRY_AFTER + 1)
        assert not in_trouble(outbox)
        assert await left_by_a_kill(path) == list(range(5, 25))


async def test_disk_that_cannot_even_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a transaction is believed that was undone while nothing could be read."""

    def fail(_: DiskTier, __: sqlite3.Connection) -> None:
        err = sqlite3.OperationalError("disk I/O error")
        err.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise err

    async with opened(path) as outbox:
        await add_stored(outbox, *range(5))
        with (
            full_disk(path.with_name(f"{path.name}-wal").stat().st_size),
            monkeypatch.context() as patch,
        ):
            patch.setattr(DiskTier, "_read", fail)
            outbox.add(reading(5, source=WATCH))
            await asyncio.sleep(1)
            assert in_trouble(outbox)
        await asyncio.sleep(outbox_module.RETRY_AFTER + 1)
        assert not in_trouble(outbox)
        assert len(outbox) == 6
    async with opened(path) as outbox:
        assert await drain(outbox) == list(range(6))
        assert outbox.set_aside is None


async def test_too_old_while_the_disk_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes in too late is counted, also while others are put aside."""
    spill = Tiers.spill

    def slow(tiers: Tiers, readings: Readings, bounds: Bounds) -> int:
        time.sleep(0.2)
        return spill(tiers, readings, bounds)

    async with opened(path, max_age=DAY) as outbox:
        with full_disk():
            outbox.add(reading(1))
            monkeypatch.setattr(Tiers, "spill", slow)
            flushing = asyncio.create_task(outbox.flush())
            while outbox._keeper._thread is None:
                await asyncio.sleep(0)
            await asyncio.to_thread(time.sleep, 0.05)
            outbox.add(reading(2, age=2 * DAY))
            await flushing
        assert outbox.tally.expired == 1
