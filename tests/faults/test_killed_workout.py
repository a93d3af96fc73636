"""SIGKILL in the middle of a workout, and what is known of it when it is over.

FAULT_WORKOUT_KILLS says how often.
"""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path
from random import Random
import signal
import sys
from typing import NamedTuple

import pytest

from custom_components.heart_rate_relay.const import DEFAULT_WORKOUT_OPTIONS, DOMAIN
from custom_components.heart_rate_relay.reading import SECOND
from custom_components.heart_rate_relay.workout.journal import Journal, tell
from custom_components.heart_rate_relay.workout.sample import MINUTE, Sample
from custom_components.heart_rate_relay.workout.settings import rules_of
from custom_components.heart_rate_relay.workout.tracker import Finished, Tracker
from homeassistant.helpers.storage import STORAGE_DIR

from ..workout.common import create
from .common import scale
from .workout_process import ENTRY_ID

KILLS = int(scale("FAULT_WORKOUT_KILLS", 2))

ROOT = Path(__file__).parents[2]

HOUR = 60 * MINUTE


class Told(NamedTuple):
    """A heart rate that a process measured."""

    at: int
    late: float


async def live(folder: Path, *, for_seconds: float, is_killed: bool) -> list[Told]:
    """Let somebody train until a kill, or the end, and return what was told of it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.workout_process", str(folder)),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdin
    assert process.stdout
    first = await process.stdout.readline()
    reader = asyncio.create_task(process.stdout.read())
    await asyncio.sleep(for_seconds)
    if is_killed:
        process.kill()
    else:
        process.stdin.close()
    *lines, last = (first + await reader).decode().split("\n")
    assert await process.wait() == (-signal.SIGKILL if is_killed else 0)
    if not is_killed:
        assert (lines.pop(), last) == ("over", "")
    numbers = [line.split() for line in lines]
    return [Told(int(at), float(late)) for at, late in numbers]


def finished_by(journal: Journal) -> list[Finished]:
    """Return the workouts that a journal comes to."""
    found: list[Finished] = []
    rules = rules_of({**DEFAULT_WORKOUT_OPTIONS, "begin_after": 0})
    tracker = Tracker(rules, create, found.append)
    _, happened = journal.read()
    for happening in happened:
        tell(tracker, happening)
    tracker.pass_time(max(one.at for one in happened if isinstance(one, Sample)) + HOUR)
    return found


@pytest.mark.slow
@pytest.mark.timeout(180 + 30 * KILLS)
def test_killed(tmp_path: Path) -> None:
    """It is one workout, of which at most a second before each kill is not known."""
    random = Random(15)
    journal = Journal(tmp_path / STORAGE_DIR / DOMAIN / f"{ENTRY_ID}.journal")
    told: list[Told] = []
    may_be_lost: set[int] = set()
    lost = 0
    for number in range(KILLS + 1):
        is_killed = number < KILLS
        lived = asyncio.run(
            live(tmp_path, for_seconds=random.uniform(1, 3), is_killed=is_killed)
        )
        told += lived
        if is_killed:
            # By its own last word: it may have had no time of the machine since
            last = lived[-1]
            bound = last.at - round((1 + last.late) * SECOND)
            may_be_lost |= {one.at for one in lived if one.at >= bound}
        _, happened = journal.read()
        known = {one.at for one in happened if isinstance(one, Sample)}
        missing = {one.at for one in told} - known
        assert missing <= may_be_lost
        lost = len(missing)
    (finished,) = finished_by(journal)
    assert finished.summary.begin == min(known)
    assert finished.summary.begin - told[0].at <= SECOND
    assert finished.summary.end == pytest.approx(told[-1].at, abs=SECOND)
    print(  # noqa: T201 - to be found where it is run for long
        f"{KILLS} kills, {len(told)} heart rates, {lost} lost, "
        "each measured within a second before a kill"
    )
