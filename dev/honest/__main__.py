"""Restarts a real Home Assistant while real integrations measure, and prints the ledger.

A band by MQTT, forced to tell equal values; a device that is polled; a phone with the app and
the attributes of Health Connect; a Bluetooth strap. All of them are read by one relay, to a
stand-in for InfluxDB. It ends with 0 when each reading is there, at its own time, and no other.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack, suppress
import sys
import time

import aiohttp
from yarl import URL

from dev import report
from dev.home_assistant.api import Api
from dev.home_assistant.config import (
    CONFIGURATION as COMMON,
    INTEGRATIONS,
    ROOT,
    write_configuration,
)
from dev.home_assistant.process import HomeAssistantError, HomeAssistantProcess
from dev.monitor import Monitor
from dev.relays import DOMAIN, to_influxdb
from dev.run import CONFIGURATION_FOLDER, HOST, alone, before, end_on_signals, free_port
from dev.stand_ins import InfluxDBv1

from .book import Book
from .sources import (
    BAND,
    CONFIGURATION,
    SOURCES,
    TOPIC,
    Band,
    Phone,
    Polled,
    StrapNotes,
)

FOLDER = ROOT / ".honest"
USER = PASSWORD = "developer"

ROUND = 15
"""Seconds between two restarts."""

OLD = 2 * 60 * 60
"""How old a sample is that the phone hands in late, in seconds."""

PATIENCE = 180.0
"""How long anything may take, in seconds."""


class Day:
    """A day of someone with four sources, and a Home Assistant that is restarted."""

    def __init__(
        self, api: Api, book: Book, band: Band, polled: Polled, phone: Phone
    ) -> None:
        """Initialize the day."""
        self._api = api
        self._book = book
        self._band = band
        self._polled = polled
        self._phone = phone

    async def set_up(self, monitor: Monitor, influxdb: InfluxDBv1) -> None:
        """Add the sources, and a relay of them."""
        api = self._api
        await api.wait_until_it_answers()
        await api.create_user(USER, PASSWORD)
        await api.wait_until_running()
        await self._band.add_to(api)
        await self._phone.add_to(api)
        await monitor.add_to(api)
        await self._first_beat()
        for source in SOURCES:
            await self._until_there(source)
        relay = to_influxdb(
            influxdb,
            database=influxdb.database,
            username=influxdb.username,
            password=influxdb.password,
        )
        step = await api.start_flow(DOMAIN)
        for answer in relay.steps.values():
            step = await api.next_step(step, answer)
        # What was measured until now is nobody's business
        self._book.measurements.clear()
        self._book.told.clear()
        await api.next_step(
            step, {"sources": list(SOURCES), "follow_new": False, "backfill_days": 0}
        )
        self._phone.sample(OLD)
        await self._phone.hand_in()

    async def measure(self) -> None:
        """Let all of them measure for a while."""
        for second in range(ROUND):
            await asyncio.sleep(1)
            await self._band.beat()
            if second % 4 == 0:
                self._polled.rate += 1
            if second % 3 == 0:
                self._phone.sample()
                await self._phone.hand_in()
        await asyncio.sleep(2)

    async def restart(self) -> None:
        """Restart Home Assistant, while the phone goes on."""
        self._book.is_ending = True
        await self._api.act("homeassistant", "restart")
        await asyncio.sleep(3)
        for _ in range(3):
            self._phone.sample()
            await asyncio.sleep(0.5)
        await self._until_running()
        self._book.is_ending = False
        await self._first_beat()
        await self._phone.hand_in()

    async def _until_running(self) -> None:
        """Wait for the end of Home Assistant, and for its start."""
        while True:
            with suppress(aiohttp.ClientError, HomeAssistantError):
                await self._api.wait_until_running()
                return
            self._polled.forget()
            await asyncio.sleep(0.2)

    async def _first_beat(self) -> None:
        """Publish a heart rate until one is heard: nobody may have subscribed yet."""
        await self._until_there(BAND)
        rate: int | None = None
        tries = 0
        while await self._api.state_of(BAND) != str(rate):
            if tries % 20 == 0:
                rate = await self._band.beat(is_first=True)
            tries += 1
            await asyncio.sleep(0.25)

    async def _until_there(self, entity_id: str) -> None:
        while await self._api.state_of(entity_id) in (None, "unavailable"):
            await asyncio.sleep(0.2)


async def _live(restarts: int) -> bool:
    """Live a day with so many restarts, and say whether all is honest."""
    end_on_signals()
    book = Book()
    log = report.LogFilter(DOMAIN)
    async with AsyncExitStack() as stack:
        influxdb = InfluxDBv1()
        await influxdb.start()
        stack.push_async_callback(influxdb.stop)
        influxdb.on_arrival = book.arrivals.append
        band = await stack.enter_async_context(Band(book, FOLDER))
        polled = await stack.enter_async_context(Polled(book))
        url = URL.build(scheme="http", host=HOST, port=free_port())
        write_configuration(
            FOLDER / CONFIGURATION_FOLDER,
            url,
            {},
            COMMON + CONFIGURATION.format(topic=TOPIC, host=HOST, port=polled.port),
            INTEGRATIONS[:1],
        )
        process = HomeAssistantProcess(FOLDER / CONFIGURATION_FOLDER, log.add)
        monitor = await stack.enter_async_context(Monitor(StrapNotes(book)))
        running = process.start()
        stack.push_async_callback(process.stop)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        api = Api(session, url)
        day = Day(api, book, band, polled, Phone(book, session, url))

        async def work() -> None:
            await asyncio.wait_for(day.set_up(monitor, influxdb), PATIENCE)
            await day.measure()
            for _ in range(restarts):
                await asyncio.wait_for(day.restart(), PATIENCE)
                await day.measure()
            monitor.fall_silent()
            deadline = time.monotonic() + PATIENCE
            while any(book.account(source).lost for source in SOURCES):
                if time.monotonic() > deadline:
                    return
                await asyncio.sleep(1)

        await before(running, work())
        await process.stop()
    print(
        f"{'source':36}{'told':>7}{'due':>7}{'arrived':>9}{'lost':>6}{'invented':>10}"
    )
    is_honest = True
    for source in SOURCES:
        one = book.account(source)
        print(
            f"{source:36}{one.told:7}{one.due:7}{one.arrived:9}{one.lost:6}"
            f"{one.invented:10}"
        )
        is_honest = is_honest and not one.lost and not one.invented and one.due > 0
    return is_honest and not log.errors


def main() -> int:
    """Run what the arguments ask for, and return the status."""
    parser = argparse.ArgumentParser(prog="scripts/honest", description=__doc__)
    parser.add_argument(
        "--restarts", type=int, default=3, help="how often (default: 3)"
    )
    arguments = parser.parse_args()
    try:
        with alone(FOLDER, "scripts/honest"):
            return 0 if asyncio.run(_live(arguments.restarts)) else 1
    except HomeAssistantError as err:
        print(err, file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 130


if __name__ == "__main__":
    sys.exit(main())
