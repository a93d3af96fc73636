"""What a database is asked for: the value of a series at a moment, in each of its languages."""

from collections.abc import Mapping
from datetime import datetime
import json
import re
from typing import NamedTuple

from .line_protocol import FieldValue
from .time_series import Key

US = 1_000
"""Nanoseconds in a microsecond."""

TEXT = r'"((?:[^"\\]|\\.)*)"'

INFLUXQL = re.compile(
    rf"SELECT {TEXT}::field FROM {TEXT} WHERE time = (-?\d+)u AND \"(source|name)\"::tag = '((?:[^'\\]|\\.)*)'"  # noqa: S608 - it is read
)
SQL = re.compile(
    r'SELECT "((?:[^"]|"")*)" FROM "((?:[^"]|"")*)" '
    r"""WHERE time = TIMESTAMP '([^']+)' AND "(source|name)" = '((?:[^']|'')*)'"""
)
FLUX = re.compile(
    rf"from\(bucket: {TEXT}\) \|> range\(start: (\S+), stop: \S+\) \|> filter\(fn: \(r\) => "
    rf"r\._measurement == {TEXT} and r\._field == {TEXT} and r\.(source|name) == {TEXT}\)"
)


class Question(NamedTuple):
    """Which value is asked for."""

    measurement: str
    field: str
    tag: str
    """The one by which it is found."""
    text: str
    at: int
    """Microseconds since the Unix epoch, UTC."""

    def values_in(self, points: Mapping[Key, Mapping[str, FieldValue]]) -> list[float]:
        """Return the values that there are."""
        return [
            float(fields[self.field])
            for (measurement, tags, time), fields in points.items()
            if measurement == self.measurement
            and time // US == self.at
            and dict(tags).get(self.tag) == self.text
            and self.field in fields
        ]


def influxql(query: str) -> Question | None:
    """Return what is asked for in InfluxQL, None where it is something else."""
    if not (match := INFLUXQL.fullmatch(query)):
        return None
    field, measurement, at, tag, text = match.groups()
    return Question(_plain(measurement), _plain(field), tag, _plain(text), int(at))


def sql(query: str) -> Question | None:
    """Return what is asked for in SQL, None where it is something else."""
    if not (match := SQL.fullmatch(query)):
        return None
    field, measurement, at, tag, text = match.groups()
    return Question(
        measurement.replace('""', '"'),
        field.replace('""', '"'),
        tag,
        text.replace("''", "'"),
        _us(at),
    )


def flux(query: str) -> Question | None:
    """Return what is asked for in Flux, None where it is something else."""
    if not (match := FLUX.fullmatch(query)):
        return None
    _, at, *names = match.groups()
    measurement, field, tag, text = (json.loads(f'"{name}"') for name in names)
    return Question(measurement, field, tag, text, _us(at))


def _plain(text: str) -> str:
    """Return quoted text without what quotes it."""
    return re.sub(r"\\(.)", r"\1", text)


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)
