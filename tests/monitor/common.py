"""What the tests of heart-rate monitors share."""

from collections.abc import Iterable, Mapping
import logging
from time import monotonic
from typing import Any

from bleak.backends.device import BLEDevice
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.monitor.coordinator import MonitorCoordinator
from custom_components.heart_rate_relay.monitor.profiles import PROFILES
from dev.virtual_proxy import Peripheral, Proxy, Strap, World
from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import (
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from tests.common import until

ADDRESS = "A0:9E:1A:00:00:01"
"""A public one."""

RANDOM_ADDRESS = "C0:9E:1A:00:00:02"
"""One that may change."""

NAME = "Strap 12"

POLAR = 0x006B

HEART_RATE_SERVICE = PROFILES["heart_rate"].service


def features_of(*profiles: str) -> frozenset[str]:
    """Return all that a monitor may have by some profiles."""
    rows = [PROFILES[key] for key in profiles]
    return frozenset(
        {"battery"}
        | {quantity.feature for row in rows for quantity in row.quantities}
        | {action.feature for row in rows for action in row.actions}
    )


ALL = features_of("heart_rate")
"""All that a heart-rate monitor may have."""


async def add_proxy(hass: HomeAssistant, world: World, **options: Any) -> Proxy:
    """Let there be another proxy, and let Home Assistant use it."""
    proxy = await world.add_proxy(Proxy(**options))
    entry = MockConfigEntry(
        domain="esphome",
        title=proxy.name,
        unique_id=proxy.mac.lower(),
        data={
            "host": "127.0.0.1",
            "port": proxy.port,
            "password": "",
            "noise_psk": "",
            "device_name": proxy.name,
        },
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: in_use(hass, proxy))
    return proxy


def in_use(hass: HomeAssistant, proxy: Proxy) -> bool:
    """Return whether Home Assistant listens to what a proxy hears."""
    scanner = bluetooth.async_scanner_by_source(hass, proxy.bluetooth_mac)
    return scanner is not None and proxy.subscriber is not None


def quick[PeripheralT: Peripheral](
    kind: type[PeripheralT], name: str = NAME, address: str = ADDRESS, **options: Any
) -> PeripheralT:
    """Return a monitor of a kind that has its tests wait for nothing."""
    options = {"rate": 20, "advertising_interval": 0.05} | options
    return kind(name, address, **options)


def quick_strap(name: str = NAME, address: str = ADDRESS, **options: Any) -> Strap:
    """Return a strap that has its tests wait for nothing."""
    return quick(Strap, name, address, **options)


def monitor_entry(
    address: str = ADDRESS,
    *,
    name: str = NAME,
    details: Mapping[str, str] | None = None,
    features: Iterable[str] = (),
    profiles: Iterable[str] = ("heart_rate",),
    listen_only: bool = False,
) -> MockConfigEntry:
    """Return the entry of a monitor."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=name,
        unique_id=address,
        data={
            "address": address,
            "name": name,
            "details": dict(details or {}),
            "features": sorted(features),
            "profiles": list(profiles),
        },
        options={"listen_only": listen_only},
    )


async def set_up_monitor(
    hass: HomeAssistant, entry: MockConfigEntry
) -> MonitorCoordinator:
    """Set up a monitor."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    coordinator = entry.runtime_data
    assert isinstance(coordinator, MonitorCoordinator)
    return coordinator


def heard(
    address: str = ADDRESS,
    *,
    name: str = NAME,
    services: tuple[str, ...] = (HEART_RATE_SERVICE,),
    manufacturer_data: Mapping[int, bytes] | None = None,
    connectable: bool = True,
    seconds_ago: float = 0,
    **details: Any,
) -> bluetooth.BluetoothServiceInfoBleak:
    """Return an advertisement as Home Assistant passes it on, and no scanner heard it."""
    return bluetooth.BluetoothServiceInfoBleak(
        name=name,
        address=address,
        rssi=-60,
        manufacturer_data=dict(manufacturer_data or {}),
        service_data={},
        service_uuids=list(services),
        source="local",
        device=BLEDevice(address, name, details),
        advertisement=None,
        connectable=connectable,
        time=monotonic() - seconds_ago,
        tx_power=None,
    )


async def wear(
    hass: HomeAssistant, air: World, strap: Peripheral, **options: Any
) -> MockConfigEntry:
    """Return the entry of a strap that is worn, is a monitor, and is connected."""
    air.add_strap(strap)
    entry = monitor_entry(strap.address, name=strap.name, **options)
    coordinator = await set_up_monitor(hass, entry)
    await until(lambda: strap.links and coordinator.data.is_reached)
    return entry


async def say(hass: HomeAssistant, strap: Peripheral, *packets: bytes) -> None:
    """Let a strap that says nothing by itself say these, and wait until they arrive."""
    (entry,) = hass.config_entries.async_loaded_entries(DOMAIN)
    monitor = entry.runtime_data
    expected = monitor.data.measurements + len(packets)
    strap.send(*packets)
    strap.burst(len(packets))
    await until(lambda: monitor.data.measurements == expected)


def value_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    state = hass.states.get(entity_id)
    assert state
    return state.state


def note_states(hass: HomeAssistant, entity_id: str) -> list[str]:
    """Return a list to which every state of an entity is added, also if it is the same."""
    states: list[str] = []

    @callback
    def note(
        event: Event[EventStateChangedData] | Event[EventStateReportedData],
    ) -> None:
        if state := event.data["new_state"]:
            states.append(state.state)

    async_track_state_change_event(hass, entity_id, note)
    async_track_state_report_event(hass, entity_id, note)
    return states


def enable(hass: HomeAssistant, entry: MockConfigEntry, entity_id: str) -> None:
    """Have an entity that is disabled by default, before its monitor is set up."""
    entry.add_to_hass(hass)
    domain, object_id = entity_id.split(".")
    er.async_get(hass).async_get_or_create(
        domain,
        DOMAIN,
        f"{entry.entry_id}_{object_id.removeprefix('strap_12_')}",
        config_entry=entry,
        suggested_object_id=object_id,
    )


def device_of(hass: HomeAssistant, entry: ConfigEntry) -> dr.DeviceEntry:
    """Return the only device of a monitor."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert isinstance(device, dr.DeviceEntry)
    return device


def assert_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """See that nothing was logged that a person should know.

    On a busy machine asyncio says that something took long, and what that was.
    """
    assert [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING
        and "heart_rate_relay" in f"{record.name} {record.getMessage()}"
        and not (
            record.name == "asyncio" and record.msg == "Executing %s took %.3f seconds"
        )
    ] == []
