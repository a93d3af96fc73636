"""Sees what a person should act on while a relay runs."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..destinations.base import (
    DestinationError,
    NotStoredError,
    UnreachableError,
    WaitError,
)
from ..outbox.outbox import Outbox
from ..reading import SECOND, to_us
from . import relay_issues as issues

LOST_AFTER = 24 * 60 * 60.0
"""Seconds without an answer after which a service is reported."""

LOOK_INTERVAL = timedelta(minutes=5)
"""How often to see how near an outbox is to its bounds."""


class Alerts:
    """Reports what becomes of a relay's readings, where it is not what was wanted."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        outbox: Outbox,
        is_flowing: Callable[[], bool],
    ) -> None:
        """Initialize the alerts. While is_flowing, readings leave the outbox."""
        self._hass = hass
        self._entry = entry
        self._outbox = outbox
        self._is_flowing = is_flowing
        self._stop: CALLBACK_TYPE | None = None

    async def start(self) -> None:
        """Start to look at the outbox, now and again."""
        self._stop = async_track_time_interval(self._hass, self._look, LOOK_INTERVAL)
        await self._look()

    @callback
    def stop(self) -> None:
        """Stop to look."""
        if self._stop:
            self._stop()
            self._stop = None

    @callback
    def note(self, error: DestinationError | None) -> None:
        """Take note of whether a request had an answer."""
        if isinstance(error, WaitError):
            # Maybe from a proxy before a service that is gone
            return
        tally = self._outbox.tally
        if not isinstance(error, UnreachableError) or isinstance(error, NotStoredError):
            tally.unreachable_since = None
            return
        # No later than now, though the clock may have been set back
        now = to_us(_now())
        tally.unreachable_since = min(tally.unreachable_since or now, now)

    @callback
    def report(self) -> None:
        """Report what was noted, and take back what is over."""
        tally = self._outbox.tally
        since = tally.unreachable_since
        is_lost = since is not None and _now() - since / SECOND >= LOST_AFTER
        issues.async_update_reach(
            self._hass, self._entry, is_lost=is_lost and len(self._outbox) > 0
        )
        issues.async_update_refused(self._hass, self._entry, tally)
        issues.async_update_outbox(self._hass, self._entry, self._outbox)

    async def _look(self, _: datetime | None = None) -> None:
        """See how near the outbox is to its bounds."""
        outbox = self._outbox
        share = len(outbox) / outbox.max_readings
        # How old they are is of no matter while they leave
        if not self._is_flowing() and (oldest := await outbox.oldest()):
            share = max(share, (_now() - oldest / SECOND) / outbox.max_age)
        if self._stop:
            issues.async_update_room(self._hass, self._entry, share)


def _now() -> float:
    """Return seconds since the Unix epoch, UTC."""
    return dt_util.utcnow().timestamp()
