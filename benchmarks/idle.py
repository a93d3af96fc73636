"""Relays that have nothing to do: how long they take to set up, and their memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from .arrangements import DATABASE
from .sink import Sink
from .subject import Subjects

MORE = 50
"""Relays that are added to the first one."""


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """What the set-up of a relay came to."""

    seconds: float
    cpu: float
    """Seconds."""
    memory: float
    """Bytes."""


async def measure(
    sink: Sink, subjects: Subjects, rounds: int
) -> tuple[Sequence[SetUp], Sequence[SetUp]]:
    """Return what the first relay comes to, with all code that it needs, and each more."""
    first: list[SetUp] = []
    more: list[SetUp] = []
    for _ in range(rounds):
        async with subjects(1) as subject:
            entry = DATABASE.entry(1, sink.url)
            for results, entries in ((first, 1), (more, MORE)):
                seconds, cpu, memory = await subject.tell(
                    "set_up", entries=entries, **entry
                )
                results.append(SetUp(seconds=seconds, cpu=cpu, memory=memory))
    return first, more
