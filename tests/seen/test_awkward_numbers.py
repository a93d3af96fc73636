"""Awkward numbers of readings that wait when a relay starts."""

import pytest

from custom_components.heart_rate_relay.destinations.open_wearables.server import (
    MAX_REQUEST,
)
from dev.stand_ins import OpenWearables, StandIn
from homeassistant.core import HomeAssistant

from ..common import measure, set_up
from .common import (
    NEW,
    beats,
    entry_of,
    leave,
    see_in_order,
    sizes,
    until_empty,
    until_there,
)

MANY = 100_000


def arrived_at(stand_in: StandIn) -> list[tuple[int, float]]:
    """Return what arrived, in the order in which it did where that is of importance."""
    arrived = [(seen.measured_at, seen.value) for seen in stand_in.arrivals]
    return sorted(arrived) if isinstance(stand_in, OpenWearables) else arrived


@pytest.mark.parametrize("count", [1, 2, 3, 999, 1000, 1001])
@NEW
async def test_waiting(
    hass: HomeAssistant, service: str, stand_in: StandIn, count: int
) -> None:
    """However many wait, all arrive, those too few for the service with the next ones."""
    entry = entry_of(service, stand_in)
    waiting = beats(count, age=60)
    await leave(hass, entry, waiting)
    measure(hass, 60, at=waiting[0].measured_at / 1_000_000 - 10)
    coordinator = await set_up(hass, entry)
    limits = coordinator.destination.limits
    if count < limits.min_batch:
        for _ in range(20):
            await hass.async_block_till_done()
        assert not stand_in.requests
        assert len(coordinator.outbox) == count
        for reading in (more := beats(3 - count)):
            measure(hass, reading.value + 1, at=reading.measured_at / 1_000_000)
        waiting += more
    await until_empty(coordinator)
    await until_there(stand_in, len(waiting))
    await hass.config_entries.async_unload(entry.entry_id)
    arrived = arrived_at(stand_in)
    assert arrived[:count] == [
        (each.measured_at, each.value) for each in waiting[:count]
    ]
    assert len(arrived) == len(waiting)
    assert all(limits.min_batch <= size <= limits.max_batch for size in sizes(stand_in))
    see_in_order(stand_in)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "count"),
    [
        ("gerosense", MANY),
        ("open_wearables_invitation", 20_000),
        ("open_wearables", 20_001),
    ],
)
async def test_many(
    hass: HomeAssistant, service: str, stand_in: StandIn, count: int
) -> None:
    """A backlog of more than a day arrives without a pause."""
    entry = entry_of(service, stand_in)
    waiting = beats(count, age=60)
    await leave(hass, entry, waiting)
    coordinator = await set_up(hass, entry)
    await until_empty(coordinator, timeout=100)
    await until_there(stand_in, count)
    await hass.config_entries.async_unload(entry.entry_id)
    arrived = arrived_at(stand_in)
    assert arrived == [(each.measured_at, each.value) for each in waiting]
    max_request = min(coordinator.destination.limits.max_batch, MAX_REQUEST)
    assert len(sizes(stand_in)) <= count / max_request + 2
    assert coordinator.outbox.tally.delivered == count
    see_in_order(stand_in)
