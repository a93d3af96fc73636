"""Has what relays and workouts keep left alone, in whole files, while a backup is made."""

from homeassistant.core import HomeAssistant

from .held import async_hold


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Write what waits, and hold what comes in."""
    await async_hold(hass).begin()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Go on."""
    await async_hold(hass).end()
