"""What tests of workouts use."""

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant

from ..common import measure
from .gym import Gym


@pytest.fixture
def gym(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Gym:
    """Return where somebody trains, with a strap that is there."""
    freezer.move_to("2026-06-01 08:00:00+00:00")
    measure(hass, "unavailable")
    return Gym(hass, freezer)
