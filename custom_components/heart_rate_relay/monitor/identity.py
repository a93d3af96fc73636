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
)
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback

from ..const import CONF_DETAILS, DOMAIN
from .advertisement import parse_broadcast
from .coordinator import MonitorCoordinator
from .details import Details, Mark
from .link import BLUETOOTH_ERRORS
from .probe import async_read_mark
from .profiles import advertised
from .scanners import advertised_name

LATELY = 10.0
"""Seconds within which every monitor that is near, and not connected, is heard again."""

NAME_SCAN = 5.0
"""Seconds in which monitors are asked for their names: the least that can be had."""

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
    namesakes = await _async_namesakes(hass, info)
    if not any(monitor.mark for monitor in namesakes):
        return namesakes
    mark = await _async_mark(hass, info)
    # They may have been heard meanwhile
    namesakes = [one for one in namesakes if one.heard_at < info.time]
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
    candidates = [one for one in _async_monitors(hass) if _may_be(one, info)]
    name = advertised_name(info)
    if candidates and not name:
        await async_request_active_scan(hass, NAME_SCAN)
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
    return [monitor for monitor in namesakes if monitor.heard_at < info.time]


@callback
def async_latest(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak
) -> BluetoothServiceInfoBleak:
    """Return the latest advertisement from the address of another."""
    return async_last_service_info(hass, info.address, info.connectable) or info


@callback
def async_find(
    hass: HomeAssistant, info: BluetoothServiceInfoBleak, details: Details
) -> MonitorCoordinator | None:
    """Return the monitor with this mark that may have taken this address."""
    if (mark := details.mark) is None:
        return None
    found = [
        monitor
        for monitor in _async_monitors(hass)
        if monitor.mark == mark
        and monitor.heard_at < info.time
        and _may_be(monitor, info)
    ]
    return found[0] if len(found) == 1 else None


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


def _may_be(monitor: MonitorCoordinator, info: BluetoothServiceInfoBleak) -> bool:
    """Return whether an address may be one that a monitor has taken.

    Only those that are random are ever changed (Core Specification 6.B.1.3).
    """
    return (
        _has_random_address(info)
        and info.address != monitor.address
        and info.address not in monitor.strangers
    )


def _has_random_address(info: BluetoothServiceInfoBleak) -> bool:
    """Return whether an address is random, as ESPHome's proxies and BlueZ tell it."""
    match info.device.details:
        case {"address_type": 1} | {"props": {"AddressType": "random"}}:
            return True
    return False
