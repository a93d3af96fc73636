"""Heart Rate Relay delivers heart rates to the services that a person chose."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from typing import Any

from homeassistant.const import Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.entity_platform import async_get_platforms
from homeassistant.helpers.typing import ConfigType

from .const import (
    CONF_KNOWN_METRICS,
    CONF_OTHER_SOURCES,
    DOMAIN,
    ENTRY_VERSION,
    FORMER_SOURCES,
)
from .issues import async_delete_all
from .monitor.coordinator import MonitorConfigEntry, MonitorCoordinator, is_monitor
from .relay.coordinator import RelayConfigEntry, RelayCoordinator, outbox_path
from .relay.follow import async_follow_new
from .relay.handover import async_take_over
from .relay.session import async_import_destination
from .relay.stored_tokens import async_forget_tokens
from .services import async_setup_services
from .unexpected import log_unexpected
from .web import async_setup_web
from .workout.coordinator import WorkoutConfigEntry, WorkoutCoordinator, is_workout
from .workout.files import FileView
from .workout_services import async_setup_workout_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

MONITOR_PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.SENSOR]
RELAY_PLATFORMS = [Platform.BUTTON, Platform.SENSOR, Platform.SWITCH]
WORKOUT_PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.EVENT,
    Platform.SENSOR,
    Platform.SWITCH,
]

type HeartRateRelayConfigEntry = (
    MonitorConfigEntry | RelayConfigEntry | WorkoutConfigEntry
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions, and what is served."""
    async_setup_services(hass)
    async_setup_workout_services(hass)
    async_setup_web(hass)
    hass.http.register_view(FileView)
    return True


async def async_setup_entry(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> bool:
    """Set up an entry, whether or not a monitor is near, or a service answers."""
    if is_monitor(entry):
        entry.runtime_data = MonitorCoordinator(hass, entry)
    elif is_workout(entry):
        entry.runtime_data = WorkoutCoordinator(hass, entry)
    else:
        await async_import_destination(hass, entry.data)
        entry.runtime_data = RelayCoordinator(hass, entry)
    try:
        await _async_start(hass, entry)
    except BaseException as err:
        # What was started would go on beside what is started next, also where this is cancelled
        await asyncio.shield(hass.async_create_task(_async_undo(hass, entry)))
        if not isinstance(err, Exception):
            raise
        log_unexpected(err, "all that was started is stopped again")
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="not_started",
            translation_placeholders={"name": entry.title},
        ) from None
    return True


async def _async_start(hass: HomeAssistant, entry: HeartRateRelayConfigEntry) -> None:
    """Start all that an entry is for."""
    coordinator: MonitorCoordinator | RelayCoordinator | WorkoutCoordinator = (
        entry.runtime_data
    )
    await coordinator.async_start()
    if not is_monitor(entry) and not is_workout(entry):
        await async_follow_new(hass, entry)

    async def stop(_: Event) -> None:
        # Unloading is left out when Home Assistant stops
        await coordinator.async_stop()

    entry.async_on_unload(hass.bus.async_listen_once(coordinator.stops_at, stop))
    await hass.config_entries.async_forward_entry_setups(entry, _platforms(entry))


async def async_migrate_entry(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> bool:
    """Return whether this version can do with an entry that another one made.

    A higher minor version adds what this one leaves alone; with a higher major version Home
    Assistant refuses the entry by itself. A lower minor one had a list of sources for each of
    the metrics that it knew.
    """
    if entry.version != ENTRY_VERSION[0]:
        return False
    if entry.minor_version < ENTRY_VERSION[1]:
        hass.config_entries.async_update_entry(
            entry,
            options=_with_other_sources(entry.options),
            minor_version=ENTRY_VERSION[1],
        )
    return True


def _with_other_sources(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with one list of all sources of other metrics than heart rates.

    What each measures was said by its list: not every entity says it itself.
    """
    known = {
        source_id: metric
        for option, metric in reversed(FORMER_SOURCES.items())
        for source_id in options.get(option, ())
    }
    former = (options.get(option, ()) for option in FORMER_SOURCES)
    others = dict.fromkeys(chain(options.get(CONF_OTHER_SOURCES, ()), *former))
    kept = {key: options[key] for key in options.keys() - FORMER_SOURCES.keys()}
    if known:
        kept[CONF_KNOWN_METRICS] = known
    return kept | ({CONF_OTHER_SOURCES: list(others)} if others else {})


async def async_unload_entry(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> bool:
    """Unload an entry."""
    if unloaded := await _async_remove_entities(hass, entry):
        await _async_stop(hass, entry)
    return unloaded


async def _async_undo(hass: HomeAssistant, entry: HeartRateRelayConfigEntry) -> None:
    """Stop as much of an entry as was started."""
    await _async_remove_entities(hass, entry)
    await _async_stop(hass, entry)


async def _async_remove_entities(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> bool:
    """Remove the entities of an entry, as far as there are any, and return whether they are gone."""
    loaded = [
        platform.domain
        for platform in async_get_platforms(hass, DOMAIN)
        if platform.config_entry is entry
    ]
    return await hass.config_entries.async_unload_platforms(entry, loaded)


async def _async_stop(hass: HomeAssistant, entry: HeartRateRelayConfigEntry) -> None:
    """Stop what makes or delivers readings, and report nothing of it any more."""
    await entry.runtime_data.async_stop()
    async_delete_all(hass, entry, ignored=False)


async def async_remove_entry(
    hass: HomeAssistant, entry: HeartRateRelayConfigEntry
) -> None:
    """Remove what an entry keeps on disk with it, and what was reported of it."""
    async_delete_all(hass, entry)
    async_forget_tokens(hass, entry.entry_id)
    left = async_take_over(hass, entry.entry_id)
    if left and left.outbox is not None:
        left.outbox.abandon()
    path = outbox_path(hass, entry.entry_id)

    def remove() -> None:
        for file in path.parent.glob(f"{path.stem}.*"):
            file.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()

    await hass.async_add_executor_job(remove)


def _platforms(entry: HeartRateRelayConfigEntry) -> list[Platform]:
    """Return what an entry has entities of."""
    if is_monitor(entry):
        return MONITOR_PLATFORMS
    return WORKOUT_PLATFORMS if is_workout(entry) else RELAY_PLATFORMS
