"""The states that the recorder keeps, quickly: only what is asked for, and what they share once.

Blocking: for the recorder's executor. Times are in microseconds since the Unix epoch, UTC, but those of
states in seconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import batched
from typing import Any, override

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from homeassistant.components.recorder.db_schema import StateAttributes, States
from homeassistant.core import Context, State, split_entity_id
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads_object
from homeassistant.util.read_only_dict import ReadOnlyDict

from ..reading import MILLISECOND, SECOND, to_us
from ..turns import Turns

type Attributes = ReadOnlyDict[str, Any]

type Row = tuple[
    int | None, str | None, int | None, float | None, float | None, float | None
]
"""Whose state, what, the number of its attributes, and when it came, changed, and was reported."""

AT_ONCE = 500
"""How many attributes are asked for at once: databases bound that."""

FEW = 50
"""How many states are looked at before others have their turn."""

utc = dt_util.utc_from_timestamp

NOTHING: Attributes = ReadOnlyDict()

COLUMNS = States.__table__.c
"""Not of objects, which would be made of each row before it is one."""

CONTEXT = Context()
"""Of all states: nobody asks who made them."""


class RecordedState(State):
    """A state that makes of numbers when it came and changed, where somebody asks: few do.

    What is a property here is an attribute of any other state, and nobody sets it later.
    """

    __slots__ = ("_changed_at",)

    def __init__(
        self,
        entity_id: str,
        state: str,
        attributes: Attributes,
        updated_at: float,
        changed_at: float,
    ) -> None:
        """Initialize the state, which came and changed at these times (seconds, UTC)."""
        self._cache = {}
        self.entity_id = entity_id
        self.domain, self.object_id = split_entity_id(entity_id)
        self.state = state
        self.attributes = attributes
        self.last_updated_timestamp = updated_at
        self._changed_at = changed_at
        self.context = CONTEXT
        self.state_info = None

    @property
    @override
    def last_updated(self) -> datetime:  # type: ignore[override]
        """When it came."""
        return utc(self.last_updated_timestamp)

    @property
    @override
    def last_reported(self) -> datetime:  # type: ignore[override]
        """The same: when it was told again is told of another one."""
        return utc(self.last_updated_timestamp)

    @property
    @override
    def last_changed(self) -> datetime:  # type: ignore[override]
        """When it became what it is."""
        return utc(self._changed_at)


type Recorded = tuple[float, float, State]
"""When a state came, when it was reported last (both in seconds, UTC), and the state."""


class Recordings:
    """What the recorder keeps of some entities, read from one time on, forward."""

    def __init__(self) -> None:
        """Initialize the recordings, of which nothing is known."""
        self._attributes: Mapping[int, Attributes] = {}

    def between(
        self, session: Session, entity_ids: Mapping[int, str], start: int, end: int
    ) -> Iterator[Recorded]:
        """Yield what came from start on and before the end, in the order of time.

        Entities are told by what the recorder calls them. Raises what the database does.
        """
        first, last = (start + MILLISECOND) / SECOND, (end - MILLISECOND) / SECOND
        found = session.connection().execute(_query(entity_ids, start, end))
        # What is made of a row is gone before the next ones are read
        turns = Turns()
        for rows in found.partitions(FEW):
            turns.give()
            self._learn(session, {row[2] for row in rows if row[2] is not None})
            attributes = self._attributes
            for number, value, attributes_id, at, changed_at, reported_at in rows:
                if not (first <= at < last or start <= to_us(at) < end):
                    continue
                state = RecordedState(
                    entity_ids[number],
                    value or "",
                    attributes.get(attributes_id, NOTHING),
                    at,
                    changed_at or at,
                )
                yield at, reported_at or at, state

    def _learn(self, session: Session, wanted: set[int]) -> None:
        """Know some attributes, and no others any more: a source may tell others each time."""
        known = {one: self._attributes[one] for one in wanted & self._attributes.keys()}
        for some in batched(wanted - known.keys(), AT_ONCE, strict=False):
            found = session.execute(
                select(
                    StateAttributes.attributes_id, StateAttributes.shared_attrs
                ).where(StateAttributes.attributes_id.in_(some))
            )
            for number, text in found:
                known[number] = ReadOnlyDict(json_loads_object(text) if text else {})
        self._attributes = known


def _query(metadata_ids: Iterable[int], start: int, end: int) -> Select[Row]:
    """Return what asks for the states of a time, and a little more: as a fraction it may be off."""
    return (
        select(
            COLUMNS.metadata_id,
            COLUMNS.state,
            COLUMNS.attributes_id,
            COLUMNS.last_updated_ts,
            COLUMNS.last_changed_ts,
            COLUMNS.last_reported_ts,
        )
        .where(States.metadata_id.in_(metadata_ids))
        .where(States.last_updated_ts >= (start - MILLISECOND) / SECOND)
        .where(States.last_updated_ts < (end + MILLISECOND) / SECOND)
        .order_by(States.last_updated_ts)
    )
