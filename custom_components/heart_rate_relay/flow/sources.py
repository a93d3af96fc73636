"""What the flows ask about the sources of a relay."""

from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import voluptuous as vol

from homeassistant.components.binary_sensor.const import (
    DOMAIN as BINARY_SENSOR_DOMAIN,
    BinarySensorDeviceClass,
)
from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import (
    ALL_SOURCES,
    CONF_BACKFILL_DAYS,
    CONF_DECLINED,
    CONF_FOLLOW_NEW,
    CONF_KEEP_DAYS,
    CONF_KNOWN_METRICS,
    CONF_OTHER_SOURCES,
    CONF_POSITION_SOURCES,
    CONF_SOURCES,
    CONF_WEARERS,
    CONF_WORKOUT_SOURCES,
    DEFAULT_OPTIONS,
    DOMAIN,
)
from ..destinations.base import Limits
from ..metric_names import async_metric_names
from ..metrics import HEART_RATE, METRICS, WORKOUT, Kind, Metric
from ..sources.attributes import name_of
from ..sources.candidates import (
    async_last_entity_id,
    async_own_entities,
    async_source_id,
)
from ..sources.chosen import known_metrics, takes_others, takes_positions
from ..sources.detection.vocabulary import vocabulary
from ..sources.finding import Found
from ..sources.flaws import async_flaws

SOURCE_DOMAINS = ["sensor", "number", "input_number", "event"]
POSITION_DOMAINS = ["device_tracker", "person"]

FINISHED = EntityWithDeviceFilterSelectorConfig(integration=DOMAIN, domain=EVENT_DOMAIN)
GOING_ON = EntityWithDeviceFilterSelectorConfig(
    integration=DOMAIN,
    domain=BINARY_SENSOR_DOMAIN,
    device_class=BinarySensorDeviceClass.RUNNING,
)
"""What tells whether someone trains: monitors have binary sensors, too."""


def source_fields(hass: HomeAssistant, limits: Limits) -> dict[vol.Marker, object]:
    """Return the fields about the sources of what a service takes."""
    metrics = limits.metrics
    own = async_own_entities(hass)
    fields: dict[vol.Marker, object] = {
        vol.Required(CONF_SOURCES, default=list): _entities(SOURCE_DOMAINS, own)
    }
    if takes_others(metrics):
        fields[vol.Required(CONF_OTHER_SOURCES, default=list)] = _entities(
            SOURCE_DOMAINS, own
        )
    if takes_positions(metrics):
        fields[vol.Required(CONF_POSITION_SOURCES, default=list)] = _entities(
            POSITION_DOMAINS, own
        )
    if WORKOUT in metrics:
        workouts = GOING_ON if limits.follows_workouts else FINISHED
        fields[vol.Required(CONF_WORKOUT_SOURCES, default=list)] = EntitySelector(
            EntitySelectorConfig(filter=workouts, multiple=True)
        )
    fields[vol.Required(CONF_FOLLOW_NEW, default=False)] = BooleanSelector()
    return fields


def _entities(domains: list[str], excluded: list[str]) -> EntitySelector:
    """Return a field for entities in an order of preference."""
    return EntitySelector(
        EntitySelectorConfig(
            domain=domains, exclude_entities=excluded, multiple=True, reorder=True
        )
    )


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
    chosen: dict[str, list[str]] = {CONF_SOURCES: []}
    suggested: list[str] = []
    for metric in METRICS.values():
        if metric in metrics:
            matches = [match for match in found.matches[metric] if match in entity_ids]
            suggested += found.suggestions[metric]
            if metric.kind is Kind.COUNTER:
                # A phone, a watch and what sums them up count the same
                suggested += matches[1:]
                del matches[1:]
            option = CONF_SOURCES if metric is HEART_RATE else CONF_OTHER_SOURCES
            chosen.setdefault(option, []).extend(matches)
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


async def async_flaw_in(
    hass: HomeAssistant,
    user_input: Mapping[str, Any],
    metrics: Container[Metric],
    known: Mapping[str, Metric] = MappingProxyType({}),
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the error of a form with sources that would stay silent, and its words.

    Of some it is known what they measure, by what they are remembered by.
    """
    await hass.async_add_executor_job(vocabulary)
    others = user_input.get(CONF_OTHER_SOURCES, ())
    for entity_id, flaw, words in async_flaws(
        hass,
        user_input[CONF_SOURCES],
        others,
        metrics,
        await async_metric_names(hass),
        known,
    ):
        field = CONF_OTHER_SOURCES if entity_id in others else CONF_SOURCES
        return {field: flaw}, {"source": entity_id, **words}
    return {}, {}


def has_sources(user_input: Mapping[str, Any]) -> bool:
    """Return whether there are sources, or are to be."""
    return any(user_input.get(field) for field in (*ALL_SOURCES, CONF_FOLLOW_NEW))


def source_options(
    hass: HomeAssistant,
    options: Mapping[str, Any],
    user_input: Mapping[str, Any],
    found: Found,
) -> dict[str, Any]:
    """Return options changed by the input of a form with fields about sources.

    Sensors that were found and not chosen, or were taken out, are not to be followed later.
    """
    changed = {**options, **user_input}
    for option in ALL_SOURCES:
        if option in user_input:
            changed[option] = source_ids(hass, options[option], user_input[option])
    if CONF_KNOWN_METRICS in options:
        # Who takes a source anew was shown what it says itself
        changed[CONF_KNOWN_METRICS] = {
            source_id: metric.key
            for source_id, metric in known_metrics(options).items()
            if source_id in changed[CONF_OTHER_SOURCES]
        }
    sources = changed[CONF_SOURCES]
    matches = (
        async_source_id(hass, entity_id) for entity_id in found.matches[HEART_RATE]
    )
    declined = options.get(CONF_DECLINED, ())
    offered = dict.fromkeys((*declined, *options[CONF_SOURCES], *matches))
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
