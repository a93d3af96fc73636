"""Sensors as those of a relay."""

from datetime import datetime
from typing import override

from custom_components.heart_rate_relay.relay.data import RelayData, Status
from custom_components.heart_rate_relay.relay_sensors import (
    BACKFILL,
    HEART_RATE,
    SENSORS,
    RelaySensorEntityDescription,
)
from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .floor import FloorEntity

NEW = RelayData(
    status=Status.IDLE,
    waiting=0,
    delivered=0,
    refused=0,
    expired=0,
    overwritten=0,
    in_doubt=0,
    last_delivery=None,
    backfill=None,
)


class FloorSensor(FloorEntity, SensorEntity):
    """Shows what a new relay shows."""

    @property
    @override
    def native_value(self) -> str | int | datetime | None:
        """Return what the description is about."""
        description = self.entity_description
        if isinstance(description, RelaySensorEntityDescription):
            return description.value_fn(NEW)
        # Of several sources alone a relay has a heart rate enabled
        return None

    @property
    @override
    def entity_registry_enabled_default(self) -> bool:
        """Return whether it tells anything of a relay with a single source."""
        return self.entity_description is not HEART_RATE


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry[object],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors."""
    descriptions = (HEART_RATE, *SENSORS, BACKFILL)
    async_add_entities([FloorSensor(entry, one) for one in descriptions])
