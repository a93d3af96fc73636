"""What a monitor shows, and what a person can do with it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from custom_components.heart_rate_relay.const import PUBLISH_INTERVAL
from custom_components.heart_rate_relay.monitor import coordinator, measuring
from dev.virtual_proxy import Strap, World
from dev.virtual_proxy.measurement import measurement
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from tests.common import until

from .common import (
    ADDRESS,
    ALL,
    NAME,
    assert_quiet,
    device_of,
    enable,
    monitor_entry,
    note_states,
    quick_strap,
    say,
    set_up_monitor,
    value_of,
    wear,
)

HEART_RATE = "sensor.strap_12_heart_rate"
VARIABILITY = "sensor.strap_12_heart_rate_variability"
RR_INTERVAL = "sensor.strap_12_rr_interval"
ENERGY = "sensor.strap_12_energy_expended"
BATTERY = "sensor.strap_12_battery"
SIGNAL_STRENGTH = "sensor.strap_12_signal_strength"
BODY_LOCATION = "sensor.strap_12_body_location"
CONNECTED = "binary_sensor.strap_12_connected"
SKIN_CONTACT = "binary_sensor.strap_12_skin_contact"
RESET_ENERGY = "button.strap_12_reset_energy"

EACH = {HEART_RATE, CONNECTED, SIGNAL_STRENGTH}
"""What every monitor has."""

ENTITIES = {
    HEART_RATE: ("heart_rate", None),
    VARIABILITY: ("rmssd", None),
    RR_INTERVAL: ("rr_interval", None),
    ENERGY: ("energy", None),
    BATTERY: ("battery", EntityCategory.DIAGNOSTIC),
    SIGNAL_STRENGTH: ("signal_strength", EntityCategory.DIAGNOSTIC),
    BODY_LOCATION: ("body_location", EntityCategory.DIAGNOSTIC),
    CONNECTED: ("connected", EntityCategory.DIAGNOSTIC),
    SKIN_CONTACT: ("skin_contact", None),
    RESET_ENERGY: ("reset_energy", EntityCategory.CONFIG),
}
"""The key and the category of each entity. Its name is in its entity id."""

UNITS = {
    HEART_RATE: "bpm",
    VARIABILITY: "ms",
    RR_INTERVAL: "ms",
    ENERGY: "kJ",
    BATTERY: "%",
    SIGNAL_STRENGTH: "dBm",
}

BEATS = [850, 900, 950, 880, 910] * 8
"""Intervals between beats in 1/1024 s, for more than half a minute."""


def silent_strap(**options: Any) -> Strap:
    """Return a strap that measures when it is told to."""
    return quick_strap(muted=True, **options)


# Which there are


async def test_entities(hass: HomeAssistant, air: World) -> None:
    """A strap that has everything has all entities."""
    strap = quick_strap(energy=5, heart_rate=240, rate=8)
    entry = await wear(hass, air, strap)
    registry = er.async_get(hass)

    def entities() -> dict[str, er.RegistryEntry]:
        return {
            entity.entity_id: entity
            for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        }

    await until(lambda: len(entities()) == len(ENTITIES))
    assert {
        entity_id: (
            entity.unique_id.removeprefix(f"{entry.entry_id}_"),
            entity.entity_category,
        )
        for entity_id, entity in entities().items()
    } == ENTITIES
    disabled = {key for key, entity in entities().items() if entity.disabled_by}
    assert disabled == {RR_INTERVAL, SIGNAL_STRENGTH}
    units = {
        entity_id: entity.unit_of_measurement
        for entity_id, entity in entities().items()
        if entity.unit_of_measurement
    }
    assert units == UNITS
    assert all(entity.has_entity_name for entity in entities().values())
    assert {entity.device_id for entity in entities().values()} == {
        device_of(hass, entry).id
    }


async def test_device(hass: HomeAssistant, air: World) -> None:
    """The device tells what the monitor tells of itself, also later without it."""
    entry = await wear(hass, air, quick_strap())
    for _ in range(2):
        await until(lambda: device_of(hass, entry).serial_number)
        found = device_of(hass, entry)
        assert found.name == NAME
        assert (found.manufacturer, found.model) == ("Invented Straps", "IS-1")
        assert found.serial_number == "00000001"
        assert (found.sw_version, found.hw_version) == ("1.2.3", "4.5")
        assert found.connections == {(dr.CONNECTION_BLUETOOTH, ADDRESS)}
        dr.async_get(hass).async_remove_device(found.id)
        air.straps[0].power_off()
        assert await hass.config_entries.async_reload(entry.entry_id)


async def test_values(hass: HomeAssistant, air: World) -> None:
    """Each entity shows what it is about."""
    strap = silent_strap(battery=55, body_location=2)
    await wear(hass, air, strap, features=ALL)
    await until(lambda: value_of(hass, BODY_LOCATION) == "wrist")
    assert value_of(hass, HEART_RATE) == STATE_UNKNOWN
    assert value_of(hass, SKIN_CONTACT) == STATE_UNKNOWN
    packets = [
        measurement(72, contact=True, energy=9, intervals=BEATS[start : start + 5])
        for start in range(0, len(BEATS), 5)
    ]
    await say(hass, strap, *packets)
    assert value_of(hass, HEART_RATE) == "72"
    assert value_of(hass, ENERGY) == "9"
    assert value_of(hass, SKIN_CONTACT) == STATE_ON
    assert value_of(hass, BATTERY) == "55"
    assert value_of(hass, CONNECTED) == STATE_ON
    # Differences of 50, 50, -70, 30 and -60 of 1024, again and again
    assert float(value_of(hass, VARIABILITY)) == pytest.approx(52, abs=1)


async def test_added_when_learned(hass: HomeAssistant, air: World) -> None:
    """A monitor that was added unread gets its other entities when it is worn."""
    entry = monitor_entry()
    await set_up_monitor(hass, entry)
    registry = er.async_get(hass)

    def ids() -> set[str]:
        entities = er.async_entries_for_config_entry(registry, entry.entry_id)
        return {entity.entity_id for entity in entities}

    assert ids() == EACH
    strap = air.add_strap(silent_strap())
    await until(lambda: strap.links and entry.runtime_data.data.is_reached)
    await until(lambda: ids() == EACH | {BATTERY, BODY_LOCATION})
    await say(hass, strap, measurement(72, contact=True))
    await until(lambda: SKIN_CONTACT in ids())
    await say(hass, strap, measurement(72, contact=True, intervals=[853]))
    await until(lambda: {VARIABILITY, RR_INTERVAL} <= ids())
    assert ENERGY not in ids()
    assert RESET_ENERGY not in ids()
    await say(hass, strap, measurement(72, contact=True, energy=1))
    await until(lambda: ids() == set(ENTITIES))
    assert value_of(hass, ENERGY) == "1"
    assert entry.data["features"] == sorted(ALL)
    strap.power_off()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert ids() == set(ENTITIES)


# What they say, and when


async def test_every_measurement_counts(hass: HomeAssistant, air: World) -> None:
    """Each is told once, also if it is like the one before."""
    strap = silent_strap(battery=80)
    await wear(hass, air, strap, features=ALL)
    await until(lambda: value_of(hass, BATTERY) == "80")
    states = note_states(hass, HEART_RATE)
    await say(hass, strap, *map(measurement, (72, 72, 72, 73, 73)))
    assert states == ["72", "72", "72", "73", "73"]
    strap.set_battery(79)
    await until(lambda: value_of(hass, BATTERY) == "79")
    assert len(states) == 5
    strap.muted = False
    strap.rate = 100
    await until(lambda: len(strap.sent) >= 50)
    strap.muted = True
    await until(lambda: len(states) == len(strap.sent))
    assert states[5:] == ["72"] * (len(strap.sent) - 5)


async def test_every_interval_counts(hass: HomeAssistant, air: World) -> None:
    """Each interval between beats is a state, the oldest first."""
    entry = monitor_entry(features=ALL)
    enable(hass, entry, RR_INTERVAL)
    strap = air.add_strap(silent_strap())
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: strap.links and entry.runtime_data.data.is_reached)
    states = note_states(hass, RR_INTERVAL)
    await say(
        hass,
        strap,
        measurement(72, intervals=[1024, 1024, 512]),
        measurement(72, intervals=[512]),
        measurement(72),
        measurement(72, intervals=[768]),
    )
    assert states == ["1000.0", "1000.0", "500.0", "500.0", STATE_UNKNOWN, "750.0"]


@pytest.mark.parametrize(
    ("packet", "contact"),
    [
        (measurement(72, contact=False), STATE_OFF),
        (measurement(0, contact=True), STATE_ON),
        (measurement(301, contact=True), STATE_ON),
    ],
)
async def test_nothing_measured(
    hass: HomeAssistant, air: World, packet: bytes, contact: str
) -> None:
    """What is no heart rate is none, at once."""
    strap = silent_strap()
    await wear(hass, air, strap, features=ALL)
    await say(hass, strap, measurement(72, contact=True, intervals=[853]))
    assert (value_of(hass, HEART_RATE), value_of(hass, SKIN_CONTACT)) == ("72", "on")
    await say(hass, strap, packet)
    assert value_of(hass, HEART_RATE) == STATE_UNKNOWN
    assert value_of(hass, SKIN_CONTACT) == contact
    await say(hass, strap, measurement(73, contact=True))
    assert (value_of(hass, HEART_RATE), value_of(hass, SKIN_CONTACT)) == ("73", "on")


MEASURED = (HEART_RATE, ENERGY, SKIN_CONTACT)


async def test_stale(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured is known for a while only, though the connection be there."""
    monkeypatch.setattr(measuring, "STALE_AFTER", 0.3)
    strap = silent_strap()
    await wear(hass, air, strap, features=ALL)
    await say(hass, strap, measurement(72, contact=True, energy=9))
    await until(lambda: value_of(hass, HEART_RATE) == STATE_UNKNOWN)
    assert [value_of(hass, entity_id) for entity_id in MEASURED] == [STATE_UNKNOWN] * 3
    assert value_of(hass, CONNECTED) == STATE_ON
    await say(hass, strap, measurement(73))
    assert value_of(hass, HEART_RATE) == "73"


async def test_unavailable(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a connection, what was measured is known as long as it is fresh."""
    monkeypatch.setattr(measuring, "STALE_AFTER", 0.5)
    strap = silent_strap()
    await wear(hass, air, strap, features=ALL)
    await until(lambda: value_of(hass, BODY_LOCATION) == "chest")
    await say(hass, strap, measurement(72, contact=True, energy=9))
    strap.power_off()
    await until(lambda: value_of(hass, CONNECTED) == STATE_OFF)
    assert value_of(hass, HEART_RATE) == "72"
    await until(lambda: value_of(hass, HEART_RATE) == STATE_UNAVAILABLE)
    for entity_id in (*MEASURED, VARIABILITY, RESET_ENERGY):
        assert value_of(hass, entity_id) == STATE_UNAVAILABLE
    assert value_of(hass, BATTERY) == "80"
    assert value_of(hass, BODY_LOCATION) == "chest"


async def test_after_restart(hass: HomeAssistant, air: World) -> None:
    """The battery is as it was, and no heart rate is from before."""
    strap = silent_strap(battery=42)
    entry = await wear(hass, air, strap, features=ALL)
    await until(lambda: value_of(hass, BATTERY) == "42")
    await say(hass, strap, measurement(72, contact=True, energy=9))
    strap.power_off()
    states = note_states(hass, HEART_RATE)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert value_of(hass, BATTERY) == "42"
    assert value_of(hass, BODY_LOCATION) == "chest"
    assert value_of(hass, CONNECTED) == STATE_OFF
    for entity_id in (*MEASURED, VARIABILITY, RESET_ENERGY):
        assert value_of(hass, entity_id) == STATE_UNAVAILABLE
    assert set(states) == {STATE_UNAVAILABLE}
    strap.battery = 41
    strap.power_on()
    await until(lambda: value_of(hass, BATTERY) == "41")


async def test_signal_strength(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The strength of the signal is told now and then: it changes all the time."""
    assert timedelta(seconds=30) <= PUBLISH_INTERVAL
    entry = monitor_entry()
    enable(hass, entry, SIGNAL_STRENGTH)
    strap = air.add_strap(quick_strap(advertises_while_connected=True))
    states = note_states(hass, SIGNAL_STRENGTH)
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: states[-1:] == ["-60"])
    before = len(states)
    strap.rssi = -80
    await asyncio.sleep(0.3)
    assert len(states) == before
    monkeypatch.setattr(coordinator, "PUBLISH_INTERVAL", timedelta(seconds=0.2))
    await until(lambda: states[-1] == "-80")


async def test_out_of_range(
    hass: HomeAssistant, air: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A monitor that is not near is no reason to worry."""
    caplog.clear()
    entry = monitor_entry(features=ALL)
    await set_up_monitor(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert value_of(hass, HEART_RATE) == STATE_UNAVAILABLE
    assert value_of(hass, CONNECTED) == STATE_OFF
    await asyncio.sleep(0.3)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert_quiet(caplog)
    assert air.proxies[0].connects == 0


# What a person can do


async def press(hass: HomeAssistant) -> None:
    """Reset the energy."""
    await hass.services.async_call(
        "button", "press", {ATTR_ENTITY_ID: RESET_ENERGY}, blocking=True
    )


async def test_reset_energy(hass: HomeAssistant, air: World) -> None:
    """The energy is counted from 0 again."""
    strap = quick_strap(energy=9)
    await wear(hass, air, strap, features=ALL)
    await until(lambda: value_of(hass, ENERGY) == "9")
    await press(hass)
    assert strap.energy_resets == 1
    await until(lambda: value_of(hass, ENERGY) == "0")


async def test_reset_energy_refused(hass: HomeAssistant, air: World) -> None:
    """A monitor that cannot do it is said to be one."""
    strap = quick_strap()
    await wear(hass, air, strap, features=ALL)
    with pytest.raises(HomeAssistantError) as refusal:
        await press(hass)
    assert refusal.value.translation_key == "energy_not_reset"
    assert refusal.value.translation_placeholders == {"monitor": NAME}
    assert strap.links


async def test_reset_energy_unconnected(hass: HomeAssistant, air: World) -> None:
    """Without a connection it cannot be done."""
    strap = quick_strap(energy=9)
    await wear(hass, air, strap, features=ALL)
    await until(lambda: value_of(hass, HEART_RATE) == "72")
    strap.power_off()
    await until(lambda: value_of(hass, CONNECTED) == STATE_OFF)
    with pytest.raises(HomeAssistantError) as refusal:
        await press(hass)
    assert refusal.value.translation_key == "not_connected"
    assert refusal.value.translation_placeholders == {"monitor": NAME}
