"""The outbox's second tier: readings in a SQLite file.

Blocking: for a worker thread, and one caller at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from functools import partial
import json
from pathlib import Path
import sqlite3
import time
from typing import NamedTuple

from ..reading import Device, Metric, Reading, Source
from .tally import Tally

# Small pages: a commit of one reading rewrites little of an SD card. In WAL mode with
# synchronous=NORMAL a commit survives the end of the process, though not, for as long
# as the operating system holds it back, a power cut
SCHEMA = """
PRAGMA page_size = 1024;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -1024;
PRAGMA journal_size_limit = 1048576;
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, source TEXT NOT NULL,
    UNIQUE (metric, source)
);
CREATE TABLE IF NOT EXISTS reading (
    measured_at INTEGER NOT NULL, seq INTEGER NOT NULL,
    value REAL NOT NULL, series INTEGER NOT NULL, duration INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (measured_at, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (id INTEGER PRIMARY KEY, tally TEXT NOT NULL);
"""

# What files of the first version lack
ADD_DURATION = "ALTER TABLE reading ADD COLUMN duration INTEGER NOT NULL DEFAULT 0"
COLUMNS = "SELECT name FROM pragma_table_info('reading')"

INSERT = """
INSERT OR IGNORE INTO reading (seq, measured_at, value, series, duration)
VALUES (?, ?, ?, ?, ?)
"""
SELECT = """
SELECT seq, measured_at, value, series, duration FROM reading
ORDER BY measured_at {0}, seq {0}
"""
SELECT_SERIES = "SELECT id, metric, source FROM series ORDER BY id"
DELETE_SERIES = "DELETE FROM series WHERE id NOT IN (SELECT series FROM reading)"
DELETE = "DELETE FROM reading WHERE measured_at = ? AND seq = ?"
DELETE_OLDER = "DELETE FROM reading WHERE measured_at < ?"
DELETE_OLDEST = """
DELETE FROM reading WHERE (measured_at, seq) IN (
    SELECT measured_at, seq FROM reading ORDER BY measured_at, seq LIMIT ?
)
"""

MANY_SERIES = 1000
"""Series from which on those are forgotten of which no reading is left.

A source whose name changes all the time makes one with each reading.
"""

DAMAGE = (sqlite3.DatabaseError, LookupError, TypeError, ValueError)
"""What reading a damaged file may raise."""


class Entry(NamedTuple):
    """A reading in the outbox, numbered in the order of arrival."""

    seq: int
    reading: Reading


class DiskTier:
    """Readings in a file.

    Every method raises sqlite3.Error or OSError, and what is in DAMAGE.
    """

    def __init__(self, path: Path) -> None:
        """Initialize the store, without touching the file."""
        self.path = path
        self.count = 0
        """How many readings there are, once the file is open."""
        self._db: sqlite3.Connection | None = None
        self._series: dict[int, tuple[Metric, Source]] = {}
        self._ids: dict[tuple[Metric, Source], int] = {}
        self._many_series = MANY_SERIES

    def open(self) -> None:
        """Open the file, or make it."""
        if self._db:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            db.executescript(SCHEMA)
            if ("duration",) not in db.execute(COLUMNS).fetchall():
                db.execute(ADD_DURATION)
            _check(db)
            self._read(db)
        except BaseException:
            db.close()
            raise
        self._db = db

    def close(self) -> None:
        """Close the file."""
        if self._db:
            self._db.close()
            self._db = None

    def last_seq(self) -> int:
        """Return the highest number of a reading, 0 when there is none."""
        sql = "SELECT IFNULL(MAX(seq), 0) FROM reading"
        return int(self._open_db.execute(sql).fetchone()[0])

    def read_tally(self) -> Tally:
        """Return what was last written by write_tally."""
        row = self._open_db.execute("SELECT tally FROM tally").fetchone()
        return Tally(**json.loads(row[0])) if row else Tally()

    def write_tally(self, tally: Tally) -> None:
        """Keep what became of all readings so far."""
        self._open_db.execute(
            "INSERT OR REPLACE INTO tally VALUES (1, ?)", (json.dumps(asdict(tally)),)
        )

    def insert(self, entries: Iterable[Entry]) -> None:
        """Add readings."""
        with self.transaction() as db:
            rows = (
                (seq, measured_at, value, self._series_id(metric, source), duration)
                for seq, (metric, value, measured_at, source, duration) in entries
            )
            self.count += db.executemany(INSERT, rows).rowcount

    def select(self, count: int, *, newest_first: bool = False) -> list[Entry]:
        """Return up to count readings, by the time they were measured."""
        sql = f"{SELECT.format('DESC' if newest_first else 'ASC')} LIMIT ?"
        return self._entries(self._open_db.execute(sql, (count,)))

    def delete(self, keys: Sequence[tuple[int, int]]) -> None:
        """Remove readings by the time they were measured, and number."""
        with self.transaction() as db:
            self.count -= db.executemany(DELETE, keys).rowcount

    def clear(self) -> None:
        """Remove all readings."""
        with self.transaction() as db:
            db.execute("DELETE FROM reading")
            self.count = 0

    def trim(self, measured_from: int, max_readings: int) -> int:
        """Remove what was measured before a time, and the oldest of what is too much.

        Returns how many readings that were.
        """
        with self.transaction() as db:
            gone = db.execute(DELETE_OLDER, (measured_from,)).rowcount
            if (excess := self.count - gone - max_readings) > 0:
                gone += db.execute(DELETE_OLDEST, (excess,)).rowcount
            self.count -= gone
        return gone

    def set_aside(self) -> Path:
        """Put a new file with what can be read in the place of a damaged one.

        Returns where the damaged file is now. When it raises, all is as it was.
        """
        self.close()
        new = DiskTier(self.path.with_name(f"{self.path.name}.new"))
        for path in _files(new.path):
            path.unlink(missing_ok=True)
        try:
            with new.transaction():
                new._salvage(self.path)
        finally:
            new.close()
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        for path, path_aside in zip(_files(self.path), _files(aside), strict=True):
            with suppress(FileNotFoundError):
                path.rename(path_aside)
        new.path.rename(self.path)
        self.open()
        return aside

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do several things, or none of them."""
        db = self._open_db
        if db.in_transaction:
            yield db
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            # Here a full disk shows
            db.commit()
        except BaseException:
            db.rollback()
            self._read(db)
            raise

    @property
    def _open_db(self) -> sqlite3.Connection:
        self.open()
        assert self._db
        return self._db

    def _series_id(self, metric: Metric, source: Source) -> int:
        """Return the number of a series."""
        if (number := self._ids.get((metric, source))) is None:
            if len(self._ids) >= self._many_series:
                self._forget_series()
            number = next(reversed(self._series), 0) + 1
            self._open_db.execute(
                "INSERT INTO series VALUES (?, ?, ?)",
                (number, metric, json.dumps(source)),
            )
            self._ids[metric, source] = number
            self._series[number] = (metric, source)
        return number

    def _read(self, db: sqlite3.Connection) -> None:
        """Read how many readings there are, and the numbers of all series."""
        self.count = db.execute("SELECT COUNT(*) FROM reading").fetchone()[0]
        self._read_series(db)

    def _read_series(self, db: sqlite3.Connection) -> None:
        """Read the numbers of all series, in their order."""
        self._series = {}
        for row in db.execute(SELECT_SERIES):
            self._know_series(row)
        self._ids = {series: number for number, series in self._series.items()}

    def _forget_series(self) -> None:
        """Forget the series of which no reading is left."""
        self._open_db.execute(DELETE_SERIES)
        self._read_series(self._open_db)
        self._many_series = max(MANY_SERIES, 2 * len(self._ids))

    def _know_series(self, row: tuple[int, str, str]) -> None:
        """Take note of a series' number."""
        number, metric, source = row
        self._series[number] = (Metric(metric), _source(source))

    def _entries(
        self, rows: Iterable[tuple[object, object, object, int, object]]
    ) -> list[Entry]:
        """Return rows as they were added.

        Raises TypeError when one is damaged: SQLite holds no column to its type.
        """
        series = self._series
        entries = []
        for seq, measured_at, value, number, duration in rows:
            metric, source = series[number]
            if not (
                isinstance(seq, int)
                and isinstance(measured_at, int)
                and isinstance(value, int | float)
                and isinstance(duration, int)
            ):
                raise TypeError(f"damaged row in {self.path.name}")
            reading = Reading(metric, float(value), measured_at, source, duration)
            entries.append(Entry(seq, reading))
        return entries

    def _salvage(self, path: Path) -> None:
        """Take over what can be read of a damaged file."""
        damaged = DiskTier(path)
        tally = Tally()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            damaged._db = db
            # Lets a file be read that is shorter than it says
            db.execute("PRAGMA writable_schema = ON")
            db.text_factory = partial(str, encoding="utf-8", errors="replace")
            with suppress(*DAMAGE):
                tally = damaged.read_tally()
            with suppress(*DAMAGE):
                for row in db.execute(SELECT_SERIES):
                    with suppress(*DAMAGE):
                        damaged._know_series(row)
            self.insert(damaged._readable(db))
        self.write_tally(tally)

    def _readable(self, db: sqlite3.Connection) -> Iterator[Entry]:
        """Yield what can be read from both ends of a damaged file, some of it twice."""
        for order in ("ASC", "DESC"):
            with suppress(*DAMAGE):
                for row in db.execute(SELECT.format(order)):
                    with suppress(*DAMAGE):
                        yield from self._entries([row])


def _source(text: str) -> Source:
    """Return a source as it was written. One of the first version has no device."""
    id_, entity_id, name, *device = json.loads(text)
    return Source(id_, entity_id, name, Device(*(device[0] if device else ())))


def _files(path: Path) -> list[Path]:
    """Return the files of which a store consists."""
    return [Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm")]


def is_damage(err: Exception) -> bool:
    """Say whether it is the file that is at fault, and not the disk it is on."""
    if not isinstance(err, sqlite3.OperationalError):
        return True
    # Text that is none comes without a code, a broken schema with the generic one. And
    # a file may say of itself that it is read-only; a disk that is takes no new one
    code: int = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY)


def _check(db: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError when a file is damaged."""
    if (finding := db.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(finding)
