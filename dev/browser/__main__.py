"""Walks the frontend of a real Home Assistant with a real browser, as a person does.

Every relay leads to a local stand-in for its service. Everything is reached by the
loopback interface only.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
import sys
import time

import aiohttp
from playwright.async_api import Error as BrowserError
from yarl import URL

from dev import report
from dev.home_assistant.api import Api
from dev.home_assistant.config import ROOT, write_configuration
from dev.home_assistant.process import HomeAssistantError, HomeAssistantProcess
from dev.relays import DOMAIN
from dev.run import (
    CONFIGURATION_FOLDER,
    HOST,
    alone,
    before,
    elsewhere,
    end_on_signals,
    free_port,
)
from dev.simulated_heart_rate.const import CONF_LEDGER, DOMAIN as SIMULATION
from dev.virtual_proxy import Proxy, Strap, World, walking

from . import adding, caring, feeding, training, using
from .chromium import open_browser, open_page
from .complaints import Complaints
from .pictures import Pictures
from .stage import Services, Stage, WalkError

FOLDER = ROOT / ".browse"
"""What the latest run has left: Home Assistant's configuration with its log, a screenshot."""

SCREENSHOT = FOLDER / "failed.png"

USER = PASSWORD = "developer"

LINES = 12
"""How much is told of what the browser says when it fails: it goes on for pages."""

START_TIMEOUT = 180
"""How long Home Assistant may take to start, in seconds."""


def main() -> int:
    """Walk, and return the status."""
    parser = argparse.ArgumentParser(prog="scripts/browse", description=__doc__)
    parser.add_argument(
        "--pictures", action="store_true", help="write those of docs/images anew"
    )
    arguments = parser.parse_args()
    try:
        with alone(FOLDER, "scripts/browse"):
            return asyncio.run(_browse(Pictures(wanted=arguments.pictures)))
    except HomeAssistantError as err:
        print(err, file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 130


async def _browse(pictures: Pictures) -> int:
    """Start everything, walk, and tell how it went."""
    end_on_signals()
    log = report.LogFilter(DOMAIN)
    services = Services()
    strap = Strap("Virtual strap", "C4:5A:90:00:00:01", heart_rate=walking(), energy=0)
    proxy = Proxy("virtual-proxy")
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(open_browser())
        for server in services.all():
            await server.start()
            stack.push_async_callback(server.stop)
        url = URL.build(scheme="http", host=HOST, port=free_port())
        folder = FOLDER / CONFIGURATION_FOLDER
        write_configuration(folder, url, elsewhere(services.all()))
        await stack.enter_async_context(World([strap], [proxy]))
        process = HomeAssistantProcess(folder, log.add)
        running = process.start()
        stack.push_async_callback(process.stop)
        api = Api(await stack.enter_async_context(aiohttp.ClientSession()), url)
        print("Starting Home Assistant", flush=True)
        async with asyncio.timeout(START_TIMEOUT):
            await before(running, _set_up(api, proxy))
        page = await open_page(browser)
        stage = Stage(
            page=page,
            url=url,
            api=api,
            services=services,
            strap=strap,
            complaints=Complaints(page),
            pictures=pictures,
        )
        good = await before(running, _tell(stage))
    return 0 if good and not log.errors else 1


async def _set_up(api: Api, proxy: Proxy) -> None:
    """Set up what a person has already: an account, sensors, a Bluetooth proxy."""
    await api.wait_until_it_answers()
    await api.create_user(USER, PASSWORD)
    await api.wait_until_running()
    step = await api.start_flow(SIMULATION)
    await api.next_step(step, {CONF_LEDGER: str(FOLDER / "ledger.jsonl")})
    step = await api.start_flow("esphome")
    await api.next_step(step, {"host": HOST, "port": proxy.port})
    await api.wait_until_discovered(DOMAIN, "bluetooth")


async def _tell(stage: Stage) -> bool:
    """Walk, tell how it went, and return whether it went well."""
    began = time.monotonic()
    failure = ""
    try:
        await _walk(stage)
    except (BrowserError, AssertionError, WalkError) as err:
        failure = "\n".join(f"{type(err).__name__}: {err}".splitlines()[:LINES])
        await stage.page.screenshot(path=SCREENSHOT, full_page=True)
    for complaint in stage.complaints.found:
        print(complaint)
    if failure:
        print(f"{failure}\nThe page as it was then: {SCREENSHOT}")
    for picture in await asyncio.to_thread(stage.pictures.write):
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size / 1000:.0f} kB")
    print(f"Walked for {time.monotonic() - began:.0f} s")
    return not failure and not stage.complaints.found


async def _walk(stage: Stage) -> None:
    """Do what a person does, from the first login to an automation."""
    await adding.log_in(stage, USER, PASSWORD)
    monitor = await adding.add_monitor(stage)
    await feeding.watch(stage)
    await adding.add_by_sign_in(stage)
    await training.add_workouts(stage, monitor)
    titles = await adding.add_relays(stage)
    await training.have_delivered(stage, titles["open_wearables"])
    await training.see_dashboard(stage)
    await training.end_workout(stage)
    await using.see_devices(stage, titles["pulsoid"], monitor)
    await caring.change_options(stage, titles["livetracking"])
    await caring.hasten(stage, titles["gerosense_proxy"])
    await caring.reconfigure(stage, titles)
    await caring.sign_in_again(stage, titles)
    await caring.repair(stage, titles)
    await using.perform_actions(stage, titles["influxdb_v1"])
    await using.add_trigger(stage, "Chest strap")
    for name in ("gerosense", "open_wearables", "open_wearables_invitation"):
        await using.press_send_now(stage, titles[name])
    await training.see_summary(stage)
    await training.get_files(stage)
    await using.see_all_delivered(stage)


if __name__ == "__main__":
    sys.exit(main())
