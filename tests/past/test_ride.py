"""The recorder's past of counters, trackers and people becomes what it was when it was new."""

import time
from typing import Any

import pytest

from custom_components.heart_rate_relay.metrics import (
    CYCLING_DISTANCE,
    ENERGY,
    LATITUDE,
    Metric,
)
from custom_components.heart_rate_relay.past.history import Past
from custom_components.heart_rate_relay.reading import Reading, to_us
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from ..sources.test_sources import Listener

SECOND = 1_000_000
STILL = range(20, 40)
"""In which of its moments the ride stands still."""


@pytest.fixture
def now(recorder_mock: Recorder) -> float:
    """Return the time, with a recorder that keeps what is measured."""
    return time.time()


async def remembered(
    hass: HomeAssistant, listener: Listener, start: float, end: float
) -> list[Reading]:
    """Return what the recorder has of a listener's sources."""
    await get_instance(hass).async_block_till_done()
    span = [to_us(start), to_us(end)]
    wanted = {source_id: [span] for source_id in listener.sources.ids}
    past = Past(hass, listener.sources.without_memory(), wanted)
    chunk = await get_instance(hass).async_add_executor_job(past.read, *span)
    return list(chunk.readings)


def facts(readings: list[Reading]) -> list[tuple[str, float, int, int]]:
    """Return what readings say, in order."""
    return sorted((r.metric.key, r.value, r.measured_at, r.duration) for r in readings)


@pytest.mark.parametrize(
    ("metric", "unit", "state_class"),
    [
        (CYCLING_DISTANCE, "km", "total_increasing"),
        (CYCLING_DISTANCE, "mi", "measurement"),
        (ENERGY, "kJ", None),
    ],
)
async def test_counter(
    now: float, hass: HomeAssistant, metric: Metric, unit: str, state_class: str | None
) -> None:
    """The increments are the same, and together what was gained."""
    entity_id = f"sensor.bike_{metric.key}_of_today"
    attributes = {"unit_of_measurement": unit, "state_class": state_class}
    if metric.device_class:
        attributes["device_class"] = metric.device_class
    start = now - 3000

    def show(moment: int) -> None:
        moved = moment - sum(still < moment for still in STILL)
        value = f"{0.123 * moved:.3f}"
        at = start + moment * 10
        hass.states.async_set(entity_id, value, attributes, timestamp=at)

    show(0)
    listener = Listener(hass, [entity_id], metric=metric)
    for moment in range(1, 60):
        show(moment)
    found = await remembered(hass, listener, start, now)
    assert facts(found) == facts(listener.readings)
    assert len(found) == 39
    factor = {"km": 1000, "mi": 1609.344, "kJ": 1 / 4.184}[unit]
    total = sum(reading.value for reading in found)
    assert total == pytest.approx(0.123 * 39 * factor, abs=0.001)
    listener.sources.stop()


@pytest.mark.parametrize("entity_id", ["device_tracker.phone", "person.rider"])
async def test_position(now: float, hass: HomeAssistant, entity_id: str) -> None:
    """Places are the same, those of a phone that lies still as well."""
    start = now - 3000
    is_tracker = entity_id.startswith("device_tracker.")

    def locate(moment: int) -> None:
        moved = moment - sum(still < moment for still in STILL)
        said: dict[str, Any] = {
            "latitude": 52 + moved / 1000,
            "longitude": 13.4,
            "gps_accuracy": 5,
        }
        if is_tracker:
            said |= {"source_type": "gps", "speed": moved % 9, "battery_level": 80}
        hass.states.async_set(
            entity_id,
            "not_home",
            said,
            force_update=is_tracker,
            timestamp=start + moment * 10,
        )

    locate(0)
    listener = Listener(hass, [entity_id], metric=LATITUDE)
    for moment in range(1, 60):
        locate(moment)
    found = await remembered(hass, listener, start, now)
    by_time = {r.measured_at: r.value for r in found if r.metric is LATITUDE}
    assert len(found) == len(by_time) * (5 if is_tracker else 3)
    if is_tracker:
        assert facts(found) == facts(listener.readings)
        assert len(by_time) == 59
    else:
        # What was said again is not kept
        assert set(facts(found)) <= set(facts(listener.readings))
        assert len(by_time) >= 39
    listener.sources.stop()
