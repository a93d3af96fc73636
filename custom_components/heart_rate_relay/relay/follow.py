"""New heart-rate sensors become sources, for those who want that."""

from typing import TYPE_CHECKING

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers.event import async_track_state_added_domain

from ..const import CONF_DECLINED, CONF_FOLLOW_NEW, CONF_SOURCES, SOURCE_OPTIONS
from ..sources.candidates import async_source_id
from ..sources.finding import async_is_match, may_be_source
from .coordinator import RelayConfigEntry

RUNNING = (ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.LOADED)


@callback
def async_follow_new(hass: HomeAssistant, entry: RelayConfigEntry) -> CALLBACK_TYPE:
    """Add heart-rate sensors to a relay's sources as they appear."""

    def is_known(source_id: str) -> bool:
        """Return whether a sensor is a source already, or is to be none."""
        return any(
            source_id in entry.options.get(option, ())
            for option in (*SOURCE_OPTIONS.values(), CONF_DECLINED)
        )

    async def add(state: State) -> None:
        """Add a sensor, if it is one of heart rates."""
        source_id = async_source_id(hass, state.entity_id)
        if is_known(source_id) or not await async_is_match(hass, state):
            return
        # Meanwhile much may have happened
        if entry.state in RUNNING and not is_known(source_id):
            sources = [*entry.options[CONF_SOURCES], source_id]
            hass.config_entries.async_update_entry(
                entry, options={**entry.options, CONF_SOURCES: sources}
            )
            entry.runtime_data.async_add_source(source_id)

    @callback
    def added(event: Event[EventStateChangedData]) -> None:
        """See to a sensor that has appeared."""
        state = event.data["new_state"]
        if TYPE_CHECKING:
            assert state
        if may_be_source(state):
            entry.async_create_task(hass, add(state), "follow")

    if not entry.options.get(CONF_FOLLOW_NEW):
        return lambda: None
    return async_track_state_added_domain(hass, SENSOR_DOMAIN, added)
