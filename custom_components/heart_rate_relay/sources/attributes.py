"""What a state's attributes say: an integration may put anything there."""

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State, split_entity_id

ATTR_UNIT = "unit"

MAX_TEXT = 255
"""Characters that are kept of a text: as many as a state may have."""


def text(state: State, name: str) -> str | None:
    """Return an attribute that should be a text as one, None where there is none."""
    value = state.attributes.get(name)
    return None if value is None else str(value)[:MAX_TEXT]


def name_of(state: State) -> str:
    """Return what an entity is called."""
    return str(state.name)[:MAX_TEXT]


def is_event(entity_id: str) -> bool:
    """Return whether an entity tells of events, each with what was measured and when."""
    return split_entity_id(entity_id)[0] == EVENT_DOMAIN


def unit_of(state: State) -> str | None:
    """Return the unit of what an entity tells, which an event has under another name."""
    unit = text(state, ATTR_UNIT_OF_MEASUREMENT)
    return (text(state, ATTR_UNIT) or unit) if state.domain == EVENT_DOMAIN else unit
