"""A ride of an hour, of which each service shows just what was measured."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import batched
from math import sin
from pathlib import Path
import time

import aiohttp
import pytest

from custom_components.heart_rate_relay.destinations.open_wearables.kinds import KINDS
from custom_components.heart_rate_relay.metrics import (
    AIR_TEMPERATURE,
    ALTITUDE,
    BATTERY,
    BEARING,
    CADENCE,
    CYCLING_DISTANCE,
    HEART_RATE,
    LATITUDE,
    LONGITUDE,
    POSITION_ACCURACY,
    POWER,
    POWER_LEFT,
    POWER_RIGHT,
    SIGNAL_STRENGTH,
    SPEED,
    Metric,
)
from custom_components.heart_rate_relay.reading import SECOND, Reading, Source
from dev.stand_ins import LiveTracking, OpenWearables
from homeassistant.core import HomeAssistant

from ..common import live_tracking_data, relay_entry, set_up
from ..conftest import running
from ..destinations.influxd import running_influxd, with_database
from .common import api_key_data, until_empty

HOUR = 3600
ROUND = 4000
"""Readings after which what was gathered is sent."""

STRAP = Source("strap", "sensor.strap_heart_rate", "Strap")
BIKE = Source("bike", "sensor.bike", "Bike")
PHONE = Source("phone", "device_tracker.phone", "Phone")

SENSORS: Mapping[Metric, tuple[str, str, str | None]] = {
    HEART_RATE: ("sensor.strap_heart_rate", "bpm", None),
    POWER: ("sensor.bike_power", "W", "power"),
    POWER_LEFT: ("sensor.bike_power_left", "W", "power"),
    POWER_RIGHT: ("sensor.bike_power_right", "W", "power"),
    CADENCE: ("sensor.bike_cadence", "rpm", None),
    SPEED: ("sensor.bike_speed", "m/s", "speed"),
    ALTITUDE: ("sensor.phone_altitude", "m", "distance"),
    BATTERY: ("sensor.phone_battery_level", "%", "battery"),
    SIGNAL_STRENGTH: ("sensor.phone_gsm_signal", "%", None),
    AIR_TEMPERATURE: ("sensor.bike_temperature", "°C", "temperature"),
}
"""The sensors of what has one each, with their units and device classes."""

ODOMETER = "sensor.bike_distance"
"""Counts what was cycled, in m."""

PLACE: Mapping[Metric, str] = {
    LATITUDE: "latitude",
    LONGITUDE: "longitude",
    POSITION_ACCURACY: "gps_accuracy",
    BEARING: "course",
}
"""What the phone's tracker tells at once, as attributes."""

type Values = Mapping[int, float]
"""By the time, in µs UTC."""

KEYS: Mapping[Metric, tuple[str, float]] = {
    HEART_RATE: ("hr_bpm", 1),
    POWER: ("pwr_w", 1),
    POWER_LEFT: ("pwr_w_l", 1),
    POWER_RIGHT: ("pwr_w_r", 1),
    CADENCE: ("cad_rpm", 1),
    SPEED: ("spd_kph", 3.6),
    ALTITUDE: ("alt_m", 1),
    LATITUDE: ("lat", 1),
    LONGITUDE: ("lng", 1),
    POSITION_ACCURACY: ("acc_m", 1),
    BEARING: ("bearing", 1),
    BATTERY: ("battery", 1),
    SIGNAL_STRENGTH: ("gsm_signal", 1),
    AIR_TEMPERATURE: ("temp_c", 1),
}
"""What livetracking.io calls what it shows as it is, and how much of its unit ours is."""


def ride(begin: int) -> Iterator[Reading]:
    """Yield what is measured in an hour from a time in µs UTC, in order."""
    for second in range(HOUR):
        at = begin + second * SECOND
        power = round(200 + 80 * sin(second / 40), 1)
        speed = round(8 + 3 * sin(second / 90), 3)
        yield Reading(HEART_RATE, 90.0 + second % 80, at + 12_345, STRAP)
        for metric, value in (
            (POWER, power),
            (POWER_LEFT, round(power * 0.48, 1)),
            (POWER_RIGHT, round(power * 0.52, 1)),
            (CADENCE, 80.0 + second % 20),
            (SPEED, speed),
        ):
            yield Reading(metric, value, at + 250_001, BIKE)
        yield Reading(CYCLING_DISTANCE, speed, at + 300_000, BIKE, SECOND)
        for metric, value in (
            (LATITUDE, round(52.5 + second * 7e-5, 7)),
            (LONGITUDE, round(13.4 - second * 3e-5, 7)),
            (POSITION_ACCURACY, 4.0 + second % 3),
            (BEARING, second / 10),
            (ALTITUDE, round(34 + second / 100, 2)),
        ):
            yield Reading(metric, value, at + 700_000, PHONE)
        if second % 60 == 59:
            yield Reading(BATTERY, 100.0 - second // 60, at + 800_000, PHONE)
            yield Reading(SIGNAL_STRENGTH, 50.0 + second % 7, at + 800_000, PHONE)
            yield Reading(AIR_TEMPERATURE, round(14 + second / 900, 2), at, BIKE)


class Told:
    """Has entities tell what is measured, as their integrations do."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin where nothing was told."""
        self._hass = hass
        self._cycled = 0.0
        self._place: dict[str, float] = {}

    def tell(self, metric: Metric, value: float, at: int) -> None:
        """Tell a value of a time in µs UTC: a place once all of it is known."""
        if metric is CYCLING_DISTANCE:
            self._cycled = round(self._cycled + value, 3)
            self._set(ODOMETER, self._cycled, at, "m", "distance")
        elif attribute := PLACE.get(metric):
            self._place[attribute] = value
            if len(self._place) == len(PLACE):
                self._locate(at)
        else:
            entity_id, unit, device_class = SENSORS[metric]
            self._set(entity_id, value, at, unit, device_class)

    def _set(
        self, entity_id: str, value: float, at: int, unit: str, device_class: str | None
    ) -> None:
        attributes = {"unit_of_measurement": unit, "device_class": device_class}
        self._hass.states.async_set(
            entity_id, str(value), attributes, timestamp=at / SECOND
        )

    def _locate(self, at: int) -> None:
        said = {"source_type": "gps", "friendly_name": PHONE.name, **self._place}
        self._place = {}
        self._hass.states.async_set(
            PHONE.entity_id, "not_home", said, timestamp=at / SECOND
        )


def by_metric(readings: list[Reading]) -> Mapping[Metric, Values]:
    """Return what was measured."""
    found: defaultdict[Metric, dict[int, float]] = defaultdict(dict)
    for reading in readings:
        found[reading.metric][reading.measured_at] = reading.value
    return found


def see_live_tracking(
    server: LiveTracking, measured: Mapping[Metric, Values], begin: int
) -> None:
    """See that all sixteen series are what was measured, to the second."""
    shown: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for (_, _, at), fields in server.points.items():
        for key, value in fields.items():
            shown[key][at // 1_000_000_000] = float(value)
    expected: dict[str, dict[int, float]] = {
        key: {
            at // SECOND: round(value * factor, 6)
            for at, value in measured[metric].items()
        }
        for metric, (key, factor) in KEYS.items()
    }
    first = begin // SECOND
    expected["dur_s"] = {first + second: float(second) for second in range(HOUR)}
    expected["dist_km"], metres = {}, 0.0
    for at, value in measured[CYCLING_DISTANCE].items():
        metres += value
        expected["dist_km"][at // SECOND] = round(metres / 1000, 6)
    assert set(shown) == server.fields == set(expected)
    for key, values in expected.items():
        assert shown[key] == values, key


def see_open_wearables(
    server: OpenWearables, measured: Mapping[Metric, Values]
) -> None:
    """See that of each type that it knows all is there, in counts and in values."""
    shown: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for stored in server.store.values():
        shown[stored.type][stored.end] = stored.value
    assert shown == {
        KINDS[metric].type: {
            at: pytest.approx(value, abs=1e-3) for at, value in values.items()
        }
        for metric, values in measured.items()
        if metric in KINDS
    }
    assert {
        *("HEART_RATE", "POWER", "SPEED", "CYCLING_PEDALING_CADENCE"),
        "HKQuantityTypeIdentifierDistanceCycling",
    } == set(shown)


@pytest.mark.slow
async def test_ride(hass: HomeAssistant, tmp_path: Path, socket_enabled: None) -> None:
    """All series are what was measured: to the second, to the microsecond, and in number."""
    begin = (int(time.time()) - HOUR - 60) * SECOND
    readings = list(ride(begin))
    measured = by_metric(readings)
    async with (
        running(LiveTracking()) as live,
        running(OpenWearables()) as wearables,
        aiohttp.ClientSession() as session,
    ):
        wearables.import_delay = 0.005
        with running_influxd(tmp_path) as url:
            influxd = await with_database(session, url, {})
            naming = {"measurement": "ride", "field": "heart_rate", "tags": ["by=me"]}
            database = {"url": url, "database": influxd.database, "naming": naming}
            strap, *others = (entity_id for entity_id, *_ in SENSORS.values())
            entries = [
                relay_entry(
                    service,
                    data,
                    [strap],
                    other_sources=[*others, ODOMETER],
                    position_sources=[PHONE.entity_id],
                )
                for service, data in (
                    ("livetracking", live_tracking_data(live)),
                    ("influxdb_v1", database),
                    ("open_wearables", api_key_data(wearables)),
                )
            ]
            told = Told(hass)
            for metric in (*SENSORS, *PLACE, CYCLING_DISTANCE):
                told.tell(metric, 1.0, begin - SECOND)
            relays = [await set_up(hass, entry) for entry in entries]
            for part in batched(readings, ROUND, strict=False):
                for metric, value, at, *_ in part:
                    told.tell(metric, value, at)
                for relay in relays:
                    relay.async_send_now()
                for relay in relays:
                    await until_empty(relay, timeout=120)
            columns = await influxd.query()
            for relay, entry in zip(relays, entries, strict=True):
                tally = relay.outbox.tally
                assert (tally.refused, tally.expired, tally.overwritten) == (0, 0, 0)
                await hass.config_entries.async_unload(entry.entry_id)
    see_live_tracking(live, measured, begin)
    see_open_wearables(wearables, measured)
    kept = {column.field: column for column in columns if column.values}
    assert {field: column.values for field, column in kept.items()} == {
        metric.key: values for metric, values in measured.items()
    }
    assert {column.measurement for column in columns} == {"ride"}
    assert kept["latitude"].tags == {
        "by": "me",
        "name": "Phone",
        "source": "device_tracker.phone",
    }
