"""The outbox's second tier: readings in a SQLite file, on the disk before a job is done.

Blocking: for a worker thread, and one caller at a time.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
import json
import os
from pathlib import Path
import sqlite3
import time

from . import packs
from .packs import Packs, UnknownMetricError, crc_of, parsed
from .tally import JsonValue, Tally

VERSION = 1
"""Of the file's format. A higher one is that of a version of ours still to come."""

APPLICATION = 0x48525200
"""Whose file it is, and again of which version: no damaged byte makes it a later one."""

# Small pages: a commit of one reading writes one of them, an SD card lives by that. Each
# commit is synced: https://www.sqlite.org/pragma.html#pragma_synchronous. What is deleted is
# overwritten, whatever SQLite was built to do: it is health data
PAGE = 512
SETTINGS = f"""
PRAGMA page_size = {PAGE};
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA cache_size = -1024;
PRAGMA wal_autocheckpoint = 2048;
PRAGMA journal_size_limit = 1048576;
"""
SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION + VERSION};
PRAGMA user_version = {VERSION};
{packs.SCHEMA}
CREATE TABLE tally (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL)
WITHOUT ROWID;
COMMIT;
"""

TABLES = ("mark", "pack", "series", "tally")
READ_TABLES = """
SELECT type, name, substr(sql, 1, 13 + length(name)) FROM sqlite_schema ORDER BY name
"""
READ_TALLY = "SELECT key, value, crc FROM tally"
WRITE_TALLY = "INSERT OR REPLACE INTO tally VALUES (?, ?, ?)"
DELETE_TALLY = "DELETE FROM tally WHERE key = ?"

CHECK_FOR = 0.01
"""Seconds for which a file is looked through for damage when it is opened.

What that does not find is found when the damaged part is read.
"""

KEEP_DAMAGED = 3
"""Damaged files that are kept of a relay, the latest ones."""

DAMAGE = (sqlite3.DatabaseError, LookupError, TypeError, ValueError)
"""What reading a damaged file may raise."""


class LaterVersionError(Exception):
    """The file is one of a later version, or holds what this one does not know."""


class DiskTier:
    """Readings in a file.

    Every method raises sqlite3.Error or OSError, what is in DAMAGE, and LaterVersionError.
    """

    def __init__(self, path: Path) -> None:
        """Initialize the store, without touching the file."""
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._packs: Packs | None = None
        self._written: Mapping[str, JsonValue] = {}

    @property
    def count(self) -> int:
        """How many readings there are, as far as the file was opened."""
        return self._packs.count if self._packs else 0

    @property
    def packs(self) -> Packs:
        """The readings."""
        self.open()
        assert self._packs
        return self._packs

    def exists(self) -> bool:
        """Return whether there is a file."""
        for path in (self.path, saved(self.path)):
            # What only cannot be seen now must not be taken for what is not there
            with suppress(FileNotFoundError):
                path.stat()
                return True
        return False

    def peek(self) -> Tally:
        """Return what was last written by write_tally, without a file being touched or made."""
        if not self.exists():
            return Tally()
        if saved(self.path).exists():
            raise FileNotFoundError
        # A log that a kill left has to be read, too, for which SQLite makes an index beside it
        log = self.path.with_name(f"{self.path.name}-wal")
        mode = "mode=ro" if log.exists() else "mode=ro&immutable=1"
        uri = f"{self.path.resolve().as_uri()}?{mode}"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            if not _is_new(db):
                self._read(db)
        return Tally.of(self._written)

    def open(self) -> None:
        """Open the file, or make it."""
        if self._db:
            return
        make_private(self.path)
        if saved(self.path).exists():
            replace_damaged(self.path)
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            is_new = _is_new(db)
            db.executescript(SETTINGS)
            if is_new:
                db.executescript(SCHEMA)
            _check(db)
            self._read(db)
        except BaseException:
            db.close()
            raise
        self._db = db

    def close(self, *, tidy: bool = True) -> None:
        """Close the file: then it is whole by itself, and as small as may be where it is tidied."""
        if not self._db:
            return
        try:
            if tidy and not self.count:
                self._db.execute("DELETE FROM series")
                self._db.execute("VACUUM")
        finally:
            self._db.close()
            self._db = None

    def read_tally(self) -> Tally:
        """Return what was last written by write_tally."""
        self.open()
        return Tally.of(self._written)

    def write_tally(self, tally: Tally) -> None:
        """Keep what became of all readings so far."""
        rows = tally.rows()
        with self.transaction():
            assert self._db
            for key in self._written.keys() - rows.keys():
                self._db.execute(DELETE_TALLY, (key,))
            for key, value in rows.items():
                if key not in self._written or self._written[key] != value:
                    text = json.dumps(value)
                    self._db.execute(WRITE_TALLY, (key, text, crc_of(text)))
            self._written = rows

    @contextmanager
    def transaction(self) -> Iterator[Packs]:
        """Do several things, or none of them."""
        self.open()
        assert self._db
        db = self._db
        if db.in_transaction:
            yield self.packs
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield self.packs
            self.packs.write_mark()
            # Here a full disk shows
            db.commit()
        except BaseException:
            try:
                db.rollback()
                self._read(db)
            except BaseException:
                # What it is now is read when it is opened again
                self._db = None
                db.close()
                raise
            raise

    def _read(self, db: sqlite3.Connection) -> None:
        """Read what is to be known of a file."""
        try:
            self._packs = Packs(db)
        except UnknownMetricError as err:
            raise LaterVersionError from err
        self._written = {
            key: parsed(text, crc) for key, text, crc in db.execute(READ_TALLY)
        }


def is_damage(err: Exception) -> bool:
    """Say whether it is the file that is at fault, and not the disk it is on."""
    if not isinstance(err, sqlite3.OperationalError):
        return True
    # Text that is none comes without a code, a broken schema with the generic one. And
    # a file may say of itself that it is read-only; a disk that is takes no new one
    code: int = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY)


def files(path: Path) -> list[Path]:
    """Return the files of which a store consists."""
    return [Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]


def saved(path: Path) -> Path:
    """Return where the whole file is that is to replace a damaged one."""
    return path.with_name(f"{path.name}.saved")


def replace_damaged(path: Path) -> Path:
    """Put what was saved of a damaged file in its place.

    Returns where the damaged file is now. Interrupted anywhere, it is to be done again.
    """
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for file, file_aside in zip(files(path), files(aside), strict=True):
        with suppress(FileNotFoundError):
            file.chmod(0o600)
            file.rename(file_aside)
    saved(path).rename(path)
    sync(path.parent)
    damaged = sorted(path.parent.glob(f"{path.name}.damaged-*[0-9]"))
    for old in damaged[:-KEEP_DAMAGED]:
        for file in files(old):
            file.unlink(missing_ok=True)
    return aside


def make_private(path: Path) -> None:
    """Make a file, and the folder it is in, that nobody else may read."""
    folder = path.parent
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        sync(folder.parent)
    folder.chmod(0o700)
    # SQLite gives the rights of the file to what it makes beside it
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def sync(folder: Path) -> None:
    """Have it on the disk which files are in a folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _is_new(db: sqlite3.Connection) -> bool:
    """Return whether there is nothing in a file yet.

    Raises LaterVersionError, and sqlite3.DatabaseError when it is damaged.
    """
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application == version == 0:
        (tables,) = db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        return not tables
    if application != APPLICATION + version:
        raise sqlite3.DatabaseError("this is no file of an outbox")
    if version > VERSION:
        raise LaterVersionError
    return False


def _check(db: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError when a file is found to be damaged."""
    # A table whose entry says it a little otherwise can be read, and is gone after a VACUUM
    tables = [("table", name, f"CREATE TABLE {name}") for name in TABLES]
    if db.execute(READ_TABLES).fetchall() != tables:
        raise sqlite3.DatabaseError("the tables are not those of an outbox")
    ends = time.monotonic() + CHECK_FOR
    db.set_progress_handler(lambda: time.monotonic() > ends, 100)
    try:
        (finding,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as err:
        if err.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return
    finally:
        db.set_progress_handler(None, 0)
    if finding != "ok":
        raise sqlite3.DatabaseError(finding)
