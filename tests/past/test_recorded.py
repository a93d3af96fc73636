"""States that the recorder keeps: whoever looks at one sees what Home Assistant's own shows."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.heart_rate_relay.past.recorded import CONTEXT, RecordedState
from homeassistant.core import State
from homeassistant.util.read_only_dict import ReadOnlyDict

CHANGED = datetime(2026, 11, 1, 7, 30, 0, 123456, UTC)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=2.5)])
def test_same_as_any(later: timedelta) -> None:
    """It tells the same as any other state, though its times are made when asked for."""
    updated = CHANGED + later
    attributes = ReadOnlyDict({"friendly_name": "Strap"})
    own = RecordedState(
        "sensor.strap", "72", attributes, updated.timestamp(), CHANGED.timestamp()
    )
    usual = State(
        "sensor.strap",
        "72",
        attributes,
        last_changed=CHANGED,
        last_reported=updated,
        last_updated=updated,
        context=CONTEXT,
    )
    assert own.as_dict() == usual.as_dict()
    for name in ("name", "domain", "object_id", "state_info"):
        assert getattr(own, name) == getattr(usual, name)
    for name in ("changed", "reported", "updated"):
        assert getattr(own, f"last_{name}") == getattr(usual, f"last_{name}")
        told = getattr(own, f"last_{name}_timestamp")
        assert told == getattr(usual, f"last_{name}_timestamp")
