"""What a counter shows becomes increments: so much, from then to then.

A counter shows all steps of a day, all metres of a ride, or all since the phone was switched
on, or ever. What it gained between two reports was walked between them. All that is uncertain
is decided so that no step is invented: where a count may go on or begin anew, it goes on.

Within, a count is a whole number: of thousandths of the metric's unit, or of itself where it
has no fractions. So nothing is lost by adding: the increments are together what the count
gained. All times within are in microseconds since the Unix epoch, UTC.
"""

from collections.abc import MutableMapping, Sequence
from datetime import datetime
from math import inf, isfinite
from typing import NamedTuple

from homeassistant.const import ATTR_RESTORED, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State

from ..metrics import Counting, Metric
from ..outbox.tally import JsonScalar
from ..reading import MILLISECOND, SECOND, Reading, Source, to_us
from .attributes import name_of, text
from .conversions import conversion
from .detection.other_metrics import is_of_a_day
from .manner import Manner
from .spreading import midnight, parts
from .times import moment, told_by

ATTR_LAST_RESET = "last_reset"

FINE = 1000
"""Into how many parts a unit is divided that has fractions."""

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

SLACK = MINUTE
"""How far the clocks of a counter and of ours may differ."""

LATE = 3 * HOUR
"""How long after midnight a report may still be of the day before."""

SILENCE = 12 * HOUR
"""After how long without a report a day's count is another day's."""

RESTORED_AGE = 15 * MINUTE
"""How much older than the last report a state may be that is restored.

Home Assistant saves them so often (helpers/restore_state.py).
"""

NIGHTS = 3
"""Nights in succession in which a count must fall to be known as that of a day."""


class Count(NamedTuple):
    """What is remembered of a counter."""

    mark: int
    """The highest count since it began at 0: all up to it has been told."""
    shown: int
    """The latest count, below the mark as long as it seems to be corrected."""
    heard: int
    """When that was."""
    changed: int
    """When the mark was reached."""
    fell: int = 0
    """When the count fell below the mark, 0 where it did not."""
    began: int = 0
    """The time from which on the mark was walked, 0 where it is not known."""
    noticed: int = 0
    """When it was first shown to have begun anew, 0 where it was not."""
    nights: int = 0
    """How many nights in succession the count fell."""
    last_reset: int = 0
    """When the counter says that it began at 0, 0 where it does not say."""


class Believed(NamedTuple):
    """What is to be believed of a counter, in the parts of a unit that it counts."""

    fine: int
    """How many of them are a unit."""
    fastest: int
    """The most in a minute."""
    steady: int
    """The most in a minute of hours."""
    highest: int
    """The highest count."""
    most: int
    """The most in a reading, which is also what watches hand in at once."""
    is_entered: bool

    @classmethod
    def of(cls, counting: Counting, most: float) -> Believed:
        """Return what is to be believed, of which that is the most in a reading."""
        fine = 1 if counting.is_whole else FINE
        return cls(
            fine=fine,
            fastest=counting.fastest * fine,
            steady=counting.steady * fine,
            highest=counting.highest * fine,
            most=int(most * fine),
            is_entered=counting.is_entered,
        )

    def gained(self, duration: int) -> int:
        """Return how much can be gained in that time, at the very fastest."""
        return (duration + SLACK) * self.fastest // MINUTE

    def begun(self, duration: int) -> int:
        """Return how much a counter can have that began so long ago."""
        return (duration + SLACK) * self.steady // MINUTE

    def fits(self, count: int, duration: int) -> bool:
        """Return whether there is time for as many readings as a count may make.

        Where there is not, not even a millisecond perhaps, the next report will do.
        """
        return count <= self.most // 2 * (duration // MILLISECOND)


class Counter:
    """Watches one counter."""

    def __init__(
        self,
        metric: Metric,
        source: Source,
        counters: MutableMapping[str, list[JsonScalar]],
    ) -> None:
        """Initialize the counter of a metric that is counted.

        What it must remember over a restart is in counters, by the source's id. It is
        replaced, never changed in place.
        """
        assert metric.counting
        self.metric = metric
        self.source = source
        self.manner = Manner.PUSHES
        """Of no matter here: a count is the same by whomever it was asked for."""
        self._believed = Believed.of(metric.counting, metric.plausible[1])
        self._convert = conversion(metric)
        self._counters = counters
        self._doubted: int | None = None

    def begin(
        self, state: State, *, trusted: bool, since: float = inf
    ) -> Sequence[Reading]:
        """Take note of the state that was already there.

        It is the first one after nothing, and no more trusted than any such, unless it
        was told since a time: while the relay was loaded again.
        """
        old = state if state.last_reported_timestamp > since else None
        return self.observe(old, state, state.last_updated_timestamp)

    def observe(
        self, old: State | None, state: State | None, at: float
    ) -> Sequence[Reading]:
        """Return what was gained, as a state tells at that time (seconds, UTC).

        What tells no count is left aside, and nothing is forgotten for it: what was gained
        meanwhile comes with the next count. So it is with a clock that was set back.
        """
        if state is None or (count := self._parse(state)) is None:
            return ()
        if (name := name_of(state)) != self.source.name:
            self.source = self.source._replace(name=name)
        now = to_us(at)
        known = _load(self._counters.get(self.source.id))
        if known is None:
            self._keep(Count(count, count, now, now, last_reset=_last_reset(state)))
            return ()
        told = told_by(state, at)
        measured_at = to_us(told.at or 0) if told and not told.is_day else 0
        if measured_at > known.heard:
            now = measured_at
        is_first = old is None or ATTR_RESTORED in old.attributes
        if not self._believed.fits(count, now - known.heard) or (
            is_first and _may_be_old(known, count)
        ):
            return ()
        return self._advance(known, count, now, state)

    def _advance(
        self, known: Count, count: int, now: int, state: State
    ) -> Sequence[Reading]:
        """Remember a count, and return what it adds to the known one."""
        last_reset = _last_reset(state) or known.last_reset
        is_of_day = self._is_of_a_day(known, state)
        began = self._began(known, count, now, last_reset, is_of_day=is_of_day)
        nights = _nights(known, count, now, began)
        if began is None and not self._can_have_risen(known, count, now):
            if not self._is_believed(now):
                return ()
            known = Count(count, count, now, now)
        self._doubted = None
        if began is not None:
            gained, start = count, min(max(known.heard, began), now - MILLISECOND)
            known = Count(count, count, now, now, began=began, noticed=now)
        elif count > known.mark:
            gained, start = count - known.mark, known.heard
            known = known._replace(
                mark=count, shown=count, heard=now, changed=now, fell=0
            )
        else:
            gained = start = 0
            known = _lowered(known, count, now)
        self._keep(known._replace(nights=nights, last_reset=last_reset))
        if not gained:
            return ()
        fine, most = self._believed.fine, self._believed.most
        return [
            Reading(self.metric, part / fine, end, self.source, end - begin)
            for part, begin, end in parts(gained, start, now, most)
        ]

    def _parse(self, state: State) -> int | None:
        """Return the count that a state tells, None if it tells none."""
        if ATTR_RESTORED in state.attributes:
            return None
        try:
            count = self._convert(
                float(state.state), text(state, ATTR_UNIT_OF_MEASUREMENT)
            )
        except ValueError:
            return None
        believed = self._believed
        if count is None or not isfinite(count) or count < 0:
            return None
        fine = int(count) if believed.fine == 1 else round(count * believed.fine)
        return fine if fine <= believed.highest else None

    def _began(
        self, known: Count, count: int, now: int, last_reset: int, *, is_of_day: bool
    ) -> int | None:
        """Return from when on a count was walked that began at 0, None if it goes on.

        It goes on, too, if no one can have walked that much since. Then a lower one is a
        correction: so it is where a little is taken off on the same day.
        """
        today = midnight(now)
        is_new_day = known.changed < today
        is_struck_out = self._believed.is_entered and now - today >= LATE
        is_small = 2 * count <= known.shown and not is_struck_out
        if (
            known.last_reset
            and max(known.last_reset, known.changed) < last_reset <= now
        ):
            began = last_reset
        elif count == known.shown:
            return None
        elif count > known.shown:
            was_silent = now - known.heard >= SILENCE and now - today >= LATE
            if not (is_of_day and is_new_day and was_silent):
                return None
            began = today
        elif is_of_day and is_new_day:
            began = today
        elif is_small and not is_of_day:
            began = known.changed
        elif is_small or is_new_day:
            began = known.heard
        else:
            return None
        return began if count <= self._believed.begun(now - began) else None

    def _can_have_risen(self, known: Count, count: int, now: int) -> bool:
        """Return whether a count can have become what it is.

        Watches hand in the steps of hours at once: hence the room for a day's.
        """
        believed = self._believed
        gained = count - known.mark
        return gained <= believed.most + believed.gained(
            now - known.changed
        ) and count <= believed.gained(now - known.began)

    def _is_of_a_day(self, known: Count, state: State) -> bool:
        """Return whether the counter begins at 0 every day, as far as is known."""
        last_reset = _last_reset(state)
        return (
            known.nights >= NIGHTS
            or (last_reset > 0 and last_reset == midnight(last_reset))
            or is_of_a_day(self.source.entity_id.partition(".")[2], self.source.name)
        )

    def _is_believed(self, now: int) -> bool:
        """Return whether a count that cannot be has been shown for an hour.

        Then it is that of another counter, and nothing is known of what was walked.
        """
        if self._doubted is None:
            self._doubted = now
        return now - self._doubted >= HOUR

    def _keep(self, count: Count) -> None:
        """Remember a count."""
        self._counters[self.source.id] = list(count)


def _load(remembered: Sequence[JsonScalar] | None) -> Count | None:
    """Return what was remembered, None where that is nothing, or damaged."""
    if not isinstance(remembered, list) or len(remembered) != len(Count._fields):
        return None
    numbers = [value for value in remembered if type(value) is int and value >= 0]
    return Count(*numbers) if len(numbers) == len(remembered) else None


def _last_reset(state: State) -> int:
    """Return when a counter says that it began at 0, 0 where it does not say."""
    value = state.attributes.get(ATTR_LAST_RESET)
    last_reset = moment(value, inf) if isinstance(value, str | datetime) else None
    return max(0, to_us(last_reset or 0))


def _may_be_old(known: Count, count: int) -> bool:
    """Return whether a count, the first after nothing, may be an old one shown again.

    A higher one is new, unless the count had just begun anew when it was last heard.
    """
    return count <= known.mark or known.heard - known.noticed < RESTORED_AGE


def _nights(known: Count, count: int, now: int, began: int | None) -> int:
    """Return in how many nights in succession the count began anew.

    One that rises in the morning from where it was in the evening began not.
    """
    today = midnight(now)
    is_late = now - today < LATE
    if began is not None:
        return min(known.nights + 1, NIGHTS) if known.changed < today or is_late else 0
    goes_on = (
        count > known.mark
        and known.changed < today
        and not is_late
        and now - known.heard < SILENCE
    )
    return 0 if goes_on else known.nights


def _lowered(known: Count, count: int, now: int) -> Count:
    """Return what is known after a count that adds nothing.

    What is taken off was told already, so the next steps up to the mark are not. Yet a
    counter that stays below for a day was not corrected: it counts on from there.
    """
    if count == known.mark:
        return known._replace(shown=count, heard=now, fell=0)
    fell = known.fell or now
    if now - fell >= DAY:
        return Count(count, count, now, now)
    return known._replace(shown=count, heard=now, fell=fell)
