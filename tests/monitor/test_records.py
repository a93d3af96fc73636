"""What a monitor has kept is told with the time of its own clock, and never as of now."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
import time
from zoneinfo import ZoneInfo

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.monitor import records
from dev.stand_ins import InfluxDBv1, Pulsoid
from dev.virtual_proxy import Oximeter, Scale, Thermometer, World
from dev.virtual_proxy.health import COMPOSITION, INTERMEDIATE, clock, composition_part
from dev.virtual_proxy.oximeter import CONTINUOUS, SPOT_CHECK, continuous, spot_check
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.common import influxdb_data, pulsoid_data, relay_entry, set_up, until

from .common import (
    features_of,
    monitor_entry,
    note_states,
    quick,
    set_up_monitor,
    value_of,
    wear,
)

WEIGHT = "sensor.strap_12_weight"
WATER = "sensor.strap_12_body_water"
FAT = "sensor.strap_12_body_fat"
MUSCLES = "sensor.strap_12_muscle_mass"
TEMPERATURE = "sensor.strap_12_body_temperature"
OXYGEN = "sensor.strap_12_oxygen_saturation"
PULSE = "sensor.strap_12_heart_rate"
CONNECTED = "binary_sensor.strap_12_connected"

STORED = 1 << 9
"""What an oximeter says of what it has kept."""

HOLD_TIME = 0.3

NOW_ISH = 20.0
"""Seconds within which something was measured now, as far as a test can tell."""


@pytest.fixture(autouse=True)
def at_home(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live where clocks are neither those of UTC nor of this computer."""
    monkeypatch.setattr(records, "HOLD_TIME", HOLD_TIME)
    dt_util.set_default_time_zone(ZoneInfo("Asia/Kathmandu"))


def ago(**spans: float) -> datetime:
    """Return what the clock of a monitor at home said so long ago."""
    return dt_util.now().replace(tzinfo=None, microsecond=0) - timedelta(**spans)


def seconds(local: datetime) -> float:
    """Return when a clock at home says that, in seconds since 1970."""
    return local.replace(tzinfo=dt_util.get_default_time_zone()).timestamp()


async def relay_to(hass: HomeAssistant, influxdb: InfluxDBv1, *entity_ids: str) -> None:
    """Have what some entities of a monitor tell delivered."""
    registry = er.async_get(hass)
    sources = [registry.async_get(entity_id) for entity_id in entity_ids]
    entry = relay_entry(
        "influxdb_v1",
        influxdb_data(influxdb),
        other_sources=[source.id for source in sources if source],
    )
    await set_up(hass, entry)


def told(influxdb: InfluxDBv1) -> list[tuple[float, float]]:
    """Return the values that arrived, each with when it was measured."""
    return [
        (arrival.value, arrival.measured_at / 1_000_000)
        for arrival in influxdb.arrivals
    ]


async def near_a_scale(hass: HomeAssistant, air: World, influxdb: InfluxDBv1) -> Scale:
    """Return a scale that nobody has stepped on, and whose values are delivered."""
    profiles = ("weight", "body_composition")
    entry = monitor_entry(features=features_of(*profiles), profiles=profiles)
    await set_up_monitor(hass, entry)
    await relay_to(hass, influxdb, WEIGHT)
    return quick(Scale)


async def test_three_at_once(
    hass: HomeAssistant, air: World, influxdb: InfluxDBv1
) -> None:
    """Three that a scale has kept are three readings of when they were measured."""
    scale = await near_a_scale(hass, air, influxdb)
    times = [ago(days=2), ago(days=1), ago(seconds=5)]
    weights = [70.0, 70.0, 71.5]
    for mass, when in zip(weights, times, strict=True):
        scale.weigh(mass, time=when)
    air.add_strap(scale)
    await until(lambda: len(influxdb.arrivals) == 3)
    expected = [
        (mass, seconds(when)) for mass, when in zip(weights, times, strict=True)
    ]
    assert told(influxdb) == expected
    state = hass.states.get(WEIGHT)
    assert state
    assert state.state == "71.5"
    assert state.attributes["measured_at"].timestamp() == expected[-1][1]
    # What it sends again, as it was not told that it arrived, is nothing new
    scale.weigh(70.0, time=times[1])
    scale.weigh(72.0, time=ago(seconds=1))
    await until(lambda: len(influxdb.arrivals) == 4)
    assert influxdb.arrivals[-1].value == 72


async def test_latest_first(
    hass: HomeAssistant, air: World, influxdb: InfluxDBv1
) -> None:
    """Whatever the order, what is shown in the end is the latest."""
    scale = await near_a_scale(hass, air, influxdb)
    scale.weigh(71.5, time=ago(seconds=5))
    scale.weigh(70.0, time=ago(days=1))
    air.add_strap(scale)
    await until(lambda: not scale.kept and len(scale.sent) == 2)
    await until(lambda: value_of(hass, WEIGHT) == "71.5")
    await until(lambda: len(influxdb.arrivals) == 1)
    assert [value for value, _ in told(influxdb)] == [71.5]


@pytest.mark.parametrize(
    "wrong",
    [
        # Never set, or set back by a new battery
        {"days": 4000},
        # Ahead, as one of another country, or one that was set wrongly
        {"hours": -5},
        {"days": -4000},
    ],
    ids=["behind", "zone", "ahead"],
)
async def test_wrong_clock(
    hass: HomeAssistant,
    air: World,
    influxdb: InfluxDBv1,
    wrong: Mapping[str, float],
) -> None:
    """Of several that are told by a wrong clock, only the last was measured now."""
    scale = await near_a_scale(hass, air, influxdb)
    for mass, minutes in ((70.0, 3), (70.5, 2), (71.5, 0)):
        scale.weigh(mass, fat=20, time=ago(**wrong) - timedelta(minutes=minutes))
    air.add_strap(scale)
    await until(lambda: influxdb.arrivals)
    assert hass.states.get(FAT)
    ((value, at),) = told(influxdb)
    assert value == 71.5
    assert abs(at - time.time()) < NOW_ISH
    # The second packet tells no time, and is of the same measurement
    await until(lambda: value_of(hass, WATER) == "35.75")
    assert value_of(hass, MUSCLES) == "17.875"


def has_sent(scale: Scale, packets: int) -> bool:
    """Return whether a scale has told so much."""
    return len(scale.sent) == packets


async def test_long_tale(hass: HomeAssistant, air: World, influxdb: InfluxDBv1) -> None:
    """However long it takes to tell all that is kept, only the last was measured now."""
    scale = await near_a_scale(hass, air, influxdb)
    air.add_strap(scale)
    await until(lambda: scale.links)
    for number in range(1, 16):
        scale.weigh(60 + number, time=ago(days=4000, minutes=-number))
        await until(partial(has_sent, scale, number))
        await asyncio.sleep(HOLD_TIME / 5)
    await until(lambda: influxdb.arrivals)
    assert [value for value, _ in told(influxdb)] == [75]


async def test_endless_tale(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told on and on is measured meanwhile, whatever the clock says."""
    monkeypatch.setattr(records, "HOLD_AT_MOST", 2 * HOLD_TIME)
    scale = quick(Scale)
    await wear(hass, air, scale, profiles=("weight",))
    sent = 0
    while value_of(hass, WEIGHT) == STATE_UNKNOWN:
        scale.weigh(70, time=ago(days=4000))
        sent += 1
        await until(partial(has_sent, scale, sent))


async def test_unknown_time(
    hass: HomeAssistant, air: World, influxdb: InfluxDBv1
) -> None:
    """A clock that does not know the day, or tells one that there is not, is a wrong one."""
    scale = await near_a_scale(hass, air, influxdb)
    unknown = (b"\x00" * 7, bytes.fromhex("ea07021e0c0000"))
    for mass, when in zip((70.0, 71.5), unknown, strict=True):
        scale.weigh(mass)
        _, ((number, data),) = scale.kept.pop()
        scale.kept.append((mass, [(number, bytes([data[0] | 2]) + data[1:] + when)]))
    air.add_strap(scale)
    await until(lambda: influxdb.arrivals)
    ((value, at),) = told(influxdb)
    assert value == 71.5
    assert abs(at - time.time()) < NOW_ISH


async def test_stopped_meanwhile(
    hass: HomeAssistant,
    air: World,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was measured just before Home Assistant stops is told, whatever the clock says."""
    monkeypatch.setattr(records, "HOLD_TIME", 60)
    scale = await near_a_scale(hass, air, influxdb)
    air.add_strap(scale)
    (entry, *_) = hass.config_entries.async_entries(DOMAIN)
    await until(lambda: scale.links)
    scale.weigh(70, time=ago(days=4000))
    await until(lambda: entry.runtime_data._records._held)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await until(lambda: influxdb.arrivals)
    ((value, at),) = told(influxdb)
    assert (value, abs(at - time.time()) < NOW_ISH) == (70, True)


async def test_without_time(
    hass: HomeAssistant, air: World, influxdb: InfluxDBv1
) -> None:
    """What tells no time measures now, at once."""
    scale = await near_a_scale(hass, air, influxdb)
    air.add_strap(scale)
    await until(lambda: scale.links)
    scale.weigh(71.5, fat=20)
    await until(lambda: influxdb.arrivals)
    state = hass.states.get(WEIGHT)
    assert state
    assert "measured_at" not in state.attributes
    ((value, at),) = told(influxdb)
    assert (value, abs(at - time.time()) < NOW_ISH) == (71.5, True)


async def test_two_packets(hass: HomeAssistant, air: World) -> None:
    """What takes two packets is of one time, though only the first tells it."""
    scale = quick(Scale)
    when = ago(days=1)
    scale.weigh(71, fat=20, time=when)
    await wear(hass, air, scale, profiles=("weight", "body_composition"))
    await until(lambda: hass.states.get(WATER))
    for entity_id in (WEIGHT, FAT, WATER):
        state = hass.states.get(entity_id)
        assert state
        assert state.attributes["measured_at"].timestamp() == seconds(when)


async def test_two_packets_without_time(hass: HomeAssistant, air: World) -> None:
    """What takes two packets is one measurement, though both tell how much is fat."""
    scale = quick(Scale)
    profiles = ("weight", "body_composition")
    await wear(hass, air, scale, profiles=profiles, features=features_of(*profiles))
    states = note_states(hass, FAT)
    for mass in (70, 72):
        scale.weigh(mass, fat=20)
    await until(lambda: value_of(hass, WATER) == "36.0")
    assert value_of(hass, MUSCLES) == "18.0"
    assert states == ["20.0", "20.0"]


async def test_thermometer(
    hass: HomeAssistant, air: World, influxdb: InfluxDBv1
) -> None:
    """A thermometer keeps what it measured, too."""
    entry = monitor_entry(
        features=features_of("thermometer"), profiles=("thermometer",)
    )
    await set_up_monitor(hass, entry)
    await relay_to(hass, influxdb, TEMPERATURE)
    thermometer = quick(Thermometer)
    thermometer.take(38.5, time=(fever := ago(hours=20)))
    thermometer.take(36.5, time=(cured := ago(seconds=2)))
    air.add_strap(thermometer)
    await until(lambda: len(influxdb.arrivals) == 2)
    assert told(influxdb) == [(38.5, seconds(fever)), (36.5, seconds(cured))]


async def test_intermediate(hass: HomeAssistant, air: World) -> None:
    """What a thermometer comes to counts, and not what it showed on the way there."""
    thermometer = quick(Thermometer)
    await wear(hass, air, thermometer, profiles=("thermometer",))
    link = thermometer.links[0]
    await until(lambda: link.subscribed(INTERMEDIATE))
    thermometer.rise(31.5)
    await until(lambda: value_of(hass, TEMPERATURE) == "31.5")
    # Its clock is a little behind
    thermometer.take(38.5, time=ago(minutes=3))
    await until(lambda: value_of(hass, TEMPERATURE) == "38.5")
    states = note_states(hass, TEMPERATURE)
    thermometer.rise(37)
    thermometer.take(38.6, time=ago(minutes=2))
    await until(lambda: value_of(hass, TEMPERATURE) == "38.6")
    assert states == ["38.6"]


async def test_ahead(hass: HomeAssistant, air: World, influxdb: InfluxDBv1) -> None:
    """What is told once more is nothing new, though the time of it has not come yet."""
    scale = await near_a_scale(hass, air, influxdb)
    when = ago(seconds=-40)
    scale.weigh(70, time=when)
    air.add_strap(scale)
    await until(lambda: influxdb.arrivals)
    scale.weigh(70, time=when)
    await until(lambda: not scale.kept and len(scale.sent) == 2)
    scale.weigh(71, time=ago(seconds=-41))
    await until(lambda: value_of(hass, WEIGHT) == "71.0")
    await until(lambda: len(influxdb.arrivals) > 1)
    assert [value for value, _ in told(influxdb)] == [70, 71]


async def test_gone_meanwhile(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scale is not connected that has gone when it is known what it has measured."""
    monkeypatch.setattr(records, "HOLD_TIME", 3)
    scale = quick(Scale)
    await wear(hass, air, scale, profiles=("weight",))
    await until(lambda: value_of(hass, CONNECTED) == "on")
    scale.weigh(70, time=ago(days=4000))
    await until(lambda: scale.sent)
    scale.power_off()
    await until(lambda: value_of(hass, CONNECTED) == "off")
    assert value_of(hass, WEIGHT) == STATE_UNKNOWN
    states = note_states(hass, CONNECTED)
    await until(lambda: value_of(hass, WEIGHT) == "70.0")
    assert "on" not in states


async def test_two_packets_without_day(hass: HomeAssistant, air: World) -> None:
    """Nothing is lost of what takes two packets where the clock knows no day."""
    scale = quick(Scale)
    packets = (
        composition_part(body_fat=20, muscle_mass=18, time=bytes(7)),
        composition_part(body_fat=20, body_water=35),
    )
    scale.kept.append((20, [(COMPOSITION, data) for data in packets]))
    await wear(hass, air, scale, profiles=("body_composition",))
    await until(lambda: hass.states.get(WATER))
    assert value_of(hass, WATER) == "35.0"
    assert value_of(hass, MUSCLES) == "18.0"


async def test_stored_by_a_wrong_clock(hass: HomeAssistant, air: World) -> None:
    """What is marked as stored does not hide what was measured just now."""
    oximeter = quick(Oximeter, muted=True)
    await wear(hass, air, oximeter, profiles=("oximeter",))
    link = oximeter.links[0]
    await until(lambda: link.subscribed(SPOT_CHECK))
    when = clock(ago(days=4000))
    link.notify(SPOT_CHECK, spot_check(97, 65, time=when))
    link.notify(SPOT_CHECK, spot_check(93, 63, time=when, status=STORED))
    await until(lambda: hass.states.get(PULSE) and value_of(hass, PULSE) == "65.0")


async def test_oximeter(hass: HomeAssistant, air: World, influxdb: InfluxDBv1) -> None:
    """What an oximeter measures now counts, and not what it has kept beside."""
    entry = monitor_entry(features=features_of("oximeter"), profiles=("oximeter",))
    await set_up_monitor(hass, entry)
    await relay_to(hass, influxdb, OXYGEN)
    oximeter = air.add_strap(quick(Oximeter, muted=True))
    await until(lambda: oximeter.links)
    link = oximeter.links[0]
    await until(lambda: link.subscribed(SPOT_CHECK))
    yesterday = ago(days=1)
    link.notify(SPOT_CHECK, spot_check(91, 61, time=clock(yesterday)))
    await until(lambda: influxdb.arrivals)
    assert told(influxdb) == [(91, seconds(yesterday))]
    oximeter.muted = False
    await until(lambda: value_of(hass, OXYGEN) == "97.0")
    states = note_states(hass, OXYGEN)
    link.notify(SPOT_CHECK, spot_check(92, 62, time=clock(ago(hours=1))))
    await until(lambda: len(states) > 10)
    assert set(states) == {"97.0"}
    assert 92 not in [value for value, _ in told(influxdb)]


async def test_same_as_kept(
    hass: HomeAssistant, air: World, influxdb: InfluxDBv1
) -> None:
    """What is measured now counts, also where it is the same as what was kept."""
    entry = monitor_entry(features=features_of("oximeter"), profiles=("oximeter",))
    await set_up_monitor(hass, entry)
    await relay_to(hass, influxdb, OXYGEN)
    oximeter = air.add_strap(quick(Oximeter, muted=True))
    await until(lambda: oximeter.links)
    link = oximeter.links[0]
    await until(lambda: link.subscribed(SPOT_CHECK) and link.subscribed(CONTINUOUS))
    yesterday = ago(days=1)
    link.notify(SPOT_CHECK, spot_check(97, 61, time=clock(yesterday)))
    await until(lambda: influxdb.arrivals)
    link.notify(CONTINUOUS, continuous(97, 61))
    await until(lambda: len(influxdb.arrivals) == 2)
    assert [value for value, _ in told(influxdb)] == [97, 97]
    kept_at, measured_at = (at for _, at in told(influxdb))
    assert kept_at == seconds(yesterday)
    assert measured_at == pytest.approx(time.time(), abs=NOW_ISH)


async def test_not_live(hass: HomeAssistant, air: World, pulsoid: Pulsoid) -> None:
    """The pulse of yesterday is not that of now for a relay that is set up just then."""
    oximeter = quick(Oximeter, muted=True)
    await wear(hass, air, oximeter, profiles=("oximeter",))
    link = oximeter.links[0]
    await until(lambda: link.subscribed(SPOT_CHECK))
    link.notify(SPOT_CHECK, spot_check(93, 63, time=clock(ago(days=1))))
    await until(lambda: hass.states.get(PULSE) and value_of(hass, PULSE) == "63.0")
    source = er.async_get(hass).async_get(PULSE)
    assert source
    relay = relay_entry("pulsoid", pulsoid_data(pulsoid), [source.id])
    coordinator = await set_up(hass, relay)
    assert value_of(hass, PULSE) == "63.0"
    assert coordinator.sources.wearer.heart_rate is None
    link.notify(SPOT_CHECK, spot_check(97, 65, time=clock(ago(seconds=1))))
    await until(lambda: coordinator.sources.wearer.heart_rate == 65)
    await until(lambda: pulsoid.arrivals)
    assert {arrival.value for arrival in pulsoid.arrivals} == {65}


async def test_clock_is_not_set(hass: HomeAssistant, air: World) -> None:
    """An oximeter that says so itself is believed, whatever time it tells."""
    oximeter = quick(Oximeter, muted=True)
    await wear(hass, air, oximeter, profiles=("oximeter",))
    link = oximeter.links[0]
    await until(lambda: link.subscribed(SPOT_CHECK))
    data = spot_check(93, 63, time=clock(ago(hours=1)))
    link.notify(SPOT_CHECK, bytes([data[0] | 0x10]) + data[1:])
    await until(lambda: hass.states.get(OXYGEN) and value_of(hass, OXYGEN) == "93.0")
    state = hass.states.get(OXYGEN)
    assert state
    assert abs(state.attributes["measured_at"].timestamp() - time.time()) < NOW_ISH


@pytest.mark.parametrize(
    ("told_time", "expected"),
    [
        # The hour that comes twice: the later one, unless that is still to come
        ("2026-10-25T02:30:00", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25T02:50:00", "2026-10-25T00:50:00+00:00"),
        ("2026-10-25T01:59:00", "2026-10-24T23:59:00+00:00"),
        # A little ahead
        ("2026-10-25T02:40:50", "2026-10-25T01:40:50+00:00"),
        ("2026-10-25T03:41:00", None),
        ("2025-10-24T03:40:00", "2025-10-24T01:40:00+00:00"),
        ("2025-10-24T03:39:00", None),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59", None),
    ],
)
def test_zones(told_time: str, expected: str | None) -> None:
    """A time is that of the home, and one that can be."""
    dt_util.set_default_time_zone(ZoneInfo("Europe/Berlin"))
    now = datetime.fromisoformat("2026-10-25T01:40:00+00:00")
    meant = records.meant_by(datetime.fromisoformat(told_time), now)
    assert (meant and meant.isoformat()) == expected
