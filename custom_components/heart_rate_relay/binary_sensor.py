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

from .entity import (
    MonitorEntity,
    MonitorEntityDescription,
    WorkoutEntity,
    WorkoutEntityDescription,
    async_add_monitor_entities,
)
from .monitor.coordinator import MonitorConfigEntry, is_monitor
from .monitor.data import MonitorData
from .monitor.profiles import QUANTITIES
from .monitor.profiles.base import Kind, Quantity
from .workout.coordinator import WorkoutConfigEntry
from .workout.data import iso

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


@dataclass(frozen=True, kw_only=True)
class WorkoutBinarySensorEntityDescription(
    WorkoutEntityDescription[int | None], BinarySensorEntityDescription
):
    """Describes a binary sensor of a wearer's workouts."""


WORKOUT = WorkoutBinarySensorEntityDescription(
    key="workout",
    translation_key="workout",
    device_class=BinarySensorDeviceClass.RUNNING,
    value_fn=lambda data: data.begin,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MonitorConfigEntry | WorkoutConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a monitor, or of a wearer's workouts."""
    if is_monitor(entry):
        async_add_monitor_entities(
            entry, async_add_entities, BINARY_SENSORS, MonitorBinarySensor
        )
    else:
        async_add_entities([WorkoutBinarySensor(entry.runtime_data, WORKOUT)])


class WorkoutBinarySensor(WorkoutEntity[int | None], BinarySensorEntity):
    """Tells whether somebody trains."""

    entity_description: WorkoutBinarySensorEntityDescription

    @property
    @override
    def is_on(self) -> bool:
        """Return whether it is so."""
        return self.value is not None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str]:
        """Return when the workout began that goes on."""
        return {} if self.value is None else {"begin": iso(self.value)}


class MonitorBinarySensor(MonitorEntity[bool | None], BinarySensorEntity):
    """Tells whether something is so at a monitor."""

    entity_description: MonitorBinarySensorEntityDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is so."""
        return self.value
