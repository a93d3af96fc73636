"""A workout at livetracking.io, from the strap to what its page shows."""

import aiohttp
import pytest

from custom_components.heart_rate_relay.destinations import base
from dev.stand_ins import LiveTracking
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util

from ..common import live_tracking_data, relay_entry, set_up, until
from .gym import STEP, Gym, workout_entry

WORKOUT = "binary_sensor.anna_workout"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a request be under way while the clock leaps, as it may be on a busy machine."""
    monkeypatch.setattr(base, "TIMEOUT", aiohttp.ClientTimeout(total=24 * 60 * 60))


def durations(server: LiveTracking) -> list[float]:
    """Return how long it went on, as the server is told, in order of time."""
    points = sorted((at, fields) for (_, _, at), fields in server.points.items())
    return [float(fields["dur_s"]) for _, fields in points if "dur_s" in fields]


async def test_follows_the_workout(gym: Gym, live_tracking: LiveTracking) -> None:
    """The duration begins with the workout, and with the next one anew."""
    entry = workout_entry(begins_by="bound", bound=120, end_after=2)
    await gym.open(entry)
    data = live_tracking_data(live_tracking)
    relay = relay_entry("livetracking", data, workout_sources=[WORKOUT])
    coordinator = await set_up(gym.hass, relay)

    async def arrive(count: int) -> None:
        destination = coordinator.destination
        await until(
            lambda: not len(coordinator.outbox) and destination.repeat_at is None, 30
        )
        assert len(durations(live_tracking)) == count

    await gym.train(100, 90)
    await gym.train(200, 130)
    assert gym.state(WORKOUT) == "on"
    state = gym.hass.states.get(WORKOUT)
    assert state
    assert state.attributes["begin"] == "2026-06-01T08:01:45+00:00"
    before = [n * STEP for n in range(20)]
    await arrive(60)
    assert durations(live_tracking) == [*before, *(n * STEP for n in range(40))]
    # It is over, and what is measured then is of no workout, until the next one begins
    await gym.train(200, 90)
    assert gym.state(WORKOUT) == "off"
    await arrive(100)
    assert max(durations(live_tracking)[60:]) < 330
    await gym.train(200, 140)
    await arrive(140)
    assert durations(live_tracking)[-40:] == [n * STEP for n in range(40)]


async def test_goes_on(gym: Gym, live_tracking: LiveTracking) -> None:
    """Whatever is loaded anew or renamed, a workout goes on, and is missed where it is removed."""
    entry = workout_entry(begins_by="hand", end_after=60)
    await gym.open(entry)
    known = er.async_get(gym.hass).async_get(WORKOUT)
    assert known
    data = live_tracking_data(live_tracking)
    relay = relay_entry("livetracking", data, workout_sources=[known.id])
    await set_up(gym.hass, relay)
    await gym.train(30, 90)
    await gym.turn("on")
    state = gym.hass.states.get(WORKOUT)
    assert state
    begin = dt_util.as_timestamp(state.attributes["begin"])

    async def train() -> None:
        await gym.train(60, 130)
        end = int(dt_util.utcnow().timestamp())
        coordinator = relay.runtime_data
        await until(
            lambda: (
                not len(coordinator.outbox)
                and coordinator.destination.repeat_at is None
            ),
            30,
        )
        assert durations(live_tracking)[-1] == end - begin

    await train()
    for one in (relay, entry):
        assert await gym.hass.config_entries.async_reload(one.entry_id)
        await train()
    # No reading was for so long that the session would be over
    await gym.wait(3000)
    assert await gym.hass.config_entries.async_reload(relay.entry_id)
    await train()
    registry = er.async_get(gym.hass)
    registry.async_update_entity(WORKOUT, new_entity_id="binary_sensor.renamed")
    await gym.wait(100)
    await train()
    assert gym.state("binary_sensor.renamed") == "on"
    assert not ir.async_get(gym.hass).issues
    assert await gym.hass.config_entries.async_remove(entry.entry_id)
    await gym.wait(100)
    (issue,) = ir.async_get(gym.hass).issues.values()
    assert issue.translation_key == "source_missing"
