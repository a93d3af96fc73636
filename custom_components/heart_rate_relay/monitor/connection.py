"""Keeps a monitor connected whenever it is heard. Nobody else connects to it."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Protocol

from bleak.backends.device import BLEDevice
from bleak_retry_connector import BleakOutOfConnectionSlotsError

from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from ..unexpected import guarded, log_unexpected
from .details import Details
from .link import BLUETOOTH_ERRORS, Link, NotAMonitorError, PairingNeededError
from .profiles.base import Profile

SILENT_AFTER = 30.0
"""Seconds without anything well-formed after which a connection is given up."""

SILENT_AGAIN = 3
SILENT_AGAIN_AFTER = 10.0
"""After how many in a row it is given up sooner, and after how many seconds then."""

MIN_BACKOFF = 3.0
MAX_BACKOFF = 60.0
"""Seconds between two attempts."""

MAX_SILENT_BACKOFF = 300.0
"""The same where each costs a slot for a while, and brings nothing."""

ABSENT_AFTER = 60.0
"""Seconds after which a monitor that is not heard is held to be away."""

RELEASE_INTERVAL = 10.0
"""Seconds between two attempts to end a connection that nobody has confirmed to be over."""

DOUBTFUL_ATTEMPTS = 2
"""After how many attempts in vain Home Assistant goes another way, if there is one."""

DOUBTFUL_TIMEOUT = 8.0
"""Seconds for an attempt that may go a way by which the monitor is not heard any more."""


UNRELEASED: HassKey[dict[str, Link]] = HassKey(f"{DOMAIN}_unreleased")
"""By the monitor's address, connections that were to end, for whoever connects next.

The end was not confirmed: a proxy that did not hear of it would hold on to them.
"""

HANG_UP_TIME = 1.0
"""Seconds for a proxy to end an attempt that was given up."""

CANCEL_AGAIN_AFTER = 10.0
"""Seconds after which an attempt is given up once more: what it waits for may have missed that."""


class Trouble(StrEnum):
    """Why there is no connection to a monitor that is heard."""

    SLOTS_FULL = "slots_full"
    """Adapters and proxies near it have all the connections that they can."""
    PAIRING_NEEDED = "pairing_needed"
    REFUSED = "refused"
    """It does not take the connection: often another device has it."""
    SILENT = "silent"
    """It takes the connection, and then measures nothing."""


PATIENCE: Mapping[Trouble, float] = MappingProxyType(
    {
        Trouble.SLOTS_FULL: 20.0,
        Trouble.PAIRING_NEEDED: 0.0,
        Trouble.REFUSED: 60.0,
        Trouble.SILENT: 300.0,
    }
)
"""Seconds for which something may go wrong before a person is told."""


class SilentError(Exception):
    """Nothing comes over a connection."""


class OtherMonitorError(Exception):
    """This is another monitor than the one that was to be connected."""


class Owner(Protocol):
    """Whoever wants to be connected."""

    def have_profiles(self, profiles: Iterable[Profile]) -> None:
        """Take what the monitor speaks."""

    def have_packet(self, characteristic: str, data: bytearray) -> bool:
        """Take a measurement, and return whether it is well-formed."""

    def have_battery(self, data: bytearray) -> None:
        """Take the battery's level."""

    def have_details(self, details: Details) -> None:
        """Take what the monitor tells of itself."""

    def have_link(self) -> None:
        """Take note that there is a connection, or none any more."""

    def have_trouble(self, trouble: Trouble | None) -> None:
        """Take note of what has gone wrong for a while, or no longer does."""

    async def async_confirm(self, link: Link) -> None:
        """Make sure whose connection it is. Raises OtherMonitorError."""

    def have_other(self) -> None:
        """Take note that it was another monitor. There are no more attempts."""


class Connection:
    """Keeps a monitor connected whenever it is heard.

    A connection is a scarce thing: a proxy has three. So none is tried before the monitor
    was heard just now, and one over which nothing comes is given up.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, address: str, owner: Owner
    ) -> None:
        """Initialize the connection to the monitor at an address."""
        self.link: Link | None = None
        """What the monitor can be talked to over, while there is one."""
        self._hass = hass
        self._entry = entry
        self._address = address
        self._owner = owner
        self._heard = asyncio.Event()
        self._heard_by: set[str] = set()
        self._heard_at = 0.0
        self._is_back = asyncio.Event()
        self._packet_at = 0.0
        self._failures = 0
        self._silences = 0
        self._trouble: Trouble | None = None
        self._trouble_since = 0.0
        self._unreleased = hass.data.setdefault(UNRELEASED, {}).pop(address, None)
        self._task: asyncio.Task[None] | None = None

    @callback
    def start(self) -> None:
        """Start to connect."""
        self._task = self._entry.async_create_background_task(
            self._hass, self._run(), f"{self._entry.title} connection"
        )

    async def stop(self) -> None:
        """Disconnect, and stop to connect."""
        while self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=CANCEL_AGAIN_AFTER)
        if self._unreleased:
            await self._release(self._unreleased)
        if self._unreleased:
            self._hass.data[UNRELEASED][self._address] = self._unreleased

    @callback
    def heard(self, source: str) -> None:
        """Take note that an adapter or proxy hears the monitor, and could answer it."""
        now = self._hass.loop.time()
        if now - self._heard_at >= ABSENT_AFTER:
            self._is_back.set()
        self._heard_at = now
        self._heard_by.add(source)
        self._heard.set()

    async def _run(self) -> None:
        """Connect, stay connected, and begin anew when that is over."""
        task = asyncio.current_task()
        # Who connects may take it for a failure of its own that this is cancelled
        while task and not task.cancelling():
            try:
                await self._attempt()
            except OtherMonitorError:
                self._owner.have_other()
                return
            except Exception as err:  # noqa: BLE001 - the next attempt may do better
                log_unexpected(err, "the monitor is connected to again")
            self._failures += 1
            if not task.cancelling():
                await self._rest(self._backoff())

    async def _rest(self, seconds: float) -> None:
        """Wait for so many seconds, or until the monitor is back that was away."""
        self._heard_at = self._hass.loop.time()
        self._is_back.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_back.wait()

    async def _attempt(self) -> None:
        """Connect once the monitor is heard, and stay connected. Raises OtherMonitorError."""
        await self._wait_until_heard()
        try:
            await self._hold()
        except PairingNeededError as err:
            self._have_failed(Trouble.PAIRING_NEEDED, err)
        except BleakOutOfConnectionSlotsError as err:
            self._have_failed(Trouble.SLOTS_FULL, err)
        except (SilentError, NotAMonitorError) as err:
            self._have_failed(Trouble.SILENT, err)
        except BLUETOOTH_ERRORS as err:
            self._have_failed(Trouble.REFUSED, err)

    async def _wait_until_heard(self) -> None:
        """Wait for the next advertisement: those before may be of a monitor that is off."""
        self._heard.clear()
        self._heard_by.clear()
        absent_at = self._hass.loop.time() + ABSENT_AFTER
        while not await self._is_heard_within(RELEASE_INTERVAL):
            if self._unreleased:
                await self._release(self._unreleased)
            if self._hass.loop.time() >= absent_at:
                self._begin_anew()
        self._unreleased = None

    async def _is_heard_within(self, seconds: float) -> bool:
        """Return whether the monitor is heard before so many seconds are over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        return self._heard.is_set()

    async def _hold(self) -> None:
        """Connect, and return when the connection is over.

        Raises OtherMonitorError, SilentError or one of BLUETOOTH_ERRORS where it does not
        come so far.
        """
        device = bluetooth.async_ble_device_from_address(self._hass, self._address)
        if device is None:
            return
        if async_are_slots_full(self._hass, self._address):
            raise BleakOutOfConnectionSlotsError("No free connection near the monitor")
        self.link = link = await self._connect(device)
        try:
            async with asyncio.timeout(SILENT_AFTER):
                await self._owner.async_confirm(link)
                await link.subscribe(partial(self._have_packet, link))
            self._packet_at = self._hass.loop.time()
            self._owner.have_profiles(link.profiles)
            if self._trouble is not Trouble.SILENT:
                self._have_recovered()
            self._owner.have_link()
            self._owner.have_details(await link.read_details(self._have_battery))
            await self._watch(link)
        finally:
            self.link = None
            try:
                self._owner.have_link()
            finally:
                await self._release(link)

    async def _connect(self, device: BLEDevice) -> Link:
        """Connect. Raises one of BLUETOOTH_ERRORS.

        Home Assistant prefers the way by which the monitor was heard best, be that minutes
        ago: by a proxy that hangs now, or in another room. So the first attempts are short.
        """
        for _ in range(DOUBTFUL_ATTEMPTS):
            if not self._is_way_doubtful():
                break
            self._heard_by.clear()
            try:
                return await Link.connect(device, self._entry.title, DOUBTFUL_TIMEOUT)
            except TimeoutError:
                if not self._heard_by:
                    # It has gone, and holds no slot for longer than need be
                    raise
            # Or the next one would be taken for the one that is just ended
            await asyncio.sleep(HANG_UP_TIME)
        return await Link.connect(device, self._entry.title)

    def _is_way_doubtful(self) -> bool:
        """Return whether something could connect that has not heard the monitor just now."""
        ways = bluetooth.async_scanner_devices_by_address(self._hass, self._address)
        return any(way.scanner.source not in self._heard_by for way in ways)

    async def _release(self, link: Link) -> None:
        """End a connection, later on where nobody confirms that now."""
        self._unreleased = link
        if await link.close():
            self._unreleased = None

    async def _watch(self, link: Link) -> None:
        """Return when a connection has ended.

        Raises SilentError when nothing comes over it any more: a monitor that falls silent,
        a proxy that hangs and a lost disconnect tell nothing.
        """
        while not link.ended.is_set():
            patience = SILENT_AFTER
            if self._silences >= SILENT_AGAIN:
                patience = SILENT_AGAIN_AFTER
            left = self._packet_at + patience - self._hass.loop.time()
            if left <= 0:
                self._silences += 1
                if any(profile.is_steady for profile in link.profiles):
                    raise SilentError(f"Nothing for {patience} s")
                # Nobody wants to know anything of it now
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await link.ended.wait()

    @callback
    def _have_battery(self, _: str, data: bytearray) -> None:
        """Pass the battery's level on."""
        self._owner.have_battery(data)

    @guarded
    def _have_packet(self, link: Link, characteristic: str, data: bytearray) -> None:
        """Pass a measurement on, unless it comes late, over a connection given up."""
        if link is self.link and self._owner.have_packet(characteristic, data):
            self._packet_at = self._hass.loop.time()
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Take note that what went wrong before does not matter any more."""
        self._failures = self._silences = 0
        self._have_recovered()

    def _have_failed(self, trouble: Trouble, error: Exception) -> None:
        """Take note that there was no connection."""
        LOGGER.debug("%s: %s (%s)", self._entry.title, trouble, error)
        now = self._hass.loop.time()
        if self._trouble is None:
            self._trouble_since = now
        self._trouble = trouble
        if now - self._trouble_since >= PATIENCE[trouble]:
            self._owner.have_trouble(trouble)

    def _have_recovered(self) -> None:
        """Take note that nothing is wrong, or nothing that can be known."""
        if self._trouble:
            self._trouble = None
            self._owner.have_trouble(None)

    def _backoff(self) -> float:
        """Return for how long not to try again, in seconds.

        Only data have it begin anew, not a connection: some monitors hang up at once.
        """
        match self._trouble:
            case Trouble.SLOTS_FULL:
                # Nothing was sent, so nobody was bothered
                return MIN_BACKOFF
            case Trouble.PAIRING_NEEDED:
                # Each attempt may ask its wearer something
                return MAX_BACKOFF
            case Trouble.SILENT:
                longest = MAX_SILENT_BACKOFF
            case _:
                longest = MAX_BACKOFF
        return min(longest, MIN_BACKOFF * 2.0 ** min(self._failures - 1, 8))


@callback
def async_are_slots_full(hass: HomeAssistant, address: str) -> bool:
    """Return whether all that could connect have no connection left, as far as they tell.

    Asked before an attempt, which would only wait for one.
    """
    allocations = [
        device.scanner.get_allocations()
        for device in bluetooth.async_scanner_devices_by_address(hass, address)
    ]
    return bool(allocations) and all(
        slots is not None and slots.slots > 0 and slots.free == 0
        for slots in allocations
    )
