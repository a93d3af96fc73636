"""Everything that a fault needs: the air, BlueZ, and a Home Assistant that has the strap."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from ctypes import CDLL
from itertools import pairwise
from pathlib import Path
from tempfile import gettempdir
import time

import aiohttp
from yarl import URL

from dev.home_assistant.api import Api
from dev.home_assistant.config import INTEGRATIONS, write_configuration
from dev.home_assistant.process import HomeAssistantError, HomeAssistantProcess
from dev.run import HOST, free_port

from .adapter import Adapter
from .air import Air
from .daemon import BlueZ
from .strap import Beacon, Strap

DOMAIN = "heart_rate_relay"
USER = PASSWORD = "developer"

ADAPTERS = ("00:1A:7D:DA:71:11", "00:1A:7D:DA:71:22")

PATIENCE = 120.0
"""Seconds for anything that no fault is waited for with."""

POLL_INTERVAL = 0.2

PR_CAPBSET_DROP = 24
CAP_NET_ADMIN = 12
"""Of the kernel's headers (linux/prctl.h, linux/capability.h)."""

CONFIGURATION = """\
homeassistant:
  name: Rig
  unit_system: metric
  time_zone: UTC
  country: DE
api:
bluetooth:
config:
logger:
  default: warning
  logs:
    bleak.backends.bluezdbus.client: debug
    bleak_retry_connector: debug
    custom_components.heart_rate_relay: debug
    habluetooth: debug
"""


class Rig:
    """A computer with an adapter, BlueZ and Home Assistant, and a strap near it."""

    def __init__(self, tree: Path, folder: Path) -> None:
        """Initialize the rig, in which nothing is started yet. Logs go into the folder."""
        self.air = Air()
        self.strap = Strap(self.air)
        self.adapters: list[Adapter] = []
        self.bluez = BlueZ(tree, folder / "bluetoothd.log")
        self._folder = folder
        self._configuration = Path(gettempdir()) / "home-assistant"
        self._url = URL.build(scheme="http", host=HOST, port=free_port())
        self._states: list[tuple[float, str, str]] = []
        self._session = aiohttp.ClientSession()
        self.api = Api(self._session, self._url)
        self._process: HomeAssistantProcess | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._beacon: Beacon | None = None

    async def start(
        self,
        strap: Strap,
        *,
        adapters: int = 1,
        slots: int = 5,
        passive: bool = False,
        manages: bool = True,
    ) -> None:
        """Start all of it, with a strap that is off.

        A Home Assistant that may not manage Bluetooth, as in many a container, hears the less.
        """
        self.strap = strap
        self._beacon = Beacon(self.air)
        for number, address in enumerate(ADAPTERS[:adapters]):
            name = f"hci{number}"
            self.adapters.append(
                await Adapter.plug_in(self.air, name, address, slots=slots)
            )
        await self.bluez.start(*(["-E"] if passive else []))
        await until(self.has_adapters, PATIENCE)
        if not manages:
            _drop_capability(CAP_NET_ADMIN)
        self._configuration.mkdir()
        write_configuration(
            self._configuration, self._url, {}, CONFIGURATION, INTEGRATIONS[:1]
        )
        self._start_home_assistant()
        await self.api.wait_until_it_answers()
        await self.api.create_user(USER, PASSWORD)
        await self._listen()
        for _ in self.adapters:
            flow = await self.api.wait_until_discovered(
                "bluetooth", "integration_discovery"
            )
            await self.api.next_step(flow, {})

    async def add_strap(self) -> None:
        """Add the strap, once it is discovered, even where it could not be read."""
        before = len(await self.api.entries_of(DOMAIN))
        flow = await self.api.wait_until_discovered(DOMAIN, "bluetooth")
        try:
            await self.api.next_step(flow, {})
        except HomeAssistantError as err:
            # Or it was, and the flow had ended before it was asked what comes next
            if len(await self.api.entries_of(DOMAIN)) == before:
                print(f"  {err}")
                await self.api.next_step(flow, {})

    async def wear(
        self,
        strap: Strap | None = None,
        *,
        adapters: int = 1,
        slots: int = 5,
    ) -> None:
        """Start all of it, and have the strap measure."""
        await self.start(strap or self.strap, adapters=adapters, slots=slots)
        await self.put_on(self.strap)

    async def put_on(self, strap: Strap) -> None:
        """Have a strap or another monitor measure that was not there before."""
        await strap.on()
        async with asyncio.timeout(PATIENCE):
            await self.add_strap()
        await self.back_within(PATIENCE, strap)
        # The probe's own, until then
        await asyncio.sleep(2)
        await self.back_within(PATIENCE, strap)

    async def kill_home_assistant(self) -> None:
        """End Home Assistant without a last word."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._process:
            await self._process.kill()

    async def close(self) -> None:
        """End what was begun here. The rest ends with the guest."""
        await self.kill_home_assistant()
        await self._session.close()

    async def start_home_assistant(self) -> None:
        """Start Home Assistant again, and return when it answers."""
        self._start_home_assistant()
        while True:
            with suppress(aiohttp.ClientError, HomeAssistantError):
                await self.api.wait_until_running()
                break
            await asyncio.sleep(POLL_INTERVAL)
        await self._listen()

    # What is to be seen

    async def back_within(self, seconds: float, strap: Strap | None = None) -> float:
        """Return after how many seconds there is a new value of a strap, or of the worn one."""
        return await self._seen_within(seconds, str.isdecimal, strap)

    async def unknown_within(self, seconds: float) -> float:
        """Return after how many seconds there is none any more."""
        return await self._seen_within(seconds, lambda state: not state.isdecimal())

    def longest_gap(self, strap: Strap, since: float) -> float:
        """Return the longest time without a new value of a strap, in seconds.

        Counts from a time of the monotonic clock.
        """
        times = [
            at
            for at, entity_id, state in self._states
            if at > since and entity_id == strap.entity_id and state.isdecimal()
        ]
        return max(b - a for a, b in pairwise((since, *times, time.monotonic())))

    def has_shown(self, values: Collection[int]) -> bool:
        """Return whether any heart rate was ever one of some values."""
        return any(
            entity_id.endswith("_heart_rate")
            and state.isdecimal()
            and int(state) in values
            for _, entity_id, state in self._states
        )

    async def repaired_within(self, seconds: float, key: str) -> float:
        """Return after how many seconds the repairs tell of something."""
        began = time.monotonic()
        await until(lambda: self.has_issue(key), seconds)
        return time.monotonic() - began

    async def has_issue(self, key: str) -> bool:
        """Return whether the repairs tell of something."""
        return key in {
            issue["translation_key"] for issue in await self.api.issues_of(DOMAIN)
        }

    async def has_adapters(self) -> bool:
        """Return whether BlueZ has all that are plugged in."""
        return len(await self.bluez.adapters()) == len(self.adapters)

    async def _seen_within(
        self,
        seconds: float,
        wanted: Callable[[str], bool],
        strap: Strap | None = None,
    ) -> float:
        """Return after how many seconds what is measured is what is wanted."""
        began = time.monotonic()
        shown = (strap or self.strap).entity_id

        async def seen() -> bool:
            return any(
                at > began and entity_id == shown and wanted(state)
                for at, entity_id, state in self._states
            )

        await until(seen, seconds)
        return time.monotonic() - began

    def _start_home_assistant(self) -> None:
        log = (self._folder / "home-assistant.log").open("a")
        self._process = HomeAssistantProcess(
            self._configuration, lambda line: print(line, file=log, flush=True)
        )
        self._process.start()

    async def _listen(self) -> None:
        """Note every state from now on."""

        def note(entity_id: str, state: str) -> None:
            self._states.append((time.monotonic(), entity_id, state))

        async def listen() -> None:
            with suppress(aiohttp.ClientError, HomeAssistantError):
                await self.api.listen(note)

        self._tasks.append(asyncio.create_task(listen()))


def _drop_capability(number: int) -> None:
    """Have no process that is started from now on do something (prctl(2))."""
    if CDLL(None).prctl(PR_CAPBSET_DROP, number, 0, 0, 0):
        raise OSError("The bounding set stays as it is")


async def until(check: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait until something is so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await check():
            await asyncio.sleep(POLL_INTERVAL)
