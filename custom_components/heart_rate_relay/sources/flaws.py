"""What is wrong with the sources that a person chose: why they would stay silent."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from homeassistant.components.event import ATTR_EVENT_TYPES
from homeassistant.core import HomeAssistant, State, callback

from ..reading import Metric
from .attributes import is_event, unit_of
from .detection.other_metrics import is_count_of_steps
from .rules import CONVERSIONS

_UNITS: Mapping[Metric, str] = MappingProxyType(
    {
        Metric.HEART_RATE: "bpm",
        Metric.RESTING_HEART_RATE: "bpm",
        Metric.HEART_RATE_VARIABILITY: "ms",
        Metric.HEART_RATE_VARIABILITY_SDNN: "ms",
        Metric.STEPS: "steps",
    }
)
"""The unit that a source of each metric may have, of those that are understood."""


class Flaw(StrEnum):
    """Why a source of a metric tells nothing of it."""

    UNKNOWN_UNIT = "unknown_unit"
    """Its unit is not understood, or is that of something else."""
    CHOSEN_TWICE = "chosen_twice"
    """It is a source of another metric already."""


class Flawed(NamedTuple):
    """A source of a metric with a flaw."""

    metric: Metric
    entity_id: str
    flaw: Flaw
    words: Mapping[str, str] = {}
    """What to say of it."""


@callback
def async_flaws(
    hass: HomeAssistant, chosen: Mapping[Metric, Iterable[str]]
) -> list[Flawed]:
    """Return what is wrong with the entities that are chosen for each metric.

    Where there are units of steps among theirs, the vocabulary has to be there.
    """
    found: list[Flawed] = []
    seen: set[str] = set()
    for metric, entity_ids in chosen.items():
        # The same one twice for one metric counts once
        entity_ids = dict.fromkeys(entity_ids)
        for entity_id in entity_ids:
            state = hass.states.get(entity_id)
            unit = unit_of(state) if state and not _tells_several(state) else None
            if entity_id in seen:
                found.append(Flawed(metric, entity_id, Flaw.CHOSEN_TWICE))
            elif not _is_understood(metric, unit):
                words = {"unit": unit or "", "expected": _UNITS[metric]}
                found.append(Flawed(metric, entity_id, Flaw.UNKNOWN_UNIT, words))
        seen.update(entity_ids)
    return found


def _tells_several(state: State) -> bool:
    """Return whether an entity tells several kinds of events, each with a unit of its own."""
    types = state.attributes.get(ATTR_EVENT_TYPES)
    return is_event(state.entity_id) and isinstance(types, list) and len(types) > 1


def _is_understood(metric: Metric, unit: str | None) -> bool:
    """Return whether a unit is one of those that a metric is told in."""
    if metric is Metric.STEPS:
        return is_count_of_steps(unit)
    return CONVERSIONS[metric](1.0, unit) is not None
