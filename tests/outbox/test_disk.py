"""The outbox's file: what it holds is what was put in, whole jobs or nothing of them."""

from contextlib import closing
from pathlib import Path
import sqlite3
import time

import pytest

from custom_components.heart_rate_relay.outbox.disk import DiskTier, Entry, is_damage
from custom_components.heart_rate_relay.outbox.tally import Tally
from custom_components.heart_rate_relay.reading import Device, Metric, Reading, Source

from .common import STRAP, WATCH, full_disk


def entry(seq: int, measured_at: int, source: Source = STRAP) -> Entry:
    """Return a reading that was measured at a time, in ms."""
    return Entry(seq, Reading(Metric.HEART_RATE, 60 + seq / 8, measured_at, source))


ENTRIES = [entry(1, 300), entry(2, 100, WATCH), entry(3, 200), entry(4, 200, WATCH)]


@pytest.fixture
def store(path: Path) -> DiskTier:
    """Return a store with a few readings."""
    store = DiskTier(path)
    store.insert(ENTRIES)
    return store


def seqs(store: DiskTier, count: int = 99, *, newest_first: bool = False) -> list[int]:
    """Return the numbers of the readings that come first."""
    return [one.seq for one in store.select(count, newest_first=newest_first)]


def test_made_when_needed(path: Path) -> None:
    """No file is made before there is something to put into it."""
    store = DiskTier(path)
    store.close()
    assert not path.parent.exists()
    store.insert(ENTRIES)
    store.close()
    assert path.exists()


def test_found_again(store: DiskTier) -> None:
    """What was put in comes out equal, from the file alone."""
    store.close()
    again = DiskTier(store.path)
    again.open()
    assert again.count == 4
    assert again.last_seq() == 4
    assert sorted(again.select(99, newest_first=False)) == ENTRIES
    again.close()


def test_empty(path: Path) -> None:
    """A new file holds nothing."""
    store = DiskTier(path)
    store.open()
    assert (store.count, store.last_seq(), store.read_tally()) == (0, 0, Tally())
    assert seqs(store) == []
    store.close()


@pytest.mark.parametrize(
    ("newest_first", "expected"), [(False, [2, 3, 4, 1]), (True, [1, 4, 3, 2])]
)
def test_orders(store: DiskTier, newest_first: bool, expected: list[int]) -> None:
    """Readings come by the time they were measured, then in the order of arrival."""
    for count in range(6):
        found = seqs(store, count, newest_first=newest_first)
        assert found == expected[:count]
    store.close()


def test_inserted_twice(store: DiskTier) -> None:
    """A reading that is there already is not there twice, nor counted twice."""
    store.insert([*ENTRIES[2:], entry(5, 500)])
    assert store.count == 5
    assert seqs(store) == [2, 3, 4, 1, 5]
    store.close()


def test_deleted(store: DiskTier) -> None:
    """Only what is there can go, and be counted as gone."""
    store.delete([(300, 1), (200, 4), (200, 1), (1000, 1)])
    assert store.count == 2
    assert seqs(store) == [2, 3]
    store.close()


@pytest.mark.parametrize(
    ("measured_from", "max_readings", "left"),
    [
        (0, 4, [2, 3, 4, 1]),
        (100, 4, [2, 3, 4, 1]),
        (101, 4, [3, 4, 1]),
        (0, 2, [4, 1]),
        (101, 3, [3, 4, 1]),
        (201, 3, [1]),
        (301, 3, []),
        (0, 0, []),
    ],
)
def test_trimmed(
    store: DiskTier, measured_from: int, max_readings: int, left: list[int]
) -> None:
    """What is too old falls out, and the oldest of what is too much."""
    assert store.trim(measured_from, max_readings) == 4 - len(left)
    assert store.count == len(left)
    assert seqs(store) == left
    store.close()


def test_tally(store: DiskTier) -> None:
    """The last tally that was written is the one that is read."""
    store.write_tally(Tally(delivered=1))
    tally = Tally(3, 2, 1, 1_790_000_000_000, {"1a": 5})
    store.write_tally(tally)
    store.close()
    assert store.read_tally() == tally
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
        with store.transaction():
            store.insert([entry(5, 500, other)])
            store.delete([(100, 2)])
            store.write_tally(Tally(delivered=9))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.count == 4
    assert seqs(store) == [2, 3, 4, 1]
    assert store.read_tally() == Tally()
    store.insert([entry(5, 500, other)])
    store.close()
    store.open()
    assert store.select(1, newest_first=True) == [entry(5, 500, other)]
    store.close()


def test_full_disk_undone(store: DiskTier) -> None:
    """A disk that shows to be full only at the commit leaves nothing behind, either."""
    other = Source("3c", "sensor.other", "Other")
    with (
        full_disk(store.path.with_name(f"{store.path.name}-wal").stat().st_size),
        pytest.raises(sqlite3.OperationalError) as caught,
    ):
        store.insert([entry(5, 500, other)])
    assert not is_damage(caught.value)
    assert store.count == 4
    store.insert([entry(5, 500, other), entry(6, 600, STRAP)])
    assert store.count == 6
    store.close()
    store.open()
    assert store.count == 6
    found = store.select(2, newest_first=True)
    assert found == [entry(6, 600, STRAP), entry(5, 500, other)]
    store.close()


def test_no_folder(path: Path) -> None:
    """A folder that cannot be made is the disk's fault, not the file's."""
    path.parent.write_text("a file")
    with pytest.raises(OSError):
        DiskTier(path).open()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE reading SET value = 'abc' WHERE seq = 3",
        "UPDATE reading SET value = x'00' WHERE seq = 3",
        "UPDATE reading SET seq = 3.5 WHERE seq = 3",
        "UPDATE reading SET measured_at = 'abc' WHERE seq = 3",
        "UPDATE reading SET series = 77 WHERE seq = 3",
    ],
)
def test_damaged_row(store: DiskTier, sql: str) -> None:
    """A row that cannot be a reading is noticed, and left out of what is saved."""
    store.close()
    with sqlite3.connect(store.path) as db:
        db.execute(sql)
    db.close()
    with pytest.raises((TypeError, LookupError, sqlite3.DatabaseError)) as caught:
        store.select(99, newest_first=False)
    assert is_damage(caught.value)
    aside = store.set_aside()
    assert aside.exists()
    assert seqs(store) == [2, 4, 1]
    assert store.count == 3
    store.close()


def test_set_aside_with_what_was_not_yet_merged(store: DiskTier) -> None:
    """What is in the write-ahead log of a damaged file is saved, too."""
    other = DiskTier(store.path)
    other.open()
    store.insert([entry(5, 500)])
    store.set_aside()
    assert seqs(store) == [2, 3, 4, 1, 5]
    other.close()
    store.close()


def test_last_seq_of_many(path: Path) -> None:
    """The highest number is not that of the newest reading."""
    store = DiskTier(path)
    store.insert([entry(9, 100), entry(4, 900)])
    assert store.last_seq() == 9
    store.close()


def test_series_in_plenty(path: Path) -> None:
    """Every source is kept as it was called when it was measured."""
    sources = [Source("1a", f"sensor.{n}", f"Näme {n} 💓") for n in range(50)]
    added = [entry(n, n, source) for n, source in enumerate(sources)]
    store = DiskTier(path)
    store.insert(added)
    store.insert([entry(100 + n, 100 + n, s) for n, s in enumerate(sources)])
    store.close()
    assert store.select(50, newest_first=False) == added
    store.close()


def test_small_commits(store: DiskTier) -> None:
    """A commit of one reading writes little: an SD card lives by that."""
    wal = store.path.with_name(f"{store.path.name}-wal")
    before = wal.stat().st_size
    now = time.time_ns() // 1000
    store.insert([entry(5, now)])
    assert 0 < wal.stat().st_size - before <= 4096
    store.close()


def test_duration_and_device(path: Path) -> None:
    """What a reading lasted and which device it is from comes back as it went in."""
    device = Device("d", 'Watch "é" 腕', "W-1", "1.0")
    source = Source("1a", "sensor.steps", "Steps", device)
    entry = Entry(1, Reading(Metric.STEPS, 12.0, 5_000, source, 3_000))
    store = DiskTier(path)
    store.insert([entry])
    store.close()
    store = DiskTier(path)
    (found,) = store.select(9, newest_first=False)
    store.close()
    assert found == entry
    assert found.reading.started_at == 2_000


def test_file_of_the_first_version(path: Path) -> None:
    """What the first version left is taken over, and added to."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """
            CREATE TABLE series (
                id INTEGER PRIMARY KEY, metric TEXT NOT NULL, source TEXT NOT NULL,
                UNIQUE (metric, source)
            );
            CREATE TABLE reading (
                measured_at INTEGER NOT NULL, seq INTEGER NOT NULL,
                value REAL NOT NULL, series INTEGER NOT NULL,
                PRIMARY KEY (measured_at, seq)
            ) WITHOUT ROWID;
            CREATE TABLE tally (id INTEGER PRIMARY KEY, tally TEXT NOT NULL);
            INSERT INTO series VALUES (1, 'heart_rate', '["1a", "sensor.a", "A"]');
            INSERT INTO reading VALUES (1000, 7, 61.5, 1);
            INSERT INTO tally VALUES (1, '{"delivered": 3, "latest": {"1a": 5}}');
            """
        )
    store = DiskTier(path)
    reading = Reading(Metric.HEART_RATE, 61.5, 1000, Source("1a", "sensor.a", "A"))
    assert store.select(9, newest_first=False) == [Entry(7, reading)]
    assert store.read_tally() == Tally(delivered=3, latest={"1a": 5})
    later = Entry(8, reading._replace(measured_at=2000, duration=500))
    store.insert([later])
    assert store.select(9, newest_first=True) == [later, Entry(7, reading)]
    store.close()


def test_tally_copy() -> None:
    """A copy, which is written in a thread, does not change with what is counted on."""
    tally = Tally(latest={"a": 1}, delivered_until={"a": 1}, counters={"a": [1]})
    copy = tally.copy()
    assert copy == tally
    for known in (tally.latest, tally.delivered_until):
        known["a"] = 2
    tally.counters["a"] = [2]
    assert copy == Tally(latest={"a": 1}, delivered_until={"a": 1}, counters={"a": [1]})


def test_tally_found_late() -> None:
    """What a file tells that could not be read at first overrides nothing newer."""
    tally = Tally(latest={"a": 2}, delivered_until={"a": 2}, counters={"a": [2]})
    earlier = {"a": 1, "b": 1}
    tally.add(
        Tally(latest=earlier, delivered_until=earlier, counters={"a": [1], "b": [1]})
    )
    assert tally.latest == tally.delivered_until == {"a": 2, "b": 1}
    assert tally.counters == {"a": [2], "b": [1]}
