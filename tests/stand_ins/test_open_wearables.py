"""The stand-in for Open Wearables loses what the real one loses."""

import asyncio
from collections.abc import AsyncIterator
import gzip
from http import HTTPStatus
import json
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from dev.stand_ins.open_wearables import API_KEY, CODE, OpenWearables
from tests.conftest import running

KEY = {"X-Open-Wearables-API-Key": API_KEY}
DATE = "2026-11-21T07:21:18.901Z"
US = 1_795_245_678_901_000
SPAN = {"start_time": "2026-11-21T00:00:00Z", "end_time": "2026-11-22T00:00:00Z"}


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[OpenWearables]:
    """Return a server."""
    server = OpenWearables()
    server.import_delay = 0.005
    async with running(server):
        yield server


@pytest.fixture
async def session(server: OpenWearables) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client of the server, with a key."""
    async with aiohttp.ClientSession(server.url, headers=KEY) as session:
        yield session


def record(**changes: Any) -> dict[str, Any]:
    """Return a record that is good, but for what is changed."""
    return {
        "id": "1",
        "type": "HEART_RATE",
        "startDate": DATE,
        "endDate": DATE,
        "zoneOffset": "+00:00",
        "source": {"name": "Strap", "deviceModel": "H10"},
        "value": 72.1234,
        "unit": "bpm",
        **changes,
    }


def body(*records: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a batch."""
    return {
        "provider": "samsung",
        "sdkVersion": "1",
        "syncTimestamp": DATE,
        "data": {"records": list(records)},
        **changes,
    }


def path(server: OpenWearables) -> str:
    """Return where readings go."""
    return f"/api/v1/sdk/users/{server.user_id}/sync"


async def settled(server: OpenWearables) -> None:
    """Wait until nothing is queued."""
    async with asyncio.timeout(5):
        while server.queued:
            await asyncio.sleep(0.001)


async def post(
    server: OpenWearables, session: aiohttp.ClientSession, content: Any
) -> int:
    """Send a batch, and return the status once it was imported or not."""
    async with session.post(path(server), json=content) as response:
        status = response.status
    await settled(server)
    return status


async def test_imported(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """A good record is there after a while, and can be read back."""
    assert await post(server, session, body(record())) == HTTPStatus.ACCEPTED
    (arrival,) = server.arrivals
    assert (arrival.measured_at, arrival.value) == (US, 72.123)
    assert arrival.source == "Strap"
    assert arrival.received_at == server.requests[0].received_at
    assert server.requests[0].readings == 1
    query = {"types": "heart_rate", **SPAN}
    url = f"/api/v1/users/{server.user_id}/timeseries"
    async with session.get(url, params=query) as response:
        (sample,) = (await response.json())["data"]
    assert sample["value"] == 72.123
    assert sample["source"]["source"] == "Strap"


async def test_steps(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """Steps have a start and an end."""
    steps = record(type="STEP_COUNT", startDate="2026-11-21T07:20:18.901Z")
    await post(server, session, body(steps))
    tags = server.arrivals[0].tags
    assert (tags["start"], tags["end"]) == (str(US - 60_000_000), str(US))
    assert server.arrivals[0].measured_at == US


@pytest.mark.parametrize(
    "bad",
    [
        {"zoneOffset": "UTC"},
        {"zoneOffset": ""},
        {"id": "x" * 101},
        {"source": {"name": "x" * 101}},
        {"source": {"name": "a", "deviceModel": "x" * 101}},
        {"value": 1e7},
        {"value": -1e7},
        {"source": {"name": "a\0"}},
        {"id": "\0"},
    ],
)
async def test_batch_lost(
    server: OpenWearables, session: aiohttp.ClientSession, bad: dict[str, Any]
) -> None:
    """A record can take its whole batch with it, after a 202."""
    batch = body(record(), record(**bad))
    assert await post(server, session, batch) == HTTPStatus.ACCEPTED
    assert not server.store


@pytest.mark.parametrize("missing", ["sdkVersion", "syncTimestamp", "data"])
async def test_part_missing(
    server: OpenWearables, session: aiohttp.ClientSession, missing: str
) -> None:
    """So does a part that is missing."""
    batch = body(record())
    del batch[missing]
    assert await post(server, session, batch) == HTTPStatus.ACCEPTED
    assert not server.store


@pytest.mark.parametrize("changes", [{"syncTimestamp": "x"}, {"data": {"records": 7}}])
async def test_part_bad(
    server: OpenWearables, session: aiohttp.ClientSession, changes: dict[str, Any]
) -> None:
    """So does one that makes no sense."""
    await post(server, session, body(record(), **changes))
    assert not server.store


@pytest.mark.parametrize(
    "bad",
    [
        {"value": None},
        {"value": float("nan")},
        {"endDate": None},
        {"startDate": "yesterday"},
        {"type": "heart_rate"},
        {"unit": ...},
    ],
)
async def test_record_dropped(
    server: OpenWearables, session: aiohttp.ClientSession, bad: dict[str, Any]
) -> None:
    """Other faults lose the one record."""
    spoilt = {key: value for key, value in record(**bad).items() if value is not ...}
    good = record(source={"name": "Other"}, zoneOffset=None)
    await post(server, session, body(spoilt, good))
    assert [key.source for key in server.store] == ["Other"]


async def test_repeat(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """A repeat overwrites; another source does not."""
    for value, name in ((1.0, "A"), (2.0, "A"), (3.0, "B")):
        batch = body(record(value=value, source={"name": name}))
        await post(server, session, batch)
    assert sorted(stored.value for stored in server.store.values()) == [2.0, 3.0]
    assert len(server.arrivals) == 3


async def test_first_posts(
    server: OpenWearables, session: aiohttp.ClientSession
) -> None:
    """First posts that follow at once are lost, later ones are not."""

    async def send(*values: float) -> None:
        server.worker_running = False
        for value in values:
            batch = body(record(value=value, source={"name": str(value)}))
            async with session.post(path(server), json=batch):
                pass
        server.worker_running = True
        await settled(server)

    await send(1.0, 2.0, 3.0)
    assert [each.value for each in server.arrivals] == [1.0]
    await send(4.0, 5.0, 6.0)
    assert [each.value for each in server.arrivals] == [1.0, 4.0, 5.0, 6.0]


async def test_worker(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """While the worker is down the queue grows, and is imported later."""
    server.worker_running = False
    async with session.post(path(server), json=body(record())) as response:
        assert response.status == HTTPStatus.ACCEPTED
    await asyncio.sleep(0.03)
    assert not server.store
    server.worker_running = True
    await settled(server)
    assert len(server.store) == 1


async def test_database_down(
    server: OpenWearables, session: aiohttp.ClientSession
) -> None:
    """With a key it is told, with a token the data are lost; the root does not tell."""
    tokens = server.issue(server.user_id)
    server.database_up = False
    status = await post(server, session, body(record()))
    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with session.post(
        path(server), json=body(record()), headers=bearer
    ) as response:
        assert response.status == HTTPStatus.ACCEPTED
    async with session.get("/") as response:
        assert response.status == HTTPStatus.OK
    await settled(server)
    server.database_up = True
    assert not server.store


@pytest.mark.parametrize("user_id", [str(uuid4()), "UPPER"], ids=["another", "upper"])
async def test_unknown_user(
    server: OpenWearables, session: aiohttp.ClientSession, user_id: str
) -> None:
    """Whoever has the key is told that all is well."""
    user_id = server.user_id.upper() if user_id == "UPPER" else user_id
    url = f"/api/v1/sdk/users/{user_id}/sync"
    async with session.post(url, json=body(record())) as response:
        assert response.status == HTTPStatus.ACCEPTED
    await settled(server)
    assert not server.store
    async with session.get(f"/api/v1/users/{user_id}") as response:
        assert response.status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("provider", ["Samsung", "fitbit", None])
async def test_provider(
    server: OpenWearables, session: aiohttp.ClientSession, provider: str | None
) -> None:
    """Three providers are known."""
    status = await post(server, session, body(record(), provider=provider))
    assert status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    ("release", "said"), [("", "Unsupported provider"), ("0.6.3", "Field required")]
)
async def test_nothing_at_all(
    server: OpenWearables, session: aiohttp.ClientSession, release: str, said: str
) -> None:
    """A release looks at the envelope first, the newest at who provides it."""
    server.release = release
    async with session.post(path(server), json={}) as response:
        assert response.status == HTTPStatus.BAD_REQUEST
        assert said in (await response.json())["detail"]
    nobody = body(provider="none")
    async with session.post(path(server), json=nobody) as response:
        assert "Unsupported provider" in (await response.json())["detail"]


@pytest.mark.parametrize(
    "batch",
    [
        body(record(value=None)),
        body(record(startDate="yesterday")),
        body(data={"records": 7}),
        body(data=7),
        body(syncTimestamp="x"),
    ],
)
async def test_release_refuses(
    server: OpenWearables, session: aiohttp.ClientSession, batch: dict[str, Any]
) -> None:
    """A release refuses what the newest one takes and loses."""
    assert await post(server, session, batch) == HTTPStatus.ACCEPTED
    server.release = "0.6.0"
    assert await post(server, session, batch) == HTTPStatus.BAD_REQUEST
    assert await post(server, session, body(record())) == HTTPStatus.ACCEPTED
    assert len(server.store) == 1


@pytest.mark.parametrize(("release", "count"), [("", 1), ("0.6.3", 2)])
async def test_same_email(
    server: OpenWearables, session: aiohttp.ClientSession, release: str, count: int
) -> None:
    """A release makes a second person with an e-mail address that somebody has."""
    server.release = release
    async with session.post(
        "/api/v1/users", json={"email": "anna@example.org"}
    ) as response:
        assert (response.status == HTTPStatus.CONFLICT) == (count == 1)
    assert len(server.users) == count


async def test_midnight(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """An end at midnight is taken for the end of the day that begins there."""
    await post(server, session, body(record(startDate="2026-11-21T12:00:00.000Z")))
    url = f"/api/v1/users/{server.user_id}/timeseries"
    found = []
    for end in ("2026-11-21T00:00:00.000Z", "2026-11-21T00:00:00.001Z"):
        query = {"start_time": "2026-11-20T12:00:00Z", "end_time": end}
        async with session.get(url, params=query) as response:
            found.append((await response.json())["pagination"]["total_count"])
    assert found == [1, 0]


async def test_days(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """A day is that of the wearer, by the offset of each record."""
    steps = [
        record(type="STEP_COUNT", value=value, zoneOffset=offset, startDate=start)
        for value, offset, start in (
            (1, "+10:00", "2026-11-20T20:00:00Z"),
            (2, "+00:00", "2026-11-20T21:00:00Z"),
            (4, "-03:30", "2026-11-20T03:00:00Z"),
        )
    ]
    await post(server, session, body(*steps))
    assert server.steps_by_day() == {
        "2026-11-21": 1,
        "2026-11-20": 2,
        "2026-11-19": 4,
    }


async def test_recent(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """What became of batches is told, the newest first, and an error holds values."""
    await post(server, session, body(record()))
    await post(server, session, body(record(zoneOffset="UTC")))
    url = f"/api/v1/users/{server.user_id}/sync/recent"
    async with session.get(url) as response:
        events = await response.json()
    assert [event["status"] for event in events] == ["failed", "success"]
    assert "72.0" in events[0]["error"]


async def test_worker_killed(
    server: OpenWearables, session: aiohttp.ClientSession
) -> None:
    """What the worker had begun is lost with it, and what comes later is not."""
    server.worker_running = False
    async with session.post(path(server), json=body(record())):
        pass
    server.kill_worker()
    server.worker_running = True
    await post(server, session, body(record(value=80)))
    assert [stored.value for stored in server.store.values()] == [80]


async def test_import_rate(
    server: OpenWearables, session: aiohttp.ClientSession
) -> None:
    """The worker takes as long as there are records."""
    server.import_delay, server.import_rate = 0, 100
    began = asyncio.get_running_loop().time()
    batch = [record(startDate=f"2026-11-21T07:21:{n:02}Z") for n in range(10)]
    await post(server, session, body(*batch))
    assert asyncio.get_running_loop().time() - began >= 0.1


@pytest.mark.parametrize("code", ["", "OOOOOOOO", "short"])
async def test_no_code(
    server: OpenWearables, session: aiohttp.ClientSession, code: str
) -> None:
    """A code that is none is refused, and asks the database if it looks like one."""
    url = "/api/v1/invitation-code/redeem"
    looks = code == "OOOOOOOO"
    async with session.post(url, json={"code": code}) as response:
        assert response.status == (
            HTTPStatus.NOT_FOUND if looks else HTTPStatus.BAD_REQUEST
        )
    server.database_up = False
    async with session.post(url, json={"code": code}) as response:
        assert (response.status == HTTPStatus.INTERNAL_SERVER_ERROR) == looks
    assert not server.redeemed


async def test_no_gzip(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """A compressed body is not understood."""
    data = gzip.compress(json.dumps(body(record())).encode())
    async with session.post(
        path(server), data=data, headers={"Content-Encoding": "gzip"}
    ) as response:
        assert response.status == HTTPStatus.BAD_REQUEST


async def test_paths(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """A path that ends in a slash is another, and the title tells the server."""
    async with session.post(f"{path(server)}/", allow_redirects=False) as response:
        assert response.status == HTTPStatus.TEMPORARY_REDIRECT
    async with session.get("/nowhere") as response:
        assert await response.json() == {"detail": "Not Found"}
    async with session.get("/openapi.json") as response:
        assert (await response.json())["info"]["title"] == "Open Wearables API"


async def test_pages(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """What is read back comes in pages, each sample once."""
    records = [
        record(startDate=f"2026-11-21T07:21:{n // 10:02}.{n % 10}00Z")
        for n in range(250)
    ]
    await post(server, session, body(*records))
    url = f"/api/v1/users/{server.user_id}/timeseries"
    query = {"types": "heart_rate", "limit": "100", **SPAN}
    found, pages = set(), 0
    while True:
        async with session.get(url, params=query) as response:
            page = await response.json()
        found |= {sample["timestamp"] for sample in page["data"]}
        pages += 1
        if not (cursor := page["pagination"]["next_cursor"]):
            break
        query["cursor"] = cursor
    assert (len(found), pages) == (250, 3)


@pytest.mark.parametrize(
    "query", [{"limit": "101"}, {"types": "pulse"}, {"start_time": "x"}]
)
async def test_bad_question(
    server: OpenWearables, session: aiohttp.ClientSession, query: dict[str, str]
) -> None:
    """A question that makes no sense is refused."""
    url = f"/api/v1/users/{server.user_id}/timeseries"
    async with session.get(url, params={**SPAN, **query}) as response:
        assert response.status == HTTPStatus.BAD_REQUEST


async def test_no_key(server: OpenWearables) -> None:
    """Without a key nothing is told."""
    async with aiohttp.ClientSession(server.url) as session:
        for url in ("/api/v1/users", f"/api/v1/users/{server.user_id}"):
            async with session.get(url) as response:
                assert response.status == HTTPStatus.UNAUTHORIZED
        async with session.post(path(server), json={}) as response:
            assert response.status == HTTPStatus.UNAUTHORIZED


async def test_tokens(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """A code works once, a refresh token once, and a pair dies with its refresh."""
    redeem, refresh = "/api/v1/invitation-code/redeem", "/api/v1/token/refresh"
    async with session.post(redeem, json={"code": CODE}) as response:
        first = await response.json()
    async with session.post(redeem, json={"code": CODE}) as response:
        assert response.status == HTTPStatus.NOT_FOUND
    again = {"refresh_token": first["refresh_token"]}
    async with session.post(refresh, json=again) as response:
        second = await response.json()
    async with session.post(refresh, json=again) as response:
        assert response.status == HTTPStatus.UNAUTHORIZED
    found = []
    for pair in (first, second):
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        async with session.post(path(server), json={}, headers=bearer) as response:
            found.append(response.status)
    assert found == [HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_REQUEST]
    assert server.dead_token_requests == [path(server)]
    assert server.refreshes == 1


async def test_restart(server: OpenWearables, session: aiohttp.ClientSession) -> None:
    """What is queued and what is stored survives a restart."""
    server.worker_running = False
    async with session.post(path(server), json=body(record())):
        pass
    await server.stop()
    await server.start()
    server.worker_running = True
    await settled(server)
    assert len(server.store) == 1


async def test_idle_connections(server: OpenWearables) -> None:
    """An idle connection is closed by the server."""
    assert server.keepalive == 5
    server.keepalive = 0.5
    await server.stop()
    await server.start()
    reader, writer = await asyncio.open_connection(server.url.host, server.url.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(3):
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
