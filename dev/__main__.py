"""A real Home Assistant with simulated sensors, a virtual Bluetooth monitor, and relays.

The relays lead to local stand-ins for the services. Everything ends with Ctrl-C, and is
reached by the loopback interface only.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
import sys
import time

import aiohttp
from yarl import URL

from custom_components.heart_rate_relay.metrics import HEART_RATE

from . import report
from .home_assistant.api import Api
from .home_assistant.config import ROOT, write_configuration
from .home_assistant.process import HomeAssistantError, HomeAssistantProcess
from .ledger import Ledger
from .monitor import Monitor
from .relays import DOMAIN, Relay, create, relays
from .run import (
    CONFIGURATION_FOLDER,
    HOST,
    alone,
    before,
    elsewhere,
    end_on_signals,
    free_port,
)
from .simulated_heart_rate.const import CONF_LEDGER, DOMAIN as SIMULATION, SERVICE_STOP
from .simulated_heart_rate.record import Writer
from .stand_ins import (
    Arrival,
    Gerosense,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
    OpenWearables,
    Page,
    Pulsoid,
)
from .tally import Tally

PORT = 8123
PAGE_PORT = 8124
USER = PASSWORD = "developer"

FOLDER = ROOT / ".develop"
"""What the latest run has left: Home Assistant's configuration with its log, the ledger."""

LEDGER = FOLDER / "ledger.jsonl"

START_TIMEOUT = 180
"""How long everything may take to start, in seconds."""

DRAIN_TIMEOUT = 30
"""How long the last readings may take to arrive, in seconds.

Open Wearables imports them later, and to be sure of that takes seconds.
"""


def main() -> int:
    """Run what the arguments ask for, and return the status."""
    parser = argparse.ArgumentParser(prog="scripts/develop", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, help="stop after so long, and say what was lost"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"of Home Assistant (default: {PORT})"
    )
    arguments = parser.parse_args()
    try:
        with alone(FOLDER, "scripts/develop"):
            return asyncio.run(_develop(arguments.port, arguments.seconds))
    except HomeAssistantError as err:
        print(err, file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 130


async def _develop(port: int, seconds: float | None) -> int:
    """Set everything up, run for so long or until a signal comes, and tell how it went."""
    end_on_signals()
    log = report.LogFilter(DOMAIN)
    stand_ins = (
        *(Pulsoid(), LiveTracking(), InfluxDBv1(), InfluxDBv2(), InfluxDBv3()),
        *(Gerosense(user_ids=()), OpenWearables()),
    )
    by_hand = InfluxDBv3(database="by-hand")
    async with AsyncExitStack() as stack:
        page = Page((*stand_ins, by_hand))
        for server in (page, *stand_ins, by_hand):
            await server.start(free_port(PAGE_PORT) if server is page else 0)
            stack.push_async_callback(server.stop)
        url = URL.build(scheme="http", host=HOST, port=free_port(port))
        write_configuration(FOLDER / CONFIGURATION_FOLDER, url, elsewhere(stand_ins))
        process = HomeAssistantProcess(FOLDER / CONFIGURATION_FOLDER, log.add)
        _greet(url, page, by_hand)
        ledger = stack.enter_context(closing(Writer(str(LEDGER))))
        monitor = await stack.enter_async_context(Monitor(ledger))
        running = process.start()
        stack.push_async_callback(process.stop)
        api = Api(await stack.enter_async_context(aiohttp.ClientSession()), url)
        work = _set_up(api, monitor, relays(*stand_ins))
        try:
            tallies = await asyncio.wait_for(before(running, work), START_TIMEOUT)
        except TimeoutError:
            raise HomeAssistantError(
                "\n".join((*process.latest, "Home Assistant does not get ready."))
            ) from None
        interrupted = await _wait(running, seconds)
        monitor.fall_silent()
        await _drain(api, tallies)
        await process.stop()
        print(report.summary(tallies))
    if interrupted and seconds is not None:
        return 130
    return 0 if all(tally.is_good for tally in tallies) and not log.errors else 1


async def _set_up(
    api: Api, monitor: Monitor, to_create: Sequence[Relay]
) -> Sequence[Tally]:
    """Set up Home Assistant, the simulated sensors, the monitor and the relays."""
    await api.wait_until_it_answers()
    await api.create_user(USER, PASSWORD)
    await api.wait_until_running()
    step = await api.start_flow(SIMULATION)
    await api.next_step(step, {CONF_LEDGER: str(LEDGER)})
    await monitor.add_to(api)
    ledger = Ledger(LEDGER)
    tallies = [await _set_up_relay(api, relay, ledger) for relay in to_create]
    # Till now it was busier than it will be
    for tally in tallies:
        tally.begin()
    return tallies


async def _set_up_relay(api: Api, relay: Relay, ledger: Ledger) -> Tally:
    """Set up a relay, and keep a tally of what it delivers from then on."""
    tally = Tally(relay, await create(api, relay), ledger)
    stand_in = relay.stand_in

    def on_arrival(arrival: Arrival) -> None:
        delivery = tally.add(arrival)
        # The others are more than can be read
        if delivery and (delivery.metric is HEART_RATE or delivery.is_altered):
            print(report.delivery_line(delivery))

    for arrival in stand_in.arrivals:
        on_arrival(arrival)
    stand_in.on_arrival = on_arrival
    return tally


def _greet(url: URL, page: Page, by_hand: InfluxDBv3) -> None:
    """Tell where everything is."""
    print(f"Home Assistant  {url}  (user {USER}, password {PASSWORD})")
    print(f"What arrived    {page.url}")
    print(f"Files           {FOLDER}")
    print(
        f"To add by hand  InfluxDB 3: address {by_hand.url}, "
        f"database {by_hand.database}, token {by_hand.token}"
    )
    print("Ctrl-C stops everything. Starting ...")


async def _wait(running: asyncio.Task[None], seconds: float | None) -> bool:
    """Wait so long, and return whether a signal came before.

    Raises HomeAssistantError when Home Assistant ends by itself.
    """
    try:
        await asyncio.wait((running,), timeout=seconds)
    except asyncio.CancelledError:
        return True
    if running.done():
        running.result()
    return False


async def _drain(api: Api, tallies: Sequence[Tally]) -> None:
    """End the simulation, and wait for what is still to arrive.

    Whoever presses the button while a delivery is under way has to press it again.
    """
    await api.act(SIMULATION, SERVICE_STOP)
    deadline = time.monotonic() + DRAIN_TIMEOUT
    while any(tally.lost for tally in tallies) and time.monotonic() < deadline:
        try:
            await api.act("button", "press", entity_id="all")
        except HomeAssistantError as err:
            print(err)
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
