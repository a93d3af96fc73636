"""What of all that a source's entity says is a new measurement."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from homeassistant.const import ATTR_RESTORED, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State
from homeassistant.util import dt as dt_util

from ..reading import Metric, Reading, Source, to_bpm, to_ms
from .attributes import moment, name_of, text

MEASURED_AT_ATTRIBUTES = ("measured_at", "measurement_time", "date", "timestamp")
"""Where integrations say when a value was measured (Health Connect: date)."""

CLOCK_TOLERANCE = 60.0
"""Seconds by which a device's clock may be ahead of ours."""

CONVERSIONS: Mapping[Metric, Callable[[float, str | None], float | None]] = (
    MappingProxyType(
        {
            Metric.HEART_RATE: to_bpm,
            Metric.RESTING_HEART_RATE: to_bpm,
            Metric.HEART_RATE_VARIABILITY: to_ms,
            Metric.HEART_RATE_VARIABILITY_SDNN: to_ms,
        }
    )
)

MAX_VARIABILITY = 500.0
"""The highest plausible heart-rate variability in ms."""

JITTER_TOLERANCE = 0.75
"""The share of the shortest interval by which a reading may come early."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the user holds to be an honest reading."""

    min_interval: float
    """Seconds between readings of a source, on average."""
    min_bpm: float
    max_bpm: float
    live_for: float
    """Seconds for which an unchanged value, or a silent source, counts as live."""

    def plausible(self, metric: Metric) -> tuple[float, float]:
        """Return the lowest and the highest value of a metric to be believed."""
        if CONVERSIONS.get(metric) is to_ms:
            return 1.0, MAX_VARIABILITY
        return self.min_bpm, self.max_bpm


class Observer:
    """Watches one source. All times are seconds since the Unix epoch, UTC."""

    def __init__(
        self,
        metric: Metric,
        source: Source,
        rules: Rules,
        latest: MutableMapping[str, int],
        *,
        is_prompt: bool = False,
    ) -> None:
        """Initialize the observer of a source that measures, and does not count.

        For sources that tell when they measured, it keeps the latest such time in
        latest, in ms, so that no restart makes an old measurement new. A source that is
        prompt says nothing but what it measures, at once and each time.
        """
        self.metric = metric
        self.source = source
        self.value: float | None = None
        """The latest reading, in the unit of the metric."""
        self.live_until = -inf
        """When the source counts as silent, unless it is heard of again."""
        self._convert = CONVERSIONS[metric]
        self._lowest, self._highest = rules.plausible(metric)
        self._rules = rules
        self._is_prompt = is_prompt
        self._latest = latest
        self._latest.setdefault(source.id, int(dt_util.utcnow().timestamp() * 1000))
        self._measured_at: float | None = None
        self._seen: float | None = None
        self._since = -inf
        self._is_first = True
        self._due = -inf

    def begin(
        self, state: State, *, trusted: bool, is_new: bool = False
    ) -> Sequence[Reading]:
        """Take note of the state that was already there.

        Only a measurement time makes it a new reading, or that it is_new: told while the
        relay was loaded again. Yet it counts as live, if it can be trusted not to be from
        before a restart.
        """
        if is_new:
            self._is_first = False
            return self.observe(state, state, state.last_reported_timestamp)
        if self._is_prompt:
            readings: Sequence[Reading] = ()
            self._since = state.last_reported_timestamp
        else:
            readings = self.observe(None, state, state.last_updated_timestamp)
            self._since = state.last_changed_timestamp
        if trusted:
            self._is_first = False
            if (value := self._parse(state)) is not None:
                self.value = value
                self.live_until = self._since + self._rules.live_for
        return readings

    def observe(
        self, old: State | None, state: State | None, at: float
    ) -> Sequence[Reading]:
        """Return the reading that a state is at that time, if it is a new one."""
        if old is None or state is None or ATTR_RESTORED in old.attributes:
            self._is_first = True
        if state is None or (value := self._parse(state)) is None:
            self.live_until = -inf
            return ()
        if (name := name_of(state)) != self.source.name:
            self.source = self.source._replace(name=name)
        measured_at = measured_time(state, at)
        moved = measured_at is not None and measured_at != self._measured_at
        if measured_at is None or not moved:
            milliseconds = int(at * 1000)
            is_new = (
                _is_told(old, state)
                if self._is_prompt
                else self._is_new_value(value, at, repeats=measured_at is None)
            )
        else:
            self._measured_at = measured_at
            milliseconds = int(measured_at * 1000)
            if is_new := milliseconds > self._latest[self.source.id]:
                self._latest[self.source.id] = milliseconds
        self._is_first = False
        if value != self._seen or at < self._since:
            # The clock may have been set back
            self._seen = value
            self._since = at
        if not is_new:
            return ()
        self.value = value
        self.live_until = at + self._rules.live_for
        return (Reading(self.metric, value, milliseconds, self.source),)

    def is_live(self, now: float) -> bool:
        """Return whether the source was heard of lately.

        One that is so for long to come was heard of before the clock was set back.
        """
        return 0 < self.live_until - now <= self._rules.live_for + CLOCK_TOLERANCE

    def is_due(self, reading: Reading) -> bool:
        """Return whether the shortest interval lets a reading pass.

        A reading may come early, but the next one may not for that: so a source that
        only jitters passes, and a faster one does not. None comes earlier than by two
        intervals, unless the clock was set back.
        """
        interval = self._rules.min_interval
        at = reading.measured_at / 1000
        early = self._due - at
        if early > 2 * interval:
            self._due = at
        elif early > interval * JITTER_TOLERANCE:
            return False
        self._due = max(self._due, at) + interval
        return True

    def _is_new_value(self, value: float, at: float, *, repeats: bool) -> bool:
        """Return whether a value is a new measurement, by itself.

        The first one after a restart, whatever came between, may be an old one that is
        published again; one that is repeated for too long is no longer measured.
        """
        if self._is_first:
            return False
        if value != self._seen:
            return True
        return repeats and at - self._since <= self._rules.live_for

    def _parse(self, state: State) -> float | None:
        """Return the value that a state tells, None if it tells none."""
        if ATTR_RESTORED in state.attributes:
            return None
        try:
            value = self._convert(
                float(state.state), text(state, ATTR_UNIT_OF_MEASUREMENT)
            )
        except ValueError:
            return None
        if value is None or not self._lowest <= value <= self._highest:
            return None
        return value


def _is_told(old: State | None, state: State) -> bool:
    """Return whether a state is a value told, and not only called by another name."""
    return old is None or old is state or old.state != state.state


def measured_time(state: State, at: float) -> float | None:
    """Return when a state's value was measured, None where it does not tell."""
    for name in MEASURED_AT_ATTRIBUTES:
        value = state.attributes.get(name)
        if value is None or (isinstance(value, str) and ":" not in value):
            continue
        measured_at = moment(value)
        if measured_at is not None and 0 < measured_at <= at + CLOCK_TOLERANCE:
            return min(measured_at, at)
    return None
