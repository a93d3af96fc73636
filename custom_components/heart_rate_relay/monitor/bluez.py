"""What BlueZ knows of a monitor, and does with it: Bluetooth of the computer's own.

Where there is none, nothing is known. Proxies have none of this.
"""

import asyncio
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from bleak.backends.device import BLEDevice
import bleak_retry_connector
from bleak_retry_connector.bluez import _get_properties

DEVICE = "org.bluez.Device1"

FORGET_TIMEOUT = 5.0
"""Seconds for BlueZ to forget a device."""


class Known(NamedTuple):
    """A device that BlueZ knows, by one of the adapters."""

    device: BLEDevice
    path: str
    """What BlueZ has it as."""
    address: str
    """Its own, as far as that is known: a bond tells it."""
    former: str
    """The one that it was first heard at."""
    is_random: bool
    """Whether that is one which may change."""
    is_paired: bool
    is_connected: bool


async def async_look_up(address: str) -> Known | None:
    """Return what BlueZ knows of the device that is, or was, heard at an address.

    Of several adapters that know it, what the one does that it is paired with, if one is.
    """
    found = [
        known
        for known in await _async_devices()
        if address in (known.address, known.former)
    ]
    return max(found, key=attrgetter("is_paired"), default=None)


async def async_are_others_connected(address: str) -> bool:
    """Return whether others have connections by the adapter that hears a device."""
    known = await async_look_up(address)
    return known is not None and any(
        other.is_connected and _adapter(other) == _adapter(known)
        for other in await _async_devices()
        if other.path != known.path
    )


async def async_hang_up(address: str) -> None:
    """End a connection that nobody here has: BlueZ keeps it for whoever has crashed."""
    if known := await async_look_up(address):
        await bleak_retry_connector.close_stale_connections(known.device)


async def async_forget(address: str) -> bool:
    """Have BlueZ forget a device, its bond too, and return whether it did."""
    if (known := await async_look_up(address)) is None:
        return True
    # Where there is BlueZ, there is what this needs
    from bleak.backends.bluezdbus.client import BleakClientBlueZDBus  # noqa: PLC0415

    client = BleakClientBlueZDBus(known.device, bluez={}, timeout=FORGET_TIMEOUT)
    try:
        async with asyncio.timeout(FORGET_TIMEOUT):
            await client.unpair()
    except bleak_retry_connector.BLEAK_RETRY_EXCEPTIONS:
        return False
    return True


def is_bluez(device: BLEDevice) -> bool:
    """Return whether it was BlueZ that heard a device, and no proxy."""
    return isinstance(device.details, dict) and "path" in device.details


async def _async_devices() -> Sequence[Known]:
    """Return all that BlueZ knows."""
    return [
        Known(
            device=BLEDevice(
                one["Address"], one.get("Alias"), {"path": path, "props": one}
            ),
            path=path,
            address=one["Address"],
            former=path.rpartition("/dev_")[2].replace("_", ":"),
            is_random=one.get("AddressType") == "random",
            is_paired=one.get("Paired", False),
            is_connected=one.get("Connected", False),
        )
        for path, interfaces in (await _get_properties() or {}).items()
        if (one := interfaces.get(DEVICE))
    ]


def _adapter(known: Known) -> str:
    """Return the path of the adapter by which a device is known."""
    return known.path.rpartition("/")[0]
