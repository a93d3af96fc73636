"""The outbox with a damaged file: set aside, what can be read is saved, and on it goes."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
import sqlite3

import pytest

from custom_components.heart_rate_relay.outbox.outbox import Outbox

from .common import (
    DAY,
    STRAP,
    WATCH,
    add_stored,
    drain,
    full_disk,
    in_trouble,
    opened,
    reading,
)

pytestmark = pytest.mark.usefixtures("clock")


COUNT = 1000
"""Readings that wait: some 20 pages."""


async def make_file(path: Path) -> bytes:
    """Store readings of two sources, and return the file."""
    async with opened(path) as outbox:
        for value in range(COUNT):
            source = WATCH if value % 2 else STRAP
            outbox.add(reading(value, age=COUNT - value, source=source))
        outbox.tally.delivered = 7
    return path.read_bytes()


async def use(path: Path) -> tuple[list[float], Outbox]:
    """Use an outbox with what may be a damaged file, and return what came out of it.

    A reading is added: -1 bpm.
    """
    async with opened(path) as outbox:
        outbox.add(reading(-1))
        await outbox.flush()
        values = await drain(outbox, count=100)
        assert len(outbox) == 0
        assert not in_trouble(outbox)
    async with opened(path) as again:
        assert await drain(again) == []
        assert again.set_aside is None
    return values, outbox


def garbage(data: bytes) -> bytes:
    """Return a file with nothing of the old one."""
    return Random(1).randbytes(len(data))


def half(data: bytes) -> bytes:
    """Return the first half of a file."""
    return data[: len(data) // 2]


def odd_end(data: bytes) -> bytes:
    """Return a file that ends in the middle of its last page."""
    return data[:-500]


def lost_page(data: bytes) -> bytes:
    """Return a file with zeros in the place of a page in its middle."""
    middle = len(data) // 1024 * 512
    return data[:middle] + bytes(512) + data[middle + 512 :]


def not_text(data: bytes) -> bytes:
    """Return a file with a source that is no text."""
    return data.replace(b"sensor.strap", b"sensor\xff\xfe\xfd\xfc\xfb\xfa")


def other_value(data: bytes) -> bytes:
    """Return a file in which something was measured that was not."""
    middle = data.index(bytes(range(100, 110)))
    return data[: middle + 5] + b"\x00" + data[middle + 6 :]


def other_metric(data: bytes) -> bytes:
    """Return a file with readings of something that was not measured."""
    return data.replace(b'["heart_rate", "1a', b'["heart_rage", "1a')


def other_column(data: bytes) -> bytes:
    """Return a file with a column renamed."""
    return data.replace(b"rows BLOB", b"raws BLOB")


def other_table(data: bytes) -> bytes:
    """Return a file with a table that SQLite reads, and drops as soon as it tidies up."""
    return data.replace(b"tablepackpack", b"tAblepackpack")


def rows_of_nothing(data: bytes) -> bytes:
    """Return a file whose tally says that it has two rows more, or less, than it has."""
    cells = 4 * 512 + 4
    return data[:cells] + bytes([data[cells] ^ 2]) + data[cells + 1 :]


def other_order(data: bytes) -> bytes:
    """Return a file with a table of which it says otherwise how it was made."""
    return data.replace(b"CREATE TABLE pack", b"cREATE TABLE pack")


def other_name(data: bytes) -> bytes:
    """Return a file with a table of which it says that it was called otherwise."""
    return data.replace(b"CREATE TABLE pack", b"CREATE TABLE pAck")


def read_only(data: bytes) -> bytes:
    """Return a file that says of itself that it may only be read."""
    return data[:18] + b"\x03" + data[19:]


def later_version(data: bytes) -> bytes:
    """Return a file with a damaged byte that makes it seem to be one of a later version."""
    return data[:63] + b"\x03" + data[64:]


def other_tally(data: bytes) -> bytes:
    """Return a file that tells of deliveries that were not."""
    return data.replace(b"delivered7", b"delivered9")


@pytest.mark.parametrize(
    ("damage", "readings", "delivered"),
    [
        (garbage, 0, 0),
        (half, 1, 7),
        (odd_end, COUNT * 0.9, 7),
        (lost_page, COUNT * 0.9, 7),
        (not_text, COUNT / 2, 7),
        (other_value, COUNT * 0.9, 7),
        (other_metric, COUNT / 2, 7),
        (other_column, 0, 7),
        (other_table, COUNT, 7),
        (rows_of_nothing, COUNT, 7),
        (other_order, COUNT, 7),
        (other_name, COUNT, 7),
        (read_only, COUNT, 7),
        (later_version, COUNT, 7),
        (other_tally, COUNT, 0),
    ],
)
async def test_damaged(
    path: Path, damage: Callable[[bytes], bytes], readings: float, delivered: int
) -> None:
    """A damaged file is set aside as it was, and what can be read of it is saved."""
    data = await make_file(path)
    damaged = damage(data)
    assert damaged != data
    path.write_bytes(damaged)
    values, outbox = await use(path)
    assert values[-1] == -1
    assert values[:-1] == sorted(set(values[:-1]))
    assert set(values[:-1]) <= set(range(COUNT))
    assert len(values[:-1]) >= readings
    assert outbox.tally.delivered == delivered
    assert outbox.set_aside
    if damage is not other_value:
        # That is noticed but when it is read
        assert outbox.set_aside.read_bytes()[512:] == damaged[512:]


async def test_empty_file(path: Path) -> None:
    """A file cut down to nothing is as good as none."""
    await make_file(path)
    path.write_bytes(b"")
    assert (await use(path))[0] == [-1]


@pytest.mark.slow
async def test_flipped_bytes(path: Path) -> None:
    """Wherever a byte is wrong, the outbox opens, takes readings and gives them once.

    None is another than it was, and where one is missing, that is noticed.
    """
    random = Random()
    data = await make_file(path)
    offsets = [
        18,
        19,
        *random.sample(range(100), 12),
        *random.sample(range(len(data)), 30),
    ]
    for offset in offsets:
        flipped = bytearray(data)
        flipped[offset] ^= 1 << random.randrange(8)
        copy = path.parent / str(offset) / path.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(flipped)
        values, outbox = await use(copy)
        assert values[-1] == -1, offset
        assert values[:-1] == sorted(set(values[:-1])), offset
        assert set(values[:-1]) <= set(range(COUNT)), offset
        assert outbox.set_aside or len(values) == COUNT + 1, offset


async def test_damaged_while_open(path: Path) -> None:
    """Damage that only shows while the outbox is open does not stop it, either."""
    async with opened(path) as outbox:
        await add_stored(outbox, *range(10))
        with sqlite3.connect(path) as db:
            db.execute("UPDATE pack SET rows = 'abc'")
        db.close()
        outbox.add(reading(10))
        assert await drain(outbox) == [10]
        assert outbox.set_aside
        assert not in_trouble(outbox)


async def test_damaged_again(path: Path) -> None:
    """The last damaged files are kept, each under a name of its own, for nobody else to read."""
    for number in range(5):
        await make_file(path)
        path.write_bytes(b"garbage %d" % number * 1000)
        await use(path)
    kept = sorted(path.parent.glob("*.damaged-*"))
    assert [file.read_bytes()[8:9] for file in kept] == [b"2", b"3", b"4"]
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_damaged_on_a_full_disk(path: Path) -> None:
    """What can be read is saved when there is room for it."""
    data = await make_file(path)
    path.write_bytes(lost_page(data))
    with full_disk(4096):
        outbox = Outbox(path, max_readings=COUNT, max_age=DAY)
        await outbox.open()
        assert in_trouble(outbox)
        assert not list(path.parent.glob("*.damaged-*"))
    await asyncio.sleep(11)
    assert not in_trouble(outbox)
    assert outbox.set_aside
    assert COUNT * 0.9 <= len(await drain(outbox)) < COUNT
    await outbox.close()


async def test_killed_while_saving(path: Path) -> None:
    """What an unfinished attempt to save left behind is in nobody's way."""
    data = await make_file(path)
    path.write_bytes(lost_page(data))
    path.with_name(f"{path.name}.new").write_bytes(garbage(data))
    values, outbox = await use(path)
    assert len(values) > COUNT * 0.9
    assert outbox.set_aside
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize("left", range(7))
async def test_cut_while_put_in_place(
    path: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """Wherever it ends to put what was saved into its place, it goes on there."""
    data = await make_file(path)
    path.write_bytes(lost_page(data))
    rename, renamed = Path.rename, 0

    def cut_off(old: Path, new: Path) -> Path:
        nonlocal renamed
        if renamed == left:
            raise OSError("cut off")
        renamed += 1
        return rename(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", cut_off)
        outbox = Outbox(path, max_readings=COUNT, max_age=DAY)
        await outbox.open()
        await outbox.close()
    values, _ = await use(path)
    assert COUNT * 0.9 <= len(values) - 1 < COUNT
    assert list(path.parent.glob("*.damaged-*"))
    assert not list(path.parent.glob("*.saved*"))
