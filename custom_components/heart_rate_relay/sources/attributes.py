"""What a state's attributes say: an integration may put anything there."""

from homeassistant.core import State

MAX_TEXT = 255
"""Characters that are kept of a text: as many as a state may have."""


def text(state: State, name: str) -> str | None:
    """Return an attribute that should be a text as one, None where there is none."""
    value = state.attributes.get(name)
    return None if value is None else str(value)[:MAX_TEXT]


def name_of(state: State) -> str:
    """Return what an entity is called."""
    return str(state.name)[:MAX_TEXT]
