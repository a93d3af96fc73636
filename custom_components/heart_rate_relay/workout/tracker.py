"""When a workout begins and ends: told by what is measured, or by hand.

It looks at no clock: all that happens is told to it with its time, so that the same happening
again, out of a journal or out of the recorder, comes to the same workouts. All times are in
microseconds since the Unix epoch, UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from math import isnan, nan

from .sample import EFFORTS, HEART_RATE, MINUTE, Sample
from .sport import Sport
from .summary import HOLD, NEAR, RECOVERY, Measured, Summary

STILL = 2 * MINUTE
"""For how long a heart rate may stay the same to the digit: a strap on a chair tells its last."""

STILL_AT_THE_END = MINUTE // 2
"""For how long it may at the end, after which nothing more came."""

LONGEST_ABSENCE = 30 * MINUTE
"""For how long nobody may have listened, and a workout still go on."""


LONGEST_UNMEASURED = 12 * 60 * MINUTE
"""For how long a workout by hand may go on of which nothing was ever measured."""


class BeginsBy(StrEnum):
    """What begins a workout by itself."""

    WORN = "worn"
    """A source that measures: it does so only when it is worn."""
    BOUND = "bound"
    """A heart rate at or above a bound."""
    HAND = "hand"
    """Nothing."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When a workout begins and ends by itself."""

    begins_by: BeginsBy
    bound: float
    """In bpm."""
    begin_after: int
    """For how long there must be signs of it, in µs; it began with the first."""
    end_after: int
    """For how long there must be none, in µs; it ended with the last."""


class Phase(Enum):
    """Where a workout is."""

    NONE = auto()
    SIGNS = auto()
    """There are signs of one, but not for long enough."""
    ON = auto()
    OVER = auto()
    """It was ended by hand, and the recovery is measured."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A workout that is over, with all that was measured of it."""

    summary: Summary
    measured: Measured
    is_said: bool = False
    """Whether a person has said what it is."""


class Tracker:
    """Tells workouts, one after the other."""

    def __init__(
        self,
        rules: Rules,
        create: Callable[[], Measured],
        on_finished: Callable[[Finished], None],
        *,
        told_until: int = 0,
        is_held: bool = False,
    ) -> None:
        """Initialize a tracker, with create making what keeps the values of a workout.

        What was measured until told_until belongs to workouts that are told, or to none.
        Where it is held, one was ended by hand and its signs have not ceased yet.
        """
        self._rules = rules
        self._create = create
        self._on_finished = on_finished
        self.told_until = told_until
        self.is_held = is_held
        self.phase = Phase.NONE
        self.begin = 0
        """When the workout began, if there is one or signs of one."""
        self.sport: Sport | None = None
        """What it is, if a person has said so."""
        self.measured = create()
        self._end = 0
        self._life = 0
        self._moved_at = 0
        self._heard_from = 0
        self._is_by_hand = False
        self._value = nan
        self._value_since = 0
        self._last = 0
        self._ranks: dict[int, int] = {}

    @property
    def is_on(self) -> bool:
        """Whether somebody trains now."""
        return self.phase is Phase.ON

    @property
    def latest(self) -> int:
        """The latest time that it was ever told of."""
        return max(self.told_until, self._life, self._last)

    def so_far(self, now: int) -> Summary:
        """Return what a workout has come to by now."""
        end = self._end if self.phase is Phase.OVER else self._life
        if self.is_on and self._is_by_hand:
            end = max(now, self._life)
        return self.measured.summary(self.begin, end, self.sport)

    # What happens

    def take(self, sample: Sample) -> None:
        """Take what was measured. It may come late."""
        if sample.at <= self.told_until:
            return
        self.pass_time(sample.at)
        if sample.key == HEART_RATE:
            self._take_heart_rate(sample)
        elif self.phase is not Phase.NONE and sample.at >= self.begin:
            self.measured.add(sample)
            if self.is_on and sample.key in EFFORTS and sample.value > 0:
                self._moved_at = max(self._moved_at, sample.at)
                self._live(sample.at)

    def start(self, at: int, sport: Sport | None = None) -> bool:
        """Begin a workout by hand, and return whether there was none."""
        self.pass_time(at)
        if self.is_on:
            self.sport = sport or self.sport
            return False
        if self.phase is Phase.OVER:
            self._finish(self._end)
        self._begin(at)
        self.phase = Phase.ON
        self._is_by_hand = True
        self.sport = sport
        self._value = nan
        return True

    def stop(self, at: int) -> bool:
        """End a workout by hand, and return whether there was one."""
        self.pass_time(at)
        was_on = self.is_on
        if was_on:
            self.phase = Phase.OVER
            self._end = max(at, self.begin)
            self.is_held = True
            if self.measured.heart_rates.value_at(self._end, NEAR) is None:
                self._finish(self._end)
        elif self.phase is Phase.SIGNS:
            self._forget()
            self.is_held = True
        return was_on

    def pass_time(self, now: int) -> None:
        """Take note that it is so late, at least."""
        silence = now - max(self._life, self._heard_from)
        if self.phase is Phase.SIGNS and silence > HOLD:
            self._forget()
        elif self.is_on and silence > self._patience:
            self._finish(self._last_sign)
        elif self.phase is Phase.OVER and now > self._end + RECOVERY:
            self._finish(self._end)

    def resume(self, at: int) -> None:
        """Take note that nobody has listened until a time: that is no silence."""
        if self.phase is Phase.NONE or at - self._life <= LONGEST_ABSENCE:
            self._heard_from = at

    def set_back(self, by: int) -> None:
        """Take note that the clock was ahead by so much until now (µs)."""
        self.told_until -= by
        self.begin -= by
        self._end -= by
        self._life -= by
        self._heard_from -= by
        self._moved_at -= by
        self._value_since -= by
        self._last -= by
        self._ranks = {at - by: rank for at, rank in self._ranks.items()}
        self.measured.shift(by)

    # What comes of it

    @property
    def _patience(self) -> int:
        """For how long there may be no signs."""
        has_signs = self._life > self.begin
        return self._rules.end_after if has_signs else LONGEST_UNMEASURED

    @property
    def _last_sign(self) -> int:
        """When somebody trained for sure, without the value that a sensor was left with."""
        since = max(self._value_since, self._moved_at, self.begin)
        return since if self._life - since >= STILL_AT_THE_END else self._life

    def _take_heart_rate(self, sample: Sample) -> None:
        """Take a heart rate."""
        at, value = sample.at, sample.value
        is_latest = at >= self._last
        if is_latest:
            if value != self._value or at - self._last > HOLD:
                # Of the first one after a start by hand no journal tells since when it is so
                is_first = self._is_by_hand and isnan(self._value)
                self._value, self._value_since = value, self.begin if is_first else at
            if self._was_taken_off(at):
                self.is_held = False
            self._last = at
        is_sign = sample.is_worn and self._is_enough(value)
        if not is_sign:
            self.is_held = False
        if self.phase is Phase.NONE and is_sign and self._may_begin(at):
            self._begin(at)
        if self.phase is Phase.NONE or at < self.begin:
            return
        if self.phase is Phase.SIGNS and not is_sign:
            self._forget()
            return
        if not is_latest and self._is_known_better(sample):
            return
        self.measured.add(sample)
        if sample.rank:
            self._ranks[at] = sample.rank
        if is_sign:
            self._live(at)
        if is_latest and at - self._value_since > STILL and sample.is_worn:
            self._is_still()

    def _was_taken_off(self, at: int) -> bool:
        """Return whether nothing was measured before a time for longer than while it is worn.

        When somebody listens again it takes a while until a sensor is back.
        """
        if self._last > self._heard_from:
            return at - self._last > HOLD
        return 0 < self._heard_from < at - self._rules.end_after

    def _is_known_better(self, sample: Sample) -> bool:
        """Return whether a source that is preferred measured before and after a late value."""
        times = self.measured.heart_rates.times
        index = self.measured.heart_rates.index_of(sample.at)
        if not 0 < index < len(times):
            return False
        before, after = times[index - 1], times[index]
        ranks = (self._ranks.get(before, 0), self._ranks.get(after, 0))
        return after - before <= HOLD and max(ranks) < sample.rank

    def _is_enough(self, value: float) -> bool:
        """Return whether a heart rate is a sign of a workout."""
        by_bound = self._rules.begins_by is BeginsBy.BOUND and not self._is_by_hand
        return not by_bound or value >= self._rules.bound

    def _may_begin(self, at: int) -> bool:
        """Return whether a workout may begin by itself."""
        is_still = at - self._value_since > STILL
        by_hand = self._rules.begins_by is BeginsBy.HAND
        return not (by_hand or self.is_held or is_still)

    def _begin(self, at: int) -> None:
        """Take note of what may be a workout."""
        if self.phase is Phase.NONE:
            self.measured = self._create()
        else:
            self.measured.forget_before(at)
        self.phase = Phase.SIGNS
        self.begin = self._life = at
        self._heard_from = self._moved_at = 0
        self.sport = None

    def _live(self, at: int) -> None:
        """Take note of a sign that somebody trains."""
        if self.phase is Phase.OVER:
            return
        self._life = max(self._life, at)
        has_changed = self._value_since > self.begin
        if has_changed and self._life - self.begin >= self._rules.begin_after:
            self.phase = Phase.ON

    def _is_still(self) -> None:
        """Take back all signs since a heart rate stays the same to the digit."""
        if self.phase is Phase.SIGNS:
            self._forget()
        elif self.is_on:
            self._life = max(self.begin, self._value_since, self._moved_at)

    def _finish(self, end: int) -> None:
        """Tell a workout that is over."""
        measured, sport = self.measured, self.sport
        has_lasted = end > self.begin
        summary = measured.summary(self.begin, end, sport)
        self.told_until = max(self.told_until, end)
        self._forget()
        if has_lasted:
            self._on_finished(
                Finished(summary=summary, measured=measured, is_said=sport is not None)
            )

    def _forget(self) -> None:
        """Forget what is no workout, or no longer one."""
        self.phase = Phase.NONE
        self.measured = self._create()
        self._ranks = {}
        self._is_by_hand = False
        self.sport = None
