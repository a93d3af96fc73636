"""What of all that a source's entity says is a new measurement."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping, Sequence
from math import inf, nan
from typing import ClassVar

from homeassistant.const import ATTR_RESTORED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State
from homeassistant.util import dt as dt_util

from ..metrics import Kind, Metric
from ..reading import MILLISECOND, SECOND, Reading, Source, to_us
from .attributes import is_event, name_of, unit_of
from .known import Known
from .manner import Manner
from .meanings import Meanings, meanings_of
from .rules import Again, Rules
from .times import CLOCK_TOLERANCE, Told, told_by

ATTR_VALUE = "value"
"""Where an event tells what was measured: its state is when."""

JITTER_TOLERANCE = 0.75
"""The share of the shortest interval by which a reading may come early."""

POLL_NEAR, POLL_APART = 2.0, 60.0
"""How many seconds before a state somebody else may have polled.

Up to the first it is the state's own time, from the second on another measurement's.
"""

MIN_SILENCE = 5.0
"""Seconds for which even the fastest source may have nothing to say."""

MAX_PACE = 300.0
"""Seconds between two readings beyond which there is no pace to be seen in them."""


class Observing[V](ABC):
    """Watches one source, of whatever it measures.

    All times are seconds since the Unix epoch, UTC.
    """

    forgets: ClassVar[bool] = True
    """Whether a value is another one after anything else was said."""

    def __init__(
        self,
        metric: Metric,
        source: Source,
        rules: Rules,
        latest: MutableMapping[str, int],
        *,
        manner: Manner = Manner.PUSHES,
        known: Known | None = None,
        remembers: bool = True,
    ) -> None:
        """Initialize the observer of a source that measures, and does not count.

        For a source that tells when it measured, it keeps the latest such time in latest,
        in µs, so that no restart makes an old measurement new. Unless it remembers all, there
        may have been later ones: then what was measured before now is old.
        """
        self.metric = metric
        self.source = source
        self.manner = manner
        self.value: V | None = None
        """What it measured last."""
        self.known = known or Known(latest=latest.get(source.id) if remembers else None)
        self._has_memory = known is not None
        self._rules = rules
        self._latest = latest
        self._remembers = remembers
        self._began = to_us(dt_util.utcnow().timestamp())
        self._is_event = is_event(source.entity_id)
        # Most states have the attributes of the one before: the same object
        self._timeless: Mapping[str, object] | None = None
        self._named: Mapping[str, object] | None = None
        self._due = -inf

    @abstractmethod
    def _parse(self, state: State) -> V | None:
        """Return what a state says was measured, None if that is nothing."""

    @abstractmethod
    def _readings(self, value: V, at: int, duration: int) -> Sequence[Reading]:
        """Return what was measured at that time, and for how long, in µs."""

    @property
    def live_until(self) -> float:
        """When the source counts as silent, unless it measures again."""
        return self.known.spoke_at + self._rules.live_for

    @property
    def missed_from(self) -> float:
        """From when on it is clear that the source is silent, at the pace that it had."""
        return self.known.spoke_at + max(self._rules.live_for, self._patience)

    @property
    def _patience(self) -> float:
        """For how many seconds it may be silent, at the pace that it had."""
        pace = min(self.known.paces)
        return 2 * pace if pace < inf else 0.0

    def begin(
        self, state: State, *, trusted: bool, since: float = inf
    ) -> Sequence[Reading]:
        """Take note of the state that was already there.

        What was told since a time is new to a relay that listened until then. Of the rest
        only a measurement time makes a reading. Yet it counts as live, if it can be trusted
        not to be from before a restart.
        """
        at = state.last_reported_timestamp
        if self._has_memory:
            self.value = self._parse(state)
            if (at := news_at(state, since)) <= since:
                return ()
            self.known.was_away |= state.last_changed_timestamp > since
            return self.observe(state, state, at)
        readings: Sequence[Reading] = ()
        if self.manner is not Manner.MEASURES:
            told = self._told_by(state, at := state.last_updated_timestamp)
            if told and told.at is not None and trusted and self.known.latest is None:
                self.known.latest = to_us(min(told.at, at))
            readings = self.observe(None, state, at)
            at = state.last_changed_timestamp
            if told:
                at = -inf if told.at is None or told.is_day else told.at
        elif (told := self._told_by(state, at)) and told.at is not None:
            at = told.at
        if trusted:
            self.known.is_first = False
            if (value := self._parse(state)) is not None:
                self.value, self.known.value, self.known.since = value, value, at
                self.known.spoke_from = self.known.spoke_at = at
        return readings

    def observe(
        self, old: State | None, state: State | None, at: float
    ) -> Sequence[Reading]:
        """Return what a state says at that time, if it is a new measurement."""
        known = self.known
        if old is None or state is None or ATTR_RESTORED in old.attributes:
            known.is_first = True
        if state is None or (value := self._parse(state)) is None:
            known.spoke_at = -inf
            if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
                known.was_away = True
            elif self.forgets:
                known.value = nan
            return ()
        if state.attributes is not self._named:
            self._named = state.attributes
            if (name := name_of(state)) != self.source.name:
                self.source = self.source._replace(name=name)
        told = self._told_by(state, at)
        if told is None:
            measured_at = at if self._is_new(old, state, value, at) else None
        else:
            measured_at = self._told_anew(old, state, value, at, told)
            known.told = told.at
        if value != known.value or known.was_away or at < known.since:
            # The clock may have been set back
            known.value, known.since = value, at
        known.is_first = known.was_away = False
        if measured_at is None:
            return ()
        return self._measured(value, measured_at, told)

    def is_live(self, now: float) -> bool:
        """Return whether the source has measured lately.

        One that is so for long to come measured before the clock was set back.
        """
        return 0 < self.live_until - now <= self._rules.live_for + CLOCK_TOLERANCE

    def is_overdue(self, now: float) -> bool:
        """Return whether the source is silent for longer than it usually is."""
        return now >= self.known.spoke_at + max(MIN_SILENCE, self._patience)

    def due(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """Return readings of one moment, if the shortest interval lets them pass."""
        return readings if readings and self.is_due(readings[0]) else ()

    def is_due(self, reading: Reading) -> bool:
        """Return whether the shortest interval lets a reading pass.

        A reading may come early, but the next one may not for that: so a source that
        only jitters passes, and a faster one does not. None comes earlier than by two
        intervals, unless the clock was set back.
        """
        interval = self._rules.min_interval
        at = reading.measured_at / SECOND
        early = self._due - at
        if early > 2 * interval:
            self._due = at
        elif early > interval * JITTER_TOLERANCE:
            return False
        self._due = max(self._due, at) + interval
        return True

    def _is_new(self, old: State | None, state: State, value: V, at: float) -> bool:
        """Return whether a value is a new measurement, by itself.

        The first one after a restart, whatever came between, may be an old one that is
        published again; and so may all be that is the same, until it has changed.
        """
        known, again = self.known, self._rules.again
        pushes = self.manner is not Manner.POLLS
        if self.manner is Manner.MEASURES and again is not Again.NEVER:
            if old is None or old is state or old.state != state.state:
                return True
            # What was kept before is another one, though it was the same
            return self._told_by(old, at) is not None
        if known.is_first:
            return False
        if value != known.value:
            # Nobody knows what one has asked for before
            return pushes or known.value is not None
        if again is Again.NEVER or (old and name_of(old) != name_of(state)):
            return False
        if again is Again.ALWAYS:
            return True
        if known.was_away or self._is_forced(old, state):
            return pushes or not known.was_away
        is_fresh = at - known.since <= self._rules.live_for
        return pushes and known.is_alive and is_fresh

    def _told_anew(
        self, old: State | None, state: State, value: V, at: float, told: Told
    ) -> float | None:
        """Return when a value was measured that tells so, None where it is not new."""
        if told.at is None or (told.is_day and not self.metric.is_daily):
            return None
        known = self.known
        measured_at = min(told.at, at)
        if not told.is_poll:
            return measured_at if self._is_later(value, told.at, at) else None
        apart = at - measured_at
        pushes = self.manner is not Manner.POLLS
        if apart >= POLL_APART and (pushes or value != known.value):
            is_later = not known.is_first and self._is_later(value, told.at, at)
            return measured_at if is_later else None
        if not self._is_new(old, state, value, at):
            return None
        if apart < POLL_NEAR or not self._is_later(value, told.at, at):
            return at
        return measured_at

    def _is_later(self, value: V, told_at: float, at: float) -> bool:
        """Return whether a value was measured later than all that is known.

        So counts another value of the same time, too: it is corrected.
        """
        known = self.known
        measured_at, now = to_us(min(told_at, at)), to_us(at)
        latest = known.latest
        if latest is None:
            is_strange = known.is_first or not self._remembers
            latest = self._began if is_strange else 0
        if latest > now:
            # It is from a clock that was ahead
            told = to_us(known.told or 0)
            latest = now if known.is_first else told if told <= now else 0
        if told_at == known.told and not known.is_first:
            return value != known.value and measured_at == latest
        if measured_at <= latest:
            if known.latest is None and self._remembers:
                known.latest = measured_at
            return False
        known.latest = self._latest[self.source.id] = measured_at
        return True

    def _measured(
        self, value: V, measured_at: float, told: Told | None
    ) -> Sequence[Reading]:
        """Return what was measured, and take note that it was."""
        known = self.known
        microseconds = to_us(measured_at)
        if told is None and 0 <= known.last - microseconds < MILLISECOND:
            # Two values are two, though a clock that ticks slowly tells one time for both
            microseconds = known.last + 1
        # As whoever compares readings sees it
        measured_at = microseconds / SECOND
        duration = to_us(told.duration) if told else 0
        if self.metric.kind is Kind.COUNTER and not duration:
            return ()
        if told is None or not told.is_day:
            gap = measured_at - known.spoke_at
            if not 0 <= gap <= self._rules.live_for and (
                gap < 0 or measured_at > self.missed_from
            ):
                known.spoke_from = measured_at
            known.spoke_at = measured_at
            self.value = value
        if 0 < (pace := measured_at - known.last / SECOND) <= MAX_PACE:
            known.paces = known.paces[1], pace
        known.is_alive = True
        known.last = microseconds
        return self._readings(value, microseconds, duration)

    def _told_by(self, state: State, at: float) -> Told | None:
        """Return when a state's value was measured, None where it does not tell.

        Most do not, and have the same attributes each time.
        """
        if state.attributes is self._timeless:
            return None
        told = told_by(state, at)
        if told is None and not self._is_event:
            self._timeless = state.attributes
        return told

    def _is_forced(self, old: State | None, state: State) -> bool:
        """Return whether a state is told as a change though it is the same.

        Nothing but a wish for that makes it the last change. One of its attributes may change
        with it, though not in the same moment: so a clock says that stands still.
        """
        if old is None or old is state or old.state != state.state:
            return False
        if state.last_changed != state.last_updated:
            return False
        return (
            state.attributes == old.attributes or state.last_updated > old.last_updated
        )


def news_at(state: State, since: float) -> float:
    """Return when a state came, or was repeated if it had come when somebody listened last.

    What came after that was measured then, however often it was repeated since.
    """
    came_at, told_at = state.last_updated_timestamp, state.last_reported_timestamp
    return told_at if came_at <= since < told_at else came_at


class Observer(Observing[float]):
    """Watches one source that measures, and does not count, one metric."""

    def __init__(
        self,
        metric: Metric,
        source: Source,
        rules: Rules,
        latest: MutableMapping[str, int],
        *,
        manner: Manner = Manner.PUSHES,
        known: Known | None = None,
        remembers: bool = True,
    ) -> None:
        """Initialize the observer as any is: its value is in the unit of the metric."""
        super().__init__(
            metric,
            source,
            rules,
            latest,
            manner=manner,
            known=known,
            remembers=remembers,
        )
        self._bounds = rules.plausible(metric)
        self._meanings: Meanings | None = None
        self._meant_with: Mapping[str, object] | None = None

    def _parse(self, state: State) -> float | None:
        """Return the value that a state tells, None if it tells none.

        Under the same attributes the same text tells the same.
        """
        if state.attributes is not self._meant_with:
            self._meant_with, self._meanings = state.attributes, None
            if ATTR_RESTORED not in state.attributes:
                unit = unit_of(state)
                self._meanings = meanings_of(self.metric, unit, self._bounds)
        if self._meanings is None:
            return None
        said = state.state
        if self._is_event and said not in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            said = str(state.attributes.get(ATTR_VALUE))
        return self._meanings[said]

    def _readings(self, value: float, at: int, duration: int) -> Sequence[Reading]:
        return (Reading(self.metric, value, at, self.source, duration),)
