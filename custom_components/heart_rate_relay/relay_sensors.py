"""The sensors of a relay, and what each tells."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory

from .const import UNIT_BPM
from .relay.data import RelayData, Status


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

OVERWRITTEN = RelaySensorEntityDescription(
    key="overwritten",
    translation_key="overwritten",
    state_class=SensorStateClass.TOTAL_INCREASING,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda data: data.overwritten,
)
"""For services that hold one reading for each second, or alike."""

BACKFILL = RelaySensorEntityDescription(
    key="backfill",
    translation_key="backfill",
    native_unit_of_measurement=PERCENTAGE,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda data: data.backfill,
)
"""Where there is a recorder to read from."""

IN_DOUBT = RelaySensorEntityDescription(
    key="in_doubt",
    translation_key="in_doubt",
    state_class=SensorStateClass.TOTAL,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda data: data.in_doubt,
)
"""For services that refuse or lose readings without a word which."""
