"""Every text that can be shown is there, and none is there in vain."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from inspect import Parameter, signature
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any, cast

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay import config_flow, destinations
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations import base
from custom_components.heart_rate_relay.destinations.base import (
    DestinationError,
    NotEntitledError,
)
from custom_components.heart_rate_relay.forms import FORMS
from custom_components.heart_rate_relay.relay import issues
from custom_components.heart_rate_relay.relay.coordinator import Status
from custom_components.heart_rate_relay.relay.outbox import Outbox
from dev.stand_ins import Pulsoid
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from .common import pulsoid_data, relay_entry, set_up

ROOT = Path(config_flow.__file__).parent
STRINGS: dict[str, Any] = json.loads(
    (ROOT / "translations/en.json").read_text(encoding="utf-8")
)
ICONS: dict[str, Any] = json.loads((ROOT / "icons.json").read_text(encoding="utf-8"))

HOME_ASSISTANT_PLACEHOLDERS = {"name"}
"""What Home Assistant adds to the placeholders of a form by itself."""

URL = re.compile(r"(\w+://|www\.)[\w-]+\.\w", re.IGNORECASE)
HTML = re.compile(r"<[^>]*>|&\w+;")


def texts(
    strings: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Yield all texts with the path to each."""
    for key, value in strings.items():
        if isinstance(value, str):
            yield ".".join((*path, key)), value
        else:
            yield from texts(value, (*path, key))


def placeholders(strings: Mapping[str, Any]) -> set[str]:
    """Return the placeholders that texts use."""
    return {
        name
        for _, text in texts(strings)
        for _, name, _, _ in Formatter().parse(text)
        if name is not None
    }


@pytest.mark.parametrize(("path", "text"), texts(STRINGS))
def test_text(path: str, text: str) -> None:
    """No text is empty, has an address or HTML in it, or refers to another."""
    assert text.strip() == text != ""
    assert not URL.search(text)
    assert not HTML.search(text)
    assert not re.search(r"'\{\w*\}'|\[%", text)
    assert "  " not in text
    assert all(name.isidentifier() for name in placeholders({path: text}))
    if path.endswith((".title", ".name")) or ".data." in path:
        assert not text.endswith(".")


@pytest.mark.parametrize("strings", [STRINGS, ICONS])
def test_sorted(strings: dict[str, Any]) -> None:
    """Keys are sorted at every level, so that each has one place."""

    def check(level: dict[str, Any]) -> None:
        assert list(level) == sorted(level)
        for value in level.values():
            if isinstance(value, dict):
                check(value)

    check(strings)


def test_parts() -> None:
    """What the other tests look at is all that there is."""
    assert set(STRINGS) == {"config", "entity", "exceptions", "issues", "options"}
    assert set(STRINGS["config"]) == {"abort", "error", "step"}
    assert set(STRINGS["options"]) == {"error", "step"}
    assert set(ICONS) == {"entity"}


def steps_of(flow: type) -> set[str]:
    """Return the steps of a flow that show something."""
    steps = {
        name.removeprefix("async_step_")
        for name in vars(flow)
        if name.startswith("async_step_")
    }
    # It goes on to reauth_confirm at once
    return steps - {"reauth"}


def test_steps() -> None:
    """Each step of the flows has texts."""
    steps = steps_of(config_flow.HeartRateRelayConfigFlow)
    assert set(STRINGS["config"]["step"]) == steps
    assert set(STRINGS["options"]["step"]) == steps_of(config_flow.RelayOptionsFlow)


type Shown = Mapping[str, list[ConfigFlowResult]]


@pytest.fixture
async def shown(hass: HomeAssistant, pulsoid: Pulsoid) -> Shown:
    """Return what is shown in each step of the config flow."""
    flow = hass.config_entries.flow
    results: list[ConfigFlowResult] = []
    for service in FORMS:
        menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        form = await flow.async_configure(menu["flow_id"], {"next_step_id": service})
        results += menu, form
        if service == "pulsoid":
            results.append(
                await flow.async_configure(form["flow_id"], pulsoid_data(pulsoid))
            )
        entry = MockConfigEntry(domain=DOMAIN, data={"service": service})
        entry.add_to_hass(hass)
        results.append(await entry.start_reauth_flow(hass))
        results.append(await entry.start_reconfigure_flow(hass))
    by_step: dict[str, list[ConfigFlowResult]] = {}
    for result in results:
        by_step.setdefault(result["step_id"], []).append(result)
    return by_step


@pytest.fixture
async def options_form(hass: HomeAssistant) -> ConfigFlowResult:
    """Return what the options flow shows."""
    entry = relay_entry("pulsoid", {"access_token": "a"})
    await set_up(hass, entry)
    return await hass.config_entries.options.async_init(entry.entry_id)


def assert_fields(strings: Mapping[str, Any], forms: Iterable[Any]) -> None:
    """See that all fields of forms have a name and a description, and no others do."""
    names: set[str] = set()
    sections: dict[str, list[Any]] = {}
    for form in forms:
        for marker, selector in form.schema.items():
            if isinstance(selector, section):
                sections.setdefault(marker.schema, []).append(selector.schema)
            else:
                names.add(marker.schema)
    assert set(strings["data"]) == names
    assert set(strings["data_description"]) == names
    assert set(strings.get("sections", {})) == set(sections)
    for name, schemas in sections.items():
        assert strings["sections"][name]["name"]
        assert_fields(strings["sections"][name], schemas)


async def test_all_steps_are_shown(shown: Shown) -> None:
    """The tests below miss no step."""
    assert set(shown) == set(STRINGS["config"]["step"])


async def test_menu(shown: Shown) -> None:
    """Each choice of the menu has a text."""
    strings = STRINGS["config"]["step"]["user"]
    assert set(strings) == {"description", "menu_options", "title"}
    for menu in shown["user"]:
        assert menu["type"] is FlowResultType.MENU
        assert menu["menu_options"] == list(FORMS)
    assert set(strings["menu_options"]) == set(FORMS)


@pytest.mark.parametrize("step", sorted(set(STRINGS["config"]["step"]) - {"user"}))
async def test_form(shown: Shown, step: str) -> None:
    """Each form has a title, texts for its fields, and what they are filled in with."""
    strings = STRINGS["config"]["step"][step]
    assert set(strings) - {"sections"} == {
        *("data", "data_description", "description", "title")
    }
    assert_fields(strings, [form["data_schema"] for form in shown[step]])
    for form in shown[step]:
        given = set(form["description_placeholders"] or ())
        assert given - HOME_ASSISTANT_PLACEHOLDERS == placeholders(strings)


async def test_options_form(options_form: ConfigFlowResult) -> None:
    """Each option has a name and a description."""
    strings = STRINGS["options"]["step"][options_form["step_id"]]
    assert set(strings) == {"data", "data_description", "title"}
    assert_fields(strings, [options_form["data_schema"]])
    assert placeholders(strings) == set()


def error_classes() -> dict[str, type[DestinationError]]:
    """Return the errors of destinations by name."""
    return {
        name: value
        for name, value in vars(base).items()
        if isinstance(value, type) and issubclass(value, DestinationError)
    }


def error_keys(kind: type[DestinationError] = DestinationError) -> set[str]:
    """Return the keys of all errors of a kind that destinations can raise.

    Keys are written where an error is made, or are the same for the whole class.
    """
    classes = error_classes()
    keys: set[str] = set()
    for path in Path(destinations.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and issubclass(classes.get(node.func.id, type(None)), kind)
            ):
                keys.add(key_of(node, classes[node.func.id]))
    return keys


def key_of(call: ast.Call, error: type[DestinationError]) -> str:
    """Return the key of an error that is made."""
    parameters = signature(error).parameters
    if "key" not in parameters:
        return cast("Callable[[], DestinationError]", error)().key
    given = dict(zip(parameters, call.args, strict=False)) | {
        keyword.arg: keyword.value for keyword in call.keywords if keyword.arg
    }
    if node := given.get("key"):
        return str(ast.literal_eval(node))
    assert parameters["key"].default is not Parameter.empty
    return str(parameters["key"].default)


def flow_errors(flow: type) -> set[str]:
    """Return the errors that a flow finds by itself."""
    tree = ast.parse(Path(config_flow.__file__).read_text(encoding="utf-8"))
    return {
        str(node.value.value)
        for body in tree.body
        if isinstance(body, ast.ClassDef) and body.name == flow.__name__
        for node in ast.walk(body)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and ast.unparse(node.targets[0]) == "errors['base']"
    }


def test_errors() -> None:
    """What a destination says in a flow, and what the flow says itself, has a text."""
    own = flow_errors(config_flow.HeartRateRelayConfigFlow)
    assert own == {"no_sources", "unknown"}
    keys = error_keys()
    assert {"refused", "busy", "invalid_auth", "missing_scope", "timeout"} <= keys
    assert set(STRINGS["config"]["error"]) == keys | own
    assert placeholders(STRINGS["config"]["error"]) == set()


def test_option_errors() -> None:
    """What is wrong with options has a text."""
    own = flow_errors(config_flow.RelayOptionsFlow)
    assert own == {"empty_range", "no_sources"}
    assert set(STRINGS["options"]["error"]) == own
    assert placeholders(STRINGS["options"]["error"]) == set()


def test_aborts() -> None:
    """What ends a flow has a text, unless Home Assistant itself has it."""
    tree = ast.parse(Path(config_flow.__file__).read_text(encoding="utf-8"))
    reasons: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "_abort_if_unique_id_configured":
            reasons.add("already_configured")
        reasons.update(
            str(ast.literal_eval(keyword.value))
            for keyword in node.keywords
            if keyword.arg == "reason"
        )
    assert set(STRINGS["config"]["abort"]) == reasons
    assert placeholders(STRINGS["config"]["abort"]) == set()


@pytest.fixture
async def entities(hass: HomeAssistant) -> dict[tuple[str, str], er.RegistryEntry]:
    """Return the entities of a relay by domain and translation key."""
    entry = relay_entry("pulsoid", {"access_token": "a"})
    await set_up(hass, entry)
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {
        (entity.domain, str(entity.translation_key)): entity for entity in registered
    }


def by_entity(
    strings: Mapping[str, Mapping[str, Any]],
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the texts or icons of entities by domain and translation key."""
    return {
        (domain, key): value
        for domain, keys in strings.items()
        for key, value in keys.items()
    }


def states_of(entity: er.RegistryEntry) -> set[str]:
    """Return the states that an entity can be in, where they are few."""
    if entity.domain == "switch":
        return {"on", "off"}
    return set((entity.capabilities or {}).get("options", ()))


async def test_entity_texts(
    hass: HomeAssistant, entities: dict[tuple[str, str], er.RegistryEntry]
) -> None:
    """Each entity has a name, and each state of its own a text."""
    strings = by_entity(STRINGS["entity"])
    assert set(strings) == set(entities)
    for key, entity in entities.items():
        expected = {"name"}
        if entity.domain == "sensor" and (states := states_of(entity)):
            expected.add("state")
            assert set(strings[key]["state"]) == states
        if unit := strings[key].get("unit_of_measurement"):
            expected.add("unit_of_measurement")
            state = hass.states.get(entity.entity_id)
            assert state
            assert state.attributes["unit_of_measurement"] == unit
        assert set(strings[key]) == expected
    assert placeholders(STRINGS["entity"]) == set()


async def test_icons(entities: dict[tuple[str, str], er.RegistryEntry]) -> None:
    """Each entity has an icon, and only states that it can be in have others."""
    icons = by_entity(ICONS["entity"])
    assert set(icons) == set(entities)
    for key, icon in icons.items():
        assert {"default"} <= set(icon) <= {"default", "state"}
        assert set(icon.get("state", ())) <= states_of(entities[key])
    for _, name in texts(ICONS):
        assert re.fullmatch(r"mdi:[a-z]+(-[a-z0-9]+)*", name)


async def test_issues(hass: HomeAssistant, tmp_path: Path) -> None:
    """Each issue has a title and a description, filled in with what it gives."""
    source_id = "sensor.gone"
    entry = relay_entry("pulsoid", {"access_token": "a"}, [source_id])
    registry = ir.async_get(hass)
    reported: dict[str, ir.IssueEntry] = {}

    def note() -> None:
        for (domain, _), issue in registry.issues.items():
            if domain == DOMAIN:
                reported[str(issue.translation_key)] = issue

    for key in error_keys(NotEntitledError):
        issues.async_update_account(hass, entry, NotEntitledError(key))
        note()
        assert key in reported
    issues.async_update_sources(hass, entry, [source_id])
    outbox = Outbox(tmp_path / "outbox.db", max_readings=1, max_age=1)
    outbox.trouble = "disk full"
    outbox.set_aside = tmp_path / "outbox.db.damaged"
    issues.async_update_outbox(hass, entry, outbox)
    note()

    assert set(STRINGS["issues"]) == set(reported)
    for key, issue in reported.items():
        strings = STRINGS["issues"][key]
        assert set(strings) == {"title", "description"}
        assert not issue.is_fixable
        given = issue.translation_placeholders or {}
        assert set(given) == placeholders(strings)
        assert given["relay"] == entry.title
        assert all(given.values())


async def test_exceptions(hass: HomeAssistant) -> None:
    """What is raised has a text, filled in with what it gives."""
    coordinator = await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    raised: dict[str, set[str]] = {}
    for status in Status:
        coordinator.data = replace(coordinator.data, status=status)
        try:
            coordinator.async_send_now()
        except HomeAssistantError as err:
            key = f"{err.translation_domain} {err.translation_key}"
            raised[key] = set(err.translation_placeholders or ())
    assert raised == {
        f"{DOMAIN} {key}": placeholders(strings)
        for key, strings in STRINGS["exceptions"].items()
    }


def test_no_other_exception() -> None:
    """The test above raises all that can be raised for a person to read."""
    raised = [
        f"{path.relative_to(ROOT)}: {ast.unparse(keyword.value)}"
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id.endswith(("Error", "Exception"))
        for keyword in node.keywords
        if keyword.arg == "translation_key"
    ]
    assert raised == ["relay/coordinator.py: f'cannot_send_{self.data.status}'"]
