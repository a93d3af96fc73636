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
from .const import DOMAIN, SIGNAL_STOP, UNIT_BPM, UNIT_STEPS
from .pattern import (
    Pattern,
    Signal,
    changing,
    falling_silent,
    flapping,
    resting,
    steady,
    steps_of_a_day,
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
    ]
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
        self._cancel: Callable[[], None] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to measure, or begin again."""
        self.async_on_remove(self._stop)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_STOP, self._stop)
        )
        now = int(dt_util.utcnow().timestamp() * 1000)
        self._note(Kind.START, now, None)
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
            case int(value):
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
