"""Events of Heart Rate Relay."""

from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import workout_device
from .workout.coordinator import WorkoutConfigEntry, WorkoutCoordinator
from .workout.data import Telling, attributes_of
from .workout.summary import Summary

PARALLEL_UPDATES = 0

FINISHED = EventEntityDescription(
    key="finished", translation_key="finished", event_types=list(Telling)
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: WorkoutConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event of a wearer's workouts."""
    async_add_entities([FinishedEvent(entry.runtime_data)])


class FinishedEvent(EventEntity):
    """Tells that a workout is over, and what it came to."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description = FINISHED

    def __init__(self, coordinator: WorkoutCoordinator) -> None:
        """Initialize the event."""
        entry = coordinator.config_entry
        self._coordinator = coordinator
        self._attr_unique_id = f"{entry.entry_id}_{FINISHED.key}"
        self._attr_device_info = workout_device(entry)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen, also for what was over before."""
        await super().async_added_to_hass()
        self.async_on_remove(self._coordinator.async_listen_finished(self._tell))

    @callback
    def _tell(self, telling: Telling, summary: Summary) -> None:
        """Tell a workout that is over."""
        self._trigger_event(telling, attributes_of(summary))
        self.async_write_ha_state()
