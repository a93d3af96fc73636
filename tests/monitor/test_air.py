"""Home Assistant takes the virtual proxy for a real one, and its straps."""

import asyncio

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak_retry_connector import establish_connection

from dev.virtual_proxy import Strap, World
from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
from tests.common import until

ADDRESS = "A0:9E:1A:00:00:01"
MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"


async def test_strap_is_discovered_and_measures(
    hass: HomeAssistant, air: World
) -> None:
    """A strap shows up, is connected to, and its bytes arrive as it sent them."""
    # The Bluetooth manager puts its own class there when it starts.
    from bleak_retry_connector import BleakClientWithServiceCache  # noqa: PLC0415

    strap = air.add_strap(Strap("Strap", ADDRESS, rate=50))
    proxy = air.proxies[0]
    await until(lambda: list(bluetooth.async_discovered_service_info(hass)))
    (found,) = bluetooth.async_discovered_service_info(hass)
    assert (found.address, found.name, found.rssi) == (ADDRESS, "Strap", -60)
    assert found.service_uuids == ["0000180d-0000-1000-8000-00805f9b34fb"]
    assert found.source == proxy.bluetooth_mac
    received: list[bytes] = []
    enough = asyncio.Event()

    def receive(_: BleakGATTCharacteristic, data: bytearray) -> None:
        received.append(bytes(data))
        if len(received) == 3:
            enough.set()

    client = await establish_connection(
        BleakClientWithServiceCache, found.device, "Strap"
    )
    await client.start_notify(MEASUREMENT, receive)
    await asyncio.wait_for(enough.wait(), 5)
    await client.disconnect()
    assert received == [sent.data for sent in strap.sent[: len(received)]]
    assert (proxy.connects, proxy.links, strap.links) == (1, [], [])
