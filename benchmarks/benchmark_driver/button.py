"""Buttons as those of a relay."""

from custom_components.heart_rate_relay.button import SEND_NOW, STOP_BACKFILL
from homeassistant.components.button import ButtonEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .floor import FloorEntity


class FloorButton(FloorEntity, ButtonEntity):
    """Nobody presses it."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry[object],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons."""
    async_add_entities([FloorButton(entry, one) for one in (SEND_NOW, STOP_BACKFILL)])
