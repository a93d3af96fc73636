"""The power is cut at any moment, and of what was measured before hardly anything is lost.

FAULT_CUTS says how often in each life of an outbox, FAULT_LIVES how many lives there are.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
import json
from math import inf
from pathlib import Path
from random import Random
import shutil
import tempfile

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.metrics import Metric
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.outbox.tally import Tally
from custom_components.heart_rate_relay.reading import Reading

from ..outbox.common import STRAP
from .common import scale
from .power import Call, Disk, record

CUTS = int(scale("FAULT_CUTS", 100))
LIVES = int(scale("FAULT_LIVES", 3))
SECONDS = 2.0
AT_ONCE = 3
"""Lives that are lived side by side."""

ACCOUNT = "me 1a"


@dataclass
class Told:
    """What a process said up to a moment."""

    measured: dict[int, Reading] = field(default_factory=dict)
    added: dict[int, float] = field(default_factory=dict)
    """When each was added."""
    late: float = 0.0
    """How many seconds late the machine was at the most."""
    down_since: float = inf
    """Since when the service was known to be down."""
    steps: dict[int, int] = field(default_factory=dict)
    """What the counter showed with each reading of steps."""
    filling: dict[int, Sequence[int]] = field(default_factory=dict)
    filled: set[int] = field(default_factory=set)
    delivered: set[int] = field(default_factory=set)
    settled: set[int] = field(default_factory=set)
    flushed: int = 0

    def hear(self, at: float, what: str, *numbers: float) -> None:
        """Take note of what it said at a time."""
        moments = [int(number) for number in numbers]
        match what:
            case "measured" | "steps":
                moment, value, *_ = moments
                self.late, steps = numbers[2:]
                metric = metrics.STEPS if what == "steps" else metrics.HEART_RATE
                self.measure(moment, value, metric)
                self.added[moment] = at
                if what == "steps":
                    self.steps[moment] = int(steps)
            case "filling":
                first, *values = moments
                self.filling[first] = range(first, first + len(values))
                for moment, value in enumerate(values, first):
                    self.measure(moment, value, metrics.HEART_RATE)
            case "filled":
                self.filled.update(moments)
            case "delivered":
                self.delivered.update(moments)
            case "settled":
                self.settled.update(moments)
            case "up" | "down":
                self.down_since = at if what == "down" else inf
            case "flushed":
                self.flushed = moments[0]

    def measure(self, moment: int, value: int, metric: Metric) -> None:
        """Take note of a reading."""
        duration = int(metric is metrics.STEPS)
        self.measured[moment] = Reading(metric, float(value), moment, STRAP, duration)


async def left_after(folder: Path) -> tuple[list[Reading], Tally]:
    """Return what an outbox finds after a cut, and what it knows."""
    outbox = Outbox(folder / "outbox.db", max_readings=1_000_000, max_age=1e9)
    await outbox.open()
    entries = await outbox.take(1_000_000, newest_first=False)
    assert outbox.set_aside is None
    assert outbox.trouble is None
    assert len(outbox) == len(entries)
    tally = outbox.tally.copy()
    await outbox.settle(entries)
    assert len(outbox) == 0
    await outbox.close()
    return [entry.reading for entry in entries], tally


def see(told: Told, at: float, left: Sequence[Reading], tally: Tally) -> int:
    """See that what is left after a cut is right, and return how many readings are lost."""
    there = {reading.measured_at for reading in left}
    assert len(there) == len(left), "twice"
    assert not [one for one in left if told.measured.get(one.measured_at) != one]
    assert not there & told.settled, "what was settled is back"
    lost = told.added.keys() - there - told.delivered
    for moment in lost:
        added_at = told.added[moment]
        assert moment > told.flushed
        assert at - added_at <= 1.0 + told.late
        assert at - max(added_at, told.down_since) <= 0.5 + told.late
    # No step is counted twice, nor left out
    (counted,) = tally.counters.get("2b", [0])
    assert isinstance(counted, int)
    for moment, count in told.steps.items():
        if moment in told.delivered:
            assert count <= counted, "delivered, and to be counted again"
        if count <= counted:
            assert moment in there | told.delivered, "counted, and lost"
    # What is covered is there, and what is there is covered
    covered = tally.covered.get(ACCOUNT, [])
    for first, moments in told.filling.items():
        is_covered = any(start <= first < end for start, end in covered)
        assert is_covered or first not in told.filled
        assert is_covered or not there & set(moments)
        assert not is_covered or set(moments) <= there | told.delivered
    return len(lost)


@pytest.mark.slow
@pytest.mark.timeout(120 + CUTS * LIVES)
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_power_cut(tmp_path: Path) -> None:
    """What is lost is what was measured just before; nothing is altered, made up or counted twice."""
    cuts = lost = most = 0

    def live(seed: int) -> tuple[Path, Sequence[Call]]:
        folder = tmp_path / str(seed)
        folder.mkdir()
        module = "tests.faults.power_process"
        return folder, record(folder, module, str(seed), str(SECONDS))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        lives = list(threads.map(live, range(LIVES)))
    for seed, (folder, calls) in enumerate(lives):
        for count in cut(calls, folder, Random(seed)):
            cuts += 1
            lost += count
            most = max(most, count)
    print(  # noqa: T201 - to be found where it is run for long
        f"{cuts} cuts, {lost} readings lost, at most {most} at once, each measured just before"
    )


def cut(calls: Sequence[Call], folder: Path, random: Random) -> list[int]:
    """Cut the power of a process again and again, and return how many readings that lost."""
    disk, told = Disk(folder / "relay"), Told()
    chosen = set(random.sample(range(len(calls)), min(CUTS, len(calls))))
    lost = []
    for number, call in enumerate(calls):
        if Path(call.path).name == "told":
            told.hear(call.at, *json.loads(call.strings[0]))
        else:
            disk.do(call)
        if number in chosen:
            with tempfile.TemporaryDirectory() as after:
                disk.cut(random, Path(after))
                left, tally = asyncio.run(left_after(Path(after)))
                lost.append(see(told, call.at, left, tally))
    return lost
