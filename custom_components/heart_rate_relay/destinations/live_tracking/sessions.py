"""How long a session has lasted, and how far it has gone, second by second.

The server wants totals, and it is told of readings that come late, again, or in parts. So a
total is never counted up: it follows from all readings that are known, each of them once,
whatever order they came in. A batch that is sent again makes the same lines. Where one that
comes late changes what was told of later seconds, those are due to be told anew: a second that
is written again replaces what was there.

A workout is a session of its own: it begins with it, whatever was measured before, and goes on over
any pause until the workout is over, or nothing is known of it any more.

What outlasts a restart is the last session as far as it was taken: when it began, and how far
each source had measured by when. What such a source measured until then is known, so that it is
not counted again; how far it was before then is not, so that it is not told.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...metrics import (
    AIR_TEMPERATURE,
    BATTERY,
    CYCLING_DISTANCE,
    DISTANCE,
    SIGNAL_STRENGTH,
    WORKOUT,
)
from ...reading import SECOND, Reading, now_us

QUIET = 30 * 60
"""Seconds without a reading after which the next one begins another session."""

KEPT = 9 * 60 * 60
"""Seconds for which readings are known: longer than the server keeps them."""

AMBIENT = frozenset({BATTERY, SIGNAL_STRENGTH, AIR_TEMPERATURE})
"""What is measured day and night, whether anybody moves or not."""

DISTANCES = frozenset({DISTANCE, CYCLING_DISTANCE})

METRES_IN_KM = 1000
MILLIMETRE_IN_KM = 6
"""Decimals."""

type Series = tuple[str, str]
"""What measures a way: the key of a metric, and the id of a source."""


class Way:
    """How far a source has measured in a session, as it went on."""

    def __init__(self, until: int = 0, metres: float = 0.0) -> None:
        """Initialize the way, of which no more is known until that time, in µs UTC."""
        # Numbers in a row, as there may be one for each second of hours
        self._ends = array("q", [until])
        self._totals = array("d", [metres])

    def add(self, at: int, metres: float) -> bool:
        """Add what was measured until a time, and return whether that was not known."""
        place = bisect_right(self._ends, at)
        if place == 0 or self._ends[place - 1] == at:
            return False
        self._ends.insert(place, at)
        self._totals.insert(place, self._totals[place - 1])
        for later in range(place, len(self._totals)):
            self._totals[later] += metres
        return True

    def at(self, moment: int) -> float | None:
        """Return how many metres it was at a time in µs UTC, None where that is not known."""
        place = bisect_right(self._ends, moment)
        return self._totals[place - 1] if place else None

    def last_before(self, moment: int) -> tuple[int, float]:
        """Return when something was last added until a time, and how far it was then."""
        place = max(1, bisect_right(self._ends, moment))
        return self._ends[place - 1], self._totals[place - 1]

    def ends_in(self, second: int) -> bool:
        """Return whether something was added in a second."""
        place = bisect_left(self._ends, second * SECOND)
        return place < len(self._ends) and self._ends[place] // SECOND == second

    def seconds_after(self, at: int) -> Iterator[int]:
        """Yield the seconds in which something was added after a time in µs UTC."""
        for later in range(bisect_right(self._ends, at), len(self._ends)):
            yield self._ends[later] // SECOND

    def forget(self, before: int) -> None:
        """Know no longer what was added before a time in µs UTC, but how much it was."""
        place = max(1, bisect_right(self._ends, before)) - 1
        del self._ends[:place], self._totals[:place]

    def split(self, at: int) -> Way:
        """Give away what was added from a time in µs UTC on."""
        place = max(1, bisect_left(self._ends, at))
        so_far, later = self._totals[place - 1], Way()
        later._ends += self._ends[place:]
        later._totals.extend(metres - so_far for metres in self._totals[place:])
        del self._ends[place:], self._totals[place:]
        return later

    def join(self, later: Way) -> None:
        """Go on with what was measured in a later session, which was none of its own."""
        so_far = self._totals[-1]
        first = 0 if later._ends[0] else 1
        self._ends += later._ends[first:]
        self._totals.extend(so_far + metres for metres in later._totals[first:])


class Session:
    """Readings between which there was no quiet time, each second of them."""

    def __init__(self, started_at: int) -> None:
        """Initialize the session with the second of its first reading."""
        self.started_at = started_at
        self.seconds = array("q", [started_at])
        """In which something was measured, in order."""
        self.ways: dict[Series, Way] = {}

    def note(self, second: int) -> bool:
        """Take note of a reading, and return whether it began before all that is known."""
        if second > self.seconds[-1]:
            self.seconds.append(second)
        elif self.seconds[bisect_left(self.seconds, second)] != second:
            insort(self.seconds, second)
        is_earlier = second < self.started_at
        self.started_at = min(self.started_at, second)
        return is_earlier

    def travel(self, reading: Reading) -> Iterator[int]:
        """Add a distance, and yield the later seconds whose totals it changes."""
        series, at = (reading.metric.key, reading.source.id), reading.measured_at
        if self.ways.setdefault(series, Way()).add(at, reading.value):
            for way in self.ways.values():
                yield from way.seconds_after(at)

    def fields(self, second: int) -> Mapping[str, float]:
        """Return what the server is to be told of a second."""
        fields: dict[str, float] = {}
        place = bisect_left(self.seconds, second)
        if place < len(self.seconds) and self.seconds[place] == second:
            fields["dur_s"] = float(second - self.started_at)
        if any(way.ends_in(second) for way in self.ways.values()):
            metres = self._metres_at(second)
            if metres is not None:
                fields["dist_km"] = round(metres / METRES_IN_KM, MILLIMETRE_IN_KM)
        return fields

    def _metres_at(self, second: int) -> float | None:
        """Return how far it was at the end of a second, None where that is not known.

        Of several sources of one metric the one that measured most counts: a watch and a
        phone went the same way.
        """
        totals: dict[str, float] = {}
        for (metric, _), way in self.ways.items():
            if (metres := way.at((second + 1) * SECOND - 1)) is None:
                return None
            totals[metric] = max(totals.get(metric, 0.0), metres)
        return sum(totals.values())

    def as_of(self, second: int) -> Mapping[str, object]:
        """Return what was known of it when all until a second was."""
        moment = (second + 1) * SECOND - 1
        return {
            "started_at": self.started_at,
            "latest": second,
            "ways": [
                [*series, *way.last_before(moment)] for series, way in self.ways.items()
            ],
        }

    def join(self, later: Session) -> None:
        """Go on with a later session, which was none of its own."""
        self.seconds += later.seconds
        for series, way in later.ways.items():
            self.ways.setdefault(series, Way()).join(way)

    def split(self, second: int) -> Session | None:
        """Give away what was measured from a second on, None where that is all or nothing."""
        place = bisect_left(self.seconds, second)
        if place in (0, len(self.seconds)):
            return None
        later = Session(self.seconds[place])
        later.seconds = self.seconds[place:]
        del self.seconds[place:]
        later.ways = {
            series: way.split(second * SECOND) for series, way in self.ways.items()
        }
        return later

    def forget(self, before: int) -> None:
        """Know no longer what was measured before a second."""
        del self.seconds[: bisect_left(self.seconds, before)]
        for way in self.ways.values():
            way.forget(before * SECOND)


class Sessions:
    """The sessions of the last hours."""

    def __init__(self) -> None:
        """Initialize the sessions, of which none is known."""
        self.due: set[int] = set()
        """The seconds that are to be told anew."""
        self._sessions: list[Session] = []
        self._bounds: list[int] = []
        """The seconds that no session goes beyond: those after it are of another one."""
        self._begun: set[int] = set()
        """The bounds with which a workout began."""
        self._accepted = 0

    def add(self, readings: Iterable[Reading]) -> Sequence[int]:
        """Take note of readings, and return the seconds that are to be told with them."""
        told: set[int] = set()
        for reading in readings:
            if reading.metric in AMBIENT:
                continue
            if reading.metric is WORKOUT:
                told.update(self._follow(reading))
                continue
            second = reading.measured_at // SECOND
            session = self._session_for(second)
            if session.note(second):
                self.due.update(session.seconds)
            if reading.metric in DISTANCES:
                self.due.update(session.travel(reading))
            told.add(second)
        self._forget_old()
        return sorted(told)

    def fields(self, second: int) -> Mapping[str, float]:
        """Return what the server is to be told of a second."""
        session = self._session_at(second)
        return session.fields(second) if session else {}

    def accept(self, seconds: Iterable[int]) -> Mapping[str, object] | None:
        """Take note that the server was told of seconds as they are.

        Return what must be remembered of that, as JSON knows it: the session of the latest of
        all, without what was not told yet. None where there is none.
        """
        self.due.difference_update(seconds)
        self._accepted = max(self._accepted, *seconds, 0)
        session = self._session_at(self._accepted)
        return session.as_of(self._accepted) if session else None

    def restore(self, remembered: Any) -> None:
        """Go on with what was remembered. What makes no sense is none."""
        try:
            session, latest = Session(remembered["started_at"]), remembered["latest"]
            session.note(latest)
            session.ways = {
                (metric, source): Way(until, metres)
                for metric, source, until, metres in remembered["ways"]
            }
        except LookupError, OverflowError, TypeError, ValueError:
            return
        self._sessions, self._accepted = [session], latest

    def _follow(self, workout: Reading) -> Iterator[int]:
        """Let a workout that goes on, or is over, be a session, and yield its first second."""
        end = workout.measured_at // SECOND
        begin = (workout.measured_at - workout.duration) // SECOND
        self._forget_ahead()
        self._begun.add(begin)
        self._part(begin)
        if workout.source.said:
            self._part(end + 1)
        session = self._session_for(begin)
        if session.note(begin):
            self.due.update(session.seconds)
        yield begin

    def _part(self, bound: int) -> None:
        """Have no session go beyond a second."""
        if bound in self._bounds:
            return
        insort(self._bounds, bound)
        for session in [*self._sessions]:
            if later := session.split(bound):
                insort(self._sessions, later, key=lambda each: each.started_at)
                self.due.update(later.seconds)

    def _forget_ahead(self) -> None:
        """Have no bounds in the future: told were those by a clock that was ahead."""
        now = now_us() // SECOND
        del self._bounds[bisect_right(self._bounds, now + 1) :]
        self._begun &= set(self._bounds)

    def _place(self, second: int) -> int:
        """Return between which bounds a second is."""
        return bisect_right(self._bounds, second)

    def _session_at(self, second: int) -> Session | None:
        """Return the session in which a second is, None where it is in none."""
        for session in reversed(self._sessions):
            if session.started_at <= second <= session.seconds[-1]:
                return session
        return None

    def _session_for(self, second: int) -> Session:
        """Return the session to which a second belongs, in which two become one."""
        place = self._place(second)
        is_workout = place > 0 and self._bounds[place - 1] in self._begun
        quiet = KEPT if is_workout else QUIET
        near = [
            session
            for session in self._sessions
            if session.started_at - quiet <= second <= session.seconds[-1] + quiet
            and self._place(session.started_at) == place
        ]
        if not near:
            session = Session(second)
            insort(self._sessions, session, key=lambda each: each.started_at)
            return session
        first, *others = near
        for other in others:
            self.due.update(other.seconds)
            first.join(other)
            self._sessions.remove(other)
        return first

    def _forget_old(self) -> None:
        """Know no longer what is too old to be told anew."""
        if not self._sessions:
            return
        # Where a clock was ahead, what it told is no measure
        latest = min(self._sessions[-1].seconds[-1], now_us() // SECOND)
        before = latest - KEPT
        if self._bounds and self._bounds[0] < before - QUIET:
            # The last one of them may be that of a workout which goes on
            del self._bounds[: max(0, bisect_left(self._bounds, before) - 1)]
            self._begun &= set(self._bounds)
        while self._sessions[0].seconds[-1] < before:
            self._sessions.pop(0)
        first = self._sessions[0]
        # Now and then, as it takes a while
        if first.seconds[0] < before - QUIET:
            first.forget(before)
            self.due = {second for second in self.due if second >= before}
