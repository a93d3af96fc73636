"""The floor of setting up a relay: entities like those that it has, of which nothing is behind."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription


class FloorEntity(Entity):
    """An entity that shows what a relay shows which has just been set up."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, entry: ConfigEntry[object], description: EntityDescription
    ) -> None:
        """Initialize the entity."""
        self.entity_description = description
        self._attr_name = description.key.replace("_", " ").capitalize()
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(entry.domain, entry.entry_id)},
            manufacturer=entry.domain,
            name=entry.title,
        )
