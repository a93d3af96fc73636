"""Sensors that appear at an awkward moment, for those who want each new one to be a source."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.outbox.outbox import Outbox
from dev.stand_ins import InfluxDBv1
from homeassistant.core import HomeAssistant

from ..common import STRAP, WATCH, influxdb_data, measure, relay_entry, set_up, until


def show(hass: HomeAssistant, value: int, entity_id: str = STRAP) -> None:
    """Let a sensor measure that is known for a heart-rate sensor by its name."""
    measure(hass, value, entity_id, friendly_name="Heart rate")


@asynccontextmanager
async def following(
    hass: HomeAssistant, influxdb: InfluxDBv1, **options: Any
) -> AsyncIterator[MockConfigEntry]:
    """Run a relay that follows new sensors."""
    show(hass, 60)
    data = influxdb_data(influxdb)
    entry = relay_entry("influxdb_v1", data, follow_new=True, **options)
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def test_while_it_starts(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that appears while a relay is being started is one of its sources."""
    opens = Outbox.open

    async def appear(outbox: Outbox) -> None:
        show(hass, 163, WATCH)
        await opens(outbox)

    monkeypatch.setattr(Outbox, "open", appear)
    async with following(hass, influxdb) as entry:
        assert entry.options["sources"] == [STRAP, WATCH]
        show(hass, 164, WATCH)
        await until(lambda: influxdb.arrivals)
    assert [arrival.value for arrival in influxdb.arrivals] == [164]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_while_it_does_not_run(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """So is one that appeared meanwhile, but none that was declined."""
    declined = "sensor.scale_heart_rate"
    async with following(hass, influxdb, declined=[declined]) as entry:
        await hass.config_entries.async_unload(entry.entry_id)
        show(hass, 70, WATCH)
        show(hass, 70, declined)
        measure(hass, 70, "sensor.oven", unit_of_measurement="°C")
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert entry.options["sources"] == [STRAP, WATCH]
