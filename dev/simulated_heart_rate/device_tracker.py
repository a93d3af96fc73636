"""The simulated phone that tells where the ride is."""

from typing import override

from homeassistant.components.device_tracker.entity import TrackerEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import SimulationConfigEntry
from .const import DOMAIN
from .entity import SimulatedEntity
from .ride import places

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimulationConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the phone."""
    async_add_entities([SimulatedTracker()])


class SimulatedTracker(SimulatedEntity, TrackerEntity):
    """A phone that is taken on the ride, and knows where it is to 4 m."""

    _attr_name = "Phone"
    _attr_unique_id = f"{DOMAIN} Phone"
    _attr_location_accuracy = 4

    def __init__(self) -> None:
        """Initialize the phone, where the ride begins."""
        self._places = places()

    @override
    def _measure(self) -> None:
        here = next(self._places)
        self._attr_latitude = here.latitude
        self._attr_longitude = here.longitude
        self._attr_extra_state_attributes = {"course": here.course}
        self.async_write_ha_state()
