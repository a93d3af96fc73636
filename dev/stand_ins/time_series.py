"""What a time series database keeps, and what it refuses to keep."""

from collections import Counter
from collections.abc import Iterable
import time
from typing import NamedTuple

from .line_protocol import MAX_TIME, BadLine, FieldValue, Point

NANOSECONDS = 1_000_000_000

type Key = tuple[str, tuple[tuple[str, str], ...], int]
"""Measurement, tags in order of their names, and nanoseconds since the epoch, UTC."""


class Dropped(NamedTuple):
    """A point that was not kept, and why, in the words of InfluxDB 1.x."""

    point: Point
    reason: str


class Conflict(NamedTuple):
    """A field that is of one type and was written as another."""

    measurement: str
    field: str
    type: str
    stored: str

    def __str__(self) -> str:
        """Return what InfluxDB 1.x and 2.x say about it."""
        return (
            f'field type conflict: input field "{self.field}" on measurement '
            f'"{self.measurement}" is type {self.type}, already exists as type '
            f"{self.stored}"
        )


class TimeSeries:
    """Points by measurement, tags and time: a second one of a kind joins the first.

    A field has one type. InfluxDB 1.x and 2.x forget it from week to week; we do not.
    """

    def __init__(self, retention: float | None) -> None:
        """Initialize the series, which are kept for so many seconds, or for ever."""
        self.retention = retention
        self.points: dict[Key, dict[str, FieldValue]] = {}
        self.types: dict[tuple[str, str], str] = {}

    def split(self, read: Iterable[Point | BadLine]) -> tuple[list[Point], list[Point]]:
        """Return the points within retention, and those beyond it."""
        oldest = -MAX_TIME
        if self.retention is not None:
            oldest = time.time_ns() - round(self.retention * NANOSECONDS)
        fresh: list[Point] = []
        expired: list[Point] = []
        for item in read:
            if isinstance(item, Point):
                (fresh if item.time >= oldest else expired).append(item)
        return fresh, expired

    def learn(self, points: Iterable[Point]) -> bool:
        """Note the types of fields not seen before, and return whether they agree."""
        seen: dict[tuple[str, str], str] = {}
        agree = True
        for point in points:
            for field, value in point.fields.items():
                if (key := (point.measurement, field)) not in self.types:
                    agree &= seen.setdefault(key, type_of(value)) == type_of(value)
        self.types.update(seen)
        return agree

    def conflict(self, point: Point) -> Conflict | None:
        """Return the first field of a point that is of another type than before."""
        for field, value in point.fields.items():
            stored = self.types.get((point.measurement, field))
            if stored not in (None, (given := type_of(value))):
                assert stored is not None
                return Conflict(point.measurement, field, given, stored)
        return None

    def keep(self, point: Point) -> str | None:
        """Keep a point, or return why not. Its types must have been learnt."""
        name = point.measurement
        if "time" in point.tags:
            return (
                f'invalid tag key: input tag "time" on measurement "{name}" is invalid'
            )
        fields = {key: value for key, value in point.fields.items() if key != "time"}
        if not fields:
            return (
                f'invalid field name: input field "time" on measurement "{name}" '
                "is invalid"
            )
        if (conflict := self.conflict(point)) is not None:
            return str(conflict)
        key = (name, tuple(sorted(point.tags.items())), point.time)
        self.points.setdefault(key, {}).update(fields)
        return None


def type_of(value: FieldValue) -> str:
    """Return what InfluxDB calls the type of a value."""
    return {bool: "boolean", int: "integer", float: "float", str: "string"}[type(value)]


def partial_write(dropped: Iterable[Dropped]) -> str | None:
    """Return what InfluxDB 1.x and 2.x say of points they dropped, None where none was."""
    if not (reasons := Counter(reason for _, reason in dropped)):
        return None
    return f"partial write: {next(iter(reasons))} dropped={reasons.total()}"
