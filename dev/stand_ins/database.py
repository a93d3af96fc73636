"""What a stand-in for any version of InfluxDB does: read a body, and keep its points."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
import time
from typing import ClassVar

from aiohttp import web

from .base import StandIn
from .line_protocol import BadLine, FieldValue, Point, lines, parse
from .time_series import Dropped, Key, TimeSeries


class Database(StandIn):
    """What all versions of InfluxDB have in common."""

    precisions: ClassVar[Mapping[str, int]]
    """Nanoseconds in a unit of time, by its name."""
    totals: ClassVar[frozenset[str]] = frozenset()
    """The fields that hold no reading, but what follows from several."""

    def __init__(self, database: str, retention: float | None) -> None:
        """Initialize the database, which keeps points for so many seconds."""
        super().__init__()
        self.database = database
        self.max_body = 25_000_000
        """The greatest body that is accepted, in bytes."""
        self.writable = True
        """Whether the credentials allow to write."""
        self.readable = True
        """Whether they allow to ask what is there."""
        self.is_silent = False
        """Whether it drops what it does not keep without a word, like VictoriaMetrics."""
        self._series = TimeSeries(retention)

    @property
    def points(self) -> Mapping[Key, Mapping[str, FieldValue]]:
        """The fields of every point kept, by measurement, tags and time."""
        return self._series.points

    def _routes(self) -> Iterable[web.RouteDef]:
        return [web.post(path, self._write) for path in self.deliveries]

    def _count(self, body: bytes) -> int:
        return sum(1 for _ in lines(body))

    async def _write(self, request: web.Request) -> web.Response:
        """Answer a delivery."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = await request.read()
        if len(body) > self.max_body:
            return self._too_large()
        unit = self.precisions.get(request.query.get("precision", ""), 1)
        response = self._store(request, body, parse(body, unit, time.time_ns()))
        return (
            web.Response(status=HTTPStatus.NO_CONTENT) if self.is_silent else response
        )

    @abstractmethod
    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return what is wrong with a request whatever its body, None where nothing is."""

    @abstractmethod
    def _too_large(self) -> web.Response:
        """Return the answer to a body that is too large."""

    @abstractmethod
    def _store(
        self, request: web.Request, body: bytes, read: Sequence[Point | BadLine]
    ) -> web.Response:
        """Keep what can be kept of a body, and answer."""

    def _keep(self, request: web.Request, points: Iterable[Point]) -> list[Dropped]:
        """Keep points, and return those that were not."""
        dropped: list[Dropped] = []
        for point in points:
            if (reason := self._series.keep(point)) is not None:
                dropped.append(Dropped(point, reason))
                continue
            for field, value in point.fields.items():
                if type(value) in (int, float) and field not in self.totals:
                    name = point.measurement if field == "value" else field
                    moment = point.time // 1_000
                    self._accept(request, moment, float(value), point.tags, name)
        return dropped
