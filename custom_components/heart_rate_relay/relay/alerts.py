"""Sees what a person should act on while a relay runs."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ..destinations.errors import (
    DestinationError,
    NotStoredError,
    RefusedError,
    RefusesAllError,
    UnreachableError,
    WaitError,
)
from ..outbox.outbox import Outbox
from ..reading import SECOND, to_us
from . import relay_issues as issues

PATIENCE = 5 * 60.0
"""Seconds without a delivery after which no service is only busy any more."""

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
        on_lasting: Callable[[], None],
    ) -> None:
        """Initialize the alerts.

        While is_flowing, readings leave the outbox. When they have not for so long that a
        person should know, on_lasting is called.
        """
        self._hass = hass
        self._entry = entry
        self._outbox = outbox
        self._is_flowing = is_flowing
        self._on_lasting = on_lasting
        self._stop: CALLBACK_TYPE | None = None
        self._timer: CALLBACK_TYPE | None = None
        self._refusal: RefusesAllError | None = None

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
        self._set_timer(None)

    @property
    def is_lasting(self) -> bool:
        """Whether the service has taken nothing for minutes, without a sensible answer."""
        return self._has_lasted(PATIENCE)

    def _has_lasted(self, seconds: float) -> bool:
        since = self._outbox.tally.unreachable_since
        return since is not None and _now() - since / SECOND >= seconds

    @callback
    def note(self, error: DestinationError | None) -> None:
        """Take note of what a request came to."""
        tally = self._outbox.tally
        match error:
            case None | NotStoredError():
                tally.note_answer()
            case UnreachableError() | WaitError() | RefusesAllError():
                # No later than now, though the clock may have been set back
                now = to_us(_now())
                tally.unreachable_since = min(tally.unreachable_since or now, now)
            case RefusedError():
                return
            case _:
                tally.note_answer()
        self._refusal = error if isinstance(error, RefusesAllError) else None
        self._set_timer(tally.unreachable_since)

    @callback
    def _set_timer(self, since: int | None) -> None:
        """Look again when patience ends with what lasts since a time in µs UTC."""
        if self._timer:
            self._timer()
            self._timer = None
        if self._stop and since is not None and not self.is_lasting:
            left = PATIENCE - (_now() - since / SECOND)
            self._timer = async_call_later(self._hass, left, self._lose_patience)

    @callback
    def _lose_patience(self, _: datetime) -> None:
        self._timer = None
        # It may be a little early by the wall clock
        self._set_timer(self._outbox.tally.unreachable_since)
        self._on_lasting()

    @callback
    def report(self) -> None:
        """Report what was noted, and take back what is over."""
        reason = self._refusal.detail if self._refusal and self.is_lasting else None
        issues.async_update_refuses_all(self._hass, self._entry, reason)
        is_lost = reason is None and self._has_lasted(LOST_AFTER)
        issues.async_update_reach(
            self._hass, self._entry, is_lost=is_lost and len(self._outbox) > 0
        )
        issues.async_update_refused(self._hass, self._entry, self._outbox.tally)
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
