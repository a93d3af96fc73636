"""Is what an entity measures told by the names that Home Assistant itself gives, in our languages?

They are read from the package that is installed, as in test_core_names.py: without their keys,
which say it in English, and with no device class.
"""

from collections.abc import Iterator
import json
from pathlib import Path

import pytest
from slugify import slugify

from custom_components.heart_rate_relay.metrics import METRICS
from custom_components.heart_rate_relay.sources.detection.candidate import Candidate
from custom_components.heart_rate_relay.sources.measured import metric_of
from homeassistant import components

LANGUAGES = ("de", "en", "es", "fr", "nl", "pl", "zh-Hans")

MEASURED = {
    ("withings", "activity_active_calories_burnt_today"): "energy",
    ("withings", "activity_distance_today"): "distance",
    ("withings", "activity_total_calories_burnt_today"): "total_energy",
    ("withings", "body_temperature"): "body_temperature",
    ("withings", "diastolic_blood_pressure"): "blood_pressure_diastolic",
    ("withings", "fat_free_mass"): "lean_body_mass",
    ("withings", "fat_mass"): "body_fat_mass",
    ("withings", "fat_ratio"): "body_fat",
    ("withings", "spo2"): "oxygen_saturation",
    ("withings", "systolic_blood_pressure"): "blood_pressure_systolic",
    ("withings", "vo2_max"): "vo2_max",
    ("fitbit", "activity_calories"): "energy",
    ("fitbit", "bmi"): "bmi",
    ("fitbit", "body_fat"): "body_fat",
    ("fitbit", "floors"): "floors",
    ("fitbit", "water"): "hydration",
    ("eufylife_ble", "weight"): "weight",
}

OTHERS = {
    ("withings", "activity_elevation_today"): "m",
    ("withings", "average_respiratory_rate"): "breaths/min",
    ("withings", "bone_mass"): "kg",
    ("withings", "extracellular_water"): "kg",
    ("withings", "fat_free_mass_for_segments_right_leg"): "kg",
    ("withings", "fat_free_mass_for_segments_torso"): "kg",
    ("withings", "fat_mass_for_segments_left_arm"): "kg",
    ("withings", "fat_mass_for_segments_left_leg"): "kg",
    ("withings", "hydration"): "kg",
    ("withings", "muscle_mass"): "kg",
    ("withings", "muscle_mass_for_segments_torso"): "kg",
    ("withings", "skin_temperature"): "°C",
    ("withings", "visceral_fat_index"): "%",
    ("withings", "weight_goal"): "kg",
    ("fitbit", "calories_bmr"): "kcal",
    ("fitbit", "calories_in"): "kcal",
}
"""What is called much the same, and is none of our metrics, with its unit."""


def names(integration: str, key: str) -> Iterator[str]:
    """Yield what Home Assistant calls a sensor in our languages, as far as it does."""
    for folder in components.__path__:
        for language in LANGUAGES:
            file = Path(folder) / integration / "translations" / f"{language}.json"
            if file.exists():
                said = json.loads(file.read_text(encoding="utf-8"))
                sensors = said.get("entity", {}).get("sensor", {})
                if name := sensors.get(key, {}).get("name"):
                    yield name


def measured(name: str, unit: str) -> str | None:
    """Return what an entity measures with this name and unit."""
    metric = metric_of(
        Candidate(
            f"sensor.{slugify(name, separator='_')}",
            unit=unit,
            name=name,
            first_name=name,
            state="50",
        )
    )
    return metric.key if metric else None


@pytest.mark.parametrize(("integration", "key"), MEASURED)
def test_ours_are_told(integration: str, key: str) -> None:
    """Each by its name and its unit."""
    metric = METRICS[MEASURED[integration, key]]
    found = {name: measured(name, metric.unit) for name in names(integration, key)}
    assert found
    assert found == dict.fromkeys(found, metric.key)


@pytest.mark.parametrize(("integration", "key"), OTHERS)
def test_others_are_not(integration: str, key: str) -> None:
    """Neither a part of the body nor a goal, nor what was eaten, is taken for the whole."""
    unit = OTHERS[integration, key]
    found = {name: measured(name, unit) for name in names(integration, key)}
    assert found
    assert found == dict.fromkeys(found)
