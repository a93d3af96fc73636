"""What all relays and workouts of a Home Assistant heed while a backup of it is made."""

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .outbox.hold import Hold

HOLD: HassKey[Hold] = HassKey(f"{DOMAIN}_hold")


@callback
def async_hold(hass: HomeAssistant) -> Hold:
    """Return what holds the files of all, those that are loaded meanwhile among them."""
    if HOLD not in hass.data:
        hold = hass.data[HOLD] = Hold()

        async def end(_: Event) -> None:
            # A backup that is not over by then fails: what waits must not
            await hold.end()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, end)
    return hass.data[HOLD]
