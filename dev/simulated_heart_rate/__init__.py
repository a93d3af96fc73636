"""Simulated sensors, and a phone on a ride, for development: no part of what is released."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.typing import ConfigType

from .const import CONF_LEDGER, DOMAIN, SERVICE_STOP, SIGNAL_STOP
from .record import Writer

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = (Platform.DEVICE_TRACKER, Platform.SENSOR)

type SimulationConfigEntry = ConfigEntry[Writer]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the action that ends the simulation."""

    @callback
    def stop(call: ServiceCall) -> None:
        async_dispatcher_send(hass, SIGNAL_STOP)

    hass.services.async_register(DOMAIN, SERVICE_STOP, stop)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SimulationConfigEntry) -> bool:
    """Start the simulation."""
    entry.runtime_data = await hass.async_add_executor_job(
        Writer, entry.data[CONF_LEDGER]
    )
    entry.async_on_unload(entry.runtime_data.close)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: SimulationConfigEntry) -> bool:
    """End the simulation."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
