"""What these tests share: relays to every service, and what arrives of their readings."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
import time
from typing import Any, NamedTuple

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.reading import Device, Reading, Source
from custom_components.heart_rate_relay.relay.coordinator import (
    RelayCoordinator,
    outbox_path,
)
from dev.stand_ins import (
    Gerosense,
    GerosenseProxy,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
    OpenWearables,
    StandIn,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..common import influxdb_data, live_tracking_data, relay_entry, until
from ..flow.common import influxdb_v2_data, influxdb_v3_data

DAY = 24 * 60 * 60

PHONE = Source("phone", "sensor.phone", "Phone", Device("p1", "Phone", "Nine", "1.0"))


class Service(NamedTuple):
    """A service: what stands in for it, and what its form gives."""

    stand_in: type[StandIn]
    data: Callable[[Any], dict[str, Any]]


def gerosense_data(stand_in: Gerosense, person: int = 0) -> dict[str, Any]:
    """Return what the form of Gerosense gives, for one of its wearers."""
    return {
        "username": stand_in.username,
        "password": stand_in.password,
        "user_id": list(stand_in.people)[person],
    }


def proxy_data(stand_in: GerosenseProxy) -> dict[str, Any]:
    """Return what the form of a proxy before Gerosense gives."""
    return {"url": str(stand_in.url), "token": stand_in.token}


def api_key_data(stand_in: OpenWearables, user_id: str = "") -> dict[str, Any]:
    """Return what the form of Open Wearables with an API key gives."""
    return {
        "url": str(stand_in.url),
        "api_key": stand_in.api_key,
        "user_id": user_id or stand_in.user_id,
    }


def invitation_data(stand_in: OpenWearables, user_id: str = "") -> dict[str, Any]:
    """Return what is kept of an invitation to Open Wearables."""
    user_id = user_id or stand_in.user_id
    return {
        "url": str(stand_in.url),
        "user_id": user_id,
        "token": stand_in.issue(user_id),
    }


SERVICES: Mapping[str, Service] = {
    "gerosense": Service(Gerosense, gerosense_data),
    "gerosense_proxy": Service(GerosenseProxy, proxy_data),
    "open_wearables": Service(OpenWearables, api_key_data),
    "open_wearables_invitation": Service(OpenWearables, invitation_data),
    "influxdb_v1": Service(InfluxDBv1, influxdb_data),
    "livetracking": Service(LiveTracking, live_tracking_data),
}

LATER_DATABASES: Mapping[str, Service] = {
    "influxdb_v2": Service(InfluxDBv2, influxdb_v2_data),
    "influxdb_v3": Service(InfluxDBv3, influxdb_v3_data),
}

GEROSENSE = pytest.mark.parametrize("service", ["gerosense", "gerosense_proxy"])
OPEN_WEARABLES = pytest.mark.parametrize(
    "service", ["open_wearables", "open_wearables_invitation"]
)
NEW = pytest.mark.parametrize(
    "service",
    ["gerosense", "gerosense_proxy", "open_wearables", "open_wearables_invitation"],
)


def entry_of(
    service: str, stand_in: StandIn, sources: list[str] | None = None, **options: Any
) -> MockConfigEntry:
    """Return the entry of a relay to a service."""
    return relay_entry(service, SERVICES[service].data(stand_in), sources, **options)


def add_sensor(
    hass: HomeAssistant,
    key: str,
    device_name: str,
    model: str = "",
    sw_version: str = "",
) -> er.RegistryEntry:
    """Add a sensor, and its device with that name, to the registries."""
    entry = MockConfigEntry(domain="phones")
    entry.add_to_hass(hass)
    whole = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("phones", key)},
        name=device_name,
        model=model,
        sw_version=sw_version,
    )
    return er.async_get(hass).async_get_or_create(
        "sensor", "phones", key, suggested_object_id=key, device_id=whole.id
    )


def beats(count: int, source: Source = PHONE, age: float = 0) -> list[Reading]:
    """Return heart rates, one a second, of which the last was measured that long ago."""
    last = round((time.time() - age) * 1_000_000)
    return [
        Reading(
            metrics.HEART_RATE,
            60.0 + n % 100,
            last - (count - 1 - n) * 1_000_000,
            source,
        )
        for n in range(count)
    ]


async def leave(
    hass: HomeAssistant, entry: MockConfigEntry, readings: Iterable[Reading]
) -> None:
    """Let readings wait in a relay's outbox, as if they had been there for long."""
    path = outbox_path(hass, entry.entry_id)
    outbox = Outbox(path, max_readings=1_000_000, max_age=30 * DAY)
    await outbox.open()
    for reading in readings:
        outbox.add(reading)
    await outbox.close()


async def until_empty(
    coordinator: RelayCoordinator, *, left: int = 0, timeout: float = 20
) -> None:
    """Wait for all readings, but so many, to leave the outbox."""
    await until(lambda: len(coordinator.outbox) == left, timeout)


async def until_there(stand_in: StandIn, count: int, timeout: float = 20) -> None:
    """Wait for so many readings to be there, and for nothing else to be under way."""
    await until(lambda: len(stand_in.arrivals) >= count, timeout)
    if isinstance(stand_in, OpenWearables):
        await until(lambda: not stand_in.queued)


def see_in_order(stand_in: StandIn) -> None:
    """See that of each device and metric all is there once, in order, one at a time.

    Open Wearables may get what is delivered at once in any order: it sorts by time itself.
    """
    seen: dict[object, list[int]] = defaultdict(list)
    for arrival in stand_in.arrivals:
        seen[arrival.source, arrival.metric].append(arrival.started_at)
    for times in seen.values():
        in_order = sorted(times) if isinstance(stand_in, OpenWearables) else times
        assert in_order == sorted(set(times))
    if isinstance(stand_in, Gerosense | GerosenseProxy):
        assert not stand_in.disorder
        assert not stand_in.repeats
        assert not stand_in.overlaps
    if isinstance(stand_in, OpenWearables):
        assert len(stand_in.store) == len(stand_in.arrivals)


def sizes(stand_in: StandIn) -> list[int]:
    """Return how many readings each delivery that was taken held."""
    return [
        seen.readings
        for seen in stand_in.requests
        if seen.path in stand_in.deliveries and 200 <= seen.status < 300
    ]
