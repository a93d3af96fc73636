"""Heart Rate Relay delivers heart rates to the services that a person chose."""

from contextlib import suppress

from homeassistant.const import Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .issues import async_delete_all
from .monitor.coordinator import MonitorConfigEntry, MonitorCoordinator, is_monitor
from .relay.coordinator import RelayConfigEntry, RelayCoordinator, outbox_path
from .relay.follow import async_follow_new
from .relay.handover import async_take_over
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

MONITOR_PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.SENSOR]
RELAY_PLATFORMS = [Platform.BUTTON, Platform.SENSOR, Platform.SWITCH]

type HeartRateRelayConfigEntry = MonitorConfigEntry | RelayConfigEntry


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> bool:
    """Set up a monitor or a relay, whether or not it is near, or its service answers."""
    coordinator: MonitorCoordinator | RelayCoordinator
    if is_monitor(entry):
        coordinator = entry.runtime_data = MonitorCoordinator(hass, entry)
    else:
        coordinator = entry.runtime_data = RelayCoordinator(hass, entry)
    await coordinator.async_start()
    if not is_monitor(entry):
        entry.async_on_unload(async_follow_new(hass, entry))

    async def stop(_: Event) -> None:
        # Unloading is left out when Home Assistant stops
        await coordinator.async_stop()

    entry.async_on_unload(hass.bus.async_listen_once(coordinator.stops_at, stop))
    await hass.config_entries.async_forward_entry_setups(entry, _platforms(entry))
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> bool:
    """Unload a monitor or a relay."""
    if unloaded := await hass.config_entries.async_unload_platforms(
        entry, _platforms(entry)
    ):
        await entry.runtime_data.async_stop()
        async_delete_all(hass, entry, ignored=False)
    return unloaded


async def async_remove_entry(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> None:
    """Remove a relay's readings and tokens with it, and what was reported of the entry."""
    async_delete_all(hass, entry)
    async_take_over(hass, entry.entry_id)
    path = outbox_path(hass, entry.entry_id)

    def remove() -> None:
        for file in path.parent.glob(f"{path.stem}.*"):
            file.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()

    await hass.async_add_executor_job(remove)


def _platforms(entry: HeartRateRelayConfigEntry) -> list[Platform]:
    """Return what an entry has entities of."""
    return MONITOR_PLATFORMS if is_monitor(entry) else RELAY_PLATFORMS
