"""New heart-rate sensors become sources, for those who want that."""

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers.event import async_track_state_added_domain

from ..const import CONF_DECLINED, CONF_FOLLOW_NEW, CONF_SOURCES, SOURCE_OPTIONS
from ..metrics import HEART_RATE
from ..sources.candidates import async_source_id
from ..sources.finding import async_find, async_is_match, may_be_source
from ..unexpected import guarded, log_unexpected
from .coordinator import RelayConfigEntry

RUNNING = (ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.LOADED)


async def async_follow_new(hass: HomeAssistant, entry: RelayConfigEntry) -> None:
    """Add heart-rate sensors to a running relay's sources as they appear.

    So are those that appeared while it did not run, or was being started.
    """

    async def judge(state: State) -> None:
        """Add a sensor, if it is one of heart rates."""
        source_id = async_source_id(hass, state.entity_id)
        try:
            if not _is_known(entry, source_id) and await async_is_match(hass, state):
                _add(hass, entry, source_id)
        except Exception as err:  # noqa: BLE001 - Home Assistant would log its words
            log_unexpected(err, "the new sensor is left out")

    @callback
    @guarded
    def added(event: Event[EventStateChangedData]) -> None:
        """See to a sensor that has appeared."""
        if (state := event.data["new_state"]) and may_be_source(state):
            entry.async_create_task(hass, judge(state), "follow")

    if not entry.options.get(CONF_FOLLOW_NEW):
        return
    entry.async_on_unload(async_track_state_added_domain(hass, SENSOR_DOMAIN, added))
    if any(map(may_be_source, hass.states.async_all(SENSOR_DOMAIN))):
        found = await async_find(hass)
        for entity_id in found.matches[HEART_RATE]:
            _add(hass, entry, async_source_id(hass, entity_id))


def _is_known(entry: RelayConfigEntry, source_id: str) -> bool:
    """Return whether a sensor is a source already, or is to be none."""
    return any(
        source_id in entry.options.get(option, ())
        for option in (*SOURCE_OPTIONS.values(), CONF_DECLINED)
    )


@callback
def _add(hass: HomeAssistant, entry: RelayConfigEntry, source_id: str) -> None:
    """Add a sensor, unless the user knows it or the relay has ended meanwhile."""
    if entry.state in RUNNING and not _is_known(entry, source_id):
        sources = [*entry.options[CONF_SOURCES], source_id]
        hass.config_entries.async_update_entry(
            entry, options={**entry.options, CONF_SOURCES: sources}
        )
        entry.runtime_data.async_add_source(source_id)
