"""What the user holds to be an honest reading."""

from dataclasses import dataclass
from enum import StrEnum

from ..metrics import Metric, Quantity


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
        if metric.quantity is Quantity.HEART_RATE:
            return self.min_bpm, self.max_bpm
        return metric.plausible
