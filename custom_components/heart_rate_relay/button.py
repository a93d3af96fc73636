"""Button of Heart Rate Relay."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import RelayEntity
from .relay.coordinator import RelayConfigEntry

PARALLEL_UPDATES = 0

SEND_NOW = ButtonEntityDescription(
    key="send_now",
    translation_key="send_now",
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RelayConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the button of a relay."""
    async_add_entities([SendNowButton(entry.runtime_data, SEND_NOW)])


class SendNowButton(RelayEntity, ButtonEntity):
    """Ends the wait for a service."""

    @override
    async def async_press(self) -> None:
        """Try to deliver at once."""
        self.coordinator.async_send_now()
