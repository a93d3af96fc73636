"""What was in the requests that arrived, and how long after it was measured."""

from collections.abc import Iterable, Iterator, Mapping
import json
import re
from typing import NamedTuple

from .sink import Request

LINE = re.compile(rb"(?:source=sensor\.|entity_id=)bench_(\d+).* (\d+)$")
"""A line of the relay's, or of core's influxdb: both know the sensor and the time."""

NS_PER_MS = 1_000_000

LEAST_US, LEAST_NS = 10**14, 10**17
"""What times of this century are above in µs and in ns, and no coarser one is."""


class Reading(NamedTuple):
    """What tells a reading from all others."""

    sensor: int
    """The number of the sensor."""
    at: int
    """When it was measured, in milliseconds since the Unix epoch, UTC."""


class Arrived(NamedTuple):
    """How many readings arrived, and how fast."""

    readings: int
    """Different ones, of those that were written."""
    duplicates: int
    latencies: list[float]
    """From the write of the state to the request being received, in ms."""


def readings_in(body: bytes) -> Iterator[Reading]:
    """Yield the readings in a request's body: JSON of one, or line protocol.

    Raises ValueError where it is neither. Pulsoid's JSON tells no sensor: there it is the
    first one, which is the one that counts.
    """
    if body.startswith(b"{"):
        reading = json.loads(body)
        yield Reading(reading.get("sensor", 0), reading["measured_at"])
        return
    # Core's influxdb tries its connection with nothing but the end of a line
    for line in filter(None, body.splitlines()):
        if not (match := LINE.search(line)):
            raise ValueError(f"not a reading: {line!r}")
        sensor, at = map(int, match.groups())
        yield Reading(sensor, _ms(at))


def _ms(at: int) -> int:
    """Return a time in ms that is in ms, µs or ns."""
    if at > LEAST_NS:
        return at // NS_PER_MS
    return at // 1000 if at > LEAST_US else at


def arrived(written: Mapping[Reading, int], requests: Iterable[Request]) -> Arrived:
    """Return what arrived of readings that were written at these times (monotonic, ns)."""
    received: dict[Reading, int] = {}
    repeats = 0
    for request in requests:
        for reading in readings_in(request.body):
            if reading in received:
                repeats += 1
            elif reading in written:
                received[reading] = request.received_at
    return Arrived(
        readings=len(received),
        duplicates=repeats,
        latencies=[
            (at - written[reading]) / NS_PER_MS for reading, at in received.items()
        ],
    )
