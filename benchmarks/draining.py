"""A full outbox that is drained, beside a file with the same lines that is posted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory
import time

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox.disk import DiskTier
from custom_components.heart_rate_relay.reading import Reading, Source

from .arrangements import DATABASE
from .arrivals import readings_in
from .sink import Request, Sink
from .subject import Subject, Subjects

SENSORS = 20

INTERVAL = 50_000
"""Microseconds between two readings: 20 sensors at 1 Hz."""

ENTRY_ID = "benchmark"

AT_ONCE = 10_000
"""Readings that are prepared at once."""


@dataclass(frozen=True, kw_only=True)
class Drained:
    """What draining so many readings came to."""

    readings: int
    arrived: int
    """How many different ones."""
    seconds: float
    """From the first request to the last."""
    cpu: float
    """Seconds of the whole process, from the set-up on."""
    memory: int
    """By how much the process grew at its highest, in bytes."""


async def measure(
    readings: int, sink: Sink, subjects: Subjects, rounds: int
) -> tuple[Sequence[Drained], Sequence[Drained]]:
    """Return what draining so many readings comes to, and what its floor is."""
    drained, floor = [], []
    with TemporaryDirectory(prefix="benchmark-") as name:
        outbox, lines = Path(name) / "outbox.db", Path(name) / "lines"
        _fill(outbox, lines, readings)
        for _ in range(rounds):
            # In a new process each time: memory that was freed would be used again
            async with subjects(1) as subject:
                url = str(sink.url / "readings")
                cpu, memory = await subject.tell("pour", path=str(lines), url=url)
                floor.append(_result(readings, sink.collect(), cpu, memory))
            async with subjects(1) as subject:
                drained.append(await _drain(subject, sink, outbox, readings))
    return drained, floor


async def _drain(subject: Subject, sink: Sink, outbox: Path, readings: int) -> Drained:
    """Drain a copy of an outbox."""
    folder = subject.folder / ".storage" / "heart_rate_relay"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(outbox, folder / f"{ENTRY_ID}.db")
    sink.collect()
    cpu, memory = await subject.tell(
        "drain", entry_id=ENTRY_ID, **DATABASE.entry(0, sink.url)
    )
    return _result(readings, sink.collect(), cpu, memory)


def _result(
    readings: int, requests: Sequence[Request], cpu: float, memory: int
) -> Drained:
    """Return what requests came to."""
    requests = [request for request in requests if request.body.strip()]
    arrived = {reading for request in requests for reading in readings_in(request.body)}
    first, last = requests[0].received_at, requests[-1].received_at
    return Drained(
        readings=readings,
        arrived=len(arrived),
        seconds=(last - first) / 1e9,
        cpu=cpu,
        memory=memory,
    )


def _fill(outbox: Path, lines: Path, readings: int) -> None:
    """Write the readings of the latest hours into an outbox, and their lines into a file."""
    store = DiskTier(outbox)
    with lines.open("w") as file:
        for some in batched(_readings(readings), AT_ONCE, strict=False):
            with store.transaction() as packs:
                packs.insert(some)
            file.writelines(
                f"heart_rate,name={source.name},source={source.entity_id} "
                f"bpm={value} {measured_at}\n"
                for _, value, measured_at, source, _ in some
            )
    store.close()


def _readings(readings: int) -> Iterator[Reading]:
    """Yield so many readings, the oldest first."""
    sources = [
        Source(f"sensor.bench_{number}", f"sensor.bench_{number}", f"Bench{number}")
        for number in range(SENSORS)
    ]
    start = time.time_ns() // 1000 - readings * INTERVAL
    for number in range(readings):
        yield Reading(
            metrics.HEART_RATE,
            60.0 + number % 120,
            start + number * INTERVAL,
            sources[number % SENSORS],
        )
