"""Sensors of Heart Rate Relay."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import UNIT_BPM
from .entity import RelayEntity
from .relay.coordinator import RelayConfigEntry, RelayData, Status

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RelaySensorEntityDescription(SensorEntityDescription):
    """Describes a sensor that tells how a relay does."""

    value_fn: Callable[[RelayData], str | int | datetime | None]


HEART_RATE = SensorEntityDescription(
    key="heart_rate",
    translation_key="heart_rate",
    native_unit_of_measurement=UNIT_BPM,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
)

SENSORS: tuple[RelaySensorEntityDescription, ...] = (
    RelaySensorEntityDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=list(Status),
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.status,
    ),
    RelaySensorEntityDescription(
        key="waiting",
        translation_key="waiting",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.waiting,
    ),
    RelaySensorEntityDescription(
        key="last_delivery",
        translation_key="last_delivery",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.last_delivery,
    ),
    RelaySensorEntityDescription(
        key="delivered",
        translation_key="delivered",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.delivered,
    ),
    RelaySensorEntityDescription(
        key="refused",
        translation_key="refused",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.refused,
    ),
    RelaySensorEntityDescription(
        key="expired",
        translation_key="expired",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.expired,
    ),
)

IN_DOUBT = RelaySensorEntityDescription(
    key="in_doubt",
    translation_key="in_doubt",
    state_class=SensorStateClass.TOTAL_INCREASING,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda data: data.in_doubt,
)
"""For services that refuse readings without a word which."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RelayConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a relay."""
    coordinator = entry.runtime_data
    descriptions = list(SENSORS)
    if not coordinator.destination.limits.tells_refused:
        descriptions.append(IN_DOUBT)
    async_add_entities(
        [
            HeartRateSensor(coordinator, HEART_RATE),
            *(RelaySensor(coordinator, description) for description in descriptions),
        ]
    )


class RelaySensor(RelayEntity, SensorEntity):
    """Tells how a relay does."""

    entity_description: RelaySensorEntityDescription

    @property
    @override
    def native_value(self) -> str | int | datetime | None:
        """Return what the description is about."""
        return self.entity_description.value_fn(self.coordinator.data)


class HeartRateSensor(RelayEntity, SensorEntity):
    """The heart rate of the wearer, at once and not only when the relay tells."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the wearer, whatever becomes of the readings."""
        self.async_on_remove(
            self.coordinator.sources.wearer.async_add_listener(
                self.async_write_ha_state
            )
        )

    @property
    @override
    def native_value(self) -> float | None:
        """Return the heart rate in bpm, while a source is live."""
        return self.coordinator.sources.wearer.heart_rate
