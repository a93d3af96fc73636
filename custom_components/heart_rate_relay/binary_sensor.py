"""Binary sensors of Heart Rate Relay."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import MonitorEntity, MonitorEntityDescription, async_add_monitor_entities
from .monitor.coordinator import MonitorConfigEntry
from .monitor.features import Feature

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MonitorBinarySensorEntityDescription(
    MonitorEntityDescription[bool | None], BinarySensorEntityDescription
):
    """Describes a binary sensor of a monitor."""


BINARY_SENSORS = (
    MonitorBinarySensorEntityDescription(
        key="connected",
        translation_key="connected",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_lasting=True,
        value_fn=lambda data: data.is_reached,
    ),
    MonitorBinarySensorEntityDescription(
        key="skin_contact",
        translation_key="skin_contact",
        needs=frozenset({Feature.CONTACT}),
        value_fn=lambda data: data.measurement.contact if data.measurement else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a monitor."""
    async_add_monitor_entities(
        entry, async_add_entities, BINARY_SENSORS, MonitorBinarySensor
    )


class MonitorBinarySensor(MonitorEntity[bool | None], BinarySensorEntity):
    """Tells whether something is so at a monitor."""

    entity_description: MonitorBinarySensorEntityDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is so."""
        return self.value
