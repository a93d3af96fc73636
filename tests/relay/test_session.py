"""What requests of relays are made with: Home Assistant's connections, without cookies."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult
import pytest

from custom_components.heart_rate_relay.relay.session import async_session
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..common import STRAP, WATCH, measure, relay_entry, set_up, until
from ..destinations.common import http, serving


class Loopback(AbstractResolver):
    """A resolver by which every name is this machine's: addresses get no cookies."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where a name is."""
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Do nothing."""


@pytest.mark.usefixtures("socket_enabled")
async def test_cookies(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server sets for one comes with nobody's requests."""
    monkeypatch.setattr(
        async_get_clientsession(hass).connector, "_resolver", Loopback()
    )
    async with serving(http(204, headers={"Set-Cookie": "of=somebody"})) as server:
        url = server.url.with_host("influxdb.test")
        await async_get_clientsession(hass).post(url)
        entries = []
        for database, source in (("one", STRAP), ("two", WATCH)):
            measure(hass, 60, source)
            data = {"url": str(url), "database": database}
            entries.append(relay_entry("influxdb_v1", data, [source]))
            await set_up(hass, entries[-1])
        for count, value in enumerate((70, 71, 72), 1):
            for source in (STRAP, WATCH):
                measure(hass, value, source)
            await until(lambda: len(server.seen) > 2 * count)  # noqa: B023 - at once
        assert [seen.headers.get("cookie") for seen in server.seen] == [None] * 7
        for entry in entries:
            await hass.config_entries.async_unload(entry.entry_id)


async def test_shared(hass: HomeAssistant) -> None:
    """All relays share what Home Assistant has, until it stops."""
    session = async_session(hass, verify_ssl=True)
    assert session is async_session(hass, verify_ssl=True)
    assert session.connector is async_get_clientsession(hass).connector
    careless = async_session(hass, verify_ssl=False)
    assert careless.connector is async_get_clientsession(hass, False).connector
    hass.bus.async_fire(EVENT_HOMEASSISTANT_CLOSE)
    await hass.async_block_till_done()
    assert session.closed
    assert careless.closed
