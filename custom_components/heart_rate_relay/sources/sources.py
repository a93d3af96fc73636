"""Home Assistant states become readings."""

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime
from math import inf
import time
from typing import NamedTuple

from homeassistant.const import ATTR_RESTORED
from homeassistant.core import (
    CALLBACK_TYPE,
    CoreState,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import (
    async_call_later,
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.helpers.start import async_at_started

from ..const import MISSING_AFTER
from ..metrics import Kind, Metric
from ..outbox.coverage import Coverage
from ..outbox.tally import Tally
from ..reading import Reading, Source, now_us, to_us
from ..unexpected import guarded
from .attributes import is_event
from .candidates import (
    async_device,
    async_entity_id,
    async_track_devices,
    async_track_entities,
)
from .chosen import Chosen, Told
from .counter import Counter
from .known import Known
from .lineup import Lineup, Watcher
from .manner import async_integration, async_manner
from .observation import Observer, Observing, news_at
from .position import PositionObserver
from .rules import Rules
from .wearer import Wearer
from .workouts import TrainingObserver, WorkoutObserver


class Listened(NamedTuple):
    """What was known of sources when they were listened to last."""

    until: float
    """Seconds since the Unix epoch, UTC: what was measured since then is to be taken."""
    known: Mapping[tuple[str, Metric], Known]
    """What is known as long as Home Assistant runs, by source and what it measures."""


class Sources:
    """The sources of a relay, in the order of preference."""

    def __init__(
        self,
        hass: HomeAssistant,
        chosen: Chosen,
        rules: Rules,
        tally: Tally,
        coverage: Coverage,
        *,
        takes: Container[Metric],
        one_line: bool,
        listened: Listened | None = None,
        on_reading: Callable[[Reading], None],
        on_missing: Callable[[set[str]], None],
    ) -> None:
        """Initialize the sources, of which with one_line only the first live one counts.

        What must survive a restart is kept in the tally, and when they were listened to in
        the coverage. Where they were in this run, they go on from there. Each reading goes to
        on_reading, and to on_missing all sources that are gone, whenever that may have changed.
        """
        self._lineup = Lineup(one_line=one_line)
        self.wearer = Wearer(hass, self._lineup.first_live)
        self._hass = hass
        self._told = Told(hass, chosen, takes)
        self.rules = rules
        self._tally = tally
        self._coverage = coverage
        self._listened_until, self._known = listened or Listened(inf, {})
        # Only at a start there may have been a kill before
        self._remembers = tally.is_whole or hass.state is CoreState.running
        # As long as it is listened to, a kill would leave less on disk
        tally.is_whole = False
        self._on_reading = on_reading
        self._on_missing = on_missing
        self._entities: dict[str, str] = {}
        self._missing: set[str] = set()
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._unlisten: list[CALLBACK_TYPE] = []
        self._check_timer: CALLBACK_TYPE | None = None
        self._clear_timer: CALLBACK_TYPE | None = None

    async def async_prepare(self) -> None:
        """Find out what there is to know of the integrations that made the sources."""
        await self._told.async_prepare()

    @callback
    def start(self) -> None:
        """Start to listen."""
        self._subscribe()
        self.wearer.async_update()
        self._unlisten = [async_at_started(self._hass, self._check_later)]

    @callback
    def stop(self, *, for_good: bool = False) -> None:
        """Stop to listen: until Home Assistant or the relay starts again, or for good."""
        self._stop_all(self._unsubscribe)
        for reading in self._lineup.left():
            self._on_reading(reading)
        if for_good:
            self._coverage.end(now_us())
        self._tally.is_whole = True
        self._stop_all(self._unlisten)
        self.wearer.stop()
        for timer in (self._check_timer, self._clear_timer):
            if timer:
                timer()
        self._check_timer = self._clear_timer = None

    @callback
    def add(self, source_id: str) -> None:
        """Add a source of heart rates behind all others."""
        self._told.add(source_id)
        self._subscribe()

    @callback
    def miss(self, start: int, end: int) -> None:
        """Take note that nobody listened for a time, in µs UTC.

        What counts has told since then what it counted.
        """
        for observer in self.observers.values():
            if not isinstance(observer, Counter):
                self._coverage.interrupt(observer.source.id, start, end)

    @property
    def ids(self) -> list[str]:
        """What the sources are remembered by, the most preferred first."""
        return self._told.ids

    @property
    def observers(self) -> Mapping[str, Watcher]:
        """What watches the sources, by the entities that they are now."""
        return self._lineup.observers

    @property
    def listened(self) -> Listened:
        """What is known of the sources, of which all was heard until now."""
        known = {
            (observer.source.id, observer.metric): observer.known
            for observer in self.observers.values()
            if isinstance(observer, Observing)
        }
        return Listened(time.time(), known)

    def first_live(self, now: float) -> Observer | None:
        """Return the most preferred source that is live at a time (seconds, UTC)."""
        return self._lineup.first_live(now)

    def without_memory(self) -> Lineup:
        """Return the same sources watched by others, who know nothing of them yet."""
        lineup = Lineup(one_line=self._lineup.one_line)
        lineup.observers = {
            entity_id: self._observer(
                observer.source.id,
                entity_id,
                observer.metric,
                Tally(latest={observer.source.id: 0}),
            )
            for entity_id, observer in self.observers.items()
        }
        return lineup

    @staticmethod
    def _stop_all(listeners: list[CALLBACK_TYPE]) -> None:
        """Stop listeners, each once."""
        while listeners:
            listeners.pop()()

    @callback
    def _subscribe(self) -> None:
        """Listen to the entities that the sources are now."""
        self._stop_all(self._unsubscribe)
        known = {observer.source.id: observer for observer in self.observers.values()}
        observers: dict[str, Watcher] = {}
        begin = []
        self._entities = self._told.entities()
        for entity_id, source_id in self._entities.items():
            metric = self._told.metric(source_id, entity_id)
            if not metric:
                continue
            if observer := known.get(source_id):
                observer.source = observer.source._replace(entity_id=entity_id)
            else:
                observer = self._observer(
                    source_id,
                    entity_id,
                    metric,
                    self._tally,
                    known=self._known.get((source_id, metric)),
                    remembers=self._remembers,
                )
                begin.append(observer)
            observers[entity_id] = observer
        self._lineup.observers = observers
        self._look_at_devices()
        self._unsubscribe = [
            async_track_state_change_event(self._hass, self._entities, self._changed),
            async_track_state_report_event(self._hass, observers, self._reported),
            async_track_entities(self._hass, self._told.ids, self._registry_updated),
            async_track_devices(self._hass, observers, self._registry_updated),
        ]
        for observer in begin:
            self._begin(observer)
        self._listened_until = inf

    def _observer(
        self,
        source_id: str,
        entity_id: str,
        metric: Metric,
        tally: Tally,
        *,
        known: Known | None = None,
        remembers: bool = True,
    ) -> Watcher:
        """Return what watches a source, and keeps in a tally what it must remember."""
        source = Source(source_id, entity_id, entity_id)
        source = source._replace(device=async_device(self._hass, source))
        if metric.kind is Kind.COUNTER and not is_event(entity_id):
            return Counter(metric, source, tally.counters)
        if metric.kind is Kind.WORKOUT:
            watch = WorkoutObserver if is_event(entity_id) else TrainingObserver
            return watch(source, tally)
        if metric.kind is Kind.POSITION:
            return PositionObserver(
                source,
                self.rules,
                tally.latest,
                self._hass.states.get,
                takes=self._told.takes,
                integration=async_integration(self._hass, entity_id),
                manner=async_manner(self._hass, entity_id),
                known=known,
                remembers=remembers,
            )
        return Observer(
            metric,
            source,
            self.rules,
            tally.latest,
            manner=async_manner(self._hass, entity_id),
            known=known,
            remembers=remembers,
        )

    def _begin(self, observer: Watcher) -> None:
        """Tell a new observer what its source said before."""
        now, until = time.time(), self._listened_until
        since = now
        if state := self._hass.states.get(observer.source.entity_id):
            trusted = self._hass.state is CoreState.running
            readings = observer.begin(state, trusted=trusted, since=until)
            self._take(observer, readings, now)
            if readings:
                # The recorder has it, too
                since = news_at(state, until)
        counts = isinstance(observer, Counter)
        if until < since and not counts:
            self._coverage.interrupt(observer.source.id, to_us(until), to_us(since))
        self._coverage.begin(observer.source.id, to_us(since), counts=counts)

    @callback
    @guarded
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        """Handle a source's new state."""
        data = event.data
        entity_id, old, state = data["entity_id"], data["old_state"], data["new_state"]
        if (observer := self._lineup.observers.get(entity_id)) is None:
            self._see_untold(entity_id, old, state)
            return
        if old is None and observer.source.id == entity_id:
            # Another entity may be called so now, of another device
            self._subscribe()
        if old is None or ATTR_RESTORED in old.attributes:
            # By now its integration is set up
            observer.manner = async_manner(self._hass, entity_id)
        at = state.last_updated_timestamp if state else event.time_fired_timestamp
        self._observe(observer, old, state, at)

    def _see_untold(
        self, entity_id: str, old: State | None, state: State | None
    ) -> None:
        """Listen to a source as soon as what it measures can be told."""
        if state is None or self._entities[entity_id] in self._missing:
            self._check_later()
        is_changed = old is None or state is None or old.attributes != state.attributes
        source_id = self._entities[entity_id]
        if is_changed and self._told.metric(source_id, entity_id):
            self._subscribe()

    @callback
    @guarded
    def _reported(self, event: Event[EventStateReportedData]) -> None:
        """Handle a source's state that is as it was."""
        # The state's own time moves on, even before this is called
        at = event.data["last_reported"].timestamp()
        state = event.data["new_state"]
        self._observe(self.observers[event.data["entity_id"]], state, state, at)

    def _observe(
        self, observer: Watcher, old: State | None, state: State | None, at: float
    ) -> None:
        """Make readings of what a source says, where there are any in it."""
        self._take(observer, observer.observe(old, state, at), at)
        if state is None or observer.source.id in self._missing:
            self._check_later()
        self.wearer.async_update()

    def _take(self, observer: Watcher, readings: Sequence[Reading], at: float) -> None:
        """Pass readings on, and those that are held back once it is clear what they are."""
        for reading in self._lineup.passed(observer, readings, at):
            self._on_reading(reading)
        self._wait_until_clear(at)

    def _wait_until_clear(self, now: float) -> None:
        """Look again when it is clear whether the sources before others are silent."""
        if self._lineup.clear_at < inf and not self._clear_timer:
            self._clear_timer = async_call_later(
                self._hass, max(0.0, self._lineup.clear_at - now) + 0.1, self._clear
            )

    @callback
    def _clear(self, _: datetime) -> None:
        """Pass on what was held back, if it counts."""
        self._clear_timer = None
        now = time.time()
        for reading in self._lineup.settled(now):
            self._on_reading(reading)
        self._wait_until_clear(now)

    @callback
    @guarded
    def _registry_updated(
        self,
        _: Event[er.EventEntityRegistryUpdatedData]
        | Event[dr.EventDeviceRegistryUpdatedData],
    ) -> None:
        """Follow sources that are renamed, removed or back, and to what they are a part of now.

        Those that go with their device are gone before that is told of them.
        """
        self._subscribe()
        self._check_later()

    def _look_at_devices(self) -> None:
        """Take note of what the sources' devices are called now."""
        for observer in self.observers.values():
            device = async_device(self._hass, observer.source)
            if device != observer.source.device:
                observer.source = observer.source._replace(device=device)

    @callback
    @guarded
    def _check_later(self, _: HomeAssistant | None = None) -> None:
        """See in a moment whether sources are gone, or back."""
        if not self._check_timer:
            self._check_timer = async_call_later(self._hass, MISSING_AFTER, self._check)

    @callback
    @guarded
    def _check(self, _: datetime) -> None:
        """See whether sources are gone, or back."""
        self._check_timer = None
        missing = {
            source_id
            for source_id in self._told.ids
            if not (entity_id := async_entity_id(self._hass, source_id))
            or not self._hass.states.get(entity_id)
        }
        # Also where nobody is gone: what was reported before a start may be ignored, and so still there
        self._missing = missing
        self._on_missing(missing)
