"""Writes states within Home Assistant and measures what that costs: no part of what is released.

It does what it is told by the process that runs the benchmarks: a line of JSON each way.
"""

import asyncio
import json

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from .bare import BareView
from .commands import COMMANDS

DOMAIN = "benchmark_driver"

PLATFORMS = [Platform.BUTTON, Platform.SENSOR, Platform.SWITCH]

CONFIG_SCHEMA = vol.Schema(
    {DOMAIN: {vol.Required("address"): cv.string}}, extra=vol.ALLOW_EXTRA
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Listen for commands once Home Assistant runs."""
    hass.http.register_view(BareView())

    async def serve() -> None:
        try:
            address = config[DOMAIN]["address"]
            reader, writer = await asyncio.open_unix_connection(address)
            async for line in reader:
                name, arguments = json.loads(line)
                result = await COMMANDS[name](hass, **arguments)
                writer.write(json.dumps(result).encode() + b"\n")
        finally:
            # Who runs the benchmarks may have been killed
            hass.async_create_task(hass.async_stop())

    async def begin(hass: HomeAssistant) -> None:
        hass.async_create_background_task(serve(), "benchmark")

    async_at_started(hass, begin)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[object]) -> bool:
    """Set up entities as a relay has them: the floor."""
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True
