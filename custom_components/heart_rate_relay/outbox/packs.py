"""Readings in the order of time, in a database: packs that follow on each other.

A pack is known by a time, and holds all readings from then on until the next pack begins. So a
reading that comes in changes one page, and what is taken is read as it lies there. Blocking.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
import json
from operator import attrgetter
import sqlite3
from typing import Any
from zlib import crc32

from ..metrics import METRICS, Metric
from ..reading import Device, Reading, Source
from . import pack
from .pack import Row, moment

SCHEMA = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY, series TEXT NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE pack (key INTEGER PRIMARY KEY, rows BLOB NOT NULL);
CREATE TABLE mark (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, before INTEGER NOT NULL);
"""

READ_SERIES = "SELECT id, series, crc FROM series ORDER BY id"
WRITE_SERIES = "INSERT INTO series VALUES (?, ?, ?)"
FIRST = "SELECT key, rows FROM pack ORDER BY key LIMIT 1"
ALL = "SELECT key, rows FROM pack ORDER BY key {}"
OF = "SELECT key, rows FROM pack WHERE key <= ? ORDER BY key DESC LIMIT 1"
FROM = "SELECT rows FROM pack WHERE key >= ?"
NEXT = "SELECT MIN(key) FROM pack WHERE key > ?"
WRITE = "INSERT OR REPLACE INTO pack VALUES (?, ?)"
DELETE = "DELETE FROM pack WHERE key = ?"
READ_MARK = "SELECT key, before FROM mark"
WRITE_MARK = """
INSERT OR REPLACE INTO mark
VALUES (1, (SELECT IFNULL(MAX(key), 0) FROM pack), ?)
"""

UNMARKED = 32
"""Packs to begin before it is written anew how many readings there are before the last one."""

MANY_SERIES = 1000
"""Series from which on those are forgotten of which no reading is left.

A source whose name changes all the time makes one with each reading.
"""

measured_at = attrgetter("measured_at")
_reading: Callable[[Iterable[object]], Reading] = partial(tuple.__new__, Reading)
"""What Reading._make does, without looking whether there are as many fields as it has."""


class UnknownMetricError(Exception):
    """There are readings of what this version does not know."""


class Packs:
    """Readings in the order of time, and of those of one moment in that of arrival.

    Every method raises sqlite3.Error, and LookupError, TypeError or ValueError where the
    database is damaged.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Find what there is.

        Raises UnknownMetricError, too.
        """
        self._db = db
        self._series: dict[int, tuple[Metric, Source]] = {}
        self._ids: dict[tuple[Metric, Source], int] = {}
        self._many_series = MANY_SERIES
        for number, text, crc in db.execute(READ_SERIES):
            self._know(number, *series_of(text, crc))
        # How many readings there are is counted from the mark on: what came in since then
        # needs no page but its own
        self._mark: int
        self.count: int
        self._mark, self.count = db.execute(READ_MARK).fetchone() or (-(2**63), 0)
        self._begun = 0
        for (data,) in db.execute(FROM, (self._mark,)):
            self.count += pack.count(data)
            self._begun += 1
        self._given: dict[int, list[Reading]] = {}

    def insert(self, readings: Iterable[Reading]) -> None:
        """Add readings."""
        if len(self._ids) >= self._many_series:
            self._forget_series()
        self._given.clear()
        rows = sorted(map(self._row, readings), key=moment)
        while rows:
            found = self._db.execute(OF, rows[0][:1]).fetchone()
            key, old = (found[0], pack.decode(*found)) if found else (rows[0][0], [])
            end = self._end(rows, moment)
            new, rows = rows[:end], rows[end:]
            in_order = sorted([*old, *new], key=moment)
            for at, some, data in pack.parted(key, in_order):
                # A full pack stays as it is when others follow
                if at != key or some != old:
                    self._write(at, data)
                self._begun += at != key
            self.count += len(new)

    def select(self, count: int, *, newest_first: bool = False) -> list[Reading]:
        """Return up to count readings, by the time they were measured."""
        self._given = {}
        found: list[Reading] = []
        latest: int | None = None
        sql = ALL.format("DESC" if newest_first else "ASC")
        with closing(self._db.execute(sql)) as packs:
            for key, data in packs:
                if latest is not None and (key > latest) == newest_first:
                    raise ValueError("packs in disorder")
                latest = key
                readings = self._given[key] = self._readings(key, data)
                found += reversed(readings) if newest_first else readings
                if len(found) >= count:
                    return found[:count]
        if len(found) != self.count:
            raise ValueError("packs are missing")
        return found

    def each(self) -> Iterator[Reading]:
        """Yield all readings, by the time they were measured."""
        with closing(self._db.execute(ALL.format("ASC"))) as packs:
            for key, data in packs:
                yield from self._readings(key, data)

    def delete(self, readings: Iterable[Reading]) -> Sequence[Reading]:
        """Remove readings, and return those that were not there."""
        left = sorted(readings, key=measured_at)
        missing: list[Reading] = []
        while left:
            found = self._db.execute(OF, (left[0].measured_at,)).fetchone()
            end = self._end(left, measured_at)
            some, left = left[:end], left[end:]
            if not found:
                missing += some
            elif self._given.pop(found[0], None) == some:
                self._write(found[0], None)
                self.count -= len(some)
            else:
                missing += self._delete_some(found[0], found[1], some)
        return missing

    def clear(self) -> None:
        """Remove all readings."""
        self._given.clear()
        self._db.execute("DELETE FROM pack")
        self.count = 0
        self._begun = UNMARKED

    def trim(self, measured_from: int, max_readings: int) -> int:
        """Remove what was measured before a time, and the oldest of what is too much.

        Returns how many readings that were.
        """
        before = self.count
        while found := self._db.execute(FIRST).fetchone():
            key, data = found
            if key >= measured_from and self.count <= max_readings:
                break
            rows = pack.decode(key, data)
            too_old = bisect_left(rows, measured_from, key=moment)
            gone = min(max(too_old, self.count - max_readings), len(rows))
            if not gone:
                break
            self._given.pop(key, None)
            self._replace(key, rows[gone:])
            self.count -= gone
        return before - self.count

    def write_mark(self) -> None:
        """Write how many readings there are, where that is not told by the latest packs."""
        if self._begun < UNMARKED:
            return
        latest = self._db.execute(f"{ALL.format('DESC')} LIMIT 1").fetchone()
        self._mark = latest[0] if latest else 0
        before = self.count - (pack.count(latest[1]) if latest else 0)
        self._db.execute(WRITE_MARK, (before,))
        self._begun = 0

    def _end[T](self, some: Sequence[T], at: Callable[[T], int]) -> int:
        """Return how many of some are in the same pack as the first one, where there is one."""
        until: int | None
        (until,) = self._db.execute(NEXT, (at(some[0]),)).fetchone()
        return len(some) if until is None else bisect_left(some, until, key=at)

    def _delete_some(
        self, key: int, data: bytes, readings: Sequence[Reading]
    ) -> Iterable[Reading]:
        """Remove readings from a pack, and return those that were not there."""
        gone = Counter(readings)
        rows = []
        for row in pack.decode(key, data):
            if gone[reading := self._reading(row)] > 0:
                gone[reading] -= 1
                self.count -= 1
            else:
                rows.append(row)
        self._replace(key, rows)
        return gone.elements()

    def _replace(self, key: int, rows: Sequence[Row]) -> None:
        """Write what is left of a pack."""
        self._write(key, pack.encode(key, rows) if rows else None)

    def _write(self, key: int, data: bytes | None) -> None:
        """Write a pack, or remove it where there is nothing of it."""
        if data is None:
            self._db.execute(DELETE, (key,))
        else:
            self._db.execute(WRITE, (key, data))
        if key < self._mark:
            self._begun = UNMARKED

    def _row(self, reading: Reading) -> Row:
        """Return a reading as it is written."""
        metric, value, at, source, duration = reading
        if (number := self._ids.get((metric, source))) is None:
            number = next(reversed(self._series), 0) + 1
            text = json.dumps([metric.key, *source])
            self._db.execute(WRITE_SERIES, (number, text, crc_of(text)))
            self._know(number, metric, source)
        return at, number, float(value), duration

    def _reading(self, row: Row) -> Reading:
        """Return a reading as it was added."""
        at, number, value, duration = row
        metric, source = self._series[number]
        return Reading(metric, value, at, source, duration)

    def _readings(self, key: int, data: bytes) -> list[Reading]:
        """Return the readings of a pack."""
        times, numbers, values, durations = pack.columns_of(key, data)
        series = map(self._series.__getitem__, numbers)
        metrics, sources = zip(*series, strict=True)
        columns = zip(metrics, values, times, sources, durations, strict=True)
        return list(map(_reading, columns))

    def _know(self, number: int, metric: Metric, source: Source) -> None:
        """Take note of a series' number."""
        self._series[number] = (metric, source)
        self._ids[metric, source] = number

    def _forget_series(self) -> None:
        """Forget the series of which no reading is left."""
        with closing(self._db.execute(ALL.format("ASC"))) as packs:
            used = {row[1] for key, data in packs for row in pack.decode(key, data)}
        for number in self._series.keys() - used:
            self._db.execute("DELETE FROM series WHERE id = ?", (number,))
            del self._ids[self._series.pop(number)]
        self._many_series = max(MANY_SERIES, 2 * len(self._ids))


def series_of(text: str, crc: int) -> tuple[Metric, Source]:
    """Return a series as it was written."""
    metric, *source = parsed(text, crc)
    if not (known := METRICS.get(metric)):
        raise UnknownMetricError(metric)
    id_, entity_id, name, device, said = source
    return known, Source(id_, entity_id, name, Device(*device), said)


def parsed(text: str, crc: int) -> Any:
    """Return what JSON says that is as it was written."""
    if crc != crc_of(text):
        raise ValueError("damaged text")
    return json.loads(text)


def crc_of(text: str) -> int:
    """Return the checksum of a text."""
    return crc32(text.encode())
