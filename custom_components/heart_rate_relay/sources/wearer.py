"""The heart rate of the wearer: what the most preferred live source says."""

from collections.abc import Callable
from datetime import datetime
from math import inf
from time import time

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..unexpected import guarded
from .observation import Observer


class Wearer:
    """The person whose readings a relay delivers."""

    def __init__(
        self, hass: HomeAssistant, first_live: Callable[[float], Observer | None]
    ) -> None:
        """Initialize the wearer, of whom first_live knows the source that counts at a time."""
        self.heart_rate: float | None = None
        """In bpm, None while no source is live."""
        self._hass = hass
        self._first_live = first_live
        self._listeners: list[CALLBACK_TYPE] = []
        self._timer: CALLBACK_TYPE | None = None
        self._due = inf
        """Until when the source was live that the timer was set for."""

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever the heart rate was measured, or is lost."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_update(self) -> None:
        """Ask the sources."""
        now = time()
        source = self._first_live(now)
        heart_rate = source.value if source else None
        if source and (not self._timer or source.live_until < self._due):
            # It may fall silent, and sooner than the one that counted before
            self.stop()
            self._due = source.live_until
            self._timer = async_call_later(
                self._hass, source.live_until - now + 0.1, self._may_be_silent
            )
        if heart_rate == self.heart_rate:
            return
        self.heart_rate = heart_rate
        for listener in self._listeners:
            listener()

    @callback
    @guarded
    def _may_be_silent(self, _: datetime) -> None:
        """Ask the sources when the one that counted was not heard of for long."""
        self._timer = None
        self.async_update()

    @callback
    def stop(self) -> None:
        """Ask no more."""
        if self._timer:
            self._timer()
            self._timer = None
