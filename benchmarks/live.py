"""States that are written, and what it costs until they have arrived."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from .arrangements import Arrangement, arrangements_for
from .arrivals import Arrived, Reading, arrived
from .sink import Request, Sink
from .subject import Subject, Subjects

WARM_UP = 4
"""How often each sensor measures before a round."""

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
    whole: bool = False
    """Whether they measure a whole sample: heart rate, power, speed and cadence by turns."""

    @property
    def kind(self) -> tuple[int, bool]:
        """Which sensors there are."""
        return self.sensors, self.whole

    @property
    def name(self) -> str:
        """What it is called."""
        if self.sensors == 1:
            return f"1 sensor at {self.rate:g} Hz"
        how = "all in the same moment" if self.at_once else "evenly spread"
        if self.whole:
            how = f"heart rate, power, speed and cadence, {how}"
        return f"{self.sensors:,} sensors at {self.rate:g} Hz, {how}"


SCENARIOS = (
    # One reading in a request, and none has to wait for another
    Scenario(sensors=1, rate=200, seconds=5),
    # As often as Pulsoid takes them
    Scenario(sensors=1, rate=8, seconds=20),
    Scenario(sensors=20, rate=5, seconds=5),
    Scenario(sensors=100, rate=5, seconds=5),
    Scenario(sensors=100, rate=5, seconds=5, at_once=False),
    Scenario(sensors=100, rate=1, seconds=5, at_once=False, whole=True),
    Scenario(sensors=1000, rate=1, seconds=5),
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


type Rounds = Mapping[Arrangement, list[Round]]
"""Each with those made beside it at the same place."""

type Switch = Callable[..., Awaitable[None]]


async def measure(
    scenarios: Sequence[Scenario], sink: Sink, subjects: Subjects, rounds: int
) -> Mapping[Scenario, Rounds]:
    """Return what scenarios with sensors of the same kind come to, in turn, several times.

    All is in the same Home Assistant, in which one arrangement at a time is on.
    """
    results: dict[Scenario, Rounds] = {}
    ((sensors, whole),) = {scenario.kind for scenario in scenarios}
    async with subjects(sensors) as subject:
        switches = await _switches(subject, sensors, sink, whole=whole)
        for scenario in scenarios:
            results[scenario] = by_arrangement = defaultdict(list)
            turns = list(arrangements_for(sensors))
            for _ in range(rounds):
                for arrangement in turns:
                    async with _on(switches.get(arrangement)):
                        by_arrangement[arrangement].append(
                            await _round(arrangement, scenario, subject, sink)
                        )
                # Not always after the same one
                turns.append(turns.pop(0))
    return results


async def _switches(
    subject: Subject, sensors: int, sink: Sink, *, whole: bool
) -> Mapping[Arrangement, Switch]:
    """Return what turns arrangements on and off. All are off then."""
    switches: dict[Arrangement, Switch] = {}
    for arrangement in arrangements_for(sensors):
        if arrangement.automation:
            switch = partial(subject.tell, "switch", automation=arrangement.automation)
        elif arrangement.domain:
            entry_id = await subject.tell("find", domain=arrangement.domain)
            switch = partial(subject.tell, "load", entry_id=entry_id)
        elif arrangement.relay:
            entry = arrangement.entry(sensors, sink.url, whole=whole)
            entry_id = await subject.tell("add", **entry)
            switch = partial(subject.tell, "load", entry_id=entry_id)
        else:
            continue
        await switch(on=False)
        switches[arrangement] = switch
    return switches


@asynccontextmanager
async def _on(switch: Switch | None) -> AsyncIterator[None]:
    """Turn an arrangement on, and off again."""
    if switch:
        await switch(on=True)
    yield
    if switch:
        await switch(on=False)


async def _round(
    arrangement: Arrangement, scenario: Scenario, subject: Subject, sink: Sink
) -> Round:
    """Let the sensors measure for some seconds, and then another entity."""
    warm_up = replace(scenario, seconds=WARM_UP / scenario.rate)
    await _stream(arrangement, warm_up, subject, sink)
    written, requests, cpu, delays = await _stream(arrangement, scenario, subject, sink)
    await subject.tell("others", writes=OTHERS)
    await asyncio.sleep(arrangement.quiet)
    other_cpu, _ = await subject.tell("finish")
    return Round(
        states=len(written),
        expected=sum(arrangement.takes(sensor) for sensor, _ in written),
        arrived=arrived(written, requests),
        cpu=cpu,
        delays=delays,
        other_cpu=other_cpu,
    )


async def _stream(
    arrangement: Arrangement, scenario: Scenario, subject: Subject, sink: Sink
) -> tuple[Mapping[Reading, int], Sequence[Request], float, Sequence[float]]:
    """Let the sensors measure, and wait for what arrives.

    Returns when what was written, what arrived, the CPU time (s), and how late the event
    loop was (ms).
    """
    answer = await subject.tell(
        "stream",
        sensors=scenario.sensors,
        rate=scenario.rate,
        seconds=scenario.seconds,
        at_once=scenario.at_once,
        whole=scenario.whole,
        post=str(sink.url / "readings") if arrangement.posts else None,
    )
    before, count = None, sink.count()
    while count != before:
        await asyncio.sleep(arrangement.quiet)
        before, count = count, sink.count()
    cpu, delays = await subject.tell("finish")
    written = {Reading(sensor, at): written_at for sensor, at, written_at in answer}
    return written, sink.collect(), cpu, delays
