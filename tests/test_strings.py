"""Every text that can be shown is there, and none is there in vain."""

import ast
import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from inspect import isclass, signature
from itertools import chain, product
import json
from pathlib import Path
import re
from string import Formatter
from types import ModuleType
from typing import Any, cast
from unittest.mock import AsyncMock, patch

from bleak.exc import BleakError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.heart_rate_relay import (
    application_credentials,
    config_flow,
    metrics,
    repairs,
    services,
    system_health,
    trigger,
    workout_services,
)
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations import errors
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    NotEntitledError,
    NotStoredError,
)
from custom_components.heart_rate_relay.flow import (
    account as account_flow,
    monitor as monitor_flow,
    options as options_flow,
    workout as workout_flow,
)
from custom_components.heart_rate_relay.flow.forms import FORMS, MENUS
from custom_components.heart_rate_relay.flow.options import LIMITS
from custom_components.heart_rate_relay.media_source import WorkoutMediaSource
from custom_components.heart_rate_relay.monitor import monitor_issues
from custom_components.heart_rate_relay.monitor.link import Link
from custom_components.heart_rate_relay.monitor.profiles import ACTIONS, PROFILES
from custom_components.heart_rate_relay.monitor.trouble import Trouble
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.outbox.tally import Tally
from custom_components.heart_rate_relay.relay import relay_issues as issues
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from custom_components.heart_rate_relay.sources.flaws import Flaw, Flawed
from custom_components.heart_rate_relay.workout import workout_issues
from dev.stand_ins import Gerosense, OpenWearables, Pulsoid
from homeassistant.components.media_source import MediaSourceItem, Unresolvable
from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import SOURCE_BLUETOOTH, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.selector import SelectSelector
from homeassistant.util.yaml import load_yaml_dict

from .browser import Browser, add_application, sign_in
from .common import relay_entry, set_up
from .flow.common import (
    INPUT,
    choose,
    choose_service,
    gerosense_data,
    register,
    start,
    submit,
    to_sources,
    way_to,
)
from .monitor.common import features_of, heard, monitor_entry, set_up_monitor
from .workout.gym import workout_entry

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
    is_label = path.endswith((".title", ".name")) and "description" not in path
    if is_label or ".data." in path:
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
    assert set(STRINGS) == {
        "application_credentials",
        "config",
        "entity",
        "exceptions",
        "issues",
        "options",
        "selector",
        "services",
        "system_health",
        "triggers",
    }
    assert set(STRINGS["application_credentials"]) == {"description"}
    assert set(STRINGS["config"]) == {
        *("abort", "create_entry", "error", "flow_title", "progress", "step")
    }
    assert set(STRINGS["options"]) == {"error", "step"}
    assert set(STRINGS["system_health"]) == {"info"}
    assert set(ICONS) == {"entity", "services", "triggers"}


def steps_of(flow: type) -> set[str]:
    """Return the steps of a flow that show something."""
    steps = {
        name.removeprefix("async_step_")
        for base in flow.mro()
        if base.__module__.startswith(config_flow.__package__)
        for name in vars(base)
        if name.startswith("async_step_")
    }
    return steps - OF_NO_TEXT


OF_NO_TEXT = {
    *("known_person", "reauth", "bluetooth", "read", "add_monitor", "settings"),
    "confirm_sources",
}
"""Steps that go on at once, show nothing but progress, or are others by another name."""

OF_HOME_ASSISTANT = {"pick_implementation"}
"""Steps that Home Assistant shows, with texts of ours."""


def test_steps() -> None:
    """Each step of the flows has texts."""
    steps = steps_of(config_flow.HeartRateRelayConfigFlow) | OF_HOME_ASSISTANT
    assert set(STRINGS["config"]["step"]) == steps
    relay = steps_of(options_flow.RelayOptionsFlow)
    assert relay == {"init", "measured", "address", "hosted"}
    # Home Assistant always begins with the former
    assert steps_of(monitor_flow.MonitorOptionsFlow) == {"init", "monitor"}
    workout = {"files", "kept", "workout"}
    assert steps_of(workout_flow.WorkoutOptionsFlow) == workout | {"init"}
    assert set(STRINGS["options"]["step"]) == relay | workout | {"monitor"}


type Shown = Mapping[str, list[ConfigFlowResult]]


@pytest.fixture
async def shown(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    browser: Browser,
    pulsoid: Pulsoid,
    gerosense: Gerosense,
    open_wearables: OpenWearables,
    unreadable: asyncio.Event,
) -> Shown:
    """Return what is shown in each step of the config flow."""
    await add_application(hass, pulsoid)
    results: list[ConfigFlowResult] = [
        *await shown_about_monitors(hass, unreadable),
        *await shown_on_the_way(hass),
        await submit(hass, await start(hass), {"next_step_id": "workout"}),
        *await shown_about_people(hass, gerosense, open_wearables),
        await to_sources(hass, "pulsoid", pulsoid),
        await submit(hass, await choose(hass, "live_feed"), {"look": "line"}),
        *await shown_about_sources(hass, open_wearables),
        await shown_about_wearers(hass, pulsoid),
    ]
    pulsoid.scopes = ()
    asked = await choose_service(hass, "pulsoid_oauth")
    results.append(await sign_in(hass, browser, asked))
    pulsoid.client_id = "another"
    await add_application(hass, pulsoid, "another")
    results.append(await choose_service(hass, "pulsoid_oauth"))
    by_step: dict[str, list[ConfigFlowResult]] = {}
    for result in results:
        by_step.setdefault(result["step_id"], []).append(result)
    return by_step


async def shown_on_the_way(hass: HomeAssistant) -> list[ConfigFlowResult]:
    """Return what is shown until credentials are given, and when they are changed."""
    results: list[ConfigFlowResult] = []
    for service, form in FORMS.items():
        results.append(await start(hass))
        for step_id in way_to(service)[:-1]:
            results.append(await submit(hass, results[-1], {"next_step_id": step_id}))
        if not form.scope:
            results.append(await choose(hass, service))
        entry = MockConfigEntry(domain=DOMAIN, data={"service": service})
        entry.add_to_hass(hass)
        results.append(await entry.start_reauth_flow(hass))
        results.append(await entry.start_reconfigure_flow(hass))
    return results


async def shown_about_people(
    hass: HomeAssistant, gerosense: Gerosense, open_wearables: OpenWearables
) -> list[ConfigFlowResult]:
    """Return what is shown where a service may know several people."""
    given = gerosense_data(gerosense) | {"user_id": "stranger"}
    results = [await submit(hass, await choose(hass, "gerosense"), given)]
    given = gerosense_data(gerosense)
    results.append(await submit(hass, await choose(hass, "gerosense"), given))
    for step_id in MENUS["person"]:
        menu = await choose(hass, "open_wearables")
        given = INPUT["open_wearables"](open_wearables)
        menu = await submit(hass, menu, given)
        results += menu, await submit(hass, menu, {"next_step_id": step_id})
    given["user_id"] = open_wearables.user_id
    entry = MockConfigEntry(domain=DOMAIN, data={"service": "open_wearables", **given})
    entry.add_to_hass(hass)
    form = await entry.start_reconfigure_flow(hass)
    del given["user_id"]
    results.append(await submit(hass, form, given))
    return results


async def shown_about_sources(
    hass: HomeAssistant, open_wearables: OpenWearables
) -> list[ConfigFlowResult]:
    """Return what is shown where a sensor is chosen that was not proposed."""
    form = await to_sources(hass, "open_wearables", open_wearables)
    steps = register(hass, "fitbit", "steps", unit="steps").entity_id
    return [form, await submit(hass, form, {"other_sources": [steps]})]


async def shown_about_wearers(
    hass: HomeAssistant, pulsoid: Pulsoid
) -> ConfigFlowResult:
    """Return what is shown where sensors of several people are found."""
    for person in ("Anna", "Bob"):
        name = f"{person}'s heart rate"
        register(hass, "mqtt", name, friendly_name=name)
    pulsoid.profile_id = "somebody-else"
    form = await choose(hass, "pulsoid")
    return await submit(hass, form, INPUT["pulsoid"](pulsoid))


ADDRESSES = ("C0:9E:1A:00:00:02", "C0:9E:1A:00:00:03")
"""Those of two monitors of one name."""


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let a monitor be heard that cannot be read, which is known once this is set."""
    is_known = asyncio.Event()

    async def probe(*_: object) -> None:
        await is_known.wait()
        raise BleakError

    monkeypatch.setattr(monitor_flow, "async_probe", probe)
    monkeypatch.setattr(
        monitor_flow, "async_discovered_service_info", lambda *_, **__: [heard()]
    )
    return is_known


async def shown_about_monitors(
    hass: HomeAssistant, unreadable: asyncio.Event
) -> list[ConfigFlowResult]:
    """Return what is shown where a monitor is added, in each way, or replaced."""
    menu = await start(hass)
    (first, second) = [monitor_entry(address) for address in ADDRESSES]
    for entry in (first, second):
        await set_up_monitor(hass, entry)
    results = [
        menu,
        await submit(hass, menu, {"next_step_id": "monitor"}),
        await first.start_reconfigure_flow(hass),
        await discover(hass, "C0:9E:1A:00:00:04", address_type=1),
        await discover(hass),
    ]
    unreadable.set()
    shown = await submit(hass, results[-1], {})
    results.append(await hass.config_entries.flow.async_configure(shown["flow_id"]))
    return results


async def discover(
    hass: HomeAssistant, *address: str, **details: Any
) -> ConfigFlowResult:
    """Let a monitor be heard for the first time."""
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_BLUETOOTH},
        data=heard(*address, **details),
    )


@pytest.fixture
async def options_forms(hass: HomeAssistant) -> list[ConfigFlowResult]:
    """Return what the options flow shows."""
    forms = []
    for service, data in DATA.items():
        entry = relay_entry(service, data)
        await set_up(hass, entry)
        forms.append(await hass.config_entries.options.async_init(entry.entry_id))
    entry = monitor_entry(profiles=("cycling_speed",))
    await set_up_monitor(hass, entry)
    forms.append(await hass.config_entries.options.async_init(entry.entry_id))
    entry = workout_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    forms.append(await hass.config_entries.options.async_init(entry.entry_id))
    return forms


DATA: dict[str, Mapping[str, Any]] = {
    "pulsoid": {"access_token": "a"},
    "gerosense": {"username": "a", "password": "b", "user_id": "c"},
    "open_wearables": {"url": "http://127.0.0.1:9", "api_key": "a", "user_id": "b"},
    "livetracking": {"url": "http://127.0.0.1:9", "username": "a", "password": "b"},
}
"""Relays that have all options and entities together."""


FEED = {"live_feed": {"look": "heart", "secret": "a"}}
"""One that has entities of its own, and begins its options with a menu."""


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
    assert set(strings.get("data", ())) == names
    assert set(strings.get("data_description", ())) == names
    assert set(strings.get("sections", {})) == set(sections)
    for name, schemas in sections.items():
        assert strings["sections"][name]["name"]
        assert_fields(strings["sections"][name], schemas)


async def test_all_steps_are_shown(shown: Shown) -> None:
    """The tests below miss no step."""
    assert set(shown) == set(STRINGS["config"]["step"])


@pytest.mark.parametrize("step", MENUS)
async def test_menu(shown: Shown, step: str) -> None:
    """Each choice of a menu has a text."""
    strings = STRINGS["config"]["step"][step]
    described = "menu_option_descriptions"
    assert set(strings) - {described} == {"description", "menu_options", "title"}
    assert described in strings or step != "user"
    assert set(strings.get(described, MENUS[step])) == set(MENUS[step])
    assert placeholders(strings) == set()
    for menu in shown[step]:
        assert menu["type"] is FlowResultType.MENU
        assert menu["menu_options"] == list(MENUS[step])
    assert set(strings["menu_options"]) == set(MENUS[step])


async def test_progress(hass: HomeAssistant, unreadable: asyncio.Event) -> None:
    """What takes a while has a text."""
    strings = STRINGS["config"]["progress"]
    shown = await hass.config_entries.flow.async_configure(
        (await discover(hass))["flow_id"], {}
    )
    assert shown["type"] is FlowResultType.SHOW_PROGRESS
    assert set(strings) == {shown["progress_action"]}
    assert set(shown["description_placeholders"] or ()) == placeholders(strings)
    unreadable.set()


def test_no_other_progress() -> None:
    """The test above shows all that takes a while."""
    shown = [
        ast.literal_eval(keyword.value)
        for _, call in calls()
        for keyword in call.keywords
        if keyword.arg == "progress_action"
    ]
    assert shown == ["read"]


async def test_flow_title(hass: HomeAssistant) -> None:
    """A monitor that is offered is called by its name."""
    await discover(hass)
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    given = flow["context"]["title_placeholders"]
    assert set(given) == placeholders({"": STRINGS["config"]["flow_title"]})
    assert STRINGS["config"]["flow_title"].format(**given) == heard().name


def test_menus() -> None:
    """There is one way to each service, and from each choice a way on."""
    steps = steps_of(config_flow.HeartRateRelayConfigFlow)
    offered = [option for options in MENUS.values() for option in options]
    again = {step for step in offered if offered.count(step) > 1}
    assert again == {"known_person", "choose_person", "new_person"}
    assert set(offered) <= steps | {"known_person"}
    assert set(FORMS) <= set(offered)
    assert set(MENUS) - set(offered) == {"user", "person", "registered", "same_person"}


ASKED = sorted(set(STRINGS["config"]["step"]) - {*MENUS, "measured"})


async def test_measured(shown: Shown) -> None:
    """What is asked about other sensors is asked alike where options are changed."""
    (menu,) = shown["measured"]
    assert menu["type"] is FlowResultType.MENU
    strings = STRINGS["config"]["step"]["measured"]
    assert set(strings) == {"description", "menu_options", "title"}
    assert set(menu["description_placeholders"] or ()) == placeholders(strings)
    choices = dict(strings["menu_options"])
    assert menu["menu_options"] == list(choices)
    choices["init"] = choices.pop("sources")
    again = {**strings, "menu_options": choices}
    assert STRINGS["options"]["step"]["measured"] == again


@pytest.mark.parametrize("step", ASKED)
async def test_form(shown: Shown, step: str) -> None:
    """Each form has a title, texts for its fields, and what they are filled in with."""
    strings = STRINGS["config"]["step"][step]
    assert set(strings) - {"sections", "data", "data_description"} == {
        *("description", "title")
    }
    schemas = [form["data_schema"] for form in shown[step]]
    assert_fields(strings, filter(None, schemas))
    used = placeholders(strings)
    for form in shown[step]:
        given = set(form["description_placeholders"] or ())
        assert given - (HOME_ASSISTANT_PLACEHOLDERS - used) == used


@pytest.mark.parametrize("step", ["init", "monitor"])
async def test_options_form(options_forms: list[ConfigFlowResult], step: str) -> None:
    """Each option has a name and a description."""
    strings = STRINGS["options"]["step"][step]
    assert set(strings) - {"sections"} == {"data", "data_description", "title"}
    forms = [form for form in options_forms if form["step_id"] == step]
    assert_fields(strings, [form["data_schema"] for form in forms])
    for form in forms:
        assert set(form["description_placeholders"] or ()) == placeholders(strings)


async def test_address(hass: HomeAssistant) -> None:
    """What is said of an address has all that it is filled in with."""
    form = await submit(hass, await choose(hass, "live_feed"), {"look": "line"})
    created = await submit(hass, form, {"sources": ["sensor.x"], "follow_new": False})
    description = created["description"]
    assert description
    text = STRINGS["config"]["create_entry"][description]
    assert set(created["description_placeholders"] or ()) == placeholders({"": text})
    assert set(STRINGS["config"]["create_entry"]) == {description}

    strings = STRINGS["options"]["step"]
    options = hass.config_entries.options
    menu = await options.async_init(created["result"].entry_id)
    offered = menu["menu_options"]
    assert isinstance(offered, list)
    for texts_of in ("menu_options", "menu_option_descriptions"):
        assert set(strings[menu["step_id"]][texts_of]) == set(offered)
    shown = await options.async_configure(menu["flow_id"], {"next_step_id": "address"})
    given = set(shown["description_placeholders"] or ())
    assert given == placeholders(strings["address"])
    assert set(strings["address"]) == {"description", "title"}


@pytest.mark.parametrize("step", sorted(STRINGS["options"]["step"]["init"]["data"]))
def test_said_alike(step: str) -> None:
    """What is asked twice is asked in the same words."""
    for part in ("data", "data_description"):
        texts = STRINGS["config"]["step"]["sources"][part]
        again = STRINGS["options"]["step"]["init"][part][step]
        assert texts.get(step, again) == again


def test_selectors() -> None:
    """Each choice within a form has a text, and a key that Home Assistant accepts."""
    offered = {
        choice["translation_key"]: set(choice["options"])
        for choice in choices_of_actions()
    } | {
        selector.config["translation_key"]: set(map(str, selector.config["options"]))
        for form in FORMS.values()
        for selector in (
            *form.schema.values(),
            *chain.from_iterable(
                each.schema.schema.values()
                for each in form.schema.values()
                if isinstance(each, section)
            ),
            *form.person.values(),
            *LIMITS.values(),
            *workout_flow.RULES.values(),
            *workout_flow.BODY.schema.values(),
            *workout_flow.ZONES.schema.values(),
        )
        if isinstance(selector, SelectSelector)
    }
    metric_rows = metrics.METRICS.items()
    lasting = (metrics.Kind.COUNTER, metrics.Kind.WORKOUT)
    assert offered["metric"] == {
        key for key, row in metric_rows if row.kind not in lasting
    }
    # What counters tell is named, too, where sensors are chosen
    offered["metric"] |= {
        key for key, row in metric_rows if row.kind is metrics.Kind.COUNTER
    }
    assert {
        key: set(strings["options"]) for key, strings in STRINGS["selector"].items()
    } == offered
    for key, options in offered.items():
        assert set(STRINGS["selector"][key]) == {"options"}
        assert all(re.fullmatch(r"[a-z0-9-_]+", option) for option in options)


def choices_of_actions() -> Iterator[Mapping[str, Any]]:
    """Yield what actions have a person choose from."""
    for action in load_yaml_dict(ROOT / "services.yaml").values():
        for field in action["fields"].values():
            yield from filter(None, [field["selector"].get("select")])


async def test_actions(hass: HomeAssistant) -> None:
    """Each action has an icon and texts, and so has each of its fields."""
    services.async_setup_services(hass)
    workout_services.async_setup_workout_services(hass)
    registered = hass.services.async_services_for_domain(DOMAIN)
    described = load_yaml_dict(ROOT / "services.yaml")
    assert set(registered) == set(described)
    assert set(STRINGS["services"]) == set(ICONS["services"]) == set(described)
    for key, strings in STRINGS["services"].items():
        assert set(strings) == {"name", "description", "fields"}
        fields = described[key]["fields"]
        assert set(strings["fields"]) == set(fields)
        schema = registered[key].schema
        assert isinstance(schema, vol.Schema)
        assert set(map(str, schema.schema)) == set(fields)
        for field in strings["fields"].values():
            assert set(field) == {"name", "description"}
        assert set(ICONS["services"][key]) == {"service"}
    assert placeholders(STRINGS["services"]) == set()


async def test_application_credentials(hass: HomeAssistant) -> None:
    """Whoever makes an application is told what to enter where."""
    given = await application_credentials.async_get_description_placeholders(hass)
    assert set(given) == placeholders(STRINGS["application_credentials"])


def error_classes() -> dict[str, type[DestinationError]]:
    """Return the errors of destinations by name."""
    return {
        name: value
        for name, value in vars(errors).items()
        if isclass(value) and issubclass(value, DestinationError)
    }


def error_keys(kind: type[DestinationError] = DestinationError) -> set[str]:
    """Return the keys of all errors of a kind that anything can raise.

    Keys are written where an error is made, are passed to the function that makes it, or
    are the same for the whole class.
    """
    classes = error_classes()
    return {
        key
        for function, call in calls()
        if isinstance(call.func, ast.Name)
        and issubclass(classes.get(call.func.id, type(None)), kind)
        for key in keys_of_error(call, function, classes[call.func.id])
    }


type Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def calls() -> list[tuple[Function | None, ast.Call]]:
    """Return all calls in the integration, each with the function that it is made in."""
    found: list[tuple[Function | None, ast.Call]] = []

    def collect(node: ast.AST, function: Function | None) -> None:
        if isinstance(node, Function.__value__):
            function = node
        elif isinstance(node, ast.Call):
            found.append((function, node))
        for child in ast.iter_child_nodes(node):
            collect(child, function)

    for path in ROOT.rglob("*.py"):
        collect(ast.parse(path.read_text(encoding="utf-8")), None)
    return found


def keys_of_error(
    call: ast.Call, function: Function | None, error: type[DestinationError]
) -> Iterator[str]:
    """Yield the keys that an error may have that is made in a function."""
    parameters = signature(error).parameters
    if "key" not in parameters:
        yield cast("Callable[[], DestinationError]", error)().key
    elif node := argument(call, list(parameters), "key"):
        yield from values_of(node, function)
    else:
        yield str(parameters["key"].default)


def argument(call: ast.Call, parameters: list[str], name: str) -> ast.expr | None:
    """Return what a call gives for a parameter, None where nothing."""
    given = dict(zip(parameters, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return given.get(name)


def values_of(node: ast.expr, function: Function | None) -> Iterator[str]:
    """Yield what a key may be: itself, or whatever is given for the parameter it is."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
        return
    assert isinstance(node, ast.Name)
    assert function
    names = [arg.arg for arg in function.args.args]
    assert node.id in names
    defaults = function.args.defaults
    if node.id in names[len(names) - len(defaults) :]:
        yield from values_of(defaults[names.index(node.id) - len(names)], None)
    for caller, call in calls():
        if isinstance(call.func, ast.Name) and call.func.id == function.name:
            if given := argument(call, names, node.id):
                yield from values_of(given, caller)


def flow_errors(module: ModuleType) -> set[str]:
    """Return the errors that a flow finds by itself."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    return {
        str(node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and ast.unparse(node.targets[0]) in {"errors['base']", "self._error"}
    }


WORKOUT_ERRORS = {
    *("born_in_future", "no_heart_rate", "reserve_unknown", "resting_too_high"),
    "zones_not_rising",
}
"""What may be wrong with what workouts are told by: tests/workout/test_flow.py has them all."""

FLAW_WORDS = {"source", "unit", "expected", "metric"}
"""What a form says of a source that would stay silent."""


def test_errors() -> None:
    """What a destination says in a flow, and what the flow says itself, has a text."""
    own = flow_errors(config_flow) | flow_errors(account_flow)
    assert own == {"no_sources", "unknown"}
    own |= flow_errors(monitor_flow)
    assert own >= {"not_read", "pairing_needed", "slots_full"}
    # Only a delivery comes to these
    keys = error_keys() - {"unexpected", "refuses_all"}
    assert keys >= {"refused", "busy", "invalid_auth", "missing_scope", "timeout"}
    assert keys >= {"code_used", "email_taken", "nobody_found", "wrong_url"}
    assert set(STRINGS["config"]["error"]) == keys | own | set(Flaw) | WORKOUT_ERRORS
    assert placeholders(STRINGS["config"]["error"]) == FLAW_WORDS


def test_option_errors() -> None:
    """What is wrong with options has a text."""
    own = flow_errors(options_flow)
    assert own == {"empty_range", "no_sources"}
    assert set(STRINGS["options"]["error"]) == own | set(Flaw) | WORKOUT_ERRORS
    assert placeholders(STRINGS["options"]["error"]) == FLAW_WORDS


def test_aborts() -> None:
    """What ends a flow has a text, unless Home Assistant itself has it."""
    reasons: set[str] = set()
    for _, call in calls():
        if not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "_abort_if_unique_id_configured":
            reasons.add("already_configured")
        reasons.update(
            str(ast.literal_eval(keyword.value))
            for keyword in call.keywords
            if keyword.arg == "reason"
        )
    reasons -= FIX_OUTCOMES[repairs.SourceFlow]["abort"]
    assert set(STRINGS["config"]["abort"]) == reasons
    assert placeholders(STRINGS["config"]["abort"]) == set()


@pytest.fixture
async def entities(
    recorder_mock: Recorder, hass: HomeAssistant
) -> dict[tuple[str, str], er.RegistryEntry]:
    """Return the entities by domain and translation key, but those called as their class."""
    for service, data in (DATA | FEED).items():
        await set_up(hass, relay_entry(service, data))
    every = tuple(PROFILES)
    monitor = monitor_entry(features=features_of(*every), profiles=every)
    await set_up_monitor(hass, monitor)
    workout = workout_entry()
    workout.add_to_hass(hass)
    # It was measured once
    er.async_get(hass).async_get_or_create(
        "sensor", DOMAIN, f"{workout.entry_id}_workout_distance", config_entry=workout
    )
    assert await hass.config_entries.async_setup(workout.entry_id)
    await hass.async_block_till_done()
    return {
        (entity.domain, entity.translation_key): entity
        for entity in er.async_get(hass).entities.values()
        if entity.platform == DOMAIN and entity.translation_key
    }


async def test_called_as_their_class(
    entities: dict[tuple[str, str], er.RegistryEntry], hass: HomeAssistant
) -> None:
    """All others have a name and an icon from Home Assistant."""
    others = {
        entity.original_device_class
        for entity in er.async_get(hass).entities.values()
        if entity.platform == DOMAIN and not entity.translation_key
    }
    assert others == {
        *("battery", "signal_strength", "power", "speed", "distance", "weight")
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
    if entity.domain in {"binary_sensor", "switch"}:
        return {"on", "off"}
    return set((entity.capabilities or {}).get("options", ()))


async def test_entity_texts(
    entities: dict[tuple[str, str], er.RegistryEntry], hass: HomeAssistant
) -> None:
    """Each entity has a name, and each state of its own a text."""
    strings = by_entity(STRINGS["entity"])
    assert set(strings) == set(entities)
    for key, entity in entities.items():
        expected = {"name"}
        # Home Assistant has texts for what is on or off, and for those of a class
        is_own = entity.original_device_class in {None, "enum"}
        states = states_of(entity) if is_own and entity.domain != "switch" else set()
        if entity.domain == "event":
            expected.add("state_attributes")
            kinds = strings[key]["state_attributes"]["event_type"]["state"]
            assert set(kinds) == set((entity.capabilities or {})["event_types"])
        if states:
            expected.add("state")
            assert set(strings[key]["state"]) == states
        if unit := strings[key].get("unit_of_measurement"):
            expected.add("unit_of_measurement")
            state = hass.states.get(entity.entity_id)
            assert state
            assert state.attributes["unit_of_measurement"] == unit
        assert set(strings[key]) == expected
    assert placeholders(STRINGS["entity"]) == {"zone"}


async def test_icons(entities: dict[tuple[str, str], er.RegistryEntry]) -> None:
    """Each entity has an icon, and only states that it can be in have others."""
    icons = by_entity(ICONS["entity"])
    assert set(icons) == set(entities)
    for key, icon in icons.items():
        assert {"default"} <= set(icon) <= {"default", "state"}
        assert set(icon.get("state", ())) <= states_of(entities[key])


@pytest.mark.parametrize(("path", "name"), texts(ICONS))
def test_icon(path: str, name: str) -> None:
    """Each icon is one of those that Home Assistant brings."""
    assert re.fullmatch(r"mdi:[a-z]+(-[a-z0-9]+)*", name), path


def test_triggers() -> None:
    """Each trigger has an icon and texts, and so has all that can be chosen of it."""
    offered = load_yaml_dict(ROOT / "triggers.yaml")
    offered = {key: value for key, value in offered.items() if key[0] != "."}
    assert set(offered) == set(trigger.TRIGGERS)
    assert set(STRINGS["triggers"]) == set(ICONS["triggers"]) == set(offered)
    for key, strings in STRINGS["triggers"].items():
        assert set(strings) == {"name", "description", "fields"}
        assert set(strings["fields"]) == set(offered[key]["fields"])
        for field in strings["fields"].values():
            assert set(field) == {"name", "description"}
        assert set(ICONS["triggers"][key]) == {"trigger"}
    assert placeholders(STRINGS["triggers"]) == set()


async def test_system_health(hass: HomeAssistant) -> None:
    """What the page about the system says has a text."""
    info = await system_health.system_health_info(hass)
    assert set(STRINGS["system_health"]["info"]) == set(info)
    assert placeholders(STRINGS["system_health"]) == set()


FLAWS: Mapping[Flaw, Mapping[str, str]] = {
    Flaw.UNKNOWN_UNIT: {"unit": "%", "expected": "bpm"},
    Flaw.UNTOLD: {"unit": "%"},
    Flaw.NOT_TAKEN: {"metric": "Weight"},
    Flaw.CHOSEN_TWICE: {},
}

type Reported = Mapping[str, ir.IssueEntry]

ENTRY = relay_entry("pulsoid", {"access_token": "a"}, ["sensor.gone"])
"""A relay of which everything is reported."""


@pytest.fixture
async def reported(hass: HomeAssistant, tmp_path: Path) -> Reported:
    """Return an issue of each kind."""
    ENTRY.add_to_hass(hass)
    by_key: dict[str, ir.IssueEntry] = {}

    def note() -> None:
        for (domain, _), issue in ir.async_get(hass).issues.items():
            if domain == DOMAIN:
                by_key[str(issue.translation_key)] = issue

    for kind in (NotEntitledError, NotStoredError):
        for key in error_keys(kind):
            issues.async_update_account(hass, ENTRY, kind(key))
            note()
            assert key in by_key
    issues.async_update_sources(hass, ENTRY, ["sensor.gone"])
    for flaw, words in FLAWS.items():
        flawed = Flawed("sensor.gone", flaw, words)
        issues.async_update_flaws(hass, ENTRY, {"sensor.gone": flawed}, ())
        note()
    issues.async_update_reach(hass, ENTRY, is_lost=True)
    issues.async_update_refuses_all(hass, ENTRY, "no")
    issues.async_update_room(hass, ENTRY, 1)
    issues.async_update_refused(hass, ENTRY, Tally(unseen_refusals=1))
    outbox = Outbox(tmp_path / "outbox.db", max_readings=1, max_age=1)
    outbox.trouble = "disk full"
    outbox.set_aside = tmp_path / "outbox.db.damaged"
    outbox.is_of_later_version = True
    issues.async_update_outbox(hass, ENTRY, outbox)
    note()
    workout = workout_entry(sources=["sensor.gone"])
    workout_issues.async_update_sources(hass, workout, {"sensor.gone"})
    note()
    monitor = monitor_entry()
    await set_up_monitor(hass, monitor)
    for trouble in Trouble:
        monitor_issues.async_update_trouble(hass, monitor, trouble)
        note()
        assert f"monitor_{trouble}" in by_key
    return by_key


OTHERS = {"monitor": monitor_entry(), "workout": workout_entry()}
"""Whose issues say so in their names."""


def test_issues(reported: Reported) -> None:
    """Each issue has a title and a description, filled in with what it gives."""
    assert set(STRINGS["issues"]) == set(reported)
    for key, issue in reported.items():
        strings = STRINGS["issues"][key]
        # What can be mended is described where that is done
        assert set(strings) == {
            "title",
            "fix_flow" if issue.is_fixable else "description",
        }
        given = issue.translation_placeholders or {}
        assert set(given) == placeholders(strings)
        kind = key.partition("_")[0]
        owner = kind if kind in OTHERS else "relay"
        assert given[owner] == OTHERS.get(owner, ENTRY).title
        assert all(given.values())


def test_all_is_reported() -> None:
    """The fixture above reports all that can be."""
    reporting = {
        function.name
        for function, call in calls()
        if function
        and isinstance(call.func, ast.Name)
        and call.func.id in ("async_create", "_report")
        and function.name != "_report"
    }
    assert reporting == {
        "async_update_account",
        "async_update_sources",
        "async_update_flaws",
        "async_update_reach",
        "async_update_refuses_all",
        "async_update_room",
        "async_update_refused",
        "async_update_outbox",
        "async_update_trouble",
    }


async def test_fix_flows(hass: HomeAssistant, reported: Reported) -> None:
    """Each step of what mends an issue has texts, and so has what may go wrong."""
    used = set()
    for key, issue in reported.items():
        if not issue.is_fixable:
            continue
        flow = await repairs.async_create_fix_flow(hass, issue.issue_id, issue.data)
        used.add(type(flow))
        flow.hass, flow.handler = hass, DOMAIN
        flow.context = {"issue_id": issue.issue_id}
        # Several share an issue, of which the last is there
        ir.async_get(hass).issues[DOMAIN, issue.issue_id] = issue
        strings = STRINGS["issues"][key]["fix_flow"]
        shown = await cast("repairs.ConfirmFlow[Any]", flow).async_step_init()
        assert shown["description_placeholders"] == issue.translation_placeholders
        assert set(strings["step"]) == {shown["step_id"]}
        (texts_of_step,) = strings["step"].values()
        expected = {"title", "description"}
        if shown["type"] is FlowResultType.MENU:
            expected.add("menu_options")
            assert set(texts_of_step["menu_options"]) == set(
                cast("list[str]", shown["menu_options"])
            )
        assert set(texts_of_step) == expected
        assert set(strings) - {"step"} == FIX_OUTCOMES.get(type(flow), {}).keys()
        for part, outcomes in FIX_OUTCOMES.get(type(flow), {}).items():
            assert set(strings[part]) == outcomes
            assert placeholders(strings[part]) == set()
    assert used == set(repairs.FLOWS.values())


FIX_OUTCOMES: Mapping[type, Mapping[str, set[str]]] = {
    repairs.ForgetBondFlow: {"error": {"not_forgotten"}},
    repairs.TryFlow: {"error": {"not_yet", "not_now"}},
    repairs.SourceFlow: {"abort": {"last_source", "left"}},
}
"""What may be said besides, where something is mended."""


def test_fix_outcomes() -> None:
    """The table above has all that is said, and it is said in the same words."""
    tree = ast.parse(Path(repairs.__file__).read_text(encoding="utf-8"))
    said = {
        str(ast.literal_eval(value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "base"
    } | {
        str(ast.literal_eval(keyword.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "reason"
    }
    assert said == {
        key
        for parts in FIX_OUTCOMES.values()
        for outcomes in parts.values()
        for key in outcomes
    }
    words: dict[str, str] = {}
    for strings in STRINGS["issues"].values():
        for key, text in strings.get("fix_flow", {}).get("error", {}).items():
            assert words.setdefault(key, text) == text


async def test_exceptions(hass: HomeAssistant) -> None:
    """What is raised has a text, filled in with what it gives."""
    raised: dict[str, set[str]] = {}

    def note(err: HomeAssistantError) -> None:
        key = f"{err.translation_domain} {err.translation_key}"
        raised[key] = set(err.translation_placeholders or ())

    coordinator = await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    coordinator.async_pause(True)
    with pytest.raises(HomeAssistantError) as refusal:
        coordinator.async_send_now()
    note(refusal.value)
    monitor = await set_up_monitor(hass, monitor_entry())
    link = AsyncMock(Link, ended=asyncio.Event())
    link.perform.side_effect = BleakError
    assert monitor._connection
    for action, monitor._connection.link in product(ACTIONS, (None, link)):
        with pytest.raises(HomeAssistantError) as refusal:
            await monitor.async_perform(action)
        note(refusal.value)
    for error in errors_of_actions():
        note(error)
    gone = MediaSourceItem(hass, DOMAIN, "nobody/nothing", None)
    with pytest.raises(Unresolvable) as unresolvable:
        await WorkoutMediaSource(hass).async_resolve_media(gone)
    note(unresolvable.value)
    with patch.object(RelayCoordinator, "async_start", side_effect=RuntimeError):
        entry = relay_entry("pulsoid", {"access_token": "b"})
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
    raised[f"{DOMAIN} {entry.error_reason_translation_key}"] = set(
        entry.error_reason_translation_placeholders or ()
    )
    assert raised == {
        f"{DOMAIN} {key}": placeholders(strings)
        for key, strings in STRINGS["exceptions"].items()
    }


def errors_of_actions() -> Iterator[HomeAssistantError]:
    """Yield what actions raise, as it is written there."""
    for name in ("services.py", "workout_services.py"):
        module = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        for node in ast.walk(module):
            match node:
                case ast.Call(
                    func=ast.Name("error"), args=[ast.Constant(str() as key)]
                ):
                    given = {keyword.arg or "": "" for keyword in node.keywords}
                    yield services.error(key, **given)


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
    assert sorted(raised) == [
        "__init__.py: 'not_started'",
        "monitor/coordinator.py: 'not_connected'",
        "monitor/coordinator.py: action.refusal",
        "relay/coordinator.py: 'cannot_send_paused'",
        "services.py: key",
    ]
