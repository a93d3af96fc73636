"""Whoever watches a live feed, each by a connection that is kept open.

What is told is written once for each shape, and handed to the connections as it is: for a
WebSocket that is half of what it costs to have each of them frame it. Nobody is waited for.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
import struct

from aiohttp import web

from . import shapes
from .shapes import Shape, Told

MOST = 250
"""How many may watch one feed."""

MOST_UNREAD = 64 * 1024
"""Bytes that may wait for one who does not read, besides what the system keeps."""

BEAT = 0.8
"""Seconds after which those who want to know hear that the feed is still there."""

GOING_AWAY = 1001
"""The code with which connections are closed that are to be made anew. Source: RFC 6455."""

GONE = 4410
"""The one with which those are whose address is good no more, and never will be again."""


class Viewers:
    """The connections of those who watch, by what they are told."""

    def __init__(self) -> None:
        """Initialize: nobody watches yet."""
        self._watching: defaultdict[Shape, set[asyncio.Transport]] = defaultdict(set)
        self._beat: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many watch."""
        return sum(map(len, self._watching.values()))

    @contextmanager
    def watching(self, transport: asyncio.Transport, shape: Shape) -> Iterator[None]:
        """Tell a connection what is told, in a shape. No one is one of too many: see check."""
        self._watching[shape].add(transport)
        if not self._beat:
            self._beat_later()
        try:
            yield
        finally:
            self._watching[shape].discard(transport)
            if not len(self):
                self._beat_later()
            if transport.get_write_buffer_size():
                # Who does not read would have it kept open for ever
                transport.abort()

    def check(self) -> None:
        """See that one more may watch. Raises HTTPServiceUnavailable where none may."""
        if len(self) >= MOST:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"})

    def tell(self, told: Told) -> None:
        """Tell all who watch, and drop those who do not read."""
        for shape, transports in self._watching.items():
            if transports and (data := shape(told)):
                for transport in tuple(transports):
                    if not write(transport, data):
                        transports.discard(transport)
        self._beat_later()

    def close(self, code: int) -> None:
        """Let all go, with a word why for those who would come again."""
        farewell = shapes.frame(struct.pack("!H", code), shapes.CLOSE_FRAME)
        for shape, transports in self._watching.items():
            for transport in transports:
                if shape not in (shapes.event, shapes.event_chunk):
                    write(transport, farewell)
                _close(transport)
            transports.clear()
        self._beat_later()

    def _beat_later(self) -> None:
        """Tell in a moment that the feed is still there, unless it tells something before."""
        if self._beat:
            self._beat.cancel()
            self._beat = None
        if len(self):
            loop = asyncio.get_running_loop()
            self._beat = loop.call_later(BEAT, self.tell, {})


def write(transport: asyncio.Transport, data: bytes) -> bool:
    """Write without waiting, and return whether it may be read. Who does not read is dropped."""
    if transport.is_closing():
        return False
    if transport.get_write_buffer_size() > MOST_UNREAD:
        transport.abort()
        return False
    transport.write(data)
    return True


def _close(transport: asyncio.Transport) -> None:
    """Close a connection, at once where something is left that nobody reads."""
    if transport.get_write_buffer_size():
        transport.abort()
    else:
        transport.close()
