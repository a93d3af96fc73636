"""Keeps a destination that is served from here in touch with the relay that it is of."""

from collections.abc import Callable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..destinations.base import Destination
from ..destinations.hosted import CONF_SECRET, Hosted
from ..sources.wearer import Wearer
from ..unexpected import guarded


class Hosting:
    """A destination that is served from here, and what it has to be told."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, hosted: Hosted) -> None:
        """Initialize for the destination of a relay."""
        self.hosted = hosted
        self._hass = hass
        self._entry = entry
        self._is_live: Callable[[], bool] = bool
        self._unlisten: CALLBACK_TYPE | None = None

    @callback
    def start(self, wearer: Wearer, is_paused: Callable[[], bool]) -> None:
        """Tell from now on whether a wearer's heart is measured, and may be seen."""

        def is_live() -> bool:
            return wearer.heart_rate is not None and not is_paused()

        self._is_live = is_live
        self._unlisten = wearer.async_add_listener(self.update)
        # It may go on as it was before the relay was loaded again
        self.update()

    @callback
    def stop(self) -> None:
        """Show nothing any more, to anybody."""
        if self._unlisten:
            self._unlisten()
            self._unlisten = None
        self.hosted.stop()

    @callback
    @guarded
    def update(self) -> None:
        """Tell whether a heart rate is to be seen, as far as that is news."""
        self.hosted.set_live(self._is_live())

    @callback
    def async_replace_secret(self) -> None:
        """Give it another address. The old one is good no more."""
        secret = self.hosted.replace_secret()
        self._hass.config_entries.async_update_entry(
            self._entry, data={**self._entry.data, CONF_SECRET: secret}
        )


def create_hosting(
    hass: HomeAssistant, entry: ConfigEntry, destination: Destination
) -> Hosting | None:
    """Return what a destination needs that is served from here, None for any other."""
    if isinstance(destination, Hosted):
        return Hosting(hass, entry, destination)
    return None
