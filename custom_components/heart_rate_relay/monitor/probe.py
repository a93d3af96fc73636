"""Tries a monitor before it is added."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from bleak_retry_connector import BleakNotFoundError, BleakOutOfConnectionSlotsError

from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .connection import async_are_slots_full
from .link import Details, Link, Mark
from .measurement import MalformedError, Measurement, parse_measurement

MEASUREMENT_TIMEOUT = 5.0
"""Seconds for the first measurement: one that is not worn may have none."""

MARK_TIMEOUT = 10.0
"""Seconds for two short texts: who is asked for them may be a stranger's."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a monitor told when it was tried."""

    details: Details
    measurement: Measurement | None
    at: float = 0
    """When that was, on the event loop's clock."""


PROBES: HassKey[dict[str, Probe]] = HassKey(f"{DOMAIN}_probes")
"""By the monitor's address, the latest: when it is added there is something to show."""


async def async_probe(hass: HomeAssistant, address: str) -> Probe:
    """Connect to a monitor once, and return what it tells.

    Raises PairingNeededError, NotAMonitorError or another of BLUETOOTH_ERRORS.
    """
    packets: asyncio.Queue[bytearray] = asyncio.Queue()
    link = await _async_connect(hass, address)
    try:
        await link.subscribe(packets.put_nowait)
        details = await link.read_details(lambda _: None)
        measurement = await _first(packets)
        probe = Probe(details=details, measurement=measurement, at=hass.loop.time())
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
    device = bluetooth.async_ble_device_from_address(hass, address)
    if device is None:
        raise BleakNotFoundError("Heard by nothing that can connect")
    if async_are_slots_full(hass, address):
        raise BleakOutOfConnectionSlotsError("No free connection near the monitor")
    return await Link.connect(device, address)


async def _first(packets: asyncio.Queue[bytearray]) -> Measurement | None:
    """Return the first measurement with a heart rate, or what else came."""
    measurement = None
    with suppress(TimeoutError):
        async with asyncio.timeout(MEASUREMENT_TIMEOUT):
            while measurement is None or measurement.heart_rate is None:
                with suppress(MalformedError):
                    measurement = parse_measurement(await packets.get())
    return measurement
