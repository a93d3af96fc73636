"""Where readings wait that are not in the memory of the event loop: on disk, while that can be.

What a disk does not take is in a database of the same form in memory. Blocking: for a worker
thread, and one caller at a time.
"""

from dataclasses import replace
from itertools import batched
from pathlib import Path
import sqlite3
from typing import NamedTuple

from ..readings import NONE, Readings
from .disk import DAMAGE, VERSION, DiskTier, LaterVersionError
from .packs import SCHEMA, Packs
from .salvage import AT_ONCE, merge, set_aside
from .tally import Tally


class Bounds(NamedTuple):
    """What may wait."""

    measured_from: int
    """When the oldest reading that may stay was measured, in µs UTC."""
    max_readings: int


class Tiers:
    """The disk, and what stands in for it.

    What has to do with the disk raises what DiskTier does.
    """

    def __init__(self, path: Path) -> None:
        """Initialize them, without touching the file."""
        self.disk = DiskTier(path)
        self.is_of_later_version = False
        """Whether the file is one of a later version, left alone, and another one used."""
        self._beside = path.with_suffix(f".v{VERSION}{path.suffix}")
        self._spilled: Packs | None = None
        self._is_to_clear = False

    @property
    def stored(self) -> int:
        """How many readings are on disk."""
        return 0 if self._is_to_clear else self.disk.count

    @property
    def spilled(self) -> int:
        """How many readings wait in the place of the disk."""
        return self._spilled.count if self._spilled else 0

    def read(self) -> Tally:
        """Find what there is on disk, without making a file for nothing."""
        try:
            if self.disk.exists():
                self.disk.open()
            if self.disk.path != self._beside and self._beside.exists():
                merge(self.disk, self._beside)
        except LaterVersionError:
            if self.is_of_later_version:
                raise
            self.disk = DiskTier(self._beside)
            self.is_of_later_version = True
            return self.read()
        if not self.disk.exists():
            return Tally()
        tally = self.disk.read_tally()
        if not self.disk.count:
            self.disk.close()
        return tally

    def peek(self) -> Tally | None:
        """Return what is told by the file, which is not touched: None where it would have to be."""
        if self._beside.exists():
            return None
        try:
            return self.disk.peek()
        except (OSError, LaterVersionError, *DAMAGE):
            return None

    def write(
        self,
        readings: Readings,
        settled: Readings,
        tally: Tally,
        bounds: Bounds,
    ) -> int:
        """Write what is new, delete what is settled, and return how many fell out.

        What the disk did not take earlier is written with it.
        """
        with self.disk.transaction() as packs:
            if self._is_to_clear:
                packs.clear()
            packs.delete(settled)
            if self._spilled:
                for some in batched(self._spilled.each(), AT_ONCE, strict=False):
                    packs.insert(some)
            packs.insert(readings)
            gone = packs.trim(*bounds)
            self.disk.write_tally(replace(tally, expired=tally.expired + gone))
        self._is_to_clear = False
        self.clear_spilled()
        return gone

    def delete(self, settled: Readings, tally: Tally | None) -> bool:
        """Delete readings that are settled, with what became of them."""
        with self.disk.transaction() as packs:
            packs.delete(settled)
            if tally:
                self.disk.write_tally(tally)
        return True

    def select(
        self,
        count: int,
        spilled: Readings,
        bounds: Bounds,
        *,
        newest_first: bool,
    ) -> tuple[Readings, int]:
        """Return readings on disk and others, and how many fell out that waited for too long."""
        with self.disk.transaction() as packs:
            gone = packs.trim(*bounds)
        found = packs.select(count, newest_first=newest_first)
        if spilled:
            # They came in later
            parts = (spilled, found) if newest_first else (found, spilled)
            found = Readings.joined(*parts).by_time(newest_first=newest_first)
        return found, gone

    def clear(self) -> None:
        """Remove all readings on disk."""
        with self.disk.transaction() as packs:
            packs.clear()

    def clear_later(self) -> None:
        """Remove all readings on disk when something is written next."""
        self._is_to_clear = True

    def set_aside(self) -> Path:
        """Put a new file with what can be read in the place of a damaged one."""
        return set_aside(self.disk)

    # What the disk did not take

    def spill(self, readings: Readings, bounds: Bounds) -> int:
        """Keep readings in memory, and return how many fell out."""
        if not self._spilled:
            if not readings:
                return 0
            db = sqlite3.connect(
                ":memory:", isolation_level=None, check_same_thread=False
            )
            db.executescript(f"PRAGMA page_size = 512; {SCHEMA}")
            self._spilled = Packs(db)
        self._spilled.insert(readings)
        return self._spilled.trim(*bounds)

    def select_spilled(self, count: int, *, newest_first: bool) -> Readings:
        """Return readings that the disk did not take."""
        if not self._spilled:
            return NONE
        return self._spilled.select(count, newest_first=newest_first)

    def delete_spilled(self, readings: Readings) -> Readings:
        """Delete readings that the disk did not take, and return what was not among them."""
        if self._spilled:
            readings = self._spilled.delete(readings)
            if not self._spilled.count:
                self.clear_spilled()
        return readings

    def clear_spilled(self) -> None:
        """Forget what the disk did not take, and give its memory back."""
        self._spilled = None
