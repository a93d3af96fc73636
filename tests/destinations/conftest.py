"""Fixtures of tests of destinations."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
import logging
from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.heart_rate_relay.destinations import (
    DESTINATIONS,
    gerosense,
    pulsoid,
)
from custom_components.heart_rate_relay.destinations.base import Destination
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from dev.stand_ins import InfluxDBv1, InfluxDBv2, InfluxDBv3, LiveTracking
from dev.stand_ins.base import TOKEN
from dev.stand_ins.database import Database
from tests.conftest import running

from .common import CONFIGS, PAIR, SECRETS, Connect
from .influxd import ADMIN, CLOSED, USERS, Influxd, running_influxd, with_database

FIXED_ADDRESS = {
    "pulsoid": pulsoid,
    "pulsoid_oauth": pulsoid,
    "gerosense": gerosense,
}
"""The modules of services whose address nobody enters."""


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a real client session."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def connect(session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Return what makes a destination of a service at an address."""

    def connect(service: str, url: URL | str, **config: Any) -> Destination:
        if module := FIXED_ADDRESS.get(service):
            monkeypatch.setattr(module, "API_URL", URL(url))
        token = config.get("access_token", TOKEN)
        return DESTINATIONS[service](
            session,
            {**CONFIGS[service], "url": str(url), **config},
            Tokens({**PAIR, "access_token": token}),
        )

    return connect


@pytest.fixture
async def databases(
    socket_enabled: None,
) -> AsyncIterator[Mapping[str, Database]]:
    """Return a database of each version, and a livetracking.io server."""
    async with AsyncExitStack() as stack:
        yield {
            stand_in.service: await stack.enter_async_context(running(stand_in))
            for stand_in in (InfluxDBv1(), InfluxDBv2(), InfluxDBv3(), LiveTracking())
        }


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """See that no secret is ever logged, not even to debug."""
    with caplog.at_level(logging.DEBUG):
        yield
        logged = caplog.text
    assert not any(secret in logged for secret in SECRETS)


@pytest.fixture(scope="session")
def open_influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an influxd that is open to all."""
    with running_influxd(tmp_path_factory.mktemp("open")) as url:
        yield url


@pytest.fixture(scope="session")
def closed_influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an influxd that asks for a login."""
    with running_influxd(tmp_path_factory.mktemp("closed"), CLOSED) as url:
        yield url


@pytest.fixture
async def influxd(
    open_influxd: str, session: aiohttp.ClientSession
) -> AsyncIterator[Influxd]:
    """Return an influxd that is open to all."""
    server = await with_database(session, open_influxd, {})
    yield server
    await server.query(f'DROP DATABASE "{server.database}"')


@pytest.fixture
async def guarded(closed_influxd: str, session: aiohttp.ClientSession) -> Influxd:
    """Return an influxd with a writer, a reader, and one who may do nothing."""
    headers = {"Authorization": ADMIN}
    for query in ("SHOW USERS", *USERS):
        async with session.post(
            f"{closed_influxd}/query", data={"q": query}, headers=headers
        ) as response:
            if query == "SHOW USERS" and response.ok:
                # They were made for another test
                break
            assert response.ok or query == "SHOW USERS"
    server = await with_database(session, closed_influxd, headers)
    await server.query(f'GRANT WRITE ON "{server.database}" TO writer')
    await server.query(f'GRANT READ ON "{server.database}" TO reader')
    return server
