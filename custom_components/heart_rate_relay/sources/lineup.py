"""The sources of a relay in the order of preference, and which of them counts."""

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from ..metrics import HEART_RATE, Metric
from ..reading import SECOND, Reading
from .counter import Counter
from .observation import Observer
from .position import PositionObserver
from .times import CLOCK_TOLERANCE
from .workouts import WorkoutObserver

MAX_HELD = 10_000
"""How many readings may be held back at once."""


type Watcher = Observer | PositionObserver | Counter | WorkoutObserver
"""What watches a source."""


class Held(NamedTuple):
    """A reading of a source that counts only if those before it are silent."""

    observer: Observer
    reading: Reading


class Lineup:
    """What watches each source, by the entity that it is now."""

    def __init__(self, *, one_line: bool) -> None:
        """Initialize the lineup, of which with one_line only the first live one counts."""
        self.one_line = one_line
        """Whether the service shows one line, so that only one source may count."""
        self._observers: dict[str, Watcher] = {}
        self._heart_rates: list[Observer] = []
        self._places: dict[Observer, int] = {}
        self._held: list[Held] = []
        self.clear_at = inf
        """When it is clear of a reading that is held back, unless its source is overtaken."""

    @property
    def observers(self) -> dict[str, Watcher]:
        """What watches the sources, the most preferred first."""
        return self._observers

    @observers.setter
    def observers(self, observers: dict[str, Watcher]) -> None:
        self._observers = observers
        self._heart_rates = [
            observer
            for observer in observers.values()
            if isinstance(observer, Observer) and observer.metric is HEART_RATE
        ]
        self._places = {one: place for place, one in enumerate(self._heart_rates)}
        # A source that is removed has no place any more by which to tell
        self._held = [one for one in self._held if one.observer in self._places]

    def first_live(self, now: float) -> Observer | None:
        """Return the most preferred source that is live at a time (seconds, UTC)."""
        for observer in self._heart_rates:
            if observer.is_live(now):
                return observer
        return None

    def passed(
        self, observer: Watcher, readings: Sequence[Reading], at: float
    ) -> Iterable[Reading]:
        """Return what counts by now, of a source's readings and of those held back.

        What comes too soon after another reading of its source does not.
        """
        if not self.one_line:
            return observer.due(readings)
        return self._passed_in_line(observer, readings, at)

    def _passed_in_line(
        self, observer: Watcher, readings: Sequence[Reading], at: float
    ) -> Iterator[Reading]:
        """Yield the same where only the first live source counts."""
        if not isinstance(observer, Observer) or observer not in self._places:
            counted = [
                reading
                for reading in readings
                if not self._is_overtaken(observer, reading.metric, at)
            ]
            yield from observer.due(counted)
        elif not (self._held or self._places[observer]):
            # Nothing is before it, and nothing waits for what it says
            yield from observer.due(readings)
        else:
            new = [Held(observer, reading) for reading in readings]
            if self._is_behind(observer, at):
                yield from self._told_apart(new, at)
                if observer.missed_from > at:
                    self.clear_at = min(self.clear_at, observer.missed_from)
            else:
                held, self._held = self._held, []
                yield from self._counted(held + new, at)

    def _is_behind(self, observer: Observer, at: float) -> bool:
        """Return whether it is as unclear as it was of all that is held back, whatever one says.

        To the sources before it, it is of no matter.
        """
        place, places = self._places[observer], self._places
        are_before = all(places[one.observer] <= place for one in self._held)
        return bool(self._held) and at < self.clear_at and are_before

    def _is_overtaken(self, observer: Watcher, metric: Metric, at: float) -> bool:
        """Return whether a preferred source of the same metric counts at a time.

        That is the first live one. Of counters, which may be silent for hours, it is the first.
        Sensors come before trackers, which tell a speed beside the place.
        """
        for other in self._observers.values():
            if other is observer:
                break
            if _tells(other, metric) and (
                isinstance(other, Counter | WorkoutObserver) or other.is_live(at)
            ):
                return True
        return False

    def settled(self, now: float) -> Iterator[Reading]:
        """Yield those of the readings held back that count, as is clear by now.

        It is as soon as the sources before theirs have been silent for too long. Where one
        of those goes on, what was held back meanwhile is forgotten.
        """
        held, self._held = self._held, []
        yield from self._counted(held, now)

    def left(self) -> Iterator[Reading]:
        """Yield those of the readings held back that count, as far as will ever be known.

        They do where all sources before theirs were silent for longer than they usually are.
        """
        now = max((one.reading.measured_at for one in self._held), default=0) / SECOND
        for one in self._held:
            before = self._heart_rates[: self._places[one.observer]]
            are_silent = all(observer.is_overdue(now) for observer in before)
            if are_silent and one.observer.is_due(one.reading):
                yield one.reading
        self._held = []

    def _counted(self, candidates: Sequence[Held], now: float) -> Iterator[Reading]:
        """Yield those readings that count, hold back those in doubt, and note until when."""
        yield from self._told_apart(candidates, now)
        self.clear_at = min(
            (
                observer.missed_from
                for observer in self._heart_rates
                if self._held and observer.missed_from > now
            ),
            default=inf,
        )

    def _told_apart(self, candidates: Sequence[Held], now: float) -> Iterator[Reading]:
        """Yield those readings that count, and hold back those in doubt."""
        for one in candidates:
            match self._counts(one, now):
                case None:
                    self._held.append(one)
                case True if one.observer.is_due(one.reading):
                    yield one.reading
        del self._held[:-MAX_HELD]

    def _counts(self, held: Held, now: float) -> bool | None:
        """Return whether a reading counts, None while there is doubt.

        Those that measured later than now did so before the clock was set back.
        """
        measured_at = held.reading.measured_at / SECOND
        in_doubt = False
        for observer in self._heart_rates:
            if observer is held.observer:
                break
            known = observer.known
            if known.spoke_at > now + CLOCK_TOLERANCE:
                continue
            if known.spoke_from <= measured_at <= known.spoke_at:
                return False
            in_doubt = in_doubt or (
                known.spoke_at < measured_at and now < observer.missed_from
            )
        return None if in_doubt else True


def _tells(watcher: Watcher, metric: Metric) -> bool:
    """Return whether a source measures a metric, be it beside others."""
    if isinstance(watcher, PositionObserver):
        return watcher.tells(metric)
    return watcher.metric is metric
