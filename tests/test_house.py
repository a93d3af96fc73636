"""The rules of the house: what knows what, and what a newcomer has to touch."""

import ast
from collections.abc import Iterable, Mapping
from functools import cache
import json
from pathlib import Path
import re
from urllib.parse import urlsplit

from awesomeversion import AwesomeVersion
import pytest

import custom_components
from custom_components import heart_rate_relay
from custom_components.heart_rate_relay.config_flow import HeartRateRelayConfigFlow
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations import DESTINATIONS, HOSTED
from custom_components.heart_rate_relay.destinations.base import Destination
from custom_components.heart_rate_relay.destinations.hosted import Hosted
from custom_components.heart_rate_relay.flow.forms import FORMS
from homeassistant.const import Platform

ROOT = Path(heart_rate_relay.__file__).parent
PACKAGE = heart_rate_relay.__name__

LIBRARY = (
    "metric",
    "metrics",
    "monitor.advertisement",
    "monitor.data",
    "monitor.details",
    "monitor.measuring",
    "monitor.profiles",
    "monitor.uuids",
    "monitor.variability",
    "reading",
    "readings",
    "outbox",
    "delivery",
    "destinations",
    "sources.detection",
    "turns",
    "units",
    *(
        f"workout.{name}"
        for name in (
            *("body", "clock", "data", "effort", "fit", "formulas", "journal"),
            *("sample", "series", "shelf", "sport", "summary", "tcx", "tracker"),
            *("whole", "zones"),
        )
    ),
)
"""What could do without Home Assistant, tomorrow as a library."""

SERVICE_TABLES = ("destinations", "flow.forms")
"""What may know one service from another."""

CONTRACT = ("base", "errors", "hosted", "tokens", "words")
"""What all may know of destinations, whichever they are."""

LARGE = ("gerosense", "live_tracking", "open_wearables")
"""Services whose code is to be there only where somebody has them."""

PLATFORMS = {
    *heart_rate_relay.MONITOR_PLATFORMS,
    *heart_rate_relay.RELAY_PLATFORMS,
    *heart_rate_relay.WORKOUT_PLATFORMS,
}

LOOKED_FOR = ("backup", "diagnostics", "media_source", "system_health", "trigger")
"""What Home Assistant looks for by its name, and shows no entities with."""

KNOWS: dict[str, set[str]] = {
    "sources": {"outbox"},
    "outbox": set(),
    "delivery": {"outbox", "destinations"},
    "destinations": set(),
    "past": {"outbox", "sources"},
    "relay": {"sources", "outbox", "delivery", "past", "destinations"},
    "monitor": set(),
    "workout": {"outbox", "past", "sources"},
}
"""Which other rooms a room knows: what makes values meets what delivers them nowhere."""

IN_PLACE_OF = {"bluetooth": "bluetooth_adapters"}
"""What Home Assistant wants named instead of some integrations."""

OF_HELPERS = {"homeassistant.helpers.http.HomeAssistantView": "http"}
"""What helpers are of use with but some integrations."""

MAX_FILE = 400
MAX_FUNCTION = 40


@cache
def modules() -> Mapping[str, Path]:
    """Return every module of the integration by its name within the package."""
    return {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def name_of(path: Path) -> str:
    """Return a module's name within the package, empty for the package itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def is_within(name: str, packages: Iterable[str]) -> bool:
    """Return whether a module is one of some, or within one of them."""
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


@cache
def tree_of(name: str) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


@cache
def imports_of(name: str) -> frozenset[str]:
    """Return all that a module imports, by full names, wherever it does so."""
    is_package = modules()[name].stem == "__init__"
    own = [PACKAGE, *filter(None, name.split("."))]
    here = own if is_package else own[:-1]
    found: set[str] = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= names
            if not names <= full_names().keys():
                found.add(base)
    return frozenset(found)


@cache
def full_names() -> dict[str, str]:
    """Return the integration's own modules by their full names."""
    return {f"{PACKAGE}.{name}".rstrip("."): name for name in modules()}


@cache
def own_imports_of(name: str) -> frozenset[str]:
    """Return which of the integration's own modules a module imports."""
    inside = full_names()
    return frozenset(inside[found] for found in imports_of(name) if found in inside)


def reached_from(name: str) -> set[str]:
    """Return a module, and all of the integration's own that come with it.

    The integration's own __init__ counts only where it is imported by name: a library
    would have another.
    """
    reached: set[str] = set()
    left = {name}
    while left:
        reached.add(module := left.pop())
        packages = {".".join(module.split(".")[:depth]) for depth in range(1, 9)}
        left |= own_imports_of(module) | (packages & set(modules()))
        left -= reached
    return reached


def library() -> list[str]:
    """Return the modules that are to know nothing of Home Assistant."""
    return [name for name in modules() if name and is_within(name, LIBRARY)]


def test_library_is_there() -> None:
    """What is named here exists: a module that was renamed is still held to the rule."""
    assert set(LIBRARY) <= set(modules())
    assert len(library()) > len(LIBRARY)


@pytest.mark.parametrize("name", library())
def test_library_knows_no_home_assistant(name: str) -> None:
    """Neither it nor anything that comes with it imports Home Assistant."""
    guilty = {
        module: found
        for module in reached_from(name)
        if (
            found := [
                other
                for other in imports_of(module)
                if is_within(other, ["homeassistant", "voluptuous", "probatio"])
            ]
        )
    }
    assert not guilty


def test_nobody_imports_a_platform() -> None:
    """Platforms know coordinators; nobody knows a platform, or what is like one."""
    platforms = {name for name in modules() if name in list(Platform)}
    assert platforms == PLATFORMS
    platforms.update(LOOKED_FOR)
    assert platforms <= set(modules())
    assert not {
        (name, platform)
        for name in modules()
        for platform in own_imports_of(name) & platforms
    }


@pytest.mark.parametrize("name", modules())
def test_only_platforms_know_entities(name: str) -> None:
    """What runs a monitor or a relay does not know how it is shown, nor how it is set up."""
    if name in list(PLATFORMS):
        assert "entity" in own_imports_of(name)
    else:
        assert not own_imports_of(name) & {"entity", "config_flow"}


@pytest.mark.parametrize("room", KNOWS)
def test_rooms_know_only_where_readings_come_from_and_go(room: str) -> None:
    """A room imports from its neighbours on the way of a reading, and from no other."""
    inside = [name for name in modules() if is_within(name, [room])]
    assert inside
    others = set(KNOWS) - KNOWS[room] - {room}
    assert not {
        (name, found)
        for name in inside
        for found in own_imports_of(name)
        if is_within(found, others)
    }


@pytest.mark.parametrize("name", modules())
def test_nobody_names_services(name: str) -> None:
    """What differs between services is told by a table: no branch, and no step of a flow."""
    if is_within(name, SERVICE_TABLES):
        return
    assert not [
        f"{name}:{node.lineno}: {node.value!r}"
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Constant) and node.value in DESTINATIONS
    ]


@pytest.mark.parametrize("name", modules())
def test_services_are_known_by_the_contract(name: str) -> None:
    """Only the tables import a service's module; all others go by the contract."""
    if is_within(name, SERVICE_TABLES):
        return
    contract = {
        "destinations",
        *(f"destinations.{name}" for name in CONTRACT),
    }
    assert not {
        module
        for module in own_imports_of(name) - contract
        if is_within(module, ["destinations"])
    }
    services = {destination.__name__ for destination in DESTINATIONS.values()}
    assert not {found for found in imports_of(name) if found.split(".")[-1] in services}


def test_tables_agree() -> None:
    """A service has a destination, a form and a step, in the same order everywhere."""
    assert list(FORMS) == list(DESTINATIONS)
    assert [key for key in DESTINATIONS if not has_step(key)] == []
    assert len(set(DESTINATIONS.values())) == len(DESTINATIONS)
    for destination in DESTINATIONS.values():
        assert issubclass(destination, Destination)
        assert destination.limits.metrics
        assert destination.limits.max_batch >= 1
    assert list(HOSTED) == [
        service for service in DESTINATIONS if issubclass(DESTINATIONS[service], Hosted)
    ]


@pytest.mark.parametrize("name", ["", "config_flow", *sorted(PLATFORMS), *LOOKED_FOR])
def test_nobody_has_all_services(name: str) -> None:
    """What is always there does not bring what only the relays of some services need."""
    large = [f"destinations.{name}" for name in LARGE]
    assert set(large) <= set(modules())
    assert not {found for found in reached_from(name) if is_within(found, large)}


def has_step(step: str) -> bool:
    """Return whether the config flow has a step of its own."""
    return f"async_step_{step}" in vars(HeartRateRelayConfigFlow)


@pytest.mark.parametrize("name", modules())
def test_small_enough(name: str) -> None:
    """What is longer wants a second look."""
    source = modules()[name].read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_FILE
    assert not {
        node.name: length
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno
        and (length := node.end_lineno - node.lineno + 1) > MAX_FUNCTION
    }


@pytest.fixture
def manifest() -> dict[str, object]:
    """Return the manifest, its keys in the order written."""
    loaded = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_manifest_order(manifest: dict[str, object]) -> None:
    """The keys are in the order that Home Assistant asks for."""
    first, second, *others = manifest
    assert (first, second) == ("domain", "name")
    assert others == sorted(others)


def test_manifest_content(manifest: dict[str, object]) -> None:
    """All that Home Assistant and its marketplace ask for is there, and plausible."""
    assert manifest["domain"] == DOMAIN == ROOT.name
    assert manifest["config_flow"] is True
    assert manifest["integration_type"] == "service"
    assert manifest["iot_class"] in ("cloud_push", "local_push")
    assert manifest["loggers"] == [PACKAGE]
    owners = manifest["codeowners"]
    assert isinstance(owners, list)
    assert owners
    assert all(re.fullmatch(r"@[\w-]+", owner) for owner in owners)
    for key in ("documentation", "issue_tracker"):
        url = urlsplit(str(manifest[key]))
        assert url.scheme == "https"
        assert url.hostname
        assert not url.hostname.endswith("home-assistant.io")
    assert AwesomeVersion(str(manifest["version"])).valid


def test_manifest_requirements(manifest: dict[str, object]) -> None:
    """Nothing is installed: all that the code needs comes with Home Assistant."""
    assert manifest["requirements"] == []


def test_manifest_dependencies(manifest: dict[str, object]) -> None:
    """Every other integration that the code imports is named."""
    named: set[object] = set()
    for key in ("dependencies", "after_dependencies"):
        listed = manifest.get(key, [])
        assert isinstance(listed, list)
        assert listed == sorted(listed)
        named.update(listed)
    imported = {
        found.split(".")[2]
        for name in modules()
        for found in imports_of(name)
        if found.startswith("homeassistant.components.")
    }
    used = {found for name in modules() for found in imports_of(name)}
    imported |= {OF_HELPERS[helper] for helper in used & OF_HELPERS.keys()}
    # Whatever uses Bluetooth has to wait for the proxies, too
    imported = {IN_PLACE_OF.get(name, name) for name in imported}
    assert imported - set(Platform) == named - set(Platform)


def test_one_integration() -> None:
    """Installers take the first folder that they find."""
    (folder,) = {Path(path).resolve() for path in custom_components.__path__}
    assert [
        path.name
        for path in folder.iterdir()
        if path.is_dir() and path.name != "__pycache__"
    ] == [DOMAIN]
