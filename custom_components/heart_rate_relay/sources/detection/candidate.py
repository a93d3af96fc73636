"""What is known of an entity that may be a source, and what may come of it."""

from enum import StrEnum
from math import isfinite
from typing import NamedTuple


class Verdict(StrEnum):
    """Whether an entity is a source of a metric."""

    MATCH = "match"
    """It is: to be selected unless someone objects."""
    SUGGEST = "suggest"
    """It may be: to be offered."""
    NO = "no"


class Candidate(NamedTuple):
    """What is known of an entity."""

    entity_id: str
    unit: str | None = None
    device_class: str | None = None
    """Maybe a text that Home Assistant does not know."""
    platform: str | None = None
    key: str | None = None
    """The translation key, or the unique id."""
    name: str | None = None
    """The entity's own name, or its friendly name."""
    state_class: str | None = None
    state: str | None = None
    device_name: str | None = None
    """Tells the words of the device from the entity's own."""
    first_name: str | None = None
    """What its integration calls it, whatever a person does."""
    device_first_name: str | None = None
    """The same for the device."""
    beside: frozenset[str] = frozenset()
    """The units of what else the device measures."""
    is_polled: bool = False
    """Whether its integration asks a cloud now and then."""


def is_number_or_absent(state: str | None) -> bool:
    """Return whether a state is what a sensor of numbers may have."""
    return state in (None, "unknown", "unavailable") or number(state) is not None


def number(state: str | None) -> float | None:
    """Return the number that a state is, None where it is none."""
    try:
        value = float(state or "")
    except ValueError:
        return None
    return value if isfinite(value) else None
