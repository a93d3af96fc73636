"""Is each unit what it says, in whatever way it is written?"""

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.reading import to_bpm, to_ms
from custom_components.heart_rate_relay.units import Counted, rate_of


@pytest.mark.parametrize(
    ("unit", "bpm"),
    [
        (None, 1),
        ("", 1),
        ("  ", 1),
        ("bpm", 1),
        (" BPM ", 1),
        ("b.p.m.", 1),
        ("beats/min", 1),
        ("Beats / minute", 1),
        ("beats per min", 1),
        ("beats·min⁻¹", 1),
        ("Schläge pro Minute", 1),
        ("latidos por minuto", 1),
        ("battiti al minuto", 1),
        ("battements par minute", 1),
        ("batt./min", 1),
        ("uderzeń na minutę", 1),
        ("tepů za minutu", 1),
        ("ударов в минуту", 1),
        ("уд/мин", 1),
        ("уд./мин.", 1),
        ("pulsos/min", 1),
        ("次/分", 1),
        ("ppm", 1),
        ("lpm", 1),
        ("count/min", 1),
        ("count/minute", 1),
        ("1/min", 1),
        ("/min", 1),
        ("min⁻¹", 1),
        ("min^-1", 1),
        ("Hz", 60),
        ("s⁻¹", 60),
        ("%", None),
        ("ms", None),
        ("min", None),
        ("rpm", None),
        ("°C", None),
        ("steps/min", None),
        ("m/s", None),
        ("brpm", None),
    ],
)
def test_rates(unit: str | None, bpm: float | None) -> None:
    """What a heart rate is told in becomes bpm, and nothing else does."""
    assert to_bpm(2.0, unit) == (None if bpm is None else 2 * bpm)


@pytest.mark.parametrize(
    ("unit", "counted"),
    [
        ("bpm", Counted.BEATS),
        ("уд/мин", Counted.BEATS),
        ("ppm", Counted.BEATS_OR_PARTS),
        ("count/min", Counted.ANYTHING),
        ("Hz", Counted.ANYTHING),
    ],
)
def test_counted(unit: str, counted: Counted) -> None:
    """Some units count beats, some whatever there is."""
    rate = rate_of(unit)
    assert rate
    assert rate.counted is counted


@pytest.mark.parametrize(
    ("unit", "ms"),
    [
        (None, 1),
        ("", 1),
        ("ms", 1),
        (" MS", 1),
        ("мс", 1),
        ("milliseconds", 1),
        ("s", 1000),
        ("bpm", None),
        ("min", None),
    ],
)
def test_times(unit: str | None, ms: float | None) -> None:
    """What a variability is told in becomes milliseconds, and nothing else does."""
    assert to_ms(2.0, unit) == (None if ms is None else 2 * ms)


@given(st.text())
def test_anything(unit: str) -> None:
    """Whatever a unit is, it is one or none."""
    assert to_bpm(1.0, unit) in (None, 1.0, 60.0)
    assert to_ms(1.0, unit) in (None, 1.0, 1000.0)
