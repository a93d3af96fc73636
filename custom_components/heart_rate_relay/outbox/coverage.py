"""Which part of the past a relay has taken from each of its sources already.

What it was told while it listened is delivered, or waits, or was left out for a reason:
none of it is to come a second time out of the recorder. While Home Assistant does not run
nothing is measured, so that a restart is no interruption. That spares a note on disk at each
start, which a kill would need. When it ran without the relay is found out when somebody wants what
was measured then (past/absence.py). All times are in microseconds since the Unix epoch, UTC.
"""

from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime

from ..reading import to_us

FOREVER = 253_402_300_800_000_000
"""The end of what goes on, in the year 10000."""

type Span = list[int]
"""A time from its start to before its end: a list, as JSON has it."""


class Coverage:
    """The spans of time that are covered, by source."""

    def __init__(self, covered: MutableMapping[str, list[Span]], account: str) -> None:
        """Initialize the coverage of what an account got, which is kept in covered.

        There a source's spans are replaced, never changed in place.
        """
        self._covered = covered
        self._account = account

    def begin(self, source_id: str, since: int, *, counts: bool = False) -> None:
        """Cover a source from a time on.

        A source that counts tells later what it counted while nobody listened.
        """
        spans = self._spans(source_id)
        start = spans[0][0] if counts and spans else since
        self._covered[self._key(source_id)] = union([*spans, [start, FOREVER]])

    def resume(
        self, source_ids: Collection[str], created_at: datetime, now: int
    ) -> None:
        """Go on with some sources where it was, and end with all others.

        Where nothing was ever written, a relay that is not new was killed before it had to: then
        all is covered since it was created.
        """
        if not self._covered:
            for source_id in source_ids:
                self.begin(source_id, to_us(created_at.timestamp()))
        self.end(now, but_of=source_ids)

    def interrupt(self, source_id: str, start: int, end: int) -> None:
        """Take note that nobody listened to a source for a time."""
        if spans := self._spans(source_id):
            self._covered[self._key(source_id)] = _cut(spans, [start, end])

    def end(self, now: int, *, but_of: Iterable[str] = ()) -> None:
        """Cover nothing from now on, but some sources for this account."""
        kept = {self._key(source_id) for source_id in but_of}
        for key, spans in self._covered.items():
            if key not in kept and spans and spans[-1][1] == FOREVER:
                self._covered[key] = _cut(spans, [now, FOREVER])

    def forget(self, before: int) -> None:
        """Forget what was long ago.

        Not before it is resumed: where all is forgotten, nothing seems ever to have been written.
        """
        for key, spans in list(self._covered.items()):
            if not (left := [span for span in spans if span[1] > before]):
                del self._covered[key]
            elif len(left) < len(spans):
                self._covered[key] = left

    def gaps(self, source_id: str, start: int, end: int) -> list[Span]:
        """Return what is not covered of a source's time."""
        gaps = [[start, end]] if start < end else []
        for span in self._spans(source_id):
            gaps = _cut(gaps, span)
        return gaps

    def with_span(
        self, source_ids: Iterable[str], start: int, end: int
    ) -> Mapping[str, list[Span]]:
        """Return what to keep of sources once a time of them is covered, too."""
        return {
            self._key(source_id): union([*self._spans(source_id), [start, end]])
            for source_id in source_ids
        }

    def _spans(self, source_id: str) -> list[Span]:
        return self._covered.get(self._key(source_id), [])

    def _key(self, source_id: str) -> str:
        """Return what a source's spans are kept by: another account has got nothing yet."""
        return f"{self._account} {source_id}"


def union(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch each other as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = [joined[-1][0], max(end, joined[-1][1])]
        else:
            joined.append([start, end])
    return joined


def length(spans: Sequence[Span]) -> int:
    """Return how long spans that do not touch each other are together, in µs."""
    return sum(end - start for start, end in spans)


def _cut(spans: Iterable[Span], hole: Span) -> list[Span]:
    """Return what is left of spans beside a hole."""
    hole_start, hole_end = hole
    return [
        part
        for start, end in spans
        for part in ([start, min(end, hole_start)], [max(start, hole_end), end])
        if part[0] < part[1]
    ]
