"""The workouts of a wearer, from states to entities."""

from collections import Counter
import json
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.heart_rate_relay.workout.memory import Memory
from custom_components.heart_rate_relay.workout.paths import folder_of
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from ..common import STRAP, measure
from .gym import Gym, workout_entry

WORKOUT = "binary_sensor.anna_workout"
SWITCH = "switch.anna_workout"
FINISHED = "event.anna_workout_finished"

DAY = 24 * 60 * 60


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
    attributes = gym.finished()
    assert attributes["event_type"] == "finished"
    assert attributes["duration"] == pytest.approx(1200, abs=10)
    assert attributes["end"] == "2026-06-01T08:20:05+00:00"
    assert attributes["sport"] == "other"
    assert attributes["time_in_zone_2"] == pytest.approx(600, abs=10)
    assert attributes["time_in_zone_4"] == pytest.approx(600, abs=10)
    assert gym.number("average_heart_rate") == pytest.approx(150, abs=1)
    assert gym.number("duration") == pytest.approx(20, abs=0.2)
    assert gym.state("sensor.anna_zone") == "unknown"


async def test_by_hand(gym: Gym) -> None:
    """The switch begins and ends one, and the summary waits for the recovery."""
    await gym.open(workout_entry(begins_by="hand"))
    await gym.train(60, 90)
    assert gym.state(WORKOUT) == "off"
    await gym.turn("on")
    assert gym.state(SWITCH) == "on"
    await gym.train(300, 160)
    await gym.turn("off")
    assert gym.state(WORKOUT) == "off"
    assert gym.state(FINISHED) == "unknown"
    await gym.train(70, 120)
    assert gym.finished()["duration"] == pytest.approx(300, abs=1)
    assert gym.finished()["heart_rate_recovery"] == pytest.approx(40, abs=1)
    assert gym.number("heart_rate_recovery") == pytest.approx(40, abs=1)


@pytest.mark.parametrize("is_kill", [False, True])
async def test_restart_in_the_middle(
    gym: Gym, monkeypatch: pytest.MonkeyPatch, is_kill: bool
) -> None:
    """A workout goes on where it was, also where nobody had the time to write anything."""
    entry = workout_entry(end_after=4)
    await gym.open(entry)
    await gym.train(5, 100)
    await gym.train(600, 130)
    if is_kill:
        monkeypatch.setattr(Memory, "_write", AsyncMock())
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    monkeypatch.undo()
    await gym.wait(300)
    await gym.open(entry)
    assert gym.state(WORKOUT) == "on"
    assert gym.number("average_heart_rate") == pytest.approx(130, abs=1)
    await gym.train(600, 150)
    await gym.wait(250)
    assert gym.state(WORKOUT) == "off"
    assert gym.finished()["duration"] == pytest.approx(1500, abs=10)
    assert gym.finished()["measured"] == pytest.approx(1260, abs=20)
    assert gym.number("average_heart_rate") == pytest.approx(140, abs=1)


async def test_way_over_a_restart(gym: Gym) -> None:
    """What was covered while Home Assistant started again is part of the way, once."""
    entry = workout_entry(other_sensors={"distance": ["sensor.way"]})
    await gym.open(entry)
    await gym.train(10, 130)
    metres = 1000
    for _ in range(3):
        for number in range(60):
            metres += 10
            await gym.train(5, 130 + number % 2, way=(metres, "m"))
        assert await gym.hass.config_entries.async_unload(entry.entry_id)
        gym.hass.states.async_set("sensor.way", "unavailable")
        await gym.wait(60)
        metres += 100
        await gym.open(entry)
    await gym.wait(600)
    # Of the first one nothing is known, nor of what came after the last
    assert gym.finished()["distance"] == pytest.approx(3 * 600 + 2 * 100 - 10)


async def test_clock_ahead_for_a_day(
    gym: Gym, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that is a day ahead for a while parts a workout in two, and no more."""
    await gym.open(workout_entry())
    await gym.train(600, 130)
    freezer.tick(DAY)
    await gym.train(600, 140)
    assert gym.finished()["duration"] == 595
    loop_time = gym.hass.loop.time
    freezer.tick(-DAY)
    monkeypatch.setattr(gym.hass.loop, "time", lambda: loop_time() + DAY)
    await gym.train(300, 150)
    assert gym.state(WORKOUT) == "on"
    await gym.wait(600)
    assert gym.finished()["begin"] == "2026-06-01T08:10:05+00:00"
    assert gym.finished()["duration"] == pytest.approx(895, abs=6)
    await gym.train(300, 150)
    assert gym.state(WORKOUT) == "on"


@pytest.mark.parametrize("is_over", [False, True])
async def test_clock_put_right_by_a_restart(
    gym: Gym, freezer: FrozenDateTimeFactory, is_over: bool
) -> None:
    """What a clock that was ahead said does not hold up what comes after a restart."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(600, 130)
    if is_over:
        await gym.wait(600)
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(-DAY)
    measure(gym.hass, "unavailable")
    await gym.open(entry)
    await gym.train(600, 150)
    assert gym.state(WORKOUT) == "on"
    await gym.wait(600)
    assert gym.state(WORKOUT) == "off"
    expected = 595 if is_over else 1200
    assert gym.finished()["duration"] == pytest.approx(expected, abs=6)


async def test_last_one_is_remembered(gym: Gym) -> None:
    """After a restart the entities tell what the last workout came to."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(600, 130)
    await gym.wait(600)
    told = gym.finished()
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    await gym.open(entry)
    assert gym.state(WORKOUT) == "off"
    assert gym.number("average_heart_rate") == pytest.approx(130, abs=1)
    assert gym.finished() == told


async def test_contact(gym: Gym) -> None:
    """While a sensor says that nothing is worn, nothing begins."""
    gym.hass.states.async_set("binary_sensor.worn", "off")
    er.async_get(gym.hass).async_get_or_create(
        "binary_sensor", "test", "worn", suggested_object_id="worn"
    )
    await gym.open(workout_entry(worn_sensors=["binary_sensor.worn"]))
    await gym.train(300, 130)
    assert gym.state(WORKOUT) == "off"
    gym.hass.states.async_set("binary_sensor.worn", "on")
    await gym.train(300, 130)
    assert gym.state(WORKOUT) == "on"


async def test_other_sensors(gym: Gym) -> None:
    """What else is measured is told, and tells what it was."""
    others = {"power": ["sensor.power"], "speed": ["sensor.speed"]}
    await gym.open(workout_entry(other_sensors=others))
    assert not gym.hass.states.get("sensor.anna_average_power")
    await gym.train(600, 130, power=(200, "W"), speed=(36, "km/h"))
    await gym.wait(600)
    assert gym.finished()["sport"] == "cycling"
    assert gym.finished()["average_power"] == pytest.approx(200.5, abs=0.1)
    assert gym.finished()["average_speed"] == pytest.approx(36.5 / 3.6, abs=0.1)
    assert gym.number("average_power") == pytest.approx(200, abs=1)
    assert gym.number("distance") == pytest.approx(36.5 / 6, abs=0.2)


async def test_begun_after_the_clock_was_set_back(
    gym: Gym, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that a person begins when the clock is right again began then, and not before."""
    await gym.open(workout_entry(begins_by="hand"))
    await gym.wait(600)
    loop_time = gym.hass.loop.time
    freezer.tick(-DAY)
    monkeypatch.setattr(gym.hass.loop, "time", lambda: loop_time() + DAY)
    await gym.turn("on")
    await gym.train(300, 130)
    await gym.turn("off")
    await gym.wait(70)
    assert gym.finished()["duration"] == pytest.approx(300, abs=1)


async def test_zone_of_a_moment(gym: Gym, freezer: FrozenDateTimeFactory) -> None:
    """A zone in which the heart rate never is for three seconds is never told."""
    await gym.open(workout_entry())
    await gym.train(120, 130)
    zones = set()
    for number in range(240):
        freezer.tick(1)
        measure(gym.hass, 130 if number % 7 else 170)
        await gym.wait(0)
        zones.add(gym.state("sensor.anna_zone"))
    assert zones == {"2"}


async def test_quiet(gym: Gym) -> None:
    """While all goes on as it does, each entity writes at most two states a minute."""
    await gym.open(workout_entry())
    await gym.train(120, 130)
    written: Counter[str] = Counter()

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        written[event.data["entity_id"]] += 1

    gym.hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    for _ in range(60):
        await gym.train(10, 130)
    own = {key: number for key, number in written.items() if "anna" in key}
    assert own["sensor.anna_duration"] >= 4
    assert max(own.values()) <= 20


async def test_removed(gym: Gym) -> None:
    """Nothing of it stays on the disk."""
    entry = workout_entry()
    coordinator = await gym.open(entry)
    await gym.train(600, 130)
    await gym.wait(600)
    await gym.train(60, 130)
    ids = await gym.hass.async_add_executor_job(coordinator.shelf.ids)
    assert ids == ["20260601T080005Z"]
    await gym.hass.config_entries.async_remove(entry.entry_id)
    assert not list(folder_of(gym.hass).glob("*"))


async def test_gone_sensor(gym: Gym) -> None:
    """A sensor that is gone is reported, and no more once it is back."""
    await gym.open(workout_entry(sources=["sensor.gone"]))
    await gym.wait(11)
    (issue,) = ir.async_get(gym.hass).issues.values()
    assert issue.translation_key == "workout_source_missing"
    measure(gym.hass, 80, "sensor.gone")
    await gym.wait(11)
    assert not ir.async_get(gym.hass).issues


async def test_gone_sensors_that_are_ignored(gym: Gym) -> None:
    """Whoever ignores that sensors are gone hears no more of it, until they are gone anew."""
    gone = ("sensor.gone", "sensor.gone_power")
    entry = workout_entry(sources=[gone[0]], other_sensors={"power": [gone[1]]})
    await gym.open(entry)
    await gym.wait(11)
    registry = ir.async_get(gym.hass)
    for domain, issue_id in list(registry.issues):
        ir.async_ignore_issue(gym.hass, domain, issue_id, ignore=True)
    await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(11)
    issues = registry.issues.values()
    assert [bool(issue.dismissed_version) for issue in issues] == [True, True]
    await gym.hass.config_entries.async_unload(entry.entry_id)
    for entity_id in gone:
        measure(gym.hass, 80, entity_id)
    await gym.hass.config_entries.async_setup(entry.entry_id)
    await gym.wait(11)
    assert not registry.issues


async def test_sensor_removed_in_the_middle(gym: Gym) -> None:
    """A sensor that is removed ends a workout with the last that it measured."""
    await gym.open(workout_entry())
    await gym.train(300, 130)
    gym.hass.states.async_remove(STRAP)
    await gym.wait(11)
    assert gym.state(WORKOUT) == "on"
    assert len(ir.async_get(gym.hass).issues) == 1
    await gym.wait(600)
    assert gym.state(WORKOUT) == "off"
    assert gym.finished()["duration"] == 295


async def test_two_of_one_person(gym: Gym) -> None:
    """Two that watch the same strap do not get in each other's way."""
    first, second = workout_entry(), workout_entry(begin_after=0, end_after=2)
    await gym.open(first)
    await gym.open(second)
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_remove(first.entry_id)
    assert gym.state("binary_sensor.anna_workout_2") == "on"
    await gym.wait(600)
    state = gym.hass.states.get("event.anna_workout_finished_2")
    assert state
    assert state.attributes["duration"] == 295


async def test_diagnostics(gym: Gym, hass_client: ClientSessionGenerator) -> None:
    """They help a stranger, and tell of no heart and no body."""
    assert await async_setup_component(gym.hass, "diagnostics", {})
    entry = workout_entry(bound=117)
    await gym.open(entry)
    await gym.train(600, 133)
    told = await get_diagnostics_for_config_entry(gym.hass, hass_client, entry)
    workout = told["workout"]
    assert isinstance(workout, dict)
    assert workout["is_on"] is True
    assert workout["measured"] == {
        **dict.fromkeys(("cadence", "power", "speed"), 0),
        "heart_rate": 120,
    }
    text = json.dumps(told)
    assert not {word for word in ("133", "134", "117", "1996", "Anna") if word in text}


async def test_diagnostics_of_a_gone_sensor(
    gym: Gym, hass_client: ClientSessionGenerator
) -> None:
    """Nothing that is downloaded names a sensor, the ids of what is reported of it neither."""
    assert await async_setup_component(gym.hass, "diagnostics", {})
    entry = workout_entry(
        sources=["sensor.zulu_gone"], other_sensors={"power": ["sensor.zulu_power"]}
    )
    await gym.open(entry)
    await gym.wait(11)
    assert len(ir.async_get(gym.hass).issues) == 2
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    text = await answer.text()
    assert text.count(f"workout_source_missing_{entry.entry_id}") == 2
    assert "zulu" not in text
