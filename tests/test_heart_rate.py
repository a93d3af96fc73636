"""Tests of whether a relay shows a heart rate of its own."""

import pytest

from homeassistant.core import HomeAssistant

from .common import STRAP, WATCH, measure, relay_entry, set_up

HEART_RATE = "sensor.relay_heart_rate"


@pytest.mark.parametrize(
    ("sources", "follow_new", "shown"),
    [
        ([STRAP], False, None),
        ([STRAP], True, "71.0"),
        ([STRAP, WATCH], False, "71.0"),
    ],
)
async def test_shown(
    hass: HomeAssistant, sources: list[str], follow_new: bool, shown: str | None
) -> None:
    """It does where there may be several sources: what a single one says is known already."""
    entry = relay_entry(
        "pulsoid", {"access_token": "a"}, sources, follow_new=follow_new, paused=True
    )
    coordinator = await set_up(hass, entry)
    for value in (70, 71):
        measure(hass, value)
    state = hass.states.get(HEART_RATE)
    assert (state.state if state else None) == shown
    assert coordinator.sources.wearer.heart_rate == 71
