"""Workouts of the past: found in what the recorder keeps, by the same rules."""

import asyncio
from collections.abc import Mapping, Sequence
import time

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from ..metrics import HEART_RATE
from ..outbox.coverage import Span
from ..past.history import Past
from ..reading import SECOND, Reading
from ..sources.sources import Sources
from .preference import Preferences
from .sample import Sample
from .tracker import Tracker

WINDOW = 30 * 60 * SECOND
"""How much of the past is read at once, in µs."""


async def async_find(
    hass: HomeAssistant,
    sources: Sequence[Sources],
    tracker: Tracker,
    preferences: Preferences,
    start: int,
    end: int,
) -> None:
    """Let a tracker know what sources measured between two times (µs).

    Whether a sensor was worn then is not known: what it measured counts. Raises what the
    database does.
    """
    instance = get_instance(hass)
    # What was measured last may not have been written yet
    await instance.async_block_till_done()
    pasts = [
        Past(hass, one.without_memory(), _wanted(one, start, end), end)
        for one in sources
    ]
    while start < end:
        until = min(start + WINDOW, end)
        readings: list[Reading] = []
        began = time.monotonic()
        nothing_until = end
        for past in pasts:
            chunk = await instance.async_add_executor_job(past.read, start, until)
            readings += chunk.readings
            nothing_until = min(nothing_until, chunk.until)
        for reading in sorted(readings, key=lambda reading: reading.measured_at):
            if reading.metric is HEART_RATE or preferences.counts(reading):
                tracker.take(Sample.of(reading))
        start = max(until, nothing_until)
        tracker.pass_time(start)
        # As long for everybody else
        await asyncio.sleep(time.monotonic() - began)


def _wanted(sources: Sources, start: int, end: int) -> Mapping[str, list[Span]]:
    """Return which time is wanted of each source."""
    return {source_id: [[start, end]] for source_id in sources.ids}
