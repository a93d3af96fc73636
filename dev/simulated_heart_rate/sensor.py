"""The simulated sensors."""

from collections.abc import Callable
from itertools import count
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    REVOLUTIONS_PER_MINUTE,
    UnitOfLength,
    UnitOfMass,
    UnitOfPower,
    UnitOfSpeed,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from . import SimulationConfigEntry, ride
from .const import DOMAIN, UNIT_BPM, UNIT_STEPS
from .entity import SimulatedEntity
from .pattern import (
    Pattern,
    Signal,
    changing,
    falling_silent,
    flapping,
    resting,
    steady,
    steps_of_a_day,
    weighing,
)
from .record import Kind, Record, Writer

PARALLEL_UPDATES = 0

PATTERNS: dict[str, Callable[[], Pattern]] = {
    "Chest strap": changing,
    "Exercise bike": steady,
    "Armband": falling_silent,
    "Watch": flapping,
}
"""The devices with a heart-rate sensor."""


def _heart(name: str) -> SensorEntityDescription:
    """Return what describes a sensor of a heart."""
    return SensorEntityDescription(
        key=name,
        name=name,
        icon="mdi:heart-pulse",
        native_unit_of_measurement=UNIT_BPM,
        state_class=SensorStateClass.MEASUREMENT,
    )


HEART_RATE = _heart("Heart rate")
RESTING_HEART_RATE = _heart("Resting heart rate")
STEPS = SensorEntityDescription(
    key="Steps",
    name="Steps",
    icon="mdi:walk",
    native_unit_of_measurement=UNIT_STEPS,
    state_class=SensorStateClass.TOTAL_INCREASING,
)
WEIGHT = SensorEntityDescription(
    key="Weight",
    name="Weight",
    device_class=SensorDeviceClass.WEIGHT,
    native_unit_of_measurement=UnitOfMass.KILOGRAMS,
    state_class=SensorStateClass.MEASUREMENT,
)

BIKE: dict[SensorEntityDescription, Callable[[int], float]] = {
    SensorEntityDescription(
        key="Power",
        name="Power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
    ): ride.power,
    SensorEntityDescription(
        key="Cadence",
        name="Cadence",
        native_unit_of_measurement=REVOLUTIONS_PER_MINUTE,
        state_class=SensorStateClass.MEASUREMENT,
    ): ride.cadence,
    SensorEntityDescription(
        key="Speed",
        name="Speed",
        device_class=SensorDeviceClass.SPEED,
        native_unit_of_measurement=UnitOfSpeed.METERS_PER_SECOND,
        state_class=SensorStateClass.MEASUREMENT,
    ): ride.speed,
    SensorEntityDescription(
        key="Distance",
        name="Distance",
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.METERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
    ): ride.distance,
}
"""What the bike measures, by the second of the ride."""


def walking() -> Pattern:
    """Yield the steps of the day until now, which begins at the local midnight."""
    while True:
        # A difference of local times would leave out what a change of the clock adds
        since_midnight = dt_util.utcnow() - dt_util.start_of_local_day()
        yield steps_of_a_day(int(since_midnight.total_seconds()))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimulationConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors, which measure at different moments of a second."""
    ledger = entry.runtime_data
    sensors = [
        *(
            SimulatedSensor(device, HEART_RATE, pattern(), ledger)
            for device, pattern in PATTERNS.items()
        ),
        SimulatedSensor("Watch", RESTING_HEART_RATE, resting(), ledger),
        SimulatedSensor("Phone", STEPS, walking(), ledger),
        SimulatedSensor("Scale", WEIGHT, weighing(), ledger),
        *(
            SimulatedSensor("Bike", description, map(measure, count()), ledger)
            for description, measure in BIKE.items()
        ),
    ]
    for number, sensor in enumerate(sensors, 1):
        sensor.phase = number / (len(sensors) + 1)
    async_add_entities(sensors)


class SimulatedSensor(SimulatedEntity, SensorEntity):
    """A sensor that does what a pattern says, and writes it to the ledger."""

    _attr_has_entity_name = True

    def __init__(
        self,
        device: str,
        description: SensorEntityDescription,
        pattern: Pattern,
        ledger: Writer,
    ) -> None:
        """Initialize the sensor."""
        self.entity_description = description
        self._attr_unique_id = f"{device} {description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device)}, name=device, manufacturer="Simulated"
        )
        self._device = device
        self._pattern = pattern
        self._ledger = ledger

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to measure, or begin again."""
        now = int(dt_util.utcnow().timestamp() * 1000)
        self._note(Kind.START, now, None)
        await super().async_added_to_hass()

    @override
    def _measure(self) -> None:
        """Do what the pattern says."""
        match next(self._pattern):
            case Signal.SILENCE:
                return
            case Signal.UNAVAILABLE:
                self._attr_available = False
            case int() | float() as value:
                self._attr_available = True
                self._attr_native_value = value
        self.async_write_ha_state()
        self._record()

    def _record(self) -> None:
        """Write to the ledger what became of it."""
        if (state := self.hass.states.get(self.entity_id)) is None:
            return
        kind = Kind.CHANGE if state.last_reported == state.last_updated else Kind.REPORT
        self._note(
            kind if self.available else Kind.UNAVAILABLE,
            int(state.last_reported.timestamp() * 1000),
            float(state.state) if self.available else None,
        )

    def _note(self, kind: Kind, at: int, value: float | None) -> None:
        """Write a line to the ledger."""
        unit = self.native_unit_of_measurement or ""
        self._ledger.write(Record(self.entity_id, self._device, unit, kind, at, value))
