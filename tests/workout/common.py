"""What tests of workouts share."""

from collections.abc import Iterable

from custom_components.heart_rate_relay.reading import SECOND
from custom_components.heart_rate_relay.workout.body import Body, Sex
from custom_components.heart_rate_relay.workout.sample import HEART_RATE, MINUTE, Sample
from custom_components.heart_rate_relay.workout.summary import Measured
from custom_components.heart_rate_relay.workout.tracker import (
    BeginsBy,
    Finished,
    Rules,
    Tracker,
)
from custom_components.heart_rate_relay.workout.zones import Zones

START = 1_800_000_000 * SECOND
"""Some time, in µs."""

BODY = Body(
    sex=Sex.MALE, year_of_birth=1997, weight=70, resting=60, measured_highest=200
)
ZONES = Zones((100, 120, 140, 160, 180))


def create() -> Measured:
    """Return what keeps the values of a workout."""
    return Measured(BODY, ZONES)


def at(minutes: float) -> int:
    """Return a time so many minutes from the start, in µs."""
    return START + round(minutes * MINUTE)


class Trainer:
    """A tracker, and what it told."""

    def __init__(
        self,
        begins_by: BeginsBy = BeginsBy.WORN,
        *,
        bound: float = 100,
        begin_after: float = 1,
        end_after: float = 8,
    ) -> None:
        """Initialize a tracker by rules, in minutes."""
        self.finished: list[Finished] = []
        self.tracker = Tracker(
            Rules(
                begins_by=begins_by,
                bound=bound,
                begin_after=round(begin_after * MINUTE),
                end_after=round(end_after * MINUTE),
            ),
            create,
            self.finished.append,
        )

    def beat(
        self, begin: float, end: float, bpm: float = 130, *, is_worn: bool = True
    ) -> None:
        """Let a heart beat between two minutes, once a second, at about a rate."""
        for number, moment in enumerate(range(at(begin), at(end) + 1, SECOND)):
            value = bpm + number % 2
            self.tracker.take(Sample(HEART_RATE, moment, value, is_worn=is_worn))

    def tell(self, samples: Iterable[tuple[float, float]]) -> None:
        """Tell heart rates at some minutes."""
        for minute, bpm in samples:
            self.tracker.take(Sample(HEART_RATE, at(minute), bpm))

    def is_on(self) -> bool:
        """Return whether somebody trains."""
        return self.tracker.is_on

    def spans(self) -> list[tuple[float, float]]:
        """Return when the workouts began and ended, in minutes."""
        return [
            (
                round((one.summary.begin - START) / MINUTE, 3),
                round((one.summary.end - START) / MINUTE, 3),
            )
            for one in self.finished
        ]
