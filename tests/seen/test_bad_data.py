"""Bad data, and the good readings beside it."""

from collections.abc import Iterator
from math import inf, nan
import time

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.reading import Device, Reading, Source
from dev.stand_ins import StandIn
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from ..common import measure, set_up, until, us
from .common import (
    DAY,
    NEW,
    add_sensor,
    beats,
    entry_of,
    leave,
    until_empty,
    until_there,
)

LONG = f"{'Watch' * 30}\0{'⌚' * 30}{'x' * 119}"

NAMES = {
    "long": LONG,
    "other long": LONG + "y",
    "empty": "",
    "surrogate": "\ud83d strap \udcff",
    "lines": "\r\nStrap\x1b[31m\u2028\t",
    "brackets": '{"user": "not found"} [x]',
    "right to left": "\u202eparts",
}

TAKES_301 = ("open_wearables", "open_wearables_invitation")


def named(key: str) -> Source:
    """Return a source whose every name is bad."""
    name = NAMES[key]
    return Source(key, "sensor.x", name, Device(key, name, name, name))


def bad(now: float) -> Iterator[Reading]:
    """Yield readings that no service takes."""
    at = us(now)
    source = named("long")
    for value in (inf, -inf, 1e9, 1e300):
        yield Reading(metrics.HEART_RATE, value, at - 5_000_000, source)
        yield Reading(metrics.STEPS, value, at - 5_000_000, source, 1_000_000)


def early(now: float) -> Iterator[Reading]:
    """Yield readings that no service takes yet, from before a clock was set back."""
    at, source = us(now), named("long")
    yield Reading(metrics.HEART_RATE, 70, at + 3 * DAY * 1_000_000, source)
    yield Reading(metrics.STEPS, 70, at + 900_000_000, source, 60_000_000)


@NEW
async def test_waiting(hass: HomeAssistant, service: str, stand_in: StandIn) -> None:
    """What an older version may have left is refused alone, and all the rest arrives."""
    assert len(LONG) == 300
    now = time.time()
    good = beats(20, age=20)
    for number, key in enumerate(NAMES):
        good += beats(5, named(key), age=100 + number * 10)
    odd = Reading(metrics.HEART_RATE, 301, us(now) - 15_500_000, named("empty"))
    hopeless, waiting = list(bad(now)), list(early(now))
    entry = entry_of(service, stand_in)
    await leave(hass, entry, [*good[:10], odd, *hopeless, *waiting, *good[10:]])
    coordinator = await set_up(hass, entry)
    await until_empty(coordinator, left=len(waiting))
    expected = [(each.measured_at, each.value) for each in good]
    if service in TAKES_301:
        expected.append((odd.measured_at, 301))
    await until_there(stand_in, len(expected))
    await hass.config_entries.async_unload(entry.entry_id)
    arrived = [(seen.measured_at, seen.value) for seen in stand_in.arrivals]
    assert sorted(arrived) == sorted(expected)
    sources = {seen.source for seen in stand_in.arrivals}
    assert len(sources) == len(NAMES) + 1
    assert all(0 < len(name) <= 100 and name.isprintable() for name in sources)
    tally = coordinator.outbox.tally
    assert tally.refused == len(hopeless) + (service not in TAKES_301)
    assert tally.delivered == len(expected)
    is_in_doubt = service == "open_wearables_invitation"
    assert tally.in_doubt == (len(expected) if is_in_doubt else 0)
    reasons = {refusal.reason for refusal in coordinator.delivery.refusals}
    assert reasons == {"out of range"}
    assert len(coordinator.outbox) == len(waiting)


@pytest.mark.parametrize("key", sorted(NAMES.keys() - {"surrogate"}))
@NEW
async def test_live(
    hass: HomeAssistant, service: str, stand_in: StandIn, key: str
) -> None:
    """A device can be called anything, and be renamed, and stays the same one.

    Anything that Home Assistant's own registry can hold, that is.
    """
    sensor = add_sensor(hass, "watch", NAMES[key], model=LONG, sw_version=LONG)
    assert sensor.device_id
    other = add_sensor(hass, "other", NAMES[key])
    sources = [sensor.id, other.id]
    begin = time.time() - 100
    for each in (sensor, other):
        measure(hass, 60, each.entity_id, at=begin)
    entry = entry_of(service, stand_in, sources, max_bpm=300)
    coordinator = await set_up(hass, entry)
    for second, value in enumerate((70, "nan", "inf", 301, 1e300, 71, "", "\0", 72), 1):
        measure(hass, value, sensor.entity_id, at=begin + second)
        measure(hass, 80 + second, other.entity_id, at=begin + second)
    await until_empty(coordinator)
    dr.async_get(hass).async_update_device(sensor.device_id, name_by_user=LONG)
    for value in (73, 74, 75):
        measure(hass, value, sensor.entity_id, at=begin + value)
    coordinator.async_send_now()
    await until_empty(coordinator)
    await until_there(stand_in, 15)
    await hass.config_entries.async_unload(entry.entry_id)
    by_source: dict[str, list[float]] = {}
    for seen in stand_in.arrivals:
        by_source.setdefault(seen.source, []).append(seen.value)
    assert sorted(by_source.values()) == [
        [70, 71, 72, 73, 74, 75],
        [81, 82, 83, 84, 85, 86, 87, 88, 89],
    ]
    assert coordinator.outbox.tally.refused == 0


@NEW
async def test_not_a_number(
    hass: HomeAssistant, service: str, stand_in: StandIn
) -> None:
    """What is no number stops nothing, in memory or on the way to the disk."""
    entry = entry_of(service, stand_in, paused=True)
    coordinator = await set_up(hass, entry)
    good = beats(6)
    no_number = good[2]._replace(value=nan)
    for reading in (*good[:3], no_number, *good[3:]):
        coordinator.outbox.add(reading)
    coordinator.async_pause(False)
    await until_empty(coordinator)
    await until_there(stand_in, len(good))
    await until(lambda: coordinator.outbox.tally.delivered == len(good))
    await hass.config_entries.async_unload(entry.entry_id)
    assert [seen.value for seen in stand_in.arrivals] == [each.value for each in good]
