"""What these tests share: the service that a test is about."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from custom_components.heart_rate_relay.delivery import backoff
from custom_components.heart_rate_relay.destinations import gerosense, pulsoid
from custom_components.heart_rate_relay.destinations.open_wearables import (
    api_key,
    invitation,
)
from dev.stand_ins import OpenWearables

from ..conftest import running
from .common import LATER_DATABASES, SERVICES


@pytest.fixture
async def stand_in(
    service: str, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """Return a service of our own."""
    stand_ins = {**SERVICES, **LATER_DATABASES}
    async with running(stand_ins[service].stand_in()) as stand_in:
        if isinstance(stand_in, OpenWearables):
            stand_in.import_delay = 0.002
        monkeypatch.setattr(pulsoid, "API_URL", stand_in.url)
        monkeypatch.setattr(gerosense, "API_URL", stand_in.url)
        yield stand_in


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look soon whether records are imported, and try again soon."""
    monkeypatch.setattr(api_key, "LOOKS", (0.005, 0.01, 0.02, 0.05, 0.1, 0.5))
    monkeypatch.setattr(invitation, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(backoff, "MIN_BACKOFF", 0.01)
    monkeypatch.setattr(backoff, "MAX_BACKOFF", 0.02)
