"""What the flows ask about the sources of a relay."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from ..const import (
    CONF_BACKFILL_DAYS,
    CONF_DECLINED,
    CONF_FOLLOW_NEW,
    CONF_KEEP_DAYS,
    CONF_SOURCES,
    CONF_STEP_SOURCES,
    DEFAULT_OPTIONS,
    SOURCE_OPTIONS,
)
from ..destinations.base import Limits
from ..reading import Metric
from ..sources.candidates import (
    async_candidates,
    async_last_entity_id,
    async_own_entities,
    async_source_id,
)
from ..sources.detection.heart_rate import Verdict

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
    fields: dict[vol.Marker, object] = {
        vol.Required(option, default=list): selector
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


def preselection(
    hass: HomeAssistant, metrics: Container[Metric]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the entities to choose for each option at first, and others to consider."""
    chosen: dict[str, list[str]] = {}
    suggested: list[str] = []
    for metric, option in SOURCE_OPTIONS.items():
        if metric in metrics:
            candidates = async_candidates(hass, metric)
            chosen[option] = candidates[Verdict.MATCH]
            suggested += candidates[Verdict.SUGGEST]
    if counters := chosen.get(CONF_STEP_SOURCES):
        # A phone, a watch and what sums them up count the same steps
        suggested += counters[1:]
        del counters[1:]
    return chosen, suggested


def has_sources(user_input: Mapping[str, Any]) -> bool:
    """Return whether there are sources, or are to be."""
    return any(
        user_input.get(field) for field in (*SOURCE_OPTIONS.values(), CONF_FOLLOW_NEW)
    )


def source_options(
    hass: HomeAssistant, options: Mapping[str, Any], user_input: Mapping[str, Any]
) -> dict[str, Any]:
    """Return options changed by the input of a form with fields about sources.

    Sensors that were offered and not chosen are not to be followed later.
    """
    changed = {**options, **user_input}
    for option in SOURCE_OPTIONS.values():
        if option in user_input:
            changed[option] = _source_ids(hass, options[option], user_input[option])
    sources = changed[CONF_SOURCES]
    matches = (
        async_source_id(hass, entity_id)
        for entity_id in async_candidates(hass)[Verdict.MATCH]
    )
    offered = dict.fromkeys((*options.get(CONF_DECLINED, ()), *matches))
    changed[CONF_DECLINED] = [
        source_id for source_id in offered if source_id not in sources
    ]
    return changed


def _source_ids(
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
