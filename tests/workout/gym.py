"""A wearer in a Home Assistant, whose time passes as fast as we like."""

from collections.abc import Mapping
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay.const import (
    CONF_KIND,
    DEFAULT_WORKOUT_OPTIONS,
    DOMAIN,
    KIND_WORKOUT,
)
from custom_components.heart_rate_relay.workout.coordinator import WorkoutCoordinator
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..common import STRAP, measure

BODY = {
    "biological_sex": "male",
    "year_of_birth": 1996,
    "weight": 70,
    "resting_heart_rate": 60,
    "highest_heart_rate": 200,
}

STEP = 5.0
"""Seconds between two heart rates."""


def workout_entry(**options: Any) -> MockConfigEntry:
    """Return the entry of a wearer's workouts."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Anna",
        data={CONF_KIND: KIND_WORKOUT},
        options={
            **DEFAULT_WORKOUT_OPTIONS,
            "sources": [STRAP],
            "body": BODY,
            **options,
        },
    )


class Gym:
    """Where somebody trains."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Open the gym."""
        self.hass = hass
        self._freezer = freezer

    async def open(self, entry: MockConfigEntry) -> WorkoutCoordinator:
        """Set up the workouts of a wearer."""
        if entry.entry_id not in [
            one.entry_id for one in self.hass.config_entries.async_entries(DOMAIN)
        ]:
            entry.add_to_hass(self.hass)
        assert await self.hass.config_entries.async_setup(entry.entry_id)
        await self.hass.async_block_till_done()
        coordinator = entry.runtime_data
        assert isinstance(coordinator, WorkoutCoordinator)
        return coordinator

    async def wait(self, seconds: float) -> None:
        """Let time pass, in which nothing is measured."""
        self._freezer.tick(seconds)
        async_fire_time_changed(self.hass, dt_util.utcnow())
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def train(
        self,
        seconds: float,
        bpm: float,
        *,
        entity_id: str = STRAP,
        **others: tuple[float, str],
    ) -> None:
        """Let a heart beat for a time at about a rate, and other sensors tell a value."""
        for number in range(round(seconds / STEP)):
            self._freezer.tick(STEP)
            measure(self.hass, bpm + number % 2, entity_id)
            for name, (value, unit) in others.items():
                self.hass.states.async_set(
                    f"sensor.{name}",
                    str(value + number % 2),
                    {"unit_of_measurement": unit},
                )
            if number % 6 == 0:
                await self.wait(0)
        await self.wait(0)

    async def turn(self, what: str) -> None:
        """Turn the switch on or off."""
        await self.hass.services.async_call(
            "switch",
            f"turn_{what}",
            {"entity_id": "switch.anna_workout"},
            blocking=True,
        )
        await self.wait(0)

    def finished(self) -> Mapping[str, Any]:
        """Return what the last workout came to, as the event tells it."""
        state = self.hass.states.get("event.anna_workout_finished")
        assert state
        return state.attributes

    def state(self, entity_id: str) -> str:
        """Return what an entity says."""
        state = self.hass.states.get(entity_id)
        assert state, entity_id
        return state.state

    def number(self, entity_id: str) -> float:
        """Return what a sensor says."""
        return float(self.state(f"sensor.anna_{entity_id}"))
