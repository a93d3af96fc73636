"""What is wrong with the sources that a person chose: why they would stay silent."""

from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from homeassistant.components.event import ATTR_EVENT_TYPES
from homeassistant.core import HomeAssistant, State, callback

from ..metric_names import Names, name_of_metric
from ..metrics import HEART_RATE, Metric
from .attributes import is_event, unit_of
from .candidates import async_source_id
from .conversions import conversion
from .measured import async_metric_of

NO_UNIT = "–"


class Flaw(StrEnum):
    """Why a source tells nothing."""

    UNKNOWN_UNIT = "unknown_unit"
    """Its unit is not understood, or is that of something else."""
    UNTOLD = "untold"
    """What it measures cannot be told."""
    NOT_TAKEN = "not_taken"
    """It measures what the service has no place for."""
    CHOSEN_TWICE = "chosen_twice"
    """It is a source of heart rates already."""


class Flawed(NamedTuple):
    """A source with a flaw."""

    entity_id: str
    flaw: Flaw
    words: Mapping[str, str] = {}
    """What to say of it."""


@callback
def async_flaws(
    hass: HomeAssistant,
    heart_rates: Iterable[str],
    others: Iterable[str],
    takes: Container[Metric],
    names: Names,
    known: Mapping[str, Metric],
) -> list[Flawed]:
    """Return what is wrong with entities that are chosen as sources, in words with these names.

    Of some it is known what they measure, by what they are remembered by. Where there are others than those of heart rates, the vocabulary has to be there.
    """
    found: list[Flawed] = []
    # The same one twice in one list counts once
    heart_rates = dict.fromkeys(heart_rates)
    found += filter(
        None, (async_unit_flaw(hass, one, HEART_RATE) for one in heart_rates)
    )
    for entity_id in dict.fromkeys(others):
        if entity_id in heart_rates:
            found.append(Flawed(entity_id, Flaw.CHOSEN_TWICE))
        elif not (state := hass.states.get(entity_id)) or _tells_several(state):
            continue
        elif not (
            metric := known.get(async_source_id(hass, entity_id))
            or async_metric_of(hass, state)
        ):
            words = {"unit": unit_of(state) or NO_UNIT}
            found.append(Flawed(entity_id, Flaw.UNTOLD, words))
        elif metric not in takes:
            words = {"metric": name_of_metric(names, metric)}
            found.append(Flawed(entity_id, Flaw.NOT_TAKEN, words))
        elif flawed := async_unit_flaw(hass, entity_id, metric):
            found.append(flawed)
    return found


@callback
def async_unit_flaw(
    hass: HomeAssistant, entity_id: str, metric: Metric
) -> Flawed | None:
    """Return what is wrong with the unit of an entity that is to measure a metric."""
    state = hass.states.get(entity_id)
    # Of one that is gone nothing is known, and it may be back
    if not state or _tells_several(state):
        return None
    unit = unit_of(state)
    if conversion(metric)(1.0, unit) is not None:
        return None
    words = {"unit": unit or "", "expected": metric.unit}
    return Flawed(entity_id, Flaw.UNKNOWN_UNIT, words)


def _tells_several(state: State) -> bool:
    """Return whether an entity tells several kinds of events, each with a unit of its own.

    One says nothing of the others.
    """
    types = state.attributes.get(ATTR_EVENT_TYPES)
    return is_event(state.entity_id) and isinstance(types, list) and len(types) > 1
