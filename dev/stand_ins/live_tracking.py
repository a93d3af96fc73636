"""livetracking.io, which is an InfluxDB behind a login."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import ClassVar

from aiohttp import web

from .base import PASSWORD
from .influxdb import InfluxDBv1, error
from .line_protocol import BadLine, Point, lines

HOUR = 3600.0


class LiveTracking(InfluxDBv1):
    """livetracking.io: one database for each user, eight hours, one measurement."""

    service = "livetracking"
    totals = frozenset({"dur_s", "dist_km"})
    fields: ClassVar[frozenset[str]] = frozenset(
        {
            "dur_s",
            "dist_km",
            "lat",
            "lng",
            "acc_m",
            "bearing",
            "battery",
            "gsm_signal",
            "temp_c",
            "spd_kph",
            "alt_m",
            "hr_bpm",
            "cad_rpm",
            "pwr_w",
            "pwr_w_l",
            "pwr_w_r",
        }
    )

    def __init__(self, username: str = "Runner", password: str = PASSWORD) -> None:
        """Initialize the server."""
        super().__init__(username, password, username.lower(), 8 * HOUR)
        self.has_auth = True
        """Whether the server is new enough to have /auth."""
        self._series.types.update(
            {("samples", field): "float" for field in self.fields}
        )

    def _count(self, body: bytes) -> int:
        """Return how many lines there are, but for those that hold totals alone."""
        fields = (line.partition(" ")[2].partition("=")[0] for line in lines(body))
        return sum(field not in self.totals for field in fields)

    def _routes(self) -> Iterable[web.RouteDef]:
        yield from super()._routes()
        yield web.get("/auth", self._auth)

    async def _auth(self, request: web.Request) -> web.Response:
        """Say whose credentials they are."""
        if not self.has_auth:
            raise web.HTTPNotFound(text="404 page not found\n")
        if (unauthorised := self._unauthorised(request)) is not None:
            return unauthorised
        return web.json_response({"username": self.username, "status": "OK"})

    def _store(
        self, request: web.Request, body: bytes, read: Sequence[Point | BadLine]
    ) -> web.Response:
        for point in read:
            if isinstance(point, Point) and (
                point.measurement != "samples"
                or point.tags
                or not self.fields.issuperset(point.fields)
            ):
                # The server's own words for this are not known.
                return error(
                    HTTPStatus.BAD_REQUEST, f"not a sample of a track: {point.line}"
                )
        return super()._store(request, body, read)
