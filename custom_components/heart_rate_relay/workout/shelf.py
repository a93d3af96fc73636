"""The last workouts on disk: what each came to, and as a file for elsewhere.

Blocking: for an executor.
"""

from dataclasses import asdict
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from ..reading import SECOND
from .sport import Sport
from .summary import Summary
from .tcx import to_tcx
from .tracker import Finished
from .whole import write_whole

TCX = ".tcx"
JSON = ".json"

ID = "%Y%m%dT%H%M%SZ"
"""What a workout is called: when it began."""


class Shelf:
    """Where the last workouts are kept."""

    def __init__(self, folder: Path, name: str) -> None:
        """Initialize the shelf: files in a folder whose names begin with a name."""
        self._folder = folder
        self._name = f"{name}.workout."

    def add(self, finished: Finished, keep: int) -> None:
        """Add a workout, and keep only so many of the last ones. Raises OSError."""
        path = self._path(id_of(finished.summary))
        file = to_tcx(finished.summary, finished.measured)
        write_whole(path.with_suffix(TCX), file)
        write_whole(path, json.dumps(asdict(finished.summary)).encode())
        for id_ in self.ids()[keep:]:
            self._path(id_).with_suffix(TCX).unlink(missing_ok=True)
            self._path(id_).with_suffix(JSON).unlink(missing_ok=True)

    def ids(self) -> list[str]:
        """Return what the workouts are called, the last one first."""
        found = self._folder.glob(f"{self._name}*{JSON}")
        return sorted(
            (path.stem.removeprefix(self._name) for path in found), reverse=True
        )

    def tcx(self, id_: str) -> bytes | None:
        """Return the file of a workout, None where it is not kept."""
        if id_ not in self.ids():
            return None
        try:
            return self._path(id_).with_suffix(TCX).read_bytes()
        except OSError:
            return None

    def summary(self, id_: str) -> Summary | None:
        """Return what a workout came to, None where it is not known any more."""
        try:
            text = self._path(id_).with_suffix(JSON).read_text(encoding="utf-8")
            return _summary(json.loads(text))
        except KeyError, OSError, TypeError, ValueError:
            return None

    def _path(self, id_: str) -> Path:
        """Return where a workout is, but for the suffix."""
        return self._folder / f"{self._name}{id_}{JSON}"


def id_of(summary: Summary) -> str:
    """Return what a workout is called: when it began, in UTC."""
    moment = datetime.fromtimestamp(summary.begin / SECOND, UTC)
    return moment.strftime(ID)


def time_of(id_: str) -> datetime:
    """Return when a workout began that is called so."""
    return datetime.strptime(id_, ID).replace(tzinfo=UTC)


def _summary(told: dict[str, Any]) -> Summary:
    """Return what a workout came to. Raises KeyError, TypeError, ValueError."""
    told |= {"sport": Sport(told["sport"]), "in_zones": tuple(told["in_zones"])}
    return Summary(**told)
