"""Awkward numbers of readings that wait when a relay starts."""

import pytest

from dev.stand_ins import StandIn
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
    arrived = [(seen.measured_at, seen.value) for seen in stand_in.arrivals]
    assert arrived[:count] == [
        (each.measured_at, each.value) for each in waiting[:count]
    ]
    assert len(arrived) == len(waiting)
    assert all(limits.min_batch <= size <= limits.max_batch for size in sizes(stand_in))
    see_in_order(stand_in)


@pytest.mark.parametrize(
    ("service", "count"),
    [
        ("gerosense", MANY),
        ("open_wearables_invitation", 20_001),
        ("open_wearables", 5001),
    ],
)
async def test_many(
    hass: HomeAssistant, service: str, stand_in: StandIn, count: int
) -> None:
    """A backlog of more than a day arrives without a pause.

    To see that each reading was imported, the server is asked for them all: fewer do.
    """
    entry = entry_of(service, stand_in)
    waiting = beats(count, age=60)
    await leave(hass, entry, waiting)
    coordinator = await set_up(hass, entry)
    await until_empty(coordinator, timeout=100)
    await until_there(stand_in, count)
    await hass.config_entries.async_unload(entry.entry_id)
    arrived = [(seen.measured_at, seen.value) for seen in stand_in.arrivals]
    assert arrived == [(each.measured_at, each.value) for each in waiting]
    max_batch = coordinator.destination.limits.max_batch
    assert len(sizes(stand_in)) <= count / max_batch + 2
    assert coordinator.outbox.tally.delivered == count
    see_in_order(stand_in)
