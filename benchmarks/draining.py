"""A full outbox that is drained, beside a file with the same lines that is posted."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
import os
from pathlib import Path
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory
import time
from types import MappingProxyType

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox.disk import DiskTier
from custom_components.heart_rate_relay.reading import Reading, Source

from .arrangements import DATABASE
from .arrivals import readings_in
from .sink import Request, Sink
from .subject import Subject, Subjects

FLOOR = "the same lines, posted from a file"

SENSORS = 20

INTERVAL = 50_000
"""Microseconds between two readings: 20 sensors at 1 Hz."""

ENTRY_ID = "benchmark"

AT_ONCE = 10_000
"""Readings that are prepared at once."""

FILL = """
from pathlib import Path
import sys

sys.path.insert(0, ".")
from benchmarks.draining import _fill

outbox, lines, readings = sys.argv[1:]
_fill(Path(outbox), Path(lines), int(readings))
"""
"""What fills an outbox with the code of any revision that had this benchmark."""


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
    delays: Sequence[float]
    """How late the event loop was, in ms."""


async def measure(
    readings: int,
    sink: Sink,
    builds: Mapping[str, Subjects],
    rounds: int,
    trees: Mapping[str, Path] = MappingProxyType({}),
) -> Mapping[str, Sequence[Drained]]:
    """Return what draining so many readings comes to with each build, and what its floor is.

    Where a build is of another revision, that one's tree is given.
    """
    results: defaultdict[str, list[Drained]] = defaultdict(list)
    with TemporaryDirectory(prefix="benchmark-") as name:
        lines = Path(name) / "lines"
        outboxes = {build: Path(name) / f"{n}.db" for n, build in enumerate(builds)}
        for build, outbox in outboxes.items():
            if tree := trees.get(build):
                _fill_as_then(tree, outbox, readings)
            else:
                _fill(outbox, lines, readings)
        for _ in range(rounds):
            # In a new process each time: memory that was freed would be used again
            async with next(iter(builds.values()))(1) as subject:
                url = str(sink.url / "readings")
                cpu, memory, delays = await subject.tell(
                    "pour", path=str(lines), url=url
                )
                results[FLOOR].append(
                    _result(readings, sink.collect(), cpu, memory, delays)
                )
            for build, subjects in builds.items():
                async with subjects(1) as subject:
                    drained = await _drain(subject, sink, outboxes[build], readings)
                    results[build].append(drained)
    return results


async def _drain(subject: Subject, sink: Sink, outbox: Path, readings: int) -> Drained:
    """Drain a copy of an outbox."""
    folder = subject.folder / ".storage" / "heart_rate_relay"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(outbox, folder / f"{ENTRY_ID}.db")
    sink.collect()
    cpu, memory, delays = await subject.tell(
        "drain", entry_id=ENTRY_ID, **DATABASE.entry(0, sink.url)
    )
    return _result(readings, sink.collect(), cpu, memory, delays)


def _result(
    readings: int,
    requests: Sequence[Request],
    cpu: float,
    memory: int,
    delays: Sequence[float],
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
        delays=delays,
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


def _fill_as_then(tree: Path, outbox: Path, readings: int) -> None:
    """Have another revision write readings into an outbox: its file is another one.

    Raises subprocess.CalledProcessError where it cannot.
    """
    arguments = (str(outbox), os.devnull, str(readings))
    subprocess.run((sys.executable, "-c", FILL, *arguments), cwd=tree, check=True)


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
