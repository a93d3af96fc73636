"""Switch of Heart Rate Relay."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import RelayEntity
from .relay.coordinator import RelayConfigEntry

PARALLEL_UPDATES = 0

DELIVERY = SwitchEntityDescription(
    key="delivery",
    translation_key="delivery",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RelayConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switch of a relay."""
    async_add_entities([DeliverySwitch(entry.runtime_data, DELIVERY)])


class DeliverySwitch(RelayEntity, SwitchEntity):
    """Pauses a relay."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether readings are delivered."""
        return not self.coordinator.paused

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Deliver, also what was collected meanwhile."""
        self.coordinator.async_pause(False)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Collect, but do not deliver."""
        self.coordinator.async_pause(True)
