"""Keeps a monitor connected whenever it is heard. Nobody else connects to it."""

import asyncio
from contextlib import suppress
from functools import partial

from bleak.backends.device import BLEDevice
from bleak_retry_connector import BleakOutOfConnectionSlotsError

from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from ..unexpected import guarded, log_unexpected
from .bluez import (
    async_are_others_connected,
    async_forget,
    async_hang_up,
    async_look_up,
)
from .link import (
    BLUETOOTH_ERRORS,
    EndsAtOnceError,
    Link,
    NotAMonitorError,
    PairingNeededError,
)
from .owner import Owner
from .scanners import async_are_slots_full, async_device
from .trouble import PATIENCE, Trouble, backoff

SILENT_AFTER = 30.0
"""Seconds without anything well-formed after which a connection is given up."""

SILENT_AGAIN = 3
SILENT_AGAIN_AFTER = 10.0
"""After how many in a row it is given up sooner, and after how many seconds then."""

ABSENT_AFTER = 60.0
"""Seconds after which a monitor that is not heard is held to be away."""

RELEASE_INTERVAL = 10.0
"""Seconds between two attempts to end a connection that nobody has confirmed to be over."""

HEARD_LATELY = 5.0
"""Seconds within which a monitor that is near, and not connected, is heard again."""

BOND_INTERVAL = 5.0
"""Seconds between two looks at whether a person has paired the monitor."""

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


class SilentError(Exception):
    """Nothing comes over a connection."""


class OtherMonitorError(Exception):
    """This is another monitor than the one that was to be connected."""


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
        self._is_fruitless = False
        self._is_renewed = False
        self._failures = 0
        self._silences = 0
        self._trouble: Trouble | None = None
        self._tried_since = 0.0
        self._told: Trouble | None = None
        self._is_clear = False
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

    @callback
    def hurry(self) -> None:
        """Try it now: what went wrong before was mended."""
        self._begin_anew()
        self._is_back.set()

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
                await self._rest(backoff(self._trouble, self._failures))

    async def _rest(self, seconds: float) -> None:
        """Wait for so many seconds, or until there is a reason to try it sooner.

        That is a monitor which is back that was away, or one that a person has paired.
        """
        self._heard_at = self._hass.loop.time()
        self._is_back.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not await _is_set_within(self._is_back, BOND_INTERVAL):
                    if self._trouble is not self._told and self._is_near:
                        self._tell()
                    if (
                        self._trouble is Trouble.PAIRING_NEEDED
                        and await self._is_bonded()
                    ):
                        break

    async def _is_bonded(self) -> bool:
        """Return whether this computer is paired with the monitor."""
        known = await async_look_up(self._address)
        return known is not None and known.is_paired

    async def _attempt(self) -> None:
        """Connect once the monitor is heard, and stay connected. Raises OtherMonitorError."""
        await self._wait_until_heard()
        if self._trouble is None:
            self._tried_since = self._hass.loop.time()
        try:
            await self._hold()
        except PairingNeededError as err:
            self._have_failed(Trouble.PAIRING_NEEDED, err)
        except BleakOutOfConnectionSlotsError as err:
            self._have_failed(Trouble.SLOTS_FULL, err)
        except (SilentError, NotAMonitorError) as err:
            self._have_failed(Trouble.SILENT, err)
            if self._is_fruitless and not self._is_renewed:
                self._is_renewed = True
                await self._renew()
        except EndsAtOnceError as err:
            # At the edge of its reach that may happen, too, but not each time
            is_bond = self._failures and await self._is_bonded()
            self._have_failed(Trouble.BOND_LOST if is_bond else Trouble.REFUSED, err)
        except BLUETOOTH_ERRORS as err:
            self._have_failed(await self._cause(), err)

    async def _cause(self) -> Trouble:
        """Return why a monitor did not take the connection, as far as that can be known.

        An adapter that is full says nothing: BlueZ goes on to wait until nobody does.
        """
        if self._is_near and await async_are_others_connected(self._address):
            return Trouble.SLOTS_FULL
        return Trouble.REFUSED

    @property
    def _is_near(self) -> bool:
        """Whether the monitor is heard, though not connected."""
        return self._hass.loop.time() - self._heard_at < HEARD_LATELY

    async def _renew(self) -> None:
        """Have BlueZ ask the monitor what it has: its firmware may be another one.

        BlueZ remembers where everything was, and subscribes there without a complaint. To
        forget a monitor would undo its bond, too.
        """
        known = await async_look_up(self._address)
        if known and not known.is_paired:
            await async_forget(self._address)

    async def _wait_until_heard(self) -> None:
        """Wait for the next advertisement: those before may be of a monitor that is off."""
        self._heard.clear()
        self._heard_by.clear()
        absent_at = self._hass.loop.time() + ABSENT_AFTER
        while not await _is_set_within(self._heard, RELEASE_INTERVAL):
            if self._unreleased:
                await self._release(self._unreleased)
            # What is connected does not advertise
            await async_hang_up(self._address)
            if self._hass.loop.time() >= absent_at:
                self._begin_anew()
        self._unreleased = None

    async def _hold(self) -> None:
        """Connect, and return when the connection is over.

        Raises OtherMonitorError, SilentError or one of BLUETOOTH_ERRORS where it does not
        come so far.
        """
        device = await async_device(self._hass, self._address)
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
            self._is_fruitless = True
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
            is_doubtful = self._is_fruitless and link.is_bluez and not self._is_renewed
            if self._silences >= SILENT_AGAIN or is_doubtful:
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
            self._is_fruitless = False
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Take note that what went wrong before does not matter any more.

        Only data have the pauses begin anew, not a connection: some monitors hang up at once.
        """
        self._failures = self._silences = 0
        self._is_renewed = False
        self._have_recovered()

    def _have_failed(self, trouble: Trouble, error: Exception) -> None:
        """Take note that there was no connection."""
        LOGGER.debug("%s: %s (%s)", self._entry.title, trouble, error)
        self._trouble = trouble
        self._is_clear = False
        self._tell()

    @guarded
    def _tell(self) -> None:
        """Tell of what has gone wrong for long enough."""
        lasts = self._hass.loop.time() - self._tried_since
        if self._trouble and lasts >= PATIENCE[self._trouble]:
            self._told = self._trouble
            self._owner.have_trouble(self._told)

    def _have_recovered(self) -> None:
        """Take note that nothing is wrong, or nothing that can be known.

        What was told before this was made, of another address, is over, too.
        """
        if not self._is_clear:
            self._is_clear = True
            self._trouble = self._told = None
            self._owner.have_trouble(None)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Return whether something happens before so many seconds are over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
