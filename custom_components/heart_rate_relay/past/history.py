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
from operator import attrgetter
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
from ..sources.lineup import Lineup
from .recorded import Recordings


class Told(NamedTuple):
    """A state that an entity told, or told again."""

    at: float
    entity_id: str
    old: State | None
    state: State


class Chunk(NamedTuple):
    """What was read of a time."""

    readings: Sequence[Reading]
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
    ) -> None:
        """Initialize the past as it is told to a lineup that knows nothing of it yet.

        Only what is wanted of each source, by its id, is made readings of. Where only the
        first live source counts, the others tell whether it does.
        """
        self._hass = hass
        self._lineup = lineup
        self._wanted = wanted
        self._entity_ids = [
            entity_id
            for entity_id, observer in lineup.observers.items()
            if lineup.one_line or observer.source.id in wanted
        ]
        self._recordings = Recordings()
        self._latest: dict[str, State] = {}
        self._read_until: int | None = None
        self._restarts: list[float] = []
        self._restarts_until: int | None = None

    def read(self, start: int, end: int) -> Chunk:
        """Return what was measured in a time, which follows on the one read before.

        Raises what the database does.
        """
        if not self._entity_ids:
            # The last of the sources was removed meanwhile
            return Chunk((), 0, FOREVER)
        told = sorted(self._told(start, end), key=attrgetter("at"))
        self._read_until = end = end if told else self._next(end)
        readings: list[Reading] = []
        for at, entity_id, old, state in told:
            observer = self._lineup.observers[entity_id]
            found = observer.observe(old, state, at)
            if self._is_wanted(observer.source.id, at):
                readings += self._lineup.passed(observer, found, at)
        readings += self._lineup.settled(end / SECOND)
        return Chunk(readings, len(told), end)

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
        """Yield what was told in a time, the first time with what was known before it."""
        self._note_restarts(start, end)
        if self._read_until is None:
            for state in self._known_before(start):
                self._latest[state.entity_id] = state
                yield Told(state.last_updated_timestamp, state.entity_id, None, state)
        with session_scope(hass=self._hass, read_only=True) as session:
            ids = self._metadata_ids(session)
            for at, reported_at, state in self._recordings.between(
                session, ids, start, end
            ):
                old = self._latest.get(state.entity_id)
                if old and _between(self._restarts, old.last_updated_timestamp, at):
                    old = None
                self._latest[state.entity_id] = state
                yield Told(at, state.entity_id, old, state)
                if reported_at > at:
                    yield Told(reported_at, state.entity_id, state, state)

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

    def _is_wanted(self, source_id: str, at: float) -> bool:
        """Return whether readings are to be made of what a source told at that time."""
        told_at = to_us(at)
        for start, end in self._wanted.get(source_id, ()):
            if start <= told_at < end:
                return True
        return False


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
