"""Fixtures of tests of Gerosense."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from yarl import URL

from custom_components.heart_rate_relay.destinations import gerosense
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from dev.stand_ins.base import TOKEN
from dev.stand_ins.gerosense import Gerosense, GerosenseProxy
from tests.conftest import running

from .common import LOGIN, Clock, Face, Pair, StandIn


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the destinations go by."""
    clock = Clock()
    monkeypatch.setattr(gerosense, "monotonic", clock)
    return clock


@pytest.fixture
def connect(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Face]:
    """Return what makes a destination of a kind, at an address."""

    def connect(kind: str, url: URL | str, **config: str) -> Face:
        if kind == "proxy":
            data = {"url": str(url), "token": TOKEN, **config}
            return gerosense.GerosenseProxy(session, data, Tokens())
        monkeypatch.setattr(gerosense, "API_URL", URL(url))
        return gerosense.Gerosense(session, {**LOGIN, **config}, Tokens())

    return connect


@pytest.fixture
async def pair(
    kind: str, clock: Clock, connect: Callable[..., Face]
) -> AsyncIterator[Pair]:
    """Return a service of our own of a kind."""
    stand_in: StandIn = GerosenseProxy() if kind == "proxy" else Gerosense()
    async with running(stand_in):
        yield Pair(stand_in, lambda **config: connect(kind, stand_in.url, **config))


@pytest.fixture
async def service(clock: Clock, socket_enabled: None) -> AsyncIterator[Gerosense]:
    """Return a Gerosense of our own."""
    async with running(Gerosense()) as stand_in:
        yield stand_in
