"""The simulated phone that tells where the ride is."""

from itertools import count
from typing import override

from custom_components.heart_rate_relay.metrics import (
    BEARING,
    LATITUDE,
    LONGITUDE,
    POSITION_ACCURACY,
    SPEED,
)
from homeassistant.components.device_tracker.entity import TrackerEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import SimulationConfigEntry, ride
from .const import DOMAIN
from .entity import SimulatedEntity
from .record import Writer

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimulationConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the phone."""
    async_add_entities([SimulatedTracker(entry.runtime_data)])


class SimulatedTracker(SimulatedEntity, TrackerEntity):
    """A phone that is taken on the ride, and knows how fast, but less well than the bike."""

    _attr_name = "Phone"
    _attr_unique_id = f"{DOMAIN} Phone"
    _device = "Phone"
    _metrics = (LATITUDE, LONGITUDE, POSITION_ACCURACY, BEARING, SPEED)

    def __init__(self, ledger: Writer) -> None:
        """Initialize the phone, where the ride begins."""
        self._ledger = ledger
        self._seconds = count()

    @override
    def _measure(self) -> None:
        second = next(self._seconds)
        here, accuracy = ride.place(second), ride.accuracy(second)
        speed = round(ride.speed(second), 1)
        self._attr_latitude = here.latitude
        self._attr_longitude = here.longitude
        self._attr_location_accuracy = accuracy
        self._attr_extra_state_attributes = {"course": here.course, "speed": speed}
        values = (here.latitude, here.longitude, accuracy, here.course, speed)
        self._tell(dict(zip(self._metrics, values, strict=True)))
