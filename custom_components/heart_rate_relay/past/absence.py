"""When Home Assistant ran and a relay did not: in safe mode, or after an update that broke it.

Nothing is written at each start that would tell. But while a relay is not loaded its status is
unavailable, and so the recorder knows. Where it does not keep the status, nothing is known, and the
relay counts as loaded: better a reading is missing than that it comes twice.

Blocking: for the recorder's executor. All times are in microseconds since the Unix epoch, UTC.
"""

from collections.abc import Iterator
from datetime import datetime

from homeassistant.components.recorder.db_schema import RecorderRuns, States
from homeassistant.components.recorder.models import process_timestamp
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util

from ..outbox.coverage import Span
from ..reading import SECOND, to_us

MARGIN = 60 * SECOND
"""For how long a relay may listen before its status shows that it does, or after, in µs."""

type Shown = tuple[int, bool]
"""When a status was shown, and whether that was that the relay is there."""


@callback
def async_status_id(hass: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return the entity that tells the status of a relay."""
    return next(
        (
            entity.entity_id
            for entity in er.async_entries_for_config_entry(
                er.async_get(hass), entry.entry_id
            )
            if entity.translation_key == "status"
        ),
        None,
    )


def absences(hass: HomeAssistant, status_id: str, since: int, until: int) -> list[Span]:
    """Return when a relay was not loaded, by the entity that tells its status.

    At until it was loaded again. Raises what the database does.
    """
    found: list[Span] = []
    with session_scope(hass=hass, read_only=True) as session:
        status = get_instance(hass).states_meta_manager.get(status_id, session, False)
        runs = (
            session.query(RecorderRuns.start, RecorderRuns.end)
            .filter(RecorderRuns.start < _datetime(until))
            .order_by(RecorderRuns.start)
        )
        for began, ended in runs.all():
            start, end = _us(began), _us(ended) if ended else until
            if end <= since:
                continue
            end = min(end, until)
            rows = (
                session.query(States.last_updated_ts, States.state)
                .filter(States.metadata_id == status)
                .filter(States.last_updated_ts >= start / SECOND)
                .filter(States.last_updated_ts < end / SECOND)
                .order_by(States.last_updated_ts)
            )
            shown = ((to_us(at), to != STATE_UNAVAILABLE) for at, to in rows if at)
            found += _unavailable(shown, start, end)
    spans = ([max(start, since), min(end, until)] for start, end in found)
    return [span for span in spans if span[0] < span[1]]


def _unavailable(shown: Iterator[Shown], start: int, end: int) -> Iterator[Span]:
    """Yield when a relay was not there while Home Assistant ran from start to end.

    What was unavailable from the first was so before that was shown.
    """
    gone_at: int | None = None
    is_first = True
    for at, is_there in shown:
        if is_there and gone_at is not None:
            yield [gone_at, at - MARGIN]
            gone_at = None
        elif not is_there and gone_at is None:
            gone_at = start if is_first else at + MARGIN
        is_first = False
    if gone_at is not None:
        yield [gone_at, end]


def _us(moment: datetime) -> int:
    """Return a time that the recorder keeps."""
    return to_us(process_timestamp(moment).timestamp())


def _datetime(microseconds: int) -> datetime:
    """Return a time as the recorder wants it."""
    return dt_util.utc_from_timestamp(microseconds / SECOND)
