"""States that are written, and what it costs until they have arrived."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from .arrangements import ARRANGEMENTS, Arrangement
from .arrivals import Arrived, Reading, arrived
from .sink import Request, Sink
from .subject import Subject, running_subject

WARM_UP = 4
"""How often each sensor measures before the first round: a relay does not send the first."""

QUIET = 1.5
"""Seconds without a request after which no more is expected. Core's influxdb gathers for 1 s."""

OTHERS = 20_000
"""States of another entity in a round."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Sensors that measure."""

    sensors: int
    rate: float
    """Times a second that each of them measures."""
    seconds: float
    at_once: bool = True
    """Whether they do so in the same moment, or evenly spread."""

    @property
    def name(self) -> str:
        """What it is called."""
        if self.sensors == 1:
            return f"1 sensor at {self.rate:g} Hz"
        how = "all in the same moment" if self.at_once else "evenly spread"
        return f"{self.sensors:,} sensors at {self.rate:g} Hz, {how}"


SCENARIOS = (
    # As often as Pulsoid takes readings without any having to wait
    Scenario(sensors=1, rate=8, seconds=20),
    Scenario(sensors=20, rate=5, seconds=8),
    Scenario(sensors=100, rate=5, seconds=8),
    Scenario(sensors=100, rate=5, seconds=8, at_once=False),
    Scenario(sensors=1000, rate=1, seconds=8),
)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round with one arrangement came to."""

    states: int
    """How many states were written."""
    expected: int
    """How many of them had to arrive."""
    arrived: Arrived
    cpu: float
    """Seconds of the whole process."""
    delays: Sequence[float]
    """How late the event loop was, time and again, in ms."""
    other_cpu: float
    """Seconds for the states of another entity."""


type Rounds = Mapping[Arrangement, Sequence[Round]]
"""By the arrangements, one beside the other."""


async def measure(scenario: Scenario, sink: Sink, rounds: int) -> Rounds:
    """Return what a scenario comes to with each arrangement, in turn, several times."""
    results: defaultdict[Arrangement, list[Round]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        subjects = [
            await stack.enter_async_context(_ready(arrangement, scenario, sink))
            for arrangement in ARRANGEMENTS
        ]
        turns = list(zip(ARRANGEMENTS, subjects, strict=True))
        for _ in range(rounds):
            for arrangement, subject in turns:
                results[arrangement].append(
                    await _round(arrangement, scenario, subject, sink)
                )
            # Not always after the same one
            turns.append(turns.pop(0))
    return results


@asynccontextmanager
async def _ready(
    arrangement: Arrangement, scenario: Scenario, sink: Sink
) -> AsyncIterator[Subject]:
    """Run a Home Assistant in which the sensors are known and were heard of."""
    configuration = arrangement.configuration_for(scenario.sensors, sink.url)
    async with running_subject(configuration, sink.url) as subject:
        if arrangement.relay:
            entry = arrangement.entry(scenario.sensors, sink.url)
            await subject.tell("set_up", entries=1, **entry)
        warm_up = replace(scenario, seconds=WARM_UP / scenario.rate)
        await _round(arrangement, warm_up, subject, sink)
        yield subject


async def _round(
    arrangement: Arrangement, scenario: Scenario, subject: Subject, sink: Sink
) -> Round:
    """Let the sensors measure for some seconds, and then another entity."""
    answer = await subject.tell(
        "stream",
        sensors=scenario.sensors,
        rate=scenario.rate,
        seconds=scenario.seconds,
        at_once=scenario.at_once,
        post=str(sink.url / "readings") if arrangement.posts else None,
    )
    written = {Reading(sensor, at): written_at for sensor, at, written_at in answer}
    requests = await _settled(sink)
    cpu, delays = await subject.tell("finish")
    await subject.tell("others", writes=OTHERS)
    await asyncio.sleep(QUIET)
    other_cpu, _ = await subject.tell("finish")
    return Round(
        states=len(written),
        expected=sum(arrangement.takes(sensor) for sensor, _ in written),
        arrived=arrived(written, requests),
        cpu=cpu,
        delays=delays,
        other_cpu=other_cpu,
    )


async def _settled(sink: Sink) -> Sequence[Request]:
    """Return what has arrived once no more does."""
    before, count = None, sink.count()
    while count != before:
        await asyncio.sleep(QUIET)
        before, count = count, sink.count()
    return sink.collect()
