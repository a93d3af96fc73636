"""What a workout keeps on disk: while a backup is made, and while the disk takes nothing."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from errno import EIO, ENOSPC
from os import strerror
from pathlib import Path
import resource
import stat
import threading
import time
from typing import Any
from unittest.mock import AsyncMock, Mock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay import backup
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.reading import SECOND, now_us
from custom_components.heart_rate_relay.workout import coordinator as coordinator_module
from custom_components.heart_rate_relay.workout.journal import Journal, Start, tell
from custom_components.heart_rate_relay.workout.memory import Memory
from custom_components.heart_rate_relay.workout.paths import folder_of
from custom_components.heart_rate_relay.workout.sample import HEART_RATE, Sample
from custom_components.heart_rate_relay.workout.shelf import Shelf
from custom_components.heart_rate_relay.workout.tracker import Finished, Tracker
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..common import measure
from .gym import Gym, workout_entry

FINISHED = "event.anna_workout_finished"


def contents(gym: Gym) -> dict[str, bytes]:
    """Return what is in the files."""
    return {file.name: file.read_bytes() for file in folder_of(gym.hass).iterdir()}


def durations(told: list[Event[EventStateChangedData]]) -> list[float]:
    """Return how long each workout took that was told, in that order."""
    found = {
        state.state: state.attributes["duration"]
        for event in told
        if event.data["entity_id"] == FINISHED
        and (state := event.data["new_state"])
        and state.state not in ("unknown", "unavailable")
    }
    return [*found.values()]


async def test_held(gym: Gym) -> None:
    """While a backup is made nothing is written, and all of it afterwards."""
    await gym.open(workout_entry())
    await gym.train(120, 130)
    measure(gym.hass, 150)
    await backup.async_pre_backup(gym.hass)
    (before,) = contents(gym).values()
    # Written is all that there was before it
    assert before.count(b"sample") == 25
    await gym.train(300, 140)
    assert list(contents(gym).values()) == [before]
    await backup.async_post_backup(gym.hass)
    (after,) = contents(gym).values()
    assert after.startswith(before)
    assert after.count(b"sample") == 85


async def test_over_while_held(gym: Gym) -> None:
    """What is over during a backup is kept and told when that has ended."""
    await gym.open(workout_entry())
    await gym.train(120, 130)
    await backup.async_pre_backup(gym.hass)
    before = contents(gym)
    await gym.train(300, 140)
    await gym.wait(600)
    assert gym.state("binary_sensor.anna_workout") == "off"
    # The next one has begun
    await gym.train(120, 150)
    assert gym.state(FINISHED) == "unknown"
    assert contents(gym) == before
    await backup.async_post_backup(gym.hass)
    await gym.wait(1)
    assert gym.finished()["duration"] == 415
    assert len(contents(gym)) == 3
    await gym.train(120, 150)
    await gym.wait(600)
    assert gym.finished()["duration"] == 236


@pytest.mark.parametrize("is_over", [False, True])
async def test_stopped_while_held(gym: Gym, is_over: bool) -> None:
    """When Home Assistant stops while a backup is made, nothing is lost."""
    entry = workout_entry()
    coordinator = await gym.open(entry)
    await gym.train(120, 130)
    await backup.async_pre_backup(gym.hass)
    await gym.train(300, 140)
    if is_over:
        await gym.wait(600)
        assert gym.state(FINISHED) == "unknown"
    gym.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await gym.hass.async_block_till_done()
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    assert await gym.open(entry) is not coordinator
    await gym.wait(600)
    assert gym.finished()["duration"] == 415
    assert gym.finished()["measured"] == pytest.approx(420, abs=60)
    ids = await gym.hass.async_add_executor_job(entry.runtime_data.shelf.ids)
    assert ids == ["20260601T080005Z"]


async def test_next_one_while_stopped(gym: Gym) -> None:
    """What was over and not kept is told once, and the next one is not lost with it."""
    entry = workout_entry()
    await gym.open(entry)
    told = async_capture_events(gym.hass, EVENT_STATE_CHANGED)
    await gym.train(120, 130)
    await backup.async_pre_backup(gym.hass)
    await gym.wait(600)
    await gym.train(120, 150)
    for _ in range(3):
        assert await gym.hass.config_entries.async_reload(entry.entry_id)
        await gym.wait(1)
        await backup.async_post_backup(gym.hass)
        await gym.wait(1)
    await gym.train(120, 150)
    await gym.wait(600)
    assert durations(told) == [115, 241]


async def test_first_of_two_told_before_it_is_loaded_again(
    gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there was room for the first of two only, that is not told again with the next."""
    entry = workout_entry()
    await gym.open(entry)
    told = async_capture_events(gym.hass, EVENT_STATE_CHANGED)
    full = OSError(ENOSPC, strerror(ENOSPC))
    add = Shelf.add

    def add_one(shelf: Shelf, finished: Finished, keep: int) -> None:
        if shelf.ids():
            raise full
        add(shelf, finished, keep)

    with monkeypatch.context() as disk:
        disk.setattr(Shelf, "add", Mock(side_effect=full))
        for seconds in (300, 120):
            await gym.train(seconds, 130)
            await gym.wait(600)
        disk.setattr(Shelf, "add", add_one)
        await gym.wait(3600)
        assert durations(told) == [295]
        for _ in range(2):
            assert await gym.hass.config_entries.async_reload(entry.entry_id)
            await gym.wait(11)
    assert durations(told) == [295]
    await gym.wait(11)
    assert durations(told) == [295, 115]


async def test_ended_by_hand_while_stopped(gym: Gym) -> None:
    """What a person has ended, and is not kept when it is loaded again, has ended then."""
    entry = workout_entry(begins_by="hand")
    await gym.open(entry)
    await backup.async_pre_backup(gym.hass)
    await gym.turn("on")
    await gym.wait(300)
    await gym.turn("off")
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(1)
    assert gym.state("binary_sensor.anna_workout") == "off"
    await backup.async_post_backup(gym.hass)
    await gym.wait(11)
    assert gym.finished()["duration"] == 300


@pytest.mark.parametrize("is_full", [False, True])
async def test_over_while_the_journal_begins(
    gym: Gym,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    is_full: bool,
) -> None:
    """What is over while a slow card begins the journal of it is in that until it is kept."""
    entry = workout_entry(begins_by="hand")
    is_begun, go_on = threading.Event(), threading.Event()
    full = OSError(ENOSPC, strerror(ENOSPC))
    begin = Journal.begin

    def slow(journal: Journal, start: Start) -> None:
        is_begun.set()
        assert go_on.wait(10)
        if is_full:
            raise full
        begin(journal, start)

    def act(what: str) -> Awaitable[Any]:
        target = {"entity_id": "switch.anna_workout"}
        return gym.hass.services.async_call("switch", f"turn_{what}", target, True)

    with monkeypatch.context() as disk:
        if is_full:
            disk.setattr(Journal, "begin", Mock(side_effect=full))
        await gym.open(entry)
        disk.setattr(Journal, "begin", slow)
        disk.setattr(Shelf, "add", Mock(side_effect=full))
        await act("on")
        freezer.tick(1)
        async_fire_time_changed(gym.hass, dt_util.utcnow())
        await gym.hass.async_add_executor_job(is_begun.wait)
        for number in range(60):
            freezer.tick(5)
            measure(gym.hass, 130 + number % 2)
            await asyncio.sleep(0)
        freezer.tick(30)
        await act("off")
        go_on.set()
        await gym.wait(1)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(11)
    assert gym.finished()["duration"] == 331
    assert gym.finished()["average_heart_rate"] == pytest.approx(130.5, abs=0.1)


async def test_over_while_a_full_disk_is_slow(
    gym: Gym, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost of what was to be written just when the workout was over."""
    entry = workout_entry(begins_by="hand")
    await gym.open(entry)
    is_begun, go_on = threading.Event(), threading.Event()
    full = OSError(ENOSPC, strerror(ENOSPC))

    def slow(*_: Any, **__: Any) -> None:
        is_begun.set()
        assert go_on.wait(10)
        raise full

    await gym.turn("on")
    with monkeypatch.context() as disk:
        disk.setattr(Shelf, "add", Mock(side_effect=full))
        disk.setattr(Journal, "write", Mock(side_effect=full))
        await gym.train(300, 130)
        disk.setattr(Journal, "write", slow)
        freezer.tick(30)
        async_fire_time_changed(gym.hass, dt_util.utcnow())
        await gym.hass.async_add_executor_job(is_begun.wait)
        target = {"entity_id": "switch.anna_workout"}
        await gym.hass.services.async_call("switch", "turn_off", target, True)
        go_on.set()
        await gym.wait(1)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(11)
    assert gym.finished()["duration"] == 330
    assert gym.finished()["average_heart_rate"] == pytest.approx(130.5, abs=0.1)


async def test_first_one_on_a_disk_that_is_full(
    gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one that there ever was is not lost either, if there is room at a restart."""
    entry = workout_entry()
    full = Mock(side_effect=OSError(ENOSPC, strerror(ENOSPC)))
    with monkeypatch.context() as disk:
        for kind, what in ((Journal, "begin"), (Journal, "write"), (Shelf, "add")):
            disk.setattr(kind, what, full)
        await gym.open(entry)
        await gym.train(300, 130)
        await gym.wait(600)
        await gym.train(120, 150)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(1)
    assert gym.finished()["duration"] == 295
    await gym.train(60, 150)
    await gym.wait(600)
    assert gym.finished()["duration"] == pytest.approx(180, abs=10)


async def test_next_one_on_a_disk_that_is_full(
    gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that was kept and told nothing is told with the next one, for which no room was."""
    entry = workout_entry(begins_by="hand")
    await gym.open(entry)
    full = Mock(side_effect=OSError(ENOSPC, strerror(ENOSPC)))
    with monkeypatch.context() as disk:
        for bpm in (130, 150):
            await gym.turn("on")
            await gym.train(300, bpm)
            await gym.wait(30)
            disk.setattr(Journal, "begin", full)
            await gym.turn("off")
            await gym.wait(60)
            assert gym.finished()["average_heart_rate"] == pytest.approx(130.5, abs=0.1)
            disk.setattr(Shelf, "add", full)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(11)
    assert gym.finished()["average_heart_rate"] == pytest.approx(150.5, abs=0.1)
    assert gym.finished()["duration"] == 330


async def test_over_while_a_full_disk_is_slow_to_begin(
    gym: Gym, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is where the disk finds that it has no room just when the next one is over."""
    entry = workout_entry(begins_by="hand")
    await gym.open(entry)
    is_begun, go_on = threading.Event(), threading.Event()
    full = OSError(ENOSPC, strerror(ENOSPC))

    def slow(*_: Any) -> None:
        is_begun.set()
        assert go_on.wait(10)
        raise full

    with monkeypatch.context() as disk:
        await gym.turn("on")
        await gym.train(300, 130)
        await gym.wait(30)
        disk.setattr(Journal, "begin", Mock(side_effect=full))
        await gym.turn("off")
        await gym.wait(60)
        disk.setattr(Shelf, "add", Mock(side_effect=full))
        await gym.turn("on")
        await gym.train(300, 150)
        disk.setattr(Journal, "begin", slow)
        freezer.tick(30)
        async_fire_time_changed(gym.hass, dt_util.utcnow())
        await gym.hass.async_add_executor_job(is_begun.wait)
        target = {"entity_id": "switch.anna_workout"}
        await gym.hass.services.async_call("switch", "turn_off", target, True)
        go_on.set()
        await gym.wait(1)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(11)
    assert gym.finished()["average_heart_rate"] == pytest.approx(150.5, abs=0.1)
    assert gym.finished()["duration"] == 330


async def test_metres_while_stopped(gym: Gym) -> None:
    """However often it is loaded before it is kept, the way of the next one is as long."""
    entry = workout_entry(other_sensors={"distance": ["sensor.way"]})
    await gym.open(entry)
    await gym.train(120, 130)
    await backup.async_pre_backup(gym.hass)
    await gym.wait(600)
    for number in range(60):
        await gym.train(5, 150 + number % 2, way=(1000 + 10 * number, "m"))
    for _ in range(3):
        assert await gym.hass.config_entries.async_reload(entry.entry_id)
        await gym.wait(1)
    await backup.async_post_backup(gym.hass)
    await gym.train(120, 150)
    await gym.wait(600)
    assert gym.finished()["distance"] == pytest.approx(590, abs=11)


async def test_metres_after_one_of_which_nothing_was_measured(
    gym: Gym, freezer: FrozenDateTimeFactory
) -> None:
    """So it is where one came to nothing while the machine slept, and the next one began then."""
    entry = workout_entry(other_sensors={"distance": ["sensor.way"]})
    await gym.open(entry)
    await gym.turn("on")
    freezer.tick(13 * 3600)
    for number in range(60):
        await gym.train(5, 150 + number % 2, way=(1000 + 10 * number, "m"))
    for _ in range(3):
        assert await gym.hass.config_entries.async_reload(entry.entry_id)
        await gym.wait(1)
    await gym.train(120, 150)
    await gym.wait(600)
    assert gym.finished()["duration"] < 600
    assert gym.finished()["distance"] == pytest.approx(590, abs=11)


async def test_reloaded_while_held(gym: Gym) -> None:
    """Workouts that are loaded again during a backup leave their files alone from then on."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(120, 130)
    await backup.async_pre_backup(gym.hass)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    before = contents(gym)
    await gym.train(300, 140)
    assert contents(gym) == before
    await backup.async_post_backup(gym.hass)
    await gym.wait(600)
    assert gym.finished()["measured"] == pytest.approx(420, abs=60)


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """Let no file of this process become larger than so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_full_disk(gym: Gym, caplog: pytest.LogCaptureFixture) -> None:
    """What a disk does not take is written when it does, whole and once."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(120, 130)
    (content,) = contents(gym).values()
    # Room for half a line, in which a heart rate was torn
    with full_disk(len(content) + 30):
        await gym.train(300, 140)
    assert caplog.text.count("could not be written to disk") == 1
    await gym.train(30, 150)
    (content,) = contents(gym).values()
    assert content.count(b"sample") == 90
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    await gym.open(entry)
    assert gym.number("average_heart_rate") == pytest.approx(138, abs=2)
    await gym.wait(600)
    assert gym.finished()["duration"] == 445


def test_torn_line(tmp_path: Path) -> None:
    """Of a torn line nothing is known, and of all others everything."""
    path = tmp_path / "it.journal"
    book = Journal(path)
    book.begin(Start(7, True))
    samples = [Sample(HEART_RATE, at, 130.0) for at in range(3)]
    book.write(samples, sync=True)
    with path.open("ab") as file:
        file.write(b'["sample","hea')
    book.write([Sample(HEART_RATE, 3, 130.0)], sync=False)
    start, happened = book.read()
    assert start == Start(7, True)
    assert happened == [*samples, Sample(HEART_RATE, 3, 130.0)]


@pytest.mark.parametrize("torn", [b'["sample","hea', bytes(8), b"\xff\xfe"])
async def test_restarts_after_a_torn_line(gym: Gym, torn: bytes) -> None:
    """What comes after a torn line is known, however often Home Assistant starts again."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    (journal,) = folder_of(gym.hass).iterdir()
    with journal.open("ab") as file:
        file.write(torn)
    await gym.wait(600)
    await gym.open(entry)
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.train(300, 130)
    await gym.wait(600)
    assert gym.finished()["duration"] == pytest.approx(1500, abs=6)


async def test_sport_of_a_later_version(gym: Gym) -> None:
    """A kind of training that is not known here costs nothing but its name."""
    entry = workout_entry(begins_by="hand")
    await gym.open(entry)
    await gym.hass.services.async_call(
        DOMAIN,
        "start_workout",
        {"config_entry_id": entry.entry_id, "sport": "yoga"},
        blocking=True,
    )
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    (journal,) = folder_of(gym.hass).iterdir()
    text = journal.read_text(encoding="utf-8")
    assert "yoga" in text
    journal.write_text(text.replace("yoga", "skiing"), encoding="utf-8")
    await gym.open(entry)
    await gym.turn("off")
    await gym.wait(80)
    assert gym.finished()["duration"] == 300
    assert gym.finished()["sport"] == "other"


async def test_unreadable(
    gym: Gym, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A card that has lost the journal costs the workout in it, and none of the next ones."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "read", Mock(side_effect=OSError(EIO, strerror(EIO))))
        await gym.open(entry)
    assert "Anna could not be read from disk" in caplog.text
    await gym.wait(600)
    await gym.train(300, 130)
    await gym.wait(600)
    assert gym.finished()["duration"] == 295


@pytest.mark.parametrize("is_there", [False, True])
def test_nobody_else(tmp_path: Path, is_there: bool) -> None:
    """Nobody else on the machine may read it, nor what is beside it."""
    path = tmp_path / "folder" / "it.journal"
    if is_there:
        path.parent.mkdir(mode=0o755)
    Journal(path).begin(Start())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_over_on_a_full_disk(gym: Gym) -> None:
    """A workout that a full disk does not take is kept, and told, once there is room."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    with full_disk(1000):
        await gym.wait(611)
        assert gym.state(FINISHED) == "unknown"
    await gym.wait(11)
    assert gym.finished()["duration"] == 295
    ids = await gym.hass.async_add_executor_job(entry.runtime_data.shelf.ids)
    assert ids == ["20260601T080005Z"]


async def test_stopped_after_a_full_disk(gym: Gym) -> None:
    """Whatever comes before there is room, the next workout or a restart, nothing is lost."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    with full_disk(1000):
        await gym.wait(600)
    await gym.train(120, 150)
    await gym.wait(600)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(1)
    ids = await gym.hass.async_add_executor_job(entry.runtime_data.shelf.ids)
    assert len(ids) == 2


@pytest.mark.parametrize("times", [1, 2])
async def test_ended_by_hand_and_loaded_again(gym: Gym, times: int) -> None:
    """What was ended by hand does not begin again by itself, however often it is loaded."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    assert gym.state("binary_sensor.anna_workout") == "on"
    await gym.turn("off")
    await gym.train(90, 130)
    assert gym.state("binary_sensor.anna_workout") == "off"
    for _ in range(times):
        assert await gym.hass.config_entries.async_reload(entry.entry_id)
    # The strap is still worn, and takes its time to be back
    await gym.wait(120)
    await gym.train(300, 130)
    assert gym.state("binary_sensor.anna_workout") == "off"


async def test_taken_off_before_it_is_loaded_again(gym: Gym) -> None:
    """What was ended by hand holds up none of the next day, whenever it was loaded again."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    await gym.turn("off")
    await gym.train(90, 130)
    measure(gym.hass, "unavailable")
    await gym.wait(600)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.wait(20 * 3600)
    await gym.train(300, 130)
    assert gym.state("binary_sensor.anna_workout") == "on"


async def test_started_in_vain(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over when Home Assistant starts is told, also where that has to be done twice."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    await gym.wait(3600)
    entries = gym.hass.config_entries

    async def fail(*_: object) -> None:
        # By then the workout is kept
        await gym.hass.async_add_executor_job(time.sleep, 0.3)
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(entries, "async_forward_entry_setups", fail)
        assert not await entries.async_setup(entry.entry_id)
    assert await entries.async_reload(entry.entry_id)
    await gym.wait(1)
    assert gym.finished()["duration"] == 295
    await gym.train(300, 130)
    await gym.wait(600)
    assert gym.finished()["begin"] == "2026-06-01T09:05:06+00:00"


async def test_failed_before_it_was_read(
    gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that fails leaves what it has not read as it was."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    with monkeypatch.context() as broken:
        broken.setattr(Memory, "kept", AsyncMock(side_effect=RuntimeError))
        assert not await gym.hass.config_entries.async_setup(entry.entry_id)
    assert await gym.hass.config_entries.async_reload(entry.entry_id)
    await gym.train(300, 130)
    await gym.wait(600)
    assert gym.finished()["duration"] == 595


async def test_over_with_nobody_to_tell(gym: Gym) -> None:
    """Where the event is disabled nothing waits for it."""
    entry = workout_entry()
    entry.add_to_hass(gym.hass)
    er.async_get(gym.hass).async_get_or_create(
        "event",
        DOMAIN,
        f"{entry.entry_id}_finished",
        config_entry=entry,
        disabled_by=er.RegistryEntryDisabler.USER,
    )
    await gym.open(entry)
    await gym.train(300, 130)
    assert await gym.hass.config_entries.async_unload(entry.entry_id)
    await gym.wait(3600)
    await gym.open(entry)
    await gym.wait(11)
    assert gym.number("average_heart_rate") == pytest.approx(130, abs=1)
    await gym.train(300, 150)
    (content,) = (
        content for name, content in contents(gym).items() if name.endswith("journal")
    )
    assert content.count(b"sample") == 60


async def test_unloaded_while_it_is_kept(
    gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept when nobody is there any more to be told is told by the next one."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    is_begun, go_on = asyncio.Event(), threading.Event()
    add = Shelf.add

    def slow(shelf: Shelf, *args: Any) -> None:
        gym.hass.loop.call_soon_threadsafe(is_begun.set)
        assert go_on.wait(10)
        add(shelf, *args)

    monkeypatch.setattr(Shelf, "add", slow)
    waiting = asyncio.create_task(gym.wait(600))
    await is_begun.wait()
    unloading = asyncio.create_task(
        gym.hass.config_entries.async_unload(entry.entry_id)
    )
    while gym.state(FINISHED) != "unavailable":
        await asyncio.sleep(0)
    go_on.set()
    assert await unloading
    await waiting
    await gym.open(entry)
    await gym.wait(600)
    assert gym.finished()["duration"] == 295
    ids = await gym.hass.async_add_executor_job(entry.runtime_data.shelf.ids)
    assert ids == ["20260601T080005Z"]


async def test_removed_while_found(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found in the past while a workout is removed does not stay on the disk."""
    entry = workout_entry()
    coordinator = await gym.open(entry)
    found: list[Finished] = []
    tracker = coordinator._create_tracker(Start(), found.append)
    start = now_us() - 24 * 3600 * SECOND
    for number in range(5):
        for beat in range(60):
            at = start + (number * 3600 + 5 * beat) * SECOND
            tell(tracker, Sample(HEART_RATE, at, 130.0 + beat % 2))
    tracker.pass_time(now_us() - 3600 * SECOND)
    assert len(found) == 5

    async def find(_: object, __: object, tracker: Tracker, *times: int) -> None:
        for one in found:
            tracker._on_finished(one)

    monkeypatch.setattr(coordinator_module, "async_find", find)
    await backup.async_pre_backup(gym.hass)
    finding = asyncio.create_task(coordinator.async_find(start, now_us()))
    await gym.wait(1)
    assert not finding.done()
    await gym.hass.config_entries.async_remove(entry.entry_id)
    await finding
    await backup.async_post_backup(gym.hass)
    assert not list(folder_of(gym.hass).glob("*"))


async def test_backup_that_ends_before_it_began(
    gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds nothing."""
    await gym.open(workout_entry())
    await gym.train(120, 130)
    go_on = threading.Event()
    write = Journal.write

    def slow(journal: Journal, *args: Any, **options: Any) -> None:
        assert go_on.wait(10)
        write(journal, *args, **options)

    measure(gym.hass, 150)
    monkeypatch.setattr(Journal, "write", slow)
    beginning = asyncio.create_task(backup.async_pre_backup(gym.hass))
    await asyncio.sleep(0)
    ending = asyncio.create_task(backup.async_post_backup(gym.hass))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(beginning, ending)
    before = contents(gym)
    await gym.train(120, 140)
    assert contents(gym) != before
