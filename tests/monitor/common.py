"""What the tests of heart-rate monitors share."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from dev.virtual_proxy import Proxy, World
from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
from tests.common import until


async def add_proxy(hass: HomeAssistant, world: World, **options: Any) -> Proxy:
    """Let there be another proxy, and let Home Assistant use it."""
    proxy = await world.add_proxy(Proxy(**options))
    entry = MockConfigEntry(
        domain="esphome",
        title=proxy.name,
        unique_id=proxy.mac.lower(),
        data={
            "host": "127.0.0.1",
            "port": proxy.port,
            "password": "",
            "noise_psk": "",
            "device_name": proxy.name,
        },
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: in_use(hass, proxy))
    return proxy


def in_use(hass: HomeAssistant, proxy: Proxy) -> bool:
    """Return whether Home Assistant listens to what a proxy hears."""
    scanner = bluetooth.async_scanner_by_source(hass, proxy.bluetooth_mac)
    return scanner is not None and proxy.subscriber is not None
