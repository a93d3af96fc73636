"""What a heart rate adds up to: time in zones, energy, training load."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Self, override

from .body import Body
from .formulas import banister, edwards, energy
from .sample import MINUTE
from .series import Total
from .zones import COUNT, Zones

ENERGY = "energy"
BANISTER = "banister"
EDWARDS = "edwards"

type Rates = Mapping[str, Callable[[float], float]]
"""How much a minute with a heart rate adds, by what it adds to."""


def rates_of(body: Body, year: int) -> Rates:
    """Return what can be told of a heart rate, with what is known of the body in a year."""
    rates: dict[str, Callable[[float], float]] = {}
    sex, age, resting = body.sex, body.age(year), body.resting
    highest = body.highest(year)
    if sex and body.weight is not None and age is not None:
        rates[ENERGY] = partial(energy, sex=sex, weight=body.weight, age=age)
    if highest is not None:
        rates[EDWARDS] = partial(edwards, highest=highest)
        if sex and resting is not None and resting < highest:
            rates[BANISTER] = partial(
                banister, sex=sex, resting=resting, highest=highest
            )
    return rates


class Effort(Total):
    """What the heart rates of a workout add up to."""

    def __init__(self, rates: Rates, zones: Zones | None) -> None:
        """Initialize the effort of a time in which nothing is measured yet."""
        super().__init__()
        self.in_zones = [0] * (COUNT + 1)
        """For how long it was in each zone, the first being below all (µs)."""
        self.sums = dict.fromkeys(rates, 0.0)
        """What the minutes add up to, energy in kcal."""
        self._rates = rates
        self._zones = zones

    @override
    def add(self, value: float, span: int) -> None:
        """Add a heart rate that held for a time (µs)."""
        super().add(value, span)
        minutes = span / MINUTE
        for key, rate in self._rates.items():
            self.sums[key] += minutes * rate(value)
        if self._zones:
            self.in_zones[self._zones.zone(value)] += span

    @override
    def copied(self) -> Self:
        """Return another one like it."""
        other = super().copied()
        other.in_zones = self.in_zones.copy()
        other.sums = self.sums.copy()
        return other
