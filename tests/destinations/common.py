"""What tests of destinations share: readings, configurations, and a server of bytes."""

import asyncio
from base64 import b64encode
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
import json
from pathlib import Path
import ssl
import time
import traceback
from typing import Any, NamedTuple

from hypothesis import strategies as st
import pytest
from yarl import URL

from custom_components import heart_rate_relay
from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.destinations.base import Destination, Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    MAX_REASON,
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    RefusedError,
    UnreachableError,
)
from custom_components.heart_rate_relay.reading import Reading, Source
from dev.stand_ins.base import PASSWORD, TOKEN

type Outcome = tuple[type[DestinationError], str]

BAD_LOGIN = (NotAuthorisedError, "invalid_auth")
MAY_NOT_WRITE = (NotAuthorisedError, "may_not_write")
NO_DATABASE = (NotEntitledError, "database_not_found")
CONFLICT = (NotEntitledError, "field_conflict")
REFUSED = (RefusedError, "refused")
WRONG_URL = (UnreachableError, "wrong_url")

type Connect = Callable[..., Destination]
"""Makes a destination of a service, an address, and what differs from CONFIGS."""

INFLUXDBS = ("influxdb_v1", "influxdb_v2", "influxdb_v3")
ALL = (*INFLUXDBS, "livetracking")
"""Whatever takes line protocol."""

NOW = 1_795_245_678_901_000
STRAP = Source("a1b2c3", "sensor.strap_heart_rate", "Strap")

HOUR = 60 * 60 * 1_000_000

PERSON = "4b3d3f0c-7a3e-4f0e-9d6b-6a1f0c2d9e11"

PAIR = {"access_token": TOKEN, "refresh_token": f"{TOKEN}-again"}
"""A token that can be renewed, where a service wants one."""

SIGNING_KEY = b64encode(PASSWORD.encode()).decode()

CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "pulsoid": {"access_token": TOKEN},
    "livetracking": {"username": "Runner", "password": PASSWORD},
    "influxdb_v1": {"username": "relay", "password": PASSWORD, "database": "home"},
    "influxdb_v2": {"token": TOKEN, "organization": "home", "bucket": "heart"},
    "influxdb_v3": {"token": TOKEN, "database": "home"},
    "pulsoid_oauth": {},
    "gerosense": {"username": "relay", "password": PASSWORD, "user_id": "anna"},
    "gerosense_proxy": {"token": TOKEN},
    "open_wearables": {"api_key": TOKEN, "user_id": PERSON},
    "open_wearables_invitation": {"user_id": PERSON},
    "webhook": {"signing_key": SIGNING_KEY, "secret_headers": [f"X-Secret: {TOKEN}"]},
}
"""What the form of each service gives, without the address."""

SECRETS = (
    TOKEN,
    PASSWORD,
    SIGNING_KEY,
    *(
        b64encode(f"{user}:{PASSWORD}".encode()).decode()
        for user in ("relay", "Runner")
    ),
)

TEXTS: Mapping[str, str] = json.loads(
    Path(heart_rate_relay.__file__)
    .with_name("translations")
    .joinpath("en.json")
    .read_text(encoding="utf-8")
)["config"]["error"]
"""What a person is told about an error, by its key."""


def reading(
    value: float = 72.0, measured_at: int = NOW, source: Source = STRAP
) -> Reading:
    """Return a heart rate in bpm, measured at µs since the epoch."""
    return Reading(metrics.HEART_RATE, value, measured_at, source)


def batch(count: int = 3, start: int = NOW) -> list[Reading]:
    """Return readings of 60, 61, 62… bpm, a second from each other."""
    return [reading(60.0 + index, start + 1_000_000 * index) for index in range(count)]


def spread(old: int, fresh: int) -> list[Reading]:
    """Return readings in no order, some of them 9 hours old and more, some of now."""
    now = time.time_ns() // 1000
    readings = [reading(50.0 + n, now - 9 * HOUR - n * 1_000_000) for n in range(old)]
    readings += [reading(80.0 + n, now - n * 1_000_000) for n in range(fresh)]
    return readings[1::2] + readings[::2]


def values(receipt: Receipt) -> set[float]:
    """Return the bpm of readings that were refused."""
    return {refusal.reading.value for refusal in receipt.refused}


async def error_of(coroutine: Coroutine[Any, Any, object]) -> DestinationError:
    """Return the error that a call ends in, one that a person and a log may see."""
    with pytest.raises(DestinationError) as info:
        await coroutine
    error = info.value
    assert error.key in TEXTS
    assert len(error.detail) <= MAX_REASON
    shown = "".join(traceback.format_exception(error))
    assert not any(
        secret in text
        for secret in SECRETS
        for text in (str(error), repr(error), error.detail, shown)
    )
    return error


async def outcome(coroutine: Coroutine[Any, Any, object]) -> Outcome:
    """Return the class and the key of the error that a call ends in."""
    error = await error_of(coroutine)
    return type(error), error.key


class Seen(NamedTuple):
    """A request, as its bytes were."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes


type Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Writes what answers a request."""


class ByteServer:
    """A server on the loopback interface that answers every request with one reply."""

    def __init__(self, url: URL, reply: Reply) -> None:
        """Initialize the server."""
        self.url = url
        self.reply = reply
        self.seen: list[Seen] = []
        self.connections = 0
        self.left = asyncio.Event()
        """Set once a client has gone."""

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer requests until the client goes."""
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.seen.append(await _read(reader))
                await self.reply(reader, writer)
        writer.close()
        self.left.set()


async def _read(reader: asyncio.StreamReader) -> Seen:
    """Read one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.rstrip().split("\r\n")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in lines)
    }
    method, target, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(method, target, headers, body)


@asynccontextmanager
async def serving(
    reply: Reply | bytes, tls: ssl.SSLContext | None = None, *, port: int = 0
) -> AsyncIterator[ByteServer]:
    """Serve one reply, at a port that is free or at that one."""
    server = ByteServer(URL(), reply if callable(reply) else sending(reply))
    async with await asyncio.start_server(
        server.serve, "127.0.0.1", port, ssl=tls
    ) as listener:
        port = listener.sockets[0].getsockname()[1]
        scheme = "https" if tls else "http"
        server.url = URL.build(scheme=scheme, host="127.0.0.1", port=port)
        yield server
        listener.close()
        listener.close_clients()


def sending(data: bytes) -> Reply:
    """Return a reply of bytes."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return reply


def http(
    status: int, body: str | bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of an answer."""
    data = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Length: {len(data)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


def written(text: str) -> str:
    """Return what remains of a text in InfluxDB: see clean, of which it knows nothing."""
    kept: list[str] = []
    for char in text:
        if ord(char) < 32 or ord(char) == 127:
            if kept and kept[-1] == "\n":
                continue
            char = "\n"
        kept.append(char)
    kept = [" " if char == "\n" else char for char in kept]
    result = ""
    for char in reversed(kept):
        if char == "\\" and (not result or result[0] in ', ="'):
            continue
        result = char + result
    while result[:1] == " ":
        result = result[1:]
    while result[-1:] == " ":
        result = result[:-1]
    return result


AWKWARD = st.text(
    st.one_of(
        st.sampled_from("\\\\ ,=\"'#\n\r\t\0\x7fa☃"), st.characters(codec="utf-8")
    ),
    max_size=12,
)


async def bisect(destination: Destination, readings: Sequence[Reading]) -> set[Reading]:
    """Deliver as the relay does where a batch is refused, and return what is refused."""
    try:
        receipt = await destination.deliver(readings)
    except RefusedError:
        if len(readings) == 1:
            return set(readings)
        middle = len(readings) // 2
        first = await bisect(destination, readings[:middle])
        return first | await bisect(destination, readings[middle:])
    return {refusal.reading for refusal in receipt.refused}
