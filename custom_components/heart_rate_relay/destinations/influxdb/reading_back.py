"""Sees whether a database holds what it said it took, where that is in question.

VictoriaMetrics and others answer alike to what they keep and to what they drop: what is older
than their retention, and what is ahead of time.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
import time

from ...reading import SECOND, Reading, to_us
from ..base import Receipt, Refusal
from ..errors import DestinationError, UnreachableError

OLD = 60 * 60.0
"""Seconds after which a reading is looked for: what is live costs nothing."""

AHEAD = 24 * 60 * 60.0
"""Seconds by which a reading is ahead that is looked for."""

VALID = 60 * 60.0
"""Seconds for which it holds what was found, and that nothing may be asked."""

LOOKS = (2.0, 6.0, 24.0)
"""Seconds before each look, where not all that is there shows at once.

VictoriaMetrics shows a new series after one or two, and later where its disk is slow; where it is
asked before, later still.
"""

TOO_OLD = "taken, but not kept: older than the retention of the database"
TOO_EARLY = "taken, but not kept: too far ahead of time for the database"

measured_at = attrgetter("measured_at")

type Look = Callable[[Reading], Awaitable[bool]]
"""Returns whether a reading is there. Raises DestinationError where nobody may ask."""


class Horizon:
    """How far from now a database keeps what it is given, to one side."""

    def __init__(self) -> None:
        """Initialize the horizon, of which nothing is known."""
        self._kept = self._lost = 0.0
        self._valid_until = 0.0

    def keeps(self, distance: float) -> bool | None:
        """Return whether what is so many seconds away is kept, None if it is not known."""
        if time.monotonic() > self._valid_until:
            return None
        if distance <= self._kept:
            return True
        return False if 0 < self._lost <= distance else None

    def note(self, distance: float, *, is_kept: bool) -> None:
        """Take note of what was seen."""
        if self.keeps(0.0) is None:
            self._kept = self._lost = 0.0
            self._valid_until = time.monotonic() + VALID
        if is_kept:
            self._kept = max(self._kept, distance)
        else:
            self._lost = min(self._lost or distance, distance)


class ReadBack:
    """Looks for readings that a database may have dropped without a word."""

    def __init__(self, look: Look, shows_at_once: Callable[[], bool]) -> None:
        """Initialize with what looks for a reading, and what says whether it has to wait."""
        self.works: bool | None = None
        """Whether it can be seen what is there, None where nobody has looked."""
        self._look = look
        self._shows_at_once = shows_at_once
        self._not_before = 0.0
        self._past, self._future = Horizon(), Horizon()
        self._latest: Reading | None = None
        self._place_until = 0.0
        self._pause = 0.0
        self._pauses: list[float] = []
        self._timeout: asyncio.Timeout | None = None
        self._is_over = False

    def end(self) -> None:
        """Look no more: what is in question remains so."""
        self._is_over = True
        if self._timeout:
            self._timeout.reschedule(asyncio.get_running_loop().time())
            self._timeout = None

    async def look_for(self, readings: Sequence[Reading]) -> Receipt:
        """Return what became of readings that were taken just now.

        They are in the order of their time.
        """
        now = time.time()
        oldest, latest = (
            now - each.measured_at / SECOND for each in (readings[0], readings[-1])
        )
        if -AHEAD <= latest <= OLD:
            self._latest = readings[-1]
        if (oldest <= OLD and latest >= -AHEAD) or time.monotonic() < self._not_before:
            return Receipt()
        old_until = bisect_left(readings, to_us(now - OLD), key=measured_at)
        early_from = bisect_right(readings, to_us(now + AHEAD), key=measured_at)
        old, early = readings[:old_until], readings[early_from:][::-1]
        looks = (0.0, *LOOKS) if self._shows_at_once() else LOOKS
        self._pause, *self._pauses = looks
        try:
            async with asyncio.timeout(0 if self._is_over else None) as self._timeout:
                past = await self._beyond(self._past, now, old, TOO_OLD)
                future = await self._beyond(self._future, now, early, TOO_EARLY)
                return Receipt((*past, *future))
        except TimeoutError:
            # Written again it would be there twice
            return Receipt(in_doubt=len(old) + len(early))
        except DestinationError:
            self.works = False
            self._not_before = time.monotonic() + VALID
            return Receipt()
        finally:
            self._timeout = None

    async def _beyond(
        self, horizon: Horizon, now: float, away: Sequence[Reading], reason: str
    ) -> Sequence[Refusal]:
        """Return which readings are beyond a horizon from now, the farthest of which come first.

        What is nearer is kept where what is farther is.
        """
        lost, kept = 0, len(away)
        # Mostly all is there, or nothing
        middle, last = 0, kept - 1
        while lost < kept:
            reading = away[middle]
            seconds = abs(now - reading.measured_at / SECOND)
            if (is_kept := horizon.keeps(seconds)) is None:
                is_kept = await self._is_there(reading)
                horizon.note(seconds, is_kept=is_kept)
            if is_kept:
                kept = middle
            else:
                lost = middle + 1
            middle = last if middle == 0 else (lost + kept) // 2
        return [Refusal(reading, reason) for reading in away[:lost]]

    async def _is_there(self, reading: Reading) -> bool:
        """Return whether a reading is there, once it must show if it is.

        Raises DestinationError where that cannot be seen.
        """
        await asyncio.sleep(self._pause)
        self._pause = 0.0
        while not (is_there := await self._look(reading)) and self._pauses:
            await asyncio.sleep(self._pauses.pop(0))
        if not is_there:
            await self._see_place()
        self.works = True
        return is_there

    async def _see_place(self) -> None:
        """See that it is looked where readings are, by one that must be there.

        Raises DestinationError where it is not.
        """
        now = time.monotonic()
        if self._latest is None or now < self._place_until:
            return
        if not await self._look(self._latest):
            raise UnreachableError("unexpected_answer")
        self._place_until = now + VALID
