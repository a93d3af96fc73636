"""Triggers of Heart Rate Relay."""

from abc import abstractmethod
from typing import ClassVar, override

import voluptuous as vol

from homeassistant.components.binary_sensor.const import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorDeviceClass
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    CONF_OPTIONS,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR,
    EntityNumericalStateCrossedThresholdTriggerBase,
    EntityTransitionTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    Trigger,
    TriggerConfig,
)

from .const import DOMAIN
from .relay.data import Status
from .sources.attributes import text
from .workout.zones import COUNT as ZONES

CONF_ZONE = "zone"

HEART_RATE_UNITS = ("bpm", "BPM", "beats/min")
"""What heart rates are told in, and little else is."""

WORKING: set[str | bool] = {Status.IDLE, Status.DELIVERING, Status.WAITING}
STOPPED: set[str | bool] = {
    Status.UNREACHABLE,
    Status.NOT_AUTHORISED,
    Status.NOT_ENTITLED,
}


class HeartRateCrossedTrigger(EntityNumericalStateCrossedThresholdTriggerBase):
    """Triggers when a heart rate crosses a bound, or enters or leaves a range.

    One that is known again crosses what it is beyond: after a sensor was out of reach,
    an alarm would otherwise wait for the next time.
    """

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}
    _excluded_from_states: ClassVar[frozenset[str]] = frozenset()

    @override
    def _is_valid_unit(self, unit: str | None) -> bool:
        """Return whether what has the unit is a heart rate."""
        return unit in HEART_RATE_UNITS

    @override
    def _should_include(self, state: State) -> bool:
        """Leave out what is not a heart rate, where a device or an area was chosen."""
        unit = text(state, ATTR_UNIT_OF_MEASUREMENT)
        return super()._should_include(state) and self._is_valid_unit(unit)


class OwnTrigger(EntityTriggerBase):
    """Triggers by an entity of ours."""

    _translation_key: ClassVar[str]
    """What tells it from our others."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return which of the entities are meant."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entity := registry.async_get(entity_id))
            and (entity.platform, entity.translation_key)
            == (DOMAIN, self._translation_key)
        }


class DeliveryTrigger(OwnTrigger, EntityTransitionTriggerBase):
    """Triggers when the delivery of a relay changes from one to another."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec(device_class=SensorDeviceClass.ENUM)}
    _primary_entities_only = False
    _translation_key = "status"


class DeliveryStoppedTrigger(DeliveryTrigger):
    """Triggers when a service takes no readings any more."""

    _from_states = WORKING
    _to_states = STOPPED


class DeliveryResumedTrigger(DeliveryTrigger):
    """Triggers when a service takes readings again.

    What comes between does not count: whoever signs in again starts the relay anew.
    """

    _from_states = STOPPED
    _to_states = WORKING
    _excluded_from_states: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._stopped: set[str] = set()

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Return whether nothing hinders the delivery, and remember what did."""
        if state.state in STOPPED:
            self._stopped.add(state.entity_id)
        return super().is_valid_state(state, report_not_triggered)

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether the first delivery since it was stopped has been made."""
        if to_state.state != Status.DELIVERING:
            return False
        was_stopped = to_state.entity_id in self._stopped
        self._stopped.discard(to_state.entity_id)
        return was_stopped or super().is_valid_transition(from_state, to_state)


class WorkoutTrigger(OwnTrigger, EntityTransitionTriggerBase):
    """Triggers when a workout begins or ends."""

    _domain_specs = {BINARY_SENSOR_DOMAIN: DomainSpec()}
    _translation_key = "workout"


class WorkoutBeganTrigger(WorkoutTrigger):
    """Triggers when a workout begins."""

    _from_states = {STATE_OFF}
    _to_states = {STATE_ON}


class WorkoutEndedTrigger(WorkoutTrigger):
    """Triggers when a workout is over."""

    _from_states = {STATE_ON}
    _to_states = {STATE_OFF}


ZONE_SCHEMA = ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR.extend(
    {
        vol.Required(CONF_OPTIONS): {
            vol.Required(CONF_ZONE): vol.All(
                vol.Coerce(int), vol.Range(min=0, max=ZONES)
            )
        }
    }
)


class ZoneTrigger(OwnTrigger):
    """Triggers by the zone of a heart rate, also where the workout begins in it."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}
    _excluded_from_states: ClassVar[frozenset[str]] = frozenset({STATE_UNAVAILABLE})
    _schema = ZONE_SCHEMA
    _translation_key = "zone"

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._zone: int = self._options[CONF_ZONE]

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Return whether the heart rate is where it has to be."""
        return state.state.isdecimal() and self._is_there(int(state.state))

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether it was not there before."""
        was = from_state.state
        return not (was.isdecimal() and self._is_there(int(was)))

    @abstractmethod
    def _is_there(self, zone: int) -> bool:
        """Return whether a zone is one of those that count."""


class ZoneEnteredTrigger(ZoneTrigger):
    """Triggers when a heart rate enters a zone."""

    @override
    def _is_there(self, zone: int) -> bool:
        """Return whether it is the zone."""
        return zone == self._zone


class ZoneAboveTrigger(ZoneTrigger):
    """Triggers when a heart rate is above a zone."""

    @override
    def _is_there(self, zone: int) -> bool:
        """Return whether a zone is above the one that is given."""
        return zone > self._zone


TRIGGERS: dict[str, type[Trigger]] = {
    "delivery_resumed": DeliveryResumedTrigger,
    "delivery_stopped": DeliveryStoppedTrigger,
    "heart_rate_crossed": HeartRateCrossedTrigger,
    "workout_began": WorkoutBeganTrigger,
    "workout_ended": WorkoutEndedTrigger,
    "zone_above": ZoneAboveTrigger,
    "zone_entered": ZoneEnteredTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
