"""SIGKILL at random moments, under load, and what the services hold in the end.

FAULT_KILLS says how often.
"""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path
from random import Random
import signal
import sys
import time
from typing import NamedTuple

import pytest

from custom_components.heart_rate_relay.delivery.delivery import Delivery
from custom_components.heart_rate_relay.destinations.influxdb import (
    InfluxDBv1 as Destination,
)
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from dev.stand_ins import Arrival, Failure, InfluxDBv1
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from ..common import until
from ..conftest import running
from .common import PATIENCE, scale

KILLS = int(scale("FAULT_KILLS", 8))
AT_ONCE = 4
"""Relays that are killed side by side."""

ROOT = Path(__file__).parents[2]

DELAY = 0.3
"""Seconds for which an answer may take."""

FAILURES = (
    *(None, None, Failure(500), Failure(503), Failure(200, drop=True)),
    *(Failure(200, drop=True, accepts=True), Failure(500, accepts=True, delay=DELAY)),
)


class Told(NamedTuple):
    """A reading that a process measured."""

    number: float
    at: float
    late: float


class Relay:
    """A relay that is killed again and again, and its service."""

    def __init__(self, path: Path, service: InfluxDBv1, seed: int) -> None:
        """Initialize the relay, with an outbox at a path."""
        self.path = path
        self.service = service
        self.random = Random(seed)
        self.measured: set[float] = set()
        self.may_be_lost: set[float] = set()
        self.arrived: dict[float, set[int]] = {}
        service.on_arrival = self._arrive

    def _arrive(self, arrival: Arrival) -> None:
        self.arrived.setdefault(arrival.value, set()).add(arrival.measured_at)

    async def live(self) -> None:
        """Run until a kill at a random moment."""
        arguments = (self.path, self.service.url, len(self.measured) + 1)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.relay_process"),
            *map(str, arguments),
            cwd=ROOT,
            stdout=PIPE,
        )
        assert process.stdout
        first = await process.stdout.readline()
        reader = asyncio.create_task(process.stdout.read())
        ends = time.monotonic() + self.random.uniform(0, 2.5)
        while time.monotonic() < ends:
            self.service.failure = self.random.choice(FAILURES)
            await asyncio.sleep(self.random.uniform(0, 0.4))
        process.kill()
        told = self._told(first + await reader)
        assert await process.wait() == -signal.SIGKILL
        assert told, "it was killed before it began"
        self.measured.update(one.number for one in told)
        # By its own last word: it may have had no time of the machine since
        last = told[-1]
        self.may_be_lost.update(
            one.number for one in told if one.at >= last.at - 1 - last.late
        )

    @staticmethod
    def _told(output: bytes) -> list[Told]:
        """Return what a process told, up to the last whole line."""
        *lines, _ = output.decode().split("\n")
        return [Told(*map(float, line.split())) for line in lines]

    async def drain(self, hass: HomeAssistant) -> Outbox:
        """Deliver all that is left, and return the outbox."""
        self.service.failure = None
        outbox = Outbox(self.path, max_readings=1_000_000, max_age=1e9)
        await outbox.open()
        session = async_create_clientsession(hass)
        config = {"url": str(self.service.url), "database": "home"}
        relay = Delivery(
            outbox, Destination(session, config, Tokens()), lambda error: None
        )
        relay.start()
        await until(lambda: not len(outbox), PATIENCE)
        await relay.stop()
        await outbox.close()
        # The last one that was killed may still be to have an answer
        await asyncio.sleep(DELAY)
        return outbox


@pytest.mark.slow
@pytest.mark.timeout(120 + 5 * KILLS)
@pytest.mark.usefixtures("socket_enabled")
async def test_killed(hass: HomeAssistant, tmp_path: Path) -> None:
    """Of all readings only those not delivered of the last second before a kill are lost."""

    async def suffer(number: int) -> Relay:
        async with running(InfluxDBv1(username="")) as service:
            relay = Relay(tmp_path / str(number) / "outbox.db", service, number)
            for _ in range(KILLS // AT_ONCE):
                await relay.live()
            outbox = await relay.drain(hass)
            assert outbox.set_aside is None
            assert outbox.trouble is None
            return relay

    relays = await asyncio.gather(*map(suffer, range(AT_ONCE)))
    measured = lost = 0
    for relay in relays:
        missing = relay.measured - relay.arrived.keys()
        assert missing <= relay.may_be_lost
        assert relay.arrived.keys() <= relay.measured
        # None is altered: a number came with one time, and a time with one number
        times = [time for times in relay.arrived.values() for time in times]
        assert len(times) == len(relay.arrived)
        measured += len(relay.measured)
        lost += len(missing)
    print(  # noqa: T201 - to be found where it is run for long
        f"{KILLS // AT_ONCE * AT_ONCE} kills, {measured} readings, {lost} lost, "
        "each measured within a second before a kill"
    )
