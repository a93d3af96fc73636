"""Open Wearables with an API key: many requests under one look, and not one loss unseen."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    NotStoredError,
    RefusedError,
)
from custom_components.heart_rate_relay.destinations.open_wearables import (
    OpenWearables,
    api_key,
    imported,
)
from custom_components.heart_rate_relay.destinations.open_wearables.records import (
    records_of,
)
from custom_components.heart_rate_relay.destinations.open_wearables.server import (
    MAX_REQUEST,
)
from custom_components.heart_rate_relay.destinations.tokens import Tokens
from custom_components.heart_rate_relay.reading import SECOND, Device
from dev.stand_ins.open_wearables import API_KEY, OpenWearables as Server
from dev.stand_ins.open_wearables_import import Key, Stored
from tests.conftest import running

from .common import NOW, STRAP, batch, bisect, http, reading, serving

MANY = OpenWearables.limits.max_batch


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    """Return a server of our own, which imports at once."""
    server = Server()
    server.import_delay = 0.002
    async with running(server):
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look whether records are there after some ms already."""
    monkeypatch.setattr(api_key, "LOOKS", (0.02, 0.03, 0.05, 0.1, 0.2, 0.3))


@pytest.fixture
async def destination(session: aiohttp.ClientSession, server: Server) -> OpenWearables:
    """Return a destination that has delivered before, so that it is not careful."""
    return await at_work(session, server)


async def at_work(session: aiohttp.ClientSession, server: Server) -> OpenWearables:
    """Return a destination that has delivered before, with a server that has nothing."""
    config = {"url": str(server.url), "api_key": API_KEY, "user_id": server.user_id}
    destination = OpenWearables(session, config, Tokens())
    await destination.deliver([reading(99, NOW - 3600 * SECOND)])
    server.store.clear()
    server.requests.clear()
    return destination


def looks(server: Server) -> int:
    """Return how many questions there were what is there."""
    return sum(seen.path.endswith("/timeseries") for seen in server.requests)


def posts(server: Server) -> list[int]:
    """Return how many records each delivery held."""
    return [seen.readings for seen in server.requests if seen.method == "POST"]


def measure_elsewhere(server: Server, count: int, start: int = NOW) -> None:
    """Let somebody else's watch have measured once a second."""
    for number in range(count):
        at = start + number * SECOND + SECOND // 2
        key = Key(server.user_id, "apple", "Watch", "Watch", "heart_rate", at)
        server.store[key] = Stored(key, "HEART_RATE", at, 72.0)


def on_import(
    server: Server, monkeypatch: pytest.MonkeyPatch, change: Callable[[int, Any], bool]
) -> None:
    """Import a batch only if a function of its number, from 0 on, and of itself says so."""
    as_measured = server._import
    count = 0

    def import_(queued: Any) -> None:
        nonlocal count
        count += 1
        if change(count - 1, queued):
            as_measured(queued)

    monkeypatch.setattr(server, "_import", import_)


async def test_many_under_one_look(server: Server, destination: OpenWearables) -> None:
    """A backlog costs its own requests, and few questions beside them."""
    server.import_delay, server.import_rate = 0, 20_000
    for number in range(4):
        start = NOW + number * MANY * SECOND
        assert await destination.deliver(batch(MANY, start)) == Receipt()
    assert len(server.store) == len(server.arrivals) - 1 == 4 * MANY
    assert posts(server) == [MAX_REQUEST] * (4 * MANY // MAX_REQUEST)
    assert looks(server) <= len(posts(server)) * 0.75


async def test_what_others_measured_before(
    server: Server, destination: OpenWearables
) -> None:
    """What somebody else's watch had measured all the time need not be read."""
    measure_elsewhere(server, MANY)
    server.import_delay, server.import_rate = 0, 20_000
    assert await destination.deliver(batch(MANY)) == Receipt()
    assert len(server.store) == 2 * MANY
    assert looks(server) <= 10


async def test_what_others_measure_meanwhile(
    server: Server, destination: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is imported of somebody else meanwhile is no hindrance."""

    def import_(number: int, _: Any) -> bool:
        measure_elsewhere(server, 300, NOW + number * 300 * SECOND)
        return True

    on_import(server, monkeypatch, import_)
    assert await destination.deliver(batch(MANY)) == Receipt()
    assert len(server.store) == MANY + 300 * MANY // MAX_REQUEST
    assert posts(server) == [MAX_REQUEST] * (MANY // MAX_REQUEST)


@pytest.mark.parametrize("tells_names", [True, False])
async def test_one_request_lost(
    server: Server,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    tells_names: bool,
) -> None:
    """Of many requests one that got lost is sent again, and only that."""
    server.tells_names = tells_names
    destination = await at_work(session, server)
    on_import(server, monkeypatch, lambda number, _: number != 3)
    assert await destination.deliver(batch(MANY)) == Receipt()
    assert len(server.store) == MANY
    assert sum(posts(server)) == MANY + MAX_REQUEST


async def test_others_do_not_stand_for_what_is_lost(
    server: Server, destination: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many samples of somebody else do not pass for a request that got lost."""

    def import_(number: int, _: Any) -> bool:
        if number == 3:
            measure_elsewhere(server, MAX_REQUEST)
        return number != 3

    on_import(server, monkeypatch, import_)
    assert await destination.deliver(batch(MANY)) == Receipt()
    assert len(server.store) == MANY + MAX_REQUEST
    assert sum(key.source != "Watch" for key in server.store) == MANY


async def test_bad_one_among_many(
    server: Server, destination: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that loses its request is found, and no other is refused with it."""
    monkeypatch.setattr(api_key, "MAX_REQUEST", 20)

    def import_(_: int, queued: Any) -> bool:
        for record in queued.content["data"]["records"]:
            if record["value"] == 77:
                record["zoneOffset"] = "none"
        return True

    on_import(server, monkeypatch, import_)
    refused = await bisect(destination, batch(100))
    assert {each.value for each in refused} == {77}
    assert len(server.store) == 99


async def test_worker_stops_among_many(
    server: Server, destination: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is refused when no more is imported after the first requests."""
    monkeypatch.setattr(api_key, "WITNESS_VALID", 3.0)
    on_import(server, monkeypatch, lambda number, _: number < 3)
    with pytest.raises(NotStoredError):
        await bisect(destination, batch(MANY))
    monkeypatch.undo()
    assert await destination.deliver(batch(MANY)) == Receipt()
    assert len(server.store) == MANY


async def test_old_ones_prove_nothing(
    server: Server, destination: OpenWearables
) -> None:
    """What had been imported long ago does not show that the server imports."""
    readings = batch(400)
    await destination.deliver(readings[300:])
    measure_elsewhere(server, 400)
    server.worker_running = False
    with pytest.raises(NotStoredError):
        await destination.deliver(readings)
    server.worker_running = True
    assert await destination.deliver(readings) == Receipt()
    assert len(server.store) == 800


async def test_interrupted(server: Server, destination: OpenWearables) -> None:
    """What is there of an earlier try is not sent again, wherever it ended."""
    readings = batch(3 * MAX_REQUEST)
    await destination.deliver(readings[100:700])
    before = sum(posts(server))
    assert await destination.deliver(readings) == Receipt()
    assert len(server.store) == len(readings)
    assert sum(posts(server)) - before == len(readings) - 600


async def test_pages_without_end(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much a server says that there is, questions come to an end."""
    monkeypatch.setattr(imported, "MAX_PAGES", 3)
    answer = http(
        200, '{"data": [], "pagination": {"next_cursor": "a", "total_count": 9e9}}'
    )
    async with serving(answer) as other:
        config = {"url": str(other.url), "api_key": API_KEY, "user_id": "0" * 32}
        with pytest.raises(DestinationError):
            await OpenWearables(session, config, Tokens()).deliver(batch(50))
        assert len(other.seen) <= 10


# Why


SECRET = Device("d", "Anna's strap", "H10")


async def test_reason(
    server: Server, destination: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's reason is told, without the values and names that it holds."""

    def import_(_: int, queued: Any) -> bool:
        for record in queued.content["data"]["records"]:
            if record["value"] == 61:
                record["zoneOffset"] = "none"
        return True

    on_import(server, monkeypatch, import_)
    mine = [each._replace(source=STRAP._replace(device=SECRET)) for each in batch(2)]
    server.trouble = f"bad zoneOffset of {records_of(mine)[0].key.source}, 61.0"
    with pytest.raises(RefusedError) as info:
        await destination.deliver(mine)
    assert info.value.detail == (
        "accepted by the server, but not imported: Import failed: bad zoneOffset of …, …"
    )
    receipt = await destination.deliver(mine[1:])
    (refusal,) = receipt.refused
    assert refusal.reason == info.value.detail


@pytest.mark.parametrize(
    "event",
    [
        {"status": "success"},
        {"source": "pull"},
        {"provider": "apple"},
        {"timestamp": "2020-01-01T00:00:00Z"},
        {"timestamp": None},
    ],
)
async def test_no_reason(
    server: Server, destination: OpenWearables, event: dict[str, str]
) -> None:
    """What happened to something else is no reason."""
    server.worker_running = False
    server.tell(server.user_id, **{"provider": "samsung", "error": "no", **event})
    with pytest.raises(NotStoredError) as info:
        await destination.deliver(batch(1))
    assert info.value.detail == ""


async def test_reason_of_a_worker_that_fails(
    server: Server, destination: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing at all is imported the reason is told, too."""
    server.trouble = "disk full\nDETAIL: (72.0, 'Anna')"
    on_import(server, monkeypatch, lambda *_: False)
    server.tell(server.user_id, "samsung", error=f"Import failed: {server.trouble}")
    with pytest.raises(NotStoredError) as info:
        await destination.deliver(batch(1))
    assert info.value.detail == "Import failed: disk full"
