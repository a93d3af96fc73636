"""The simulated sensors."""

from typing import override

from homeassistant.components.sensor import SensorEntity, SensorStateClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import SimulationConfigEntry
from .const import DOMAIN
from .entity import SimulatedEntity
from .measures import MEASURES, Measure
from .pattern import Signal
from .record import Writer

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimulationConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors, which measure at different moments of a second."""
    sensors = [SimulatedSensor(measure, entry.runtime_data) for measure in MEASURES]
    for number, sensor in enumerate(sensors, 1):
        sensor.phase = number / (len(sensors) + 1)
    async_add_entities(sensors)


class SimulatedSensor(SimulatedEntity, SensorEntity):
    """A sensor that does what a pattern says, and writes it to the ledger."""

    _attr_has_entity_name = True

    def __init__(self, measure: Measure, ledger: Writer) -> None:
        """Initialize the sensor."""
        device, metric, pattern = measure
        self._attr_name = measure.name
        self._attr_native_unit_of_measurement = metric.unit
        self._attr_state_class = (
            SensorStateClass.TOTAL_INCREASING
            if metric.counting
            else SensorStateClass.MEASUREMENT
        )
        self._attr_unique_id = f"{device} {measure.name}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device)}, name=device, manufacturer="Simulated"
        )
        self._device = device
        self._metrics = (metric,)
        self._pattern = pattern()
        self._ledger = ledger

    @override
    def _measure(self) -> None:
        """Do what the pattern says."""
        value: float | None = None
        match next(self._pattern):
            case Signal.SILENCE:
                return
            case Signal.UNAVAILABLE:
                self._attr_available = False
            case int() | float() as value:
                self._attr_available = True
                self._attr_native_value = value
        self._tell(dict.fromkeys(self._metrics, value))
