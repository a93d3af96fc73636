"""How monitors and relays do, on Home Assistant's page about its system."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .monitor.coordinator import MonitorCoordinator
from .relay.coordinator import RelayCoordinator
from .relay.data import Status


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Register what there is to tell."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return how many there are, and how many of them do well."""
    running = [
        entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)
    ]
    monitors = [one for one in running if isinstance(one, MonitorCoordinator)]
    relays = [one for one in running if isinstance(one, RelayCoordinator)]
    return {
        "monitors": len(monitors),
        "monitors_reached": sum(monitor.data.is_reached for monitor in monitors),
        "relays": len(relays),
        "services_reached": sum(
            relay.data.status is not Status.UNREACHABLE for relay in relays
        ),
        "readings_waiting": sum(len(relay.outbox) for relay in relays),
    }
