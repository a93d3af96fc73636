"""Fixtures of live feeds."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from homeassistant.core import HomeAssistant

from ..browser import Browser
from ..common import relay_entry, set_up
from .common import DATA


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return the entry of a feed."""
    return relay_entry("live_feed", DATA)


@pytest.fixture
async def feed(hass: HomeAssistant, entry: MockConfigEntry) -> RelayCoordinator:
    """Return a running feed."""
    return await set_up(hass, entry)


@pytest.fixture
async def client(
    feed: RelayCoordinator, hass_client_no_auth: ClientSessionGenerator
) -> Browser:
    """Return what asks Home Assistant, without a login."""
    return await hass_client_no_auth()
