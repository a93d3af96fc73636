"""A server that takes whatever is posted to it, and notes when: in a process of its own.

So its work is not counted as Home Assistant's. It only finds where a request ends; what
was in it is looked at later.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
import time
from typing import NamedTuple, override

from yarl import URL

HOST = "127.0.0.1"

TAKEN = b"HTTP/1.1 204 No Content\r\nX-Influxdb-Build: OSS\r\n\r\n"
"""What each service understands as a success, and only InfluxDB says of itself."""

DATABASES = b'{"results": [{"series": [{"columns": ["name"], "values": [["db"]]}]}]}'
"""What an InfluxDB answers when it is asked for its databases."""

KNOWN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    % (len(DATABASES), DATABASES)
)

END_OF_HEADERS = b"\r\n\r\n"
CONTENT_LENGTH = b"\r\ncontent-length:"


class Request(NamedTuple):
    """A request that was taken."""

    received_at: int
    """When all of it had been read: CLOCK_MONOTONIC, which all processes share, in ns."""
    body: bytes


class Sink:
    """The server, as seen from the process that started it."""

    def __init__(self, connection: Connection, url: URL) -> None:
        """Initialize what speaks to the server."""
        self.url = url
        self._connection = connection

    def count(self) -> int:
        """Return how many requests with a body were taken since the last collection."""
        self._connection.send("count")
        count: int = self._connection.recv()
        return count

    def collect(self) -> list[Request]:
        """Return the requests with a body since the last collection."""
        self._connection.send("collect")
        requests: list[Request] = self._connection.recv()
        return requests


@contextmanager
def running_sink() -> Iterator[Sink]:
    """Run a server in a process of its own."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield Sink(here, URL.build(scheme="http", host=HOST, port=here.recv()))
    finally:
        process.terminate()
        process.join()


def serve(connection: Connection) -> None:
    """Serve until terminated, on a free port, which goes through the connection."""
    asyncio.run(_serve_forever(connection))


async def _serve_forever(connection: Connection) -> None:
    requests: list[Request] = []
    loop = asyncio.get_running_loop()

    def answer() -> None:
        try:
            question = connection.recv()
        except EOFError:
            # Who asked is gone
            loop.remove_reader(connection.fileno())
            serving.cancel()
            return
        if question == "count":
            connection.send(len(requests))
        else:
            connection.send(requests)
            requests.clear()

    server = await loop.create_server(lambda: _Protocol(requests), HOST, 0)
    serving = asyncio.create_task(server.serve_forever())
    loop.add_reader(connection.fileno(), answer)
    connection.send(server.sockets[0].getsockname()[1])
    with suppress(asyncio.CancelledError):
        await serving


class _Protocol(asyncio.Protocol):
    """One connection, with as little of HTTP as clients need.

    Source: RFC 9112. Bodies have their length in the headers, and no encoding.
    """

    def __init__(self, requests: list[Request]) -> None:
        """Initialize the protocol. What was taken goes into a list that all share."""
        self._requests = requests
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of what to answer with."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        assert self._transport
        self._buffer += data
        while (request := self._next_request()) is not None:
            head, body = request
            if body:
                self._requests.append(Request(time.monotonic_ns(), body))
            self._transport.write(KNOWN if head.startswith(b"GET") else TAKEN)

    def _next_request(self) -> tuple[bytes, bytes] | None:
        """Return the head and the body of a request that is whole, and forget it."""
        if (end := self._buffer.find(END_OF_HEADERS)) < 0:
            return None
        head = bytes(self._buffer[:end])
        begin = end + len(END_OF_HEADERS)
        end = begin + _content_length(head)
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[begin:end])
        del self._buffer[:end]
        return head, body


def _content_length(head: bytes) -> int:
    """Return the length of the body that follows, in bytes."""
    _, found, rest = head.lower().partition(CONTENT_LENGTH)
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
