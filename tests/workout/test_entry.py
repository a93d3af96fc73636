"""The workouts of a wearer, from states to entities."""

import pytest

from .gym import Gym, workout_entry

WORKOUT = "binary_sensor.anna_workout"
SWITCH = "switch.anna_workout"
FINISHED = "event.anna_workout_finished"


async def test_from_strap_to_summary(gym: Gym) -> None:
    """Putting a strap on begins a workout, and taking it off ends it, with its summary."""
    await gym.open(workout_entry())
    assert gym.state(WORKOUT) == "off"
    await gym.train(5, 100)
    await gym.train(600, 130)
    assert gym.state(WORKOUT) == "on"
    assert gym.number("zone") == 2
    await gym.train(600, 170)
    assert gym.number("zone") == 4
    for _ in range(20):
        await gym.wait(30)
    assert gym.state(WORKOUT) == "off"
    finished = gym.hass.states.get(FINISHED)
    assert finished
    attributes = finished.attributes
    assert attributes["event_type"] == "finished"
    assert attributes["duration"] == pytest.approx(1200, abs=10)
    assert attributes["end"] == "2026-06-01T08:20:05+00:00"
    assert attributes["sport"] == "other"
    assert attributes["time_in_zone_2"] == pytest.approx(600, abs=10)
    assert attributes["time_in_zone_4"] == pytest.approx(600, abs=10)
    assert gym.number("average_heart_rate") == pytest.approx(150, abs=1)
    assert gym.number("duration") == pytest.approx(20, abs=0.2)
    assert gym.state("sensor.anna_zone") == "unknown"
