"""What sources say is looked at later where its readings would wait anyway, and comes to the same."""

import asyncio
from datetime import timedelta
from random import Random

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.sources import gathering
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..common import STRAP, WATCH, measure
from .test_sources import Listener


def in_a_moment() -> float:
    """Return that what comes in waits for a tenth of a second."""
    return asyncio.get_running_loop().time() + 0.1


async def test_later(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Values wait, in their order and with their own times."""
    measure(hass, 60)
    listener = Listener(hass, waits_until=in_a_moment)
    times = []
    for value in (61, 62, 63):
        freezer.tick(0.02)
        measure(hass, value)
        times.append(round(dt_util.utcnow().timestamp() * 1_000_000))
    assert listener.values == []
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=0.11))
    assert listener.values == [61, 62, 63]
    assert [reading.measured_at for reading in listener.readings] == times
    listener.sources.stop()


@pytest.mark.parametrize(
    "what",
    ["reported", "renamed", "removed", "stopped", "added", "many"],
)
async def test_no_later(hass: HomeAssistant, what: str) -> None:
    """Whatever else happens comes after what was said before it."""
    measure(hass, 60, STRAP)
    measure(hass, 60, WATCH)
    listener = Listener(hass, [STRAP, WATCH], waits_until=in_a_moment)
    values = list(range(61, 61 + (gathering.MOST if what == "many" else 2)))
    for value in values:
        measure(hass, value, STRAP)
    match what:
        case "reported":
            measure(hass, 60, WATCH)
        case "renamed":
            measure(hass, 60, WATCH, friendly_name="Watch")
        case "removed":
            hass.states.async_remove(STRAP)
        case "stopped":
            listener.sources.stop()
        case "added":
            listener.sources.add("sensor.another")
    assert listener.values[: len(values)] == values
    listener.sources.stop()


async def test_not_at_first(hass: HomeAssistant) -> None:
    """Where a reading may go at once, nothing waits."""
    measure(hass, 60)
    listener = Listener(hass)
    measure(hass, 61)
    assert listener.values == [61]
    listener.sources.stop()


@pytest.mark.parametrize("seed", range(10))
async def test_comes_to_the_same(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seed: int
) -> None:
    """Looked at at once or later, the same readings come of it."""
    random = Random(seed)
    ids = [f"sensor.strap_{number}" for number in range(4)]
    for entity_id in ids:
        measure(hass, 60, entity_id)
    listener = Listener(hass, ids, live_for=10)
    patient = Listener(hass, ids, live_for=10, waits_until=in_a_moment)
    for _ in range(400):
        freezer.tick(random.choice((0.01, 0.03, 0.05, 0.2, 1, 9)))
        async_fire_time_changed(hass)
        value = random.choice(("unavailable", "nonsense", *range(60, 90)))
        measure(hass, value, random.choice(ids))
    for each in (listener, patient):
        each.sources.stop()
    assert len(listener.readings) > 50
    assert {metrics.HEART_RATE} == {one.metric for one in listener.readings}
    assert patient.readings == listener.readings
