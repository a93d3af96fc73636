"""Watches a wearer's sources, and tells workouts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
import time
from typing import Any, TypeIs, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_KEEP_WORKOUTS,
    CONF_KIND,
    CONF_LIVE_FOR,
    CONF_MAX_BPM,
    CONF_MIN_BPM,
    CONF_SOURCES,
    CONF_WORN,
    DEFAULT_OPTIONS,
    DEFAULT_WORKOUT_OPTIONS,
    KIND_WORKOUT,
    LOGGER,
    PUBLISH_INTERVAL,
)
from ..metrics import METRICS
from ..outbox.coverage import Coverage
from ..outbox.tally import JsonScalar, Tally
from ..reading import Reading, now_us
from ..sources.chosen import Chosen
from ..sources.rules import Rules
from ..sources.sources import Sources
from ..unexpected import guarded
from . import journal, workout_issues as issues
from .clock import Clock
from .data import Telling, WorkoutData
from .effort import rates_of
from .figures import ALWAYS, ZONES
from .journal import Happening, Start, tell, tell_all
from .memory import Memory
from .past import async_find
from .paths import journal_of, shelf_of
from .preference import Preferences
from .sample import Sample
from .settings import body_of, others_of, rules_of, sport_of, zones_of
from .sport import Sport
from .summary import HOLD, Measured, Summary
from .tracker import Finished, Phase, Tracker
from .worn import async_is_worn

TICK = 0.8
"""Seconds after which to write what has happened, and to look at the clock.

The rest of a second is for the writing: no kill loses more. Only as often as it is told how it
goes is that made safe from a power cut, too: cards wear out.
"""

ZONE_SETTLES = 3.0
"""Seconds for which a heart rate has to be in a zone before that is told."""

type WorkoutConfigEntry = ConfigEntry[WorkoutCoordinator]


class WorkoutCoordinator(DataUpdateCoordinator[WorkoutData]):
    """Watches a wearer's sources, and tells workouts."""

    config_entry: WorkoutConfigEntry
    stops_at = EVENT_HOMEASSISTANT_FINAL_WRITE
    """When to stop: until then there may be readings."""

    def __init__(self, hass: HomeAssistant, entry: WorkoutConfigEntry) -> None:
        """Initialize the watch over a wearer."""
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title)
        self.options: Mapping[str, Any] = DEFAULT_WORKOUT_OPTIONS | entry.options
        self.zones = zones_of(self.options, dt_util.utcnow().year)
        self.known = self._known_of_body()
        self.data = WorkoutData()
        self.shelf = shelf_of(hass, entry.entry_id)
        self.memory = Memory(
            hass,
            journal_of(hass, entry.entry_id),
            self.shelf,
            (entry.title, int(self.options[CONF_KEEP_WORKOUTS])),
            self._have_kept,
        )
        others = others_of(self.options)
        self._counters: dict[str, list[JsonScalar]] = {}
        self.sources = self._create_sources(
            Chosen(self.options[CONF_SOURCES]), one_line=True
        )
        known = {source_id: metric for metric in others for source_id in others[metric]}
        self.others = self._create_sources(Chosen(known=known), one_line=False)
        self._preferences = Preferences(others)
        self._missing: dict[bool, set[str]] = {}
        self.tracker = self._create_tracker(Start(), self._have_finished)
        self._clock = Clock(time.time(), hass.loop.time())
        self._listener: Callable[[Telling, Summary], None] | None = None
        self._told_at = hass.loop.time()
        self._tick_timer: CALLBACK_TYPE | None = None
        self._zone: int | None = None
        self._zone_since = 0.0

    def _known_of_body(self) -> frozenset[str | None]:
        """Return what can be told, as far as it takes to know the body."""
        rates = rates_of(body_of(self.options), dt_util.utcnow().year)
        return frozenset({ALWAYS, *rates, *([ZONES] if self.zones else [])})

    def _create_sources(self, chosen: Chosen, *, one_line: bool) -> Sources:
        """Return what watches sources."""
        return Sources(
            self.hass,
            chosen,
            Rules(
                min_interval=0,
                min_bpm=DEFAULT_OPTIONS[CONF_MIN_BPM],
                max_bpm=DEFAULT_OPTIONS[CONF_MAX_BPM],
                live_for=DEFAULT_OPTIONS[CONF_LIVE_FOR],
            ),
            Tally(counters=self._counters),
            Coverage({}, ""),
            takes=METRICS.values(),
            one_line=one_line,
            on_reading=self._have_reading if one_line else self._have_other,
            on_missing=partial(self._have_missing, one_line),
        )

    def _create_tracker(
        self, start: Start, on_finished: Callable[[Finished], None]
    ) -> Tracker:
        """Return what tells workouts, by what the options say."""
        return Tracker(
            rules_of(self.options),
            partial(Measured, body_of(self.options), self.zones),
            on_finished,
            told_until=start.told_until,
            is_held=start.is_held,
        )

    async def async_start(self) -> None:
        """Go on where it was, and start to watch."""
        for latest in (await self.memory.kept())[:1]:
            self.data = replace(self.data, summary=latest)
        start, happened = await self.memory.read()
        self._counters.update(journal.counted(happened))
        self.tracker = self._create_tracker(start, self._have_finished)
        over = await tell_all(self.tracker, happened)
        if (ahead := self.tracker.latest - now_us()) > 0:
            # The clock was, by as much at least, when Home Assistant stopped
            self._happen((journal.SET_BACK, ahead))
        self._happen((journal.RESUMED, now_us()))
        self.tracker.pass_time(now_us())
        if self.tracker.phase is not Phase.NONE:
            self.memory.go_on(happened[over:] if over else ())
        else:
            self.memory.forget(self._start_of())
        self._publish()
        for sources in (self.sources, self.others):
            await sources.async_prepare()
            sources.start()
        self._tick_later()

    async def async_stop(self) -> None:
        """Stop to watch, with all that has happened written to disk."""
        for sources in (self.sources, self.others):
            sources.stop()
        if self._tick_timer:
            self._tick_timer()
            self._tick_timer = None
        if self.tracker.phase is not Phase.NONE:
            for source_id, count in self._counters.items():
                self.memory.note((journal.COUNTED, source_id, *count))
        await self.memory.close()

    @override
    async def _async_update_data(self) -> WorkoutData:
        """Return how it goes, to whoever asks."""
        return self.data

    # What a person does

    @callback
    def async_begin(self, sport: Sport | None = None) -> bool:
        """Begin a workout, and return whether there was none."""
        self._look_at_clock()
        had_none = not self.tracker.is_on
        self._happen((journal.STARTED, now_us(), sport))
        return had_none

    @callback
    def async_end(self) -> bool:
        """End the workout, and return whether there was one."""
        self._look_at_clock()
        was_on = self.tracker.is_on
        self._happen((journal.STOPPED, now_us()))
        return was_on

    async def async_find(self, start: int, end: int) -> list[Summary]:
        """Find workouts of the past between two times (µs), and keep and tell them.

        Those that overlap one that is kept, or is to be, are known already.
        """
        found: list[Finished] = []
        told: list[Summary] = []
        if self.tracker.phase is not Phase.NONE:
            end = min(end, self.tracker.begin)
        tracker = self._create_tracker(Start(), found.append)
        watched = (self.sources, self.others)
        preferences = Preferences(others_of(self.options))
        await async_find(self.hass, watched, tracker, preferences, start, end)
        tracker.pass_time(end + rules_of(self.options).end_after + 1)
        known = await self.memory.kept()
        new = [one for one in found if not one.summary.overlaps(known)]
        for one in map(self._with_sport, new):
            if await self.memory.keep(one):
                told.append(one.summary)
                self._tell(Telling.FOUND, one.summary)
        return told

    @callback
    def async_listen_finished(
        self, listener: Callable[[Telling, Summary], None]
    ) -> CALLBACK_TYPE:
        """Have one listener told of each workout that is over, also of those before."""
        self._listener = listener
        self._keep_finished()

        def forget() -> None:
            self._listener = None

        return forget

    # What happens

    @callback
    def _have_reading(self, reading: Reading) -> None:
        """Take a heart rate that counts."""
        is_worn = async_is_worn(self.hass, reading.source, self.options[CONF_WORN])
        sources = self.options[CONF_SOURCES]
        rank = sources.index(reading.source.id) if reading.source.id in sources else 0
        self._have_sample(reading, is_worn=is_worn, rank=rank)

    @callback
    def _have_other(self, reading: Reading) -> None:
        """Take anything else that was measured, if its source counts."""
        if self._preferences.counts(reading):
            self._have_sample(reading)

    def _have_sample(
        self, reading: Reading, *, is_worn: bool = True, rank: int = 0
    ) -> None:
        """Take what was measured."""
        self._look_at_clock()
        self._happen(Sample.of(reading, is_worn=is_worn, rank=rank))

    @callback
    def _have_missing(self, key: bool, source_ids: set[str]) -> None:
        """Tell which sources are gone."""
        self._missing[key] = source_ids
        # Until all were looked at, of the others nothing is known
        if len(self._missing) > 1:
            missing = set[str]().union(*self._missing.values())
            issues.async_update_sources(self.hass, self.config_entry, missing)

    def _look_at_clock(self) -> None:
        """Take note if the clock was set back."""
        if by := self._clock.set_back(time.time(), self.hass.loop.time()):
            self._preferences.set_back(by)
            self._happen((journal.SET_BACK, by))

    def _happen(self, happening: Happening) -> None:
        """Take note of something that happens."""
        was = self.tracker.phase
        tell(self.tracker, happening)
        if self.tracker.phase is not Phase.NONE:
            if was is Phase.NONE:
                self.memory.begin(self._start_of())
            self.memory.note(happening)
        elif was is not Phase.NONE or happening[0] == journal.SET_BACK:
            self.memory.forget(self._start_of(), happening)
        self._follow(was)

    def _follow(self, was: Phase) -> None:
        """Tell what has become of a workout."""
        is_on = self.tracker.is_on
        if is_on != self.data.is_on or (was is Phase.OVER and is_on):
            self._publish()
        self._tick_later()

    @callback
    def _have_finished(self, finished: Finished) -> None:
        """Take a workout that is over: keep it, and then tell it."""
        finished = self._with_sport(finished)
        self.memory.finish(finished, self._start_of())
        self.data = replace(self.data, summary=finished.summary)
        self._keep_finished()

    def _keep_finished(self) -> None:
        """Keep what is over, as soon as the disk takes it."""
        keeping = self.memory.keep_finished()
        self.config_entry.async_create_task(self.hass, keeping, f"{self.name} finished")

    def _with_sport(self, finished: Finished) -> Finished:
        """Return a workout as what a person always does, where they have said so."""
        if finished.is_said or not (sport := sport_of(self.options)):
            return finished
        return replace(finished, summary=replace(finished.summary, sport=sport))

    @callback
    def _have_kept(self, finished: Finished) -> bool:
        """Tell a workout that is over, and kept, unless nobody is there yet, or any more."""
        is_there = self._listener or self.config_entry.state is ConfigEntryState.LOADED
        if not is_there or self.hass.is_stopping:
            return False
        if finished.summary.begin not in self.memory.told:
            self._tell(Telling.FINISHED, finished.summary)
        self._publish()
        return True

    def _tell(self, telling: Telling, summary: Summary) -> None:
        """Tell a workout to whoever listens."""
        if self._listener:
            self._listener(telling, summary)

    # What comes of it

    def _start_of(self) -> Start:
        """Return what has to be known before all that happens from now on."""
        return Start(self.tracker.told_until, self.tracker.is_held)

    @callback
    def _tick_later(self) -> None:
        """Look again in a moment, as long as there is anything to look at."""
        is_open = self.tracker.phase is not Phase.NONE
        if is_open and not self._tick_timer:
            self._tick_timer = async_call_later(self.hass, TICK, self._tick)

    @callback
    @guarded
    def _tick(self, _: datetime) -> None:
        """Write what has happened, see what time has done, and tell how it goes."""
        self._tick_timer = None
        self._look_at_clock()
        was = self.tracker.phase
        self.tracker.pass_time(now_us())
        if was is not Phase.NONE and self.tracker.phase is Phase.NONE:
            self.memory.forget(self._start_of())
        now = self.hass.loop.time()
        if is_time := now - self._told_at >= PUBLISH_INTERVAL.total_seconds():
            self._told_at = now
        if self.memory.is_due:
            write = self.memory.write(sync=is_time)
            self.config_entry.async_create_background_task(
                self.hass, write, f"{self.name} journal"
            )
        self._follow(was)
        self._settle_zone(now)
        if self.data.is_on and is_time:
            self._publish()

    def _settle_zone(self, now: float) -> None:
        """Tell another zone once the heart rate stays in it for a moment."""
        zone, told = self._zone_now(), self.data.zone
        if zone != self._zone:
            self._zone, self._zone_since = zone, now
        has_settled = now - self._zone_since >= ZONE_SETTLES
        if zone != told and (has_settled or zone is None or told is None):
            self.async_set_updated_data(replace(self.data, zone=zone))

    def _zone_now(self) -> int | None:
        """Return the zone of the heart rate, None where there is none."""
        if not (self.zones and self.tracker.is_on):
            return None
        heart_rates = self.tracker.measured.heart_rates
        value = heart_rates.value_at(now_us(), HOLD)
        return None if value is None else self.zones.zone(value)

    @callback
    def _publish(self) -> None:
        """Tell how it goes."""
        tracker = self.tracker
        summary = self.data.summary
        if tracker.phase in {Phase.ON, Phase.OVER}:
            summary = tracker.so_far(now_us())
        self.async_set_updated_data(
            WorkoutData(
                begin=tracker.begin if tracker.is_on else None,
                zone=self.data.zone if tracker.is_on else None,
                summary=summary,
            )
        )


def is_workout(entry: ConfigEntry) -> TypeIs[WorkoutConfigEntry]:
    """Return whether an entry is that of a wearer's workouts."""
    return bool(entry.data.get(CONF_KIND) == KIND_WORKOUT)
