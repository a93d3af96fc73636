"""What is known of a monitor at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .profiles.base import Value


class Told(NamedTuple):
    """What a monitor told of a quantity."""

    value: Value
    number: int
    """Another one with each measurement, also of the same value."""


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
