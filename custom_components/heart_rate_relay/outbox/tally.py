"""What became of all readings so far, and what must be remembered for those to come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .coverage import Span, union

type JsonScalar = str | int | float | bool | None
type JsonValue = JsonScalar | list[JsonValue] | dict[str, JsonValue]


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
    overwritten: int = 0
    """Accepted, but held no more: the service cannot tell them from others of the same moment."""
    counters: dict[str, list[JsonScalar]] = field(default_factory=dict)
    """What is known of each source that counts, so that no restart counts twice, nor a workout."""
    memory: dict[str, JsonValue] = field(default_factory=dict)
    """What the destination has to know of what was delivered."""
    unseen_refusals: int = 0
    """Refused since a person looked at what was refused."""
    refused_for: str = ""
    """Why the last of them was, in the service's own words."""
    unreachable_since: int | None = None
    """When the first of the requests was made that had no answer since, in µs UTC."""
    has_answered: bool = False
    """Whether there was an answer since this began to be counted: it is not written."""
    covered: dict[str, list[Span]] = field(default_factory=dict)
    """What was taken from each source already: see coverage.py."""
    absences_until: int = 0
    """Until when it is known in which times the relay was not loaded, in µs UTC."""
    backfill: Request | None = None
    """What is being taken out of the recorder."""
    unknown: dict[str, JsonValue] = field(default_factory=dict)
    """What another version remembers, kept for it."""

    @classmethod
    def of(cls, rows: Mapping[str, JsonValue]) -> Tally:
        """Return the tally that was written as rows."""
        tally = cls()
        known = vars(tally)
        for key, value in rows.items():
            name, _, id_ = key.partition(" ")
            if name not in known:
                tally.unknown[key] = value
            elif isinstance(known[name], dict):
                known[name][id_] = value
            else:
                known[name] = value
        if tally.backfill:
            tally.backfill = Request(*tally.backfill)
        return tally

    def rows(self) -> Mapping[str, JsonValue]:
        """Return it as rows, one for each source where it tells something of each.

        So little has to be written when little changes. What is not so much as begun has none.
        """
        rows: dict[str, Any] = {}
        for name, default in DEFAULTS.items():
            value = getattr(self, name)
            if isinstance(value, dict):
                rows |= {f"{name} {id_}": each for id_, each in value.items()}
            elif value != default:
                rows[name] = list(value) if isinstance(value, tuple) else value
        return rows | self.unknown

    def copy(self) -> Tally:
        """Return a copy that stays as it is."""
        return replace(
            self,
            latest=self.latest.copy(),
            counters=self.counters.copy(),
            covered=self.covered.copy(),
            memory=self.memory.copy(),
        )

    def note_answer(self) -> None:
        """Take note that the service answered."""
        self.unreachable_since, self.has_answered = None, True

    def add(self, earlier: Tally) -> None:
        """Take into account what was counted earlier."""
        self.delivered += earlier.delivered
        self.refused += earlier.refused
        self.expired += earlier.expired
        self.overwritten += earlier.overwritten
        self.in_doubt += earlier.in_doubt
        self.last_delivery = self.last_delivery or earlier.last_delivery
        self.latest.update(earlier.latest | self.latest)
        self.is_whole = self.is_whole or earlier.is_whole
        self.counters.update(earlier.counters | self.counters)
        self.memory.update(earlier.memory | self.memory)
        self.unseen_refusals += earlier.unseen_refusals
        self.refused_for = self.refused_for or earlier.refused_for
        if not self.has_answered:
            since = earlier.unreachable_since or self.unreachable_since
            self.unreachable_since = since
        for key, spans in earlier.covered.items():
            self.covered[key] = union([*spans, *self.covered.get(key, ())])
        self.absences_until = max(self.absences_until, earlier.absences_until)
        self.backfill = self.backfill or earlier.backfill
        self.unknown.update(earlier.unknown | self.unknown)


DEFAULTS: Mapping[str, object] = {
    name: value
    for name, value in vars(Tally()).items()
    if name not in ("unknown", "has_answered")
}
