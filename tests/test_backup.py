"""A backup has the readings of each relay in one whole file; restored, they are delivered."""

import asyncio
from pathlib import Path
import tarfile
import time

import pytest

from custom_components.heart_rate_relay import backup
from custom_components.heart_rate_relay.outbox import outbox as outbox_module
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from dev.stand_ins import Failure, InfluxDBv1
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import influxdb_data, measure, relay_entry, set_up, until, us

MANY = 3000


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
    monkeypatch.setattr(outbox_module, "HELD_AT_MOST", 0.2)
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, entry)
    await backup.async_pre_backup(hass)
    beat(hass, 10, time.time() - MANY)
    await until(lambda: not coordinator.outbox.in_memory)
    assert len(coordinator.outbox) == 10


async def test_stopped_while_held(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """When Home Assistant stops while a backup is made, all is written all the same."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    await set_up(hass, entry)
    await backup.async_pre_backup(hass)
    beat(hass, 10, time.time() - MANY)
    assert await hass.config_entries.async_reload(entry.entry_id)
    coordinator = entry.runtime_data
    assert (len(coordinator.outbox), coordinator.outbox.in_memory) == (10, 0)
