"""One small page that shows what arrived: lines over time, steps as bars, and a map."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
import time
from types import MappingProxyType
from typing import TypedDict

from aiohttp import web

from .base import HEART_RATE, STEPS, Arrival, Server, StandIn

WINDOW = 5 * 60
"""How far back the lines go, in seconds."""

MAX_ARRIVALS = 10_000
"""How many of the latest arrivals of a service are looked at."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        HEART_RATE: "bpm",
        "power": "W",
        "pwr_w": "W",
        "speed": "m/s",
        "spd_kph": "km/h",
    }
)
"""The units of what is drawn as lines, by what services call it."""

LATITUDES = frozenset({"latitude", "lat"})
LONGITUDES = frozenset({"longitude", "lng"})

type Line = list[tuple[int, float]]
"""Times and values, in order of time."""


class _Shown(TypedDict):
    """What the page knows of a service. Times are in ms since the epoch, UTC."""

    service: str
    url: str
    arrivals: int
    requests: int
    latency: float | None
    """From the measurement to the arrival of the last reading, in ms."""
    lines: dict[str, dict[str, Line]]
    """By unit and by source."""
    steps: dict[str, list[tuple[int, int, float]]]
    """From when, until when and how many, in order of time, by source."""
    tracks: dict[str, list[tuple[float, float]]]
    """Latitudes and longitudes, in order of time, by source."""


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
    steps: dict[str, dict[tuple[int, int], float]] = {}
    recent = [
        arrival
        for arrival in stand_in.arrivals[-MAX_ARRIVALS:]
        if arrival.measured_ms >= since
    ]
    for arrival in recent:
        if arrival.metric == STEPS:
            bars = steps.setdefault(arrival.source, {})
            bars[arrival.started_ms, arrival.measured_ms] = arrival.value
    last = stand_in.arrivals[-1] if stand_in.arrivals else None
    lines = {
        unit: _lines(recent, {name for name in UNITS if UNITS[name] == unit})
        for unit in dict.fromkeys(UNITS.values())
    }
    return {
        "service": stand_in.service,
        "url": str(stand_in.url),
        "arrivals": len(stand_in.arrivals),
        "requests": len(stand_in.requests),
        "latency": last and last.received_at - last.measured_ms,
        "lines": {unit: by_source for unit, by_source in lines.items() if by_source},
        "steps": {
            source: sorted((*times, count) for times, count in bars.items())
            for source, bars in sorted(steps.items())
        },
        "tracks": _tracks(recent),
    }


def _lines(arrivals: Iterable[Arrival], metrics: Iterable[str]) -> dict[str, Line]:
    """Return the line of each source, a repeat once.

    By name, so that a source has the same colour at every service.
    """
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for arrival in arrivals:
        if arrival.metric in metrics:
            found[arrival.source][arrival.measured_ms] = arrival.value
    return {source: sorted(line.items()) for source, line in sorted(found.items())}


def _tracks(arrivals: Sequence[Arrival]) -> dict[str, list[tuple[float, float]]]:
    """Return where each source was, when both parts of that are known."""
    longitudes = _lines(arrivals, LONGITUDES)
    tracks: dict[str, list[tuple[float, float]]] = {}
    for source, line in _lines(arrivals, LATITUDES).items():
        east = dict(longitudes.get(source, ()))
        if track := [(north, east[at]) for at, north in line if at in east]:
            tracks[source] = track
    return tracks
