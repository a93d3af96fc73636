"""How each kind of database is asked what it holds at a moment."""

from collections.abc import Callable, Iterator, Mapping
import csv
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import StringIO
import json
import re
import time
from typing import Any, NamedTuple

from yarl import URL

from ...reading import MILLISECOND
from ..base import Answer
from .line_protocol import Series

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Question(NamedTuple):
    """A request that asks for values."""

    method: str
    url: URL
    headers: Mapping[str, str] = {}
    data: bytes | None = None


type Ask = Callable[[URL, Mapping[str, str], Series, int], Question]
"""Makes a question of a server's address, its parameters, a series, and µs UTC."""


def ask_victoria_metrics(
    url: URL, target: Mapping[str, str], series: Series, at: int
) -> Question:
    """Ask VictoriaMetrics, whatever it makes of a measurement and a field.

    It remembers what it did not find, on a slow disk until another series begins. So no
    question is asked twice: each excludes a label of its own, which nothing has.

    It keeps milliseconds, and makes a float of what is asked for: 1.79 cuts that off, to one too
    few for every eighth, and later releases round it. A quarter more is right for both.

    Source: https://docs.victoriametrics.com/#how-to-export-data-in-json-line-format
    """
    tag, text = series.mark
    moment = _iso(at // MILLISECOND * MILLISECOND + MILLISECOND // 4)
    match = f'{{{tag}={_quoted(text)},asked!="{time.time_ns()}"}}'
    query = {"match[]": match, "start": moment, "end": moment}
    root = url.with_path(url.path.removesuffix("/influx"))
    return Question("GET", (root / "api/v1/export").with_query(query))


def ask_influxdb_1(
    url: URL, target: Mapping[str, str], series: Series, at: int
) -> Question:
    """Ask InfluxDB 1.

    Where a measurement has a field that is called like the tag, the name alone means the field.

    Source: https://docs.influxdata.com/influxdb/v1/query_language/spec
    """
    tag, text = series.mark
    text = text.replace("\\", "\\\\").replace("'", "\\'")
    query = (
        f"SELECT {_quoted(series.field)}::field FROM {_quoted(series.measurement)} "  # noqa: S608 - quoted
        f"WHERE time = {at}u AND {_quoted(tag)}::tag = '{text}'"
    )
    return Question("GET", (url / "query").with_query({**target, "q": query}))


def ask_influxdb_2(
    url: URL, target: Mapping[str, str], series: Series, at: int
) -> Question:
    """Ask InfluxDB 2.

    Source: https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostQuery
    """
    columns = {
        "_measurement": series.measurement,
        "_field": series.field,
        **dict([series.mark]),
    }
    wanted = " and ".join(
        f"r.{column} == {_quoted(value)}" for column, value in columns.items()
    ).replace("${", "\\${")
    query = (
        f"from(bucket: {_quoted(target['bucket'])}) "
        f"|> range(start: {_iso(at)}, stop: {_iso(at + 1)}) "
        f"|> filter(fn: (r) => {wanted})"
    )
    return Question(
        "POST",
        (url / "api/v2/query").with_query({"org": target["org"]}),
        {"Content-Type": "application/vnd.flux", "Accept": "application/csv"},
        query.encode(errors="replace"),
    )


def ask_influxdb_3(
    url: URL, target: Mapping[str, str], series: Series, at: int
) -> Question:
    """Ask InfluxDB 3.

    Source: https://docs.influxdata.com/influxdb3/core/api/v3/#operation/GetExecuteQuerySQL
    """
    field, measurement = (
        '"' + name.replace('"', '""') + '"'
        for name in (series.field, series.measurement)
    )
    tag, text = series.mark
    text = text.replace("'", "''")
    query = (
        f"SELECT {field} FROM {measurement} "  # noqa: S608 - quoted
        f"WHERE time = TIMESTAMP '{_iso(at)}' AND \"{tag}\" = '{text}'"
    )
    query_url = (url / "api/v3/query_sql").with_query(
        {**target, "q": query, "format": "json"}
    )
    return Question("GET", query_url)


def values_in(answer: Answer) -> list[float] | None:
    """Return the values that an answer holds, None where it is no answer to a question."""
    kind = answer.headers.get("Content-Type", "")
    # Nothing is an answer, too, but not from a server that says so to everything
    if answer.status != HTTPStatus.OK or not re.search("json|csv", kind):
        return None
    try:
        return list(map(float, _values(answer.text)))
    except ValueError, TypeError, LookupError, AttributeError, RecursionError:
        return None


def _values(text: str) -> Iterator[Any]:
    """Yield the values of an answer, in whichever form it has."""
    if not (text := text.strip()):
        return
    if not text.startswith(("{", "[")):
        yield from (row["_value"] for row in csv.DictReader(StringIO(text)))
        return
    for line in text.splitlines():
        found = json.loads(line)
        if isinstance(found, list):
            for row in found:
                yield from row.values()
        elif "results" in found:
            (result,) = found["results"]
            if "error" in result:
                raise ValueError
            for series in result.get("series", ()):
                yield from (value for _, value in series["values"])
        else:
            yield from found["values"]


def _quoted(text: str) -> str:
    """Return text as all but SQL quote it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _iso(at: int) -> str:
    """Return µs since the epoch in ISO 8601."""
    moment = EPOCH + timedelta(microseconds=at)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
