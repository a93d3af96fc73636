"""Sensors of Heart Rate Relay."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import cast, override

from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
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
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.helpers.typing import StateType

from .const import CONF_FOLLOW_NEW, CONF_SOURCES, DOMAIN
from .entity import (
    MonitorEntity,
    MonitorEntityDescription,
    RelayEntity,
    WorkoutEntity,
    WorkoutEntityDescription,
    async_add_monitor_entities,
    async_add_workout_entities,
)
from .monitor.coordinator import MonitorConfigEntry, is_monitor
from .monitor.details import BATTERY
from .monitor.profiles import QUANTITIES
from .monitor.profiles.base import Kind, Quantity, Value
from .past.shown import async_last_shown, count
from .relay.coordinator import RelayConfigEntry, RelayCoordinator
from .relay_sensors import (
    BACKFILL,
    HEART_RATE,
    IN_DOUBT,
    OVERWRITTEN,
    SENSORS,
    RelaySensorEntityDescription,
)
from .unexpected import guarded
from .workout.coordinator import WorkoutConfigEntry, is_workout
from .workout.data import WorkoutData
from .workout.figures import FIGURES, Figure

PARALLEL_UPDATES = 0

ATTR_MEASURED_AT = "measured_at"
"""Where it says when a value was measured: relays look there."""

MORE_DIGITS = 2
"""How many more decimals there are than those that are shown."""


@dataclass(frozen=True, kw_only=True)
class MonitorSensorEntityDescription[ValueT = StateType](
    MonitorEntityDescription[ValueT], SensorEntityDescription
):
    """Describes a sensor of a monitor."""


def _describe(quantity: Quantity) -> MonitorSensorEntityDescription[Value]:
    """Describe the sensor of a quantity, as its profile has it."""
    is_choice = quantity.kind is Kind.CHOICE
    state_class = SensorStateClass.MEASUREMENT
    if quantity.is_total:
        state_class = SensorStateClass.TOTAL_INCREASING
    return MonitorSensorEntityDescription(
        key=quantity.key,
        translation_key=None if quantity.is_named_by_class else quantity.key,
        device_class=_device_class(quantity),
        native_unit_of_measurement=quantity.unit,
        state_class=None if is_choice else state_class,
        suggested_display_precision=quantity.precision,
        options=list(quantity.options) or None,
        entity_category=EntityCategory.DIAGNOSTIC if quantity.is_diagnostic else None,
        entity_registry_enabled_default=quantity.is_enabled,
        needs=frozenset({quantity.feature}),
        is_lasting=quantity.is_lasting,
        each=not (quantity.is_derived or quantity.is_total or is_choice),
        value_fn=lambda data: data.value(quantity.key),
    )


def _device_class(quantity: Quantity) -> SensorDeviceClass | None:
    """Return the device class of a quantity, None where Home Assistant has none."""
    return SensorDeviceClass(quantity.device_class) if quantity.device_class else None


BATTERY_LEVEL: MonitorSensorEntityDescription = MonitorSensorEntityDescription(
    key="battery",
    device_class=SensorDeviceClass.BATTERY,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    needs=frozenset({BATTERY}),
    is_lasting=True,
    value_fn=lambda data: data.battery,
)

SIGNAL_STRENGTH: MonitorSensorEntityDescription = MonitorSensorEntityDescription(
    key="signal_strength",
    device_class=SensorDeviceClass.SIGNAL_STRENGTH,
    native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    is_lasting=True,
    value_fn=lambda data: data.signal_strength,
)

MEASURED = tuple(
    _describe(quantity)
    for quantity in QUANTITIES.values()
    if quantity.kind in {Kind.NUMBER, Kind.CHOICE}
)
SERIES = tuple(
    _describe(quantity)
    for quantity in QUANTITIES.values()
    if quantity.kind is Kind.SERIES
)


@dataclass(frozen=True, kw_only=True)
class WorkoutSensorEntityDescription(
    WorkoutEntityDescription[float | None], SensorEntityDescription
):
    """Describes a sensor that tells of a wearer's workouts."""


def _describe_figure(figure: Figure) -> WorkoutSensorEntityDescription:
    """Describe the sensor of a number that tells of a workout."""

    def value(data: WorkoutData) -> float | None:
        found = figure.value(data)
        return None if found is None else round(found, figure.precision or None)

    device_class = figure.device_class
    return WorkoutSensorEntityDescription(
        key=figure.key,
        translation_key=figure.name or figure.key,
        placeholders=figure.placeholders,
        device_class=SensorDeviceClass(device_class) if device_class else None,
        native_unit_of_measurement=figure.unit,
        suggested_unit_of_measurement=figure.shown_in,
        suggested_display_precision=figure.precision if not figure.shown_in else 1,
        state_class=SensorStateClass.TOTAL_INCREASING if figure.is_total else None,
        needs=figure.needs,
        value_fn=value,
    )


WORKOUT = tuple(map(_describe_figure, FIGURES))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MonitorConfigEntry | RelayConfigEntry | WorkoutConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a monitor, a relay, or a wearer's workouts."""
    if is_workout(entry):
        async_add_workout_entities(
            hass, entry, async_add_entities, SENSOR_DOMAIN, WORKOUT, WorkoutSensor
        )
        return
    if not is_monitor(entry):
        async_add_entities(_relay_sensors(entry.runtime_data))
        return
    add = partial(async_add_monitor_entities, entry, async_add_entities)
    add(MEASURED, MeasuredSensor)
    add(SERIES, SeriesSensor)
    add((SIGNAL_STRENGTH,), MonitorSensor)
    add((BATTERY_LEVEL,), BatterySensor)


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
        # What it showed last says little: what is in doubt becomes less, too
        yield RelaySensor(coordinator, IN_DOUBT)
    if coordinator.destination.limits.step > 1:
        yield CounterSensor(coordinator, OVERWRITTEN)


class MeasuredSensor(MonitorEntity[Value], SensorEntity):
    """Tells what a monitor measures."""

    entity_description: MonitorSensorEntityDescription[Value]

    @property
    @override
    def native_value(self) -> StateType:
        """Return what was measured last, without digits that nobody measured."""
        value = self.value
        if isinstance(value, float):
            precision = self.entity_description.suggested_display_precision or 0
            return round(value, precision + MORE_DIGITS)
        return cast("StateType", value)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, datetime] | None:
        """Return when that was, where the monitor tells what it had kept."""
        measured_at = self.coordinator.data.measured_at(self.entity_description.key)
        return {ATTR_MEASURED_AT: measured_at} if measured_at else None


class SeriesSensor(MonitorEntity[Value], SensorEntity):
    """Tells every one of several numbers that a measurement may hold."""

    entity_description: MonitorSensorEntityDescription[Value]
    _number: float | None = None

    @callback
    @guarded
    @override
    def _handle_coordinator_update(self) -> None:
        """Write one state after the other."""
        if (to_show := self._to_show()) != self._shown:
            self._shown = to_show
            for self._number in cast("tuple[float, ...]", to_show[1]) or (None,):
                self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number that is told now."""
        return self._number


class MonitorSensor(MonitorEntity[StateType], SensorEntity):
    """Tells how a monitor is."""

    entity_description: MonitorSensorEntityDescription

    @property
    @override
    def native_value(self) -> StateType:
        """Return what the description is about."""
        return self.value


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


class WorkoutSensor(WorkoutEntity[float | None], SensorEntity):
    """Tells a number of a workout."""

    entity_description: WorkoutSensorEntityDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the workout has come to, or the last one came to."""
        return self.value


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

    def __init__(
        self, coordinator: RelayCoordinator, description: RelaySensorEntityDescription
    ) -> None:
        """Initialize the sensor: what is registered already may have shown something."""
        super().__init__(coordinator, description)
        registry = er.async_get(coordinator.hass)
        known_as = registry.async_get_entity_id(
            SENSOR_DOMAIN, DOMAIN, str(self.unique_id)
        )
        self._is_new = known_as is None

    @override
    async def async_added_to_hass(self) -> None:
        """Go on from what Home Assistant remembers, of this relay and no former one."""
        # While Home Assistant starts, not even what is registered has a state
        if not self._is_new:
            await self._go_on()
        await super().async_added_to_hass()

    async def _go_on(self) -> None:
        """Count on from what was shown last."""
        since = self.coordinator.config_entry.created_at
        shown = await async_last_shown(self.hass, self.entity_id, since)
        last = await self.async_get_last_state()
        if last and last.last_updated >= since:
            shown = max(shown, count(last.state))
        self.coordinator.async_count_on(self.entity_description.key, shown)


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
