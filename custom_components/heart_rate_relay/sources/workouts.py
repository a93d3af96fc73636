"""Workouts become readings: each once, and whole, when it is over, or while it goes on."""

from collections.abc import Sequence
from datetime import datetime
import json
from math import inf
from typing import override

from homeassistant.const import ATTR_RESTORED, STATE_OFF, STATE_ON
from homeassistant.core import State

from ..metrics import WORKOUT
from ..outbox.tally import Tally
from ..reading import SECOND, Reading, Source, to_us
from .attributes import name_of
from .manner import Manner
from .times import CLOCK_TOLERANCE, moment

ATTR_BEGIN = "begin"
ATTR_END = "end"

OVER = json.dumps({"is_over": True})

LEFT_OUT = frozenset(
    {"device_class", "event_type", "event_types", "friendly_name", "icon"}
)
"""What says nothing of the workout."""


class WorkoutObserver:
    """Watches one source of workouts."""

    def __init__(self, source: Source, tally: Tally) -> None:
        """Initialize the observer of an event entity.

        When the last event was fired (µs, UTC) is kept in the tally, by the source's id: what was
        fired before is told again by no restart. It is kept as what a counter has shown is, which
        is on disk before anything of it is delivered, and so by no kill either.
        """
        self.metric = WORKOUT
        self.source = source
        self.manner = Manner.MEASURES
        self._fired = tally.counters
        if (former := tally.latest.get(source.id)) is not None:
            # A former version kept it so
            self._fired.setdefault(source.id, [former])
        self._told: set[tuple[int, int]] = set()
        """What was told with the last event's time: others of it may come, but in this run."""

    def begin(
        self, state: State, *, trusted: bool, since: float = inf
    ) -> Sequence[Reading]:
        """Take note of the event that was already there, new only if others were known."""
        if self.source.id not in self._fired:
            self._fired[self.source.id] = [_fired_at(state) or 0]
            return ()
        return self.observe(None, state, state.last_updated_timestamp)

    def observe(
        self, old: State | None, state: State | None, at: float
    ) -> Sequence[Reading]:
        """Return the workout that a state tells at that time, if it is a new one."""
        if state is None or ATTR_RESTORED in state.attributes:
            return ()
        latest = self._latest
        fired_at = _fired_at(state)
        begin = moment(state.attributes.get(ATTR_BEGIN), at)
        end = moment(state.attributes.get(ATTR_END), at)
        if fired_at is None or begin is None or end is None:
            return ()
        is_shown_again = old is None or ATTR_RESTORED in old.attributes
        if fired_at < latest and latest > to_us(at) and not is_shown_again:
            # That one is from a clock that was ahead
            latest = 0
        span = to_us(begin), to_us(end)
        is_old = not self._told or span in self._told
        if fired_at < latest or (fired_at == latest and is_old):
            return ()
        if fired_at > latest:
            self._told.clear()
        self._fired[self.source.id] = [fired_at]
        self._told.add(span)
        return self._readings(state, *span, at)

    @property
    def _latest(self) -> int:
        """When the last event was fired (µs, UTC), 0 where none is known."""
        match self._fired.get(self.source.id):
            case [int(fired_at)]:
                return fired_at
        return 0

    def due(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """Return all of its readings: none comes too soon after another."""
        return readings

    def _readings(
        self, state: State, begin: int, end: int, at: float
    ) -> Sequence[Reading]:
        """Return the reading that a workout is, if it can be right."""
        lowest, highest = WORKOUT.plausible
        seconds = (end - begin) / SECOND
        if not lowest <= seconds <= highest or end > to_us(at + CLOCK_TOLERANCE):
            return ()
        said = {
            key: value
            for key, value in state.attributes.items()
            if key not in LEFT_OUT and isinstance(value, str | int | float)
        }
        self.source = self.source._replace(name=name_of(state))
        source = self.source._replace(said=json.dumps(said, sort_keys=True))
        return (Reading(WORKOUT, seconds, end, source, end - begin),)


class TrainingObserver(WorkoutObserver):
    """Watches whether somebody trains: told is a workout as it begins, and as it is over."""

    _begin: int | None = None
    """When the workout began that goes on, in µs UTC."""

    @override
    def begin(
        self, state: State, *, trusted: bool, since: float = inf
    ) -> Sequence[Reading]:
        """Return the workout that goes on already: what began is told again."""
        return self.observe(None, state, state.last_updated_timestamp)

    @override
    def observe(
        self, old: State | None, state: State | None, at: float
    ) -> Sequence[Reading]:
        """Return the workout that a state tells at that time, as far as it goes."""
        if state is None or ATTR_RESTORED in state.attributes:
            return ()
        is_over = state.state == STATE_OFF
        begin = self._begin
        if state.state == STATE_ON:
            said = moment(state.attributes.get(ATTR_BEGIN), at)
            self._begin = None if said is None else to_us(said)
            if self._begin == begin:
                return ()
            begin = self._begin
        elif is_over:
            self._begin = None
        else:
            return ()
        now = to_us(at)
        if begin is None or begin > now:
            return ()
        source = self.source._replace(name=name_of(state), said=OVER if is_over else "")
        return (Reading(WORKOUT, (now - begin) / SECOND, now, source, now - begin),)


def _fired_at(state: State) -> int | None:
    """Return when an event was fired (µs, UTC), None where none ever was."""
    try:
        return to_us(datetime.fromisoformat(state.state).timestamp())
    except ValueError:
        return None
