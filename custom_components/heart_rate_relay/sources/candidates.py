"""What the registries know of a relay's sources."""

from collections.abc import Callable, Iterable

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import (
    async_track_device_registry_updated_event,
    async_track_entity_registry_updated_event,
)

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
def async_track_entities(
    hass: HomeAssistant,
    source_ids: Iterable[str],
    action: Callable[[Event[er.EventEntityRegistryUpdatedData]], None],
) -> CALLBACK_TYPE:
    """Have something done when the registry changes what is a source, or becomes one again.

    That is by what the sources are called now: the action may have to track them anew. Home
    Assistant finds by its name who is to hear of an entity, so that all others cost nothing.
    One that is gone may be back under whatever name.
    """
    entity_ids = {
        source_id: async_entity_id(hass, source_id) for source_id in source_ids
    }
    gone = {source_id for source_id, entity_id in entity_ids.items() if not entity_id}
    untrack = async_track_entity_registry_updated_event(
        hass, set(filter(None, entity_ids.values())), action
    )
    if not gone:
        return untrack

    @callback
    def is_back(change: er.EventEntityRegistryUpdatedData) -> bool:
        # By the time that it is told it may be called otherwise
        return change["action"] != "remove" and any(
            async_entity_id(hass, source_id) for source_id in gone
        )

    unlisten = hass.bus.async_listen(
        er.EVENT_ENTITY_REGISTRY_UPDATED, action, event_filter=is_back
    )

    @callback
    def stop() -> None:
        untrack()
        unlisten()

    return stop


@callback
def async_track_devices(
    hass: HomeAssistant,
    entity_ids: Iterable[str],
    action: Callable[[Event[dr.EventDeviceRegistryUpdatedData]], None],
) -> CALLBACK_TYPE:
    """Have something done when the devices change that entities are of now."""
    entries = filter(None, map(er.async_get(hass).async_get, entity_ids))
    device_ids = {
        device.id for entry in entries for device in _devices(hass, entry) if device
    }
    return async_track_device_registry_updated_event(hass, device_ids, action)


@callback
def async_device(hass: HomeAssistant, source: Source) -> Device:
    """Return the device of a source, called as its integration calls it.

    A source without a device is taken for one: by a name that no rename changes.
    """
    entry = er.async_get(hass).async_get(source.entity_id)
    if not entry:
        return Device(source.id, source.entity_id)
    device, whole = _devices(hass, entry)
    if not device:
        return Device(source.id, entry.original_name or entry.platform)
    model = version = None
    if isinstance(whole, dr.DeviceEntry):
        model, version = whole.model, whole.sw_version or whole.hw_version
    name = device.name or model or entry.platform
    return Device(device.id, name, model or "", version or "")


def _devices(
    hass: HomeAssistant, entry: er.RegistryEntry
) -> tuple[dr.AnyDeviceEntry | None, dr.AnyDeviceEntry | None]:
    """Return the device that an entity is of, and the whole of which that is a part."""
    registry = dr.async_get(hass)
    device = registry.async_get(entry.device_id) if entry.device_id else None
    if isinstance(device, dr.ChildDeviceEntry):
        return device, registry.async_get(device.parent_device_id)
    return device, device


@callback
def async_last_entity_id(hass: HomeAssistant, source_id: str) -> str:
    """Return what a source is, or was, called."""
    if entity_id := async_entity_id(hass, source_id):
        return entity_id
    deleted = er.async_get(hass).deleted_entities.values()
    return next(
        (entry.entity_id for entry in deleted if entry.id == source_id), source_id
    )
