"""A queue that empties: many values of one source within the same millisecond."""

import time

import pytest

from dev.stand_ins import LiveTracking, StandIn
from homeassistant.core import HomeAssistant

from ..common import STRAP, measure, relay_entry, set_up, us
from .common import LATER_DATABASES, SERVICES, entry_of, until_empty, until_there

COUNT = 30

TO_THE_MICROSECOND = {**SERVICES, **LATER_DATABASES}
del TO_THE_MICROSECOND["livetracking"]


@pytest.mark.parametrize("service", TO_THE_MICROSECOND)
async def test_queue(hass: HomeAssistant, service: str, stand_in: StandIn) -> None:
    """Each value is a point of its own, at its own microsecond."""
    begin = int(time.time()) - 60.0
    measure(hass, 60, at=begin - 1)
    data = TO_THE_MICROSECOND[service].data(stand_in)
    coordinator = await set_up(hass, relay_entry(service, data, [STRAP]))
    expected = []
    for number in range(COUNT):
        at = begin + number * 3e-6
        measure(hass, 61 + number, at=at)
        expected.append((us(at), 61 + number))
    coordinator.async_send_now()
    await until_empty(coordinator)
    await until_there(stand_in, COUNT)
    arrived = {(arrival.measured_at, arrival.value) for arrival in stand_in.arrivals}
    assert arrived == set(expected)
    assert coordinator.outbox.tally.delivered == COUNT


@pytest.mark.parametrize("service", ["livetracking"])
async def test_seconds(
    hass: HomeAssistant, service: str, stand_in: LiveTracking
) -> None:
    """What shares its second with another reading is counted, and not called delivered."""
    begin = int(time.time()) - 60.0
    measure(hass, 60, at=begin - 1)
    coordinator = await set_up(hass, entry_of(service, stand_in, [STRAP]))
    for number in range(4):
        measure(hass, 61 + number, at=begin + number * 0.4)
    await until_empty(coordinator)
    measure(hass, 70, at=begin + 1.9)
    await until_there(stand_in, 5)
    await until_empty(coordinator)
    points = stand_in.points.items()
    assert {time // 10**9: fields["hr_bpm"] for (*_, time), fields in points} == {
        begin: 63,
        begin + 1: 70,
    }
    tally = coordinator.outbox.tally
    assert (tally.delivered, tally.overwritten) == (2, 3)
    assert hass.states.get("sensor.relay_readings_overwritten")
