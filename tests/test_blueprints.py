"""The blueprints, as Home Assistant imports and runs them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
import re
import shutil
from typing import Any

from awesomeversion import AwesomeVersion
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.heart_rate_relay.const import DOMAIN
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.util.yaml import load_yaml_dict, parse_yaml

from .automation import automate, let_pass
from .common import STRAP, measure, relay_entry, set_up
from .test_trigger import STATUS, become
from .workout.gym import Gym, workout_entry

ROOT = Path(__file__).parent.parent
BLUEPRINTS = sorted((ROOT / "blueprints").rglob("*.yaml"))
NAMES = [path.stem for path in BLUEPRINTS]

LIVE = "input_boolean.live"

ALARM = {"action": "test.alarm"}


def load(path: Path) -> Blueprint:
    """Return a blueprint. Raises where Home Assistant would not import it."""
    return Blueprint(
        load_yaml_dict(path),
        path=str(path),
        expected_domain="automation",
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )


def inputs_of(inputs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the inputs of a blueprint, also those within sections."""
    for key, described in inputs.items():
        if "input" in described:
            yield from inputs_of(described["input"])
        else:
            yield key, described


def test_all_are_tested() -> None:
    """Each blueprint is tested below."""
    assert [
        *("heart_rate_alert", "heart_rate_zone_lights", "stopped_while_live"),
        *("workout_fan", "workout_summary", "workout_too_hard"),
    ] == NAMES


@pytest.mark.parametrize("path", BLUEPRINTS, ids=NAMES)
def test_blueprint(path: Path) -> None:
    """It says what it is for, where it is from, and what it needs."""
    blueprint = load(path)
    metadata = blueprint.metadata
    assert path.parent.relative_to(ROOT) == Path("blueprints/automation", DOMAIN)
    assert blueprint.validate() is None
    assert blueprint.name
    assert metadata["description"].endswith(".")
    assert metadata["source_url"] == (
        "https://github.com/heart-rate-relay/heart-rate-relay/blob/main/"
        f"{path.relative_to(ROOT)}"
    )
    needed = metadata["homeassistant"]["min_version"]
    assert AwesomeVersion("2026.10.0") <= needed <= AwesomeVersion(__version__)
    for _, described in inputs_of(metadata["input"]):
        assert described["name"]
        assert described["selector"]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=NAMES)
def test_documented(path: Path) -> None:
    """A person finds it, with a link that imports it."""
    text = (ROOT / "docs/automations.md").read_text(encoding="utf-8")
    blueprint = load(path)
    assert blueprint.name in text
    assert blueprint.metadata["source_url"] in text


async def test_examples(hass: HomeAssistant) -> None:
    """What is to be copied from the documentation is valid."""
    text = (ROOT / "docs/automations.md").read_text(encoding="utf-8")
    examples = [
        parse_yaml(example)
        for example in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    ]
    assert len(examples) >= 4
    await automate(hass, *(one for one in examples if isinstance(one, dict)))
    assert len(hass.states.async_all("automation")) == len(examples)


async def use(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    """Have an automation that a person made from a blueprint."""
    (path,) = [path for path in BLUEPRINTS if path.stem == name]
    await automate(hass, used(hass, path, inputs))


def used(hass: HomeAssistant, path: Path, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return an automation that is made from a blueprint, which is imported with it."""
    relative = path.relative_to(ROOT)
    imported = Path(hass.config.path(str(relative)))
    imported.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, imported)
    inside = str(relative.relative_to("blueprints/automation"))
    return {"use_blueprint": {"path": inside, "input": inputs}}


async def test_alert(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """It waits for the time that was chosen, and gives the alarm once."""
    alarms = async_mock_service(hass, "test", "alarm")
    measure(hass, 70)
    await use(hass, "heart_rate_alert", heart_rate=STRAP, actions=[ALARM])
    measure(hass, 151)
    await let_pass(hass, freezer, 290)
    measure(hass, 150)
    await let_pass(hass, freezer, 20)
    measure(hass, 160)
    await let_pass(hass, freezer, 299)
    assert not alarms
    await let_pass(hass, freezer, 2)
    assert len(alarms) == 1
    await let_pass(hass, freezer, 600)
    assert len(alarms) == 1


async def test_alert_as_chosen(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The bound and the time can be chosen."""
    alarms = async_mock_service(hass, "test", "alarm")
    measure(hass, 70)
    await use(
        hass,
        "heart_rate_alert",
        heart_rate=STRAP,
        bound=100,
        duration={"seconds": 30},
        actions=[ALARM],
    )
    measure(hass, 101)
    await let_pass(hass, freezer, 31)
    assert len(alarms) == 1


GREY, BLUE, GREEN, ORANGE, RED = (
    [128, 128, 128],
    [0, 80, 255],
    [0, 200, 0],
    [255, 160, 0],
    [255, 0, 0],
)


async def test_zone_lights(hass: HomeAssistant) -> None:
    """The lights change with the zone, and with nothing else."""
    lights: list[ServiceCall] = async_mock_service(hass, "light", "turn_on")
    measure(hass, 70)
    await use(
        hass,
        "heart_rate_zone_lights",
        heart_rate=STRAP,
        lights={"entity_id": ["light.gym"]},
        maximum=200,
    )
    shown = []
    for value in (
        *(80, 119.9, 120, 139, 140, 160, 170, 180, 230),
        *("unknown", "unavailable", 175, 100),
    ):
        before = len(lights)
        measure(hass, value)
        measure(hass, value, friendly_name="Strap")
        await hass.async_block_till_done()
        assert len(lights) - before <= 1
        shown.append(lights[-1].data["rgb_color"] if lights[before:] else None)
    assert shown == [
        *(None, None, BLUE, None, GREEN, ORANGE, None, RED, None),
        *(None, None, ORANGE, GREY),
    ]
    assert {tuple(call.data["entity_id"]) for call in lights} == {("light.gym",)}


async def warn_while_live(hass: HomeAssistant, live: str) -> list[ServiceCall]:
    """Have a warning, and return the warnings that come."""
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    hass.states.async_set(LIVE, live)
    become(hass, "delivering")
    await use(hass, "stopped_while_live", status=STATUS, live=LIVE, actions=[ALARM])
    return async_mock_service(hass, "test", "alarm")


@pytest.mark.parametrize("status", ["unreachable", "not_authorised", "not_entitled"])
async def test_stops_while_live(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, status: str
) -> None:
    """It warns when the delivery stops, if it does not come back soon."""
    warnings = await warn_while_live(hass, "on")
    become(hass, status)
    await let_pass(hass, freezer, 9)
    become(hass, "delivering")
    await let_pass(hass, freezer, 60)
    assert not warnings
    become(hass, status)
    await let_pass(hass, freezer, 11)
    assert len(warnings) == 1


async def test_stops_while_not_live(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It does not matter before one is live, and matters then."""
    warnings = await warn_while_live(hass, "off")
    become(hass, "unreachable")
    await let_pass(hass, freezer, 60)
    assert not warnings
    hass.states.async_set(LIVE, "on")
    await let_pass(hass, freezer, 11)
    assert len(warnings) == 1


@pytest.mark.parametrize("status", ["idle", "delivering", "waiting", "paused"])
async def test_live_and_well(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, status: str
) -> None:
    """Going live is no reason for a warning, nor is what a person wants so."""
    warnings = await warn_while_live(hass, "off")
    become(hass, status)
    hass.states.async_set(LIVE, "on")
    await let_pass(hass, freezer, 60)
    assert not warnings


async def test_workouts(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A fan follows the zone, one is warned above it, and told the summary."""
    fan = async_mock_service(hass, "fan", "set_percentage")
    off = async_mock_service(hass, "fan", "turn_off")
    alarms = async_mock_service(hass, "test", "alarm")
    notes = async_mock_service(hass, "test", "note")
    freezer.move_to("2026-06-01 08:00:00+00:00")
    measure(hass, "unavailable")
    gym = Gym(hass, freezer)
    await gym.open(workout_entry())
    zone, finished = "sensor.anna_zone", "event.anna_workout_finished"
    note = {"action": "test.note", "data": {"message": "{{ message }}"}}
    inputs: dict[str, dict[str, Any]] = {
        "workout_fan": {
            "workout": "binary_sensor.anna_workout",
            "zone": zone,
            "fan": "fan.gym",
        },
        "workout_too_hard": {"zone_sensor": zone, "zone": 3, "actions": [ALARM]},
        "workout_summary": {"finished": finished, "actions": [note]},
    }
    automations = []
    for name, given in inputs.items():
        (path,) = [path for path in BLUEPRINTS if path.stem == name]
        automations.append(used(hass, path, given))
    await automate(hass, *automations)
    await gym.train(300, 130)
    assert [call.data["percentage"] for call in fan] == [40]
    await gym.train(240, 170)
    assert fan[-1].data["percentage"] == 80
    assert len(alarms) == 1
    await gym.wait(600)
    assert off
    (told,) = notes
    assert told.data["message"] == "9 min, 148 bpm on average, 171 at most, 124 kcal"


async def test_slow_fan(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A fan that takes a while to turn off is off after a workout that ends in a zone."""
    turned: list[str] = []

    async def set_percentage(call: ServiceCall) -> None:
        turned.append(str(call.data["percentage"]))

    async def turn_off(_: ServiceCall) -> None:
        for _turn in range(20):
            await asyncio.sleep(0)
        turned.append("off")

    hass.services.async_register("fan", "set_percentage", set_percentage)
    hass.services.async_register("fan", "turn_off", turn_off)
    freezer.move_to("2026-06-01 08:00:00+00:00")
    measure(hass, "unavailable")
    gym = Gym(hass, freezer)
    entry = workout_entry()
    await gym.open(entry)
    # Loaded again, it tells that a workout is over before it tells the zone
    assert await hass.config_entries.async_reload(entry.entry_id)
    await use(
        hass,
        "workout_fan",
        workout="binary_sensor.anna_workout",
        zone="sensor.anna_zone",
        fan="fan.gym",
    )
    await gym.train(300, 130)
    await gym.turn("off")
    await hass.async_block_till_done()
    assert turned == ["40", "off"]
