"""Are the right sensors found in Home Assistant, without holding it up?"""

import threading
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.sources import finding
from custom_components.heart_rate_relay.sources.detection.candidate import Candidate
from custom_components.heart_rate_relay.sources.detection.other_metrics import verdicts
from custom_components.heart_rate_relay.sources.detection.vocabulary import vocabulary
from custom_components.heart_rate_relay.sources.finding import (
    async_find,
    async_is_match,
    may_be_source,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.loader import Integration, async_get_integration

HEART_RATE = metrics.HEART_RATE


def add(
    hass: HomeAssistant,
    device: str,
    name: str,
    platform: str = "some_watch",
    renamed: str | None = None,
    **attributes: Any,
) -> str:
    """Add a sensor of a device, and return its entity id."""
    entry = MockConfigEntry(domain=platform)
    entry.add_to_hass(hass)
    devices = dr.async_get(hass)
    of = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(platform, device)}, name=device
    )
    sensor = er.async_get(hass).async_get_or_create(
        "sensor",
        platform,
        f"{device} {name}",
        config_entry=entry,
        device_id=of.id,
        has_entity_name=True,
        original_name=name,
    )
    if renamed:
        devices.async_update_device(of.id, name_by_user=renamed)
    friendly_name = f"{renamed or device} {name}"
    attributes = {
        "unit_of_measurement": "bpm",
        "friendly_name": friendly_name,
    } | attributes
    hass.states.async_set(sensor.entity_id, "72", attributes)
    return sensor.entity_id


@pytest.mark.parametrize(
    "device", ["Suunto Peak", "Zone Gym", "Hatch Rest", "Charge Max"]
)
@pytest.mark.parametrize("renamed", [None, "Anna's watch"])
async def test_renamed(hass: HomeAssistant, device: str, renamed: str | None) -> None:
    """A device may be called as it likes, now and before."""
    sensor = add(hass, device, "Heart rate", renamed=renamed)
    resting = add(hass, device, "Resting heart rate", renamed=renamed)
    found = await async_find(hass)
    assert found.matches[HEART_RATE] == [sensor]
    assert found.matches[metrics.RESTING_HEART_RATE] == [resting]


async def test_beside_a_pressure(hass: HomeAssistant) -> None:
    """The pulse that a blood-pressure meter takes is told by what is beside it."""
    pulse = add(hass, "Omron", "Pulse")
    watch = add(hass, "Watch", "Pulse", platform="other_watch")
    found = await async_find(hass)
    assert set(found.matches[HEART_RATE]) == {pulse, watch}
    pressure = {"unit_of_measurement": "mmHg", "device_class": "pressure"}
    entries = er.async_get(hass)
    device_id = entries.entities[pulse].device_id
    systolic = entries.async_get_or_create("sensor", "x", "s", device_id=device_id)
    hass.states.async_set(systolic.entity_id, "120", pressure)
    entries.async_get_or_create("button", "x", "s", device_id=device_id)
    found = await async_find(hass)
    assert found.matches[HEART_RATE] == [watch]
    assert found.suggestions[HEART_RATE] == [pulse]
    for sensor, is_match in (
        (pulse, False),
        (watch, True),
        (systolic.entity_id, False),
    ):
        state = hass.states.get(sensor)
        assert state
        assert await async_is_match(hass, state) is is_match


async def test_polled_come_last(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What asks a cloud now and then is late, whoever it is."""
    first = add(hass, "A", "Heart rate", platform="withings")
    polled = add(hass, "B", "Heart rate", platform="some_cloud")
    other = add(hass, "C", "Heart rate", platform="some_thing")
    found = await async_find(hass)
    assert found.matches[HEART_RATE] == [polled, other, first]

    some_cloud = await async_get_integration(hass, "sensor")
    monkeypatch.setattr(Integration, "iot_class", "cloud_polling")
    hass.data["integrations"]["some_cloud"] = some_cloud
    found = await async_find(hass)
    assert found.matches[HEART_RATE] == [other, first, polled]


UNLIKELY: list[dict[str, str]] = [
    {"unit_of_measurement": "°C", "device_class": "temperature"},
    {"unit_of_measurement": "W", "device_class": "power"},
    {"unit_of_measurement": "%"},
    {"unit_of_measurement": "m³/h"},
    {"device_class": "timestamp"},
    {"device_class": "enum"},
    {"unit_of_measurement": "bpm", "state_class": "measurement_angle"},
]
LIKELY: list[dict[str, str]] = [
    {},
    {"unit_of_measurement": "bpm", "device_class": "temperature"},
    {"unit_of_measurement": "steps", "state_class": "total_increasing"},
    {"unit_of_measurement": "ms", "device_class": "duration"},
    {"unit_of_measurement": "Hz", "device_class": "frequency"},
    {"device_class": "heart_rate"},
    {"unit_of_measurement": "歩"},
]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [*((each, False) for each in UNLIKELY), *((each, True) for each in LIKELY)],
)
def test_may_be_source(attributes: dict[str, str], expected: bool) -> None:
    """Most sensors are told apart without a look at their names."""
    assert may_be_source(State("sensor.heart_rate", "72", attributes)) is expected


async def test_event_loop_is_left_alone(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what may be a source is judged, and not where everything else happens."""
    judged: list[str] = []

    def judge(candidate: Candidate) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        judged.append(candidate.entity_id)
        return verdicts(candidate)

    monkeypatch.setattr(finding, "verdicts", judge)
    for number, attributes in enumerate(UNLIKELY):
        hass.states.async_set(f"sensor.{number}_heart_rate", "72", attributes)
    hass.states.async_set("sensor.mood_heart_rate", "calm")
    hass.states.async_set("light.heart_rate", "on", {"unit_of_measurement": "bpm"})
    strap = add(hass, "Strap", "Heart rate")
    found = await async_find(hass)
    assert judged == found.matches[HEART_RATE] == [strap]
    for state in hass.states.async_all("sensor"):
        assert await async_is_match(hass, state) is (state.entity_id == strap)


async def test_words_are_there_afterwards(hass: HomeAssistant) -> None:
    """What a unit means is asked in the event loop next, also where nothing was found."""
    vocabulary.cache_clear()
    await async_find(hass)
    assert vocabulary.cache_info().currsize
