"""How workouts are added and changed."""

from html import unescape
from http import HTTPStatus
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.heart_rate_relay.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..common import STRAP, measure
from .gym import BODY, Gym, workout_entry

GIVEN: dict[str, Any] = {
    "name": "Anna",
    "sources": [STRAP],
    "begins_by": "worn",
    "bound": 100,
    "begin_after": 1,
    "end_after": 8,
    "sport": "automatic",
    "keep_workouts": 20,
    "worn_sensors": [],
    "other_sensors": {},
    "body": BODY,
    "zones": {"zones_by": "highest"},
}


async def add(hass: HomeAssistant, **given: Any) -> ConfigFlowResult:
    """Fill in the form."""
    measure(hass, 80)
    menu = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    form = await hass.config_entries.flow.async_configure(
        menu["flow_id"], {"next_step_id": "workout"}
    )
    assert form["type"] is FlowResultType.FORM
    return await hass.config_entries.flow.async_configure(
        form["flow_id"], {**GIVEN, **given}
    )


async def test_add(hass: HomeAssistant) -> None:
    """What is filled in is what workouts are told by."""
    result = await add(hass)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Anna"
    assert result["data"] == {"kind": "workout"}
    assert result["options"]["sources"] == [STRAP]
    assert result["options"]["zones"]["zone_4"] == 80
    await hass.async_block_till_done()
    assert hass.states.get("binary_sensor.anna_workout")


async def test_twice(hass: HomeAssistant) -> None:
    """One person's sensors tell one person's workouts."""
    await add(hass)
    result = await add(hass, name="Bob")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"sources": []}, {"sources": "no_heart_rate"}),
        ({"body": {"year_of_birth": 2099}}, {"base": "born_in_future"}),
        (
            {"body": {**BODY, "highest_heart_rate": 110, "resting_heart_rate": 115}},
            {"base": "resting_too_high"},
        ),
        (
            {"zones": {"zones_by": "highest", "zone_2": 40}},
            {"base": "zones_not_rising"},
        ),
        ({"zones": {"zones_by": "reserve"}, "body": {}}, {"base": "reserve_unknown"}),
        ({"sources": ["sensor.scale"]}, {"sources": "unknown_unit"}),
        ({"other_sensors": {"power": ["sensor.scale"]}}, {"base": "unknown_unit"}),
    ],
)
async def test_errors(
    hass: HomeAssistant, given: dict[str, Any], errors: dict[str, str]
) -> None:
    """What cannot be is told, and can be put right."""
    measure(hass, 80, "sensor.scale", unit_of_measurement="kg")
    form = await add(hass, **given)
    assert form["errors"] == errors
    result = await hass.config_entries.flow.async_configure(form["flow_id"], GIVEN)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_by_hand_without_sensors(hass: HomeAssistant) -> None:
    """A person's word needs no sensor."""
    result = await add(hass, sources=[], begins_by="hand", body={})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert hass.states.get("sensor.anna_duration")
    assert not hass.states.get("sensor.anna_energy_expended")


async def test_change(gym: Gym) -> None:
    """Options, and the name with Reconfigure, are changed by the same form."""
    entry = workout_entry()
    await gym.open(entry)
    flows = gym.hass.config_entries
    form = await flows.options.async_init(entry.entry_id)
    given = {key: value for key, value in GIVEN.items() if key != "name"}
    await flows.options.async_configure(form["flow_id"], given | {"bound": 120})
    assert entry.options["bound"] == 120
    form = await entry.start_reconfigure_flow(gym.hass)
    result = await flows.flow.async_configure(
        form["flow_id"], {**GIVEN, "name": "Bea", "end_after": 5}
    )
    assert result["reason"] == "reconfigure_successful"
    assert entry.title == "Bea"
    assert entry.options["end_after"] == 5
    await gym.hass.async_block_till_done()


async def test_change_with_a_sensor_that_is_gone(gym: Gym) -> None:
    """A sensor that is gone does not stand in the way of what else there is to change."""
    others = {"power": ["sensor.bike_power"]}
    entry = workout_entry(other_sensors=others)
    await gym.open(entry)
    flows = gym.hass.config_entries.options
    form = await flows.async_init(entry.entry_id)
    given = {key: value for key, value in GIVEN.items() if key != "name"}
    result = await flows.async_configure(
        form["flow_id"], {**given, "other_sensors": others, "bound": 120}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["bound"] == 120
    assert entry.options["other_sensors"]["power"] == ["sensor.bike_power"]
    await gym.hass.async_block_till_done()


async def test_files(gym: Gym, hass_client_no_auth: ClientSessionGenerator) -> None:
    """The files of the last workouts are given as links, which a browser saves."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    await gym.wait(600)
    flows = gym.hass.config_entries.options
    menu = await flows.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["files", "workout"]
    shown = await flows.async_configure(menu["flow_id"], {"next_step_id": "files"})
    words = shown["description_placeholders"]
    assert words
    (line,) = words["files"].splitlines()
    assert line.startswith("- 2026-06-01 01:00: ")
    browser = await hass_client_no_auth()
    links = re.findall(r'<a href="([^"]+)" target="_blank">(\w+)</a>', line)
    assert [kind for _, kind in links] == ["TCX", "FIT"]
    for address, kind in links:
        answer = await browser.get(unescape(address))
        assert answer.status == HTTPStatus.OK
        assert answer.content_disposition
        assert answer.content_disposition.type == "attachment"
        assert str(answer.content_disposition.filename).endswith(f".{kind.lower()}")
    before = dict(entry.options)
    ended = await flows.async_configure(shown["flow_id"], {})
    assert ended["type"] is FlowResultType.CREATE_ENTRY
    await gym.hass.async_block_till_done()
    assert entry.options == before


async def test_change_where_workouts_are_kept(gym: Gym) -> None:
    """The options can be changed then, too."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    await gym.wait(600)
    flows = gym.hass.config_entries.options
    menu = await flows.async_init(entry.entry_id)
    form = await flows.async_configure(menu["flow_id"], {"next_step_id": "workout"})
    given = {key: value for key, value in GIVEN.items() if key != "name"}
    await flows.async_configure(form["flow_id"], given | {"bound": 120})
    assert entry.options["bound"] == 120
    await gym.hass.async_block_till_done()
