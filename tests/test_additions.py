"""A metric that nobody knew, and a service that takes it, go all the way: each is one row."""

from collections.abc import Sequence
from typing import ClassVar, override

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations import DESTINATIONS
from custom_components.heart_rate_relay.destinations.base import (
    Account,
    Destination,
    Limits,
    Receipt,
)
from custom_components.heart_rate_relay.destinations.errors import UnreachableError
from custom_components.heart_rate_relay.metrics import HEART_RATE, METRICS, Metric
from custom_components.heart_rate_relay.outbox.disk import DiskTier
from custom_components.heart_rate_relay.reading import Reading
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .common import STRAP, measure, relay_entry, set_up, until
from .flow.common import show_options, suggested

SWEAT_RATE = Metric(
    "sweat_rate", "mL/h", (0, 5000), units={"l/h": 1000.0}, words="sweat*, schweiß*"
)
SKIN, ARM = "sensor.patch_sweat", "sensor.arm_schweissrate"


class Shelf(Destination):
    """A service that keeps what it gets, unless it is closed."""

    service = "Shelf"
    limits = Limits(metrics=frozenset({HEART_RATE, SWEAT_RATE}), max_batch=100)
    is_closed: ClassVar[bool] = False
    kept: ClassVar[list[Reading]] = []

    @override
    async def validate(self) -> Account:
        return Account("shelf", "Shelf")

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        if Shelf.is_closed:
            raise UnreachableError("cannot_connect")
        Shelf.kept += readings
        return Receipt()


class OneLine(Shelf):
    """One that shows a single line of each."""

    limits = Limits(metrics=Shelf.limits.metrics, max_batch=100, one_line=True)


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a row to each of the two tables."""
    monkeypatch.setitem(METRICS, SWEAT_RATE.key, SWEAT_RATE)
    monkeypatch.setitem(DESTINATIONS, "shelf", Shelf)
    monkeypatch.setitem(DESTINATIONS, "one_line", OneLine)
    monkeypatch.setattr(Shelf, "is_closed", False)
    monkeypatch.setattr(Shelf, "kept", [])


def sweat(hass: HomeAssistant, value: float, entity_id: str = SKIN) -> None:
    """Let a sensor measure, in litres."""
    measure(hass, value, entity_id, unit_of_measurement="L/h")


def kept(metric: Metric) -> list[float]:
    """Return the values of a metric that the service has."""
    return [one.value for one in Shelf.kept if one.metric is metric]


async def start(
    hass: HomeAssistant, *others: str, service: str = "shelf"
) -> MockConfigEntry:
    """Set up a relay to the service."""
    entry = relay_entry(service, {}, [STRAP], other_sources=list(others))
    await set_up(hass, entry)
    return entry


async def test_all_the_way(hass: HomeAssistant) -> None:
    """States become readings in the unit of the metric, beside heart rates."""
    sweat(hass, 0.5)
    measure(hass, 60)
    entry = await start(hass, SKIN)
    sweat(hass, 0.75)
    measure(hass, 61)
    sweat(hass, 6)
    sweat(hass, 1)
    await until(lambda: len(Shelf.kept) == 3)
    assert kept(SWEAT_RATE) == [750, 1000]
    assert kept(HEART_RATE) == [61]
    assert {one.source.entity_id for one in Shelf.kept} == {SKIN, STRAP}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_over_a_restart(hass: HomeAssistant) -> None:
    """What waits is on disk by its key, and is what it was when it is read again."""
    Shelf.is_closed = True
    sweat(hass, 0.5)
    entry = await start(hass, SKIN)
    sweat(hass, 0.75)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    disk = DiskTier(outbox_path(hass, entry.entry_id))
    disk.open()
    assert [one.metric for one in disk.packs.each()] == [SWEAT_RATE]
    disk.close()

    Shelf.is_closed = False
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: Shelf.kept)
    assert kept(SWEAT_RATE) == [750]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_that_appears_later(hass: HomeAssistant) -> None:
    """An entity that is not there yet is a source as soon as it says what it measures."""
    entry = await start(hass, SKIN)
    hass.states.async_set(SKIN, "unavailable")
    sweat(hass, 0.5)
    sweat(hass, 0.75)
    await until(lambda: Shelf.kept)
    assert kept(SWEAT_RATE) == [750]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_first_that_is_live(hass: HomeAssistant) -> None:
    """Where one line is shown, one of two sources counts, and the heart has its own line."""
    for entity_id in (SKIN, ARM):
        sweat(hass, 0.5, entity_id)
    measure(hass, 60)
    entry = await start(hass, SKIN, ARM, service="one_line")
    sweat(hass, 0.75)
    sweat(hass, 0.8, ARM)
    measure(hass, 61)
    hass.states.async_set(SKIN, "unavailable")
    sweat(hass, 0.9, ARM)
    await until(lambda: len(Shelf.kept) == 3)
    assert kept(SWEAT_RATE) == [750, 900]
    assert kept(HEART_RATE) == [61]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_options(hass: HomeAssistant) -> None:
    """A person is shown what a new sensor measures, and may choose another instead."""
    sweat(hass, 0.5)
    sweat(hass, 0.5, ARM)
    entry = await start(hass, SKIN)
    form = await show_options(hass, entry)
    assert form["description_placeholders"] == {
        "measured": "- patch sweat: sweat rate (mL/h)"
    }
    flows = hass.config_entries.options
    chosen = suggested(form) | {"other_sources": [SKIN, ARM]}
    menu = await flows.async_configure(form["flow_id"], chosen)
    assert menu["type"] is FlowResultType.MENU
    assert menu["description_placeholders"] == {
        "measured": "- arm schweissrate: sweat rate (mL/h)"
    }
    again = {"next_step_id": "init"}
    form = await flows.async_configure(menu["flow_id"], again)
    assert suggested(form)["other_sources"] == [SKIN, ARM]
    await flows.async_configure(form["flow_id"], chosen)
    await hass.async_block_till_done()
    assert entry.options["other_sources"] == [SKIN, ARM]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_action(hass: HomeAssistant) -> None:
    """An automation may hand it over, within its range."""
    entry = await start(hass)
    await hass.services.async_call(
        DOMAIN,
        "send_reading",
        {"config_entry_id": entry.entry_id, "value": 80, "metric": "sweat_rate"},
        blocking=True,
    )
    await until(lambda: Shelf.kept)
    assert kept(SWEAT_RATE) == [80]
    await hass.config_entries.async_unload(entry.entry_id)
