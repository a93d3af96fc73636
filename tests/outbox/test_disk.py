"""The outbox's file: what it holds is what was put in, whole jobs or nothing of them."""

from collections.abc import Sequence
from pathlib import Path
import sqlite3
import time

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox import disk
from custom_components.heart_rate_relay.outbox.disk import (
    DiskTier,
    LaterVersionError,
    is_damage,
)
from custom_components.heart_rate_relay.outbox.packs import crc_of
from custom_components.heart_rate_relay.outbox.salvage import set_aside
from custom_components.heart_rate_relay.outbox.tally import Request, Tally
from custom_components.heart_rate_relay.reading import Device, Reading, Source

from .common import STRAP, WATCH, full_disk


def measured(at: int, value: float = 60, source: Source = STRAP) -> Reading:
    """Return a reading that was measured at a time."""
    return Reading(metrics.HEART_RATE, float(value), at, source)


READINGS = [
    measured(300, 1),
    measured(100, 2, WATCH),
    measured(200, 3.125),
    measured(200, 4, WATCH),
]
IN_ORDER = [2, 3.125, 4, 1]


def insert(store: DiskTier, *readings: Reading) -> None:
    """Put readings into a store."""
    with store.transaction() as packs:
        packs.insert(readings)


@pytest.fixture
def store(path: Path) -> DiskTier:
    """Return a store with a few readings."""
    store = DiskTier(path)
    insert(store, *READINGS)
    return store


def values(
    store: DiskTier, count: int = 99, *, newest_first: bool = False
) -> list[float]:
    """Return the values of the readings that come first."""
    found = store.packs.select(count, newest_first=newest_first)
    return [reading.value for reading in found]


def test_made_when_needed(path: Path) -> None:
    """No file is made before there is something to put into it."""
    store = DiskTier(path)
    store.close()
    assert not path.parent.exists()
    insert(store, *READINGS)
    store.close()
    assert path.exists()


def test_private(store: DiskTier) -> None:
    """Nobody else may read what is in the folder, though it was there before."""
    store.close()
    store.path.parent.chmod(0o755)
    store.path.chmod(0o644)
    insert(store, measured(500))
    modes = {file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()}
    assert modes == {0o600}
    assert store.path.parent.stat().st_mode & 0o777 == 0o700
    store.close()


def test_found_again(store: DiskTier) -> None:
    """What was put in comes out equal, from the file alone."""
    store.close()
    again = DiskTier(store.path)
    again.open()
    assert again.count == 4
    assert sorted(again.packs.select(99)) == sorted(READINGS)
    again.close()


def test_empty(path: Path) -> None:
    """A new file holds nothing."""
    store = DiskTier(path)
    store.open()
    assert (store.count, store.read_tally()) == (0, Tally())
    assert values(store) == []
    store.close()


@pytest.mark.parametrize(
    ("newest_first", "expected"), [(False, IN_ORDER), (True, IN_ORDER[::-1])]
)
def test_orders(store: DiskTier, newest_first: bool, expected: Sequence[float]) -> None:
    """Readings come by the time they were measured, then in the order of arrival."""
    for count in range(6):
        found = values(store, count, newest_first=newest_first)
        assert found == expected[:count]
    store.close()


def test_deleted(store: DiskTier) -> None:
    """Only what is there can go, and be counted as gone."""
    strangers = [measured(300, 9), measured(200, 4), measured(50, 1), measured(1000, 1)]
    with store.transaction() as packs:
        missing = packs.delete([READINGS[0], READINGS[3], *strangers])
    assert sorted(missing) == sorted(strangers)
    assert store.count == 2
    assert values(store) == [2, 3.125]
    store.close()


def test_equal_ones(store: DiskTier) -> None:
    """Of two readings that are the same, one that is deleted leaves the other."""
    insert(store, READINGS[0])
    with store.transaction() as packs:
        packs.delete([READINGS[0]])
    assert values(store) == IN_ORDER
    store.close()


@pytest.mark.parametrize(
    ("measured_from", "max_readings", "left"),
    [
        (0, 4, IN_ORDER),
        (100, 4, IN_ORDER),
        (101, 4, IN_ORDER[1:]),
        (0, 2, IN_ORDER[2:]),
        (101, 3, IN_ORDER[1:]),
        (201, 3, [1]),
        (301, 3, []),
        (0, 0, []),
    ],
)
def test_trimmed(
    store: DiskTier, measured_from: int, max_readings: int, left: list[float]
) -> None:
    """What is too old falls out, and the oldest of what is too much."""
    with store.transaction() as packs:
        assert packs.trim(measured_from, max_readings) == 4 - len(left)
    assert store.count == len(left)
    assert values(store) == left
    store.close()


def test_tally(store: DiskTier) -> None:
    """The last tally that was written is the one that is read."""
    store.write_tally(Tally(delivered=1, refused=7, latest={"1a": 1, "old one": 2}))
    tally = Tally(
        delivered=3,
        expired=1,
        last_delivery=1_790_000_000_000,
        latest={"1a": 5},
        counters={"2b": [1, None, "x"]},
        covered={"account 1a": [[1, 2], [3, 4]]},
        backfill=Request(1, 2, ["1a"]),
    )
    store.write_tally(tally)
    assert store.read_tally() == tally
    store.close()
    assert DiskTier(store.path).read_tally() == tally


def test_tally_of_another_version(store: DiskTier) -> None:
    """What another version remembers is kept for it."""
    store.write_tally(Tally(unknown={"mood": 3, "moods 1a": ["good"]}))
    store.close()
    store = DiskTier(store.path)
    tally = store.read_tally()
    tally.delivered = 1
    store.write_tally(tally.copy())
    assert store.read_tally().unknown == {"mood": 3, "moods 1a": ["good"]}
    store.close()


def test_tally_added() -> None:
    """What was counted before and after belongs together, the latest being the later."""
    tally = Tally(1, 2, 3, None, {"1a": 10})
    latest = tally.latest
    tally.add(Tally(10, 20, 30, 5, {"1a": 1, "2b": 2}))
    assert tally == Tally(11, 22, 33, 5, {"1a": 10, "2b": 2})
    assert tally.latest is latest
    tally.last_delivery = 9
    tally.add(Tally(last_delivery=7))
    assert tally.last_delivery == 9


def test_transaction_undone(store: DiskTier) -> None:
    """A job that fails leaves nothing behind, neither in the file nor in mind."""
    other = Source("3c", "sensor.other", "Other")

    def fail() -> None:
        with store.transaction() as packs:
            packs.insert([measured(500, 5, other)])
            packs.delete([READINGS[1]])
            store.write_tally(Tally(delivered=9))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.count == 4
    assert values(store) == IN_ORDER
    assert store.read_tally() == Tally()
    insert(store, measured(500, 5, other))
    store.close()
    store.open()
    assert store.packs.select(1, newest_first=True) == [measured(500, 5, other)]
    store.close()


def test_full_disk_undone(store: DiskTier) -> None:
    """A disk that shows to be full only at the commit leaves nothing behind, either."""
    other = Source("3c", "sensor.other", "Other")
    with (
        full_disk(store.path.with_name(f"{store.path.name}-wal").stat().st_size),
        pytest.raises(sqlite3.OperationalError) as caught,
    ):
        insert(store, measured(500, 5, other))
    assert not is_damage(caught.value)
    assert store.count == 4
    added = [measured(600, 6), measured(500, 5, other)]
    insert(store, *added)
    assert store.count == 6
    store.close()
    store.open()
    assert store.count == 6
    assert store.packs.select(2, newest_first=True) == added
    store.close()


def test_no_folder(path: Path) -> None:
    """A folder that cannot be made is the disk's fault, not the file's."""
    path.parent.write_text("a file")
    with pytest.raises(OSError):
        DiskTier(path).open()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE pack SET rows = 'abc'",
        "UPDATE pack SET rows = x'00'",
        "UPDATE pack SET rows = substr(rows, 1, length(rows) - 1)",
        "UPDATE pack SET rows = substr(rows, 1, length(rows) - 1) || x'07'",
        "UPDATE pack SET key = key - 1",
        "UPDATE series SET id = id + 70",
        "UPDATE mark SET before = 7",
        "DELETE FROM pack",
    ],
)
def test_damaged_row(store: DiskTier, sql: str) -> None:
    """A row that cannot be what was written is noticed, and all others are saved."""
    # Beyond the first pack, and with a mark
    last = [measured(at) for at in range(10_000, 15_000)]
    insert(store, *last)
    store.close()
    where = " WHERE key < 10000" if "pack" in sql else ""
    with sqlite3.connect(store.path) as db:
        db.execute(sql + where)
    db.close()
    with pytest.raises((TypeError, LookupError, ValueError, sqlite3.DatabaseError)):
        store.packs.select(9999)
    aside = set_aside(store)
    assert aside.exists()
    found = store.packs.select(9999)
    assert found[-4900:] == last[-4900:] or "series" in sql
    assert store.count == len(found)
    store.close()


def test_set_aside_with_what_was_not_yet_merged(store: DiskTier) -> None:
    """What is in the write-ahead log of a damaged file is saved, too."""
    other = DiskTier(store.path)
    other.open()
    insert(store, measured(500, 5))
    set_aside(store)
    assert values(store) == [*IN_ORDER, 5]
    other.close()
    store.close()


def test_series_in_plenty(path: Path) -> None:
    """Every source is kept as it was called when it was measured."""
    sources = [Source("1a", f"sensor.{n}", f"Näme {n} 💓") for n in range(50)]
    added = [measured(n, n, source) for n, source in enumerate(sources)]
    store = DiskTier(path)
    insert(store, *added)
    insert(store, *(measured(100 + n, 100, s) for n, s in enumerate(sources)))
    store.close()
    assert store.packs.select(50) == added
    store.close()


def test_small_commits(store: DiskTier) -> None:
    """A commit of one reading writes one small page: an SD card lives by that."""
    now = time.time_ns() // 1000
    insert(store, measured(now))
    wal = store.path.with_name(f"{store.path.name}-wal")
    before = wal.stat().st_size
    for second in range(1, 61):
        insert(store, measured(now + second * 1_000_000, second))
    assert 0 < wal.stat().st_size - before <= 60 * 1.1 * (disk.PAGE + 24)
    store.close()


def test_small_when_nothing_is_left(path: Path) -> None:
    """What waited once takes no room, and cannot be read any more."""
    source = Source("1a", "sensor.strap", "Somebody")
    store = DiskTier(path)
    insert(store, *(measured(at, 60, source) for at in range(50_000)))
    store.close()
    with store.transaction() as packs:
        packs.clear()
    store.close()
    assert path.stat().st_size < 10_000
    assert b"Somebody" not in path.read_bytes()
    store.close()


def test_duration_and_device(path: Path) -> None:
    """What a reading lasted and which device it is from comes back as it went in."""
    device = Device("d", 'Watch "é" 腕', "W-1", "1.0")
    source = Source("1a", "sensor.steps", "Steps", device)
    reading = Reading(metrics.STEPS, 12.0, 5_000, source, 3_000)
    store = DiskTier(path)
    insert(store, reading)
    store.close()
    store = DiskTier(path)
    (found,) = store.packs.select(9)
    store.close()
    assert found == reading
    assert found.started_at == 2_000


@pytest.mark.parametrize(
    "change",
    [
        f"PRAGMA application_id = {disk.APPLICATION + 2}; PRAGMA user_version = 2",
        'INSERT INTO series VALUES (99, \'["mood", "1a", "a", "b", []]\', {crc})',
    ],
)
def test_later_version(store: DiskTier, change: str) -> None:
    """A file of a later version is not opened, and stays as it is."""
    store.close()
    with sqlite3.connect(store.path) as db:
        text = '["mood", "1a", "a", "b", []]'
        db.executescript(change.format(crc=crc_of(text)))
    db.close()
    content = store.path.read_bytes()
    with pytest.raises(LaterVersionError):
        DiskTier(store.path).open()
    assert store.path.read_bytes() == content


def test_tally_copy() -> None:
    """A copy, which is written in a thread, does not change with what is counted on."""
    tally = Tally(latest={"a": 1}, counters={"a": [1]})
    copy = tally.copy()
    assert copy == tally
    tally.latest["a"] = 2
    tally.counters["a"] = [2]
    assert copy == Tally(latest={"a": 1}, counters={"a": [1]})


def test_tally_found_late() -> None:
    """What a file tells that could not be read at first overrides nothing newer."""
    tally = Tally(latest={"a": 2}, counters={"a": [2]})
    tally.add(Tally(latest={"a": 1, "b": 1}, counters={"a": [1], "b": [1]}))
    assert tally.latest == {"a": 2, "b": 1}
    assert tally.counters == {"a": [2], "b": [1]}
