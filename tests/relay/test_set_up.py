"""A set-up that fails, or is cancelled, leaves nothing behind that goes on."""

import asyncio
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.delivery.delivery import Delivery
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.past.backfill import Backfill
from custom_components.heart_rate_relay.relay.alerts import Alerts
from custom_components.heart_rate_relay.sources.sources import Sources
from dev.stand_ins import InfluxDBv1
from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import ConfigEntries, ConfigEntryState
from homeassistant.core import HomeAssistant

from ..common import influxdb_data, measure, relay_entry, until
from ..monitor.common import monitor_entry

MIDWAY: dict[str, tuple[type, str]] = {
    "the outbox": (Outbox, "open"),
    "the sources": (Sources, "start"),
    "the delivery": (Delivery, "start"),
    "the alerts": (Alerts, "start"),
    "the backfill": (Backfill, "async_begin"),
    "the entities": (ConfigEntries, "async_forward_entry_setups"),
}
"""What a set-up has to do, in this order."""


async def fail(*_: object) -> None:
    """Fail."""
    raise RuntimeError("not today")


def fail_at_once(*_: object) -> None:
    """Fail without being waited for."""
    raise RuntimeError("not today")


def after(first: Callable[..., Any], then: Callable[..., Any]) -> Callable[..., Any]:
    """Return what does one thing, and then another."""
    if not iscoroutinefunction(first):

        def both(*args: Any) -> None:
            first(*args)
            then(*args)

        return both

    async def both_awaited(*args: Any) -> None:
        await first(*args)
        await then(*args)

    return both_awaited


def is_awaited(step: tuple[type, str]) -> bool:
    """Return whether a step takes time."""
    return iscoroutinefunction(getattr(*step))


async def arrives_once(
    hass: HomeAssistant, entry: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """See that a relay runs, and none beside it."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    influxdb.arrivals.clear()
    for value in (70, 71, 72):
        measure(hass, value)
    await until(lambda: len(influxdb.arrivals) >= 3)
    await until(lambda: not len(entry.runtime_data.outbox))
    await hass.async_block_till_done()
    assert [arrival.value for arrival in influxdb.arrivals] == [70, 71, 72]
    status = hass.states.get("sensor.relay_status")
    assert status
    assert status.state in ("idle", "delivering")
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def entry(
    recorder_mock: Recorder, hass: HomeAssistant, influxdb: InfluxDBv1
) -> MockConfigEntry:
    """Return a relay whose sensor has measured before."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    entry.add_to_hass(hass)
    return entry


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("what", MIDWAY)
async def test_fails(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    late: bool,
) -> None:
    """Whatever fails, and after whatever, the next try starts from the beginning."""
    step = MIDWAY[what]
    breaks = fail if is_awaited(step) else fail_at_once
    with monkeypatch.context() as context:
        context.setattr(*step, after(getattr(*step), breaks) if late else breaks)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_ERROR
        await hass.async_block_till_done()
    await arrives_once(hass, entry, influxdb)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("what", [what for what in MIDWAY if is_awaited(MIDWAY[what])])
async def test_cancelled(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    late: bool,
) -> None:
    """A set-up that takes too long, and is given up, stops what it has started."""
    step = MIDWAY[what]
    reached = asyncio.Event()

    async def last(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as context:
        context.setattr(*step, after(getattr(*step), last) if late else last)
        task = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await hass.async_block_till_done()
    await arrives_once(hass, entry, influxdb)


async def test_monitor(
    hass: HomeAssistant, mock_bluetooth: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A monitor whose set-up failed is neither heard nor connected to."""
    entry = monitor_entry()
    entry.add_to_hass(hass)
    with monkeypatch.context() as context:
        context.setattr(ConfigEntries, "async_forward_entry_setups", fail)
        assert not await hass.config_entries.async_setup(entry.entry_id)
    monitor = entry.runtime_data
    assert monitor._connection is None
    assert monitor._unlisten is None
