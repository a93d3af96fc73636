"""The sources of a relay in the order of preference, and which of them counts."""

from collections.abc import Iterator, Sequence

from ..reading import Metric, Reading
from .observation import Observer
from .steps import StepCounter


class Lineup:
    """What watches each source, by the entity that it is now."""

    def __init__(self, *, one_line: bool) -> None:
        """Initialize the lineup, of which with one_line only the first live one counts."""
        self.one_line = one_line
        """Whether the service shows one line, so that only one source may count."""
        self._observers: dict[str, Observer | StepCounter] = {}
        self._heart_rates: list[Observer] = []

    @property
    def observers(self) -> dict[str, Observer | StepCounter]:
        """What watches the sources, the most preferred first."""
        return self._observers

    @observers.setter
    def observers(self, observers: dict[str, Observer | StepCounter]) -> None:
        self._observers = observers
        self._heart_rates = [
            observer
            for observer in observers.values()
            if isinstance(observer, Observer) and observer.metric is Metric.HEART_RATE
        ]

    def first_live(self, now: float) -> Observer | None:
        """Return the most preferred source that is live at a time (seconds, UTC)."""
        for observer in self._heart_rates:
            if observer.is_live(now):
                return observer
        return None

    def passed(
        self, observer: Observer | StepCounter, readings: Sequence[Reading], at: float
    ) -> Iterator[Reading]:
        """Yield those of a source's readings that count, and do not come too soon."""
        if not readings or (self.one_line and self.first_live(at) is not observer):
            return
        for reading in readings:
            if isinstance(observer, StepCounter) or observer.is_due(reading):
                yield reading
