"""Monitors that are whole, and yet not as one would have them."""

import asyncio
from collections.abc import Sequence

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from dev.virtual_proxy import Bike, Strap, World
from dev.virtual_proxy.cycling import MACHINE, MACHINE_SERVICE, SPEED_SERVICE
from dev.virtual_proxy.gatt import Characteristic, Service
from dev.virtual_proxy.machine import indoor_bike
from dev.virtual_proxy.measurement import measurement
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.common import until
from tests.outbox.common import Clock

from .common import (
    ADDRESS,
    NAME,
    monitor_entry,
    note_states,
    quick,
    set_up_monitor,
    value_of,
    wear,
)

DISTANCE = "sensor.strap_12_distance"
CADENCE = "sensor.strap_12_cadence"
HEART_RATE = "sensor.strap_12_heart_rate"
POWER = "sensor.strap_12_power"
RESISTANCE = "sensor.strap_12_resistance_level"
ENERGY = "sensor.strap_12_energy_expended"


def shows(hass: HomeAssistant, entity_id: str, value: float) -> bool:
    """Return whether an entity shows a number."""
    state = hass.states.get(entity_id)
    try:
        return state is not None and float(state.state) == pytest.approx(value, 0.02)
    except ValueError:
        return False


class EmptyMachine(Bike):
    """A machine whose records are always to come."""

    main = MACHINE

    def own_services(self) -> Sequence[Service]:
        """Return the one service that it has."""
        return [Service(MACHINE_SERVICE, [Characteristic(uuid=MACHINE, notifies=True)])]

    def measure(self) -> Sequence[tuple[int, bytes]]:
        """Return a packet in which nothing is."""
        return [(MACHINE, b"\x01\x00")]


class Trainer(Bike):
    """A trainer that counts each ride by itself, and the turns of its wheel for ever."""

    def _machine_packet(self) -> bytes:
        """Return how far it was in this ride."""
        return indoor_bike(speed=30, distance=500)


class IndicatingStrap(Strap):
    """A strap that wants to hear that each measurement arrived."""

    def own_services(self) -> Sequence[Service]:
        """Return what a strap has, but that it indicates."""
        services = super().own_services()
        for one in services[0].characteristics:
            one.notifies, one.indicates = False, one.notifies
        return services


async def test_better_profile_knows_nothing(hass: HomeAssistant, air: World) -> None:
    """What the better one has nothing to say of is not unknown where another one has."""
    bike = quick(Bike, is_trainer=True, heart_rate=0, machine_heart_rate=133)
    await wear(hass, air, bike, profiles=("heart_rate", "fitness_machine"))
    await until(lambda: shows(hass, HEART_RATE, 133))
    states = note_states(hass, HEART_RATE)
    await until(lambda: len(states) > 20)
    assert set(states) == {"133.0"}
    bike.heart_rate = 140
    await until(lambda: shows(hass, HEART_RATE, 140))
    states.clear()
    await until(lambda: len(states) > 20)
    assert set(states) == {"140"}


async def test_nothing_in_it(
    hass: HomeAssistant, air: World, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Packets in which nothing is are no measurements, and no silence either."""
    entry = monitor_entry(profiles=("fitness_machine",))
    coordinator = await set_up_monitor(hass, entry)
    air.add_strap(EmptyMachine(NAME, ADDRESS))
    await asyncio.sleep(100)
    assert air.proxies[0].connects == 1
    assert coordinator.data.measurements == 0
    assert "measures" not in caplog.text


async def test_service_is_gone(hass: HomeAssistant, air: World) -> None:
    """Of a monitor whose new firmware lacks a service, all else is there still."""
    bike = quick(Bike, is_trainer=True)
    entry = await wear(hass, air, bike, profiles=("cycling_power",))
    spoken = ["cycling_power", "fitness_machine", "cycling_speed"]
    await until(lambda: entry.data["profiles"] == spoken)
    await until(lambda: shows(hass, RESISTANCE, 20))
    own = bike.own_services

    def fewer() -> Sequence[Service]:
        gone = {MACHINE_SERVICE, SPEED_SERVICE}
        return [one for one in own() if one.uuid not in gone]

    bike.own_services = fewer  # type: ignore[method-assign] # as another firmware would
    entry.runtime_data._measuring.stale_after = 0.5
    bike.drop()
    await until(lambda: value_of(hass, RESISTANCE) == STATE_UNKNOWN)
    states = note_states(hass, POWER)
    await until(lambda: states.count("200") > 5)
    await until(lambda: shows(hass, CADENCE, 90))
    assert not ir.async_get(hass).issues
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [entry]


async def test_two_totals(hass: HomeAssistant, air: World) -> None:
    """What two count that began at different times is not one that jumps."""
    bike = quick(Trainer, is_trainer=True)
    bike.wheel.turns = 100_000
    entry = await wear(hass, air, bike, profiles=("fitness_machine", "cycling_speed"))
    entry.runtime_data._measuring.stale_after = 0.5
    await until(lambda: shows(hass, DISTANCE, 500))
    states = note_states(hass, DISTANCE)
    bike.drop()
    await until(lambda: STATE_UNKNOWN in states)
    await until(lambda: shows(hass, DISTANCE, 500))
    assert {float(one) for one in states if one.isdecimal()} <= {500}
    assert not [one for one in states if one.startswith("2")]


async def test_indicates(hass: HomeAssistant, air: World) -> None:
    """A measurement that wants to be acknowledged is one like any other."""
    await wear(hass, air, quick(IndicatingStrap, heart_rate=81))
    await until(lambda: shows(hass, HEART_RATE, 81))


async def test_changes_what_it_tells(hass: HomeAssistant, air: World) -> None:
    """Each packet says itself what is in it, and an empty or short one says nothing."""
    strap = quick(Strap, muted=True)
    await wear(hass, air, strap)
    for packet in (
        measurement(72, energy=100),
        b"",
        b"\x00",
        b"\x08\x49",
        measurement(73, wide=True, intervals=(800, 820)),
        measurement(74, contact=True, energy=101),
    ):
        strap.send(packet)
        strap.burst(1)
    await until(lambda: shows(hass, HEART_RATE, 74))
    assert shows(hass, ENERGY, 101)
