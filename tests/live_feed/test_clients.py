"""Clients that were written for Pulsoid, imitated: what they send and read works here.

Such as there are in public: the token in the query or in a header, a message for each heart
rate, or its digits alone; https://docs.pulsoid.net/read-heart-rate
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
import json
import time
from typing import Any

from aiohttp import ClientError, WSMsgType
import pytest

from homeassistant.core import HomeAssistant

from ..browser import Browser
from ..common import measure, until
from .common import PATIENCE, SECRET


class Overlay:
    """A program that shows a heart rate, pointed at another host than Pulsoid's."""

    def __init__(self, client: Browser) -> None:
        """Initialize: nothing is shown, and it is not connected."""
        self.shown: list[tuple[int, int]] = []
        self.connections = 0
        self._client = client

    async def run(self) -> None:
        """Show what comes, and connect again whenever the connection ends."""
        while True:
            url = f"/api/v1/data/real_time?access_token={SECRET}"
            with suppress(ClientError):
                async with self._client.ws_connect(url, heartbeat=1) as socket:
                    self.connections += 1
                    async for message in socket:
                        self._show(json.loads(message.data))
            await asyncio.sleep(0.05)

    def _show(self, message: dict[str, Any]) -> None:
        """Take a message as it is documented, and nothing but that."""
        assert message.keys() == {"measured_at", "data"}
        assert message["data"].keys() == {"heart_rate"}
        measured_at, heart_rate = message["measured_at"], message["data"]["heart_rate"]
        assert isinstance(measured_at, int)
        assert isinstance(heart_rate, int)
        self.shown.append((measured_at, heart_rate))


@pytest.fixture
async def overlay(client: Browser) -> AsyncIterator[Overlay]:
    """Return an overlay that runs, and is connected."""
    overlay = Overlay(client)
    task = asyncio.create_task(overlay.run())
    await until(lambda: overlay.connections)
    yield overlay
    task.cancel()
    await asyncio.wait([task])


async def test_overlay(hass: HomeAssistant, overlay: Overlay) -> None:
    """It shows each heart rate, with its time, and nothing where there is none."""
    before = time.time() * 1000
    measure(hass, 70)
    for rate in (71.6, 73, "unavailable", 74):
        measure(hass, rate)
        await asyncio.sleep(0.01)
    await until(lambda: len(overlay.shown) == 3)
    assert [rate for _, rate in overlay.shown] == [72, 73, 74]
    times = [at for at, _ in overlay.shown]
    assert times == sorted(times)
    assert times[0] == pytest.approx(before, abs=PATIENCE * 1000)


async def test_overlay_returns(
    hass: HomeAssistant, overlay: Overlay, entry: Any
) -> None:
    """It connects again after the feed was loaded anew, and goes on."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: overlay.connections == 2)
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: overlay.shown)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"Authorization": f"Bearer {SECRET}"}, {}),
        ({"authorization": f"bearer {SECRET}"}, {}),
        ({}, {"access_token": SECRET}),
    ],
)
async def test_ways_to_sign_in(
    hass: HomeAssistant,
    client: Browser,
    headers: Mapping[str, str],
    query: Mapping[str, str],
) -> None:
    """The token is taken from where clients put it, and the digits alone may be asked for."""
    latest, real_time = "/api/v1/data/heart_rate/latest", "/api/v1/data/real_time"
    digits = {**query, "response_mode": "text_plain_only_heart_rate"}
    for params in (query, digits):
        answer = await client.get(latest, headers=headers, params=params)
        assert answer.status == 412
    measure(hass, 70)
    async with client.ws_connect(real_time, headers=headers, params=digits) as socket:
        measure(hass, 72.4)
        message = await socket.receive(PATIENCE)
        assert (message.type, message.data) == (WSMsgType.TEXT, "72")
    answer = await client.get(latest, headers=headers, params=query)
    told = await answer.json()
    assert told == {"measured_at": told["measured_at"], "data": {"heart_rate": 72}}
    answer = await client.get(latest, headers=headers, params=digits)
    assert await answer.text() == "72"
