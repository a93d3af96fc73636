"""Sees whether a relay's sources are, or become, such that they would stay silent."""

from collections.abc import Collection, Sequence

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_RESTORED
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event

from ..const import CONF_OTHER_SOURCES, CONF_SOURCES, DEFAULT_OPTIONS
from ..metric_names import Names, async_metric_names
from ..metrics import Metric
from ..sources.attributes import unit_of
from ..sources.candidates import async_entity_id, async_track_entities
from ..sources.chosen import known_metrics, takes_others
from ..sources.detection.vocabulary import vocabulary
from ..sources.flaws import async_flaws
from . import relay_issues as issues


class SourceWatch:
    """Reports sources of which nothing would be delivered, or that are chosen twice."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, metrics: Collection[Metric]
    ) -> None:
        """Initialize the watch of the sources of those metrics."""
        self._hass = hass
        self._entry = entry
        self._metrics = metrics
        self._names: Names = {}
        self._stops: Sequence[CALLBACK_TYPE] = ()

    async def start(self) -> None:
        """Start to watch, before anything is collected.

        What most of them measure is told by words, which are on the disk.
        """
        if self._entry.options.get(CONF_OTHER_SOURCES):
            await self._hass.async_add_executor_job(vocabulary)
            self._names = await async_metric_names(self._hass)
        self.look()

    @callback
    def stop(self) -> None:
        """Stop to watch."""
        for stop in self._stops:
            stop()
        self._stops = ()

    @callback
    def look(self) -> None:
        """See which entities the sources are now, and report what is wrong with them."""
        options = DEFAULT_OPTIONS | self._entry.options
        heart_rates, others = (
            {
                entity_id: source_id
                for source_id in (options[option] if is_taken else ())
                if (entity_id := async_entity_id(self._hass, source_id))
            }
            for option, is_taken in (
                (CONF_SOURCES, True),
                (CONF_OTHER_SOURCES, takes_others(self._metrics)),
            )
        )
        source_ids = others | heart_rates
        unknown = {
            source_id
            for entity_id, source_id in source_ids.items()
            if not _is_told(self._hass.states.get(entity_id))
        }
        flaws = {
            source_ids[flawed.entity_id]: flawed
            for flawed in async_flaws(
                self._hass,
                heart_rates,
                others,
                self._metrics,
                self._names,
                known_metrics(options),
            )
        }
        issues.async_update_flaws(self._hass, self._entry, flaws, unknown)
        self.stop()
        self._stops = (
            async_track_state_change_event(self._hass, source_ids, self._changed),
            async_track_entities(
                self._hass, issues.source_ids(self._entry), self._registry_updated
            ),
        )

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        """Look where a source has another unit or name than before."""
        old, new = event.data["old_state"], event.data["new_state"]
        if old and new and old.attributes is new.attributes:
            # As nearly always: Home Assistant keeps what is as it was
            return
        if new and (
            old is None
            or _is_told(old) != _is_told(new)
            or unit_of(old) != unit_of(new)
            or old.name != new.name
        ):
            self.look()

    @callback
    def _registry_updated(self, _: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Look where a source may have been renamed."""
        self.look()


def _is_told(state: State | None) -> bool:
    """Return whether an entity is there by itself, and so has the unit that it shows.

    While Home Assistant starts, and while an integration is loaded again, it is not.
    """
    return state is not None and ATTR_RESTORED not in state.attributes
