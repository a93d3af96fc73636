"""Binary sensors of Heart Rate Relay."""

from dataclasses import dataclass
from typing import cast, override

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
from .monitor.data import MonitorData
from .monitor.profiles import QUANTITIES
from .monitor.profiles.base import Kind, Quantity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MonitorBinarySensorEntityDescription(
    MonitorEntityDescription[bool | None], BinarySensorEntityDescription
):
    """Describes a binary sensor of a monitor."""


def _describe(quantity: Quantity) -> MonitorBinarySensorEntityDescription:
    """Describe the binary sensor of a quantity that is so or not."""

    def value(data: MonitorData) -> bool | None:
        return cast("bool | None", data.value(quantity.key))

    return MonitorBinarySensorEntityDescription(
        key=quantity.key,
        translation_key=quantity.key,
        needs=frozenset({quantity.feature}),
        value_fn=value,
    )


BINARY_SENSORS = (
    MonitorBinarySensorEntityDescription(
        key="connected",
        translation_key="connected",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_lasting=True,
        value_fn=lambda data: data.is_reached,
    ),
    *(_describe(one) for one in QUANTITIES.values() if one.kind is Kind.FLAG),
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
