"""Is the rule right on all names that Home Assistant itself gives, in every language?

They are read from the package that is installed: whoever updates it sees a new name, and a
new language.
"""

from collections.abc import Iterator, Mapping
from functools import cache
import json
from pathlib import Path
import re
from typing import NamedTuple

import pytest
from slugify import slugify

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.metrics import Metric
from custom_components.heart_rate_relay.sources.detection.candidate import (
    Candidate,
    Verdict,
)
from custom_components.heart_rate_relay.sources.detection.other_metrics import verdicts
from homeassistant import components

TELLING = re.compile(r"heart|pulse|hrv|bpm|steps?(_|$)|stepcount")
"""What a key has in it whose entity might be one of ours."""

OURS: Mapping[str, Metric] = {
    "heart_rate": metrics.HEART_RATE,
    "heart_pulse": metrics.HEART_RATE,
    "resting_heart_rate": metrics.RESTING_HEART_RATE,
    "steps": metrics.STEPS,
    "activity_steps_today": metrics.STEPS,
}

UNITS: Mapping[Metric, str] = {
    metrics.HEART_RATE: "bpm",
    metrics.RESTING_HEART_RATE: "bpm",
    metrics.STEPS: "steps",
}

OTHERS: Mapping[str, str | None] = {
    "average_heart_rate": "bpm",
    "maximum_heart_rate": "bpm",
    "minimum_heart_rate": "bpm",
    "step_goal": "steps",
    "pulse_wave_velocity": "m/s",
    **dict.fromkeys(
        (
            *("drying_step", "live_pulse", "motor_stepcount", "pulse_count"),
            *("pulse_counter", "pulse_counter_value", "pulse_offset"),
            "pulse_counter_value_with_channel_name",
            "pulse_counter_with_channel_name",
            "system_heartbeat",
        )
    ),
    **dict.fromkeys(
        (
            *("pulse_counter_frequency", "pulse_counter_frequency_value"),
            "pulse_counter_frequency_value_with_channel_name",
            "pulse_counter_frequency_with_channel_name",
        ),
        "Hz",
    ),
}
"""What is none of ours, and its unit."""


class Name(NamedTuple):
    """What an entity is called in a language."""

    integration: str
    language: str
    key: str
    name: str
    unit: str | None
    """Where it is translated, too."""


@cache
def names() -> list[Name]:
    """Return what Home Assistant calls all that might be ours."""
    return list(read_names())


def read_names() -> Iterator[Name]:
    """Yield what Home Assistant calls all that might be ours."""
    for path in components.__path__:
        for file in sorted(Path(path).glob("*/translations/*.json")):
            text = file.read_text(encoding="utf-8")
            if not TELLING.search(text):
                continue
            sensors = json.loads(text).get("entity", {}).get("sensor", {})
            for key, sensor in sensors.items():
                if TELLING.search(key) and "name" in sensor:
                    unit = sensor.get("unit_of_measurement")
                    integration = file.parent.parent.name
                    yield Name(integration, file.stem, key, sensor["name"], unit)


def judged(name: Name, unit: str | None, *, with_key: bool) -> Mapping[Metric, Verdict]:
    """Return what is thought of an entity with this name."""
    is_count = unit is not None and UNITS[metrics.STEPS] in unit
    return verdicts(
        Candidate(
            f"sensor.{slugify(name.name, separator='_')}",
            unit=name.unit or unit,
            name=name.name,
            key=name.key if with_key else None,
            state_class="total_increasing" if name.unit or is_count else "measurement",
            state="72",
        )
    )


def test_all_keys_are_known() -> None:
    """A key that is new has to be told apart here first."""
    keys = {name.key for name in names()}
    assert keys <= OURS.keys() | OTHERS.keys()
    assert keys >= {*OURS, "average_heart_rate", "maximum_heart_rate", "step_goal"}
    assert len({name.language for name in names()}) > 30


@pytest.mark.parametrize("with_key", [True, False])
def test_ours_are_found(with_key: bool) -> None:
    """Each is a match for its metric, and for no other."""
    wrong = []
    for name in names():
        if metric := OURS.get(name.key):
            found = judged(name, UNITS[metric], with_key=with_key)
            matches = [each for each in found if found[each] is Verdict.MATCH]
            if matches != [metric]:
                wrong.append((name, found))
    assert not wrong


@pytest.mark.parametrize("with_key", [True, False])
def test_others_are_no_matches(with_key: bool) -> None:
    """No minimum, maximum, average or goal is taken for what it is one of."""
    wrong = []
    for name in names():
        if name.key in OTHERS:
            found = judged(name, OTHERS[name.key], with_key=with_key)
            if Verdict.MATCH in found.values():
                wrong.append((name, found))
    assert not wrong
