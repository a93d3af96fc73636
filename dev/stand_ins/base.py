"""What every stand-in for a service does: serve, record what arrives, and fail on demand."""

from abc import ABC, abstractmethod
import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
import time
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

HOST = "127.0.0.1"

PASSWORD = "let me in: it is only a stand-in"
TOKEN = "let-me-in-it-is-only-a-stand-in"

SHUTDOWN_TIMEOUT = 0.1
"""How long a stop waits for requests under way, in seconds: a service that dies does not wait."""

EMPTY: Mapping[str, str] = MappingProxyType({})

HEART_RATE = "heart_rate"
STEPS = "steps"
VARIABILITY = "heart_rate_variability"

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "": HEART_RATE,
        "bpm": HEART_RATE,
        "hr_bpm": HEART_RATE,
        "HEART_RATE": HEART_RATE,
        "STEP_COUNT": STEPS,
        "HEART_RATE_VARIABILITY": VARIABILITY,
        "HKQuantityTypeIdentifierHeartRateVariabilitySDNN": VARIABILITY,
    }
)
"""The metrics that services have a name of their own for."""


class Arrival(NamedTuple):
    """One reading that a stand-in accepted."""

    service: str
    measured_at: int
    """Microseconds since the Unix epoch, UTC."""
    value: float
    """In bpm, or how many steps."""
    source: str
    """The tag `source` of InfluxDB, a device's name, empty where the service has none."""
    received_at: float
    """When its request had been read, in milliseconds since the Unix epoch, UTC."""
    tags: Mapping[str, str]
    field: str = ""
    """Where a database keeps it."""

    @property
    def name(self) -> str:
        """What the service calls what was measured, empty where it knows one metric alone."""
        return self.tags.get("data_type") or self.tags.get("type") or self.field

    @property
    def metric(self) -> str:
        """What was measured, in the service's own words where they are special."""
        return METRICS.get(self.name, self.name)

    @property
    def started_at(self) -> int:
        """When the measurement began, in microseconds since the Unix epoch, UTC."""
        start = self.tags.get("start", "")
        if not start:
            return self.measured_at
        if start.isdecimal():
            return int(start)
        return round(datetime.fromisoformat(start).timestamp() * 1_000_000)

    @property
    def measured_ms(self) -> int:
        """When it was measured, in milliseconds since the Unix epoch, UTC."""
        return self.measured_at // 1000

    @property
    def started_ms(self) -> int:
        """When the measurement began, in the same unit."""
        return self.started_at // 1000


class Failure(NamedTuple):
    """An answer to give in place of the service's own. Nothing is accepted, by default."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = EMPTY
    delay: float = 0
    """Seconds to wait before the answer."""
    drop: bool = False
    """Whether to close the connection without an answer."""
    accepts: bool = False
    """Whether the service does its work all the same, so that only its answer is lost."""


class Request(NamedTuple):
    """One request that a stand-in has seen."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    """What was answered, 0 where the connection was closed without an answer."""
    readings: int
    """How many readings were in it, accepted or not."""
    received_at: float
    """When it had been read, in milliseconds since the Unix epoch, UTC."""


class Server(ABC):
    """An HTTP server on the loopback interface."""

    url: URL
    """Where it listens, known once it has been started."""

    keepalive = 3600.0
    """Seconds after which an idle connection is closed."""

    _runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        """Listen on a port, by default on one that is free."""
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            shutdown_timeout=SHUTDOWN_TIMEOUT,
            keepalive_timeout=self.keepalive,
        )
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
        self.url = URL.build(scheme="http", host=HOST, port=runner.addresses[0][1])
        self._runner = runner

    async def stop(self) -> None:
        """Close the port and every connection. What has been recorded stays."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    @abstractmethod
    def _application(self) -> web.Application:
        """Return what is served."""


class StandIn(Server):
    """A service on the loopback interface that remembers what it was sent."""

    service: ClassVar[str]
    deliveries: ClassVar[frozenset[str]]
    """The paths to which readings are sent."""

    def __init__(self) -> None:
        """Initialize the stand-in."""
        self.arrivals: list[Arrival] = []
        self.requests: list[Request] = []
        self.failure: Failure | None = None
        """While set, what every delivery is answered with."""
        self.failures: deque[Failure] = deque()
        """Answered before `failure`, one for each delivery."""
        self.objection: Callable[[bytes], Failure | None] | None = None
        """Says of the body of a delivery what it is answered with, whatever else fails."""
        self.failure_everywhere = False
        """Whether requests that are no delivery, such as the check of credentials, fail too."""
        self.on_arrival: Callable[[Arrival], None] | None = None

    @abstractmethod
    def _routes(self) -> Iterable[web.RouteDef]:
        """Return the service's own answers."""

    @abstractmethod
    def _count(self, body: bytes) -> int:
        """Return how many readings a body holds."""

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._record], client_max_size=0)
        application.add_routes(self._routes())
        return application

    @web.middleware
    async def _record(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        """Answer a request, and remember it with its answer."""
        body = await request.read()
        received_at = time.time() * 1000
        request["received_at"] = received_at
        status = 0
        try:
            if (failure := self._next_failure(request, body)) is None:
                response = await handler(request)
                status = response.status
            else:
                if failure.accepts:
                    await handler(request)
                response = await _fail(request, failure)
                status = 0 if failure.drop else failure.status
        except web.HTTPException as err:
            status = err.status
            raise
        finally:
            self.requests.append(
                Request(
                    request.method,
                    request.path,
                    dict(request.query),
                    status,
                    self._count(body) if request.path in self.deliveries else 0,
                    received_at,
                )
            )
        return response

    def _next_failure(self, request: web.Request, body: bytes) -> Failure | None:
        """Return what a request is to be answered with, None where nothing is amiss."""
        if request.path not in self.deliveries:
            return self.failure if self.failure_everywhere else None
        if self.objection and (failure := self.objection(body)):
            return failure
        return self.failures.popleft() if self.failures else self.failure

    def _accept(
        self,
        request: web.Request,
        measured_at: int,
        value: float,
        tags: Mapping[str, str] = EMPTY,
        field: str = "",
    ) -> None:
        """Remember a reading of a request."""
        arrival = Arrival(
            self.service,
            measured_at,
            value,
            tags.get("source", ""),
            request["received_at"],
            tags,
            field,
        )
        self.arrivals.append(arrival)
        if self.on_arrival is not None:
            self.on_arrival(arrival)


async def _fail(request: web.Request, failure: Failure) -> web.Response:
    """Answer with a failure."""
    await asyncio.sleep(failure.delay)
    if failure.drop and request.transport is not None:
        request.transport.abort()
    return web.Response(
        status=failure.status, text=failure.body, headers=failure.headers
    )
