"""Tries a monitor before it is added."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from bleak_retry_connector import BleakNotFoundError, BleakOutOfConnectionSlotsError

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .details import Details, Mark
from .link import Link
from .measuring import Measuring, has_value
from .profiles.base import MalformedError, Profile, Settings, Value, Values
from .scanners import async_are_slots_full, async_device

MEASUREMENT_TIMEOUT = 5.0
"""Seconds for the first measurement: one that is not worn may have none."""

MARK_TIMEOUT = 10.0
"""Seconds for two short texts: who is asked for them may be a stranger's."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a monitor told when it was tried."""

    details: Details
    profiles: tuple[Profile, ...] = ()
    packets: tuple[tuple[str, bytes], ...] = ()
    """What it sent, each with its characteristic."""
    values: Values = field(default_factory=dict)
    """What these tell."""
    at: float = 0
    """When that was, on the event loop's clock."""


PROBES: HassKey[dict[str, Probe]] = HassKey(f"{DOMAIN}_probes")
"""By the monitor's address, the latest: when it is added there is something to show."""


async def async_probe(hass: HomeAssistant, address: str) -> Probe:
    """Connect to a monitor once, and return what it tells.

    Raises PairingNeededError, NotAMonitorError or another of BLUETOOTH_ERRORS.
    """
    queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    link = await _async_connect(hass, address)
    try:
        await link.subscribe(lambda uuid, data: queue.put_nowait((uuid, bytes(data))))
        details = await link.read_details(lambda *_: None)
        packets, values = await _first(queue, link.profiles)
        probe = Probe(
            details=details,
            profiles=link.profiles,
            packets=tuple(packets),
            values=values,
            at=hass.loop.time(),
        )
        hass.data.setdefault(PROBES, {})[address] = probe
        return probe
    finally:
        await link.close()


async def async_read_mark(hass: HomeAssistant, address: str) -> Mark | None:
    """Connect once, and return what is told from all others by, None where it tells none.

    Raises one of BLUETOOTH_ERRORS.
    """
    link = await _async_connect(hass, address)
    try:
        async with asyncio.timeout(MARK_TIMEOUT):
            return await link.read_mark()
    finally:
        await link.close()


async def _async_connect(hass: HomeAssistant, address: str) -> Link:
    """Connect once. Raises one of BLUETOOTH_ERRORS."""
    device = await async_device(hass, address)
    if device is None:
        raise BleakNotFoundError("Heard by nothing that can connect")
    if async_are_slots_full(hass, address):
        raise BleakOutOfConnectionSlotsError("No free connection near the monitor")
    return await Link.connect(device, address)


async def _first(
    queue: asyncio.Queue[tuple[str, bytes]], profiles: Iterable[Profile]
) -> tuple[list[tuple[str, bytes]], Values]:
    """Return the first packets, and what they tell, until that is all that there must be."""
    needed = {profile.required.key for profile in profiles if profile.required}
    packets: list[tuple[str, bytes]] = []
    values: dict[str, Value] = {}
    measuring = Measuring(Settings())
    with suppress(TimeoutError):
        async with asyncio.timeout(MEASUREMENT_TIMEOUT):
            while not values or any(values.get(key) is None for key in needed):
                packet = await queue.get()
                with suppress(MalformedError):
                    told = measuring.decode(*packet, asyncio.get_running_loop().time())
                    packets.append(packet)
                    values |= {
                        key: value for key, value in told.items() if has_value(value)
                    }
    return packets, values
