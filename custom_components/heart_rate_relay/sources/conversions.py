"""What a source's values are in the unit of what it measures."""

from collections.abc import Callable, Mapping
from functools import lru_cache
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
    converter = _CONVERTERS.get(metric.quantity)
    if converter and written in converter.VALID_UNITS:
        return converter.converter_factory(written, metric.unit)
    return None
