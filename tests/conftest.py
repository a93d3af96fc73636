"""What all tests share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

# The test plugin brings a package of the same name: whichever is imported first stays.
import custom_components  # noqa: F401 - importing it is all that is wanted
from custom_components.heart_rate_relay.destinations import pulsoid as pulsoid_module
from dev.stand_ins import InfluxDBv1, LiveTracking, Pulsoid, StandIn
from homeassistant.core import HomeAssistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS


@pytest.fixture
def hass(hass: HomeAssistant) -> HomeAssistant:
    """Return a Home Assistant that looks for custom integrations.

    The test plugin's own enable_custom_integrations does the same, but made automatic it
    would start Home Assistant before the fixtures that must come first (recorder_mock).
    """
    hass.data.pop(DATA_CUSTOM_COMPONENTS)
    return hass


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Return a folder for each test alone: relays leave files in it."""
    return hass_tmp_config_dir


@pytest.fixture
async def pulsoid(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pulsoid]:
    """Return a Pulsoid of our own."""
    async with running(Pulsoid()) as stand_in:
        monkeypatch.setattr(pulsoid_module, "API_URL", stand_in.url)
        yield stand_in


@pytest.fixture
async def influxdb(socket_enabled: None) -> AsyncIterator[InfluxDBv1]:
    """Return an InfluxDB 1 of our own."""
    async with running(InfluxDBv1()) as stand_in:
        yield stand_in


@pytest.fixture
async def live_tracking(socket_enabled: None) -> AsyncIterator[LiveTracking]:
    """Return a livetracking.io server of our own."""
    async with running(LiveTracking()) as stand_in:
        yield stand_in


@asynccontextmanager
async def running[S: StandIn](stand_in: S) -> AsyncIterator[S]:
    """Run a stand-in."""
    await stand_in.start()
    try:
        yield stand_in
    finally:
        await stand_in.stop()
