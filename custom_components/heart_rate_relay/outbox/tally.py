"""What became of all readings so far, and what must be remembered for those to come."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .coverage import Span, union

type JsonScalar = str | int | float | bool | None


class Request(NamedTuple):
    """A time of some sources that is to be delivered out of the recorder."""

    start: int
    """Microseconds since the Unix epoch, UTC."""
    end: int
    """In the same unit, not included."""
    source_ids: list[str]


@dataclass
class Tally:
    """What became of all readings so far."""

    delivered: int = 0
    refused: int = 0
    expired: int = 0
    """Fell out of the outbox: too old, or too many."""
    last_delivery: int | None = None
    """Microseconds since the Unix epoch, UTC."""
    latest: dict[str, int] = field(default_factory=dict)
    """When each source's latest reading was measured, in the same unit."""
    is_whole: bool = False
    """Whether that is all, as it is not after a kill."""
    in_doubt: int = 0
    """Delivered, but in batches of which some were refused, without a word which."""
    delivered_until: dict[str, int] = field(default_factory=dict)
    """When the latest delivered reading of each device and metric was measured."""
    counters: dict[str, list[JsonScalar]] = field(default_factory=dict)
    """What is known of each source that counts, so that no restart counts twice."""
    unseen_refusals: int = 0
    """Refused since a person looked at what was refused."""
    refused_for: str = ""
    """Why the last of them was, in the service's own words."""
    unreachable_since: int | None = None
    """When the first of the requests was made that had no answer since, in µs UTC."""
    covered: dict[str, list[Span]] = field(default_factory=dict)
    """What was taken from each source already: see coverage.py."""
    backfill: Request | None = None
    """What is being taken out of the recorder."""

    def __post_init__(self) -> None:
        """Take a request as it was written, too."""
        if self.backfill:
            self.backfill = Request(*self.backfill)

    def copy(self) -> Tally:
        """Return a copy that stays as it is."""
        return replace(
            self,
            latest=self.latest.copy(),
            delivered_until=self.delivered_until.copy(),
            counters=self.counters.copy(),
            covered=self.covered.copy(),
        )

    def add(self, earlier: Tally) -> None:
        """Take into account what was counted earlier."""
        self.delivered += earlier.delivered
        self.refused += earlier.refused
        self.expired += earlier.expired
        self.in_doubt += earlier.in_doubt
        self.last_delivery = self.last_delivery or earlier.last_delivery
        self.latest.update(earlier.latest | self.latest)
        self.is_whole = self.is_whole or earlier.is_whole
        self.delivered_until.update(earlier.delivered_until | self.delivered_until)
        self.counters.update(earlier.counters | self.counters)
        self.unseen_refusals += earlier.unseen_refusals
        self.refused_for = self.refused_for or earlier.refused_for
        self.unreachable_since = earlier.unreachable_since or self.unreachable_since
        for key, spans in earlier.covered.items():
            self.covered[key] = union([*spans, *self.covered.get(key, ())])
        self.backfill = self.backfill or earlier.backfill
