"""A heart rate that many watch at once: a live feed, beside bare WebSockets of aiohttp's."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import json
import time

import aiohttp

from .arrangements import names
from .arrivals import NS_PER_MS
from .subject import Subject, Subjects

CROWDS = (1, 200)
"""How many watch."""

RATE = 5
SECONDS = 10.0
QUICK_SECONDS = 1.0
"""How often a second the sensor measures, and for how long."""

SECRET = "benchmark"

NOBODY = "nobody watches"
BARE = "bare aiohttp WebSockets"
FEED = "this relay, live feed"

PATHS: Mapping[str, str | None] = {
    NOBODY: None,
    BARE: "/api/benchmark_driver/bare",
    FEED: f"/api/heart_rate_relay/live/{SECRET}/real_time",
}
"""Where each is watched, in this order."""

WARM_UP = 1.0
"""Seconds before a round."""

SETTLED = 0.5
"""Seconds after which nothing more is expected."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What one round came to."""

    states: int
    cpu: float
    """Seconds of the whole process of Home Assistant."""
    expected: int
    """How many messages should have come, to all who watched."""
    latencies: Sequence[float]
    """Of those that came, in ms: from before the state is written until it is read."""


type Results = dict[str, list[Watched]]
"""What the rounds came to, by what was watched."""


class Crowd:
    """Those who watch, and what they were told."""

    def __init__(self, viewers: int) -> None:
        """Initialize: nobody watches yet, and nothing was told."""
        self.viewers = viewers
        self.told: list[tuple[int, str]] = []
        """When (monotonic, ns), and what."""

    @asynccontextmanager
    async def watching(self, subject: Subject, path: str) -> AsyncIterator[None]:
        """Have all watch, each by a connection of its own."""
        async with AsyncExitStack() as stack:
            connector = aiohttp.TCPConnector(limit=0)
            session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=connector)
            )
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            for _ in range(self.viewers):
                socket = await stack.enter_async_context(
                    session.ws_connect(subject.url.with_path(path))
                )
                tasks.create_task(self._watch(socket))
            yield

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self.told.append((time.monotonic_ns(), message.data))


async def measure(
    subjects: Subjects, rounds: int, seconds: float = SECONDS
) -> Mapping[int, Results]:
    """Return what it comes to that nobody watches, and that so many do, several times in turn."""
    results: dict[int, Results] = {viewers: defaultdict(list) for viewers in CROWDS}
    async with subjects(1) as subject:
        data = {"service": "live_feed", "look": "heart", "secret": SECRET}
        entry_id = await subject.tell("add", data=data, sources=names(1))
        await subject.tell("load", entry_id=entry_id, on=False)
        for _ in range(rounds):
            for viewers, own in results.items():
                for name, path in PATHS.items():
                    await subject.tell("load", entry_id=entry_id, on=name == FEED)
                    own[name].append(await _round(subject, path, viewers, seconds))
                await subject.tell("load", entry_id=entry_id, on=False)
    return results


async def _round(
    subject: Subject, path: str | None, viewers: int, seconds: float
) -> Watched:
    """Let the sensor measure for some seconds while so many watch, or nobody does."""
    crowd = Crowd(viewers)
    async with AsyncExitStack() as stack:
        if path:
            await stack.enter_async_context(crowd.watching(subject, path))
        await _stream(subject, path, seconds=WARM_UP)
        crowd.told.clear()
        written, cpu = await _stream(subject, path, seconds=seconds)
    return Watched(
        states=len(written),
        cpu=cpu,
        expected=len(written) * viewers if path else 0,
        latencies=[
            (at - written[measured_at]) / NS_PER_MS
            for at, text in crowd.told
            if (measured_at := json.loads(text)["measured_at"]) in written
        ],
    )


async def _stream(
    subject: Subject, path: str | None, *, seconds: float
) -> tuple[Mapping[int, int], float]:
    """Let the sensor measure. Returns when each (ms UTC) was written, and the CPU time (s)."""
    answer = await subject.tell(
        "stream",
        sensors=1,
        rate=RATE,
        seconds=seconds,
        at_once=True,
        post=None,
        bare=path == PATHS[BARE],
    )
    await asyncio.sleep(SETTLED)
    cpu, _ = await subject.tell("finish")
    return {at: written_at for _, at, written_at in answer}, cpu
