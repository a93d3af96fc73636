"""What Open Wearables calls each metric: in a record, and when it is read back.

It knows many more types, and drops those it does not know without a word. What it stores is
told by the series alone: two types of one series overwrite each other.
Source: https://github.com/the-momentum/open-wearables, its map of types to series, which is the
same from release 0.6.0 on
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ...metrics import (
    BLOOD_GLUCOSE,
    BLOOD_PRESSURE_DIASTOLIC,
    BLOOD_PRESSURE_SYSTOLIC,
    BMI,
    BODY_FAT,
    BODY_FAT_MASS,
    BODY_TEMPERATURE,
    CADENCE,
    CYCLING_DISTANCE,
    DISTANCE,
    ENERGY,
    FLOORS,
    HEART_RATE,
    HEART_RATE_VARIABILITY,
    HEART_RATE_VARIABILITY_SDNN,
    HEIGHT,
    HYDRATION,
    LEAN_BODY_MASS,
    OXYGEN_SATURATION,
    POWER,
    RESPIRATORY_RATE,
    RESTING_HEART_RATE,
    SKELETAL_MUSCLE_MASS,
    SPEED,
    STEPS,
    TOTAL_ENERGY,
    VO2_MAX,
    WEIGHT,
    Metric,
)


class Kind(NamedTuple):
    """What the server calls a metric."""

    type: str
    """In a record."""
    series: str
    """When it is read."""
    unit: str
    """In a record. None but that of glucose is looked at."""
    factor: int = 1
    """What the server multiplies a value by."""
    apart: str = ""
    """What is put behind the source's name and model where another kind has the series."""


KINDS: Mapping[Metric, Kind] = MappingProxyType(
    {
        HEART_RATE: Kind("HEART_RATE", "heart_rate", "bpm"),
        RESTING_HEART_RATE: Kind("RESTING_HEART_RATE", "resting_heart_rate", "bpm"),
        HEART_RATE_VARIABILITY: Kind(
            "HEART_RATE_VARIABILITY", "heart_rate_variability_rmssd", "ms"
        ),
        HEART_RATE_VARIABILITY_SDNN: Kind(
            "HKQuantityTypeIdentifierHeartRateVariabilitySDNN",
            "heart_rate_variability_sdnn",
            "ms",
        ),
        STEPS: Kind("STEP_COUNT", "steps", "count"),
        FLOORS: Kind("FLOORS_CLIMBED", "flights_climbed", "count"),
        ENERGY: Kind("ACTIVE_CALORIES_BURNED", "energy", "kcal"),
        TOTAL_ENERGY: Kind(
            "TOTAL_CALORIES_BURNED", "energy", "kcal", apart=" (total energy)"
        ),
        DISTANCE: Kind("DISTANCE", "distance_walking_running", "m"),
        CYCLING_DISTANCE: Kind(
            "HKQuantityTypeIdentifierDistanceCycling", "distance_cycling", "m"
        ),
        HYDRATION: Kind("HYDRATION", "hydration", "mL"),
        SPEED: Kind("SPEED", "speed", "m/s"),
        CADENCE: Kind("CYCLING_PEDALING_CADENCE", "cadence", "rpm"),
        POWER: Kind("POWER", "power", "W"),
        OXYGEN_SATURATION: Kind("OXYGEN_SATURATION", "oxygen_saturation", "%"),
        RESPIRATORY_RATE: Kind("RESPIRATORY_RATE", "respiratory_rate", "breaths/min"),
        BODY_TEMPERATURE: Kind("BODY_TEMPERATURE", "body_temperature", "°C"),
        BLOOD_PRESSURE_SYSTOLIC: Kind(
            "BLOOD_PRESSURE_SYSTOLIC", "blood_pressure_systolic", "mmHg"
        ),
        BLOOD_PRESSURE_DIASTOLIC: Kind(
            "BLOOD_PRESSURE_DIASTOLIC", "blood_pressure_diastolic", "mmHg"
        ),
        BLOOD_GLUCOSE: Kind("BLOOD_GLUCOSE", "blood_glucose", "mg/dL"),
        WEIGHT: Kind("WEIGHT", "weight", "kg"),
        LEAN_BODY_MASS: Kind("LEAN_BODY_MASS", "lean_body_mass", "kg"),
        SKELETAL_MUSCLE_MASS: Kind(
            "SKELETAL_MUSCLE_MASS", "skeletal_muscle_mass", "kg"
        ),
        BODY_FAT_MASS: Kind("BODY_FAT_MASS", "body_fat_mass", "kg"),
        BODY_FAT: Kind("BODY_FAT", "body_fat_percentage", "%"),
        # It takes metres, and makes centimetres of whatever it gets
        HEIGHT: Kind("HEIGHT", "height", "m", factor=100),
        BMI: Kind("BMI", "body_mass_index", "kg/m²"),
        VO2_MAX: Kind("VO2_MAX", "vo2_max", "mL/(kg·min)"),
    }
)
