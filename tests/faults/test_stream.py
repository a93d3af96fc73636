"""A hostile stream: what sensors say that no reading is, and more than anyone can read."""

import asyncio
from datetime import timedelta
import logging
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.delivery import delivery
from custom_components.heart_rate_relay.destinations.influxdb import MANY_PREFIXES
from custom_components.heart_rate_relay.outbox.packs import MANY_SERIES
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from custom_components.heart_rate_relay.sources import sources
from custom_components.heart_rate_relay.sources.finding import async_find
from dev.stand_ins import Arrival, Failure, InfluxDBv1, StandIn
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from ..common import STRAP, influxdb_data, measure, relay_entry, set_up, until, us
from .common import (
    PATIENCE,
    Leaks,
    Strap,
    each_service,
    entry_of,
    errors_of,
    ledger_of,
    scale,
    until_settled,
)
from .ledger import Ledger

NO_READINGS = (
    *("nan", "inf", "-inf", "1e308", "-1e308", "1e400", "0", "-70", "251"),
    *("", "text", "unknown", "unavailable", "7 0", "70 bpm", "0x46", "\0", "💓" * 200),
)

ODD = (5, 1.5, True, ["bpm"], {"bpm": 1}, "x" * 100_000, "\ud83d", "\0", "")
"""What no attribute is meant to hold."""

ODD_ATTRIBUTES: tuple[dict[str, Any], ...] = (
    *({"unit_of_measurement": odd} for odd in ODD),
    *({"friendly_name": odd} for odd in ODD),
    *({"date": odd} for odd in ODD),
    {"date": "2026-13-45 10:00:00"},
    {"date": "0001-01-01T00:00:00+12:00"},
    {"date": "9999-12-31T23:59:59-12:00"},
    {"date": "9" * 100_000 + ":"},
)


@each_service
async def test_no_readings(
    hass: HomeAssistant,
    service: str,
    stand_in: StandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is no heart rate is not sent, and what comes between is."""
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    begin = time.time() - 1000
    entry = entry_of(service, stand_in)
    coordinator = await set_up(hass, entry)
    for number, value in enumerate(NO_READINGS):
        at = begin + 10 * number
        strap.beat(at + 1)
        strap.beat(at + 2)
        measure(hass, value, at=at + 3)
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    tally = coordinator.outbox.tally
    assert ledger.is_clean(tally), ledger.account(tally)
    assert not ledger.lost
    assert not errors_of(caplog)


@pytest.mark.parametrize("attributes", ODD_ATTRIBUTES, ids=lambda odd: str(odd)[:50])
async def test_odd_attributes(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    caplog: pytest.LogCaptureFixture,
    attributes: dict[str, Any],
) -> None:
    """Whatever an attribute holds, the readings around it arrive, and the relay loads."""
    ledger = ledger_of("influxdb_v1", influxdb)
    strap = Strap(hass, ledger)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, entry)
    begin = time.time() - 100
    strap.beat(begin)
    is_reading = attributes.get("unit_of_measurement", "") == ""
    for second in (1, 2):
        if is_reading:
            strap.beat(begin + second, **attributes)
        else:
            measure(hass, 60, at=begin + second, **attributes)
    assert await hass.config_entries.async_reload(entry.entry_id)
    strap.beat(begin + 3, **attributes if is_reading else {})
    strap.beat(begin + 4)
    coordinator = entry.runtime_data
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost
    assert not errors_of(caplog)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:50])
async def test_odd_sensor(hass: HomeAssistant, odd: Any) -> None:
    """No sensor of the house, whatever it says of itself, keeps others from being found."""
    measure(hass, 70)
    keys = ("unit_of_measurement", "friendly_name", "device_class", "state_class")
    for key in keys:
        measure(hass, 70, f"sensor.odd_{key}_heart_rate", **{key: odd})
    found = await async_find(hass)
    assert STRAP in found.matches[metrics.HEART_RATE]


@pytest.mark.parametrize("service", ["influxdb_v1", "gerosense_proxy"])
async def test_flapping(
    hass: HomeAssistant,
    service: str,
    stand_in: StandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A sensor that comes and goes, under another name each time, fills nothing up."""
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in)
    coordinator = await set_up(hass, entry)
    begin = time.time() - 20_000
    for flap in range(2000):
        measure(hass, "unavailable", at=begin + flap + 0.5)
        strap.beat(begin + flap + 1, friendly_name=f"{flap} {'x' * 10_000}")
        if flap % 200 == 199:
            await coordinator.outbox.flush()
            await until_settled(coordinator, left=2)
    await until_settled(coordinator)
    packs, destination = coordinator.outbox._tiers.disk.packs, coordinator.destination
    assert len(packs._ids) <= MANY_SERIES
    assert size_of(hass, entry) < 5_000_000
    assert len(getattr(destination, "_prefixes", ())) <= MANY_PREFIXES
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost
    assert not errors_of(caplog)


FLOOD_SECONDS = int(scale("FAULT_FLOOD_SECONDS", 1))
FLOOD_SENSORS = 20
FLOOD_RATE = 10_000


@pytest.mark.timeout(120 + 30 * FLOOD_SECONDS)
@pytest.mark.parametrize("is_down", [False, True])
async def test_flood(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    caplog: pytest.LogCaptureFixture,
    is_down: bool,
) -> None:
    """Ten thousand readings a second all arrive, or wait within the bounds of the outbox."""
    caplog.set_level(logging.WARNING)
    keep = FLOOD_RATE * FLOOD_SECONDS * 3 // 4
    straps = [f"sensor.strap_{number}" for number in range(FLOOD_SENSORS)]
    ledgers = {strap: Ledger() for strap in straps}

    def arrive(arrival: Arrival) -> None:
        ledgers[arrival.source].arrive(arrival)

    influxdb.on_arrival = arrive
    for strap in straps:
        measure(hass, 60, strap)
    entry = relay_entry(
        "influxdb_v1", influxdb_data(influxdb), straps, keep_readings=keep
    )
    coordinator = await set_up(hass, entry)
    outbox = coordinator.outbox
    influxdb.failure = Failure(503) if is_down else None
    begin = int(time.time()) - FLOOD_SECONDS
    for second in range(FLOOD_SECONDS):
        for step in range(FLOOD_RATE // FLOOD_SENSORS):
            at = begin + second + step * FLOOD_SENSORS / FLOOD_RATE + 1e-5
            for strap in straps:
                measure(hass, value := 61 + step % 120, strap, at)
                ledgers[strap].measure(us(at), value)
            if step % 10 == 0:
                await asyncio.sleep(0)
        # A second has passed, on a machine that is fast enough
        await outbox.flush()
        assert outbox.in_memory <= FLOOD_RATE
        assert len(outbox) <= keep + FLOOD_RATE
    size = size_of(hass, entry)
    if is_down:
        # What falls out while a request with it is under way is there, and counted, all the same
        pace, loop = coordinator.delivery, asyncio.get_running_loop()
        await until(lambda: pace._not_before > loop.time())
    influxdb.failure = None
    await until_settled(coordinator, timeout=PATIENCE * (1 + FLOOD_SECONDS))
    await hass.config_entries.async_unload(entry.entry_id)
    measured, lost = (
        sum(map(len, each))
        for each in (
            [ledger.measured for ledger in ledgers.values()],
            [ledger.lost for ledger in ledgers.values()],
        )
    )
    tally = outbox.tally
    assert measured == FLOOD_RATE * FLOOD_SECONDS
    assert not any(ledger.altered or ledger.repeated for ledger in ledgers.values())
    assert lost == tally.expired == (measured - keep if is_down else 0)
    assert tally.delivered == measured - lost
    # What waits takes some 40 bytes each, and the log of changes a few MB
    assert size < 100 * keep + 10_000_000
    assert not errors_of(caplog)


async def test_source_comes_and_goes(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    entity_registry: er.EntityRegistry,
    issue_registry: ir.IssueRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What waits stays what it was when its source is renamed, removed and added again."""
    monkeypatch.setattr(sources, "MISSING_AFTER", timedelta(seconds=0.1))
    ledger = ledger_of("influxdb_v1", influxdb)

    def add() -> er.RegistryEntry:
        return entity_registry.async_get_or_create(
            "sensor", "strap", "1", suggested_object_id="strap_heart_rate"
        )

    source = add()
    strap = Strap(hass, ledger)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [source.id])
    coordinator = await set_up(hass, entry)
    coordinator.async_pause(True)
    begin = time.time() - 100
    strap.beat(begin)
    hass.states.async_remove(STRAP)
    entity_registry.async_update_entity(STRAP, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    strap.entity_id = "sensor.renamed"
    # The first one after nothing may be an old one
    measure(hass, 60, strap.entity_id, at=begin + 1)
    strap.beat(begin + 2)
    await coordinator.outbox.flush()
    entity_registry.async_remove(strap.entity_id)
    hass.states.async_remove(strap.entity_id)
    await hass.async_block_till_done()
    await until(lambda: issue_registry.issues, PATIENCE)
    (issue,) = issue_registry.issues.values()
    assert issue.translation_key == "source_missing"
    assert len(coordinator.outbox) == 2
    assert add().id == source.id
    strap.entity_id = add().entity_id
    measure(hass, 60, strap.entity_id, at=begin + 3)
    strap.beat(begin + 4)
    await until(lambda: not issue_registry.issues, PATIENCE)
    coordinator.async_pause(False)
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost
    assert [arrival.source for arrival in influxdb.arrivals] == [
        *(STRAP, "sensor.renamed", strap.entity_id),
    ]


CROWD = int(scale("FAULT_CROWD", 40))


async def test_crowd(
    hass: HomeAssistant, influxdb: InfluxDBv1, caplog: pytest.LogCaptureFixture
) -> None:
    """Many relays work side by side, through an outage, and leave nothing behind."""
    caplog.set_level(logging.WARNING)
    ledger = ledger_of("influxdb_v1", influxdb)
    names = [f"sensor.strap_{number}" for number in range(CROWD)]
    straps = [Strap(hass, ledger, entity_id=name) for name in names]
    entries = [
        relay_entry("influxdb_v1", influxdb_data(influxdb), [name]) for name in names
    ]
    await set_up(hass, entries[0])
    leaks = Leaks()
    for entry in entries[1:]:
        entry.add_to_hass(hass)
    await asyncio.gather(
        *(hass.config_entries.async_setup(entry.entry_id) for entry in entries[1:])
    )
    begin = time.time() - 1000
    for second in range(10):
        influxdb.failure = Failure(503) if 3 <= second < 6 else None
        for number, strap in enumerate(straps):
            strap.beat(begin + second + number / 1000 + 1e-5)
        await asyncio.sleep(0.05)
        if second == 5:
            # All databases are open at once
            for entry in entries:
                await entry.runtime_data.outbox.flush()
    influxdb.failure = None
    coordinators = [entry.runtime_data for entry in entries]
    for coordinator in coordinators:
        await until_settled(coordinator)
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    await influxdb.stop()
    await leaks.see_none()
    assert not ledger.lost
    assert not ledger.altered
    for coordinator in coordinators:
        assert coordinator.outbox.tally.delivered == 10
    assert not errors_of(caplog)


def size_of(hass: HomeAssistant, entry: MockConfigEntry) -> int:
    """Return how many bytes a relay has on disk."""
    path = outbox_path(hass, entry.entry_id)
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


RELOADS = int(scale("FAULT_RELOADS", 6))


@pytest.mark.parametrize("service", ["influxdb_v1", "gerosense_proxy"])
async def test_reloaded_under_load(
    hass: HomeAssistant,
    service: str,
    stand_in: StandIn,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often a relay is loaded again, while it delivers or hangs, nothing is lost."""
    monkeypatch.setattr(delivery, "STOP_TIMEOUT", 1.0)
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in)
    await set_up(hass, entry)
    leaks = Leaks()
    for reload in range(RELOADS):
        # The service hangs now and then, so that it takes a second to stop
        stand_in.failure = Failure(500, delay=2) if reload % 5 == 4 else None
        strap.beat(time.time())
        reloading = hass.async_create_task(
            hass.config_entries.async_reload(entry.entry_id)
        )
        unheard = 0
        while not reloading.done():
            unheard = 0 if is_heard(entry) else unheard + 1
            if unheard <= 1:
                # A sensor shows but the latest value to whoever comes back
                strap.beat(time.time())
            await asyncio.sleep(0.002 if unheard else 0.05)
        stand_in.failure = None
    coordinator = entry.runtime_data
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    await stand_in.stop()
    await leaks.see_none()
    tally = coordinator.outbox.tally
    assert ledger.is_clean(tally), ledger.account(tally)
    assert not ledger.lost
    assert not errors_of(caplog)


def is_heard(entry: MockConfigEntry) -> bool:
    """Return whether a relay listens to its sources."""
    coordinator = getattr(entry, "runtime_data", None)
    sources = getattr(coordinator, "sources", None)
    return bool(sources and sources._unlisten)
