"""Relays that have nothing to do: how long they take to set up, and their memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .arrangements import DATABASE
from .sink import Sink
from .subject import Subjects

MORE = 50
"""Relays that are added to the first one."""

FIRST = "the first, with its code"
EACH = "each more"
FLOOR = "as many entities, of which nothing is behind"


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """What the set-up of a relay came to."""

    seconds: float
    cpu: float
    """Seconds."""
    memory: float
    """Bytes."""


async def measure(
    sink: Sink, subjects: Subjects, rounds: int, *, with_floor: bool = True
) -> Mapping[str, Sequence[SetUp]]:
    """Return what the first relay comes to, with all code that it needs, and each more.

    The floor is what Home Assistant takes for the same entities. Memory is asked for once all
    else is known, and in a Home Assistant of its own for the first: to count it takes time.
    Its entities are those of this build, and of no other one.
    """
    relay = DATABASE.entry(1, sink.url)
    floor = {"domain": "benchmark_driver", "data": {}}
    results: defaultdict[str, list[SetUp]] = defaultdict(list)
    for _ in range(rounds):
        async with subjects(1) as subject:
            weight = await subject.tell("weigh", entries=1, **relay)
        async with subjects(1) as subject:
            seconds, cpu = await subject.tell("set_up", entries=1, **relay)
            results[FIRST].append(SetUp(seconds=seconds, cpu=cpu, memory=weight))
            kinds = {EACH: relay}
            if with_floor:
                await subject.tell("set_up", entries=1, **floor)
                kinds = {FLOOR: floor, EACH: relay}
            for name, entry in kinds.items():
                seconds, cpu = await subject.tell("set_up", entries=MORE, **entry)
                weight = await subject.tell("weigh", entries=MORE, **entry)
                results[name].append(SetUp(seconds=seconds, cpu=cpu, memory=weight))
    return results
