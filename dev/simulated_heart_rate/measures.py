"""What the simulated sensors measure: each metric that there is, but for places and workouts."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import NamedTuple

from custom_components.heart_rate_relay.metrics import (
    ALTITUDE,
    BLOOD_GLUCOSE,
    BLOOD_PRESSURE_DIASTOLIC,
    BLOOD_PRESSURE_SYSTOLIC,
    BMI,
    BODY_FAT,
    BODY_FAT_MASS,
    BODY_TEMPERATURE,
    CADENCE,
    CYCLING_DISTANCE,
    HEART_RATE,
    HEART_RATE_VARIABILITY,
    HEART_RATE_VARIABILITY_SDNN,
    HEIGHT,
    LEAN_BODY_MASS,
    METRICS,
    OXYGEN_SATURATION,
    POWER,
    POWER_LEFT,
    POWER_RIGHT,
    RESPIRATORY_RATE,
    RESTING_HEART_RATE,
    SKELETAL_MUSCLE_MASS,
    SPEED,
    STEPS,
    VO2_MAX,
    WEIGHT,
    Kind,
    Metric,
)
from homeassistant.util import dt as dt_util, slugify

from . import ride
from .pattern import (
    Pattern,
    Signal,
    changing,
    counting,
    falling_silent,
    flapping,
    interrupted,
    steady,
    steps_of_a_day,
    varying,
)

EVERY = 10
"""Seconds from one value to the next, of what no ride changes."""

HEARTS: Mapping[str, Callable[[], Pattern]] = MappingProxyType(
    {
        "Chest strap": changing,
        "Exercise bike": steady,
        "Armband": falling_silent,
        "Watch": flapping,
    }
)
"""The devices with a heart-rate sensor."""

RIDE: Mapping[Metric, Callable[[int], float]] = MappingProxyType(
    {
        POWER: ride.power,
        POWER_LEFT: ride.power_left,
        POWER_RIGHT: ride.power_right,
        CADENCE: ride.cadence,
        SPEED: ride.speed,
        CYCLING_DISTANCE: ride.distance,
        ALTITUDE: ride.altitude,
    }
)
"""What the bike measures, by the second of the ride."""

WATCH, SCALE, KIT = "Watch", "Scale", "Medical kit"

USUAL: Mapping[Metric, tuple[str, float, float]] = MappingProxyType(
    {
        RESTING_HEART_RATE: (WATCH, 48, 56),
        HEART_RATE_VARIABILITY: (WATCH, 30, 70),
        HEART_RATE_VARIABILITY_SDNN: (WATCH, 40, 90),
        OXYGEN_SATURATION: (WATCH, 93, 99),
        RESPIRATORY_RATE: (WATCH, 11, 19),
        VO2_MAX: (WATCH, 44, 48),
        WEIGHT: (SCALE, 71.9, 72.9),
        LEAN_BODY_MASS: (SCALE, 58, 60),
        SKELETAL_MUSCLE_MASS: (SCALE, 33, 35),
        BODY_FAT_MASS: (SCALE, 12, 14),
        BODY_FAT: (SCALE, 17, 19),
        BMI: (SCALE, 22, 24),
        HEIGHT: (SCALE, 178, 180),
        BODY_TEMPERATURE: (KIT, 36.2, 37.2),
        BLOOD_PRESSURE_SYSTOLIC: (KIT, 112, 128),
        BLOOD_PRESSURE_DIASTOLIC: (KIT, 72, 82),
        BLOOD_GLUCOSE: (KIT, 85, 120),
    }
)
"""By what some are measured, and between which values: of others anything plausible is told."""


class Measure(NamedTuple):
    """What a sensor measures."""

    device: str
    metric: Metric
    pattern: Callable[[], Pattern]

    @property
    def name(self) -> str:
        """What the sensor is called, beside its device."""
        return self.metric.key.replace("_", " ").capitalize()

    @property
    def entity_id(self) -> str:
        """What Home Assistant calls the sensor."""
        return f"sensor.{slugify(self.device)}_{self.metric.key}"


def walking() -> Pattern:
    """Yield the steps of the day until now, which begins at the local midnight."""
    while True:
        # A difference of local times would leave out what a change of the clock adds
        since_midnight = dt_util.utcnow() - dt_util.start_of_local_day()
        yield steps_of_a_day(int(since_midnight.total_seconds()))


def _riding(measure: Callable[[int], float]) -> Pattern:
    """Yield what is measured in each second of the ride."""
    return map(measure, count())


def _now_and_then(values: Callable[[], Pattern]) -> Pattern:
    """Yield a value each so many seconds."""
    return interrupted(values(), Signal.SILENCE, 1, EVERY - 1)


def _measures() -> Iterator[Measure]:
    """Yield what the sensors measure, each metric once but for heart rates."""
    for device, hearts in HEARTS.items():
        yield Measure(device, HEART_RATE, hearts)
    for metric in METRICS.values():
        values: Callable[[], Pattern]
        device = "Phone"
        if metric is HEART_RATE or metric.kind in (Kind.POSITION, Kind.WORKOUT):
            continue
        if metric is STEPS:
            yield Measure(device, metric, walking)
            continue
        if along := RIDE.get(metric):
            yield Measure("Bike", metric, partial(_riding, along))
            continue
        if believed := metric.counting:
            gain = believed.fastest * EVERY / 60 / 4
            values = partial(counting, gain, is_whole=believed.is_whole)
        else:
            device, low, high = USUAL.get(metric, (device, *metric.plausible))
            values = partial(varying, low, high)
        yield Measure(device, metric, partial(_now_and_then, values))


MEASURES = tuple(_measures())
"""What the sensors measure, a row each."""
