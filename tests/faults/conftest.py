"""What these tests share: the service that a test is about, and patience that is short."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from custom_components.heart_rate_relay.destinations import gerosense, pulsoid
from custom_components.heart_rate_relay.destinations.open_wearables import (
    api_key,
    invitation,
)
from dev.stand_ins import OpenWearables, Pulsoid, pulsoid as pulsoid_stand_in

from ..conftest import running
from .common import SERVICES


@pytest.fixture
async def stand_in(
    service: str, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """Return a service of our own."""
    async with running(SERVICES[service].stand_in()) as stand_in:
        if isinstance(stand_in, OpenWearables):
            # It imports at once, and is looked at so, but as patiently as ever
            stand_in.import_delay = 0.002
            monkeypatch.setattr(api_key, "LOOKS", (0.01, *api_key.LOOKS))
            monkeypatch.setattr(invitation, "FIRST_PAUSE", 0.05)
        if isinstance(stand_in, Pulsoid):
            # How it keeps to a rate is seen in tests/delivery/test_delivery_rate.py
            limits = replace(pulsoid.Pulsoid.limits, max_rate=None)
            monkeypatch.setattr(pulsoid.Pulsoid, "limits", limits)
            monkeypatch.setattr(pulsoid_stand_in, "MAX_RATE", 10_000)
        monkeypatch.setattr(pulsoid, "API_URL", stand_in.url)
        monkeypatch.setattr(gerosense, "API_URL", stand_in.url)
        yield stand_in
