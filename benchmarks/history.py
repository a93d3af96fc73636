"""A month in the recorder that is delivered afterwards, while Home Assistant goes on."""

from collections.abc import Sequence
from dataclasses import dataclass

from .arrangements import DATABASE
from .arrivals import readings_in
from .sink import Sink
from .subject import Subjects

MONTH = 30 * 24 * 60 * 60 - 60 * 60
"""Readings at 1 Hz, of as long as a relay keeps them less an hour for the way."""

QUIET = 5.0
"""Seconds for which to see how late the event loop is by itself."""


@dataclass(frozen=True, kw_only=True)
class Backfilled:
    """What a backfill of so many readings came to."""

    readings: int
    arrived: int
    """How many different ones."""
    seconds: float
    """From the action to the last reading having been delivered."""
    cpu: float
    """Seconds of the whole process."""
    memory: int
    """By how much the process grew at its highest, in bytes."""
    delays: Sequence[float]
    """How late the event loop was, in ms."""
    delays_before: Sequence[float]
    """The same while there was nothing to do."""


async def measure(readings: int, sink: Sink, subjects: Subjects) -> Backfilled:
    """Return what it comes to when so many readings are backfilled."""
    async with subjects(1) as subject:
        # The first one that the recorder has may be an old one, and is not delivered
        await subject.tell("remember", states=readings + 1)
        sink.collect()
        delays_before = await subject.tell("idle", seconds=QUIET)
        seconds, cpu, memory, delays = await subject.tell(
            "backfill", **DATABASE.entry(1, sink.url)
        )
        arrived = {
            reading
            for request in sink.collect()
            for reading in readings_in(request.body)
        }
        return Backfilled(
            readings=readings,
            arrived=len(arrived),
            seconds=seconds,
            cpu=cpu,
            memory=memory,
            delays=delays,
            delays_before=delays_before,
        )
