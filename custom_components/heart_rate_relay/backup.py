"""Has each relay leave its readings alone, in one whole file, while a backup is made."""

import asyncio
from collections.abc import Iterator

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .outbox.outbox import Outbox
from .relay.coordinator import RelayCoordinator


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Write what waits, and hold what comes in."""
    await asyncio.gather(*(outbox.hold() for outbox in _outboxes(hass)))


async def async_post_backup(hass: HomeAssistant) -> None:
    """Go on."""
    await asyncio.gather(*(outbox.release() for outbox in _outboxes(hass)))


def _outboxes(hass: HomeAssistant) -> Iterator[Outbox]:
    """Yield the outboxes of all relays that run."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if isinstance(relay := entry.runtime_data, RelayCoordinator):
            yield relay.outbox
