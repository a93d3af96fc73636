"""What Home Assistant has heard of a monitor."""

import asyncio

from bleak.backends.device import BLEDevice

from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant, callback

from .bluez import async_look_up, is_bluez

KNOWN_AFTER = 1.0
"""Seconds after which BlueZ knows what it has heard, if it is going to."""

SCAN = 5.0
"""Seconds in which all that is near is asked who it is: the least that can be had."""


@callback
def async_let_be_found(hass: HomeAssistant, address: str) -> None:
    """Have whatever is at an address be discovered when it is heard the next time."""
    bluetooth.async_clear_address_from_match_history(hass, address)
    # What is heard again, and says the same, would be nothing new
    bluetooth.async_clear_advertisement_history(hass, address)


@callback
def advertised_name(info: bluetooth.BluetoothServiceInfoBleak) -> str:
    """Return what a monitor calls itself, empty where no scanner has heard that."""
    return "" if info.name == info.address else info.name


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


async def async_device(hass: HomeAssistant, address: str) -> BLEDevice | None:
    """Return what to connect to, None where nothing that can connect has heard of it.

    What does not say that it may be discovered BlueZ passes on, but does not know, and cannot
    connect to, until there is an active scan. And what was bonded under another address it
    goes on to have by that one, as bleak has (3.0.2), until Bluetooth is started anew.
    """
    device = bluetooth.async_ble_device_from_address(hass, address)
    if device is None or not is_bluez(device):
        return device
    known = await async_look_up(address)
    if known is None:
        await asyncio.sleep(KNOWN_AFTER)
        known = await async_look_up(address)
    if known is None:
        await bluetooth.async_request_active_scan(hass, SCAN)
    elif known.former != address and (
        ways := bluetooth.async_scanner_devices_by_address(hass, known.former)
    ):
        return ways[0].ble_device
    return device
