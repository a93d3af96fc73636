"""Seen working: a week with eleven workouts, against a reference of its own.

The reference knows nothing of the integration: it takes from the plan when somebody trained, and
works zones and energy out of all heart rates by the formulas as they are published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import time
from typing import Any
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay.workout.memory import Memory
from dev.stand_ins import OpenWearables
from dev.stand_ins.open_wearables import API_KEY
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..common import STRAP, WATCH, measure, relay_entry, set_up
from .gym import Gym, workout_entry

PHONE = "sensor.phone_heart_rate"
FINISHED = "event.anna_workout_finished"

MONDAY = datetime(2026, 10, 19, 6, tzinfo=UTC)
"""Of the week at the end of which summer time ends in Berlin."""

STEP = 5
"""Seconds between two heart rates."""

HOUR = 3600.0


@dataclass
class Reference:
    """What a workout should have come to, by the published formulas alone."""

    begin: float
    """In seconds, UTC."""
    end: float
    beats: list[tuple[float, int]]
    """When the heart had which rate."""

    def _minutes(self) -> Iterator[tuple[float, int]]:
        """Yield for how many minutes each rate held: until the next, a minute at most."""
        beats = sorted(self.beats)
        for (at, bpm), (after, _) in pairwise([*beats, (self.end, 0)]):
            yield max(0, min(after - at, 60)) / 60, bpm

    def zones(self) -> list[float]:
        """Return the seconds in each zone, of a heart that beats 200 times at most."""
        seconds = [0.0] * 6
        for minutes, bpm in self._minutes():
            seconds[max(0, min(5, bpm // 20 - 4))] += 60 * minutes
        return seconds

    def energy(self) -> float:
        """Return the kcal of a man of 70 kg and 30 years, by Keytel's equation."""
        return sum(
            minutes
            * max(0, -55.0969 + 0.6309 * bpm + 0.1988 * 70 + 0.2017 * 30)
            / 4.184
            for minutes, bpm in self._minutes()
        )


class Week:
    """What happens in a week, and what it should come to."""

    def __init__(self, gym: Gym, freezer: FrozenDateTimeFactory) -> None:
        """Begin the week."""
        self._gym = gym
        self._freezer = freezer
        self._hass = gym.hass
        self.references: list[Reference] = []
        self.told: list[dict[str, Any]] = []
        self.beats: list[tuple[float, int]] = []
        self._hass.bus.async_listen(EVENT_STATE_CHANGED, self._have_state)

    @callback
    def _have_state(self, event: Event[EventStateChangedData]) -> None:
        """Take note of a summary."""
        state = event.data["new_state"]
        if state and state.entity_id == FINISHED and "begin" in state.attributes:
            told = dict(state.attributes)
            # It is shown again after a restart
            if told not in self.told:
                self.told.append(told)

    async def wait(self, seconds: float) -> None:
        """Let time pass, and others do what they have to."""
        self._freezer.tick(seconds)
        async_fire_time_changed(self._hass, dt_util.utcnow())
        await self._hass.async_block_till_done()
        await self._hass.async_add_executor_job(time.sleep, 0.002)

    async def rest(self, until: datetime) -> None:
        """Take off all sensors, and rest until a moment."""
        for entity_id in (STRAP, WATCH):
            measure(self._hass, "unavailable", entity_id)
        for _ in range(40):
            await self.wait(30)
        await self.wait((until - dt_util.utcnow()).total_seconds())

    async def train(self, minutes: float, base: int, entity_id: str = STRAP) -> None:
        """Let a heart beat, up and down as hearts do."""
        for second in range(0, round(60 * minutes), STEP):
            self._freezer.tick(STEP)
            bpm = base + 25 * (second // 300 % 2) + second // STEP % 3
            measure(self._hass, bpm, entity_id)
            self.beats.append((time.time(), bpm))
            if second % 30 == 0:
                await self.wait(0)
        await self.wait(0)

    def over(self, begin: float | None = None, end: float | None = None) -> None:
        """Take note that a workout is over: by default it was from first to last beat."""
        begin = self.beats[0][0] if begin is None else begin
        end = self.beats[-1][0] if end is None else end
        self.references.append(Reference(begin, end, self.beats))
        self.beats = []


@pytest.fixture
async def relay(hass: HomeAssistant, open_wearables: OpenWearables) -> MockConfigEntry:
    """Return a relay to Open Wearables, for workouts alone."""
    data = {
        "url": str(open_wearables.url),
        "api_key": API_KEY,
        "user_id": open_wearables.user_id,
        "verify_ssl": True,
    }
    return relay_entry(
        "open_wearables",
        data,
        ["sensor.none"],
        workout_sources=[FINISHED],
        gather=10,
    )


@pytest.mark.slow
async def test_week(
    gym: Gym,
    freezer: FrozenDateTimeFactory,
    relay: MockConfigEntry,
    open_wearables: OpenWearables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of eleven workouts is told as it was, and is at the service once."""
    hass = gym.hass
    # What takes half a minute by a clock that leaps is not slow
    hass.loop.slow_callback_duration = 10 * 24 * HOUR
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to(MONDAY)
    for entity_id in (STRAP, WATCH):
        measure(hass, "unavailable", entity_id)
    measure(hass, 70, PHONE, measured_at=(MONDAY - timedelta(days=1)).isoformat())
    entry = workout_entry(sources=[STRAP, WATCH, PHONE])
    await gym.open(entry)
    await set_up(hass, relay)
    week = Week(gym, freezer)
    day = timedelta(days=1)

    # A strap that is put on a chair, and tells its last value for an hour
    await week.train(20, 110)
    freezer.tick(STEP)
    week.beats.append((time.time(), 77))
    for _ in range(720):
        measure(hass, 77)
        await week.wait(STEP)
    week.over()
    await week.rest(MONDAY + day)

    # A pause of six minutes
    await week.train(10, 120)
    measure(hass, "unavailable")
    await week.wait(360)
    await week.train(10, 135)
    week.over()
    await week.rest(MONDAY + 1.5 * day)

    # Two within ten minutes, by the switch, with a strap that stays on
    for minutes in (8, 7):
        began = time.time()
        await gym.turn("on")
        await week.train(minutes, 125)
        await gym.turn("off")
        week.over(began, time.time())
        await week.train(3, 100)
        week.beats = []
    await week.rest(MONDAY + 2 * day)

    # A restart in the middle, and the next day a kill
    for is_kill in (False, True):
        await week.train(10, 115)
        await week.wait(0)
        # What was under way by then has been written, however busy the machine is
        await hass.async_block_till_done(wait_background_tasks=True)
        with monkeypatch.context() as patch:
            if is_kill:
                patch.setattr(Memory, "_write", AsyncMock())
            assert await hass.config_entries.async_unload(entry.entry_id)
        await week.wait(180)
        await gym.open(entry)
        await week.train(10, 140)
        week.over()
        await week.rest(MONDAY + (4 if is_kill else 3) * day)

    # A clock that is an hour ahead, and is set back
    await week.train(10, 130)
    loop_time = hass.loop.time
    freezer.move_to(dt_util.utcnow() - timedelta(hours=1))
    monkeypatch.setattr(hass.loop, "time", lambda: loop_time() + HOUR)
    week.beats = [(at - HOUR, bpm) for at, bpm in week.beats]
    await week.train(10, 110)
    week.over()
    await week.rest(MONDAY + 5 * day)

    # A phone tells late what it measured while the strap had slipped, and before
    await week.train(8, 120)
    measure(hass, "unavailable")
    slipped_at = time.time()
    await week.wait(240)
    await week.train(8, 120)
    for second in range(-60, 240, 20):
        moment = datetime.fromtimestamp(slipped_at + second, UTC)
        bpm = 160 + second // 20 % 2
        measure(hass, bpm, PHONE, measured_at=moment.isoformat())
        if second > 0:
            week.beats.insert(0, (slipped_at + second, bpm))
        await week.wait(0)
    week.over(min(week.beats)[0])
    await week.rest(MONDAY + 5.5 * day)

    # A watch takes over
    await week.train(8, 105)
    measure(hass, "unavailable")
    await week.train(8, 145, WATCH)
    week.over()
    # Summer time ends
    await week.rest(datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    await week.train(20, 125)
    week.over()
    await week.rest(datetime(2026, 10, 25, 10, tzinfo=UTC))
    await week.train(15, 150, WATCH)
    week.over()
    await week.rest(datetime(2026, 10, 26, tzinfo=UTC))

    spans = [(told["begin"], told["duration"]) for told in week.told]
    assert len(spans) == len(week.references) == 11, spans
    for told, reference in zip(week.told, week.references, strict=True):
        compare(told, reference)
    for _ in range(300):
        await week.wait(5)
        await hass.async_add_executor_job(time.sleep, 0.02)
        if len(open_wearables.workouts) == 11:
            break
    stored = sorted(open_wearables.workouts.values(), key=lambda one: one.key.begin)
    for one, reference in zip(stored, week.references, strict=True):
        assert one.key.begin / 1e6 == pytest.approx(reference.begin, abs=1e-3)
        assert one.key.end / 1e6 == pytest.approx(reference.end, abs=1e-3)
        assert one.values["calories"] == pytest.approx(reference.energy(), abs=0.1)
    # Before and after summer time ended
    offsets = [one.zone_offset for one in stored]
    assert offsets == ["+02:00"] * 10 + ["+01:00"]


def compare(told: dict[str, Any], reference: Reference) -> None:
    """Compare what was told of a workout with what it should have come to."""
    begin = datetime.fromisoformat(told["begin"]).timestamp()
    end = datetime.fromisoformat(told["end"]).timestamp()
    assert begin == pytest.approx(reference.begin, abs=1e-3)
    assert end == pytest.approx(reference.end, abs=1e-3)
    duration = reference.end - reference.begin
    assert told["duration"] == pytest.approx(duration, abs=0.06)
    zones = [told[f"time_in_zone_{number}"] for number in range(6)]
    assert zones == pytest.approx(reference.zones(), abs=0.06)
    assert told["energy"] == pytest.approx(reference.energy(), abs=0.06)
