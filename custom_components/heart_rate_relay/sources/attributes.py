"""What a state's attributes say: an integration may put anything there."""

from datetime import datetime

from homeassistant.core import State
from homeassistant.util import dt as dt_util

MAX_TEXT = 255
"""Characters that are kept of a text: as many as a state may have."""


def text(state: State, name: str) -> str | None:
    """Return an attribute that should be a text as one, None where there is none."""
    value = state.attributes.get(name)
    return None if value is None else str(value)[:MAX_TEXT]


def name_of(state: State) -> str:
    """Return what an entity is called."""
    return str(state.name)[:MAX_TEXT]


def moment(value: object) -> float | None:
    """Return a time, or a text that tells one, in seconds since the Unix epoch, UTC.

    None where it is no time, or one that no calendar has.
    """
    try:
        if isinstance(value, str):
            value = dt_util.parse_datetime(value)
        if isinstance(value, datetime):
            return dt_util.as_utc(value).timestamp()
    except OverflowError, ValueError:
        pass
    return None
