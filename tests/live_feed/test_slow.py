"""Those who watch and do not read: they hold nobody up, and cost little."""

import asyncio
import socket

import pytest

from custom_components.heart_rate_relay.destinations.live_feed import viewers
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from homeassistant.core import HomeAssistant

from ..browser import Browser
from ..common import measure, until
from .common import PATH, PATIENCE, watching

SMALL = 4096
"""Bytes that the system keeps of a connection, so that it does not take long to fill it."""

HANDSHAKE = (
    f"GET {PATH}/{{}} HTTP/1.1\r\nHost: home\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
"""With the part to fill in. Source of the key: RFC 6455, section 1.3."""


@pytest.mark.parametrize("part", ["socket", "events", "real_time"])
async def test_reads_nothing(
    hass: HomeAssistant,
    client: Browser,
    feed: RelayCoordinator,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    """It is dropped, before it costs much, and others are told all meanwhile."""
    monkeypatch.setattr(viewers, "MOST_UNREAD", 4 * SMALL)
    measure(hass, 70)
    with await connect(client, part) as stuck:
        await until(lambda: watched(feed))
        (transport,) = watched(feed)
        server_side: socket.socket = transport.get_extra_info("socket")
        server_side.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        async with watching(client) as watcher:
            told, unread = 71.0, []
            while transport in watched(feed):
                told += 1 / 256
                measure(hass, told)
                await watcher.until(told)
                unread.append(transport.get_write_buffer_size())
        assert transport.is_closing()
        assert 0 < max(unread) <= viewers.MOST_UNREAD + SMALL
        assert stuck.fileno() >= 0


def watched(feed: RelayCoordinator) -> list[asyncio.Transport]:
    """Return the connections by which a feed is watched."""
    watching = feed.destination._viewers._watching  # type: ignore[attr-defined]
    return [transport for transports in watching.values() for transport in transports]


async def connect(client: Browser, part: str) -> socket.socket:
    """Ask for a part of a feed, and read nothing of it."""
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    stuck.connect((client.host, client.port))
    stuck.sendall(HANDSHAKE.format(part).encode())
    return stuck


async def test_says_much(client: Browser) -> None:
    """Who sends what nobody wants to hear is not listened to for long."""
    async with watching(client) as watcher:
        await watcher.socket.send_str("x" * 100)
        assert await watcher.next() is not None
        await watcher.socket.send_str("x" * 5000)
        assert await watcher.end() == 1009


async def test_gone_without_a_word(
    hass: HomeAssistant,
    client: Browser,
    feed: RelayCoordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that does not answer any more is forgotten, though nothing told that it went."""
    monkeypatch.setattr(f"{viewers.__package__}.feed.HEARTBEAT", 0.2)
    with await connect(client, "socket"):
        await until(lambda: watched(feed))
        await until(lambda: not watched(feed), timeout=PATIENCE)
