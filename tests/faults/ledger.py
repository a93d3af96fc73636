"""Compares what was measured with what a service holds, reading by reading.

The ledger of scripts/develop listens to sensors that it does not command, so it has to
tolerate what their clocks do. Here each measurement is made by the test: all is exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from custom_components.heart_rate_relay.outbox.tally import Tally
from dev.stand_ins import Arrival


@dataclass
class Ledger:
    """What a relay owes its service, and what arrived there."""

    step: int = 1
    """How finely the service tells times apart, in µs."""
    measured: dict[int, float] = field(default_factory=dict)
    """The values by their times in µs UTC, rounded down to the step."""
    arrived: list[int] = field(default_factory=list)
    """The times of what arrived as it was measured, in the order in which it first did."""
    repeated: int = 0
    """How many readings arrived again, as they had before."""
    altered: list[Arrival] = field(default_factory=list)
    """What arrived and was not measured like that."""
    _known: set[int] = field(default_factory=set)

    def measure(self, measured_at: int, value: float) -> None:
        """Note a measurement, made at µs UTC, that the relay has to deliver."""
        moment = measured_at // self.step
        assert moment not in self.measured, "the test measures twice at once"
        self.measured[moment] = value

    def arrive(self, arrival: Arrival) -> None:
        """Note what arrived."""
        moment = arrival.measured_at // self.step
        if self.measured.get(moment) != arrival.value:
            self.altered.append(arrival)
        elif moment in self._known:
            self.repeated += 1
        else:
            self._known.add(moment)
            self.arrived.append(moment)

    @property
    def lost(self) -> Sequence[int]:
        """The times of what was measured and did not arrive, in µs UTC."""
        return [at * self.step for at in self.measured if at not in self._known]

    @property
    def overtaken(self) -> int:
        """How many readings arrived for the first time behind one measured later."""
        return sum(1 for _ in self._late())

    def _late(self) -> Iterator[int]:
        latest = -1
        for moment in self.arrived:
            if moment < latest:
                yield moment
            latest = max(latest, moment)

    def is_clean(self, tally: Tally, waiting: int = 0) -> bool:
        """Return whether all is there but what the relay says has another end.

        What is in doubt the service took at least in part; what was refused or expired
        may have arrived before, with an answer that did not.
        """
        told = tally.refused + tally.expired + waiting
        return (
            not self.altered
            and len(self.lost) <= told + tally.in_doubt
            and tally.delivered + told == len(self.measured)
        )

    def account(self, tally: Tally) -> str:
        """Return a line that says what became of all readings."""
        return (
            f"measured {len(self.measured)}, arrived {len(self.arrived)}, "
            f"lost {len(self.lost)} (refused {tally.refused}, expired {tally.expired}, "
            f"in doubt {tally.in_doubt}), altered {len(self.altered)}, "
            f"repeated {self.repeated}, overtaken {self.overtaken}"
        )
