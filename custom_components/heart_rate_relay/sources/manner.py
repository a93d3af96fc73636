"""How a source's entity tells what it measures: its integration says so, and itself."""

from collections.abc import Iterable
from enum import Enum, auto

from homeassistant.core import HomeAssistant, callback, split_entity_id
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import entity_sources
from homeassistant.helpers.entity_platform import DATA_DOMAIN_ENTITIES
from homeassistant.loader import (
    IntegrationNotLoaded,
    async_get_integrations,
    async_get_loaded_integration,
)

from ..const import DOMAIN

REWRITERS = frozenset({"healthsync", "person"})
"""Integrations that push, and write all they know again when any of it is new.

So a person is written when any of its trackers says something, wherever it is.
"""


class Manner(Enum):
    """How a source tells."""

    MEASURES = auto()
    """It says nothing but what it measures, at once and each time: a monitor of our own."""
    PUSHES = auto()
    """It speaks when it was told something, as one does that measures."""
    POLLS = auto()
    """It asks now and again, and repeats what it was last told."""


@callback
def async_manner(hass: HomeAssistant, entity_id: str) -> Manner:
    """Return how an entity tells, as far as is known by now.

    What no integration has made (an automation, a script) is taken to push.
    """
    if not (domain := async_integration(hass, entity_id)):
        return Manner.PUSHES
    if domain == DOMAIN:
        return Manner.MEASURES
    if domain in REWRITERS or _is_asked(hass, entity_id):
        return Manner.POLLS
    try:
        iot_class = async_get_loaded_integration(hass, domain).iot_class
    except IntegrationNotLoaded:
        return Manner.PUSHES
    return Manner.POLLS if (iot_class or "").endswith("_polling") else Manner.PUSHES


async def async_load_manners(hass: HomeAssistant, entity_ids: Iterable[str]) -> None:
    """Load what is to be known of the integrations of entities, set up or not."""
    domains = {async_integration(hass, entity_id) for entity_id in entity_ids}
    await async_get_integrations(hass, filter(None, domains))


@callback
def async_integration(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the integration that made an entity, None where none did."""
    if source := entity_sources(hass).get(entity_id):
        return source["domain"]
    entry = er.async_get(hass).async_get(entity_id)
    return entry.platform if entry else None


def _is_asked(hass: HomeAssistant, entity_id: str) -> bool:
    """Return whether Home Assistant has an entity written again and again by itself.

    So it is with some that push and forgot to say so (eufylife_ble).
    """
    domain, _ = split_entity_id(entity_id)
    entities = hass.data.get(DATA_DOMAIN_ENTITIES, {}).get(domain, {})
    return (entity := entities.get(entity_id)) is not None and entity.should_poll
