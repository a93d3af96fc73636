"""Which of several sources of the same counts: the first in order that speaks."""

from collections.abc import Iterable, Mapping

from ..metrics import LATITUDE, Metric
from ..reading import Reading
from .summary import HOLD


class Preferences:
    """The sources of all but heart rates, in the order of preference."""

    def __init__(self, others: Mapping[Metric, Iterable[str]]) -> None:
        """Initialize the order of the sources of each metric, the most preferred first."""
        self._others = others
        self._preferences: dict[Metric, Preference] = {}

    def counts(self, reading: Reading) -> bool:
        """Return whether what a source measured counts."""
        metric = reading.metric
        if metric not in self._preferences:
            # A tracker tells more than where it is, and comes after sensors of that
            ids = (*self._others.get(metric, ()), *self._others.get(LATITUDE, ()))
            self._preferences[metric] = Preference(ids)
        preference = self._preferences[metric]
        return preference.counts(reading.source.id, reading.measured_at)

    def set_back(self, by: int) -> None:
        """Take note that the clock was ahead by so much until now (µs)."""
        for preference in self._preferences.values():
            preference.set_back(by)


class Preference:
    """The sources of one metric in the order of preference."""

    def __init__(self, source_ids: Iterable[str]) -> None:
        """Initialize the order of sources, the most preferred first."""
        self._spoke_at: dict[str, int] = dict.fromkeys(source_ids, -HOLD)

    def counts(self, source_id: str, at: int) -> bool:
        """Return whether what a source measured at a time (µs) counts."""
        self._spoke_at[source_id] = max(at, self._spoke_at.get(source_id, at))
        for other, spoke_at in self._spoke_at.items():
            if other == source_id:
                break
            if abs(at - spoke_at) <= HOLD:
                return False
        return True

    def set_back(self, by: int) -> None:
        """Take note that the clock was ahead by so much until now (µs)."""
        self._spoke_at = {one: at - by for one, at in self._spoke_at.items()}
