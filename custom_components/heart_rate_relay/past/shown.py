"""How far Home Assistant remembers that a counter had come, which a kill may have it forget."""

from datetime import datetime

from homeassistant.components.recorder.db_schema import States
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import (
    DATA_INSTANCE,
    async_migration_in_progress,
    get_instance,
    session_scope,
)

from ..unexpected import log_unexpected

LATEST = 20
"""How many states to look at: the last ones may tell that it was not available."""


async def async_last_shown(hass: HomeAssistant, entity_id: str, since: datetime) -> int:
    """Return what a counter showed last since a time, 0 where nobody knows."""
    if DATA_INSTANCE not in hass.data or async_migration_in_progress(hass):
        return 0
    try:
        return await get_instance(hass).async_add_executor_job(
            _last_recorded, hass, entity_id, since.timestamp()
        )
    except Exception as err:  # noqa: BLE001 - whatever the database raises, it counts
        log_unexpected(err, "what was counted last is not known")
        return 0


def count(state: str | None) -> int:
    """Return how many a state tells, 0 where it tells nothing."""
    return int(state) if state and state.isdecimal() else 0


def _last_recorded(hass: HomeAssistant, entity_id: str, since: float) -> int:
    """Return what the recorder has last of a counter since a time (seconds, UTC).

    Raises what the database does.
    """
    with session_scope(hass=hass, read_only=True) as session:
        entity = get_instance(hass).states_meta_manager.get(entity_id, session, False)
        latest = (
            session.query(States.state)
            .filter(States.metadata_id == entity)
            .filter(States.last_updated_ts >= since)
            .order_by(States.last_updated_ts.desc())
            .limit(LATEST)
        )
        return next((shown for (state,) in latest if (shown := count(state))), 0)
