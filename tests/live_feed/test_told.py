"""What a live feed tells: the present, in each shape, and nothing else."""

import asyncio
from datetime import timedelta
import json
import time
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay.destinations.live_feed import present
from custom_components.heart_rate_relay.metrics import HEART_RATE
from custom_components.heart_rate_relay.reading import Reading, Source, now_us
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from custom_components.heart_rate_relay.sources import wearer
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..browser import Browser
from ..common import STRAP, WATCH, measure, relay_entry, until
from .common import DATA, PATH, PATIENCE, watching

HRV = "sensor.strap_rmssd"
STEPS = "sensor.phone_steps"


async def test_socket(hass: HomeAssistant, client: Browser) -> None:
    """It tells each measurement at once, when it was made, and when none is any more."""
    measure(hass, 70)
    async with watching(client) as watcher:
        assert watcher.known == {"heart_rate": None}
        before = time.time() * 1000
        measure(hass, 72)
        told = await watcher.hear()
        assert told["heart_rate"].pop("measured_at") == pytest.approx(before, abs=5000)
        assert told == {"heart_rate": {"value": 72, "unit": "bpm"}}
        measure(hass, "unavailable")
        assert await watcher.hear() == {"heart_rate": None}


async def test_comes_later(hass: HomeAssistant, client: Browser) -> None:
    """Whoever comes later knows at once what is measured now."""
    measure(hass, 70)
    async with watching(client) as watcher:
        measure(hass, 72)
        await watcher.until(72)
        async with watching(client) as other:
            assert other.heart_rate == 72


async def test_no_ghost(
    hass: HomeAssistant, client: Browser, feed: RelayCoordinator
) -> None:
    """What is lost before it could be told is not told any more."""
    measure(hass, 70)
    async with watching(client) as watcher:
        measure(hass, 199)
        measure(hass, "unavailable")
        await until(lambda: len(feed.outbox) == 0)
        measure(hass, 73)
        measure(hass, 74)
        assert (await watcher.hear())["heart_rate"]["value"] in (73, 74)


async def test_falls_silent(hass: HomeAssistant, client: Browser) -> None:
    """A sensor that says nothing any more measures nothing, though it shows a value."""
    measure(hass, 70)
    async with watching(client) as watcher:
        measure(hass, 72)
        await watcher.until(72)
        with patch(f"{wearer.__name__}.time", return_value=time.time() + 61):
            async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=61))
            await watcher.until(None)


async def test_old(
    hass: HomeAssistant, client: Browser, feed: RelayCoordinator
) -> None:
    """What was measured a while ago is nobody's present."""
    measure(hass, 70)
    async with watching(client) as watcher:
        old = dt_util.utcnow() - timedelta(minutes=10)
        measure(hass, 71, measured_at=old.isoformat())
        measure(hass, 72, measured_at=dt_util.utcnow().isoformat())
        assert (await watcher.hear())["heart_rate"]["value"] == 72
    assert feed.outbox.tally.expired == 1


async def test_clock_set_back(
    hass: HomeAssistant, client: Browser, feed: RelayCoordinator
) -> None:
    """What was measured before the clock was set back is not believed to be the latest."""
    measure(hass, 70)
    source = Source("source", STRAP, STRAP)
    async with watching(client) as watcher:
        measure(hass, 71)
        await watcher.until(71)
        for value, ahead in ((72.0, 50.0), (73.0, 0.0)):
            reading = Reading(HEART_RATE, value, now_us(ahead), source)
            await feed.destination.deliver([reading])
            await watcher.until(value)
        await feed.destination.deliver([reading._replace(measured_at=now_us(-5))])
        await feed.destination.deliver([reading._replace(value=74.0)])
        assert (await watcher.hear())["heart_rate"]["value"] == 74


@pytest.mark.parametrize("entry", [relay_entry("live_feed", DATA, [STRAP, WATCH])])
async def test_one_line(hass: HomeAssistant, client: Browser) -> None:
    """Of several sensors the first one that is live counts, and another steps in."""
    measure(hass, 70)
    measure(hass, 60, WATCH)
    async with watching(client) as watcher:
        measure(hass, 71)
        await watcher.until(71)
        measure(hass, 61, WATCH)
        measure(hass, 72)
        assert (await watcher.hear())["heart_rate"]["value"] == 72
        measure(hass, "unavailable")
        measure(hass, 62, WATCH)
        await watcher.until(62)


@pytest.mark.parametrize(
    "entry",
    [
        relay_entry(
            "live_feed",
            DATA,
            heart_rate_variability_sources=[HRV],
            step_sources=[STEPS],
        )
    ],
)
async def test_each_metric(
    hass: HomeAssistant, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is measured is told by its name, until it is of the present no more."""
    monkeypatch.setattr(present, "PRESENT", 1.0)
    measure(hass, 1000, STEPS, unit_of_measurement="steps")
    measure(hass, 40, HRV, unit_of_measurement="ms")
    async with watching(client) as watcher:
        measure(hass, 41.5, HRV, unit_of_measurement="ms")
        told = await watcher.hear()
        assert told["heart_rate_variability"].pop("measured_at") > 0
        assert told == {"heart_rate_variability": {"value": 41.5, "unit": "ms"}}
        measure(hass, 1012, STEPS, unit_of_measurement="steps")
        told = await watcher.hear()
        while "steps" not in told:
            told = await watcher.hear()
        assert told["steps"]["value"] == 12
        assert told["steps"]["unit"] == "steps"
        assert told["steps"]["duration"] > 0
        latest = await (await client.get(f"{PATH}/latest")).json()
        assert latest["heart_rate"] is None
        assert latest["steps"] == told["steps"]
        lost: set[str] = set()
        while not {"steps", "heart_rate_variability"} <= lost:
            lost |= {key for key, value in (await watcher.hear()).items() if not value}
    latest = await (await client.get(f"{PATH}/latest")).json()
    assert latest == {"heart_rate": None}


async def test_paused(
    hass: HomeAssistant, client: Browser, feed: RelayCoordinator
) -> None:
    """While it is paused nothing is to be seen, and nothing is kept for later."""
    measure(hass, 70)
    async with watching(client) as watcher:
        measure(hass, 71)
        await watcher.until(71)
        feed.async_pause(True)
        await watcher.until(None)
        measure(hass, 72)
        await hass.async_block_till_done()
        assert len(feed.outbox) == 0
        feed.async_pause(False)
        measure(hass, 73)
        assert (await watcher.hear())["heart_rate"]["value"] == 73


async def test_sign_of_life(hass: HomeAssistant, client: Browser) -> None:
    """It can be seen that a connection is alive, however long nothing is measured."""
    async with watching(client) as watcher:
        assert [await watcher.next() for _ in range(3)] == [{}, {}, {}]


async def test_events(hass: HomeAssistant, client: Browser) -> None:
    """Server-sent events tell the same as the WebSocket."""
    measure(hass, 70)
    async with client.get(f"{PATH}/events") as response:
        assert response.content_type == "text/event-stream"
        told = []
        async for line in response.content:
            if line.startswith(b"data: "):
                told.append(json.loads(line.removeprefix(b"data: "))["heart_rate"])
                if len(told) == 1:
                    measure(hass, 72)
                elif len(told) == 2:
                    measure(hass, "unavailable")
                else:
                    break
            else:
                assert line in (b"\n", b":\n")
    assert told[0] is told[2] is None
    assert told[1]["value"] == 72


async def test_events_of_before(hass: HomeAssistant, client: Browser) -> None:
    """A proxy that speaks HTTP 1.0 gets events, too, without any parting."""
    measure(hass, 70)
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"GET {PATH}/events HTTP/1.0\r\nHost: home\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"chunked" not in head
        assert await reader.readline() == b'data: {"heart_rate":null}\n'
        measure(hass, 72)
        line = await reader.readline()
        while line in (b"\n", b":\n"):
            line = await reader.readline()
    assert line.startswith(b'data: {"heart_rate":{"value":72')
    writer.close()


async def test_not_kept(
    hass: HomeAssistant, entry: MockConfigEntry, client: Browser, feed: RelayCoordinator
) -> None:
    """Nothing waits, nothing is written, and after a restart nothing is told again."""
    measure(hass, 70)
    async with watching(client) as watcher:
        measure(hass, 71)
        await watcher.until(71)
    assert len(feed.outbox) == 0
    assert await hass.config_entries.async_reload(entry.entry_id)
    async with watching(client) as watcher:
        assert watcher.known == {"heart_rate": None}


async def test_steady_after_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, client: Browser
) -> None:
    """A heart rate that is the same as before the feed was loaded anew shows, too."""
    measure(hass, 70)
    async with watching(client) as watcher:
        measure(hass, 71)
        await watcher.until(71)
    assert await hass.config_entries.async_reload(entry.entry_id)
    async with watching(client) as watcher:
        hass.states.async_set(STRAP, "71", {"unit_of_measurement": "bpm"}, True)
        await watcher.until(71)
