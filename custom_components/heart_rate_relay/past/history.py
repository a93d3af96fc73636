"""What the recorder keeps of a relay's sources becomes readings.

Blocking: for the recorder's executor. It is told the states one after the other, as they came
when they were new, and so by the same rules becomes the same readings. What the recorder does not
keep cannot come back: of a value that was reported again and again, it has the first report and
the last one.

All times within are in microseconds since the Unix epoch, UTC, but those of states in seconds.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from heapq import heappop, heappush
from math import inf
from operator import attrgetter, itemgetter
from typing import NamedTuple

from sqlalchemy import func
from sqlalchemy.orm import Session

from homeassistant.components.recorder.db_schema import RecorderRuns, States
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.components.recorder.models import process_timestamp
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util

from ..outbox.coverage import FOREVER, Span
from ..reading import MILLISECOND, SECOND, Reading, to_us
from ..readings import NONE, Readings
from ..sources.lineup import Lineup, Watcher
from .recorded import Recordings

type Told = tuple[float, State | None, State]
"""When an entity told a state, or told it again, what it had told before, and the state."""


NEVER = (inf, inf)

GONE = ""
"""What the recorder keeps of an entity that was removed."""


class Chunk(NamedTuple):
    """What was read of a time."""

    readings: Readings
    states: int
    """How many states there were to look at."""
    until: int
    """Up to when: beyond the end that was asked for where there is nothing for longer."""


class Past:
    """The past of a relay's sources, read from one time on, forward."""

    def __init__(
        self,
        hass: HomeAssistant,
        lineup: Lineup,
        wanted: Mapping[str, Sequence[Span]],
        until: int = FOREVER,
    ) -> None:
        """Initialize the past until a time, as it is told to a lineup that knows nothing of it yet.

        Only what is wanted of each source, by its id, is made readings of. Where only the
        first live source counts, the others tell whether it does.
        """
        self._hass = hass
        self._lineup = lineup
        self._wanted = wanted
        self._until = until
        self.names = names_of(lineup.observers)
        """What the sources were called when it was told of them."""
        self._entity_ids = [
            entity_id
            for entity_id, observer in lineup.observers.items()
            if lineup.one_line or observer.source.id in wanted
        ]
        self._recordings = Recordings()
        self._latest: dict[str, State] = {}
        self._states = 0
        self._read_until: int | None = None
        self._restarts: list[float] = []
        self._restarts_until: int | None = None

    def read(self, start: int, end: int) -> Chunk:
        """Return what was measured in a time, which follows on the one read before.

        Raises what the database does.
        """
        if not self._entity_ids:
            # The last of the sources was removed meanwhile
            return Chunk(NONE, 0, FOREVER)
        self._states = 0
        passed = Readings.of(self._passed(start, end))
        self._read_until = end = end if self._states else self._next(end)
        settled = Readings.of(self._lineup.settled(end / SECOND))
        if end >= self._until:
            # Nobody will know more of what is still held back
            settled = Readings.joined(settled, Readings.of(self._lineup.left()))
        return Chunk(Readings.joined(passed, settled), self._states, end)

    def _passed(self, start: int, end: int) -> Iterator[Reading]:
        """Yield what was measured in a time, and count the states that were looked at."""
        observers, passed = self._lineup.observers, self._lineup.passed
        sure = self._wanted_for_sure(start)
        for at, old, state in self._told(start, end):
            self._states += 1
            observer = observers[state.entity_id]
            found = observer.observe(old, state, at)
            first, last = sure.get(observer.source.id, NEVER)
            if first <= at < last or self._is_wanted(observer.source.id, at):
                yield from passed(observer, found, at)

    def _next(self, start: int) -> int:
        """Return when there is a state again, FOREVER where there is none."""
        with session_scope(hass=self._hass, read_only=True) as session:
            ids = self._metadata_ids(session)
            next_at = (
                session.query(func.min(States.last_updated_ts))
                .filter(States.metadata_id.in_(ids))
                .filter(States.last_updated_ts >= start / SECOND)
                .scalar()
            )
        return FOREVER if next_at is None else to_us(next_at)

    def _told(self, start: int, end: int) -> Iterator[Told]:
        """Yield what was told in a time, the first time with what was known before it.

        It comes in the order in which it was told, what was told again with the rest.
        """
        self._note_restarts(start, end)
        if self._read_until is None:
            known = sorted(self._known_before(start), key=_updated_at)
            for state in known:
                self._latest[state.entity_id] = state
                yield state.last_updated_timestamp, None, state
        latest, restarts = self._latest, self._restarts
        again: list[tuple[float, int, State]] = []
        number = 0
        with session_scope(hass=self._hass, read_only=True) as session:
            ids = self._metadata_ids(session)
            for at, reported_at, state in self._recordings.between(
                session, ids, start, end
            ):
                while again and again[0][0] <= at:
                    told_at, _, same = heappop(again)
                    yield told_at, same, same
                old = latest.get(state.entity_id)
                if old and (
                    old.state == GONE
                    or (restarts and _between(restarts, old.last_updated_timestamp, at))
                ):
                    old = None
                latest[state.entity_id] = state
                yield at, old, state
                if reported_at > at:
                    number += 1
                    heappush(again, (reported_at, number, state))
        for told_at, _, same in sorted(again, key=itemgetter(0, 1)):
            yield told_at, same, same

    def _known_before(self, start: int) -> Iterator[State]:
        """Yield what each source had told last before a time."""
        found = get_significant_states(
            self._hass,
            _datetime(start - MILLISECOND),
            _datetime(start),
            self._entity_ids,
            include_start_time_state=True,
            significant_changes_only=False,
        )
        for states in found.values():
            for row in states:
                assert isinstance(row, State)
                if to_us(row.last_updated_timestamp) < start:
                    yield _whole(row)

    def _metadata_ids(self, session: Session) -> Mapping[int, str]:
        """Return what the recorder calls the sources that it knows."""
        known = get_instance(self._hass).states_meta_manager.get_many(
            self._entity_ids, session, False
        )
        return {number: entity_id for entity_id, number in known.items() if number}

    def _note_restarts(self, start: int, end: int) -> None:
        """Note when Home Assistant was started, after which an old state may come again.

        Also where nothing is told for long: the next state may be that one.
        """
        since = start if self._restarts_until is None else self._restarts_until
        self._restarts_until = end
        with session_scope(hass=self._hass, read_only=True) as session:
            starts = session.query(RecorderRuns.start).filter(
                RecorderRuns.start.between(_datetime(since), _datetime(end))
            )
            self._restarts += sorted(
                process_timestamp(row[0]).timestamp() for row in starts
            )

    def _wanted_for_sure(self, start: int) -> Mapping[str, tuple[float, float]]:
        """Return between which times (seconds, UTC) readings are surely to be made of sources.

        Those are the times from about a start on: nobody has to look at each of them.
        """
        return {
            source_id: ((start + MILLISECOND) / SECOND, (last - MILLISECOND) / SECOND)
            for source_id, spans in self._wanted.items()
            for first, last in spans
            if first <= start < last
        }

    def _is_wanted(self, source_id: str, at: float) -> bool:
        """Return whether readings are to be made of what a source told at that time."""
        told_at = to_us(at)
        for start, end in self._wanted.get(source_id, ()):
            if start <= told_at < end:
                return True
        return False


def names_of(observers: Mapping[str, Watcher]) -> Mapping[str, str]:
    """Return what the sources that are watched are called now, by what they are remembered by."""
    return {observer.source.id: entity_id for entity_id, observer in observers.items()}


_updated_at = attrgetter("last_updated_timestamp")


def _whole(row: State) -> State:
    """Return a state that can be asked for all, as the recorder's own cannot."""
    return State(
        row.entity_id,
        row.state,
        row.attributes,
        last_changed=row.last_changed,
        last_updated=row.last_updated,
        validate_entity_id=False,
        last_updated_timestamp=row.last_updated_timestamp,
    )


def _between(times: Sequence[float], first: float, last: float) -> bool:
    """Return whether one of some times is after the first and not after the last."""
    return bisect_right(times, first) < bisect_right(times, last)


def _datetime(microseconds: int) -> datetime:
    """Return a time as the recorder wants it."""
    return dt_util.utc_from_timestamp(microseconds / SECOND)
