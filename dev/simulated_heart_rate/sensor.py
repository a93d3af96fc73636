"""The simulated sensors."""

from collections.abc import Callable
from datetime import datetime, timedelta
import math
from typing import override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from . import SimulationConfigEntry
from .const import DOMAIN, SIGNAL_STOP
from .pattern import (
    Pattern,
    Signal,
    changing,
    falling_silent,
    flapping,
    resting,
    steady,
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


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimulationConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors, which measure at different moments of a second."""
    sensors = [
        SimulatedSensor(device, "Heart rate", pattern(), entry.runtime_data)
        for device, pattern in PATTERNS.items()
    ]
    sensors.append(
        SimulatedSensor("Watch", "Resting heart rate", resting(), entry.runtime_data)
    )
    for number, sensor in enumerate(sensors, 1):
        sensor.phase = number / (len(sensors) + 1)
    async_add_entities(sensors)


class SimulatedSensor(SensorEntity):
    """A sensor that measures once a second, always at the same moment of it.

    Never twice in the same second: live tracking tells no shorter times apart.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False
    phase = 0.0
    """When it measures, in seconds after the full second."""

    def __init__(
        self, device: str, name: str, pattern: Pattern, ledger: Writer
    ) -> None:
        """Initialize the sensor."""
        self.entity_description = SensorEntityDescription(
            key=name,
            name=name,
            icon="mdi:heart-pulse",
            native_unit_of_measurement="bpm",
            state_class=SensorStateClass.MEASUREMENT,
        )
        self._attr_unique_id = f"{device} {name}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device)}, name=device, manufacturer="Simulated"
        )
        self._pattern = pattern
        self._ledger = ledger
        self._cancel: Callable[[], None] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to measure, or begin again."""
        self.async_on_remove(self._stop)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_STOP, self._stop)
        )
        now = int(dt_util.utcnow().timestamp() * 1000)
        self._ledger.write(Record(self.entity_id, Kind.START, now, None))
        self._schedule()

    @callback
    def _stop(self) -> None:
        """Measure no more."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _schedule(self) -> None:
        """Measure next when the moment comes again."""
        now = dt_util.utcnow()
        second = now.replace(microsecond=0)
        wait = math.floor((now - second).total_seconds() - self.phase) + 1
        self._cancel = async_track_point_in_utc_time(
            self.hass, self._measure, second + timedelta(seconds=self.phase + wait)
        )

    @callback
    def _measure(self, now: datetime) -> None:
        """Do what the pattern says."""
        self._schedule()
        match next(self._pattern):
            case Signal.SILENCE:
                return
            case Signal.UNAVAILABLE:
                self._attr_available = False
            case int(rate):
                self._attr_available = True
                self._attr_native_value = rate
        self.async_write_ha_state()
        self._record()

    def _record(self) -> None:
        """Write to the ledger what became of it."""
        if (state := self.hass.states.get(self.entity_id)) is None:
            return
        kind = Kind.CHANGE if state.last_reported == state.last_updated else Kind.REPORT
        self._ledger.write(
            Record(
                self.entity_id,
                kind if self.available else Kind.UNAVAILABLE,
                int(state.last_reported.timestamp() * 1000),
                float(state.state) if self.available else None,
            )
        )
