"""What BlueZ knows of a monitor, and does with it: Bluetooth of the computer's own.

Where there is none, nothing is known. Proxies have none of this.
"""

import asyncio
from typing import NamedTuple, Self

from bleak.backends.device import BLEDevice
import bleak_retry_connector

FORGET_TIMEOUT = 5.0
"""Seconds for BlueZ to forget a device."""


class Known(NamedTuple):
    """A device that BlueZ knows."""

    device: BLEDevice
    address: str
    """Its own, which a bond tells: it may go by others."""
    is_random: bool
    """Whether that is one which may change."""
    is_paired: bool

    @classmethod
    def of(cls, device: BLEDevice) -> Self:
        """Return what BlueZ's properties of a device say."""
        properties = device.details["props"]
        return cls(
            device=device,
            address=properties["Address"],
            is_random=properties.get("AddressType") == "random",
            is_paired=properties.get("Paired", False),
        )


async def async_look_up(address: str) -> Known | None:
    """Return what BlueZ knows of the device that is, or was, heard at an address."""
    device = await bleak_retry_connector.get_device(address)
    return Known.of(device) if device else None


async def async_hang_up(address: str) -> None:
    """End a connection that nobody here has: BlueZ keeps it for whoever has crashed."""
    await bleak_retry_connector.close_stale_connections_by_address(address)


async def async_forget(address: str) -> bool:
    """Have BlueZ forget a device, its bond too, and return whether it did."""
    if (known := await async_look_up(address)) is None:
        return True
    # Where there is BlueZ, there is what this needs
    from bleak.backends.bluezdbus.client import BleakClientBlueZDBus  # noqa: PLC0415

    try:
        client = BleakClientBlueZDBus(known.device, bluez={}, timeout=FORGET_TIMEOUT)
        async with asyncio.timeout(FORGET_TIMEOUT):
            await client.unpair()
    except bleak_retry_connector.BLEAK_RETRY_EXCEPTIONS:
        return False
    return True
