"""Which monitor it is that was heard: some change their address now and then.

Its name proves nothing: all watches of a model may share it, and their wearers a gym. So it
only tells which monitors it may be, and a person is asked unless its mark says the rest.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import inf

from homeassistant.components.bluetooth import (
    MONOTONIC_TIME,
    BluetoothServiceInfoBleak,
    async_last_service_info,
    async_request_active_scan,
    async_scanner_devices_by_address,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback

from ..const import CONF_DETAILS, DOMAIN
from .advertisement import parse_broadcast
from .bluez import async_look_up, is_bluez
from .coordinator import MonitorCoordinator
from .details import Details, Mark
from .link import BLUETOOTH_ERRORS
from .probe import async_read_mark
from .profiles import advertised
from .scanners import SCAN, advertised_name

LATELY = 10.0
"""Seconds within which every monitor that is near, and not connected, is heard again."""

KIND_PAUSE = 1.0
"""Seconds after which BlueZ knows what kind of an address it has just heard."""

MARK_ATTEMPTS = 3
"""How often a monitor is asked for its mark, as long as it is heard."""

MARK_PAUSE = 3.0
"""Seconds between two of them."""


class NotHeardError(Exception):
    """What was heard once is not heard now."""


@callback
def is_heard_as_monitor(info: BluetoothServiceInfoBleak) -> bool:
    """Return whether an advertisement is that of a monitor of any kind."""
    return (
        any(advertised(info.service_uuids))
        or parse_broadcast(info.manufacturer_data) is not None
    )


async def async_recognise(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> MonitorCoordinator | Sequence[MonitorCoordinator]:
    """Return the monitor that has taken this address, or those that may have.

    A person has to be asked which of several it is, and also whether it is the only one
    that it may be. Raises NotHeardError for an address that may be a former one.
    """
    if bonded := await _async_bonded(hass, info):
        return bonded
    namesakes = await _async_namesakes(hass, info)
    if not any(monitor.mark for monitor in namesakes):
        return namesakes
    mark = await _async_mark(hass, info)
    # They may have been heard meanwhile
    namesakes = [one for one in namesakes if one.heard_at <= info.time]
    if mark is None:
        return namesakes
    for monitor in namesakes:
        if monitor.mark and monitor.mark != mark:
            monitor.strangers.add(info.address)
    doubtful = [one for one in namesakes if one.mark is None]
    match [one for one in namesakes if one.mark == mark]:
        case []:
            return doubtful
        case [monitor]:
            return monitor
        case several:
            # A number that the maker gave to more than one
            return several


async def _async_bonded(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> MonitorCoordinator | None:
    """Return the monitor of which BlueZ knows, by a bond, that this is its true address."""
    for monitor in _async_monitors(hass):
        known = await async_look_up(monitor.address)
        if known and known.address == info.address != monitor.address:
            return monitor
    return None


async def _async_mark(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> Mark | None:
    """Return what tells who it is that was heard, None where it cannot be had."""
    heard_at = -inf
    for _ in range(MARK_ATTEMPTS):
        latest = async_latest(hass, info)
        if latest.time <= heard_at:
            break
        heard_at = latest.time
        with suppress(*BLUETOOTH_ERRORS):
            return await async_read_mark(hass, info.address)
        await asyncio.sleep(MARK_PAUSE)
    return None


async def _async_namesakes(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> Sequence[MonitorCoordinator]:
    """Return the monitors of that name that may have taken this address.

    One that is still heard at its own address has not, for which it may take LATELY. For
    the name it may take some time, too: some tell it only to whom asks. Raises NotHeardError
    for an address that may be a former one, remembered since before a restart.
    """
    candidates = await _async_candidates(hass, info)
    name = advertised_name(info)
    if candidates and not name:
        await async_request_active_scan(hass, SCAN)
        name = advertised_name(async_latest(hass, info))
    namesakes = [monitor for monitor in candidates if name in _names(monitor)]
    if not name or not namesakes:
        return ()
    is_remembered = info.time < MONOTONIC_TIME() - LATELY
    if is_remembered or any(
        monitor.heard_at > info.time - LATELY for monitor in namesakes
    ):
        await asyncio.sleep(LATELY)
    if is_remembered and async_latest(hass, info).time <= info.time:
        raise NotHeardError
    return [monitor for monitor in namesakes if monitor.heard_at <= info.time]


@callback
def async_latest(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> BluetoothServiceInfoBleak:
    """Return the latest advertisement from the address of another."""
    return async_last_service_info(hass, info.address, info.connectable) or info


async def async_find(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak, details: Details
) -> MonitorCoordinator | None:
    """Return the monitor with this mark that may have taken this address."""
    if (mark := details.mark) is None:
        return None
    found = [
        monitor
        for monitor in await _async_candidates(hass, info)
        if monitor.mark == mark and monitor.heard_at <= info.time
    ]
    return found[0] if len(found) == 1 else None


async def _async_candidates(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> Sequence[MonitorCoordinator]:
    """Return the monitors that may have taken this address."""
    candidates = [
        monitor
        for monitor in _async_monitors(hass)
        if info.address != monitor.address and info.address not in monitor.strangers
    ]
    if candidates and await _async_may_be_another(hass, info):
        return candidates
    return ()


@callback
def _async_monitors(hass: HomeAssistant) -> Iterator[MonitorCoordinator]:
    """Yield the monitors that there are."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if isinstance(monitor := entry.runtime_data, MonitorCoordinator):
            yield monitor


def _names(monitor: MonitorCoordinator) -> tuple[str, ...]:
    """Return what a monitor calls itself: to everyone, and to whom it is connected."""
    data = monitor.config_entry.data
    return data[CONF_NAME], data[CONF_DETAILS].get("name", "")


async def _async_may_be_another(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> bool:
    """Return whether what is heard at an address may have had another before.

    Only those that are random are ever changed (Core Specification 6.B.1.3), or by a bond,
    which tells the true one. What BlueZ hears it passes on before it says of which kind the
    address is.
    """
    for pause in (KIND_PAUSE, 0):
        ways = async_scanner_devices_by_address(hass, info.address, connectable=False)
        heard = (info.device, *(way.ble_device for way in ways))
        if any(_is_random(device.details) for device in heard):
            return True
        if known := await async_look_up(info.address):
            return known.is_random or known.is_paired
        if not any(map(is_bluez, heard)):
            break
        await asyncio.sleep(pause)
    return False


def _is_random(details: object) -> bool:
    """Return whether an address is random, as ESPHome's proxies and BlueZ tell it."""
    match details:
        case {"address_type": 1} | {"props": {"AddressType": "random"}}:
            return True
    return False
