"""When a measurement was made that a monitor tells with a time: it may have kept it for days.

Its clock has no zone, and may be wrong: never set, set back by a new battery, or that of
another country.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..unexpected import guarded
from .measuring import has_value
from .profiles.base import Values
from .profiles.quantities import MEASURED_AT

OLDEST: Final = timedelta(days=366)
"""What is told to be older than that is of a clock that was never set."""

AHEAD: Final = timedelta(seconds=60)
"""By how much a clock may be ahead of ours.

What it tells is told as it is: by its time a record is known that is told once more.
"""

HOLD_TIME: Final = 3.0
"""Seconds after which nothing more comes of what a monitor has kept, and tells at once."""

HOLD_AT_MOST: Final = 60.0
"""Seconds for which it tells that: what goes on for longer is measured meanwhile."""

type Tell = Callable[[str, Values, float, datetime | None], None]
"""Takes what a characteristic tells, received at a monotonic time, and when it was measured.

None where that is now.
"""


class _Held(NamedTuple):
    """A measurement by a clock that is wrong."""

    values: Values
    at: float
    received: datetime


class Records:
    """Finds out when measurements were made.

    Where the clock is wrong, the last of what is told at once is what the monitor was just
    used for. What it had kept before that was measured nobody knows when, and is not told.
    """

    def __init__(self, hass: HomeAssistant, tell: Tell) -> None:
        """Initialize with who is to be told."""
        self._hass = hass
        self._tell = tell
        self._held: dict[str, _Held] = {}
        """By characteristic, the last one each."""
        self._held_since = 0.0
        self._timer: CALLBACK_TYPE | None = None

    @callback
    def take(self, characteristic: str, values: Values, at: float) -> None:
        """Take what a packet tells, received at a monotonic time in seconds."""
        if MEASURED_AT.key not in values:
            self._tell(characteristic, values, at, None)
            return
        told = values[MEASURED_AT.key]
        time = told if isinstance(told, datetime) else None
        rest = {key: value for key, value in values.items() if key != MEASURED_AT.key}
        now = dt_util.utcnow()
        if measured_at := meant_by(time, now):
            self._tell(characteristic, rest, at, measured_at)
            return
        if characteristic in self._held and not any(map(has_value, rest.values())):
            # As what an oximeter calls stored: that is not what it was just used for
            return
        self._held[characteristic] = _Held(rest, at, now)
        if self._timer:
            self._timer()
        else:
            self._held_since = at
        left = max(0.0, self._held_since + HOLD_AT_MOST - at)
        self._timer = async_call_later(
            self._hass, min(HOLD_TIME, left), self._tell_held
        )

    @callback
    def stop(self) -> None:
        """Tell what is held: nothing more comes of it, and the monitor keeps it no longer."""
        if self._timer:
            self._timer()
            self._tell_held(dt_util.utcnow())

    @callback
    @guarded
    def _tell_held(self, _: datetime) -> None:
        """Tell what was told last, as measured when it was received."""
        self._timer = None
        held, self._held = self._held, {}
        for characteristic, one in held.items():
            self._tell(characteristic, one.values, one.at, one.received)


def meant_by(time: datetime | None, now: datetime) -> datetime | None:
    """Return when that was in UTC, None where the clock is wrong.

    The zone is that of the home. Of the hour that comes twice when summer ends it is the
    later one that can be.
    """
    if time is None:
        return None
    zone = dt_util.get_default_time_zone()
    moments = (time.replace(tzinfo=zone, fold=fold).timestamp() for fold in (1, 0))
    earliest, latest = (now - OLDEST).timestamp(), (now + AHEAD).timestamp()
    for moment in moments:
        if earliest <= moment <= latest:
            return datetime.fromtimestamp(moment, UTC)
    return None
