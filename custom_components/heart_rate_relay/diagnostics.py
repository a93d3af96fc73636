"""Diagnostics of Heart Rate Relay: what helps a stranger, and gives nobody away.

So there is no token, no address, no name, no entity id (it is often a name) and no heart
rate in it. What is told is written down here, one by one; nothing is passed on whole.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from .const import CONF_DETAILS, CONF_SERVICE, DOMAIN, SOURCE_OPTIONS
from .monitor.coordinator import MonitorConfigEntry, MonitorCoordinator, is_monitor
from .monitor.measuring import has_value
from .monitor.profiles import QUANTITIES
from .monitor.profiles.base import Kind
from .reading import SECOND
from .relay.coordinator import RelayConfigEntry, RelayCoordinator
from .sources.lineup import Watcher

TOLD_DETAILS = ("manufacturer", "model", "sw_version", "hw_version")
"""What may be told of a monitor: neither its name nor its serial number."""

TOLD_OPTIONS = (
    *("follow_new", "min_interval", "min_bpm", "max_bpm", "live_for"),
    *("measured_again", "keep_days", "keep_readings", "gather", "paused"),
)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: MonitorConfigEntry | RelayConfigEntry
) -> dict[str, Any]:
    """Return diagnostics for a monitor or a relay."""
    issues = _issues(hass, entry)
    if is_monitor(entry):
        return {"issues": issues, "monitor": _monitor(hass, entry.runtime_data)}
    return {"issues": issues, "relay": await _relay(hass, entry.runtime_data)}


def _issues(hass: HomeAssistant, entry: ConfigEntry) -> list[str | None]:
    """Return what a person was told to see to."""
    return [
        issue.translation_key
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and entry.entry_id in issue_id and issue.active
    ]


def _monitor(hass: HomeAssistant, monitor: MonitorCoordinator) -> dict[str, Any]:
    """Return what is known of a monitor."""
    data, details = monitor.data, monitor.config_entry.data[CONF_DETAILS]
    silence = hass.loop.time() - monitor.heard_at
    return {
        "details": {key: details.get(key) for key in TOLD_DETAILS},
        "profiles": [profile.key for profile in monitor.profiles],
        "features": sorted(monitor.features),
        "listens_only": monitor.is_listening,
        "is_reached": data.is_reached,
        "measurements": data.measurements,
        "measures_now": data.is_measuring,
        "known_now": sorted(key for key in data.told if has_value(data.value(key))),
        **{
            key: data.value(key)
            for key, quantity in QUANTITIES.items()
            if quantity.kind in {Kind.FLAG, Kind.CHOICE} and key in data.told
        },
        "heard_seconds_ago": round(silence, 1) if isfinite(silence) else None,
        "signal_strength": data.signal_strength,
        "scanners": bluetooth.async_scanner_count(hass, connectable=False),
        "scanners_that_connect": bluetooth.async_scanner_count(hass),
        "scanners_that_hear_it": _scanners(hass, monitor.address),
    }


def _scanners(hass: HomeAssistant, address: str) -> list[dict[str, Any]]:
    """Return which adapters and proxies hear a monitor, and what they have left for it."""
    return [
        {
            "kind": type(device.scanner).__name__,
            "connectable": device.scanner.connectable,
            "signal_strength": device.advertisement.rssi,
            "slots": slots.slots if slots else None,
            "free_slots": slots.free if slots else None,
        }
        for device in bluetooth.async_scanner_devices_by_address(
            hass, address, connectable=False
        )
        for slots in (device.scanner.get_allocations(),)
    ]


async def _relay(hass: HomeAssistant, relay: RelayCoordinator) -> dict[str, Any]:
    """Return what is known of a relay."""
    oldest = await relay.outbox.oldest()
    chosen = [relay.options[option] for option in SOURCE_OPTIONS.values()]
    return {
        "service": relay.config_entry.data[CONF_SERVICE],
        "options": {key: relay.options.get(key) for key in TOLD_OPTIONS},
        **asdict(relay.data),
        "last_error": relay.last_error,
        "reads_back": relay.destination.reads_back,
        "oldest_waiting": _iso(oldest) if oldest else None,
        "disk_fails": bool(relay.outbox.trouble),
        "file_set_aside": bool(relay.outbox.set_aside),
        "sources_chosen": sum(map(len, chosen)),
        "sources": [
            _source(hass, entity_id, observer)
            for entity_id, observer in relay.sources.observers.items()
        ],
    }


def _source(hass: HomeAssistant, entity_id: str, observer: Watcher) -> dict[str, Any]:
    """Return what is known of a source."""
    state = hass.states.get(entity_id)
    entity = er.async_get(hass).async_get(entity_id)
    is_silent = not state or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    return {
        "metric": observer.metric.key,
        "platform": entity.platform if entity else None,
        "unit": state and state.attributes.get(ATTR_UNIT_OF_MEASUREMENT),
        "state": state and (state.state if is_silent else "something"),
        "last_reported": state and state.last_reported,
    }


def _iso(microseconds: int) -> str:
    """Return a time in the form of ISO 8601."""
    return datetime.fromtimestamp(microseconds / SECOND, UTC).isoformat()
