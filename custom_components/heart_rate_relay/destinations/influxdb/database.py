"""A database of one's own, in each version of InfluxDB, and that of livetracking.io."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from math import isclose
from typing import Any, ClassVar, override

import aiohttp
from yarl import URL

from ...metrics import HEART_RATE
from ...reading import Reading, Source
from ..base import Account, Answer, Destination, Limits, Receipt, error_from
from ..errors import DestinationError, UnreachableError
from ..text import parse_url
from ..tokens import Tokens
from .answers import is_written, meaning_of, misses_lines, refusals
from .dialects import LIVE, V1, V2, V3, Dialect, authorization
from .line_protocol import RESERVED_KEYS, Series, clean, parse_tags
from .questions import values_in
from .reading_back import ReadBack

DEFAULT_MEASUREMENT = "heart_rate"
DEFAULT_FIELD = "bpm"

MANY_SOURCES = 1000
"""Sources of which the start of a line is remembered: names may change all the time."""

LIVE_TRACKING_RETENTION = 8 * 60 * 60.0


class InfluxDB(Destination):
    """A database of one's own."""

    service = "InfluxDB"
    limits = Limits(metrics=frozenset({HEART_RATE}), max_batch=5000)
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
        self._headers = authorization(self.dialect.scheme, config)
        self._target = {
            parameter: config[field]
            for parameter, field in self.dialect.parameters.items()
            if config.get(field)
        }
        self._write_url = (self._url / self.dialect.path).with_query(
            {**self._target, "precision": self.dialect.precision}
        )
        self._prefixes: dict[Source, str] = {}
        self._ways_to_ask = self.dialect.ways_to_ask
        self._read_back = ReadBack(self._holds)

    @override
    async def validate(self) -> Account:
        """Say which series it is, and see that it may be written to.

        A write without a line goes through all checks and stores nothing.
        """
        answer = await self._request(
            "POST", self._write_url, headers=self._headers, data=b"", read=True
        )
        if not is_written(answer) and not misses_lines(answer):
            raise meaning_of(answer)
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
        if not is_written(answer):
            return Receipt(refusals(readings, answer))
        if not self._ways_to_ask:
            return Receipt()
        return Receipt(await self._read_back.missing(readings))

    @property
    @override
    def reads_back(self) -> bool | None:
        return self._read_back.works

    async def _holds(self, reading: Reading) -> bool:
        """Return whether a reading is there. Raises DestinationError if one may not ask."""
        series = self._series(reading.source)
        for ask in self._ways_to_ask:
            question = ask(self._url, self._target, series, reading.measured_at)
            answer = await self._request(
                question.method,
                question.url,
                headers={**self._headers, **question.headers},
                data=question.data,
                read=True,
            )
            if (values := values_in(answer)) is not None:
                self._ways_to_ask = (ask,)
                return any(isclose(value, reading.value) for value in values)
        raise meaning_of(answer)

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
        return self._series(source).prefix

    def _series(self, source: Source) -> Series:
        """Return where a source's readings go."""
        tags = {"source": source.entity_id, "name": source.name} | self._tags
        return Series(self._measurement, self._field, tags)


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
        metrics=frozenset({HEART_RATE}),
        max_batch=5000,
        step=LIVE.step,
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
            raise error_from(answer)
        if not answer.ok:
            raise meaning_of(answer)
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
