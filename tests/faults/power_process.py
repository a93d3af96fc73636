"""A process with an outbox whose service comes and goes, which tells all it does.

What it tells is a line each, written to a file of which no part is lost: by that, and the calls of
the operating system between the lines, tests/faults/power.py knows what has to survive a cut.
"""

import asyncio
import importlib
import json
import os
from pathlib import Path
from random import Random
import sys
import time
from typing import Any

from tests.outbox.outbox_process import PACKAGE, import_outbox


class Life:
    """What happens to an outbox in a few seconds."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Initialize it. The number of a reading is the time at which it was measured, and more."""
        self.random = Random(seed)
        self.reading, self.module = import_outbox()
        self.metrics = importlib.import_module(f"{PACKAGE}.metrics")
        # As it is, only sooner
        disk = sys.modules[f"{PACKAGE}.outbox.disk"]
        vars(disk)["SETTINGS"] += "PRAGMA wal_autocheckpoint = 150;"
        self.told = os.open(folder / "told", os.O_WRONLY | os.O_CREAT)
        self.path = folder / "relay" / "outbox.db"
        self.outbox: Any = None
        self.coverage = importlib.import_module(f"{PACKAGE}.outbox.coverage").Coverage
        self.start = time.time_ns() // 1000
        self.number = 0
        self.past = self.start - 1_000_000
        self.steps = 1000
        self.late = 0.0
        self.answers = True
        self.source = self.reading.Source("1a", "sensor.strap", "Strap")

    def tell(self, what: str, *numbers: float) -> None:
        """Say what happens, or has happened."""
        line = f"{json.dumps([what, *numbers])}\n"
        os.write(self.told, line.encode())

    async def run(self, seconds: float) -> None:
        """Live twice, for so long each time."""
        for _ in range(2):
            bounds = {"max_readings": 1_000_000, "max_age": 1e9}
            self.outbox = self.module.Outbox(self.path, **bounds)
            await self.outbox.open()
            self.tell("up")
            self.late = 0.0
            ends = time.monotonic() + seconds
            await asyncio.gather(
                self.measure(ends),
                self.deliver(ends),
                self.fill(ends),
                self.change(ends),
            )
            upto = self.number
            await self.outbox.close()
            self.tell("flushed", self.start + upto)

    async def pause(self, seconds: float) -> None:
        """Wait, and take note of how late this machine is."""
        expected = time.monotonic() + seconds
        await asyncio.sleep(seconds)
        self.late = max(self.late, time.monotonic() - expected)

    async def measure(self, ends: float) -> None:
        """Measure, and count steps now and then."""
        while time.monotonic() < ends:
            self.number += 1
            at = self.start + self.number
            if self.number % 17 == 0:
                walked = self.random.randint(1, 9)
                self.steps += walked
                self.outbox.tally.counters["2b"] = [self.steps]
                self.add("steps", self.metrics.STEPS, walked, at, 1)
            else:
                value = self.random.randint(40, 200)
                self.add("measured", self.metrics.HEART_RATE, value, at, 0)
            await self.pause(self.random.uniform(0, 0.03))

    def add(self, what: str, metric: Any, value: int, at: int, duration: int) -> None:
        """Add a reading."""
        self.tell(what, at, value, self.late, self.steps)
        one = self.reading.Reading(metric, float(value), at, self.source, duration)
        self.outbox.add(one)

    async def deliver(self, ends: float) -> None:
        """Deliver while the service answers."""
        while time.monotonic() < ends:
            if self.outbox.is_answered is not self.answers:
                self.outbox.is_answered = self.answers
                self.tell("up" if self.answers else "down")
            if self.answers and len(self.outbox):
                began = time.monotonic()
                newest_first = self.random.random() < 0.5
                count = self.random.randint(1, 200)
                entries = await self.outbox.take(count, newest_first=newest_first)
                ats = [entry.reading.measured_at for entry in entries]
                self.tell("delivered", *ats)
                await self.outbox.settle(entries)
                self.tell("settled", *ats)
                self.late = max(self.late, time.monotonic() - began)
            await self.pause(0.01)

    async def fill(self, ends: float) -> None:
        """Take the past, a part after the other, with what was covered by it."""
        coverage = self.coverage(self.outbox.tally.covered, "me")
        while time.monotonic() < ends:
            await self.pause(self.random.uniform(0, 0.4))
            count = self.random.randint(0, 300)
            first = self.past
            self.past += 1000
            some = [
                self.reading.Reading(
                    self.metrics.HEART_RATE,
                    float(40 + number % 150),
                    first + number,
                    self.source,
                )
                for number in range(count)
            ]
            self.tell("filling", first, *(one.value for one in some))
            covered = coverage.with_span(["1a"], first, first + 1000)
            if await self.outbox.insert(some, covered):
                self.tell("filled", first)

    async def change(self, ends: float) -> None:
        """Let the service come and go, and see now and then how long writing takes."""
        while time.monotonic() < ends:
            await self.pause(self.random.uniform(0.1, 1.2))
            self.answers = not self.answers
            upto = self.number
            began = time.monotonic()
            await self.outbox.flush()
            self.late = max(self.late, time.monotonic() - began)
            self.tell("flushed", self.start + upto)


if __name__ == "__main__":
    life = Life(Path(sys.argv[1]), int(sys.argv[2]))
    asyncio.run(life.run(float(sys.argv[3])))
