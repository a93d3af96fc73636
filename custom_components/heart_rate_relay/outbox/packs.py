"""Readings in the order of time, in a database: packs that follow on each other.

A pack is known by a time, and holds all readings from then on until the next pack begins. So a
reading that comes in changes one page, and what is taken is read as it lies there. Blocking.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
import json
import sqlite3
from typing import Any
from zlib import crc32

from ..metrics import METRICS
from ..reading import Device, Reading, Source
from ..readings import Readings, Series
from ..turns import Turns
from . import pack
from .pack import Columns

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
        self._series: dict[int, Series] = {}
        self._ids: dict[Series, int] = {}
        self._many_series = MANY_SERIES
        for number, text, crc in db.execute(READ_SERIES):
            self._know(number, series_of(text, crc))
        # How many readings there are is counted from the mark on: what came in since then
        # needs no page but its own
        self._mark: int
        self.count: int
        self._mark, self.count = db.execute(READ_MARK).fetchone() or (-(2**63), 0)
        self._begun = 0
        for (data,) in db.execute(FROM, (self._mark,)):
            self.count += pack.count(data)
            self._begun += 1
        self._given: dict[int, Readings] = {}
        self._turns = Turns()

    def insert(self, readings: Iterable[Reading]) -> None:
        """Add readings."""
        if len(self._ids) >= self._many_series:
            self._forget_series()
        self._given.clear()
        readings = Readings.of(readings).by_time()
        start = 0
        while start < len(readings):
            key, old = readings.times[start], b""
            if found := self._db.execute(OF, (key,)).fetchone():
                key, old = found
            end = self._end(readings, start)
            new = readings[start:end]
            if old:
                new = Readings.joined(self._readings(key, old), new).by_time()
            for at, data in pack.parted(key, self._columns(new)):
                self._turns.give()
                # A full pack stays as it is when others follow
                if at != key or data != old:
                    self._write(at, data)
                self._begun += at != key
            self.count += end - start
            start = end

    def select(self, count: int, *, newest_first: bool = False) -> Readings:
        """Return up to count readings, by the time they were measured."""
        self._given = {}
        parts: list[Readings] = []
        number = 0
        latest: int | None = None
        sql = ALL.format("DESC" if newest_first else "ASC")
        with closing(self._db.execute(sql)) as packs:
            for key, data in packs:
                self._turns.give()
                if latest is not None and (key > latest) == newest_first:
                    raise ValueError("packs in disorder")
                latest = key
                readings = self._given[key] = self._readings(key, data)
                parts.append(readings[::-1] if newest_first else readings)
                number += len(readings)
                if number >= count:
                    return Readings.joined(*parts)[:count]
        if number != self.count:
            raise ValueError("packs are missing")
        return Readings.joined(*parts)

    def each(self) -> Iterator[Reading]:
        """Yield all readings, by the time they were measured."""
        with closing(self._db.execute(ALL.format("ASC"))) as packs:
            for key, data in packs:
                yield from self._readings(key, data)

    def delete(self, readings: Iterable[Reading]) -> Readings:
        """Remove readings, and return those that were not there."""
        readings = Readings.of(readings).by_time()
        missing: list[Readings] = []
        start = 0
        while start < len(readings):
            self._turns.give()
            found = self._db.execute(OF, (readings.times[start],)).fetchone()
            end = self._end(readings, start)
            some = readings[start:end]
            start = end
            if not found:
                missing.append(some)
            elif self._given.pop(found[0], None) == some:
                self._write(found[0], None)
                self.count -= len(some)
            else:
                missing.append(self._delete_some(found[0], found[1], some))
        return Readings.joined(*missing)

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
            self._turns.give()
            key, data = found
            if key >= measured_from and self.count <= max_readings:
                break
            columns = pack.decode(key, data)
            too_old = bisect_left(columns.times, measured_from)
            gone = min(max(too_old, self.count - max_readings), len(columns.times))
            if not gone:
                break
            self._given.pop(key, None)
            self._replace(key, columns.part(gone))
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

    def _end(self, readings: Readings, start: int) -> int:
        """Return up to where readings are in the same pack as one, where there is one."""
        at = readings.times[start]
        (until,) = self._db.execute(NEXT, (at,)).fetchone()
        if until is None:
            return len(readings)
        return bisect_left(readings.times, until, lo=start)

    def _delete_some(self, key: int, data: bytes, readings: Readings) -> Readings:
        """Remove readings from a pack, and return those that were not there."""
        gone = Counter(readings)
        kept: list[int] = []
        found = self._readings(key, data)
        for place, reading in enumerate(found):
            if gone[reading] > 0:
                gone[reading] -= 1
                self.count -= 1
            else:
                kept.append(place)
        self._replace(key, self._columns(found.pick(kept)))
        return Readings.of(gone.elements())

    def _replace(self, key: int, columns: Columns) -> None:
        """Write what is left of a pack."""
        self._write(key, pack.encode(key, columns) if columns.times else None)

    def _write(self, key: int, data: bytes | None) -> None:
        """Write a pack, or remove it where there is nothing of it."""
        if data is None:
            self._db.execute(DELETE, (key,))
        else:
            self._db.execute(WRITE, (key, data))
        if key < self._mark:
            self._begun = UNMARKED

    def _columns(self, readings: Readings) -> Columns:
        """Return readings as they are written."""
        for series in dict.fromkeys(readings.series):
            if series not in self._ids:
                number = next(reversed(self._series), 0) + 1
                metric, source = series
                text = json.dumps([metric.key, *source])
                self._db.execute(WRITE_SERIES, (number, text, crc_of(text)))
                self._know(number, series)
        return Columns(
            readings.times,
            list(map(self._ids.__getitem__, readings.series)),
            list(map(float, readings.values)),
            readings.durations,
        )

    def _readings(self, key: int, data: bytes) -> Readings:
        """Return the readings of a pack, as they were added."""
        times, numbers, values, durations = pack.decode(key, data)
        series = list(map(self._series.__getitem__, numbers))
        return Readings(series, values, times, durations)

    def _know(self, number: int, series: Series) -> None:
        """Take note of a series' number."""
        self._series[number] = series
        self._ids[series] = number

    def _forget_series(self) -> None:
        """Forget the series of which no reading is left."""
        with closing(self._db.execute(ALL.format("ASC"))) as packs:
            used = set[int]().union(*(pack.decode(*one).series for one in packs))
        for number in self._series.keys() - used:
            self._db.execute("DELETE FROM series WHERE id = ?", (number,))
            del self._ids[self._series.pop(number)]
        self._many_series = max(MANY_SERIES, 2 * len(self._ids))


def series_of(text: object, crc: int) -> Series:
    """Return a series as it was written."""
    metric, *source = parsed(text, crc)
    if not (known := METRICS.get(metric)):
        raise UnknownMetricError(metric)
    id_, entity_id, name, device, said = source
    return known, Source(id_, entity_id, name, Device(*device), said)


def parsed(text: object, crc: int) -> Any:
    """Return what JSON says that is as it was written."""
    # A page that says it has more rows than it has gives what is none
    if not isinstance(text, str) or crc != crc_of(text):
        raise ValueError("damaged text")
    return json.loads(text)


def crc_of(text: str) -> int:
    """Return the checksum of a text."""
    return crc32(text.encode())
