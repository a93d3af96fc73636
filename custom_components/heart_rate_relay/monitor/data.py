"""What is known of a monitor at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from .profiles.base import Value


class Told(NamedTuple):
    """What a monitor told of a quantity."""

    value: Value
    number: int
    """Another one with each measurement, also of the same value."""
    measured_at: datetime | None = None
    """By the monitor's own word, None where it tells what it measures at once."""


@dataclass(frozen=True, kw_only=True)
class MonitorData:
    """What is known of a monitor now."""

    is_reached: bool = False
    """Whether there is a connection, or advertisements come where none is wanted."""
    is_measuring: bool = False
    """Whether something was measured lately."""
    measurements: int = 0
    """How many there were so far."""
    told: Mapping[str, Told] = field(default_factory=dict)
    """By the keys of quantities, without what is stale."""
    battery: int | None = None
    """In percent."""
    signal_strength: int | None = None
    """Of the last advertisement, in dBm."""

    @property
    def is_available(self) -> bool:
        """Whether what is measured could be known."""
        return self.is_reached or self.is_measuring

    def value(self, key: str) -> Value:
        """Return what is known of a quantity, None where nothing is."""
        told = self.told.get(key)
        return told.value if told else None

    def number(self, key: str) -> int:
        """Return the number of the measurement of a quantity, 0 where there is none."""
        told = self.told.get(key)
        return told.number if told else 0

    def measured_at(self, key: str) -> datetime | None:
        """Return when a quantity was measured, None where that was when it was told."""
        told = self.told.get(key)
        return told.measured_at if told else None
