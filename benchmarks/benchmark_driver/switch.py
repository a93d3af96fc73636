"""The switch as that of a relay."""

from custom_components.heart_rate_relay.switch import DELIVERY
from homeassistant.components.switch import SwitchEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .floor import FloorEntity


class FloorSwitch(FloorEntity, SwitchEntity):
    """Nobody turns it off."""

    _attr_is_on = True


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry[object],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switch."""
    async_add_entities([FloorSwitch(entry, DELIVERY)])
