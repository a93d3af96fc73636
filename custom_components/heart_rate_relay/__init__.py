"""Heart Rate Relay delivers heart rates to the services that a person chose."""

from contextlib import suppress

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import config_validation as cv

from .const import DOMAIN
from .relay.coordinator import RelayConfigEntry, RelayCoordinator, outbox_path
from .relay.follow import async_follow_new
from .relay.issues import async_delete_issues

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [Platform.BUTTON, Platform.SENSOR, Platform.SWITCH]


async def async_setup_entry(hass: HomeAssistant, entry: RelayConfigEntry) -> bool:
    """Set up a relay. It collects, whether or not the service answers."""
    coordinator = RelayCoordinator(hass, entry)
    await coordinator.async_start()
    entry.runtime_data = coordinator

    async def stop(_: Event) -> None:
        # Unloading is left out when Home Assistant stops
        await coordinator.async_stop()

    entry.async_on_unload(
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, stop)
    )
    entry.async_on_unload(async_follow_new(hass, entry))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: RelayConfigEntry) -> bool:
    """Unload a relay."""
    if unloaded := await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        await entry.runtime_data.async_stop()
        async_delete_issues(hass, entry)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: RelayConfigEntry) -> None:
    """Remove a relay's readings and tokens with it."""
    path = outbox_path(hass, entry.entry_id)

    def remove() -> None:
        for file in path.parent.glob(f"{path.stem}.*"):
            file.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()

    await hass.async_add_executor_job(remove)
