"""Is the rule right on what people really have, in their languages?"""

from collections.abc import Callable
from itertools import permutations
import json
from pathlib import Path
import re
from typing import Any

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.heart_rate_relay.metrics import METRICS, Metric
from custom_components.heart_rate_relay.sources.detection import other_metrics
from custom_components.heart_rate_relay.sources.detection.candidate import (
    Candidate,
    Verdict,
)
from custom_components.heart_rate_relay.sources.detection.heart_rate import judge, rank

FIXTURES = Path(__file__).parents[1] / "fixtures"


def rows(fixture: str) -> list[dict[str, Any]]:
    """Return the rows of a fixture."""
    read: list[dict[str, Any]] = json.loads((FIXTURES / fixture).read_text("utf-8"))
    return read


def read(fixture: str) -> list[tuple[Candidate, Verdict]]:
    """Return the candidates of a fixture, each with the verdict it deserves."""
    return [
        (
            Candidate(**{key: value for key, value in row.items() if key != "expect"}),
            Verdict(row["expect"]),
        )
        for row in rows(fixture)
    ]


def read_real() -> list[tuple[Metric, Candidate, set[str]]]:
    """Return what real integrations make, each with the verdicts that are right."""
    return [
        (
            METRICS[row.pop("metric")],
            Candidate(**row),
            {row_verdict, *tolerated},
        )
        for row in rows("detection_real.json")
        for row_verdict, tolerated in [(row.pop("expect"), row.pop("tolerated", ()))]
    ]


AGREED = read("detection_cases.json")
MORE = read("detection_more.json")
MATCHES = [
    candidate for candidate, expected in AGREED + MORE if expected is Verdict.MATCH
]

OTHER_RATES = (
    *("resting", "average", "avg", "Resting", "AVG"),
    *("Ruhe", "Durchschnitt", "repos", "moyenne", "reposo", "promedio", "rust"),
    *("gemiddelde", "spoczynkowe", "średnie", "klidová", "vilo", "hvile", "lepo"),
    *("в покое", "средний", "ηρεμίας", "安静時", "平均", "静息", "안정시", "평균"),
    *("متوسط", "ממוצע", "औसत", "trung bình", "เฉลี่ย"),
)

PEOPLE = (
    *("Agata", "Agnes", "Alma", "Armin", "Arnas", "Artem", "Beat", "Benjamin", "Bo"),
    *("Dia", "Edin", "Gemma", "Jasmin", "Jing", "Jon", "Jun", "Lowell", "Maksim"),
    *("Malin", "Maximilian", "Maxime", "Maxwell", "Medina", "Mei", "Mina", "Minh"),
    *("Minna", "Mitja", "Nadir", "Noel", "Presley", "Raja", "Ruth", "Son", "Steph"),
    *("Su", "Tim", "Tran", "Yu", "Zielinski", "Zoe", "Max's", "Min’s", "Zone's"),
)


def describe(value: object) -> str:
    """Return a name for a case."""
    if isinstance(value, Candidate):
        return f"{value.entity_id} {value.name or ''} {value.key or ''}".strip()
    if isinstance(value, set):
        # The same in every process
        return " or ".join(sorted(value))
    return str(value)


@pytest.mark.parametrize(("candidate", "expected"), AGREED, ids=describe)
def test_agreed_cases(candidate: Candidate, expected: Verdict) -> None:
    """The cases that the design agreed on."""
    assert judge(candidate) is expected


@pytest.mark.parametrize(("candidate", "expected"), MORE, ids=describe)
def test_more_cases(candidate: Candidate, expected: Verdict) -> None:
    """Brands, languages, and what looks like a heart rate."""
    assert judge(candidate) is expected


@pytest.mark.parametrize(("metric", "candidate", "right"), read_real(), ids=describe)
def test_real_cases(metric: Metric, candidate: Candidate, right: set[str]) -> None:
    """What 59 integrations make of their sensors, as Home Assistant shows it."""
    assert other_metrics.judge(candidate, metric) in right


@pytest.mark.parametrize(
    ("name", "unit"),
    [("CO2", "ppm"), ("Water flow", "lpm"), ("Pulse", "ppm"), ("Pulse", "lpm")],
)
def test_parts_are_no_beats(name: str, unit: str) -> None:
    """What is beats in Spanish is so only where a heart is named."""
    candidate = Candidate("sensor.seven", unit=unit, name=name, state="60")
    assert judge(candidate) is not Verdict.MATCH


@pytest.mark.parametrize("unit", ["bpm", "Hz", "1/min", None])
@pytest.mark.parametrize(
    "name", ["Impulse rate", "Impulsrate", "Impulsfrequenz", "Flow impulse counter"]
)
def test_impulse_is_no_pulse(name: str, unit: str | None) -> None:
    """A pulse within an impulse is none."""
    assert judge(Candidate("sensor.seven", unit=unit, name=name)) is Verdict.NO


RENAMED = ("Suunto Peak", "Zone Gym", "Hatch Rest", "Charge Max", "Average Joe")
"""What devices are called whose names hold words of the tables."""


@pytest.mark.parametrize("key", ["heart_rate", "0123_hr", "{old}_heart_rate", None])
@pytest.mark.parametrize(
    ("name", "first_name"),
    [
        ("Anna's watch Heart rate", None),
        ("Heart rate", None),
        ("{old} Heart rate", "known"),
    ],
)
@pytest.mark.parametrize("number", ["", "_2"])
@pytest.mark.parametrize("old", RENAMED)
def test_renamed_device(
    old: str, number: str, name: str, first_name: str | None, key: str | None
) -> None:
    """An entity id keeps the name that its device had at first."""
    slug = old.lower().replace(" ", "_")
    candidate = Candidate(
        f"sensor.{slug}_heart_rate{number}",
        unit="bpm",
        name=name.format(old=old),
        key=key and key.format(old=slug),
        device_name="Anna's watch",
        device_first_name=first_name and old,
    )
    assert judge(candidate) is Verdict.MATCH


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Anna's watch Resting heart rate"},
        {"first_name": "Resting heart rate"},
        {"key": "resting_heart_rate"},
        {"entity_id": "sensor.anna_s_watch_resting_heart_rate"},
    ],
)
def test_renamed_device_tells_no_rest(change: dict[str, Any]) -> None:
    """What an entity says of itself counts, whatever its device was called."""
    candidate = Candidate(
        "sensor.suunto_peak_heart_rate",
        unit="bpm",
        name="Anna's watch Heart rate",
        key="heart_rate",
        device_name="Anna's watch",
    )
    assert judge(candidate) is Verdict.MATCH
    assert judge(candidate._replace(**change)) is Verdict.NO


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "Suunto Peak", "key": "heart_rate"}, Verdict.MATCH),
        ({"name": "Suunto Peak Heart rate"}, Verdict.MATCH),
        ({"name": "Anna's watch Heart rate"}, Verdict.MATCH),
        ({"name": "Suunto Peak", "key": "0123"}, Verdict.NO),
        ({"name": "Suunto Peak Heart rate", "key": "max_heart_rate"}, Verdict.NO),
    ],
)
@pytest.mark.parametrize("device", ["Suunto Peak", "Anna's watch"])
def test_called_as_its_device(
    device: str, change: dict[str, Any], expected: Verdict
) -> None:
    """An entity id may be that of the device, now or before: then it tells nothing."""
    candidate = Candidate("sensor.suunto_peak", unit="bpm", device_name=device)
    changed = candidate._replace(device_first_name="Suunto Peak", **change)
    assert judge(changed) is expected


@pytest.mark.parametrize(
    ("name", "beside", "expected"),
    [
        ("Pulse", {"%"}, Verdict.MATCH),
        ("Pulse", {"mmHg"}, Verdict.SUGGEST),
        ("Puls", {"mmHg", "steps"}, Verdict.SUGGEST),
        ("Heart rate", {"mmHg", "bpm", "%", ""}, Verdict.SUGGEST),
        ("Heart rate", {"mmHg", "bpm", "steps", "kg"}, Verdict.MATCH),
    ],
)
def test_pulse_of_a_pressure(name: str, beside: set[str], expected: Verdict) -> None:
    """A blood-pressure meter takes a pulse, too; a phone tells much else."""
    candidate = Candidate("sensor.seven", unit="bpm", name=name)
    assert judge(candidate._replace(beside=frozenset(beside))) is expected


@pytest.mark.parametrize("person", PEOPLE)
def test_people_are_no_measures(person: str) -> None:
    """Whose heart it is does not matter, whatever that name means elsewhere."""
    candidate = Candidate("sensor.strap", unit="bpm", name=f"{person} watch heart rate")
    assert judge(candidate) is Verdict.MATCH


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("bpm", Verdict.MATCH),
        (" BPM ", Verdict.MATCH),
        ("beats/minute", Verdict.MATCH),
        ("Beats per minute", Verdict.MATCH),
        ("count/min", Verdict.SUGGEST),
        ("1/min", Verdict.SUGGEST),
        ("min⁻¹", Verdict.SUGGEST),
        ("Hz", Verdict.SUGGEST),
        (None, Verdict.SUGGEST),
        ("", Verdict.SUGGEST),
        ("уд/мин", Verdict.MATCH),
        ("уд./мин.", Verdict.MATCH),
        ("ppm", Verdict.MATCH),
        ("lpm", Verdict.MATCH),
        ("pulsos/min", Verdict.MATCH),
        ("beats per min", Verdict.MATCH),
        ("count/minute", Verdict.SUGGEST),
        ("/min", Verdict.SUGGEST),
        ("%", Verdict.NO),
        ("ms", Verdict.NO),
    ],
)
def test_unit_decides(unit: str | None, expected: Verdict) -> None:
    """A heart rate is only sure in beats, and none in a unit of something else."""
    assert judge(Candidate("sensor.heart_rate", unit=unit)) is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Verdict.MATCH),
        ({"entity_id": "number.heart_rate"}, Verdict.NO),
        ({"device_class": "frequency"}, Verdict.MATCH),
        ({"device_class": "heart_rate"}, Verdict.MATCH),
        ({"device_class": "a text of theirs"}, Verdict.MATCH),
        ({"device_class": "heart_rate", "unit": None}, Verdict.SUGGEST),
        ({"device_class": "duration", "unit": None}, Verdict.NO),
        ({"state_class": "measurement"}, Verdict.MATCH),
        ({"state_class": "total"}, Verdict.NO),
        ({"state": "72.5"}, Verdict.MATCH),
        ({"state": "0"}, Verdict.MATCH),
        ({"state": "3"}, Verdict.SUGGEST),
        ({"state": "301"}, Verdict.SUGGEST),
        ({"state": "3", "entity_id": "sensor.strap"}, Verdict.NO),
        ({"state": "72", "entity_id": "sensor.strap"}, Verdict.SUGGEST),
        ({"state": "unknown"}, Verdict.MATCH),
        ({"state": "unavailable"}, Verdict.MATCH),
        ({"state": "high"}, Verdict.NO),
        ({"state": "nan"}, Verdict.NO),
    ],
)
def test_all_must_fit(change: dict[str, Any], expected: Verdict) -> None:
    """What is known besides the words can rule an entity out."""
    candidate = Candidate("sensor.heart_rate", unit="bpm")
    assert judge(candidate._replace(**change)) is expected


def test_only_own_words_count() -> None:
    """The words of a device say nothing of its entities."""
    candidate = Candidate("sensor.average_joe_heart_rate", unit="bpm")
    assert judge(candidate) is Verdict.NO
    assert judge(candidate._replace(device_name="Average Joe")) is Verdict.MATCH
    assert judge(candidate._replace(device_name="AverageJoe")) is Verdict.NO
    named = candidate._replace(entity_id="sensor.averagejoe_heart_rate")
    assert judge(named._replace(device_name="AverageJoe")) is Verdict.MATCH


texts = st.none() | st.text() | st.sampled_from(["heart rate", "bpm", "max", "Max's"])


@given(st.builds(Candidate, st.text() | st.text().map("sensor.".__add__), *[texts] * 8))
def test_anything_is_judged(candidate: Candidate) -> None:
    """Whatever an entity is called, there is a verdict and a rank."""
    assert judge(candidate) in Verdict
    assert rank(candidate)[-1] == candidate.entity_id


@given(st.sampled_from(MATCHES), st.sampled_from(OTHER_RATES), st.booleans())
def test_other_rates_are_never_matches(
    candidate: Candidate, word: str, first: bool
) -> None:
    """A match that is said to be resting or an average is none."""
    own = candidate.name or candidate.entity_id.partition(".")[2]
    name = f"{word} {own}" if first else f"{own} {word}"
    assert judge(candidate._replace(name=name)) is not Verdict.MATCH


@given(
    st.sampled_from(AGREED + MORE),
    st.sampled_from([str.lower, str.upper, str.title, str.swapcase]),
    st.sampled_from([" ", "_", "-", ".", " - ", "  "]),
)
def test_spelling_does_not_matter(
    case: tuple[Candidate, Verdict], write: Callable[[str], str], separator: str
) -> None:
    """Capitals and separators are a matter of taste, but where capitals separate words."""
    candidate, _ = case
    name = candidate.name or candidate.entity_id.partition(".")[2]
    assume(not re.search(r"[a-z][A-Z]", name))
    plain = Candidate("sensor.strap", unit=candidate.unit, name=name)
    other = plain._replace(name=re.sub(r"[ _]", separator, write(name)))
    assert judge(other) is judge(plain)


def test_rank_prefers_who_measures_now() -> None:
    """Straps come before what is unknown, and clouds and phones come last."""
    best_first = [
        Candidate("sensor.z_hr_strap", platform="esphome", state_class="measurement"),
        Candidate("sensor.y_hr_strap", platform="esphome"),
        Candidate("sensor.x_hr", platform="ble_monitor", state_class="measurement"),
        Candidate("sensor.w_hr", platform="hrm_ble"),
        Candidate("sensor.v_strap", platform="mqtt"),
        Candidate("sensor.u_hr", platform="mqtt", state_class="measurement"),
        Candidate("sensor.t_hr", platform="mqtt"),
        Candidate("sensor.banglejs_hrm", state_class="measurement"),
        Candidate("sensor.s_hr"),
        Candidate("sensor.r_hr_strap", platform="oura", state_class="measurement"),
        *(
            Candidate(f"sensor.{entity}", state_class="measurement", **told)
            for entity, told in LATE.items()
        ),
    ]
    for some in permutations(best_first, 2):
        assert sorted(some, key=rank) == sorted(some, key=best_first.index)


LATE: dict[str, dict[str, Any]] = {
    "a_current_heart_rate": {
        "platform": "eight_sleep",
        "key": "left.current_heart_rate",
    },
    "b_bp_monitor_heart_rate": {"platform": "mqtt", "device_name": "BP monitor"},
    "c_hr": {"platform": "healthsync_ha"},
    "d_hr": {"platform": "polar"},
    "e_hr": {"platform": "huawei_health"},
    "f_hr": {"platform": "mobile_app"},
    "g_hr": {"platform": "not_known_here", "is_polled": True},
}
"""What does not tell the present, whatever it is called."""
