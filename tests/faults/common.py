"""What these tests share: relays to every service, what they owe, and what they leave."""

import asyncio
from collections.abc import Mapping
import gc
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import LOGGER
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import InfluxDBv2, InfluxDBv3, Pulsoid, StandIn
from homeassistant.core import HomeAssistant

from ..common import STRAP, measure, pulsoid_data, relay_entry, until, us
from ..flow.common import influxdb_v2_data, influxdb_v3_data
from ..seen.common import SERVICES as MOST_SERVICES, Service
from .ledger import Ledger

SERVICES: Mapping[str, Service] = {
    **MOST_SERVICES,
    "pulsoid": Service(Pulsoid, pulsoid_data),
    "influxdb_v2": Service(InfluxDBv2, influxdb_v2_data),
    "influxdb_v3": Service(InfluxDBv3, influxdb_v3_data),
}
"""All services but the one that one signs in to in a browser."""

each_service = pytest.mark.parametrize("service", SERVICES)

STEPS: Mapping[str, int] = {
    "livetracking": 1_000_000,
    "pulsoid": 1000,
    "pulsoid_oauth": 1000,
}
"""How finely services tell times apart that do not to the microsecond, in µs."""

PATIENCE = 30.0
"""Seconds to wait for what takes a moment, on a machine that has other things to do."""


def scale(name: str, usual: float) -> float:
    """Return how much of something a test does, where the environment does not say."""
    return float(os.environ.get(name, usual))


def entry_of(
    service: str, stand_in: StandIn, sources: list[str] | None = None, **options: Any
) -> MockConfigEntry:
    """Return the entry of a relay to a service."""
    return relay_entry(service, SERVICES[service].data(stand_in), sources, **options)


def ledger_of(service: str, stand_in: StandIn) -> Ledger:
    """Return the ledger of all that arrives at a stand-in from now on."""
    ledger = Ledger(step=STEPS.get(service, 1))
    stand_in.on_arrival = ledger.arrive
    return ledger


class Strap:
    """A sensor that measures at times of its own, each of which its ledger notes."""

    def __init__(
        self, hass: HomeAssistant, *ledgers: Ledger, entity_id: str = STRAP
    ) -> None:
        """Initialize the sensor, whose first value is one that no relay sends."""
        self.entity_id = entity_id
        self._hass = hass
        self._ledgers = ledgers
        self._count = 0
        measure(hass, 60, entity_id)

    def beat(self, at: float, **attributes: Any) -> None:
        """Measure at a time, in seconds UTC, another value than before."""
        self._count += 1
        value = 61 + self._count % 120
        measure(self._hass, value, self.entity_id, at, **attributes)
        for ledger in self._ledgers:
            ledger.measure(us(at), value)


async def until_settled(
    coordinator: RelayCoordinator, *, left: int = 0, timeout: float = PATIENCE
) -> None:
    """Wait until nothing waits but so many readings, without what there is to wait for."""

    def is_settled() -> bool:
        coordinator.delivery.send_now()
        return len(coordinator.outbox) <= left

    await until(is_settled, timeout)


def fds() -> int:
    """Return how many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def tasks() -> int:
    """Return how many tasks there are."""
    return len(asyncio.all_tasks())


class Leaks:
    """What there was before, and so must be there afterwards."""

    def __init__(self) -> None:
        """Count."""
        gc.collect()
        self._before = fds(), tasks()

    async def see_none(self) -> None:
        """See that there are no more files, sockets and tasks than before."""

        def are_gone() -> bool:
            gc.collect()
            return fds() <= self._before[0] and tasks() <= self._before[1]

        await until(are_gone, PATIENCE)


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the integration wrote to the log, for whoever reads logs."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(LOGGER.name) and record.levelno >= logging.INFO
    ]


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return all errors in the log, whoever wrote them."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR
    ]
