"""InfluxDB in all its versions, what speaks like it, and livetracking.io above all.

Sources: https://docs.influxdata.com/influxdb/v1/tools/api,
https://docs.influxdata.com/influxdb/v2/api, https://docs.influxdata.com/influxdb3/core
and https://livetracking.io
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
import re
from typing import Any, ClassVar, Literal, override

import aiohttp
from yarl import URL

from ..reading import SECOND, Metric, Reading, Source
from .base import (
    Account,
    Answer,
    Destination,
    DestinationError,
    Limits,
    NotAuthorisedError,
    NotEntitledError,
    Receipt,
    Refusal,
    RefusedError,
    UnreachableError,
    error_from,
)
from .text import parse_url
from .tokens import Tokens

DEFAULT_MEASUREMENT = "heart_rate"
DEFAULT_FIELD = "bpm"

# InfluxDB keeps these words for the timestamp and for names
RESERVED_KEYS = frozenset({"time", "_field", "_measurement"})

MANY_SOURCES = 1000
"""Sources of which the start of a line is remembered: names may change all the time."""

LIVE_TRACKING_RETENTION = 8 * 60 * 60.0


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one version of InfluxDB wants to be spoken to."""

    path: str
    parameters: Mapping[str, str]
    """From the query's parameters to the fields of the form."""
    precision: str
    """What the version calls the precision."""
    step: int = 1
    """How long a step of that is, in µs."""
    scheme: Literal["Basic", "Token", "Bearer"]


V1 = Dialect(
    path="write",
    parameters={"db": "database", "rp": "retention_policy"},
    precision="u",
    scheme="Basic",
)
V2 = Dialect(
    path="api/v2/write",
    parameters={"org": "organization", "bucket": "bucket"},
    precision="us",
    scheme="Token",
)
V3 = Dialect(
    path="api/v3/write_lp",
    parameters={"db": "database"},
    precision="microsecond",
    scheme="Bearer",
)
LIVE = Dialect(
    path="write",
    parameters={"db": "database"},
    precision="s",
    step=SECOND,
    scheme="Basic",
)


class InfluxDB(Destination):
    """A database of one's own."""

    service = "InfluxDB"
    limits = Limits(metrics=frozenset({Metric.HEART_RATE}), max_batch=5000)
    dialect: ClassVar[Dialect]

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination.

        Raises DestinationError when the address or the names cannot be right.
        """
        super().__init__(session, config, tokens)
        self._url = parse_url(config["url"])
        self._database: str = config.get("database") or config.get("bucket", "")
        naming: Mapping[str, Any] = config.get("naming", {})
        self._measurement = clean(naming.get("measurement") or DEFAULT_MEASUREMENT)
        self._field = clean(naming.get("field") or DEFAULT_FIELD)
        self._tags = parse_tags(naming.get("tags", ()))
        if (
            not self._measurement
            # Such a line is a comment, and lost without a word
            or self._measurement.startswith("#")
            or not self._field
            or self._field in RESERVED_KEYS
        ):
            raise DestinationError("invalid_names")
        self._headers = _authorization(self.dialect.scheme, config)
        self._target = {
            parameter: config[field]
            for parameter, field in self.dialect.parameters.items()
            if config.get(field)
        }
        self._write_url = (self._url / self.dialect.path).with_query(
            {**self._target, "precision": self.dialect.precision}
        )
        self._prefixes: dict[Source, str] = {}

    @override
    async def validate(self) -> Account:
        """Say which series it is, and see that it may be written to.

        A write without a line goes through all checks and stores nothing.
        """
        answer = await self._request(
            "POST", self._write_url, headers=self._headers, data=b"", read=True
        )
        if not _is_written(answer) and not _misses_lines(answer):
            raise self._error_from(answer)
        tags = map("=".join, sorted(self._tags.items()))
        series = (*self._target.values(), self._measurement, self._field, *tags)
        return Account(
            id=" ".join((str(self._url), *series)),
            name=f"{self.service} {self._database}",
        )

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings, a line each."""
        answer = await self._request(
            "POST",
            self._write_url,
            headers=self._headers,
            data=self._lines(readings).encode(errors="replace"),
            read=True,
        )
        if _is_written(answer):
            return Receipt()
        return Receipt(self._refusals(readings, answer))

    def _lines(self, readings: Iterable[Reading]) -> str:
        """Return the line protocol of readings.

        Source: https://docs.influxdata.com/influxdb/v1/write_protocols
        """
        step = self.dialect.step
        prefixes = self._prefixes
        lines = []
        for _, value, measured_at, source, _ in readings:
            if (prefix := prefixes.get(source)) is None:
                if len(prefixes) >= MANY_SOURCES:
                    prefixes.clear()
                prefix = prefixes[source] = self._prefix(source)
            lines.append(f"{prefix}{value!r} {measured_at // step}")
        return "\n".join(lines)

    def _prefix(self, source: Source) -> str:
        """Return all of a source's lines that does not change."""
        series = escape(self._measurement, ", ")
        tags = {"source": source.entity_id, "name": source.name} | self._tags
        for key, value in sorted(tags.items()):
            if value := escape(value):
                series += f",{escape(key)}={value}"
        return f"{series} {escape(self._field)}="

    def _refusals(
        self, readings: Sequence[Reading], answer: Answer
    ) -> Sequence[Refusal]:
        """Return the readings that a partial write left out.

        Raises DestinationError where nothing was written, or the answer does not say.
        """
        if not isinstance(error := self._error_from(answer), RefusedError):
            raise error
        if lines := answer.json.get("data"):
            return _refused_lines(readings, lines)
        reason = _reason(answer)
        match = re.search(r"dropped=(\d+)", reason)
        dropped = int(match[1]) if match else 0
        if dropped == len(readings) or "beyond retention policy" in reason:
            oldest = sorted(readings, key=lambda reading: reading.measured_at)
            return [Refusal(reading, reason) for reading in oldest[:dropped]]
        raise RefusedError(reason)

    def _error_from(self, answer: Answer) -> DestinationError:
        """Return what an answer other than a success means."""
        reason = _reason(answer)
        if answer.status == HTTPStatus.FORBIDDEN:
            return NotAuthorisedError(reason, key="may_not_write")
        if (
            answer.status == HTTPStatus.NOT_FOUND and answer.json
        ) or "retention policy not found" in reason:
            return NotEntitledError("database_not_found", reason)
        if answer.ok:
            return UnreachableError("wrong_url", reason)
        # InfluxDB 3 says so of each line, the others of them all
        if "type conflict" in answer.text or "column type" in answer.text:
            # Not the readings are wrong: the field holds something else already
            return NotEntitledError("field_conflict", reason)
        return error_from(answer)


class InfluxDBv1(InfluxDB):
    """InfluxDB 1.x, VictoriaMetrics and others that took over its way to write."""

    dialect = V1


class InfluxDBv2(InfluxDB):
    """InfluxDB 2.x and InfluxDB Cloud."""

    dialect = V2


class InfluxDBv3(InfluxDB):
    """InfluxDB 3.x."""

    dialect = V3


class LiveTracking(InfluxDB):
    """A user of a livetracking.io server: an InfluxDB with a fixed format."""

    service = "livetracking.io"
    limits = Limits(
        metrics=frozenset({Metric.HEART_RATE}),
        max_batch=5000,
        max_age=LIVE_TRACKING_RETENTION,
        one_line=True,
    )
    dialect = LIVE

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination. The user's name is that of the database."""
        database = config["username"].lower()
        super().__init__(session, {**config, "database": database}, tokens)
        self._config = config
        self._username: str = config["username"]

    @override
    async def validate(self) -> Account:
        """Say whose login it is."""
        answer = await self._get(self._url / "auth")
        if answer.status == HTTPStatus.NOT_FOUND:
            # Older servers cannot say, but do not answer a query of a stranger's
            query = {"db": self._database, "q": "SELECT hr_bpm FROM samples LIMIT 1"}
            answer = await self._get((self._url / "query").with_query(query))
            is_known = "results" in answer.json and "error" not in answer.text
        else:
            is_known = answer.json.get("status") == "OK"
        if answer.status == HTTPStatus.FORBIDDEN:
            raise NotAuthorisedError(answer.text)
        if not answer.ok:
            raise self._error_from(answer)
        if not is_known:
            raise UnreachableError("wrong_url", answer.text)
        return Account(
            id=f"{self._url} {self._database}",
            name=f"{self.service} {self._username}",
        )

    async def _get(self, url: URL) -> Answer:
        """Return the answer to a question."""
        return await self._request("GET", url, headers=self._headers, read=True)

    @override
    def _prefix(self, source: Source) -> str:
        """Return the start of a line in the one format that is understood."""
        return "samples hr_bpm="


def parse_tags(tags: Iterable[str]) -> dict[str, str]:
    """Return tags given as key=value. Raises DestinationError when one is not."""
    parsed = {}
    for tag in tags:
        key, _, value = map(clean, tag.partition("="))
        if not key or not value or key in RESERVED_KEYS:
            raise DestinationError("invalid_tags")
        parsed[key] = value
    return parsed


def clean(text: str) -> str:
    """Return what line protocol can write of a text, in any of its places.

    Control characters become spaces. A backslash is left out where it would escape what
    follows, be that nothing: nothing escapes a backslash.
    """
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return re.sub(r'\\+(?=[,= "]|$)', "", text).strip(" ")


def escape(text: str, special: str = ",= ") -> str:
    """Return text as line protocol writes names and tags, its special characters escaped."""
    return "".join(f"\\{char}" if char in special else char for char in clean(text))


def _authorization(scheme: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Return the header that says who writes, none for an open database.

    Raises NotAuthorisedError where nobody can be called that: with a colon in the name.
    """
    if scheme != "Basic":
        token = config.get("token", "").strip()
        return {"Authorization": f"{scheme} {token}"} if token else {}
    if not (username := config.get("username")):
        return {}
    try:
        login = aiohttp.encode_basic_auth(username, config.get("password", ""))
    except ValueError as err:
        raise NotAuthorisedError from err
    return {"Authorization": login}


def _is_written(answer: Answer) -> bool:
    """Return whether all lines were written.

    A 200 with a body is no confirmation: it comes from something else.
    """
    return answer.status == HTTPStatus.NO_CONTENT or (answer.ok and not answer.body)


def _misses_lines(answer: Answer) -> bool:
    """Return whether a write lacked nothing but lines.

    InfluxDB 2 and 3 say so, once all else was found to be right.
    """
    return answer.status == HTTPStatus.BAD_REQUEST and (
        "requires points" in answer.text or "was empty" in answer.text
    )


def _reason(answer: Answer) -> str:
    """Return the server's own words."""
    return str(answer.json.get("error") or answer.json.get("message") or answer.text)


def _refused_lines(
    readings: Sequence[Reading], lines: Iterable[Mapping[str, Any]]
) -> Sequence[Refusal]:
    """Return the readings that InfluxDB 3 names by their line, counted from one."""
    numbered = dict(enumerate(readings, start=1))
    try:
        return [
            Refusal(numbered[line["line_number"]], str(line["error_message"]))
            for line in lines
        ]
    except (LookupError, TypeError) as err:
        raise RefusedError from err
