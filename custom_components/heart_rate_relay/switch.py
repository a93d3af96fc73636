"""Switch of Heart Rate Relay."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import RelayEntity, WorkoutEntity, WorkoutEntityDescription
from .relay.coordinator import RelayConfigEntry
from .workout.coordinator import WorkoutConfigEntry, is_workout

PARALLEL_UPDATES = 0

DELIVERY = SwitchEntityDescription(
    key="delivery",
    translation_key="delivery",
    entity_category=EntityCategory.CONFIG,
)


@dataclass(frozen=True, kw_only=True)
class WorkoutSwitchEntityDescription(
    WorkoutEntityDescription[bool], SwitchEntityDescription
):
    """Describes a switch of a wearer's workouts."""


WORKOUT = WorkoutSwitchEntityDescription(
    key="workout", translation_key="workout", value_fn=lambda data: data.is_on
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RelayConfigEntry | WorkoutConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switch of a relay, or of a wearer's workouts."""
    if is_workout(entry):
        async_add_entities([WorkoutSwitch(entry.runtime_data, WORKOUT)])
    else:
        async_add_entities([DeliverySwitch(entry.runtime_data, DELIVERY)])


class DeliverySwitch(RelayEntity, SwitchEntity):
    """Pauses a relay."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether readings are delivered."""
        return not self.coordinator.paused

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Deliver, also what was collected meanwhile."""
        self.coordinator.async_pause(False)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Collect, but do not deliver."""
        self.coordinator.async_pause(True)


class WorkoutSwitch(WorkoutEntity[bool], SwitchEntity):
    """Begins and ends a workout."""

    entity_description: WorkoutSwitchEntityDescription

    @property
    @override
    def is_on(self) -> bool:
        """Return whether somebody trains."""
        return self.value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Begin a workout."""
        self.coordinator.async_begin()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """End the workout."""
        self.coordinator.async_end()
