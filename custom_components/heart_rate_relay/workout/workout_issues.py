"""What is reported to the repairs of a wearer's sources."""

from itertools import chain

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..const import CONF_OTHERS, CONF_SOURCES
from ..issues import async_create, async_delete, id_of
from ..sources.candidates import async_last_entity_id


@callback
def async_update_sources(
    hass: HomeAssistant, entry: ConfigEntry, missing: set[str]
) -> None:
    """Report the sources that are gone."""
    others = entry.options.get(CONF_OTHERS, {}).values()
    for source_id in chain(entry.options[CONF_SOURCES], *others):
        issue_id = id_of("workout_source_missing", entry, source_id)
        if source_id in missing:
            async_create(
                hass,
                issue_id,
                "workout_source_missing",
                workout=entry.title,
                source=async_last_entity_id(hass, source_id),
            )
        else:
            async_delete(hass, issue_id)
