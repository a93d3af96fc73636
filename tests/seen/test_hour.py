"""An hour at 1 Hz, from two devices of the same name, to each service."""

import asyncio
from dataclasses import replace
import time

import pytest

from custom_components.heart_rate_relay.destinations.pulsoid import Pulsoid
from dev.stand_ins import (
    Arrival,
    Pulsoid as PulsoidStandIn,
    StandIn,
    pulsoid as pulsoid_module,
)
from homeassistant.core import HomeAssistant

from ..common import measure, pulsoid_data, relay_entry, set_up, us
from .common import (
    SERVICES,
    add_sensor,
    entry_of,
    see_in_order,
    sizes,
    until_empty,
    until_there,
)

HOUR = 3600
ROUND = 300
"""Seconds after which what was gathered is sent."""


@pytest.mark.parametrize("service", SERVICES)
async def test_hour(hass: HomeAssistant, service: str, stand_in: StandIn) -> None:
    """All is there, once and in order, and the devices are kept apart."""
    sensors = [add_sensor(hass, key, "Watch", model="Two") for key in ("w1", "w2")]
    begin = time.time() - HOUR - 60
    for sensor in sensors:
        measure(hass, 60, sensor.entity_id, at=begin)
    entry = entry_of(service, stand_in, [sensor.id for sensor in sensors])
    coordinator = await set_up(hass, entry)
    one_line = coordinator.destination.limits.one_line
    expected = []
    for second in range(1, HOUR + 1):
        for number, sensor in enumerate(sensors):
            value, at = 61 + 40 * number + second % 30, begin + second
            measure(hass, value, sensor.entity_id, at=at)
            if not (one_line and number):
                expected.append((us(at), value))
        if second % ROUND == 0:
            coordinator.async_send_now()
            await until_empty(coordinator)
    await until_there(stand_in, len(expected))
    await hass.config_entries.async_unload(entry.entry_id)
    unit = 1_000_000 if service == "livetracking" else 1
    arrived = [(seen.measured_at // unit, seen.value) for seen in stand_in.arrivals]
    assert sorted(arrived) == sorted((at // unit, value) for at, value in expected)
    assert len({seen.source for seen in stand_in.arrivals}) == (1 if one_line else 2)
    see_in_order(stand_in)
    assert sum(sizes(stand_in)) == len(expected)
    tally = coordinator.outbox.tally
    assert (tally.delivered, tally.refused, tally.expired) == (len(expected), 0, 0)
    # Until ten minutes later nobody knows what became of them with an invitation
    is_in_doubt = service == "open_wearables_invitation"
    assert tally.in_doubt == (len(expected) if is_in_doubt else 0)


@pytest.mark.slow
async def test_hour_live(
    hass: HomeAssistant, pulsoid: PulsoidStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulsoid gets each beat when it was measured, and before the next one.

    Its rate is seen in tests/delivery/test_delivery_rate.py: here an hour passes in no time.
    """
    monkeypatch.setattr(Pulsoid, "limits", replace(Pulsoid.limits, max_rate=None))
    monkeypatch.setattr(pulsoid_module, "MAX_RATE", HOUR)
    arrived = asyncio.Event()

    def arrive(_: Arrival) -> None:
        arrived.set()

    pulsoid.on_arrival = arrive
    begin = time.time() - HOUR - 60
    measure(hass, 60, at=begin)
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)
    expected = []
    for second in range(1, HOUR + 1):
        measure(hass, value := 61 + second % 90, at=begin + second)
        expected.append((us(begin + second, 1000), value))
        async with asyncio.timeout(5):
            await arrived.wait()
        arrived.clear()
    await until_empty(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    assert [(seen.measured_at, seen.value) for seen in pulsoid.arrivals] == expected
    assert coordinator.outbox.tally.delivered == len(expected)
