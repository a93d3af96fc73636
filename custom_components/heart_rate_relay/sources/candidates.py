"""What the registries know of a relay's sources."""

from collections.abc import Container

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import CONF_SERVICE, DOMAIN
from ..reading import Device, Source


@callback
def async_own_entities(hass: HomeAssistant) -> list[str]:
    """Return the entities that can be no sources of values.

    Those of relays would go in circles, and events of workouts have a field of their own.
    """
    registry = er.async_get(hass)
    return [
        entity.entity_id
        for entry in hass.config_entries.async_entries(DOMAIN)
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        if entity.domain == EVENT_DOMAIN or async_is_relays(hass, entity)
    ]


@callback
def async_is_relays(hass: HomeAssistant, entity: er.RegistryEntry) -> bool:
    """Return whether an entity is a relay's: those of monitors are of the platform, too."""
    if entity.platform != DOMAIN or entity.config_entry_id is None:
        return False
    entry = hass.config_entries.async_get_entry(entity.config_entry_id)
    return entry is not None and CONF_SERVICE in entry.data


@callback
def async_source_id(hass: HomeAssistant, entity_id: str) -> str:
    """Return what a source is remembered by: it survives a rename where it can."""
    entry = er.async_get(hass).async_get(entity_id)
    return entry.id if entry else entity_id


@callback
def async_entity_id(hass: HomeAssistant, source_id: str) -> str | None:
    """Return a source's entity, None when it was removed from the registry."""
    if "." in source_id:
        return source_id
    return er.async_resolve_entity_id(er.async_get(hass), source_id)


@callback
def async_concerns(
    hass: HomeAssistant,
    change: er.EventEntityRegistryUpdatedData,
    entity_ids: Container[str],
    source_ids: Container[str],
) -> bool:
    """Return whether a change of the registry is about what is a source, or becomes one.

    All relays hear of all changes: most are of entities that are no one's business.
    """
    entity_id = change["entity_id"]
    if change.get("old_entity_id", entity_id) in entity_ids:
        return True
    return (
        change["action"] == "create" and async_source_id(hass, entity_id) in source_ids
    )


@callback
def async_device(hass: HomeAssistant, source: Source) -> Device:
    """Return the device of a source, called as its integration calls it.

    A source without a device is taken for one: by a name that no rename changes.
    """
    entry = er.async_get(hass).async_get(source.entity_id)
    if not entry:
        return Device(source.id, source.entity_id)
    registry = dr.async_get(hass)
    device = whole = registry.async_get(entry.device_id) if entry.device_id else None
    if not device:
        return Device(source.id, entry.original_name or entry.platform)
    if isinstance(device, dr.ChildDeviceEntry):
        whole = registry.async_get(device.parent_device_id)
    model = version = None
    if isinstance(whole, dr.DeviceEntry):
        model, version = whole.model, whole.sw_version or whole.hw_version
    name = device.name or model or entry.platform
    return Device(device.id, name, model or "", version or "")


@callback
def async_last_entity_id(hass: HomeAssistant, source_id: str) -> str:
    """Return what a source is, or was, called."""
    if entity_id := async_entity_id(hass, source_id):
        return entity_id
    deleted = er.async_get(hass).deleted_entities.values()
    return next(
        (entry.entity_id for entry in deleted if entry.id == source_id), source_id
    )
