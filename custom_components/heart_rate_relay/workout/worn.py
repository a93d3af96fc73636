"""Whether what measures is worn, as far as anything tells."""

from collections.abc import Sequence

from homeassistant.const import STATE_OFF
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..reading import Source

SKIN_CONTACT = "skin_contact"
"""What a monitor calls it."""


@callback
def async_is_worn(
    hass: HomeAssistant, source: Source, worn_sensors: Sequence[str]
) -> bool:
    """Return whether nothing says that a source is not worn.

    Sensors that a person named say so of all sources, else a monitor does of itself.
    """
    named = [
        entity_id
        for id_ in worn_sensors
        if (entity_id := er.async_resolve_entity_id(er.async_get(hass), id_))
    ]
    contacts = named or [
        entity.entity_id
        for entity in er.async_entries_for_device(er.async_get(hass), source.device.id)
        if (entity.platform, entity.translation_key) == (DOMAIN, SKIN_CONTACT)
    ]
    states = (hass.states.get(entity_id) for entity_id in contacts)
    return not any(state and state.state == STATE_OFF for state in states)
