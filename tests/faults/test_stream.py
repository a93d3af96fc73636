"""A hostile stream: what sensors say that no reading is, and more than anyone can read."""

import asyncio
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.reading import Metric
from custom_components.heart_rate_relay.relay import delivery
from custom_components.heart_rate_relay.relay.candidates import async_candidates
from dev.stand_ins import Failure, InfluxDBv1, StandIn
from homeassistant.core import HomeAssistant

from ..common import STRAP, influxdb_data, measure, relay_entry, set_up
from .common import (
    Leaks,
    Strap,
    each_service,
    entry_of,
    errors_of,
    ledger_of,
    scale,
    until_settled,
)

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
    is_reading = "unit_of_measurement" not in attributes
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
async def test_odd_sensor(hass: HomeAssistant, odd: object) -> None:
    """No sensor of the house, whatever it says of itself, keeps others from being found."""
    measure(hass, 70)
    keys = ("unit_of_measurement", "friendly_name", "device_class", "state_class")
    for key in keys:
        measure(hass, 70, f"sensor.odd_{key}_heart_rate", **{key: odd})
    for metric in Metric:
        found = async_candidates(hass, metric)
        if metric is Metric.HEART_RATE:
            assert STRAP in {each for some in found.values() for each in some}


RELOADS = int(scale("FAULT_RELOADS", 10))


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
