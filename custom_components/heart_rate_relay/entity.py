"""Base entities of Heart Rate Relay."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .monitor.coordinator import MonitorConfigEntry, MonitorCoordinator
from .monitor.data import MonitorData
from .monitor.memory import device_info_of
from .relay.coordinator import RelayCoordinator
from .unexpected import guarded
from .workout.coordinator import WorkoutConfigEntry, WorkoutCoordinator
from .workout.data import WorkoutData


class RelayEntity(CoordinatorEntity[RelayCoordinator]):
    """An entity of a relay's service device."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: RelayCoordinator, description: EntityDescription
    ) -> None:
        """Initialize the entity."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}_{description.key}"

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return what is asked for but once, and so is kept by nobody."""
        entry = self.coordinator.config_entry
        return DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer=self.coordinator.destination.service,
            name=entry.title,
        )


@dataclass(frozen=True, kw_only=True)
class MonitorEntityDescription[ValueT](EntityDescription):
    """Describes an entity of a monitor."""

    value_fn: Callable[[MonitorData], ValueT]
    needs: frozenset[str] = frozenset()
    """What a monitor must have for it."""
    is_lasting: bool = False
    """Whether the value outlives the connection."""
    each: bool = False
    """Whether each measurement counts, also one that is like the one before."""


class MonitorEntity[ValueT](CoordinatorEntity[MonitorCoordinator]):
    """An entity of a monitor."""

    _attr_has_entity_name = True
    entity_description: MonitorEntityDescription[ValueT]

    def __init__(
        self,
        coordinator: MonitorCoordinator,
        description: MonitorEntityDescription[ValueT],
    ) -> None:
        """Initialize the entity."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}_{description.key}"
        self._attr_device_info = device_info_of(coordinator.config_entry)
        self._shown = self._to_show()

    @property
    @override
    def available(self) -> bool:
        """Return whether the value could be known."""
        return self.entity_description.is_lasting or self.coordinator.data.is_available

    @property
    def value(self) -> ValueT:
        """Return what the description is about."""
        return self.entity_description.value_fn(self.coordinator.data)

    @callback
    @guarded
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state when it has changed: most of what comes concerns others."""
        if (to_show := self._to_show()) != self._shown:
            self._shown = to_show
            self.async_write_ha_state()

    def _to_show(self) -> tuple[bool, ValueT, int]:
        """Return what makes for a new state."""
        number = 0
        if self.entity_description.each:
            number = self.coordinator.data.number(self.entity_description.key)
        return self.available, self.value, number


@callback
def async_add_monitor_entities[ValueT](
    entry: MonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Iterable[MonitorEntityDescription[ValueT]],
    create: Callable[[MonitorCoordinator, MonitorEntityDescription[ValueT]], Entity],
) -> None:
    """Add the entities that a monitor has what is needed for, now or once it is known."""
    coordinator = entry.runtime_data
    left = list(descriptions)

    @callback
    def add() -> None:
        """Add those that are not there yet."""
        new = [one for one in left if one.needs <= coordinator.features]
        if new:
            left[:] = [one for one in left if one not in new]
            async_add_entities([create(coordinator, one) for one in new])

    add()
    entry.async_on_unload(coordinator.async_add_listener(add))


@dataclass(frozen=True, kw_only=True)
class WorkoutEntityDescription[ValueT](EntityDescription):
    """Describes an entity that tells of a wearer's workouts."""

    value_fn: Callable[[WorkoutData], ValueT]
    needs: str | None = None
    """What must be known of the body for it, None where something must be measured first."""
    placeholders: Mapping[str, str] = MappingProxyType({})
    """What its name leaves open."""


class WorkoutEntity[ValueT](CoordinatorEntity[WorkoutCoordinator]):
    """An entity that tells of a wearer's workouts."""

    _attr_has_entity_name = True
    entity_description: WorkoutEntityDescription[ValueT]

    def __init__(
        self,
        coordinator: WorkoutCoordinator,
        description: WorkoutEntityDescription[ValueT],
    ) -> None:
        """Initialize the entity."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.entity_description = description
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_translation_placeholders = dict(description.placeholders)
        self._attr_device_info = workout_device(entry)
        self._shown = self.value

    @property
    def value(self) -> ValueT:
        """Return what the description is about."""
        return self.entity_description.value_fn(self.coordinator.data)

    @callback
    @guarded
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state when it has changed: most of what is told concerns others."""
        if (value := self.value) != self._shown:
            self._shown = value
            self.async_write_ha_state()


def workout_device(entry: WorkoutConfigEntry) -> DeviceInfo:
    """Return what the device registry is to know of a wearer's workouts."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, entry.entry_id)},
        name=entry.title,
    )


@callback
def async_add_workout_entities[ValueT](
    hass: HomeAssistant,
    entry: WorkoutConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    domain: str,
    descriptions: Iterable[WorkoutEntityDescription[ValueT]],
    create: Callable[[WorkoutCoordinator, WorkoutEntityDescription[ValueT]], Entity],
) -> None:
    """Add the entities of which anything was measured, now or once it is."""
    coordinator = entry.runtime_data
    registry = er.async_get(hass)
    left = list(descriptions)

    def is_known(description: WorkoutEntityDescription[ValueT]) -> bool:
        unique_id = f"{entry.entry_id}_{description.key}"
        return (
            description.needs in coordinator.known
            or description.value_fn(coordinator.data) is not None
            or registry.async_get_entity_id(domain, DOMAIN, unique_id) is not None
        )

    @callback
    def add() -> None:
        """Add those that are not there yet."""
        new = [one for one in left if is_known(one)]
        if new:
            left[:] = [one for one in left if one not in new]
            async_add_entities([create(coordinator, one) for one in new])

    add()
    entry.async_on_unload(coordinator.async_add_listener(add))
