"""Is the rule right on what people really have, for all that is no heart rate now?"""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.metrics import Metric
from custom_components.heart_rate_relay.sources.detection import heart_rate as detection
from custom_components.heart_rate_relay.sources.detection.candidate import (
    Candidate,
    Verdict,
)
from custom_components.heart_rate_relay.sources.detection.other_metrics import (
    is_count_of_steps,
    is_of_a_day,
    judge,
    verdicts,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"


def read(fixture: str) -> list[tuple[Metric, Verdict, Candidate]]:
    """Return the candidates of a fixture, each with the verdict it deserves."""
    rows = json.loads((FIXTURES / fixture).read_text(encoding="utf-8"))
    return [
        (
            metrics.METRICS[row.pop("metric")],
            Verdict(row.pop("expect")),
            Candidate(**row),
        )
        for row in rows
    ]


CASES = read("detection_other_metrics.json")


def describe(value: object) -> str:
    """Return a name for a case."""
    if isinstance(value, Candidate):
        return f"{value.entity_id} {value.name or ''} {value.unit}"
    return str(value)


@pytest.mark.parametrize(("metric", "expected", "candidate"), CASES, ids=describe)
def test_cases(metric: Metric, expected: Verdict, candidate: Candidate) -> None:
    """Brands, languages, and what looks like it."""
    assert judge(candidate, metric) is expected


@pytest.mark.parametrize("metric", metrics.METRICS.values(), ids=str)
def test_no_entity_is_of_two_metrics(metric: Metric) -> None:
    """What is selected for one metric is not selected for another."""
    matches = [candidate for other, verdict, candidate in CASES if other is metric]
    for candidate in matches:
        found = verdicts(candidate)
        assert found == {each: judge(candidate, each) for each in found}
        assert list(found.values()).count(Verdict.MATCH) <= 1


texts = st.none() | st.text() | st.sampled_from(["steps", "rhr", "rmssd", "bpm", "ms"])


@given(
    st.builds(Candidate, st.text() | st.text().map("sensor.".__add__), *[texts] * 8),
    st.sampled_from(list(metrics.METRICS.values())),
)
def test_anything_is_judged(candidate: Candidate, metric: Metric) -> None:
    """Whatever an entity is called, there is a verdict."""
    assert judge(candidate, metric) in Verdict


def test_heart_rate_is_judged_as_before() -> None:
    """One rule says what a heart rate is."""
    for _, _, candidate in CASES:
        assert judge(candidate, metrics.HEART_RATE) is detection.judge(candidate)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Verdict.MATCH),
        ({"entity_id": "number.steps"}, Verdict.NO),
        ({"device_class": "distance"}, Verdict.NO),
        ({"device_class": "step_count"}, Verdict.MATCH),
        ({"entity_id": "sensor.walking_pad_current_step_count"}, Verdict.MATCH),
        (
            {"entity_id": "sensor.activity", "state_class": "total_increasing"},
            Verdict.MATCH,
        ),
        ({"state_class": "measurement"}, Verdict.MATCH),
        ({"unit": None}, Verdict.SUGGEST),
        ({"unit": None, "state_class": "total"}, Verdict.MATCH),
        ({"unit": None, "state_class": "measurement"}, Verdict.SUGGEST),
        ({"unit": "m"}, Verdict.NO),
        ({"unit": "steps/min"}, Verdict.NO),
        ({"unit": "steps per minute"}, Verdict.NO),
        ({"entity_id": "sensor.activity"}, Verdict.SUGGEST),
        ({"entity_id": "sensor.activity", "unit": None}, Verdict.NO),
        ({"entity_id": "sensor.step_goal"}, Verdict.NO),
        ({"entity_id": "sensor.steps_cadence"}, Verdict.NO),
        ({"state": "unavailable"}, Verdict.MATCH),
        ({"state": "walking"}, Verdict.NO),
    ],
)
def test_all_must_fit_steps(change: dict[str, Any], expected: Verdict) -> None:
    """What is known besides the words can rule an entity out."""
    candidate = Candidate("sensor.steps", unit="steps")
    assert judge(candidate._replace(**change), metrics.STEPS) is expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (None, True),
        ("", True),
        ("Steps", True),
        ("count", True),
        ("Schritte", True),
        ("歩", True),
        ("צעדים", True),
        ("стъпки", True),
        ("céimeanna", True),
        ("steps/min", False),
        ("steps per minute", False),
        ("km", False),
        ("bpm", False),
        ("%", False),
    ],
)
def test_unit_of_steps(unit: str | None, expected: bool) -> None:
    """A counter may go without a unit, but not with another's."""
    assert is_count_of_steps(unit) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pixel_daily_steps", True),
        ("Steps today", True),
        ("Tagesschritte", True),
        ("Tägliche Schritte", True),
        ("Schritte heute", True),
        ("Pas aujourd'hui", True),
        ("今日の歩数", True),
        ("오늘 걸음 수", True),
        ("pixel_steps_sensor", False),
        ("Total steps", False),
        ("Friday's watch steps", False),
    ],
)
def test_day_in_a_name(name: str, expected: bool) -> None:
    """A name may say that a count begins at 0 every day."""
    assert is_of_a_day("watch", name) is expected


HRV = Candidate(
    "sensor.phone_heart_rate_variability",
    unit="ms",
    device_class="duration",
    platform="mobile_app",
    state="48.5",
)


@pytest.mark.parametrize(
    ("change", "rmssd", "sdnn"),
    [
        ({}, Verdict.SUGGEST, Verdict.SUGGEST),
        (
            {"key": "a1b2_health_connect_heart_rate_variability"},
            Verdict.MATCH,
            Verdict.NO,
        ),
        ({"key": "a1b2_health_heart_rate_variability"}, Verdict.NO, Verdict.MATCH),
        (
            {"key": "health_heart_rate_variability", "platform": "mqtt"},
            Verdict.SUGGEST,
            Verdict.SUGGEST,
        ),
        ({"platform": "healthsync"}, Verdict.NO, Verdict.SUGGEST),
        ({"name": "Apple Health HRV"}, Verdict.NO, Verdict.SUGGEST),
        ({"name": "HRV SDNN"}, Verdict.NO, Verdict.MATCH),
        ({"name": "HRV RMSSD"}, Verdict.MATCH, Verdict.NO),
        ({"name": "HRV SDNN", "unit": None}, Verdict.NO, Verdict.SUGGEST),
        ({"name": "Average SDNN"}, Verdict.NO, Verdict.SUGGEST),
        ({"name": "SDRR"}, Verdict.NO, Verdict.NO),
        ({"device_class": "power"}, Verdict.NO, Verdict.NO),
        ({"unit": "bpm"}, Verdict.NO, Verdict.NO),
    ],
)
def test_statistics(change: dict[str, Any], rmssd: Verdict, sdnn: Verdict) -> None:
    """RMSSD and SDNN are two metrics; what does not say which may be either."""
    found = verdicts(HRV._replace(**change))
    assert found[metrics.HEART_RATE_VARIABILITY] is rmssd
    assert found[metrics.HEART_RATE_VARIABILITY_SDNN] is sdnn


@pytest.mark.parametrize(
    ("state", "expected"), [("52", Verdict.MATCH), ("3", Verdict.SUGGEST)]
)
def test_no_heart_rests_so(state: str, expected: Verdict) -> None:
    """A present value that no heart has is no match."""
    resting = Candidate("sensor.resting_heart_rate", unit="bpm", state=state)
    assert judge(resting, metrics.RESTING_HEART_RATE) is expected
