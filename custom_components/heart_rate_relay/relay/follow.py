"""New heart-rate sensors become sources, for those who want that."""

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import async_track_state_added_domain

from ..const import CONF_DECLINED, CONF_FOLLOW_NEW, CONF_SOURCES
from ..sources.candidates import (
    async_candidate,
    async_candidates,
    async_is_relays,
    async_source_id,
)
from ..sources.detection.heart_rate import Verdict, judge
from ..unexpected import guarded
from .coordinator import RelayConfigEntry


@callback
def async_follow_new(hass: HomeAssistant, entry: RelayConfigEntry) -> CALLBACK_TYPE:
    """Add heart-rate sensors to a running relay's sources as they appear.

    So are those that appeared while it did not run, or was being started.
    """

    @callback
    def add(entity_id: str) -> None:
        """Add a sensor, unless the user knows it."""
        options = entry.options
        source_id = async_source_id(hass, entity_id)
        known = (*options[CONF_SOURCES], *options.get(CONF_DECLINED, ()))
        if source_id in known:
            return
        sources = [*options[CONF_SOURCES], source_id]
        hass.config_entries.async_update_entry(
            entry, options={**options, CONF_SOURCES: sources}
        )
        entry.runtime_data.sources.add(source_id)

    @callback
    @guarded
    def added(event: Event[EventStateChangedData]) -> None:
        """Add a sensor that has just appeared."""
        entity_id = event.data["entity_id"]
        if (
            (state := event.data["new_state"])
            and not async_is_relays(hass, entity_id)
            and judge(async_candidate(hass, state)) is Verdict.MATCH
        ):
            add(entity_id)

    if not entry.options.get(CONF_FOLLOW_NEW):
        return lambda: None
    for entity_id in async_candidates(hass)[Verdict.MATCH]:
        add(entity_id)
    return async_track_state_added_domain(hass, SENSOR_DOMAIN, added)
