"""Sensors of Heart Rate Relay."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfEnergy,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.helpers.typing import StateType

from .const import CONF_FOLLOW_NEW, CONF_SOURCES, UNIT_BPM
from .entity import (
    MonitorEntity,
    MonitorEntityDescription,
    RelayEntity,
    async_add_monitor_entities,
)
from .monitor.coordinator import MonitorConfigEntry, is_monitor
from .monitor.features import Feature
from .monitor.measurement import BodyLocation
from .past.shown import async_last_shown, count
from .relay.coordinator import RelayConfigEntry, RelayCoordinator
from .relay.data import RelayData, Status
from .unexpected import guarded

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


@dataclass(frozen=True, kw_only=True)
class MonitorSensorEntityDescription[ValueT = StateType](
    MonitorEntityDescription[ValueT], SensorEntityDescription
):
    """Describes a sensor of a monitor."""


RR_INTERVAL = MonitorSensorEntityDescription[tuple[float, ...]](
    key="rr_interval",
    translation_key="rr_interval",
    native_unit_of_measurement=UnitOfTime.MILLISECONDS,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
    entity_registry_enabled_default=False,
    needs=frozenset({Feature.RR_INTERVALS}),
    each=True,
    value_fn=lambda data: data.measurement.rr_intervals if data.measurement else (),
)

BATTERY: MonitorSensorEntityDescription = MonitorSensorEntityDescription(
    key="battery",
    device_class=SensorDeviceClass.BATTERY,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    needs=frozenset({Feature.BATTERY}),
    is_lasting=True,
    value_fn=lambda data: data.battery,
)

MONITOR_SENSORS: tuple[MonitorSensorEntityDescription, ...] = (
    MonitorSensorEntityDescription(
        key="heart_rate",
        translation_key="heart_rate",
        native_unit_of_measurement=UNIT_BPM,
        state_class=SensorStateClass.MEASUREMENT,
        each=True,
        value_fn=lambda data: data.measurement.heart_rate if data.measurement else None,
    ),
    MonitorSensorEntityDescription(
        # The key says which statistic it is, by which relays know it for a source
        key="rmssd",
        translation_key="rmssd",
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        needs=frozenset({Feature.RR_INTERVALS}),
        value_fn=lambda data: data.variability,
    ),
    MonitorSensorEntityDescription(
        key="energy",
        translation_key="energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_JOULE,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=0,
        needs=frozenset({Feature.ENERGY}),
        value_fn=lambda data: data.measurement.energy if data.measurement else None,
    ),
    MonitorSensorEntityDescription(
        key="signal_strength",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        is_lasting=True,
        value_fn=lambda data: data.signal_strength,
    ),
    MonitorSensorEntityDescription(
        key="body_location",
        translation_key="body_location",
        device_class=SensorDeviceClass.ENUM,
        options=list(BodyLocation),
        entity_category=EntityCategory.DIAGNOSTIC,
        needs=frozenset({Feature.BODY_LOCATION}),
        is_lasting=True,
        value_fn=lambda data: data.body_location,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MonitorConfigEntry | RelayConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a monitor or a relay."""
    if not is_monitor(entry):
        async_add_entities(_relay_sensors(entry.runtime_data))
        return
    async_add_monitor_entities(
        entry, async_add_entities, MONITOR_SENSORS, MonitorSensor
    )
    async_add_monitor_entities(
        entry, async_add_entities, (RR_INTERVAL,), IntervalSensor
    )
    async_add_monitor_entities(entry, async_add_entities, (BATTERY,), BatterySensor)


def _relay_sensors(coordinator: RelayCoordinator) -> Iterator[SensorEntity]:
    """Yield the sensors of a relay."""
    yield HeartRateSensor(coordinator, HEART_RATE)
    for description in SENSORS:
        if description.state_class is SensorStateClass.TOTAL_INCREASING:
            yield CounterSensor(coordinator, description)
        else:
            yield RelaySensor(coordinator, description)
    if coordinator.backfill:
        yield RelaySensor(coordinator, BACKFILL)
    if not coordinator.destination.limits.tells_refused:
        yield CounterSensor(coordinator, IN_DOUBT)


class MonitorSensor(MonitorEntity[StateType], SensorEntity):
    """Tells what a monitor measures, or how it is."""

    entity_description: MonitorSensorEntityDescription

    @property
    @override
    def native_value(self) -> StateType:
        """Return what the description is about."""
        return self.value


class IntervalSensor(MonitorEntity[tuple[float, ...]], SensorEntity):
    """Tells every interval between two beats, of which a measurement may hold several."""

    entity_description: MonitorSensorEntityDescription[tuple[float, ...]]
    _interval: float | None = None

    @callback
    @guarded
    @override
    def _handle_coordinator_update(self) -> None:
        """Write one state after the other."""
        if (to_show := self._to_show()) != self._shown:
            self._shown = to_show
            for self._interval in to_show[1] or (None,):
                self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> float | None:
        """Return the interval in ms."""
        return self._interval


class BatterySensor(MonitorSensor, RestoreSensor):
    """Tells the level of a battery, which does not change much without a connection."""

    _restored: StateType = None

    @override
    async def async_added_to_hass(self) -> None:
        """Remember what it was."""
        await super().async_added_to_hass()
        if last := await self.async_get_last_sensor_data():
            self._restored = cast(StateType, last.native_value)

    @property
    @override
    def native_value(self) -> StateType:
        """Return the level in percent, the last known one where need be."""
        return self._restored if self.value is None else self.value


class RelaySensor(RelayEntity, SensorEntity):
    """Tells how a relay does."""

    entity_description: RelaySensorEntityDescription

    @property
    @override
    def native_value(self) -> str | int | datetime | None:
        """Return what the description is about."""
        return self.entity_description.value_fn(self.coordinator.data)


class CounterSensor(RelaySensor, RestoreEntity):
    """Tells how many readings there were of a kind, and never fewer than it told before.

    Nothing is written while a service answers, so that a kill would have it begin anew.
    """

    @override
    async def async_added_to_hass(self) -> None:
        """Go on from what Home Assistant remembers, of this relay and no former one."""
        since = self.coordinator.config_entry.created_at
        shown = await async_last_shown(self.hass, self.entity_id, since)
        last = await self.async_get_last_state()
        if last and last.last_updated >= since:
            shown = max(shown, count(last.state))
        self.coordinator.async_count_on(self.entity_description.key, shown)
        await super().async_added_to_hass()


class HeartRateSensor(RelayEntity, SensorEntity):
    """The heart rate of the wearer, at once and not only when the relay tells.

    A state for each reading is dearer than to deliver it, and would only repeat what a
    single source says: then it is for the user to enable.
    """

    def __init__(
        self, coordinator: RelayCoordinator, description: SensorEntityDescription
    ) -> None:
        """Initialize the sensor."""
        super().__init__(coordinator, description)
        options = coordinator.options
        self._attr_entity_registry_enabled_default = (
            len(options[CONF_SOURCES]) > 1 or options[CONF_FOLLOW_NEW]
        )

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
