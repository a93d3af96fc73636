"""A database of one's own, in each version of InfluxDB."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from functools import lru_cache
import json
from math import isclose
from typing import Any, override

import aiohttp

from ...metrics import METRICS, Metric
from ...reading import Reading, Source
from ...readings import Readings, Series as Measured
from ..base import Account, Limits, Receipt
from ..tokens import Tokens
from .answers import is_written, meaning_of, misses_lines, refusals
from .dialects import V1, V2, V3
from .line_protocol import Series
from .naming import Naming
from .questions import ask_victoria_metrics, values_in
from .reading_back import ReadBack
from .server import LineProtocolServer

MANY_PREFIXES = 1000
"""Series of which the start of a line is remembered: names may change all the time."""

BUILD = "X-Influxdb-Build"
"""The header by which only InfluxDB says what it is: others call themselves a version of it, too.

Source: https://docs.influxdata.com/influxdb/v1/about_the_project/release-notes (of 1.4.0)
"""

MANY_VALUES = 1000
"""Values of which it is remembered how they are written."""

_written = lru_cache(maxsize=MANY_VALUES)(repr)
"""A value as line protocol has it: most are of few."""


class _Every(AbstractSet[Metric]):
    """All metrics that there are: a database takes any number."""

    def __contains__(self, metric: object) -> bool:
        return isinstance(metric, Metric) and METRICS.get(metric.key) is metric

    def __iter__(self) -> Iterator[Metric]:
        return iter(METRICS.values())

    def __len__(self) -> int:
        return len(METRICS)


class InfluxDB(LineProtocolServer):
    """A database of one's own."""

    service = "InfluxDB"
    # With the request itself, a reading is there within 100 ms
    limits = Limits(metrics=_Every(), max_batch=5000, linger=0.095)

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
        self._database: str = config.get("database") or config.get("bucket", "")
        self._naming = Naming(config.get("naming", {}))
        self._prefixes: dict[Measured, str] = {}
        self._ways_to_ask = self.dialect.ways_to_ask
        self._read_back = ReadBack(self._holds, self._shows_at_once)

    @override
    async def validate(self) -> Account:
        """Say which series it is, and see that it may be written to.

        A write without a line goes through all checks and stores nothing.
        """
        answer = await self._write(())
        if not is_written(answer) and not misses_lines(answer):
            raise meaning_of(answer)
        naming = self._naming
        tags = map("=".join, sorted(naming.tags.items()))
        series = (*self._target.values(), *naming.heart_rate, *tags)
        return Account(
            id=" ".join((str(self._url), *series)),
            name=f"{self.service} {self._database}",
        )

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings, a line each.

        One that lasted is of the time when it ended: what was added to a counter since the
        one before.
        """
        answer = await self._write(self._lines(readings))
        if not is_written(answer):
            return Receipt(refusals(readings, answer))
        if BUILD in answer.headers:
            self._ways_to_ask = self.dialect.own_ways_to_ask
        return await self._read_back.look_for(readings)

    @override
    def hurry(self) -> None:
        self._read_back.end()

    @property
    @override
    def reads_back(self) -> bool | None:
        return self._read_back.works

    def _shows_at_once(self) -> bool:
        """Return whether what is there can be seen at once: all but VictoriaMetrics show it."""
        return ask_victoria_metrics not in self._ways_to_ask

    async def _holds(self, reading: Reading) -> bool:
        """Return whether a reading is there. Raises DestinationError if one may not ask."""
        series = self._series(reading.metric, reading.source)
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

    def _lines(self, readings: Iterable[Reading]) -> Iterator[str]:
        """Yield the line protocol of readings.

        Source: https://docs.influxdata.com/influxdb/v1/write_protocols
        """
        step = self.dialect.step
        prefixes = self._prefixes
        readings = Readings.of(readings)
        columns = zip(readings.series, readings.values, readings.times, strict=True)
        for measured, value, measured_at in columns:
            if (prefix := prefixes.get(measured)) is None:
                metric, source = measured
                prefix = self._series(metric, source).prefix
                if source.said:
                    fields = "".join(_fields_of(source))
                    yield f"{prefix}{value!r}{fields} {measured_at // step}"
                    continue
                if len(prefixes) >= MANY_PREFIXES:
                    prefixes.clear()
                prefixes[measured] = prefix
            # To the memory 0 and -0 are the same
            text = _written(value) if value else repr(value)
            yield f"{prefix}{text} {measured_at // step}"

    def _series(self, metric: Metric, source: Source) -> Series:
        """Return where a source's readings of a metric go."""
        tags = {"source": source.entity_id, "name": source.name} | self._naming.tags
        if source.said and (sport := json.loads(source.said).get("sport")):
            tags["sport"] = str(sport)
        return Series(*self._naming.place_of(metric), tags)


def _fields_of(source: Source) -> Iterator[str]:
    """Yield what a source said besides the value, as further fields."""
    for key, value in json.loads(source.said).items():
        if isinstance(value, int | float) and key != "duration":
            yield f",{key}={float(value)!r}"


class InfluxDBv1(InfluxDB):
    """InfluxDB 1.x, VictoriaMetrics and others that took over its way to write."""

    dialect = V1


class InfluxDBv2(InfluxDB):
    """InfluxDB 2.x and InfluxDB Cloud."""

    dialect = V2


class InfluxDBv3(InfluxDB):
    """InfluxDB 3.x."""

    dialect = V3
