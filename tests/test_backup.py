"""A backup has the readings of each relay in one whole file; restored, they are delivered."""

import asyncio
from pathlib import Path
import tarfile
import time

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay import backup
from custom_components.heart_rate_relay.outbox import hold as hold_module
from custom_components.heart_rate_relay.outbox.tiers import Tiers
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from dev.stand_ins import Failure, Gerosense, InfluxDBv1
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import influxdb_data, measure, relay_entry, set_up, until, us
from .seen.common import gerosense_data

MANY = 3000

PHONE = "sensor.phone_steps"


def beat(hass: HomeAssistant, count: int, start: float) -> set[int]:
    """Let a sensor measure so many times, a second apart, and return when in µs."""
    for number in range(count):
        measure(hass, 61 + number % 120, at=start + number)
    return {us(start + number) for number in range(count)}


@pytest.mark.parametrize("is_down", [True, False], ids=["outage", "drain"])
async def test_backup(
    hass: HomeAssistant, influxdb: InfluxDBv1, tmp_path: Path, is_down: bool
) -> None:
    """Made by Home Assistant at any time, restored it delivers what had not been by then."""
    assert await async_setup_component(hass, "backup", {})
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    influxdb.failure = Failure(503)
    coordinator = await set_up(hass, entry)
    start = time.time() - 2 * MANY
    measured = beat(hass, MANY, start)
    await coordinator.outbox.flush()
    if not is_down:
        influxdb.failure = None
        coordinator.delivery.send_now()
    before = {arrival.measured_at for arrival in influxdb.arrivals}
    creating = hass.async_create_task(
        hass.services.async_call("backup", "create", blocking=True)
    )
    # Meanwhile all goes on
    later = set()
    while not creating.done():
        later |= beat(hass, 1, time.time())
        await asyncio.sleep(0.01)
    await creating
    await until(lambda: not coordinator.outbox._keeper.is_held)
    influxdb.failure = None
    coordinator.delivery.send_now()
    await until(lambda: not len(coordinator.outbox))
    arrived = {arrival.measured_at for arrival in influxdb.arrivals}
    assert arrived == measured | later
    assert len(influxdb.arrivals) == len(arrived)

    assert await hass.config_entries.async_unload(entry.entry_id)
    path = outbox_path(hass, entry.entry_id)
    restored = await hass.async_add_executor_job(extract, hass, tmp_path / "restored")
    assert [file.name for file in restored] == [path.name]
    path.write_bytes(restored[0].read_bytes())
    influxdb.arrivals.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    coordinator = entry.runtime_data
    coordinator.delivery.send_now()
    await until(lambda: not len(coordinator.outbox))
    assert coordinator.outbox.set_aside is None
    again = {arrival.measured_at for arrival in influxdb.arrivals}
    assert measured - before <= again | before
    assert again <= measured | later
    assert len(influxdb.arrivals) == len(again)


def extract(hass: HomeAssistant, folder: Path) -> list[Path]:
    """Return the files of relays that are in the one backup that there is."""
    (made,) = Path(hass.config.path("backups")).glob("*.tar")
    with tarfile.open(made) as outer:
        (name,) = (n for n in outer.getnames() if "homeassistant.tar" in n)
        inner = outer.extractfile(name)
        with tarfile.open(fileobj=inner) as data:
            ours = [one for one in data if "/heart_rate_relay/" in one.name]
            data.extractall(folder, ours, filter="data")
    return sorted(file for file in folder.rglob("heart_rate_relay/*"))


async def test_held(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """While it is held nothing is written, whatever comes in, and all of it is afterwards."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, entry)
    start = time.time() - MANY
    beat(hass, 10, start)
    await backup.async_pre_backup(hass)
    path = outbox_path(hass, entry.entry_id)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    content = path.read_bytes()
    beat(hass, 1000, start + 10)
    await coordinator.outbox.flush()
    assert coordinator.outbox.in_memory == 1000
    assert len(coordinator.outbox) == 1010
    assert await coordinator.outbox.take(5000, newest_first=False) == []
    assert len(await coordinator.outbox.take(5000, newest_first=True)) == 1000
    assert not await coordinator.outbox.insert([], {})
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    await backup.async_post_backup(hass)
    assert coordinator.outbox.in_memory == 0
    assert len(await coordinator.outbox.take(5000, newest_first=False)) == 1010
    assert coordinator.outbox.trouble is None


async def test_backup_without_an_end(
    hass: HomeAssistant, influxdb: InfluxDBv1, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup of which nobody says that it has ended does not hold it for ever."""
    monkeypatch.setattr(hold_module, "HELD_AT_MOST", 0.2)
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, entry)
    await backup.async_pre_backup(hass)
    beat(hass, 10, time.time() - MANY)
    await until(lambda: not coordinator.outbox.in_memory)
    assert len(coordinator.outbox) == 10


async def test_stopped_while_held(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """When Home Assistant stops while a backup is made, all is written all the same.

    So it is of a relay that was unloaded meanwhile.
    """
    entries = [
        relay_entry("influxdb_v1", influxdb_data(influxdb, field=field), paused=True)
        for field in ("one", "two")
    ]
    measure(hass, 60)
    outboxes = [(await set_up(hass, entry)).outbox for entry in entries]
    await backup.async_pre_backup(hass)
    beat(hass, 10, time.time() - MANY)
    assert await hass.config_entries.async_unload(entries[0].entry_id)
    assert [outbox.in_memory for outbox in outboxes] == [10, 10]
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    for outbox, entry in zip(outboxes, entries, strict=True):
        assert (len(outbox), outbox.in_memory) == (10, 0)
        assert files_of(hass, entry) == [f"{entry.entry_id}.db"]


def files_of(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the files of a relay, one where it is whole by itself."""
    path = outbox_path(hass, entry.entry_id)
    return sorted(file.name for file in path.parent.glob(f"{path.stem}*"))


def contents(hass: HomeAssistant) -> dict[str, bytes]:
    """Return what is in the files of all relays."""
    folder = outbox_path(hass, "").parent
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def count_steps(hass: HomeAssistant, steps: int, at: float) -> None:
    """Let a phone have counted so many steps."""
    attributes = {"unit_of_measurement": "steps"}
    hass.states.async_set(PHONE, str(steps), attributes, timestamp=at)


async def test_reloaded_while_held(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """A relay that is loaded again during a backup leaves its file alone like any other."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    await set_up(hass, entry)
    start = time.time() - MANY
    beat(hass, 10, start)
    await backup.async_pre_backup(hass)
    before = contents(hass)
    for number in range(3):
        beat(hass, 10, start + 10 * (number + 1))
        assert await hass.config_entries.async_reload(entry.entry_id)
    beat(hass, 10, start + 40)
    await entry.runtime_data.outbox.flush()
    assert len(entry.runtime_data.outbox) == 50
    assert contents(hass) == before
    await backup.async_post_backup(hass)
    outbox = entry.runtime_data.outbox
    assert (len(outbox), outbox.in_memory, outbox.trouble) == (50, 0, None)
    assert contents(hass) != before
    entry.runtime_data.async_pause(False)
    await until(lambda: not len(outbox))
    assert len({one.measured_at for one in influxdb.arrivals}) == 50
    assert outbox.tally.delivered == len(influxdb.arrivals) == 50


async def test_reloaded_while_held_with_nothing_waiting(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """What was delivered during a backup is counted, and one alone works on the file after it."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    await backup.async_pre_backup(hass)
    start = time.time() - MANY
    for begin in (start, start + 5):
        # What is delivered first is shown at once, and could be counted on from there
        beat(hass, 5, begin)
        await until(lambda: not len(coordinator.outbox))
    assert await hass.config_entries.async_reload(entry.entry_id)
    outbox = entry.runtime_data.outbox
    assert outbox.tally.delivered == 10
    influxdb.failure = Failure(503)
    beat(hass, 10, start + 10)
    await backup.async_post_backup(hass)
    beat(hass, 10, start + 20)
    await outbox.flush()
    assert (len(outbox), outbox.in_memory, outbox.trouble) == (20, 0, None)
    influxdb.failure = None
    entry.runtime_data.delivery.send_now()
    await until(lambda: not len(outbox))
    assert len({one.measured_at for one in influxdb.arrivals}) == 30
    assert outbox.tally.delivered == 30


async def test_backup_that_ends_during_a_reload(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One alone works on the file, also where the backup ends just as a relay is loaded again."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, entry)
    start = time.time() - MANY
    beat(hass, 5, start)
    await backup.async_pre_backup(hass)
    beat(hass, 10, start + 10)
    for name, seconds in (("spill", 0.2), ("write", 0.5)):
        slow_down(monkeypatch, name, seconds)
    reloading = hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))
    old = coordinator.outbox
    await until(lambda: old._closing and old._keeper.is_busy)
    await backup.async_post_backup(hass)
    assert await reloading
    outbox = entry.runtime_data.outbox
    await outbox.settle(await outbox.take(5, newest_first=False))
    assert await hass.config_entries.async_reload(entry.entry_id)
    outbox = entry.runtime_data.outbox
    assert len(await outbox.take(100, newest_first=False)) == 10
    assert outbox.set_aside is None
    assert "could not write" not in caplog.text


def slow_down(monkeypatch: pytest.MonkeyPatch, name: str, seconds: float) -> None:
    """Let what is done on the disk next take so many seconds."""
    function = getattr(Tiers, name)

    def slow(tiers: Tiers, *args: object) -> object:
        time.sleep(seconds)
        monkeypatch.setattr(Tiers, name, function)
        return function(tiers, *args)

    monkeypatch.setattr(Tiers, name, slow)


async def test_added_while_held(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """A relay that is added during a backup, or enabled again, makes or changes no file.

    What it knew is not forgotten, and what waits comes before what is new.
    """
    measure(hass, 60)
    old, new = (
        relay_entry("influxdb_v1", influxdb_data(influxdb, field=field), paused=True)
        for field in ("one", "two")
    )
    await set_up(hass, old)
    start = time.time() - MANY
    beat(hass, 10, start)
    old.runtime_data.outbox.tally.delivered = 7
    assert await hass.config_entries.async_unload(old.entry_id)
    await backup.async_pre_backup(hass)
    before = contents(hass)
    assert await hass.config_entries.async_setup(old.entry_id)
    await set_up(hass, new)
    beat(hass, 10, start + 10)
    outbox = old.runtime_data.outbox
    await outbox.flush()
    assert contents(hass) == before
    assert (len(outbox), outbox.in_memory, outbox.tally.delivered) == (20, 10, 7)
    assert await outbox.take(100, newest_first=False) == []
    await backup.async_post_backup(hass)
    assert (len(outbox), outbox.in_memory, outbox.tally.delivered) == (20, 0, 7)
    assert len(await outbox.take(100, newest_first=False)) == 20
    assert new.runtime_data.outbox.in_memory == 0
    assert len(new.runtime_data.outbox) == 10


@pytest.mark.parametrize("count", [10, 0])
@pytest.mark.parametrize("how", ["unloaded", "removed"])
async def test_gone_while_held(
    hass: HomeAssistant, influxdb: InfluxDBv1, how: str, count: int
) -> None:
    """What a relay left in memory is written after the backup, unless it was removed."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    await set_up(hass, entry)
    await backup.async_pre_backup(hass)
    beat(hass, count, time.time() - MANY)
    if how == "removed":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await backup.async_post_backup(hass)
    assert files_of(hass, entry) == (
        [] if how == "removed" else [f"{entry.entry_id}.db"]
    )
    if how == "unloaded":
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert len(entry.runtime_data.outbox) == count


async def test_discarded_while_held(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """Who discards what waits during a backup changes no file before it has ended."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, entry)
    start = time.time() - MANY
    beat(hass, 10, start)
    await backup.async_pre_backup(hass)
    before = contents(hass)
    beat(hass, 10, start + 10)
    assert await coordinator.async_discard() == 20
    assert len(coordinator.outbox) == 0
    assert contents(hass) == before
    beat(hass, 5, start + 20)
    await backup.async_post_backup(hass)
    taken = await coordinator.outbox.take(100, newest_first=False)
    assert [one.reading.measured_at for one in taken] == [
        us(start + 20 + number) for number in range(5)
    ]


async def test_steps_wait_for_the_end(
    hass: HomeAssistant, gerosense: Gerosense
) -> None:
    """What a counter told while nothing could be written is delivered when it is written."""
    now = time.time()
    measure(hass, 60, at=now - 900)
    count_steps(hass, 1000, now - 900)
    entry = relay_entry(
        "gerosense",
        gerosense_data(gerosense),
        step_sources=[PHONE],
        gather=1,
    )
    coordinator = await set_up(hass, entry)
    await backup.async_pre_backup(hass)
    for number in range(10):
        count_steps(hass, 1010 + number * 10, now - 800 + 60 * number)
    measured = beat(hass, 10, now - 500)
    for _ in range(3):
        coordinator.async_send_now()
        await asyncio.sleep(0.5)
    assert {one.measured_at for one in gerosense.arrivals} == measured
    assert len(coordinator.outbox) == 10
    await backup.async_post_backup(hass)
    coordinator.async_send_now()
    await until(lambda: not len(coordinator.outbox))
    assert sum(one.value for one in gerosense.arrivals if one.metric == "steps") == 100
