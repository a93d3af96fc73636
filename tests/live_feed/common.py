"""What tests of live feeds share: a feed, and somebody who watches it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient

from custom_components.heart_rate_relay.web import ADDRESS

SECRET = "a-secret-of-a-feed-that-is-long-enough"
PATH = f"{ADDRESS}{SECRET}"
DATA = {"look": "heart", "secret": SECRET}

PATIENCE = 10.0
"""Seconds for what has to come: the machine may be busy."""


class Watcher:
    """Somebody who watches by a WebSocket, and knows what was told so far."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Initialize: nothing is known yet."""
        self.socket = socket
        self.known: dict[str, Any] = {}

    async def hear(self) -> Any:
        """Return what is told next, other than that the feed is there."""
        async with asyncio.timeout(PATIENCE):
            while not (told := await self.next()):
                """It is still there, which is not what is waited for."""
        self.known |= told
        return told

    async def next(self) -> Any:
        """Return whatever is told next."""
        return json.loads(await self.socket.receive_str(timeout=PATIENCE))

    async def until(self, value: float | None) -> None:
        """Listen until a heart rate is told, None where none is measured any more."""
        while self.heart_rate != value:
            await self.hear()

    @property
    def heart_rate(self) -> float | None:
        """The heart rate, as far as is known."""
        told = self.known.get("heart_rate")
        return told["value"] if told else None

    async def end(self) -> Any:
        """Return the code with which it is closed, once it is."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE)
            if message.type is not WSMsgType.TEXT:
                return message.data


@asynccontextmanager
async def watching(
    client: TestClient[Any, Any], path: str = PATH
) -> AsyncIterator[Watcher]:
    """Watch a feed, of which all that is measured is known."""
    async with client.ws_connect(f"{path}/socket") as socket:
        watcher = Watcher(socket)
        await watcher.hear()
        yield watcher
