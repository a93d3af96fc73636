"""A virtual strap and a virtual bike behind a virtual proxy, and their way into Home Assistant."""

import asyncio
import time
from typing import Protocol, Self

from custom_components.heart_rate_relay.metrics import HEART_RATE

from .home_assistant.api import Answer, Api
from .home_assistant.process import HomeAssistantError
from .relays import DOMAIN, MONITOR
from .simulated_heart_rate.record import Kind, Record
from .virtual_proxy import Bike, Proxy, Sent, Strap, World, walking
from .virtual_proxy.proxy import HOST

PHASE = 0.5
"""When it measures, in seconds after the full second: between the simulated sensors."""

LOWEST, HIGHEST = 155, 195
"""In bpm: rates that no simulated sensor has which measures while one is on its way."""


class Notes(Protocol):
    """Where it is noted what a monitor sends."""

    def write(self, record: Record) -> None:
        """Take note of what was sent."""


class Monitor:
    """A monitor that is worn, and writes to the ledger what it sends."""

    def __init__(self, ledger: Notes) -> None:
        """Initialize the monitor."""
        self._ledger = ledger
        self._strap = Strap(
            "Virtual strap",
            "C4:5A:90:00:00:01",
            heart_rate=walking(LOWEST, HIGHEST),
            energy=0,
        )
        self._strap.on_sent = self._note
        self._bike = Bike(
            "Virtual bike", "C4:5A:90:00:00:02", rate=4, power=walking(120, 280)
        )
        self._proxy = Proxy("virtual-proxy")
        self._world = World([self._strap], [self._proxy])

    async def __aenter__(self) -> Self:
        """Begin to measure, always at the same moment of a second."""
        await asyncio.sleep((PHASE - time.time()) % 1)
        await self._world.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Be gone."""
        await self._world.stop()

    async def add_to(self, api: Api) -> None:
        """Add the proxy, and then what is discovered through it: the strap, and the bike.

        Raises HomeAssistantError where a flow goes another way.
        """
        step = await api.start_flow("esphome")
        step = await api.next_step(step, {"host": HOST, "port": self._proxy.port})
        if step["type"] == "create_entry":
            step = await self._add_discovered(api)
        if step["type"] == "create_entry":
            # Not before, or it might be discovered first
            self._world.add_strap(self._bike)
            step = await self._add_discovered(api)
        if step["type"] != "create_entry":
            raise HomeAssistantError(f"The monitor is not set up: {step}")

    async def _add_discovered(self, api: Api) -> Answer:
        """Add what is discovered next, and return how that ended."""
        found = await api.wait_until_discovered(DOMAIN, "bluetooth")
        return await api.next_step(found, {})

    def fall_silent(self) -> None:
        """Send no more."""
        self._strap.muted = True

    def _note(self, sent: Sent) -> None:
        """Write to the ledger what was sent."""
        name, at = self._strap.name, int(sent.at * 1000)
        self._ledger.write(
            Record(MONITOR, name, HEART_RATE.key, Kind.SENT, at, sent.value)
        )
