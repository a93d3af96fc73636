"""The rules of Home Assistant's quality scale, each answered."""

from pathlib import Path
from typing import Any

import pytest

from custom_components import heart_rate_relay
from homeassistant.util.yaml import load_yaml_dict

ROOT = Path(heart_rate_relay.__file__).parent
ANSWERS: dict[str, Any] = load_yaml_dict(ROOT / "quality_scale.yaml")["rules"]

RULES = (
    # Bronze
    *("action-setup", "appropriate-polling", "brands", "common-modules"),
    *("config-flow-test-coverage", "config-flow", "dependency-transparency"),
    *("docs-actions", "docs-conditions", "docs-high-level-description"),
    *("docs-installation-instructions", "docs-removal-instructions"),
    *("docs-triggers", "entity-event-setup", "entity-unique-id"),
    *("has-entity-name", "runtime-data", "test-before-configure"),
    *("test-before-setup", "unique-config-entry"),
    # Silver
    *("action-exceptions", "config-entry-unloading"),
    *("docs-configuration-parameters", "docs-installation-parameters"),
    *("entity-unavailable", "integration-owner", "log-when-unavailable"),
    *("parallel-updates", "reauthentication-flow", "test-coverage"),
    # Gold
    *("devices", "diagnostics", "discovery-update-info", "discovery"),
    *("docs-data-update", "docs-examples", "docs-known-limitations"),
    *("docs-supported-devices", "docs-supported-functions"),
    *("docs-troubleshooting", "docs-use-cases", "dynamic-devices"),
    *("entity-category", "entity-device-class", "entity-disabled-by-default"),
    *("entity-translations", "exception-translations", "icon-translations"),
    *("reconfiguration-flow", "repair-issues", "stale-devices"),
    # Platinum
    *("async-dependency", "inject-websession", "strict-typing"),
)
"""Those of Home Assistant 2026.11, by tier."""


def test_each_is_answered() -> None:
    """No rule is left out, and none is made up."""
    assert list(ANSWERS) == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_answer(rule: str) -> None:
    """What is not done says why."""
    if (answer := ANSWERS[rule]) == "done":
        return
    assert set(answer) == {"status", "comment"}
    assert answer["status"] in {"exempt", "todo"}
    assert answer["comment"].endswith(".")


def test_nothing_to_install() -> None:
    """What is not asked of it because it needs no packages stays true."""
    manifest = load_yaml_dict(ROOT / "manifest.json")
    needs_none = not manifest["requirements"]
    for rule in ("dependency-transparency", "async-dependency"):
        assert (ANSWERS[rule] != "done") is needs_none


def test_done() -> None:
    """What is easily seen to be done is, and what is not there is not said to be."""
    for rule, file in (
        ("config-flow", "config_flow.py"),
        ("diagnostics", "diagnostics.py"),
        ("docs-triggers", "trigger.py"),
        ("docs-conditions", "condition.py"),
        ("brands", "brand/icon.png"),
    ):
        exempt = isinstance(ANSWERS[rule], dict) and ANSWERS[rule]["status"] == "exempt"
        assert (ROOT / file).exists() is not exempt
