"""Tests of the server that takes whatever is posted to it."""

import asyncio
from collections.abc import Iterator
from multiprocessing import get_context
import time

import aiohttp
import pytest

from benchmarks.sink import Sink, running_sink, serve


@pytest.fixture
def sink(socket_enabled: None) -> Iterator[Sink]:
    """Return a running sink."""
    with running_sink() as sink:
        yield sink


async def test_posts(sink: Sink) -> None:
    """Each body is kept once, with a time that compares with this process's clock."""
    before = time.monotonic_ns()
    async with aiohttp.ClientSession() as session:
        for body in (b"first", b"second" * 100_000):
            async with session.post(sink.url / "write", data=body) as response:
                assert response.status == 204
    assert sink.count() == 2
    first, second = sink.collect()
    assert (first.body, second.body) == (b"first", b"second" * 100_000)
    assert before < first.received_at < second.received_at < time.monotonic_ns()
    assert sink.count() == 0
    assert not sink.collect()


async def test_questions(sink: Sink) -> None:
    """What an InfluxDB is asked for its databases is answered, and not kept."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(sink.url / "query") as response,
    ):
        assert (await response.json())["results"]
    assert sink.count() == 0


async def test_pieces(sink: Sink) -> None:
    """A request may come in pieces, and the next one along with its end."""
    assert sink.url.host
    reader, writer = await asyncio.open_connection(sink.url.host, sink.url.port)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nCONTENT-LENGTH: 4\r\n\r\nbody"
    for piece in (request[:9], request[9:-2], request[-2:] + request):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)
    for _ in range(2):
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 204")
    writer.close()
    assert [request.body for request in sink.collect()] == [b"body", b"body"]


def test_abandoned() -> None:
    """It ends with the process that started it, in whatever way that ends."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    there.close()
    assert here.recv() > 0
    here.close()
    process.join(timeout=30)
    assert process.exitcode == 0
