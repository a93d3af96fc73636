"""What has happened since a workout may have begun, so that no restart and no kill ends it.

A file of lines, each of which is something that happened, as JSON. All of it told to a tracker
again, in the same order, comes to the same. Blocking: for an executor.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
import json
import os
from pathlib import Path
from typing import NamedTuple

from .sample import Sample
from .sport import Sport
from .tracker import Tracker
from .whole import write_whole

type Field = str | int | float | bool | None
type Line = tuple[Field, ...]

AT_ONCE = 500
"""How much is told again in one go: about a millisecond's worth."""

SAMPLE = "sample"
STARTED = "started"
STOPPED = "stopped"
RESUMED = "resumed"
SET_BACK = "set_back"
COUNTED = "counted"
TOLD = "told"

type Happening = Sample | Line


class Start(NamedTuple):
    """What a tracker has to know before all that happened."""

    told_until: int = 0
    is_held: bool = False


class Journal:
    """What has happened, on disk."""

    def __init__(self, path: Path) -> None:
        """Initialize the journal in a file."""
        self._path = path

    def read(self) -> tuple[Start, list[Happening]]:
        """Return what was written. Of a line that is torn nothing is known."""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
            first, *lines = text.splitlines()
            start = Start(*json.loads(first))
        except FileNotFoundError, TypeError, ValueError:
            return Start(), []
        return start, [*filter(None, map(_happening, lines))]

    def begin(self, start: Start) -> None:
        """Forget all that happened. Raises OSError."""
        write_whole(self._path, _line(start).encode())

    def write(self, happened: Iterable[Happening], *, sync: bool) -> None:
        """Write what has happened since, with sync also for a power cut.

        Raises OSError where the disk does not take it, and takes nothing then.
        """
        lines = [
            _line((SAMPLE, *one) if isinstance(one, Sample) else one)
            for one in happened
        ]
        with self._path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                # What was torn before must not take the first of these with it
                left = "".join(["\n", *lines]).encode()
                while left:
                    left = left[file.write(left) :]
                if sync:
                    os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    file.truncate(size)
                raise


def tell(tracker: Tracker, happening: Happening) -> None:
    """Let a tracker know what happened, now or once more."""
    match happening:
        case Sample():
            tracker.take(happening)
        case (str(kind), int(at), sport) if kind == STARTED:
            # A later version may know others
            tracker.start(at, Sport(str(sport)) if sport in list(Sport) else None)
        case (str(kind), int(at)) if kind == STOPPED:
            tracker.stop(at)
        case (str(kind), int(at)) if kind == RESUMED:
            tracker.resume(at)
        case (str(kind), int(by)) if kind == SET_BACK:
            tracker.set_back(by)


def counted(happened: Sequence[Happening]) -> dict[str, list[Field]]:
    """Return what was known of each counter, by its source, when it was stopped to listen.

    After a kill that is not known: what was counted since is told already.
    """
    found: dict[str, list[Field]] = {}
    for one in reversed(happened):
        if isinstance(one, Sample) or one[0] != COUNTED:
            break
        found[str(one[1])] = [*one[2:]]
    return found


def told(happened: Iterable[Happening]) -> set[Field]:
    """Return when those workouts began that are in it, and were told already.

    What is over is in it until all that was over with it is told.
    """
    return {
        one[1] for one in happened if not isinstance(one, Sample) and one[0] == TOLD
    }


async def tell_all(tracker: Tracker, happened: Iterable[Happening]) -> int:
    """Let a tracker know what happened, and others have their turn meanwhile.

    Return how much of it was over before the last: what comes then is of no workout, or the next.
    """
    over = 0
    for number, happening in enumerate(happened):
        told_until = tracker.told_until
        tell(tracker, happening)
        if tracker.told_until > told_until:
            over = number
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return over


def _happening(line: str) -> Happening | None:
    """Return what happened by a line, None where that makes no sense."""
    try:
        fields = json.loads(line)
        return Sample(*fields[1:]) if fields[0] == SAMPLE else tuple(fields)
    except KeyError, IndexError, TypeError, ValueError:
        return None


def _line(fields: Iterable[Field]) -> str:
    """Return a line of the file."""
    return json.dumps([*fields], separators=(",", ":")) + "\n"
