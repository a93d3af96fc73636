"""No relay is silent for ever without a word of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.sources.detection.vocabulary import vocabulary
from custom_components.heart_rate_relay.sources.flaws import Flaw
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from ..common import STRAP, WATCH, measure, relay_entry, set_up, until
from ..flow.common import register

RING = "event.ring_heart_rate"

UNKNOWN, TWICE = f"source_{Flaw.UNKNOWN_UNIT}", f"source_{Flaw.CHOSEN_TWICE}"
UNTOLD, NOT_TAKEN = f"source_{Flaw.UNTOLD}", f"source_{Flaw.NOT_TAKEN}"


def issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """Return what is reported of sources that are silent."""
    return [
        issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
        and issue.translation_key in (UNKNOWN, TWICE, UNTOLD, NOT_TAKEN)
    ]


def reported(hass: HomeAssistant) -> dict[str, tuple[str | None, str]]:
    """Return what is reported of each source, with the unit."""

    def words_of(issue: ir.IssueEntry) -> Mapping[str, str]:
        assert issue.translation_placeholders
        return issue.translation_placeholders

    return {
        words_of(issue)["source"]: (
            issue.translation_key,
            words_of(issue).get("unit", ""),
        )
        for issue in issues(hass)
    }


async def start(
    hass: HomeAssistant, *sources: str, service: str = "pulsoid", **options: Any
) -> MockConfigEntry:
    """Set up a relay that delivers nothing."""
    data = {"access_token": "a", "url": "http://127.0.0.1:9", "api_key": "k"}
    entry = relay_entry(service, data, list(sources), paused=True, **options)
    await set_up(hass, entry)
    return entry


async def test_unit_changes(hass: HomeAssistant) -> None:
    """A source that gets another unit is reported, until it has one that is understood."""
    measure(hass, 70)
    entry = await start(hass, STRAP)
    assert not reported(hass)
    measure(hass, 71, unit_of_measurement="%")
    assert reported(hass) == {STRAP: (UNKNOWN, "%")}
    measure(hass, 72, unit_of_measurement="kcal")
    assert reported(hass) == {STRAP: (UNKNOWN, "kcal")}
    measure(hass, 73, unit_of_measurement="уд/мин")
    assert not reported(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_there_from_the_start(hass: HomeAssistant) -> None:
    """What was so before the relay began is reported as well, and not for a relay that ended."""
    measure(hass, 70, unit_of_measurement="%")
    entry = await start(hass, STRAP)
    assert reported(hass) == {STRAP: (UNKNOWN, "%")}
    await hass.config_entries.async_unload(entry.entry_id)
    assert not reported(hass)
    measure(hass, 71, unit_of_measurement="kcal")
    assert not reported(hass)


async def test_appears(hass: HomeAssistant) -> None:
    """A source that was not there may come with another unit."""
    entry = await start(hass, STRAP)
    assert not reported(hass)
    measure(hass, 70, unit_of_measurement="%")
    assert reported(hass) == {STRAP: (UNKNOWN, "%")}
    hass.states.async_remove(STRAP)
    await hass.async_block_till_done()
    assert reported(hass) == {STRAP: (UNKNOWN, "%")}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_ignored_over_a_start(hass: HomeAssistant) -> None:
    """Whoever ignores it hears no more of it, until it was mended and is so again."""
    measure(hass, 70, unit_of_measurement="%")
    entry = await start(hass, STRAP)
    (issue,) = issues(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, ignore=True)
    await hass.config_entries.async_unload(entry.entry_id)
    hass.states.async_remove(STRAP)
    await set_up(hass, entry)
    measure(hass, "unavailable", restored=True, unit_of_measurement=None)
    measure(hass, 70, unit_of_measurement="%")
    (issue,) = issues(hass)
    assert issue.dismissed_version

    measure(hass, "unavailable", restored=True)
    assert issues(hass)
    measure(hass, 71)
    assert not issues(hass)
    measure(hass, 72, unit_of_measurement="%")
    (issue,) = issues(hass)
    assert not issue.dismissed_version
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("types", "expected"),
    [(["measured"], {RING: (UNKNOWN, "kg")}), (["measured", "weighed"], {})],
)
async def test_events(
    hass: HomeAssistant, types: list[str], expected: dict[str, tuple[str, str]]
) -> None:
    """Of what tells several kinds of events, the unit of one says nothing of the others."""
    told = {"event_types": types, "event_type": types[-1]}
    hass.states.async_set(RING, "2026-01-01T00:00:00", {**told, "unit": "kg"})
    entry = await start(hass, RING)
    assert reported(hass) == expected
    hass.states.async_set(RING, "2026-01-01T00:00:01", {**told, "unit": "bpm"})
    assert not reported(hass)
    hass.states.async_set(RING, "2026-01-01T00:00:02", {**told, "unit": "kg"})
    assert reported(hass) == expected
    await hass.config_entries.async_unload(entry.entry_id)


async def test_renamed(hass: HomeAssistant) -> None:
    """A source is watched under whatever name, also where it comes back."""
    strap = register(hass, "mqtt", "strap")
    entry = await start(hass, strap.id)
    registry = er.async_get(hass)
    registry.async_update_entity(strap.entity_id, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    measure(hass, 70, "sensor.renamed", unit_of_measurement="%")
    assert reported(hass) == {"sensor.renamed": (UNKNOWN, "%")}
    measure(hass, 71, strap.entity_id, unit_of_measurement="kcal")
    assert reported(hass) == {"sensor.renamed": (UNKNOWN, "%")}

    registry.async_remove("sensor.renamed")
    await hass.async_block_till_done()
    assert not reported(hass)
    back = register(hass, "mqtt", "strap", unit="kcal")
    await hass.async_block_till_done()
    assert reported(hass) == {back.entity_id: (UNKNOWN, "kcal")}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_follows(hass: HomeAssistant) -> None:
    """A source that was added by itself is watched, too."""
    entry = await start(hass, STRAP, follow_new=True)
    measure(hass, 70, WATCH)
    await until(lambda: entry.options["sources"] == [STRAP, WATCH])
    measure(hass, 70, WATCH, unit_of_measurement="%")
    assert reported(hass) == {WATCH: (UNKNOWN, "%")}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_steps(hass: HomeAssistant) -> None:
    """A counter in another unit counts no steps, and what it measures cannot be told."""
    vocabulary.cache_clear()
    steps = register(hass, "fitbit", "steps", unit="km").entity_id
    entry = await start(hass, STRAP, service="open_wearables", other_sources=[steps])
    assert reported(hass) == {steps: (UNTOLD, "km")}
    measure(hass, 70, steps, unit_of_measurement="стъпки")
    assert not reported(hass)
    measure(hass, 70, steps, unit_of_measurement="W", friendly_name="Power left")
    assert reported(hass) == {steps: (NOT_TAKEN, "")}
    (issue,) = issues(hass)
    assert issue.is_fixable
    assert issue.translation_placeholders
    assert issue.translation_placeholders["metric"] == "Power, left"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_words_only_for_steps(hass: HomeAssistant) -> None:
    """A relay that counts nothing has no words read."""
    vocabulary.cache_clear()
    measure(hass, 70)
    entry = await start(hass, STRAP, service="open_wearables")
    measure(hass, 71)
    assert not vocabulary.cache_info().currsize
    await hass.config_entries.async_unload(entry.entry_id)


async def test_of_no_account(hass: HomeAssistant) -> None:
    """A metric that the service does not take is not looked at."""
    steps = register(hass, "fitbit", "steps", unit="km").entity_id
    entry = await start(hass, STRAP, other_sources=[steps])
    assert not reported(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_chosen_twice(hass: HomeAssistant) -> None:
    """What is chosen for two metrics, before that was an error, is told."""
    ring = register(hass, "oura", "ring")
    # As it was chosen before it was in the registry
    options = {"other_sources": [ring.entity_id]}
    entry = await start(hass, ring.id, service="open_wearables", **options)
    assert reported(hass) == {ring.entity_id: (TWICE, "")}
    (issue,) = issues(hass)
    assert not issue.is_fixable
    options = {**entry.options, "other_sources": []}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_reload(entry.entry_id)
    assert not reported(hass)
    await hass.config_entries.async_unload(entry.entry_id)
