"""Is the rule right on what people really have, in their languages?"""

from collections.abc import Callable
from itertools import permutations
import json
from pathlib import Path
import re

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.heart_rate_relay.sources.detection.heart_rate import (
    Candidate,
    Verdict,
    judge,
    rank,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"


def read(fixture: str) -> list[tuple[Candidate, Verdict]]:
    """Return the candidates of a fixture, each with the verdict it deserves."""
    rows = json.loads((FIXTURES / fixture).read_text(encoding="utf-8"))
    return [
        (
            Candidate(**{key: value for key, value in row.items() if key != "expect"}),
            Verdict(row["expect"]),
        )
        for row in rows
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
    return str(value)


@pytest.mark.parametrize(("candidate", "expected"), AGREED, ids=describe)
def test_agreed_cases(candidate: Candidate, expected: Verdict) -> None:
    """The cases that the design agreed on."""
    assert judge(candidate) is expected


@pytest.mark.parametrize(("candidate", "expected"), MORE, ids=describe)
def test_more_cases(candidate: Candidate, expected: Verdict) -> None:
    """Brands, languages, and what looks like a heart rate."""
    assert judge(candidate) is expected


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
        ({"device_class": "frequency"}, Verdict.NO),
        ({"state_class": "measurement"}, Verdict.MATCH),
        ({"state_class": "total"}, Verdict.NO),
        ({"state": "72.5"}, Verdict.MATCH),
        ({"state": "unknown"}, Verdict.MATCH),
        ({"state": "unavailable"}, Verdict.MATCH),
        ({"state": "high"}, Verdict.NO),
        ({"state": "nan"}, Verdict.NO),
    ],
)
def test_all_must_fit(change: dict[str, str], expected: Verdict) -> None:
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
        Candidate("sensor.z_current_hr", platform="esphome", state_class="measurement"),
        Candidate("sensor.y_current_hr", platform="esphome"),
        Candidate("sensor.x_hr", platform="ble_monitor", state_class="measurement"),
        Candidate("sensor.w_hr", platform="ble_monitor"),
        Candidate("sensor.v_strap", platform="mqtt"),
        Candidate("sensor.u_hr", platform="mqtt", state_class="measurement"),
        Candidate("sensor.s_hr"),
        Candidate("sensor.t_hr"),
        Candidate("sensor.r_current_hr", platform="oura", state_class="measurement"),
        Candidate("sensor.q_hr", platform="mobile_app", state_class="measurement"),
    ]
    for some in permutations(best_first, 2):
        assert sorted(some, key=rank) == sorted(some, key=best_first.index)
