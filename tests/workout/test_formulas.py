"""The formulas, against values computed by hand from what is published."""

from dataclasses import replace

import pytest

from custom_components.heart_rate_relay.workout.body import Body, Sex
from custom_components.heart_rate_relay.workout.effort import rates_of
from custom_components.heart_rate_relay.workout.formulas import (
    banister,
    edwards,
    energy,
)
from custom_components.heart_rate_relay.workout.zones import (
    DEFAULT_SHARES,
    Zones,
    ZonesBy,
    create_zones,
)


@pytest.mark.parametrize(
    ("heart_rate", "sex", "weight", "age", "kcal"),
    [
        # (-55.0969 + 94.635 + 13.916 + 6.051) / 4.184 = 59.5051 / 4.184
        (150, Sex.MALE, 70, 30, 14.2221),
        # (-20.4022 + 67.08 - 7.578 + 2.22) / 4.184 = 41.3198 / 4.184
        (150, Sex.FEMALE, 60, 30, 9.8757),
        # (-55.0969 + 75.708 + 15.904 + 10.085) / 4.184 = 46.6001 / 4.184
        (120, Sex.MALE, 80, 50, 11.1377),
        # -55.0969 + 31.545 + 11.928 + 4.034 is below zero
        (50, Sex.MALE, 60, 20, 0),
    ],
)
def test_keytel(
    heart_rate: float, sex: Sex, weight: float, age: float, kcal: float
) -> None:
    """The energy of a minute is that of Keytel's equation for the sex."""
    assert energy(heart_rate, sex, weight, age) == pytest.approx(kcal, abs=5e-5)


@pytest.mark.parametrize(
    ("heart_rate", "sex", "impulse"),
    [
        # Half of the reserve: 0.5 x 0.64 x e^0.96 = 0.32 x 2.611696
        (125, Sex.MALE, 0.835743),
        # 0.5 x 0.86 x e^0.835 = 0.43 x 2.304813
        (125, Sex.FEMALE, 0.991070),
        # All of it: 0.64 x e^1.92 = 0.64 x 6.820958
        (190, Sex.MALE, 4.365413),
        (60, Sex.MALE, 0),
        # Not more than all, and not less than nothing
        (210, Sex.MALE, 4.365413),
        (40, Sex.FEMALE, 0),
    ],
)
def test_banister(heart_rate: float, sex: Sex, impulse: float) -> None:
    """The impulse of a minute is Banister's, with the weight of the sex."""
    assert banister(heart_rate, sex, 60, 190) == pytest.approx(impulse, abs=5e-6)


@pytest.mark.parametrize(
    ("heart_rate", "load"),
    [(99, 0), (100, 1), (119, 1), (120, 2), (140, 3), (160, 4), (180, 5), (210, 5)],
)
def test_edwards(heart_rate: float, load: int) -> None:
    """A minute counts as often as the number of its zone."""
    assert edwards(heart_rate, 200) == load


def test_highest_by_age() -> None:
    """The highest heart rate is the measured one, else 208 - 0.7 x age."""
    bodies = (
        Body(year_of_birth=1986),
        Body(year_of_birth=1986, measured_highest=191),
        Body(),
    )
    found = [body.highest(2026) for body in bodies]
    assert found == [pytest.approx(180), 191, None]


def test_zones() -> None:
    """Bounds are in percent of the highest, or of the reserve, or a person's own."""
    body = Body(resting=60, measured_highest=200)
    assert bounds(ZonesBy.HIGHEST, body) == pytest.approx([100, 120, 140, 160, 180])
    assert bounds(ZonesBy.RESERVE, body) == pytest.approx([130, 144, 158, 172, 186])
    assert bounds(ZonesBy.OWN, Body()) == list(DEFAULT_SHARES)
    assert bounds(ZonesBy.HIGHEST, Body()) is None
    assert bounds(ZonesBy.RESERVE, Body(measured_highest=200)) is None


def bounds(by: ZonesBy, body: Body) -> list[float] | None:
    """Return where zones begin, None where too little is known."""
    zones = create_zones(by, DEFAULT_SHARES, body, 2026)
    return list(zones.bounds) if zones else None


def test_zone() -> None:
    """A zone begins at its bound."""
    zones = Zones((100, 120, 140, 160, 180))
    found = [zones.zone(bpm) for bpm in (99.9, 100, 139, 140, 179.9, 180, 220)]
    assert found == [0, 1, 2, 3, 4, 5, 5]


def test_what_is_known_decides() -> None:
    """What a body is not known well enough for is not guessed."""
    known = Body(sex=Sex.MALE, year_of_birth=1986, weight=70, resting=60)
    assert set(rates_of(known, 2026)) == {"energy", "banister", "edwards"}
    assert set(rates_of(replace(known, sex=None), 2026)) == {"edwards"}
    assert set(rates_of(replace(known, weight=None), 2026)) == {"banister", "edwards"}
    assert set(rates_of(Body(measured_highest=190), 2026)) == {"edwards"}
    assert not rates_of(Body(), 2026)
