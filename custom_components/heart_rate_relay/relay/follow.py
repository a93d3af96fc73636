"""New heart-rate sensors become sources, for those who want that."""

from typing import TYPE_CHECKING

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
from ..sources.candidates import async_candidate, async_is_relays, async_source_id
from ..sources.detection.heart_rate import Verdict, judge
from .coordinator import RelayConfigEntry


@callback
def async_follow_new(hass: HomeAssistant, entry: RelayConfigEntry) -> CALLBACK_TYPE:
    """Add heart-rate sensors to a relay's sources as they appear."""

    @callback
    def added(event: Event[EventStateChangedData]) -> None:
        """Add a sensor that the user does not know yet."""
        state = event.data["new_state"]
        if TYPE_CHECKING:
            assert state
        candidate = async_candidate(hass, state)
        source_id = async_source_id(hass, state.entity_id)
        options = entry.options
        if (
            async_is_relays(hass, state.entity_id)
            or source_id in options[CONF_SOURCES]
            or source_id in options.get(CONF_DECLINED, ())
            or judge(candidate) is not Verdict.MATCH
        ):
            return
        sources = [*options[CONF_SOURCES], source_id]
        hass.config_entries.async_update_entry(
            entry, options={**options, CONF_SOURCES: sources}
        )
        entry.runtime_data.sources.add(source_id)

    if not entry.options.get(CONF_FOLLOW_NEW):
        return lambda: None
    return async_track_state_added_domain(hass, SENSOR_DOMAIN, added)
