"""A real VictoriaMetrics, which answers alike to what it keeps and to what it drops."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
import json
from pathlib import Path
import subprocess
import time

import aiohttp
import pytest
from yarl import URL

from custom_components.heart_rate_relay.destinations.base import Receipt
from custom_components.heart_rate_relay.destinations.influxdb import reading_back
from custom_components.heart_rate_relay.destinations.influxdb.database import InfluxDB
from custom_components.heart_rate_relay.destinations.influxdb.line_protocol import (
    Series,
)
from custom_components.heart_rate_relay.destinations.influxdb.questions import (
    ask_victoria_metrics,
)
from custom_components.heart_rate_relay.reading import SECOND, Reading, Source
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from homeassistant.core import HomeAssistant

from ..common import measure, relay_entry, set_up, until
from ..servers import free_port, program
from .common import Connect, reading

pytestmark = pytest.mark.slow

LOOKS = reading_back.LOOKS

DAY = 24 * 60 * 60
NOW = time.time_ns() // 1_000_000 * 1000 + 999
"""In µs, as far as can be from the millisecond that is kept of it."""

names = (f"sensor.strap_{number}" for number in count())


@contextmanager
def running(path: Path, *flags: str) -> Iterator[str]:
    """Run a VictoriaMetrics on a free port, and return its address."""
    port = free_port()
    command = [
        program("victoria-metrics", "victoria-metrics"),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={path / 'data'}",
        *flags,
    ]
    log = path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            _await(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until a server listens."""
    listens = f"0100007F:{port:04X} 00000000:0000 0A"
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        if listens in Path("/proc/net/tcp").read_text():
            return
        time.sleep(0.02)
    pytest.fail(f"VictoriaMetrics did not start: {log.read_text()[-1000:]}")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a VictoriaMetrics that keeps a month, as it does by itself."""
    with running(tmp_path_factory.mktemp("victoria")) as url:
        yield url


@pytest.fixture(autouse=True)
def shows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as late as it takes, in place of the fixture of that name."""
    monkeypatch.setattr(reading_back, "LOOKS", LOOKS)


@pytest.fixture
def strap() -> Source:
    """Return a sensor that the server has never heard of."""
    return Source("1", next(names), "Strap")


async def held(
    session: aiohttp.ClientSession, url: str, source: str
) -> Mapping[int, list[float]]:
    """Return the values that the server holds of a source, by their times in µs UTC."""
    query = {
        "match[]": f"{{source={json.dumps(source)}}}",
        "start": "0",
        "end": "2100-01-01T00:00:00Z",
    }
    async with session.get(f"{url}/api/v1/export", params=query) as response:
        text = await response.text()
    values: dict[int, list[float]] = {}
    for line in text.splitlines():
        series = json.loads(line)
        for at, value in zip(series["timestamps"], series["values"], strict=True):
            values.setdefault(at * 1000, []).append(value)
    return values


def spread(strap: Source, *ages: float) -> list[Reading]:
    """Return readings of such ages in days, in the order of their time."""
    return [
        reading(60.0 + number, NOW - round(age * DAY * 1000) * 1000, strap)
        for number, age in enumerate(sorted(ages, reverse=True))
    ]


def kept_at(reading: Reading) -> int:
    """Return the time that is kept of a reading, in µs UTC."""
    return reading.measured_at // 1000 * 1000


async def test_open(
    url: str, connect: Connect, strap: Source, session: aiohttp.ClientSession
) -> None:
    """It takes what is written to InfluxDB 1, and is not asked for what is live."""
    destination = connect("influxdb_v1", url, username="", password="")
    await destination.validate()
    readings = spread(strap, 0, 1 / 24, 1 / 30)
    assert await destination.deliver(readings[1:]) == Receipt()
    assert destination.reads_back is None


@pytest.mark.parametrize(
    ("lost", "kept"),
    [
        (tuple(range(60, 160)), tuple(n / 10 for n in range(50))),
        ((90, 80), ()),
        ((), (0, -1.5)),
        ((90, -5), (3, 0)),
    ],
)
async def test_what_is_not_kept(
    url: str,
    connect: Connect,
    strap: Source,
    session: aiohttp.ClientSession,
    lost: tuple[float, ...],
    kept: tuple[float, ...],
) -> None:
    """Exactly what the server does not hold is refused, with the reason."""
    destination = connect("influxdb_v1", url, username="", password="")
    readings = spread(strap, *lost, *kept)
    receipt = await destination.deliver(readings)
    there = await held(session, url, strap.entity_id)
    refused = {kept_at(refusal.reading) for refusal in receipt.refused}
    assert refused == {kept_at(each) for each in readings} - there.keys()
    assert len(refused) == len(lost)
    for refusal in receipt.refused:
        is_old = refusal.reading.measured_at < NOW
        assert refusal.reason == (
            reading_back.TOO_OLD if is_old else reading_back.TOO_EARLY
        )
    assert destination.reads_back


async def test_what_is_known_is_not_asked_again(
    url: str, connect: Connect, strap: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long backlog costs a few questions, however many requests it takes."""
    destination = connect("influxdb_v1", url, username="", password="")
    asked = []
    request = destination._request

    async def counted(method: str, *args: object, **kwargs: object) -> object:
        asked.append(method)
        return await request(method, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(destination, "_request", counted)
    for oldest in (80, *range(35, 20, -1)):
        readings = spread(strap, *(oldest - number / 10 for number in range(100)))
        await destination.deliver(readings)
    assert asked.count("POST") == 16
    assert asked.count("GET") < 20


def test_no_question_is_asked_twice() -> None:
    """A question is never the same: what was not found is remembered, and shown as such."""
    series = Series("heart_rate", "bpm", {"source": "sensor.strap"})
    questions = [
        ask_victoria_metrics(URL("http://victoria"), {}, series, NOW) for _ in range(3)
    ]
    assert len({question.url for question in questions}) == 3


async def test_every_millisecond(
    url: str, connect: Connect, strap: Source, session: aiohttp.ClientSession
) -> None:
    """What is kept is found whatever its time: asked as it is written, every eighth was not."""
    destination = connect("influxdb_v1", url, username="", password="")
    assert isinstance(destination, InfluxDB)
    second = (NOW - DAY * SECOND) // SECOND * SECOND
    readings = [
        reading(60.0 + number % 7, second + number * 1000, strap)
        for number in range(1000)
    ]
    assert await destination.deliver(readings) == Receipt()
    async with asyncio.timeout(60):
        while len(await held(session, url, strap.entity_id)) < len(readings):
            await asyncio.sleep(0.2)
    missing = [
        each.measured_at for each in readings if not await destination._holds(each)
    ]
    assert missing == []
    assert not await destination._holds(reading(60.0, second - 1, strap))


async def test_repeat_is_kept_twice(
    url: str, connect: Connect, strap: Source, session: aiohttp.ClientSession
) -> None:
    """What is delivered twice is there twice: the docs say so."""
    destination = connect("influxdb_v1", url, username="", password="")
    readings = spread(strap, 1)
    for _ in range(2):
        assert await destination.deliver(readings) == Receipt()
    there: Mapping[int, list[float]] = {}
    async with asyncio.timeout(60):
        while there != {kept_at(readings[0]): [60.0, 60.0]}:
            await asyncio.sleep(0.2)
            there = await held(session, url, strap.entity_id)


async def test_address_with_a_path(url: str, connect: Connect, strap: Source) -> None:
    """It can be asked, too, where it is written to at the other of its paths."""
    destination = connect("influxdb_v1", f"{url}/influx", username="", password="")
    assert await destination.deliver(spread(strap, 1, 0)) == Receipt()
    assert destination.reads_back


AWKWARD = [
    "Anna's strap",
    "a,b",
    "a=b",
    "a b  c",
    ", =",
    '"',
    'a="b',
    "Żółw ❤️ 心拍",
    "a\\b",
    "C:\\Users\\strap",
    'a\\"b',
    "#a",
    "a#",
    "1i",
    "t",
    "{x}",
    "a|b",
    "$1 %s {0}",
]


async def test_awkward_names(
    url: str, connect: Connect, session: aiohttp.ClientSession
) -> None:
    """No name that is written is one for which the server drops a line."""
    readings = [
        reading(
            60.0, NOW - (DAY * 1000 + number) * 1000, Source("1", next(names), name)
        )
        for number, name in enumerate(AWKWARD)
    ]
    destination = connect(
        "influxdb_v1", url, username="", password="", naming={"tags": ["wearer=A b, c"]}
    )
    assert await destination.deliver(readings) == Receipt()
    for each in readings:
        assert await held(session, url, each.source.entity_id) == {
            kept_at(each): [60.0]
        }


PLAUSIBLE = (20.0, 250.0, 0.1, 61.25, 0.0, -0.0, -72.5, 1 / 3, 30_000.0, 1e-7)
HUGE = (1e15, 123456789.123456789, 1e22, 1e308, 1.7976931348623157e308, -1e308, 1e-300)


async def test_awkward_values(
    url: str, connect: Connect, session: aiohttp.ClientSession
) -> None:
    """No number that is written is one for which the server drops a line.

    It keeps about twelve digits of what lies together. Something huge would take all digits
    of its neighbours: hence none is written that is not plausible.
    """
    series = [PLAUSIBLE, *((value,) for value in HUGE)]
    straps = [Source("1", next(names), "Strap") for _ in series]
    readings = [
        reading(value, NOW - (len(values) - number) * 1_000_000, strap)
        for strap, values in zip(straps, series, strict=True)
        for number, value in enumerate(values)
    ]
    destination = connect("influxdb_v1", url, username="", password="")
    assert await destination.deliver(readings) == Receipt()
    for strap, values in zip(straps, series, strict=True):
        there: Mapping[int, list[float]] = {}
        async with asyncio.timeout(60):
            while len(there) < len(values):
                there = await held(session, url, strap.entity_id)
                await asyncio.sleep(0.2)
        assert list(there) == [kept_at(one) for one in readings if one.source == strap]
        kept = [value for (value,) in there.values()]
        assert kept == pytest.approx(list(values), rel=1e-9)


async def relay_of_old(
    hass: HomeAssistant, url: str, session: aiohttp.ClientSession
) -> tuple[RelayCoordinator, str]:
    """Return a relay that has delivered what is older than is kept, too, and its sensor."""
    sensor = next(names)
    data = {"url": url, "database": sensor, "username": "", "password": ""}
    entry = relay_entry("influxdb_v1", data, [sensor], keep_days=365)
    relay = await set_up(hass, entry)
    # Most sensors are known to their database, which would show a new one late
    now = time.time()
    for number in range(2):
        measure(hass, 58 - number, sensor, now - 2 + number)
    while not await held(session, url, sensor):
        await asyncio.sleep(11)
    relay.async_pause(True)
    for number, age in enumerate((100, 90, 80, 20, 10, 0)):
        measure(hass, 60 + number, sensor, now - age * DAY)
    relay.async_pause(False)
    await until(lambda: not len(relay.outbox), 90)
    await hass.config_entries.async_unload(entry.entry_id)
    return relay, sensor


@pytest.mark.timeout(400)
async def test_relay(
    hass: HomeAssistant,
    socket_enabled: None,
    url: str,
    session: aiohttp.ClientSession,
) -> None:
    """What a relay has waiting is counted as what became of it."""
    for _ in range(3):
        relay, sensor = await relay_of_old(hass, url, session)
        # A server that is too busy to show what it has can be asked nothing
        if relay.destination.reads_back:
            break
    tally = relay.outbox.tally
    assert (tally.delivered, tally.refused) == (4, 3)
    assert tally.refused_for == reading_back.TOO_OLD
    assert len(await held(session, url, sensor)) == 4
