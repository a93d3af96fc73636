"""What is wrong with the sources that a person chose: why they would stay silent."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from homeassistant.core import HomeAssistant, callback

from ..metrics import Metric
from .attributes import unit_of
from .conversions import conversion


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
            unit = unit_of(state) if state else None
            if entity_id in seen:
                found.append(Flawed(metric, entity_id, Flaw.CHOSEN_TWICE))
            elif conversion(metric)(1.0, unit) is None:
                words = {"unit": unit or "", "expected": metric.unit}
                found.append(Flawed(metric, entity_id, Flaw.UNKNOWN_UNIT, words))
        seen.update(entity_ids)
    return found
