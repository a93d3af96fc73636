"""Values that are told again: which were measured again, and which only repeated."""

from collections.abc import Iterable
from datetime import timedelta
import sys
import time
from types import ModuleType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockEntityPlatform,
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
)

from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import InfluxDBv1
from homeassistant.core import CoreState, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity

from ..common import STRAP, influxdb_data, measure, relay_entry, set_up
from .common import until_empty

POLLERS = ("fitbit", "rest", "healthsync")
"""Integrations that repeat what they were told: a cloud's, and one that pushes all it has."""

PUSHERS = ("esphome", "mobile_app", "mqtt", "")
"""Integrations that tell what was measured, and none at all."""


class Sensor:
    """A heart-rate sensor of some integration, an hour ago."""

    def __init__(self, hass: HomeAssistant, platform: str) -> None:
        """Initialize the sensor, in the registry where it has an integration."""
        self._hass = hass
        self._now = time.time() - 3600
        self.source_id = STRAP
        if platform:
            entry = er.async_get(hass).async_get_or_create(
                "sensor", platform, "1", suggested_object_id="strap_heart_rate"
            )
            self.source_id = entry.id

    def say(
        self,
        *states: object,
        every: float = 10,
        force_update: bool = False,
        **attributes: Any,
    ) -> None:
        """Write states, so many seconds after one another."""
        for state in states:
            self._now += every
            self._hass.states.async_set(
                STRAP,
                str(state),
                {"unit_of_measurement": "bpm", **attributes},
                force_update=force_update,
                timestamp=self._now,
            )


@pytest.fixture
def sensor(hass: HomeAssistant, platform: str) -> Sensor:
    """Return a sensor of an integration."""
    return Sensor(hass, platform)


async def begin(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1, **options: Any
) -> RelayCoordinator:
    """Set up a relay of a sensor."""
    data = influxdb_data(influxdb)
    return await set_up(
        hass, relay_entry("influxdb_v1", data, [sensor.source_id], **options)
    )


async def delivered(relay: RelayCoordinator, influxdb: InfluxDBv1) -> list[float]:
    """Return the values that arrived, in the order of their times."""
    await until_empty(relay)
    by_time = sorted(influxdb.arrivals, key=lambda arrival: arrival.measured_at)
    return [arrival.value for arrival in by_time]


@pytest.mark.parametrize("platform", [*POLLERS, *PUSHERS])
async def test_after_a_restart(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1
) -> None:
    """An old value that is shown again is nothing until it changes."""
    hass.set_state(CoreState.starting)
    sensor.say("unavailable", restored=True)
    relay = await begin(hass, sensor, influxdb)
    sensor.say(*[131] * 30)
    hass.set_state(CoreState.running)
    sensor.say(*[131] * 30)
    sensor.say(*[131] * 30, battery=50)
    assert await delivered(relay, influxdb) == []
    sensor.say(132)
    assert await delivered(relay, influxdb) == [132]


@pytest.mark.parametrize("platform", [*POLLERS, *PUSHERS])
async def test_what_was_there(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1
) -> None:
    """What a relay finds was measured before it, and so was what is the same."""
    sensor.say(131)
    relay = await begin(hass, sensor, influxdb)
    sensor.say(*[131] * 5)
    assert await delivered(relay, influxdb) == []


@pytest.mark.parametrize("platform", POLLERS)
async def test_poller(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1
) -> None:
    """What was only asked for again is no measurement, whatever is told beside it."""
    sensor.say(60)
    relay = await begin(hass, sensor, influxdb)
    sensor.say(72, 72, 72)
    for poll in range(10):
        sensor.say(72, next_poll=poll)
    sensor.say("unavailable", 72, "unknown", 72)
    assert await delivered(relay, influxdb) == [72]
    sensor.say("unavailable", 73, 0, 73)
    assert await delivered(relay, influxdb) == [72, 73, 73]


@pytest.mark.parametrize("platform", POLLERS)
async def test_poller_that_was_away_before_the_relay(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1
) -> None:
    """Nobody knows whether it is another value than before."""
    sensor.say("unavailable")
    relay = await begin(hass, sensor, influxdb)
    sensor.say(72, 72)
    assert await delivered(relay, influxdb) == []
    sensor.say(73)
    assert await delivered(relay, influxdb) == [73]


@pytest.mark.parametrize("platform", PUSHERS)
async def test_steady_source(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1
) -> None:
    """One that has measured goes on to, for as long as an unchanged value is live."""
    sensor.say(60)
    relay = await begin(hass, sensor, influxdb, live_for=45)
    sensor.say(*[72] * 20)
    assert await delivered(relay, influxdb) == [72] * 5
    sensor.say(*[73] * 2, battery=50)
    sensor.say(73, battery=49)
    sensor.say(73, battery=49, friendly_name="Another name")
    assert await delivered(relay, influxdb) == [72] * 5 + [73] * 3


@pytest.mark.parametrize("platform", PUSHERS)
@pytest.mark.parametrize("every", [0.5, 40])
async def test_flapping(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1, every: float
) -> None:
    """A strap that comes back has measured, each time."""
    sensor.say(72)
    relay = await begin(hass, sensor, influxdb)
    for _ in range(60):
        sensor.say("unavailable", 72, "unknown", 72, every=every / 2)
    assert await delivered(relay, influxdb) == [72] * 120


@pytest.mark.parametrize("platform", [*PUSHERS, "rest"])
@pytest.mark.parametrize("every", [10, 45, 60, 61])
async def test_forced(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1, every: float
) -> None:
    """Who has each value told, even the same one, means each."""
    sensor.say(60)
    relay = await begin(hass, sensor, influxdb)
    sensor.say(*[72] * 10, every=every, force_update=True)
    assert await delivered(relay, influxdb) == [72] * 10
    for battery in range(10):
        sensor.say(72, every=every, force_update=True, battery=battery)
    assert await delivered(relay, influxdb) == [72] * 20
    sensor.say(72, force_update=True, battery=9, friendly_name="Another name")
    assert await delivered(relay, influxdb) == [72] * 20


@pytest.mark.parametrize("platform", ["mqtt"])
async def test_forced_after_a_restart(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1
) -> None:
    """What a broker has kept comes first, and then what is measured."""
    hass.set_state(CoreState.starting)
    sensor.say("unavailable", restored=True)
    relay = await begin(hass, sensor, influxdb)
    sensor.say("unknown", *[72] * 4, force_update=True)
    assert await delivered(relay, influxdb) == [72] * 3


@pytest.mark.parametrize("platform", [*POLLERS, *PUSHERS])
async def test_always(
    hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1
) -> None:
    """A person may know that a sensor measures whenever it says anything."""
    sensor.say("unavailable", restored=True)
    relay = await begin(hass, sensor, influxdb, measured_again="always")
    sensor.say(*[72] * 20)
    sensor.say("unavailable", 72)
    assert await delivered(relay, influxdb) == [72] * 20


@pytest.mark.parametrize("platform", [*POLLERS, *PUSHERS, "heart_rate_relay"])
async def test_never(hass: HomeAssistant, sensor: Sensor, influxdb: InfluxDBv1) -> None:
    """A person may know that a sensor repeats what it said."""
    sensor.say(60)
    relay = await begin(hass, sensor, influxdb, measured_again="never")
    sensor.say(72, 72, "unavailable", 72)
    sensor.say(72, battery=3)
    sensor.say(72, force_update=True)
    assert await delivered(relay, influxdb) == [72]


@pytest.mark.parametrize(
    ("platform", "expected"), [("fitbit", [72, 73]), ("esphome", [72] * 3 + [73] * 2)]
)
async def test_while_the_relay_is_loaded_again(
    hass: HomeAssistant,
    sensor: Sensor,
    influxdb: InfluxDBv1,
    expected: list[float],
) -> None:
    """What was known of a source is known, and so what it repeats meanwhile."""
    measure(hass, 60)
    relay = await begin(hass, sensor, influxdb)
    measure(hass, 72)
    (entry,) = hass.config_entries.async_entries("heart_rate_relay")
    for value in (72, 73):
        await hass.config_entries.async_unload(entry.entry_id)
        measure(hass, value)
        await hass.config_entries.async_setup(entry.entry_id)
        measure(hass, value)
    relay = entry.runtime_data
    assert await delivered(relay, influxdb) == expected


class Scale:
    """Stands in for the library: a scale that can weigh, and feel a pulse."""

    supports_heart_rate = True
    advertisement_data_contains_state = False
    is_connected = True

    def __init__(self) -> None:
        """Initialize a scale that nobody has stood on."""
        self.state: Any = None
        self._callbacks: list[Any] = []

    def register_callback(self, callback: Any) -> Any:
        """Tell whoever wants to know of each weight."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def weigh(self, weights: Iterable[float], heart_rate: int | None = None) -> None:
        """Show weights, and with each the same heart rate."""
        for weight in weights:
            self.state = ModuleType("state")
            vars(self.state).update(
                weight_kg=weight, final_weight_kg=weight, heart_rate=heart_rate
            )
            for callback in self._callbacks:
                callback(self.state)


async def test_scale(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Core's own class of a scale gives one reading for each measurement, not yesterday's."""
    library = ModuleType("eufylife_ble_client")
    vars(library).update(
        MODEL_TO_NAME={"eufy T9149": "Smart Scale P2 Pro"}, EufyLifeBLEDevice=Scale
    )
    monkeypatch.setitem(sys.modules, library.__name__, library)
    from homeassistant.components.eufylife_ble import models, sensor  # noqa: PLC0415 - with the stand-in

    entity_id = "sensor.scale_heart_rate"
    address = "C0:FF:EE:00:00:01"
    source = er.async_get(hass).async_get_or_create(
        *("sensor", "eufylife_ble", f"{address}_heart_rate"),
        suggested_object_id="scale_heart_rate",
    )
    yesterday = {"native_value": 68, "native_unit_of_measurement": "bpm"}
    mock_restore_cache_with_extra_data(hass, [(State(entity_id, "68"), yesterday)])
    relay = await set_up(
        hass, relay_entry("influxdb_v1", influxdb_data(influxdb), [source.id])
    )
    scale: Any = Scale()
    entry = MockConfigEntry(domain="eufylife_ble")
    entry.add_to_hass(hass)
    entry.runtime_data = models.EufyLifeData(address, "eufy T9149", scale)
    platform = MockEntityPlatform(
        hass,
        domain="sensor",
        platform_name="eufylife_ble",
        scan_interval=timedelta(seconds=30),
    )
    platform.config_entry = entry

    async def wait(seconds: int) -> None:
        for _ in range(seconds):
            freezer.tick(1)
            async_fire_time_changed(hass)
            await hass.async_block_till_done()

    added: list[Entity] = []

    def add(
        new_entities: Iterable[Entity],
        update_before_add: bool = False,
        *,
        config_subentry_id: str | None = None,
    ) -> None:
        added.extend(new_entities)

    await sensor.async_setup_entry(hass, entry, add)
    await platform.async_add_entities(added)
    await wait(120)
    state = hass.states.get(entity_id)
    assert state
    assert state.state == "68"
    assert await delivered(relay, influxdb) == []
    # One stands on it for twenty seconds, and the pulse is felt at the end of ten
    for second in range(20):
        scale.weigh([70 + second / 10], None if second < 10 else 75)
        await wait(1)
    await wait(120)
    assert await delivered(relay, influxdb) == [75]
    scale.weigh([70.0] * 21, 81)
    await wait(70)
    assert await delivered(relay, influxdb) == [75, 81]
    await platform.async_reset()
