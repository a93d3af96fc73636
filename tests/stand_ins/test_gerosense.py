"""The stand-ins for Gerosense and its proxy, through HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from typing import Any

import aiohttp
import pytest

from dev.stand_ins.base import PASSWORD, StandIn
from dev.stand_ins.gerosense import Gerosense, GerosenseProxy
from tests.conftest import running

USER = "85b4453a-wearer"
SAMPLES = "api/v2.2/samples"
PROXY_SAMPLES = "api/v1.1/samples"
LOGIN = {"username": "relay", "password": PASSWORD}
SOON = (datetime.now(UTC) + timedelta(minutes=4)).isoformat(timespec="milliseconds")
LATE = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")


@pytest.fixture
async def gerosense(socket_enabled: None) -> AsyncIterator[Gerosense]:
    """Return a Gerosense that runs."""
    async with running(Gerosense()) as stand_in:
        yield stand_in


@pytest.fixture
async def proxy(socket_enabled: None) -> AsyncIterator[GerosenseProxy]:
    """Return a proxy that runs."""
    async with running(GerosenseProxy()) as stand_in:
        yield stand_in


async def ask(
    stand_in: StandIn, method: str, path: str, token: str = "", **kwargs: Any
) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, stand_in.url / path, **kwargs) as response,
    ):
        return response.status, await response.text()


async def log_in(stand_in: Gerosense) -> str:
    """Return the token of a new session."""
    path = "api/v1.0/login/access-token"
    status, answer = await ask(stand_in, "POST", path, data=LOGIN)
    assert status == HTTPStatus.OK
    token: str = json.loads(answer)["access_token"]
    return token


def sample(second: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a sample that is accepted."""
    date = f"2023-11-01T08:04:{second:02}.000+04:00"
    return {
        "device_name": "Watch",
        "device_version": "17.0.3",
        "start_date": date,
        "end_date": date,
        "unit": "count/min",
        "value": 72.5,
    } | changes


def body(*seconds: int, **changes: Any) -> dict[str, Any]:
    """Return samples of some seconds for the proxy."""
    data = [sample(second) for second in seconds or (1, 2, 3)]
    return {"data_type": "bpm", "data": data} | changes


def without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    """Return all of a mapping but a key."""
    return {name: value for name, value in mapping.items() if name != key}


async def post(stand_in: GerosenseProxy, json: object) -> int:
    """Send samples to the proxy, and return the status."""
    return (await ask(stand_in, "POST", PROXY_SAMPLES, stand_in.token, json=json))[0]


async def test_samples_arrive(gerosense: Gerosense) -> None:
    """An accepted sample is stored, and reported with its device and its times."""
    token = await log_in(gerosense)
    assert (await ask(gerosense, "POST", SAMPLES, token, json=body(user_id=USER)))[
        0
    ] == HTTPStatus.OK
    first = gerosense.samples[0]
    start = datetime(2023, 11, 1, 4, 4, 1, tzinfo=UTC)
    assert first == (USER, "bpm", "Watch", start, start, 72.5, "17.0.3")
    arrival = gerosense.arrivals[0]
    us = int(start.timestamp() * 1_000_000)
    assert arrival[:4] == ("gerosense", us, 72.5, "Watch")
    assert arrival.tags == {
        "source": "Watch",
        "data_type": "bpm",
        "device_version": "17.0.3",
        "start": "2023-11-01T08:04:01.000000+04:00",
        "end": "2023-11-01T08:04:01.000000+04:00",
    }
    assert gerosense.requests[-1].readings == 3


async def test_steps_arrive(proxy: GerosenseProxy) -> None:
    """Steps last, and are whole; what is optional may be missing."""
    step = sample(unit="count", value=14, end_date="2023-11-01T04:05:00Z")
    plain = without(
        without(sample(2, unit="count", value=1), "end_date"), "device_version"
    )
    data = [step, sample(1, unit="count", value=30_000), plain]
    assert await post(proxy, {"data_type": "steps", "data": data}) == HTTPStatus.OK
    assert [each.value for each in proxy.samples] == [14, 30_000, 1]
    assert proxy.samples[0].end - proxy.samples[0].start == timedelta(minutes=1)
    assert proxy.samples[2][3:] == (
        plain_start := proxy.samples[2].end,
        plain_start,
        1,
        "",
    )


@pytest.mark.parametrize(
    ("count", "status"), [(0, 400), (2, 400), (3, 200), (1000, 200), (1001, 400)]
)
async def test_sizes(proxy: GerosenseProxy, count: int, status: int) -> None:
    """A batch holds 3 to 1000 samples."""
    data = [sample(device_name=f"Watch {n}") for n in range(count)]
    assert await post(proxy, body(data=data)) == status
    assert len(proxy.samples) == (count if status == 200 else 0)
    assert proxy.requests[-1].readings == count


@pytest.mark.parametrize(
    "bad",
    [
        *(without(body(), key) for key in ("data_type", "data")),
        body(data_type="heart_rate"),
        body(data_type=["bpm"]),
        body(data_type="steps"),
        body(data={}),
        body(user_id=USER),
        [],
        "bpm",
    ],
    ids=str,
)
async def test_bad_bodies(proxy: GerosenseProxy, bad: object) -> None:
    """What is not exactly a batch is refused."""
    assert await post(proxy, bad) == HTTPStatus.BAD_REQUEST
    assert not proxy.samples


@pytest.mark.parametrize(
    "bad",
    [
        *(
            without(sample(), key)
            for key in ("device_name", "start_date", "unit", "value")
        ),
        sample(source="strap"),
        *(sample(unit=unit) for unit in ("count", "count/s", "bpm", None)),
        *(sample(value=value) for value in (0, -1, 300.5, "72", None, True)),
        sample(value=float("nan")),
        *(
            sample(device_name=name)
            for name in ("", "x" * 101, "a\0b", "a\nb", " a", 7, None)
        ),
        *(sample(device_version=version) for version in ("", "x" * 101, "\0", None, 3)),
        *(
            sample() | {key: date}
            for key in ("start_date", "end_date")
            for date in (
                "2023-11-01T08:04:00",
                "2023-11-01",
                "2023-11-01 08:04:00+00:00",
                "2023-13-01T08:04:00Z",
                "20231101T080400Z",
                "soon",
                "",
                None,
                1_698_811_440_000_000,
                LATE,
            )
        ),
        sample(end_date="2023-11-01T08:03:59.999+04:00"),
        7,
    ],
    ids=str,
)
async def test_one_bad_sample_poisons_the_batch(
    proxy: GerosenseProxy, bad: object
) -> None:
    """None of a batch is accepted when one is bad."""
    data = [sample(1), sample(2), sample(3), bad]
    assert await post(proxy, body(data=data)) == HTTPStatus.BAD_REQUEST
    assert not proxy.samples


@pytest.mark.parametrize("value", [1.5, 0, 30_001])
async def test_bad_steps(proxy: GerosenseProxy, value: float) -> None:
    """There are no parts of a step, and an end to them."""
    data = [sample(n, unit="count", value=value) for n in range(3)]
    bad = {"data_type": "steps", "data": data}
    assert await post(proxy, bad) == HTTPStatus.BAD_REQUEST


async def test_a_little_ahead(proxy: GerosenseProxy) -> None:
    """A clock may be a little ahead."""
    data = [sample(1), sample(2), sample(start_date=SOON, end_date=SOON)]
    assert await post(proxy, body(data=data)) == HTTPStatus.OK


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
async def test_content_type(proxy: GerosenseProxy, kind: str) -> None:
    """A body that does not say it is JSON is refused."""
    status, _ = await ask(
        proxy,
        "POST",
        PROXY_SAMPLES,
        proxy.token,
        data=json.dumps(body()).encode(),
        headers={"Content-Type": kind},
    )
    assert status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


async def test_not_json(proxy: GerosenseProxy) -> None:
    """A body that says it is JSON has to be."""
    headers = {"Content-Type": "application/json"}
    status, _ = await ask(
        proxy, "POST", PROXY_SAMPLES, proxy.token, data=b"{", headers=headers
    )
    assert status == HTTPStatus.BAD_REQUEST


async def test_disorder_and_repeats(proxy: GerosenseProxy) -> None:
    """What goes back in time, or comes again, is accepted and remembered."""
    await post(proxy, body(1, 3, 5))
    assert not proxy.disorder
    assert not proxy.repeats
    other = [sample(n, device_name="Strap") for n in (0, 1, 2)]
    await post(proxy, body(data=other))
    walked = [sample(n, unit="count", value=2) for n in (0, 1, 2)]
    await post(proxy, {"data_type": "steps", "data": walked})
    assert not proxy.disorder
    await post(proxy, body(9, 6, 7))
    assert [each.start.second for each in proxy.disorder] == [6, 7]
    assert not proxy.repeats
    await post(proxy, body(9, 10, 11))
    assert [each.start.second for each in proxy.repeats] == [9]
    assert len(proxy.disorder) == 2
    await post(proxy, body(3, 12, 13))
    assert [each.start.second for each in proxy.repeats] == [9, 3]
    assert [each.start.second for each in proxy.disorder] == [6, 7, 3]


async def test_overlaps(proxy: GerosenseProxy) -> None:
    """Requests at the same time are remembered."""
    await post(proxy, body(1, 2, 3))
    await post(proxy, body(4, 5, 6))
    assert not proxy.overlaps
    proxy.latency = 0.2
    await asyncio.gather(post(proxy, body(7, 8, 9)), post(proxy, body(7, 8, 9)))
    assert proxy.overlaps == [f"/{PROXY_SAMPLES}"]


async def test_maintenance(proxy: GerosenseProxy) -> None:
    """While there is a maintenance the status says so, and data are unwelcome."""
    ready = {"status": "Ok", "minimal_api_version": "v1.0"}
    assert json.loads((await ask(proxy, "GET", "api/status"))[1]) == ready
    proxy.maintenance = True
    status = json.loads((await ask(proxy, "GET", "api/status"))[1])
    assert status["status"] == "Maintenance"
    assert not proxy.sent_in_maintenance
    assert await post(proxy, body()) == HTTPStatus.SERVICE_UNAVAILABLE
    assert proxy.sent_in_maintenance == [f"/{PROXY_SAMPLES}"]
    assert not proxy.samples
    proxy.has_status = False
    assert (await ask(proxy, "GET", "api/status"))[0] == HTTPStatus.NOT_FOUND


async def test_partial(proxy: GerosenseProxy) -> None:
    """Some batches are accepted but for one sample, without a sensible word."""
    proxy.partial = 2
    statuses = [await post(proxy, body(n, n + 1, n + 2)) for n in (0, 3, 6)]
    assert statuses == [207, 207, 200]
    assert [each.start.second for each in proxy.samples] == [1, 2, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
async def test_tokens(gerosense: Gerosense, status: HTTPStatus) -> None:
    """A session ends when it expires, or when the next begins if there is but one."""
    gerosense.bad_token_status = status
    check = "api/v1.0/login/test-token"
    assert (await ask(gerosense, "POST", check))[0] == status
    first, second = await log_in(gerosense), await log_in(gerosense)
    assert first != second
    for token in (first, second):
        assert (await ask(gerosense, "POST", check, token))[0] == HTTPStatus.OK
    gerosense.expire()
    for path in (check, SAMPLES, "api/v2.2/user"):
        assert (await ask(gerosense, "POST", path, first))[0] == status
    gerosense.single_session = True
    third = await log_in(gerosense)
    assert (await ask(gerosense, "POST", check, third))[0] == HTTPStatus.OK
    await log_in(gerosense)
    assert (await ask(gerosense, "POST", check, third))[0] == status
    assert gerosense.logins == 4
    assert gerosense.refused_tokens == ["", first, first, first, third]


@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"data": {**LOGIN, "password": "wrong"}}, 400),
        ({"data": {**LOGIN, "username": "wrong"}}, 400),
        ({"data": {"username": "relay"}}, 422),
        ({"data": {**LOGIN, "scope": "all"}}, 422),
        ({"json": LOGIN}, 422),
    ],
)
async def test_bad_login(
    gerosense: Gerosense, kwargs: dict[str, Any], status: int
) -> None:
    """A login that is none begins no session."""
    found, _ = await ask(gerosense, "POST", "api/v1.0/login/access-token", **kwargs)
    assert found == status
    assert gerosense.logins == 0


async def test_unknown_wearer(gerosense: Gerosense) -> None:
    """Nothing is accepted of a wearer who is not registered, be it well or ill made."""
    token = await log_in(gerosense)
    for bad in (body(user_id="new"), body(user_id="new", data=[])):
        status, _ = await ask(gerosense, "POST", SAMPLES, token, json=bad)
        assert status == HTTPStatus.NOT_FOUND
    for bad in (body(), body(user_id=7), body(user_id=USER, data=[])):
        status, _ = await ask(gerosense, "POST", SAMPLES, token, json=bad)
        assert status == HTTPStatus.BAD_REQUEST
    assert not gerosense.samples


async def test_registration(gerosense: Gerosense) -> None:
    """A wearer is registered once."""
    token = await log_in(gerosense)
    new = {"id": "new", "biological_sex": "Male", "year_of_birth": 1961}
    statuses = []
    for duplicate in (HTTPStatus.BAD_REQUEST,) * 2 + (HTTPStatus.CONFLICT,):
        gerosense.duplicate_status = duplicate
        statuses.append(
            (await ask(gerosense, "POST", "api/v2.2/user", token, json=new))[0]
        )
    assert statuses == [200, 400, 409]
    assert gerosense.people["new"] == ("Male", 1961)
    status, _ = await ask(gerosense, "POST", SAMPLES, token, json=body(user_id="new"))
    assert status == HTTPStatus.OK


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": 7},
        {"biological_sex": "male"},
        {"year_of_birth": "1961"},
        {"year_of_birth": 1961.0},
        {"year_of_birth": 1800},
        {"year_of_birth": 2999},
        {"name": "Ann"},
    ],
)
async def test_bad_registration(gerosense: Gerosense, change: dict[str, Any]) -> None:
    """A wearer has an id, a sex and a year of birth, and nothing else."""
    token = await log_in(gerosense)
    new = {"id": "new", "biological_sex": "Male", "year_of_birth": 1961, **change}
    status, _ = await ask(gerosense, "POST", "api/v2.2/user", token, json=new)
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert set(gerosense.people) == {USER}


async def test_proxy_token(proxy: GerosenseProxy) -> None:
    """The proxy has one token."""
    status, _ = await ask(proxy, "POST", PROXY_SAMPLES, "another", json=body())
    assert status == HTTPStatus.FORBIDDEN
    assert proxy.refused_tokens == ["another"]
