"""What the driver can be told while Home Assistant soaks: who is in the air, and what it holds."""

import asyncio
from contextlib import suppress
import gc
from pathlib import Path
import sys
import threading

from homeassistant.config_entries import SOURCE_BLUETOOTH, SOURCE_USER
from homeassistant.core import HomeAssistant

RELAY = "heart_rate_relay"

POLL_INTERVAL = 0.2
"""Seconds between two looks for what is discovered."""


async def hear(hass: HomeAssistant, *, host: str, ports: list[int]) -> None:
    """Add Bluetooth proxies."""
    for port in ports:
        flows = hass.config_entries.flow
        step = await flows.async_init("esphome", context={"source": SOURCE_USER})
        await flows.async_configure(step["flow_id"], {"host": host, "port": port})
    await hass.async_block_till_done()


async def discover(hass: HomeAssistant, *, monitors: int) -> None:
    """Add so many monitors as they are discovered."""
    flows = hass.config_entries.flow
    while len(hass.config_entries.async_loaded_entries(RELAY)) < monitors:
        await asyncio.sleep(POLL_INTERVAL)
        for step in flows.async_progress_by_handler(
            RELAY, match_context={"source": SOURCE_BLUETOOTH}
        ):
            is_asked = step["step_id"] == "bluetooth_confirm"
            await flows.async_configure(step["flow_id"], {} if is_asked else None)


async def holds(hass: HomeAssistant) -> dict[str, int]:
    """Return what the process holds once all garbage is gone, memory in bytes."""
    files = await hass.async_add_executor_job(_files)
    connections = sum(file.startswith("socket:") for file in files)
    gc.collect()
    relays = [
        entry.runtime_data
        for entry in hass.config_entries.async_loaded_entries(RELAY)
        if "service" in entry.data
    ]
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "memory": resident * 4096,
        "blocks": sys.getallocatedblocks(),
        "files": len(files) - connections,
        "connections": connections,
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
        "waiting": sum(len(relay.outbox) for relay in relays),
        "delivered": sum(relay.outbox.tally.delivered for relay in relays),
    }


def _files() -> list[str]:
    """Return what the process has open."""
    files = []
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            files.append(str(file.readlink()))
    return files
