"""Takes over what there is in another file of an outbox, damaged or not. Blocking."""

from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import batched, chain
from pathlib import Path
import sqlite3

from ..reading import Reading
from ..readings import Series
from . import pack
from .disk import (
    DAMAGE,
    PAGE,
    READ_TALLY,
    DiskTier,
    files,
    make_private,
    replace_damaged,
    saved,
    sync,
)
from .packs import ALL, READ_SERIES, UnknownMetricError, parsed, series_of
from .tally import JsonValue, Tally

AT_ONCE = 10_000
"""Readings that are in memory at once."""

LEAF = 13
"""What a page begins with that holds rows of a table."""


def set_aside(store: DiskTier) -> Path:
    """Put a new file with what can be read in the place of a damaged one.

    Returns where the damaged file is now. When it raises, all is as it was.
    """
    store.close()
    new = DiskTier(store.path.with_name(f"{store.path.name}.new"))
    for path in files(new.path):
        path.unlink(missing_ok=True)
    try:
        _take_over(store.path, new)
    finally:
        new.close()
    # From here on it is the damaged file that is in the way
    new.path.rename(saved(store.path))
    sync(store.path.parent)
    aside = replace_damaged(store.path)
    store.open()
    return aside


def merge(store: DiskTier, path: Path) -> None:
    """Take over a file, which is gone afterwards."""
    _take_over(path, store)
    for file in files(path):
        file.unlink(missing_ok=True)
    sync(path.parent)


def _take_over(path: Path, store: DiskTier) -> None:
    """Add to a store what can be read of a file, all of it or nothing."""
    make_private(path)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as db,
        store.transaction() as packs,
    ):
        # Lets a file be read that is shorter than it says
        for setting in ("writable_schema = ON", "wal_checkpoint(TRUNCATE)"):
            with suppress(sqlite3.Error):
                db.execute(f"PRAGMA {setting}")
        db.text_factory = partial(str, encoding="utf-8", errors="replace")
        for some in batched(_readable(db, path), AT_ONCE, strict=False):
            packs.insert(some)
        tally = _readable_tally(db)
        tally.add(store.read_tally())
        store.write_tally(tally)


def _readable(db: sqlite3.Connection, path: Path) -> Iterator[Reading]:
    """Yield what can be read of a file that may be damaged, each once."""
    known: dict[int, Series] = {}
    with suppress(*DAMAGE):
        for number, text, crc in db.execute(READ_SERIES):
            with suppress(*DAMAGE, UnknownMetricError):
                known[number] = series_of(text, crc)
    keys: set[int] = set()
    for key, data in chain(_packs(db), _stray_packs(path)):
        with suppress(*DAMAGE):
            new = pack.decode(key, data) if key not in keys else ()
            keys.add(key)
            for at, number, value, duration in zip(*new, strict=True):
                if number in known:
                    metric, source = known[number]
                    yield Reading(metric, value, at, source, duration)


def _packs(db: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    """Yield the packs that SQLite finds, from both ends of a file."""
    for order in ("ASC", "DESC"):
        with suppress(*DAMAGE):
            yield from db.execute(ALL.format(order))


def _stray_packs(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield all that may be a pack, wherever it is: a checksum tells whether it is one.

    https://www.sqlite.org/fileformat2.html#b_tree_pages
    """
    with path.open("rb") as file:
        while page := file.read(PAGE):
            count = int.from_bytes(page[3:5]) if page[0] == LEAF else 0
            for place in range(8, 8 + 2 * count, 2):
                cell = page[int.from_bytes(page[place : place + 2]) :]
                _, cell = _number(cell)
                key, cell = _number(cell)
                _, types = _number(cell)
                _, types = _number(types)
                type_, data = _number(types)
                yield key, data[: max(0, type_ - 12) // 2]


def _number(data: bytes) -> tuple[int, bytes]:
    """Return the number that bytes begin with, and the rest of them."""
    number = 0
    for place, byte in enumerate(data[:8]):
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, data[place + 1 :]
    return number << 8 | int.from_bytes(data[8:9]), data[9:]


def _readable_tally(db: sqlite3.Connection) -> Tally:
    """Return what can be read of a tally."""
    rows: dict[str, JsonValue] = {}
    with suppress(*DAMAGE):
        for key, text, crc in db.execute(READ_TALLY):
            with suppress(*DAMAGE):
                rows[key] = parsed(text, crc)
    with suppress(*DAMAGE):
        return Tally.of(rows)
    return Tally()
