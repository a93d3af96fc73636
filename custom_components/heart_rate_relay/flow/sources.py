"""What the flows ask about the sources of a relay."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import voluptuous as vol

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import (
    CONF_BACKFILL_DAYS,
    CONF_DECLINED,
    CONF_FOLLOW_NEW,
    CONF_KEEP_DAYS,
    CONF_SOURCES,
    CONF_STEP_SOURCES,
    CONF_WEARERS,
    DEFAULT_OPTIONS,
    DOMAIN,
    SOURCE_OPTIONS,
)
from ..destinations.base import Limits
from ..metrics import HEART_RATE, WORKOUT, Metric
from ..sources.attributes import name_of
from ..sources.candidates import (
    async_last_entity_id,
    async_own_entities,
    async_source_id,
)
from ..sources.finding import Found
from ..sources.flaws import async_flaws

SOURCE_DOMAINS = ["sensor", "number", "input_number", "event"]


def source_fields(
    hass: HomeAssistant, metrics: Container[Metric]
) -> dict[vol.Marker, object]:
    """Return the fields about the sources of these metrics."""
    selector = EntitySelector(
        EntitySelectorConfig(
            domain=SOURCE_DOMAINS,
            exclude_entities=async_own_entities(hass),
            multiple=True,
            reorder=True,
        )
    )
    workouts = EntitySelector(
        EntitySelectorConfig(
            filter={"integration": DOMAIN, "domain": EVENT_DOMAIN}, multiple=True
        )
    )
    fields: dict[vol.Marker, object] = {
        vol.Required(option, default=list): (
            workouts if metric is WORKOUT else selector
        )
        for metric, option in SOURCE_OPTIONS.items()
        if metric in metrics
    }
    fields[vol.Required(CONF_FOLLOW_NEW, default=False)] = BooleanSelector()
    return fields


def backfill_field(hass: HomeAssistant, limits: Limits) -> dict[vol.Marker, object]:
    """Return the field about the past, where there is one that a service is made for."""
    if limits.one_line or DATA_INSTANCE not in hass.data:
        return {}
    days = NumberSelector(
        NumberSelectorConfig(
            min=0,
            max=DEFAULT_OPTIONS[CONF_KEEP_DAYS],
            step=1,
            unit_of_measurement="d",
            mode=NumberSelectorMode.BOX,
        )
    )
    return {vol.Required(CONF_BACKFILL_DAYS, default=0): days}


class Proposal(NamedTuple):
    """What to propose as sources."""

    chosen: Mapping[str, Sequence[str]]
    """The entities to choose for each option at first."""
    suggested: Sequence[str]
    """Others to consider."""


def proposal(
    found: Found, metrics: Container[Metric], entity_ids: Container[str]
) -> Proposal:
    """Return what to propose of what was found, of those entities that are of a wearer."""
    chosen: dict[str, list[str]] = {}
    suggested: list[str] = []
    for metric, option in SOURCE_OPTIONS.items():
        if metric in metrics:
            matches = found.matches[metric]
            chosen[option] = [match for match in matches if match in entity_ids]
            suggested += found.suggestions[metric]
    if counters := chosen.get(CONF_STEP_SOURCES):
        # A phone, a watch and what sums them up count the same steps
        suggested += counters[1:]
        del counters[1:]
    return Proposal(chosen, list(dict.fromkeys(suggested)))


def wearer_field(
    hass: HomeAssistant, owners: Mapping[str, Iterable[str]]
) -> dict[vol.Marker, object]:
    """Return the field that asks whose readings a relay is for."""

    def label(owner: str) -> str:
        states = map(hass.states.get, owners[owner])
        return f"{owner}: {', '.join(name_of(state) for state in states if state)}"

    options = [SelectOptionDict(value=owner, label=label(owner)) for owner in owners]
    selector = SelectSelector(
        SelectSelectorConfig(
            options=options, multiple=True, mode=SelectSelectorMode.LIST
        )
    )
    return {vol.Required(CONF_WEARERS, default=list): selector}


def flaw_in(
    hass: HomeAssistant, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the error of a form with sources that would stay silent, and its words."""
    chosen = {
        metric: user_input.get(option, ()) for metric, option in SOURCE_OPTIONS.items()
    }
    for metric, entity_id, flaw, words in async_flaws(hass, chosen):
        return {SOURCE_OPTIONS[metric]: flaw}, {"source": entity_id, **words}
    return {}, {}


def has_sources(user_input: Mapping[str, Any]) -> bool:
    """Return whether there are sources, or are to be."""
    return any(
        user_input.get(field) for field in (*SOURCE_OPTIONS.values(), CONF_FOLLOW_NEW)
    )


def source_options(
    hass: HomeAssistant,
    options: Mapping[str, Any],
    user_input: Mapping[str, Any],
    found: Found,
) -> dict[str, Any]:
    """Return options changed by the input of a form with fields about sources.

    Sensors that were found and not chosen are not to be followed later.
    """
    changed = {**options, **user_input}
    for option in SOURCE_OPTIONS.values():
        if option in user_input:
            changed[option] = source_ids(hass, options[option], user_input[option])
    sources = changed[CONF_SOURCES]
    matches = (
        async_source_id(hass, entity_id) for entity_id in found.matches[HEART_RATE]
    )
    offered = dict.fromkeys((*options.get(CONF_DECLINED, ()), *matches))
    changed[CONF_DECLINED] = [
        source_id for source_id in offered if source_id not in sources
    ]
    return changed


def source_ids(
    hass: HomeAssistant, known: Iterable[str], entity_ids: Iterable[str]
) -> list[str]:
    """Return what the chosen entities are remembered by, each once."""
    # A source that is gone must not be forgotten for that
    gone = {
        entity_id: source_id
        for source_id in known
        if not hass.states.get(entity_id := async_last_entity_id(hass, source_id))
    }
    return list(
        dict.fromkeys(
            gone.get(entity_id) or async_source_id(hass, entity_id)
            for entity_id in entity_ids
        )
    )
