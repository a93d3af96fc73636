"""The ledger: every value that an entity told, or a monitor sent, a line of JSON each."""

from enum import StrEnum
import json
from pathlib import Path
from typing import NamedTuple, Self


class Kind(StrEnum):
    """How a state came about."""

    START = "start"
    CHANGE = "change"
    REPORT = "report"
    UNAVAILABLE = "unavailable"
    SENT = "sent"
    """By a monitor: it is no state yet, but about to become one."""


class Record(NamedTuple):
    """One value that an entity told, or a monitor sent."""

    entity_id: str
    device: str
    """What the sensor's device is called."""
    metric: str
    """The key of what it measures."""
    kind: Kind
    at: int
    """Milliseconds since the Unix epoch, UTC."""
    value: float | None
    """In the unit of the metric, None where there was none."""

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Return what a line of the ledger says."""
        record = json.loads(line)
        return cls(**record | {"kind": Kind(record["kind"])})

    def to_line(self) -> str:
        """Return the line of the ledger."""
        return json.dumps(self._asdict()) + "\n"


class Writer:
    """Writes a ledger, so that what is written can be read at once."""

    def __init__(self, path: str) -> None:
        """Open the ledger. Raises OSError."""
        self._file = Path(path).open("a", buffering=1, encoding="utf-8")

    def write(self, record: Record) -> None:
        """Write a line."""
        self._file.write(record.to_line())

    def close(self) -> None:
        """Close the ledger."""
        self._file.close()
