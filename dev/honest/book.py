"""What was measured, and by when, beside what arrived."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
import time

from dev.stand_ins import Arrival

SECOND = 1_000_000
"""In µs, the unit of all times."""

TRAVEL = 2 * SECOND
"""For how long a value may be on its way to Home Assistant, which then says when it was."""


@dataclass
class Measurement:
    """A value that a source told."""

    source: str
    value: float
    earliest: int
    """When it was measured, or told, in µs UTC."""
    latest: int
    is_due: bool = True
    """Whether it must arrive: not while Home Assistant is about to end."""


@dataclass
class Account:
    """What became of a source's values."""

    told: int
    """How often it told a value, measured or not."""
    due: int
    arrived: int
    lost: int
    invented: int


@dataclass
class Book:
    """Notes what sources told, and what of it was measured."""

    measurements: list[Measurement] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    arrivals: list[Arrival] = field(default_factory=list)
    is_ending: bool = False
    """Whether Home Assistant is about to end, and may hear no more."""

    def repeat(self, source: str) -> None:
        """Note that a source told a value that was not measured."""
        self.told[source] += 1

    def measure(self, source: str, value: float, at: int | None = None) -> None:
        """Note a measurement, made now or at the time that it tells (µs UTC)."""
        self.told[source] += 1
        now = time.time_ns() // 1000
        earliest = now if at is None else at
        latest = earliest + TRAVEL if at is None else at
        due = not self.is_ending or at is not None
        self.measurements.append(Measurement(source, value, earliest, latest, due))

    def account(self, source: str) -> Account:
        """Return what became of a source's values: each arrives once, at its own time."""
        left = [one for one in self.measurements if one.source == source]
        due = sum(one.is_due for one in left)
        arrived = self._arrived(source)
        invented = 0
        for arrival in arrived:
            for one in left:
                if (
                    one.value == arrival.value
                    and one.earliest <= arrival.measured_at <= one.latest
                ):
                    left.remove(one)
                    break
            else:
                invented += 1
        lost = sum(one.is_due for one in left)
        return Account(self.told[source], due, len(arrived), lost, invented)

    def _arrived(self, source: str) -> Sequence[Arrival]:
        of_source = (one for one in self.arrivals if one.source == source)
        return sorted(of_source, key=lambda arrival: arrival.measured_at)
