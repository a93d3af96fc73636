"""New heart-rate sensors become sources, and nothing is read or judged for others."""

from collections.abc import Mapping
import threading

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.metrics import Metric
from custom_components.heart_rate_relay.sources import finding
from custom_components.heart_rate_relay.sources.detection.candidate import (
    Candidate,
    Verdict,
)
from custom_components.heart_rate_relay.sources.detection.other_metrics import verdicts
from custom_components.heart_rate_relay.sources.detection.vocabulary import vocabulary
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from ..common import STRAP, WATCH, measure, relay_entry, set_up, until


def following(**options: list[str]) -> MockConfigEntry:
    """Return a relay that delivers nothing, and adds sensors by itself."""
    data = {"access_token": "a"}
    return relay_entry("pulsoid", data, follow_new=True, paused=True, **options)


async def test_words_are_read_when_needed(hass: HomeAssistant) -> None:
    """Words are read when a sensor appears that may be one, and no sooner."""
    vocabulary.cache_clear()
    entry = following()
    await set_up(hass, entry)
    attributes = {"unit_of_measurement": "°C", "device_class": "temperature"}
    hass.states.async_set("sensor.kitchen", "20", attributes)
    measure(hass, 70)
    await hass.async_block_till_done()
    assert not vocabulary.cache_info().currsize
    measure(hass, 70, WATCH)
    await until(lambda: entry.options["sources"] == [STRAP, WATCH])
    assert vocabulary.cache_info().currsize
    await hass.config_entries.async_unload(entry.entry_id)


async def test_of_another_metric(hass: HomeAssistant) -> None:
    """What was chosen for another metric is known."""
    entry = following(resting_heart_rate_sources=[WATCH])
    await set_up(hass, entry)
    measure(hass, 70, WATCH)
    await hass.async_block_till_done()
    assert entry.options["sources"] == [STRAP]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_both_at_once(hass: HomeAssistant) -> None:
    """Sensors that appear together become sources together, each once."""
    entry = following()
    await set_up(hass, entry)
    for _ in range(2):
        measure(hass, 70, WATCH)
        measure(hass, 70, "sensor.ring_heart_rate")
        hass.states.async_remove(WATCH)
    await hass.async_block_till_done()
    expected = {STRAP, WATCH, "sensor.ring_heart_rate"}
    assert sorted(entry.options["sources"]) == sorted(expected)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_unloaded_meanwhile(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay that is unloaded while a sensor is judged takes none."""
    gate = threading.Event()

    def judge(candidate: Candidate) -> Mapping[Metric, Verdict]:
        gate.wait(10)
        return verdicts(candidate)

    monkeypatch.setattr(finding, "verdicts", judge)
    entry = following()
    await set_up(hass, entry)
    measure(hass, 70, WATCH)
    unload = hass.config_entries.async_unload(entry.entry_id)
    unloading = hass.async_create_task(unload)
    await until(lambda: entry.state is not ConfigEntryState.LOADED)
    gate.set()
    assert await unloading
    await hass.async_block_till_done()
    assert entry.options["sources"] == [STRAP]
