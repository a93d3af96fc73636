"""The monitor of scripts/develop: what it notes, and how it is added."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import override

import aiohttp
import pytest
from yarl import URL

from dev.home_assistant.api import CONFIG_FLOW, Answer, Api
from dev.home_assistant.process import HomeAssistantError
from dev.monitor import PHASE, Monitor
from dev.relays import DOMAIN, MONITOR
from dev.simulated_heart_rate.record import Kind, Record, Writer
from tests.common import until

from .proxy_client import ADDRESS, Client

CREATED: Answer = {"type": "create_entry"}
FORM: Answer = {"type": "form"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger is."""
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def monitor(path: Path) -> Iterator[Monitor]:
    """Return a monitor at an address that the client knows."""
    with closing(Writer(str(path))) as ledger:
        monitor = Monitor(ledger)
        monitor._strap.address = ADDRESS
        yield monitor


@pytest.fixture
async def client(socket_enabled: None, monitor: Monitor) -> AsyncIterator[Client]:
    """Return a client of its proxy, which has heard it."""
    async with monitor:
        client = Client(monitor._proxy)
        await client.start()
        await until(lambda: client.advertisements)
        yield client
        await client.api.disconnect(force=True)


async def test_what_is_sent_is_noted(
    monitor: Monitor, client: Client, path: Path
) -> None:
    """All of it and no more, always at the same moment of a second, until it is silent."""
    assert not path.read_text()
    await client.subscribe()
    await until(lambda: len(client.notified) == 2)
    monitor.fall_silent()
    records = [Record.from_line(line) for line in path.read_text().splitlines()]
    assert [record.value for record in records] == [data[1] for data in client.notified]
    assert {(record.entity_id, record.metric, record.kind) for record in records} == {
        (MONITOR, "heart_rate", Kind.SENT)
    }
    # The entity is called after the device
    assert f"sensor.{records[0].device.lower().replace(' ', '_')}_heart_rate" == MONITOR
    for record in records:
        assert record.at % 1000 == pytest.approx(PHASE * 1000, abs=100)
    assert monitor._strap.muted


class ScriptedApi(Api):
    """The API of a Home Assistant that answers as it is told."""

    def __init__(self, session: aiohttp.ClientSession, *answers: Answer) -> None:
        """Initialize the API, with the step that follows each one."""
        super().__init__(session, URL("http://127.0.0.1"))
        self._answers = iter(answers)
        self.seen: list[object] = []

    @override
    async def start_flow(
        self, handler: str, flow: str = CONFIG_FLOW, **about: str
    ) -> Answer:
        return {"handler": handler}

    @override
    async def wait_until_discovered(self, handler: str, source: str) -> Answer:
        return {"handler": handler, "source": source}

    @override
    async def next_step(
        self, step: Answer, user_input: Mapping[str, object], flow: str = CONFIG_FLOW
    ) -> Answer:
        self.seen.append((*step.values(), user_input))
        return next(self._answers)


async def test_the_way_of_the_monitor(monitor: Monitor) -> None:
    """The proxy is added by its address, and the strap and the bike are only confirmed."""
    async with aiohttp.ClientSession() as session:
        api = ScriptedApi(session, CREATED, CREATED, CREATED)
        await monitor.add_to(api)
    proxy = {"host": "127.0.0.1", "port": monitor._proxy.port}
    found: tuple[object, ...] = (DOMAIN, "bluetooth", {})
    assert api.seen == [("esphome", proxy), found, found]


@pytest.mark.parametrize(
    "answers", [(FORM,), (CREATED, FORM), (CREATED, CREATED, FORM)]
)
async def test_another_way_is_an_error(
    monitor: Monitor, answers: tuple[Answer, ...]
) -> None:
    """Whichever of the three is not added."""
    async with aiohttp.ClientSession() as session:
        api = ScriptedApi(session, *answers)
        with pytest.raises(HomeAssistantError, match="not set up"):
            await monitor.add_to(api)
    assert len(api.seen) == len(answers)
