"""What the driver can be told to set up: relays, and the floor of that."""

from collections.abc import Mapping
import gc
import time
import tracemalloc
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance

from .soaking import RELAY


async def set_up(
    hass: HomeAssistant, *, entries: int, **kind: Any
) -> tuple[float, float]:
    """Add entries of a kind. Returns the seconds and the CPU time (s) of each.

    The CPU time is that until the recorder has written what came of them.
    """
    await get_instance(hass).async_block_till_done()
    cpu, start = time.process_time(), time.perf_counter()
    await _add_all(hass, entries, **kind)
    seconds = time.perf_counter() - start
    await get_instance(hass).async_block_till_done()
    return seconds / entries, (time.process_time() - cpu) / entries


async def weigh(hass: HomeAssistant, *, entries: int, **kind: Any) -> float:
    """Add entries of a kind, and return the memory of each (bytes).

    It is counted what Python holds: what the process has of the system depends on the gaps that
    were there before. Of C libraries nothing is counted.
    """
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    await _add_all(hass, entries, **kind)
    await get_instance(hass).async_block_till_done()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / entries


async def _add_all(
    hass: HomeAssistant,
    entries: int,
    *,
    data: Mapping[str, Any],
    domain: str = RELAY,
    **options: Any,
) -> None:
    """Add so many entries, each with a title of its own, and wait until they are loaded."""
    there = len(hass.config_entries.async_entries(domain))
    for number in range(there, there + entries):
        entry = entry_of(data, options, domain=domain, title=f"Relay {number}")
        await hass.config_entries.async_add(entry)
        if entry.state is not ConfigEntryState.LOADED:
            raise HomeAssistantError(f"{entry.title} of {domain} is {entry.state}")
    await hass.async_block_till_done()


def entry_of(
    data: Mapping[str, Any],
    options: Mapping[str, Any],
    entry_id: str | None = None,
    *,
    domain: str = RELAY,
    title: str = "Relay",
) -> ConfigEntry[Any]:
    """Return the entry of a relay, or of another integration."""
    return ConfigEntry(
        data=data,
        discovery_keys=MappingProxyType({}),
        domain=domain,
        entry_id=entry_id,
        minor_version=1,
        options=options,
        source=SOURCE_USER,
        subentries_data=(),
        title=title,
        unique_id=None,
        version=1,
    )
