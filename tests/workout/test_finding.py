"""Workouts of the past are found once, whatever else happens meanwhile."""

import asyncio
import threading
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.heart_rate_relay import backup
from custom_components.heart_rate_relay.workout.shelf import Shelf
from homeassistant.components.recorder.core import Recorder
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData
from homeassistant.helpers.recorder import get_instance

from ..common import STRAP, WATCH, measure
from .gym import Gym, workout_entry
from .test_actions import act
from .test_memory import full_disk

FINISHED = "event.anna_workout_finished"

WHILE = 0.5
"""Seconds in which a search gets as far as it can."""


def told_of(events: list[Event[EventStateChangedData]]) -> list[tuple[str, float]]:
    """Return how each workout was told, and how long it took."""
    return [
        (state.attributes["event_type"], state.attributes["duration"])
        for event in events
        if event.data["entity_id"] == FINISHED
        and (state := event.data["new_state"])
        and state.attributes.get("event_type")
    ]


def hold_up(
    monkeypatch: pytest.MonkeyPatch, after: int = 0
) -> tuple[threading.Event, threading.Event]:
    """Let the disk take so many workouts, and be slow with the next one.

    Return what tells that it is at it, and what lets it go on.
    """
    is_begun, go_on = threading.Event(), threading.Event()
    add = Shelf.add

    def slow(shelf: Shelf, *args: Any) -> None:
        if len(shelf.ids()) == after:
            is_begun.set()
            assert go_on.wait(10)
        add(shelf, *args)

    monkeypatch.setattr(Shelf, "add", slow)
    return is_begun, go_on


async def test_not_kept_yet(recorder_mock: Recorder, gym: Gym) -> None:
    """What is over, and not kept because the disk is full, is told once all the same."""
    await gym.open(workout_entry())
    events = async_capture_events(gym.hass, EVENT_STATE_CHANGED)
    await gym.train(300, 130)
    with full_disk(1000):
        await gym.wait(600)
        await get_instance(gym.hass).async_block_till_done()
        assert (await act(gym, "find_workouts"))["found"] == []
    await gym.wait(11)
    assert told_of(events) == [("finished", 295)]


async def test_asked_twice(
    recorder_mock: Recorder, gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks once more before there is an answer is told of each once."""
    await gym.train(300, 130)
    await gym.wait(3600)
    await get_instance(gym.hass).async_block_till_done()
    await gym.open(workout_entry())
    events = async_capture_events(gym.hass, EVENT_STATE_CHANGED)
    is_begun, go_on = hold_up(monkeypatch)
    first = asyncio.create_task(act(gym, "find_workouts"))
    await gym.hass.async_add_executor_job(is_begun.wait)
    second = asyncio.create_task(act(gym, "find_workouts"))
    await gym.hass.async_add_executor_job(time.sleep, WHILE)
    go_on.set()
    assert len((await first)["found"]) == 1
    assert (await second)["found"] == []
    assert len(told_of(events)) == 1


async def test_while_held(recorder_mock: Recorder, gym: Gym) -> None:
    """So it is where it is over while a backup is made."""
    await gym.open(workout_entry())
    events = async_capture_events(gym.hass, EVENT_STATE_CHANGED)
    await gym.train(300, 130)
    await backup.async_pre_backup(gym.hass)
    await gym.wait(600)
    await get_instance(gym.hass).async_block_till_done()
    finding = asyncio.create_task(act(gym, "find_workouts"))
    await gym.hass.async_add_executor_job(time.sleep, WHILE)
    await backup.async_post_backup(gym.hass)
    assert (await finding)["found"] == []
    await gym.wait(1)
    assert told_of(events) == [("finished", 295)]


async def test_told_as_soon_as_kept(
    recorder_mock: Recorder, gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept is told, whatever becomes of those that are found after it."""
    for _ in range(2):
        await gym.train(300, 130)
        await gym.wait(3600)
    await get_instance(gym.hass).async_block_till_done()
    entry = workout_entry()
    coordinator = await gym.open(entry)
    events = async_capture_events(gym.hass, EVENT_STATE_CHANGED)
    is_begun, go_on = hold_up(monkeypatch, after=1)
    finding = asyncio.create_task(act(gym, "find_workouts"))
    await gym.hass.async_add_executor_job(is_begun.wait)
    kept = await gym.hass.async_add_executor_job(coordinator.shelf.ids)
    assert len(told_of(events)) == len(kept) == 1
    go_on.set()
    await finding


async def test_to_the_end(recorder_mock: Recorder, gym: Gym) -> None:
    """Of what ends while it is not yet sure that the first is silent, nothing is left out."""
    measure(gym.hass, "unavailable", WATCH)
    await gym.train(300, 130)
    await gym.train(20, 140, entity_id=WATCH)
    await gym.wait(1)
    await get_instance(gym.hass).async_block_till_done()
    await gym.open(workout_entry(sources=[STRAP, WATCH]))
    (found,) = (await act(gym, "find_workouts"))["found"]
    assert found["duration"] == 310
