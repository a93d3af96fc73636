"""Which monitor it is that was heard: some change their address now and then."""

import asyncio
from collections.abc import Iterator, Sequence

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
from .coordinator import MonitorCoordinator, advertised_name
from .link import Details
from .uuids import HEART_RATE_SERVICE

LATELY = 10.0
"""Seconds within which every monitor that is near, and not connected, is heard again."""

NAME_SCAN = 5.0
"""Seconds in which monitors are asked for their names: the least that can be had."""


class NotHeardError(Exception):
    """What was heard once is not heard now."""


@callback
def is_heart_rate_monitor(info: BluetoothServiceInfoBleak) -> bool:
    """Return whether an advertisement is that of a heart-rate monitor."""
    return (
        HEART_RATE_SERVICE in info.service_uuids
        or parse_broadcast(info.manufacturer_data) is not None
    )


async def async_recognise(
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
    """Return the monitor with this serial number that may have taken this address."""
    for monitor in _async_monitors(hass):
        known = monitor.config_entry.data[CONF_DETAILS]
        if (
            details.serial_number.strip("0")
            and details.serial_number == known.get("serial_number")
            and details.model == known.get("model", "")
            and monitor.heard_at < info.time
            and _may_be(monitor, info)
        ):
            return monitor
    return None


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
