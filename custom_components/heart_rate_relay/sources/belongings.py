"""Whose sensors those are that were found: what the registries know of it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from ..metrics import Metric
from .attributes import name_of
from .detection.owners import Thing, owners
from .finding import Found, async_iot_class

PERSON_DOMAIN = "person"
ATTR_DEVICE_TRACKERS = "device_trackers"
ATTR_USER_ID = "user_id"


class _People(NamedTuple):
    """Who lives here, and what is theirs."""

    names: list[str]
    by_user: Mapping[str, str]
    by_device: Mapping[str, str]


async def async_owners(
    hass: HomeAssistant, found: Found, metrics: Iterable[Metric]
) -> dict[str, list[str]]:
    """Return the matches of some metrics by whose they are, in their order.

    There is one owner, without a name, where nothing speaks of several.
    """
    of: dict[str, set[Metric]] = {}
    for metric in metrics:
        for entity_id in found.matches[metric]:
            of.setdefault(entity_id, set()).add(metric)
    people = _async_people(hass)
    things = [
        _async_thing(hass, state, frozenset(measured), people)
        for entity_id, measured in of.items()
        if (state := hass.states.get(entity_id))
    ]
    return await hass.async_add_executor_job(owners, things, people.names)


@callback
def _async_people(hass: HomeAssistant) -> _People:
    """Return who lives here."""
    entities = er.async_get(hass)
    names: list[str] = []
    by_user: dict[str, str] = {}
    by_device: dict[str, str] = {}
    for state in hass.states.async_all(PERSON_DOMAIN):
        name = name_of(state)
        names.append(name)
        if user_id := state.attributes.get(ATTR_USER_ID):
            by_user[str(user_id)] = name
        for tracker in state.attributes.get(ATTR_DEVICE_TRACKERS) or ():
            entry = entities.async_get(tracker)
            if entry and entry.device_id:
                by_device[entry.device_id] = name
    return _People(names, by_user, by_device)


@callback
def _async_thing(
    hass: HomeAssistant, state: State, metrics: frozenset[Metric], people: _People
) -> Thing:
    """Return what a sensor may belong to."""
    thing = Thing(state.entity_id, metrics, name_of(state))
    if not (entry := er.async_get(hass).async_get(state.entity_id)):
        return thing
    user = account = ""
    if config := hass.config_entries.async_get_entry(entry.config_entry_id or ""):
        # That of a companion app is a user's
        user = str(config.data.get(ATTR_USER_ID) or "")
        is_service = async_iot_class(hass, config.domain).startswith("cloud")
        account = user or (config.entry_id if is_service else "")
    device = dr.async_get(hass).async_get(entry.device_id or "")
    area_id = entry.area_id
    if device and not area_id:
        area_id = dr.async_get_effective_area_id(hass, device)
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    return thing._replace(
        person=people.by_user.get(user)
        or people.by_device.get(entry.device_id or "", ""),
        platform=entry.platform,
        account=account,
        device=device.id if device else "",
        device_name=(device and (device.name_by_user or device.name)) or "",
        model=(isinstance(device, dr.DeviceEntry) and device.model) or "",
        area=area.name if area else "",
    )
