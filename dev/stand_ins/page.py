"""One small page that shows what arrived: hearts as lines over time, steps as bars."""

from collections.abc import Sequence
from pathlib import Path
import time
from typing import TypedDict

from aiohttp import web

from .base import HEART_RATE, STEPS, Server, StandIn

WINDOW = 5 * 60
"""How far back the lines go, in seconds."""

MAX_ARRIVALS = 5000
"""How many of the latest arrivals of a service are looked at."""


class _Shown(TypedDict):
    """What the page knows of a service. Times are in ms since the epoch, UTC."""

    service: str
    url: str
    arrivals: int
    requests: int
    latency: float | None
    """From the measurement to the arrival of the last reading, in ms."""
    lines: dict[str, list[tuple[int, float]]]
    """Times and bpm, in order of time, by source."""
    steps: dict[str, list[tuple[int, int, float]]]
    """From when, until when and how many, in order of time, by source."""


class Page(Server):
    """A page that shows what arrived."""

    def __init__(self, stand_ins: Sequence[StandIn]) -> None:
        """Initialize the page."""
        self._stand_ins = stand_ins

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [web.get("/", self._page), web.get("/arrivals", self._arrivals)]
        )
        return application

    async def _page(self, request: web.Request) -> web.FileResponse:
        """Return the page itself."""
        return web.FileResponse(Path(__file__).with_name("page.html"))

    async def _arrivals(self, request: web.Request) -> web.Response:
        """Return what the page shows."""
        now = round(time.time() * 1000)
        shown = [_shown(stand_in, now - WINDOW * 1000) for stand_in in self._stand_ins]
        return web.json_response({"now": now, "window": WINDOW * 1000, "shown": shown})


def _shown(stand_in: StandIn, since: int) -> _Shown:
    """Return what the page shows of a service since a time, in ms since the epoch."""
    lines: dict[str, dict[int, float]] = {}
    steps: dict[str, dict[tuple[int, int], float]] = {}
    for arrival in stand_in.arrivals[-MAX_ARRIVALS:]:
        if (end := arrival.measured_ms) < since:
            continue
        if arrival.metric == STEPS:
            bars = steps.setdefault(arrival.source, {})
            bars[arrival.started_ms, end] = arrival.value
        elif arrival.metric == HEART_RATE:
            lines.setdefault(arrival.source, {})[end] = arrival.value
    last = stand_in.arrivals[-1] if stand_in.arrivals else None
    return {
        "service": stand_in.service,
        "url": str(stand_in.url),
        "arrivals": len(stand_in.arrivals),
        "requests": len(stand_in.requests),
        "latency": last and last.received_at - last.measured_ms,
        # By name, so that a source has the same colour at every service
        "lines": {
            source: sorted(line.items()) for source, line in sorted(lines.items())
        },
        "steps": {
            source: sorted((*times, count) for times, count in bars.items())
            for source, bars in sorted(steps.items())
        },
    }
