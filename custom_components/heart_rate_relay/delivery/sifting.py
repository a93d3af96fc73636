"""What of all that waits can go now."""

from collections.abc import Sequence
from math import inf

from ..destinations.base import Limits
from ..outbox.entries import Entries, Entry
from ..reading import now_us

DISK_RETRY = 1.0
"""Seconds after which to see whether a disk that failed is back."""

ANY = (-inf, inf)

CLOCK_TOLERANCE = 60.0
"""Seconds by which a reading may be ahead of this machine's clock."""

CLOCK_RETRY = 60.0
"""Seconds after which to see whether a clock that was set back is right again."""


def sift(
    entries: Entries, limits: Limits
) -> tuple[Entries, Sequence[tuple[Entry, str]]]:
    """Part what a service takes from what it never will, the latter with the reason.

    One that refuses a batch for a single bad reading must not get it. Nor one of the
    future, which stays: the clock was set back, maybe only until it is told the time.
    """
    if not limits.ranges:
        return entries, ()
    latest = _latest()
    good: list[int] = []
    objections: list[tuple[Entry, str]] = []
    for place, entry in enumerate(entries):
        metric, value, measured_at, *_ = entry.reading
        low, high = limits.ranges.get(metric, ANY)
        if not low <= value <= high:
            objections.append((entry, "out of range"))
        elif measured_at <= latest:
            good.append(place)
    return entries.pick(good), objections


def delay_after(entries: Sequence[Entry]) -> float | None:
    """Return the seconds after which to look again at what could not be sent.

    What waits has to wait for more, unless it cannot be read, or is of the future.
    """
    if not entries:
        return DISK_RETRY
    return CLOCK_RETRY if entries[-1].reading.measured_at > _latest() else None


def _latest() -> int:
    """Return the time in µs UTC beyond which a reading is of the future."""
    return now_us(CLOCK_TOLERANCE)
