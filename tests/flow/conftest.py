"""The service that a test of the flows is about."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from custom_components.heart_rate_relay.destinations import gerosense, pulsoid
from custom_components.heart_rate_relay.destinations.open_wearables import (
    api_key,
    invitation,
)

from ..conftest import running
from .common import STAND_INS


@pytest.fixture
def service() -> str:
    """Return the service that a test is about, where it is about one alone."""
    return "pulsoid"


@pytest.fixture
async def stand_in(
    service: str, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """Return a service of our own."""
    async with running(STAND_INS[service]()) as stand_in:
        monkeypatch.setattr(pulsoid, "API_URL", stand_in.url)
        monkeypatch.setattr(gerosense, "API_URL", stand_in.url)
        yield stand_in


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give records a moment only to be imported."""
    monkeypatch.setattr(api_key, "LOOKS", (0.05, 0.1, 0.5))
    monkeypatch.setattr(invitation, "FIRST_PAUSE", 0.1)
