"""Which of several sources of the same counts: the first in order that speaks."""

from collections.abc import Iterable

from .summary import HOLD


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
