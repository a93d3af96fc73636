"""What a source's values are in the unit of what it measures."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    BloodGlucoseConcentrationConverter,
    DistanceConverter,
    EnergyConverter,
    MassConverter,
    PowerConverter,
    PressureConverter,
    SpeedConverter,
    TemperatureConverter,
    VolumeConverter,
)

from ..metrics import Metric, Quantity
from ..reading import to_bpm, to_ms
from ..units import plain
from .detection.other_metrics import is_count_of_steps

type Convert = Callable[[float, str | None], float | None]
"""Returns a value of a unit in the unit of a metric, None when that is no unit of it."""


def _to_steps(value: float, unit: str | None) -> float | None:
    """Return how many steps were taken, None when it is anything else that was."""
    return value if is_count_of_steps(unit) else None


_OWN: Mapping[Quantity, Convert] = MappingProxyType(
    {
        Quantity.HEART_RATE: to_bpm,
        Quantity.TIME: to_ms,
        Quantity.STEPS: _to_steps,
    }
)
"""Of what is told in more ways than Home Assistant knows."""

_CONVERTERS: Mapping[str, type[BaseUnitConverter]] = MappingProxyType(
    {
        converter.UNIT_CLASS: converter
        for converter in (
            BloodGlucoseConcentrationConverter,
            DistanceConverter,
            EnergyConverter,
            MassConverter,
            PowerConverter,
            PressureConverter,
            SpeedConverter,
            TemperatureConverter,
            VolumeConverter,
        )
    }
)


DECIMALS = 9
"""Of what is converted: a product has more than were measured."""

_AS_PEOPLE_WRITE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("lbs", "pound", "pounds"), "lb"),
        **dict.fromkeys(("kmh", "kph"), "km/h"),
        **dict.fromkeys(("mile", "miles"), "mi"),
        **dict.fromkeys(("foot", "feet"), "ft"),
        **dict.fromkeys(("inch", "inches"), "in"),
        **dict.fromkeys(("meter", "meters", "metre", "metres"), "m"),
        **dict.fromkeys(("liter", "liters", "litre", "litres"), "L"),
        **dict.fromkeys(("watt", "watts"), "W"),
        # With a capital it is what food has: what has none is among Home Assistant's own
        "cal": "kcal",
        "℃": "°C",
        "℉": "°F",
    }
)
"""Units by names that Home Assistant does not know, as units.plain writes them."""


def conversion(metric: Metric) -> Convert:
    """Return what turns values of sources into the unit of a metric."""
    if own := _OWN.get(metric.quantity):
        return own

    def convert(value: float, unit: str | None) -> float | None:
        factory = _factory(metric, unit)
        return factory and factory(value)

    return convert


@lru_cache(maxsize=256)
def _factory(metric: Metric, unit: str | None) -> Callable[[float], float] | None:
    """Return what converts one unit to that of a metric, None when it is none of its units."""
    written = (unit or "").strip()
    if plain(written) == plain(metric.unit):
        return float
    if (factor := metric.units.get(plain(written))) is not None:
        return lambda value: value * factor
    if not (converter := _CONVERTERS.get(metric.quantity)):
        return None
    known = _spellings(metric.quantity)
    if written not in converter.VALID_UNITS and plain(written) in known:
        written = known[plain(written)]
    if written not in converter.VALID_UNITS:
        return None
    exact = converter.converter_factory(written, metric.unit)
    return lambda value: round(exact(value), DECIMALS)


@cache
def _spellings(quantity: Quantity) -> Mapping[str, str]:
    """Return the units of what has a converter by how else they are written, where that is clear.

    It is not where two are told apart by a capital alone, such as mW and MW.
    """
    units = [unit for unit in _CONVERTERS[quantity].VALID_UNITS if unit]
    written = Counter(map(plain, units))
    return {
        **{plain(unit): unit for unit in units if written[plain(unit)] == 1},
        **{name: unit for name, unit in _AS_PEOPLE_WRITE.items() if unit in units},
    }
