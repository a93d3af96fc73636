"""A queue that empties: many values of one source within the same millisecond."""

import time

import pytest

from dev.stand_ins import StandIn
from homeassistant.core import HomeAssistant

from ..common import STRAP, measure, relay_entry, set_up, us
from .common import LATER_DATABASES, SERVICES, until_empty, until_there

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
