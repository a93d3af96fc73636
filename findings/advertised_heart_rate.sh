#!/usr/bin/env bash
# habluetooth is silent about a heart rate that is advertised again, and repeats one that is no longer advertised.
#
# Some straps and bands put the heart rate into the manufacturer data of their advertisements. Home Assistant's
# Bluetooth calls back when the content of an advertisement changes: a pulse that holds at 72 is told once. The callback
# for each advertisement is called each time, but what it gets is merged: a packet without manufacturer data, such as a
# scan response with the name, comes with the heart rate of a packet before it.
#
# Seen:    2026-11-29, habluetooth 7.1.2
# Instead: register for each advertisement, and believe a repeated value only if the format counts its measurements,
#          or for a bounded time.
# Here:    custom_components/heart_rate_relay/monitor/advertisement.py (tells_more)
# Needs:   Python 3.11 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet \
    habluetooth==7.1.2 bleak==3.1.0 bleak-retry-connector==4.7.1 bluetooth-adapters==2.4.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
import asyncio
from importlib.metadata import version
import time

from bleak_retry_connector import BleakSlotManager
from bluetooth_adapters import BluetoothAdapters
from habluetooth import BaseHaRemoteScanner, BluetoothManager, set_manager

STRAP = "00:00:00:00:00:01"
POLAR = 0x006B


class NoAdapters(BluetoothAdapters):
    """A machine without a radio of its own."""

    adapters = {}
    history = {}
    default_adapter = "hci0"

    async def refresh(self):
        pass


def heart_rate(info):
    return info.manufacturer_data[POLAR][-1]


class Manager(BluetoothManager):
    """Knows what integrations are called back with."""

    def _discover_service_info(self, service_info):
        changed.append(heart_rate(service_info))


changed, each = [], []


async def main():
    print("habluetooth", version("habluetooth"))
    manager = Manager(NoAdapters(), BleakSlotManager())
    set_manager(manager)
    await manager.async_setup()
    proxy = BaseHaRemoteScanner("proxy", "proxy", None, False)
    proxy.async_setup()
    manager.async_register_scanner(proxy)
    manager.async_register_advertisement_callback(
        lambda info: each.append(heart_rate(info)), STRAP
    )
    for advertised in (72, 72, 72, None, None, 73):
        changed.clear()
        each.clear()
        data = {} if advertised is None else {POLAR: bytes([0x3E, 0, advertised])}
        proxy._async_on_advertisement(
            STRAP, -60, "strap", [], {}, data, None, {}, time.monotonic()
        )
        print("advertised", advertised, "- told as a change:", changed, "- told of each:", each)
    manager.async_stop()


asyncio.run(main())
PYTHON

diff - "$work/seen" <<'EXPECTED'
habluetooth 7.1.2
advertised 72 - told as a change: [72] - told of each: [72]
advertised 72 - told as a change: [] - told of each: [72]
advertised 72 - told as a change: [] - told of each: [72]
advertised None - told as a change: [] - told of each: [72]
advertised None - told as a change: [] - told of each: [72]
advertised 73 - told as a change: [73] - told of each: [73]
EXPECTED
