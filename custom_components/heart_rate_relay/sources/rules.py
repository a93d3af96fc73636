"""What the user holds to be an honest reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ..reading import Metric, to_bpm, to_ms
from .detection.other_metrics import is_count_of_steps

MAX_VARIABILITY = 500.0
"""The highest plausible heart-rate variability in ms."""

MAX_STEPS = 30_000
"""How many steps a reading may hold: what services take for one."""


def _to_steps(value: float, unit: str | None) -> float | None:
    """Return how many steps were taken, None when it is anything else that was."""
    return value if is_count_of_steps(unit) else None


CONVERSIONS: Mapping[Metric, Callable[[float, str | None], float | None]] = (
    MappingProxyType(
        {
            Metric.HEART_RATE: to_bpm,
            Metric.RESTING_HEART_RATE: to_bpm,
            Metric.HEART_RATE_VARIABILITY: to_ms,
            Metric.HEART_RATE_VARIABILITY_SDNN: to_ms,
            Metric.STEPS: _to_steps,
        }
    )
)

VARIABILITIES = (
    Metric.HEART_RATE_VARIABILITY,
    Metric.HEART_RATE_VARIABILITY_SDNN,
)

DAILY = (Metric.RESTING_HEART_RATE, *VARIABILITIES)
"""What may be measured of a day, so that the day says when."""


class Again(StrEnum):
    """What of a value that stays the same counts as measured again."""

    AUTOMATIC = "automatic"
    """What a source repeats that measures, and not one that asks somebody else."""
    ALWAYS = "always"
    """Whatever is told."""
    NEVER = "never"
    """Nothing, unless it tells a time of its own."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the user holds to be an honest reading."""

    min_interval: float
    """Seconds between readings of a source, on average."""
    min_bpm: float
    max_bpm: float
    live_for: float
    """Seconds for which an unchanged value, or a silent source, counts as live."""
    again: Again = Again.AUTOMATIC

    def plausible(self, metric: Metric) -> tuple[float, float]:
        """Return the lowest and the highest value of a metric to be believed."""
        if metric in VARIABILITIES:
            return 1.0, MAX_VARIABILITY
        if metric is Metric.STEPS:
            return 1.0, MAX_STEPS
        return self.min_bpm, self.max_bpm
