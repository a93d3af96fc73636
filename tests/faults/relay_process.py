"""A process with an outbox and its delivery to an InfluxDB, until it is killed.

It measures as fast as told, and tells each reading before it hands it to the outbox: its
number, when, and how many seconds late this machine was at the most so far, in waking up
or in writing to the disk.
"""

import asyncio
import importlib
from itertools import count
from pathlib import Path
import sys
import time
from typing import Any

import aiohttp

from tests.outbox.outbox_process import PACKAGE, import_outbox

INTERVAL = 0.003


class Lateness:
    """How late a machine is that has other things to do."""

    def __init__(self, writer: Any, name: str = "flush") -> None:
        """Watch how long something takes to write, with a method of this name."""
        self._seconds = 0.0
        self._writes_since: float | None = None
        self._write = getattr(writer, name)
        setattr(writer, name, self._timed)

    @property
    def seconds(self) -> float:
        """How late it was at the most, also in what it is about now."""
        if self._writes_since is not None:
            self.note(time.monotonic() - self._writes_since)
        return self._seconds

    def note(self, seconds: float) -> None:
        """Take note of a delay."""
        self._seconds = max(self._seconds, seconds)

    async def _timed(self, **how: Any) -> None:
        self._writes_since = time.monotonic()
        try:
            await self._write(**how)
        finally:
            self.note(time.monotonic() - self._writes_since)
            self._writes_since = None


async def run(path: Path, url: str, first: int) -> None:
    """Measure and deliver. The number of a reading is its value, and its time in ms."""
    reading, outbox_module = import_outbox()
    influxdb = importlib.import_module(f"{PACKAGE}.destinations.influxdb")
    tokens = importlib.import_module(f"{PACKAGE}.destinations.tokens")
    delivery = importlib.import_module(f"{PACKAGE}.delivery.delivery")
    backoff = importlib.import_module(f"{PACKAGE}.delivery.backoff")
    vars(backoff).update(MIN_BACKOFF=0.01, MAX_BACKOFF=0.1)
    heart_rate = importlib.import_module(f"{PACKAGE}.metrics").HEART_RATE
    source = reading.Source("1a", "sensor.strap", "Strap")
    outbox = outbox_module.Outbox(path, max_readings=1_000_000, max_age=1e9)
    await outbox.open()
    late = Lateness(outbox)
    async with aiohttp.ClientSession() as session:
        config = {"url": url, "database": "home"}
        service = influxdb.InfluxDBv1(session, config, tokens.Tokens())
        relay = delivery.Delivery(outbox, service, lambda error: None)
        relay.start()
        for number in count(first):
            sys.stdout.write(f"{number} {time.time()} {late.seconds}\n")
            sys.stdout.flush()
            now = time.time_ns() // 1000
            measured = (heart_rate, float(number), now, source)
            outbox.add(reading.Reading(*measured))
            relay.wake()
            expected = time.monotonic() + INTERVAL
            await asyncio.sleep(INTERVAL)
            late.note(time.monotonic() - expected)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
