"""InfluxDB 1.x, 2.x and 3.x.

1.x answers as influxd 1.6.7 was measured to. 2.x and 3.x answer as their published
sources do: https://github.com/influxdata/influxdb (branches main-2.x and main).
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar

from aiohttp import web

from . import queries
from .base import PASSWORD, TOKEN
from .database import Database
from .line_protocol import BadLine, Point
from .time_series import Dropped, partial_write

BUILD: Mapping[str, str] = MappingProxyType({"X-Influxdb-Build": "OSS"})
"""What InfluxDB says of itself with each answer."""


class InfluxDBv1(Database):
    """InfluxDB 1.x, without a login where the user is empty."""

    service = "influxdb_v1"
    deliveries = frozenset({"/write"})
    # An unknown word means nanoseconds, without complaint: "us" too.
    precisions: ClassVar[Mapping[str, int]] = {
        "u": 1_000,
        "ms": 1_000_000,
        "s": 1_000_000_000,
        "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    }

    def __init__(
        self,
        username: str = "relay",
        password: str = PASSWORD,
        database: str = "home",
        retention: float | None = None,
    ) -> None:
        """Initialize the database, which keeps points for so many seconds."""
        super().__init__(database, retention)
        self.username = username
        self.password = password

    def _routes(self) -> Iterable[web.RouteDef]:
        yield from super()._routes()
        yield web.get("/query", self._query)
        yield web.get("/ping", _ping)

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        """Return the answer to credentials that are none, None where they are right."""
        if not self.username:
            return None
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            username, _, password = (
                b64decode(given, validate=True).decode().partition(":")
            )
        except ValueError:
            scheme = ""
        if scheme != "Basic":
            return error(
                HTTPStatus.UNAUTHORIZED, "unable to parse authentication credentials"
            )
        if (username, password) != (self.username, self.password):
            return error(HTTPStatus.UNAUTHORIZED, "authorization failed")
        return None

    def _refusal(self, request: web.Request) -> web.Response | None:
        if (unauthorised := self._unauthorised(request)) is not None:
            return unauthorised
        if not (database := request.query.get("db")):
            return error(HTTPStatus.BAD_REQUEST, "database is required")
        if database != self.database:
            return error(HTTPStatus.NOT_FOUND, f'database not found: "{database}"')
        if self.username and not self.writable:
            return error(
                HTTPStatus.FORBIDDEN,
                f'"{self.username}" user is not authorized to write to database '
                f'"{database}"',
            )
        if (policy := request.query.get("rp")) not in (None, "", "autogen"):
            return error(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                f"retention policy not found: {policy}",
            )
        return None

    def _too_large(self) -> web.Response:
        return error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")

    def _store(
        self, request: web.Request, body: bytes, read: Sequence[Point | BadLine]
    ) -> web.Response:
        fresh, expired = self._series.split(read)
        bad = "\n".join(str(item) for item in read if isinstance(item, BadLine))
        if bad and not (fresh or expired):
            return error(HTTPStatus.BAD_REQUEST, bad)
        if not self._series.learn(fresh):
            # A field that nobody wrote before, and of two types: nothing is kept.
            return error(HTTPStatus.BAD_REQUEST, "field type conflict")
        problem = partial_write(self._keep(request, fresh)) or partial_write(
            Dropped(point, "points beyond retention policy") for point in expired
        )
        if problem is None and bad:
            problem = f"partial write: {bad} dropped=0"
        if problem is not None:
            return error(HTTPStatus.BAD_REQUEST, problem)
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=BUILD)

    async def _query(self, request: web.Request) -> web.Response:
        """Answer a query, though only which databases may be used: all others find nothing."""
        if (unauthorised := self._unauthorised(request)) is not None:
            return unauthorised
        if not (query := request.query.get("q")):
            return error(HTTPStatus.BAD_REQUEST, 'missing required parameter "q"')
        result: dict[str, object] = {"statement_id": 0}
        if query.strip(" ;").upper() == "SHOW DATABASES":
            values = {"values": [[self.database]]} if self.writable else {}
            result["series"] = [{"name": "databases", "columns": ["name"]} | values]
        elif (name := request.query.get("db", "")) != self.database:
            result["error"] = f"database not found: {name}"
        elif not self.readable:
            return error(HTTPStatus.FORBIDDEN, "error authorizing query")
        elif question := queries.influxql(query):
            found = [[0, value] for value in question.values_in(self.points)]
            result["series"] = [{"values": found}] if found else []
        return web.json_response({"results": [result]})


class InfluxDBv2(Database):
    """InfluxDB 2.x."""

    service = "influxdb_v2"
    deliveries = frozenset({"/api/v2/write"})
    precisions: ClassVar[Mapping[str, int]] = {
        "ns": 1,
        "us": 1_000,
        "ms": 1_000_000,
        "s": 1_000_000_000,
    }

    def __init__(
        self,
        token: str = TOKEN,
        org: str = "home",
        bucket: str = "heart",
        retention: float | None = None,
    ) -> None:
        """Initialize the database, which keeps points for so many seconds."""
        super().__init__(bucket, retention)
        self.token = token
        self.org = org

    def _routes(self) -> Iterable[web.RouteDef]:
        yield from super()._routes()
        yield web.post("/api/v2/query", self._query)

    async def _query(self, request: web.Request) -> web.Response:
        """Answer a question, as CSV."""
        if request.headers.get("Authorization") != f"Token {self.token}":
            return _coded(
                HTTPStatus.UNAUTHORIZED, "unauthorized", "unauthorized access"
            )
        if not self.readable:
            return _coded(HTTPStatus.NOT_FOUND, "not found", "could not find bucket")
        if (question := queries.flux(await request.text())) is None:
            return _coded(HTTPStatus.BAD_REQUEST, "invalid", "compilation failed")
        values = question.values_in(self.points)
        rows = [",result,table,_value", *(f",_result,0,{value}" for value in values)]
        return web.Response(
            text="\r\n".join(rows if values else []), content_type="text/csv"
        )

    def _refusal(self, request: web.Request) -> web.Response | None:
        query = request.query
        refusals: tuple[tuple[bool, HTTPStatus, str, str], ...] = (
            (
                request.headers.get("Authorization") != f"Token {self.token}",
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                "unauthorized access",
            ),
            (
                query.get("precision", "ns") not in self.precisions,
                HTTPStatus.BAD_REQUEST,
                "invalid",
                "invalid precision; valid precision units are ns, us, ms, and s",
            ),
            (
                not query.get("bucket"),
                HTTPStatus.NOT_FOUND,
                "not found",
                "bucket not found",
            ),
            (
                query.get("org") != self.org,
                HTTPStatus.NOT_FOUND,
                "not found",
                f'organization name "{query.get("org", "")}" not found',
            ),
            (
                query.get("bucket") != self.database,
                HTTPStatus.NOT_FOUND,
                "not found",
                f'bucket "{query.get("bucket", "")}" not found',
            ),
            (
                not self.writable,
                HTTPStatus.FORBIDDEN,
                "forbidden",
                "insufficient permissions for write",
            ),
        )
        for wrong, status, code, message in refusals:
            if wrong:
                return _coded(status, code, message)
        return None

    def _too_large(self) -> web.Response:
        return _coded(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "request too large",
            "unable to read data: points batch is too large",
        )

    def _store(
        self, request: web.Request, body: bytes, read: Sequence[Point | BadLine]
    ) -> web.Response:
        if not body:
            return _coded(HTTPStatus.BAD_REQUEST, "invalid", "writing requires points")
        if bad := "\n".join(str(item) for item in read if isinstance(item, BadLine)):
            return _coded(HTTPStatus.BAD_REQUEST, "invalid", bad)
        fresh, expired = self._series.split(read)
        self._series.learn(fresh)
        beyond = (
            f"dropped {len(expired)} points outside retention policy of duration "
            f"{self._series.retention} s"
        )
        problem = partial_write(self._keep(request, fresh)) or partial_write(
            Dropped(point, beyond) for point in expired
        )
        if problem is not None:
            return _coded(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "unprocessable entity",
                f"failure writing points to database: {problem}",
            )
        return web.Response(status=HTTPStatus.NO_CONTENT)


class InfluxDBv3(Database):
    """InfluxDB 3.x, which makes a database that it does not have."""

    service = "influxdb_v3"
    deliveries = frozenset({"/api/v3/write_lp"})
    precisions: ClassVar[Mapping[str, int]] = {
        "nanosecond": 1,
        "microsecond": 1_000,
        "millisecond": 1_000_000,
        "second": 1_000_000_000,
    }

    def __init__(self, token: str = TOKEN, database: str = "home") -> None:
        """Initialize the database."""
        super().__init__(database, None)
        self.token = token

    def _routes(self) -> Iterable[web.RouteDef]:
        yield from super()._routes()
        yield web.get("/api/v3/query_sql", self._query)

    async def _query(self, request: web.Request) -> web.Response:
        """Answer a question, as JSON."""
        if not self.readable:
            return web.Response(status=HTTPStatus.FORBIDDEN)
        if (question := queries.sql(request.query.get("q", ""))) is None:
            return error(HTTPStatus.BAD_REQUEST, "SQL error: ParserError")
        values = question.values_in(self.points)
        return web.json_response([{question.field: value} for value in values])

    def _refusal(self, request: web.Request) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        precision = request.query.get("precision", "")
        if not scheme:
            return error(HTTPStatus.UNAUTHORIZED, "the request was not authenticated")
        if scheme != "Bearer" or not token:
            return error(HTTPStatus.BAD_REQUEST, "Authorization header was malformed")
        if token != self.token:
            return error(HTTPStatus.UNAUTHORIZED, "the request was not authenticated")
        if not request.query.get("db"):
            return _text(HTTPStatus.BAD_REQUEST, "missing query parameter 'db'")
        if precision not in self.precisions:
            return _text(
                HTTPStatus.BAD_REQUEST, f"serde error: unknown variant `{precision}`"
            )
        return None if self.writable else web.Response(status=HTTPStatus.FORBIDDEN)

    def _too_large(self) -> web.Response:
        return _text(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"max request size ({self.max_body} bytes) exceeded",
        )

    def _store(
        self, request: web.Request, body: bytes, read: Sequence[Point | BadLine]
    ) -> web.Response:
        if not read:
            return _text(HTTPStatus.BAD_REQUEST, "incoming write was empty")
        # Blank lines and comments are left out of the count, but not of the echo.
        physical = body.decode(errors="replace").split("\n")
        refused = [
            {
                "original_line": physical[number - 1][:20],
                "line_number": number,
                "error_message": reason,
            }
            for number, item in enumerate(read, start=1)
            if (reason := self._reason(request, item)) is not None
        ]
        if refused:
            return web.json_response(
                {"error": "partial write of line protocol occurred", "data": refused},
                status=HTTPStatus.BAD_REQUEST,
            )
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _reason(self, request: web.Request, item: Point | BadLine) -> str | None:
        """Keep a line, or return why not."""
        if isinstance(item, BadLine):
            return item.reason
        self._series.learn([item])
        if (conflict := self._series.conflict(item)) is not None:
            return (
                f"invalid column type for column '{conflict.field}', expected "
                f"iox::column_type::field::{conflict.stored}, got "
                f"iox::column_type::field::{conflict.type}"
            )
        dropped = self._keep(request, [item])
        return dropped[0].reason if dropped else None


async def _ping(request: web.Request) -> web.Response:
    """Say that the server is there."""
    return web.Response(status=HTTPStatus.NO_CONTENT)


def error(status: HTTPStatus, message: str) -> web.Response:
    """Return an error as 1.x and 3.x word it."""
    return web.json_response({"error": message}, status=status)


def _coded(status: HTTPStatus, code: str, message: str) -> web.Response:
    """Return an error as 2.x words it."""
    return web.json_response({"code": code, "message": message}, status=status)


def _text(status: HTTPStatus, message: str) -> web.Response:
    """Return an error of 3.x that is plain text."""
    return web.Response(status=status, text=message)
