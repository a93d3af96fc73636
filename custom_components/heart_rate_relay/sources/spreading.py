"""What was counted over a time is spread over it: each day has its share.

All times are in microseconds since the Unix epoch, UTC.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from homeassistant.util import dt as dt_util

from ..reading import SECOND, to_us


def parts(
    amount: int, start: int, end: int, most: int
) -> Iterator[tuple[int, int, int]]:
    """Part an amount at midnights, and where that is too much, evenly in time."""
    for some, day_start, day_end in _shares(
        amount, [start, *_midnights(start, end), end]
    ):
        number = -(-some // most)
        duration = day_end - day_start
        times = [day_start + duration * part // number for part in range(number + 1)]
        yield from _shares(some, times)


def _shares(amount: int, times: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Spread an amount evenly over a time, and yield that of each part of it."""
    told = 0
    for start, end in pairwise(times):
        until = amount * (end - times[0]) // (times[-1] - times[0])
        if until > told:
            yield until - told, start, end
        told = until


def midnight(at: int) -> int:
    """Return when the local day began."""
    return _day_start(_local(at))


def _midnights(start: int, end: int) -> Iterator[int]:
    """Yield all local midnights between two times."""
    day = _local(start).date()
    while (next_day := _day_start(day := day + timedelta(days=1))) < end:
        yield next_day


def _local(at: int) -> datetime:
    """Return a time as the clock on the wall tells it."""
    return dt_util.as_local(dt_util.utc_from_timestamp(at / SECOND))


def _day_start(day: date) -> int:
    """Return when a local day begins, as long as it may be."""
    return to_us(dt_util.start_of_local_day(day).timestamp())
