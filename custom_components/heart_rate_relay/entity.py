"""What all entities of a relay have in common."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .relay.coordinator import RelayCoordinator


class RelayEntity(CoordinatorEntity[RelayCoordinator]):
    """An entity of a relay's service device."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: RelayCoordinator, description: EntityDescription
    ) -> None:
        """Initialize the entity."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.entity_description = description
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer=coordinator.destination.service,
            name=entry.title,
        )
