"""Finds the sensors that may be a relay's sources, and does the work of it elsewhere.

Words are judged in the executor, and what can be told without them is told before: an
event loop has no time for the names of thousands of sensors.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorDeviceClass
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_FRIENDLY_NAME,
    ATTR_UNIT_OF_MEASUREMENT,
    UnitOfPressure,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.loader import IntegrationNotLoaded, async_get_loaded_integration

from ..metrics import HEART_RATE, METRICS, Metric
from ..reading import to_bpm, to_ms
from .attributes import text
from .candidates import async_is_relays
from .detection.candidate import Candidate, Verdict, is_number_or_absent
from .detection.heart_rate import rank
from .detection.other_metrics import verdicts
from .detection.vocabulary import vocabulary

type Device = dr.DeviceEntry | dr.ChildDeviceEntry

ATTR_STATE_CLASS = "state_class"

POLLED = "cloud_polling"
"""How an integration gets what it tells that asks a cloud now and then."""

_OTHER_CLASSES = frozenset(SensorDeviceClass) - {
    SensorDeviceClass.DURATION,
    SensorDeviceClass.FREQUENCY,
}
"""What tells of neither hearts nor steps, whatever an entity is called."""

_STATE_CLASSES = frozenset({None, "measurement", "total", "total_increasing"})


class Found(NamedTuple):
    """The entities that are sources of each metric, in the order of preference."""

    matches: Mapping[Metric, Sequence[str]]
    suggestions: Mapping[Metric, Sequence[str]]


class _Seen(NamedTuple):
    """An entity, as it was at a moment."""

    state: State
    entry: er.RegistryEntry | None
    device: Device | None
    is_polled: bool
    beside: frozenset[str] = frozenset()


async def async_find(hass: HomeAssistant) -> Found:
    """Return the sensors that are, or may be, sources of each metric."""
    seen = _async_see(hass, hass.states.async_all(SENSOR_DOMAIN))
    return await hass.async_add_executor_job(_judge_all, seen)


async def async_is_match(hass: HomeAssistant, state: State) -> bool:
    """Return whether an entity is a heart-rate sensor."""
    for alone in _async_see(hass, [state]):
        seen = alone
        if alone.device:
            beside = _async_see(hass, _async_beside(hass, alone.device.id))
            seen = next((each for each in beside if each.state is state), alone)
        found = await hass.async_add_executor_job(verdicts, _candidate(seen))
        return found[HEART_RATE] is Verdict.MATCH
    return False


@callback
def _async_see(hass: HomeAssistant, states: Iterable[State]) -> list[_Seen]:
    """Return what is there of entities that may be sources, and not a relay's."""
    entities, devices = er.async_get(hass), dr.async_get(hass)
    polled: dict[str, bool] = {}
    with_pressure: dict[str, frozenset[str]] = {}
    found: list[_Seen] = []
    for state in states:
        is_pressure = text(state, ATTR_UNIT_OF_MEASUREMENT) == UnitOfPressure.MMHG
        if not is_pressure and not may_be_source(state):
            continue
        entry = entities.async_get(state.entity_id)
        device = (
            devices.async_get(entry.device_id) if entry and entry.device_id else None
        )
        if is_pressure and device:
            with_pressure[device.id] = frozenset()
        if is_pressure or (entry and async_is_relays(hass, entry)):
            continue
        platform = entry.platform if entry else ""
        if platform not in polled:
            polled[platform] = async_iot_class(hass, platform) == POLLED
        found.append(_Seen(state, entry, device, polled[platform]))
    for device_id in with_pressure:
        with_pressure[device_id] = frozenset(
            text(state, ATTR_UNIT_OF_MEASUREMENT) or ""
            for state in _async_beside(hass, device_id)
        )
    return [
        seen._replace(beside=with_pressure[seen.device.id])
        if seen.device and seen.device.id in with_pressure
        else seen
        for seen in found
    ]


def may_be_source(state: State) -> bool:
    """Return whether an entity may be a source, as far as no word tells."""
    return _may_matter(
        text(state, ATTR_UNIT_OF_MEASUREMENT),
        text(state, ATTR_DEVICE_CLASS),
        text(state, ATTR_STATE_CLASS),
    )


@callback
def _async_beside(hass: HomeAssistant, device_id: str) -> list[State]:
    """Return what all sensors of a device say."""
    entries = er.async_entries_for_device(er.async_get(hass), device_id)
    states = (hass.states.get(entry.entity_id) for entry in entries)
    return [state for state in states if state and state.domain == SENSOR_DOMAIN]


@lru_cache(maxsize=1024)
def _may_matter(
    unit: str | None, device_class: str | None, state_class: str | None
) -> bool:
    """Return whether an entity with these may be a source."""
    if state_class not in _STATE_CLASSES:
        return False
    is_rate = to_bpm(1.0, unit) is not None
    if device_class in _OTHER_CLASSES and not (unit and is_rate):
        return False
    may_be_steps = unit is not None and unit.replace(" ", "").isalpha()
    return is_rate or may_be_steps or to_ms(1.0, unit) is not None


@callback
def async_iot_class(hass: HomeAssistant, platform: str) -> str:
    """Return how an integration gets what it tells, empty where that is not known."""
    try:
        return async_get_loaded_integration(hass, platform).iot_class or ""
    except IntegrationNotLoaded:
        return ""


def _judge_all(entities: Sequence[_Seen]) -> Found:
    """Judge all entities, in no event loop.

    The words are there from now on, for whoever asks what a unit means.
    """
    vocabulary()
    found: dict[Verdict, dict[Metric, list[Candidate]]] = {
        verdict: {metric: [] for metric in METRICS.values()} for verdict in Verdict
    }
    for seen in entities:
        if is_number_or_absent(seen.state.state):
            candidate = _candidate(seen)
            for metric, verdict in verdicts(candidate).items():
                found[verdict][metric].append(candidate)
    return Found(_ranked(found[Verdict.MATCH]), _ranked(found[Verdict.SUGGEST]))


def _ranked(found: Mapping[Metric, list[Candidate]]) -> dict[Metric, list[str]]:
    """Return the entity ids of candidates in the order of preference."""
    return {
        metric: [candidate.entity_id for candidate in sorted(candidates, key=rank)]
        for metric, candidates in found.items()
    }


def _candidate(seen: _Seen) -> Candidate:
    """Return what is known of an entity."""
    state, entry, device, is_polled, beside = seen
    return Candidate(
        entity_id=state.entity_id,
        unit=text(state, ATTR_UNIT_OF_MEASUREMENT),
        device_class=text(state, ATTR_DEVICE_CLASS),
        platform=entry.platform if entry else None,
        key=(entry.translation_key or entry.unique_id) if entry else None,
        name=text(state, ATTR_FRIENDLY_NAME),
        state_class=text(state, ATTR_STATE_CLASS),
        state=state.state,
        device_name=(device.name_by_user or device.name) if device else None,
        first_name=entry.original_name if entry else None,
        device_first_name=device.name if device else None,
        beside=beside,
        is_polled=is_polled,
    )
