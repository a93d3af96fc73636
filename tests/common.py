"""What tests of whole relays share."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
import re
import time
from typing import Any

from freezegun.api import freeze_factories
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS, DOMAIN
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import Failure, InfluxDBv1, LiveTracking, Pulsoid
from homeassistant.core import HomeAssistant

STRAP = "sensor.strap_heart_rate"
WATCH = "sensor.watch_heart_rate"


def pulsoid_data(stand_in: Pulsoid) -> dict[str, Any]:
    """Return what the form of Pulsoid gives."""
    return {"access_token": stand_in.token}


def influxdb_data(stand_in: InfluxDBv1, **naming: Any) -> dict[str, Any]:
    """Return what the form of InfluxDB 1 gives."""
    return {
        "url": str(stand_in.url),
        "database": stand_in.database,
        "username": stand_in.username,
        "password": stand_in.password,
        "verify_ssl": True,
        "naming": {
            "measurement": "heart_rate",
            "field": "bpm",
            "layout": "one",
            "fields": [],
            "tags": [],
            **naming,
        },
    }


def live_tracking_data(stand_in: LiveTracking) -> dict[str, Any]:
    """Return what the form of livetracking.io gives."""
    return {
        "url": str(stand_in.url),
        "username": stand_in.username,
        "password": stand_in.password,
        "verify_ssl": True,
    }


def relay_entry(
    service: str,
    data: Mapping[str, Any],
    sources: list[str] | None = None,
    **options: Any,
) -> MockConfigEntry:
    """Return the entry of a relay."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Relay",
        data={"service": service, **data},
        options={**DEFAULT_OPTIONS, "sources": sources or [STRAP], **options},
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> RelayCoordinator:
    """Set up a relay."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    coordinator = entry.runtime_data
    assert isinstance(coordinator, RelayCoordinator)
    return coordinator


def measure(
    hass: HomeAssistant,
    value: object,
    entity_id: str = STRAP,
    at: float | None = None,
    **attributes: Any,
) -> None:
    """Let a heart-rate sensor measure, now or at that time (seconds, UTC)."""
    hass.states.async_set(
        entity_id,
        str(value),
        {"unit_of_measurement": "bpm", **attributes},
        timestamp=at,
    )


def us(seconds: float, step: int = 1) -> int:
    """Return a time in µs, told by a clock that moves in steps of so many µs."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    moment = datetime.fromtimestamp(seconds, UTC)
    return (moment - epoch) // timedelta(microseconds=1) // step * step


async def until(condition: Callable[[], object], timeout: float = 30) -> None:
    """Wait for something that takes real time, such as a request.

    A frozen clock moves on with the real one meanwhile: the event loop's timers go by it too.
    """
    async with asyncio.timeout(timeout):
        while not condition():
            for clock in freeze_factories:
                time.sleep(0.001)  # noqa: ASYNC251 - no timer of the loop can wait for it
                clock.tick(0.001)
            await asyncio.sleep(0 if freeze_factories else 0.005)


def objecting(value: int, reason: str) -> Callable[[bytes], Failure | None]:
    """Return what a stand-in objects to: a value, in whatever company."""

    number = re.compile(rb"(?<![\d.])%d(\.0)?(?![\d.])" % value)

    def objection(body: bytes) -> Failure | None:
        return Failure(400, reason) if number.search(body) else None

    return objection
