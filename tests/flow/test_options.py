"""Changing what a relay collects and keeps."""

from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS
from custom_components.heart_rate_relay.flow import options as options_flow
from custom_components.heart_rate_relay.sources.finding import Found, async_find
from dev.stand_ins import Gerosense, Pulsoid
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er

from ..common import STRAP, WATCH, measure, until
from .common import (
    STAND_INS,
    add,
    assert_form,
    collect,
    each_service,
    fields,
    register,
    save_options,
    show_options,
    suggested,
    until_arrived,
)

CHANGED_OPTIONS = {
    "sources": [WATCH, STRAP],
    "follow_new": True,
    "min_interval": 2.5,
    "min_bpm": 40,
    "max_bpm": 100,
    "live_for": 120,
    "measured_again": "never",
    "keep_days": 3,
    "keep_readings": 5000,
}


OTHER_SOURCES = {"other_sources": ["sensor.steps", "sensor.resting", "sensor.hrv"]}
WORKOUTS = {"workout_sources": ["event.anna_workout"]}
POSITION = {"position_sources": ["person.anna"]}
EVERYTHING = OTHER_SOURCES | WORKOUTS | POSITION

MORE_OPTIONS: dict[str, dict[str, Any]] = {
    **{service: {} for service in STAND_INS},
    "gerosense": {"other_sources": ["sensor.steps"], "gather": 3600},
    "gerosense_proxy": {"other_sources": ["sensor.steps"], "gather": 30},
    "livetracking": {
        "other_sources": ["sensor.power"],
        "workout_sources": ["binary_sensor.anna_workout"],
        **POSITION,
    },
    **dict.fromkeys(("influxdb_v1", "influxdb_v2", "influxdb_v3"), EVERYTHING),
    "open_wearables": {**OTHER_SOURCES, **WORKOUTS, "gather": 10},
    "open_wearables_invitation": {**OTHER_SOURCES, **WORKOUTS, "gather": 86400},
    "webhook": EVERYTHING,
}
"""The options that not every service has, changed."""

GATHER = {"gerosense": 600, "open_wearables": 60}
"""How long readings are gathered as long as nobody says otherwise, in seconds."""


@each_service
async def test_every_option(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """All options are shown as they are, stored as they are chosen, and used at once."""
    entry = await add(hass, service, stand_in)
    coordinator = entry.runtime_data
    changed = CHANGED_OPTIONS | MORE_OPTIONS[service]
    form = await show_options(hass, entry)
    assert fields(form) == set(changed)
    gather = GATHER.get(service.removesuffix("_proxy").removesuffix("_invitation"))
    known = DEFAULT_OPTIONS | {"sources": [STRAP], "gather": gather}
    assert suggested(form) == {key: known[key] for key in changed}

    result = await save_options(hass, entry, **changed)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == DEFAULT_OPTIONS | changed | {"declined": []}
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not coordinator
    assert suggested(await show_options(hass, entry)) == changed


@pytest.mark.parametrize("service", ["gerosense"])
@pytest.mark.parametrize("gather", [9, 86401])
async def test_impossible_gathering(
    hass: HomeAssistant, service: str, stand_in: Gerosense, gather: int
) -> None:
    """Readings are gathered for ten seconds at least, and a day at most."""
    entry = await add(hass, service, stand_in)
    with pytest.raises(InvalidData):
        await save_options(hass, entry, gather=gather)
    assert "gather" not in entry.options


@pytest.mark.parametrize("service", ["gerosense"])
async def test_step_counter_alone(
    hass: HomeAssistant, service: str, stand_in: Gerosense
) -> None:
    """Sources of one metric are enough, and those that are gone stay."""
    entry = await add(hass, service, stand_in)
    steps = register(hass, "fitbit", "anna_steps", unit="steps")
    await save_options(hass, entry, sources=[], other_sources=[steps.entity_id])
    assert entry.options["other_sources"] == [steps.id]
    er.async_get(hass).async_remove(steps.entity_id)
    hass.states.async_remove(steps.entity_id)
    await hass.async_block_till_done()

    assert suggested(await show_options(hass, entry))["other_sources"] == [
        steps.entity_id
    ]
    await save_options(hass, entry)
    assert entry.options["other_sources"] == [steps.id]
    result = await save_options(hass, entry, other_sources=[])
    assert_form(result, "init", "no_sources")


async def test_silent_source(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A source that would stay silent is no more accepted later than at first."""
    entry = await add(hass, "pulsoid", stand_in)
    bad = register(hass, "mqtt", "bad", unit="%").entity_id
    form = await save_options(hass, entry, sources=[STRAP, bad])
    assert form["step_id"] == "init"
    assert form["errors"] == {"sources": "unknown_unit"}
    assert form["description_placeholders"] == {
        "measured": "–",
        "source": bad,
        "unit": "%",
        "expected": "bpm",
    }
    assert entry.options["sources"] == [STRAP]


@each_service
async def test_waiting_outlives_options(
    hass: HomeAssistant, service: str, stand_in: Any
) -> None:
    """What waits is delivered though the relay is loaded anew meanwhile, once."""
    entry = await add(hass, service, stand_in)
    measure(hass, 70)
    entry.runtime_data.async_pause(True)
    await collect(hass, 71, 72, 73)
    await save_options(hass, entry, min_bpm=30)
    assert not stand_in.arrivals
    entry.runtime_data.async_pause(False)
    await until_arrived(entry, stand_in, 71, 72, 73)


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({}, [30, 90, 150]),
        ({"min_bpm": 40}, [90, 150]),
        ({"max_bpm": 100}, [30, 90]),
        ({"min_interval": 3600}, [30]),
        ({"sources": [WATCH]}, []),
    ],
)
async def test_options_matter(
    hass: HomeAssistant,
    stand_in: Pulsoid,
    changes: dict[str, Any],
    values: list[int],
) -> None:
    """What is chosen is what the relay does."""
    entry = await add(hass, "pulsoid", stand_in)
    await save_options(hass, entry, **changes)
    for value in (60, 30, 90, 150):
        measure(hass, value)
    await until(lambda: len(stand_in.arrivals) >= len(values))
    await until(lambda: not len(entry.runtime_data.outbox))
    assert [arrival.value for arrival in stand_in.arrivals] == values


@pytest.mark.parametrize(
    "values",
    [
        {"min_interval": -1},
        {"min_interval": 3601},
        {"min_bpm": 0},
        {"max_bpm": 301},
        {"live_for": 4},
        {"live_for": 3601},
        {"keep_days": 0},
        {"keep_days": 3651},
        {"keep_readings": 999},
        {"keep_readings": 10_000_001},
        {"sources": ["light.anything"]},
    ],
)
async def test_impossible_options(
    hass: HomeAssistant, stand_in: Pulsoid, values: dict[str, Any]
) -> None:
    """No option can be set to what makes no sense."""
    entry = await add(hass, "pulsoid", stand_in)
    options = dict(entry.options)
    with pytest.raises(InvalidData):
        await save_options(hass, entry, **values)
    assert entry.options == options


@pytest.mark.parametrize("highest", [100, 90])
async def test_empty_range(
    hass: HomeAssistant, stand_in: Pulsoid, highest: int
) -> None:
    """A range that no heart rate is in is refused, and can be mended."""
    entry = await add(hass, "pulsoid", stand_in)
    options = dict(entry.options)
    result = await save_options(hass, entry, min_bpm=100, max_bpm=highest, keep_days=5)
    assert_form(result, "init", "empty_range")
    typed = suggested(result)
    assert typed["max_bpm"] == highest
    assert typed["keep_days"] == 5
    assert entry.options == options

    result = await hass.config_entries.options.async_configure(
        result["flow_id"], typed | {"max_bpm": 101}
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["min_bpm"] == 100
    assert entry.options["max_bpm"] == 101


async def test_no_source_left(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A relay with no source, and none to come, would do nothing."""
    entry = await add(hass, "pulsoid", stand_in)
    result = await save_options(hass, entry, sources=[])
    assert_form(result, "init", "no_sources")
    await save_options(hass, entry, sources=[], follow_new=True)
    assert entry.options["sources"] == []


async def test_other_options_stay(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A pause, and what a later version knows, outlives the form."""
    entry = await add(hass, "pulsoid", stand_in)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "paused": True, "of_the_future": 1}
    )
    await save_options(hass, entry, min_bpm=30)
    assert entry.options["paused"] is True
    assert entry.options["of_the_future"] == 1
    assert entry.options["min_bpm"] == 30
    assert entry.runtime_data.paused


async def test_options_of_an_older_version(
    hass: HomeAssistant, stand_in: Pulsoid
) -> None:
    """An option that is not stored yet has its default."""
    entry = await add(hass, "pulsoid", stand_in)
    hass.config_entries.async_update_entry(entry, options={"sources": [STRAP]})
    await save_options(hass, entry)
    assert entry.options == DEFAULT_OPTIONS | {"sources": [STRAP]} | {"declined": []}


async def test_renamed_source(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A source is shown as it is called now, and stays what it is."""
    strap = register(hass, "bthome", "strap_heart_rate")
    entry = await add(hass, "pulsoid", stand_in, sources=[strap.entity_id])
    er.async_get(hass).async_update_entity(
        strap.entity_id, new_entity_id="sensor.renamed"
    )
    await hass.async_block_till_done()
    assert suggested(await show_options(hass, entry))["sources"] == ["sensor.renamed"]
    await save_options(hass, entry)
    assert entry.options["sources"] == [strap.id]


@pytest.mark.parametrize("forgotten", [False, True])
async def test_source_that_is_gone(
    hass: HomeAssistant, stand_in: Pulsoid, forgotten: bool
) -> None:
    """A source that is gone stays in its place until the user takes it out."""
    registry = er.async_get(hass)
    strap = register(hass, "bthome", "strap_heart_rate")
    measure(hass, 70, WATCH)
    chosen = [strap.entity_id, WATCH]
    entry = await add(hass, "pulsoid", stand_in, sources=chosen)
    registry.async_remove(strap.entity_id)
    hass.states.async_remove(strap.entity_id)
    if forgotten:
        registry.deleted_entities.clear()
    await hass.async_block_till_done()

    shown = suggested(await show_options(hass, entry))["sources"]
    assert shown == [strap.id if forgotten else strap.entity_id, WATCH]
    await save_options(hass, entry)
    assert entry.options["sources"] == [strap.id, WATCH]
    await save_options(hass, entry, sources=shown[::-1])
    assert entry.options["sources"] == [WATCH, strap.id]
    await save_options(hass, entry, sources=[WATCH])
    assert entry.options["sources"] == [WATCH]


@pytest.mark.parametrize("followed", [False, True])
async def test_source_that_was_replaced(
    hass: HomeAssistant, stand_in: Pulsoid, followed: bool
) -> None:
    """Another sensor under the name of one that is gone is the one that is meant."""
    old = register(hass, "bthome", "strap_heart_rate")
    entry = await add(
        hass, "pulsoid", stand_in, sources=[old.entity_id], follow_new=followed
    )
    er.async_get(hass).async_remove(old.entity_id)
    hass.states.async_remove(old.entity_id)
    new = register(hass, "esphome", "strap_heart_rate")
    await hass.async_block_till_done()
    assert new.entity_id == old.entity_id
    assert new.id != old.id
    assert entry.options["sources"] == [old.id, *([new.id] if followed else [])]

    shown = suggested(await show_options(hass, entry))["sources"]
    assert shown == [new.entity_id]
    await save_options(hass, entry)

    assert entry.options["sources"] == [new.id]


async def test_declined_stays_declined(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Who said no to a sensor is not asked again because it was away for a while."""
    other = register(hass, "bthome", "other_heart_rate")
    entry = await add(hass, "pulsoid", stand_in, follow_new=True)
    assert entry.options["declined"] == [other.id]
    hass.states.async_remove(other.entity_id)

    await save_options(hass, entry)
    assert entry.options["declined"] == [other.id]
    await save_options(hass, entry, sources=[STRAP, other.entity_id])
    assert entry.options["declined"] == []


async def test_gone_and_taken_out(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Who takes a sensor out while it is gone does not get it back with its return."""
    strap = register(hass, "bthome", "strap_heart_rate")
    measure(hass, 70, WATCH)
    chosen = [strap.entity_id, WATCH]
    entry = await add(hass, "pulsoid", stand_in, sources=chosen, follow_new=True)
    hass.states.async_remove(strap.entity_id)
    await save_options(hass, entry, sources=[WATCH])
    measure(hass, 70, strap.entity_id, friendly_name="Heart rate")
    await hass.async_block_till_done()
    assert entry.options["sources"] == [WATCH]


async def test_found_while_the_form_is_open(
    hass: HomeAssistant, stand_in: Pulsoid
) -> None:
    """A sensor that was added by itself, unseen by who looks at the form, stays."""
    entry = await add(hass, "pulsoid", stand_in, follow_new=True)
    form = await show_options(hass, entry)
    measure(hass, 70, WATCH, friendly_name="Heart rate")
    await hass.async_block_till_done()
    assert entry.options["sources"] == [STRAP, WATCH]
    await hass.config_entries.options.async_configure(
        form["flow_id"], suggested(form) | {"min_bpm": 30}
    )
    await hass.async_block_till_done()
    assert entry.options["min_bpm"] == 30
    assert entry.options["sources"] == [STRAP, WATCH]
    assert entry.options["declined"] == []


async def test_paused_while_saved(
    hass: HomeAssistant, stand_in: Pulsoid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is changed elsewhere, while the sensors are looked at, stays changed."""
    entry = await add(hass, "pulsoid", stand_in)

    async def find(hass: HomeAssistant) -> Found:
        entry.runtime_data.async_pause(True)
        return await async_find(hass)

    monkeypatch.setattr(options_flow, "async_find", find)
    await save_options(hass, entry, min_bpm=30)
    assert entry.options["min_bpm"] == 30
    assert entry.options["paused"]
