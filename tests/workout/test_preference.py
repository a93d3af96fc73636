"""Which of several sensors of the same counts in a workout: the first that speaks."""

from xml.etree import ElementTree as ET

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from ..common import STRAP, measure
from .gym import Gym, workout_entry
from .test_actions import act
from .test_tcx import texts

HOUR = 3600

SPEEDS = {"speed": ["sensor.speed", "sensor.watch_speed"]}

FAST = pytest.approx(36.5 / 3.6, abs=0.1)
"""What the first of both tells, in m/s."""


async def ride(gym: Gym, seconds: float) -> None:
    """Ride for a time of which both tell the speed."""
    both = {"speed": (36.0, "km/h"), "watch_speed": (18.0, "km/h")}
    await gym.train(seconds, 130, entity_id=STRAP, **both)


async def test_first_one_counts(gym: Gym) -> None:
    """While the first speaks the second does not count."""
    await gym.open(workout_entry(other_sensors=SPEEDS))
    await ride(gym, 600)
    await gym.wait(600)
    assert gym.finished()["average_speed"] == FAST


async def test_in_the_past(recorder_mock: Recorder, gym: Gym) -> None:
    """So it is with what is found in the past."""
    await ride(gym, 600)
    await gym.wait(HOUR)
    await get_instance(gym.hass).async_block_till_done()
    await gym.open(workout_entry(other_sensors=SPEEDS))
    (found,) = (await act(gym, "find_workouts"))["found"]
    assert found["average_speed"] == FAST


async def test_clock_set_back(
    gym: Gym, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the clock was set back does not let the second count, too."""
    await gym.open(workout_entry(other_sensors=SPEEDS))
    await ride(gym, 10)
    loop_time = gym.hass.loop.time
    freezer.tick(-HOUR)
    monkeypatch.setattr(gym.hass.loop, "time", lambda: loop_time() + HOUR)
    await ride(gym, 600)
    await gym.wait(600)
    assert gym.finished()["average_speed"] == FAST


def be_at(hass: HomeAssistant, name: str, latitude: float, longitude: float) -> None:
    """Let a tracker tell where it is."""
    hass.states.async_set(
        f"device_tracker.{name}",
        "not_home",
        {"latitude": latitude, "longitude": longitude, "source_type": "gps"},
    )


async def test_one_place(gym: Gym, freezer: FrozenDateTimeFactory) -> None:
    """Both coordinates are those of the same tracker, whichever has spoken first."""
    trackers = ["device_tracker.watch", "device_tracker.phone"]
    await gym.open(workout_entry(other_sensors={"position": trackers}))
    await gym.train(10, 130)
    for number in range(60):
        be_at(gym.hass, "phone", 50 + number / 1000, 11)
        freezer.tick(2)
        be_at(gym.hass, "watch", 40 + number / 1000, 10)
        freezer.tick(3)
        measure(gym.hass, 130 + number % 2)
        await gym.wait(0)
    await gym.wait(600)
    root = ET.fromstring((await act(gym, "export_workout"))["tcx"])  # noqa: S314
    places = zip(
        texts(root, "Position/LatitudeDegrees"),
        texts(root, "Position/LongitudeDegrees"),
        strict=True,
    )
    told = [
        (int(float(latitude)), int(float(longitude))) for latitude, longitude in places
    ]
    assert told == [(50, 11), *[(40, 10)] * 59]
