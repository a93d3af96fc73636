"""Actions of workouts."""

from base64 import b64encode
from datetime import timedelta

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .reading import to_us
from .services import ATTR_END, ATTR_START, ENTRY, async_entry_of, error, quiet
from .workout.coordinator import WorkoutCoordinator
from .workout.data import attributes_of
from .workout.export import FIT_LIBRARY, Kind, NoLibraryError, async_export
from .workout.sport import Sport

ATTR_FORMAT = "format"
ATTR_SPORT = "sport"
ATTR_WORKOUT = "workout"

SERVICE_END_WORKOUT = "end_workout"
SERVICE_EXPORT_WORKOUT = "export_workout"
SERVICE_FIND_WORKOUTS = "find_workouts"
SERVICE_START_WORKOUT = "start_workout"

START_SCHEMA = vol.Schema({**ENTRY, vol.Optional(ATTR_SPORT): vol.Coerce(Sport)})
END_SCHEMA = vol.Schema(ENTRY)
EXPORT_SCHEMA = vol.Schema(
    {
        **ENTRY,
        vol.Optional(ATTR_FORMAT, default=Kind.TCX): vol.Coerce(Kind),
        vol.Optional(ATTR_WORKOUT): cv.string,
    }
)

FIND_SCHEMA = vol.Schema(
    {
        **ENTRY,
        vol.Optional(ATTR_START): cv.datetime,
        vol.Optional(ATTR_END): cv.datetime,
    }
)

KEPT = timedelta(days=10)
"""For how long the recorder usually keeps the past."""


@callback
def async_setup_workout_services(hass: HomeAssistant) -> None:
    """Set up the actions."""
    register = hass.services.async_register
    register(DOMAIN, SERVICE_START_WORKOUT, quiet(_start), START_SCHEMA)
    register(DOMAIN, SERVICE_END_WORKOUT, quiet(_end), END_SCHEMA)
    register(
        DOMAIN,
        SERVICE_EXPORT_WORKOUT,
        quiet(_export),
        EXPORT_SCHEMA,
        SupportsResponse.ONLY,
    )
    register(
        DOMAIN,
        SERVICE_FIND_WORKOUTS,
        quiet(_find),
        FIND_SCHEMA,
        SupportsResponse.OPTIONAL,
    )


async def _workout(call: ServiceCall) -> WorkoutCoordinator:
    """Return the workouts that an action is for. Raises what async_entry_of does."""
    entry = await async_entry_of(call)
    if not isinstance(workout := entry.runtime_data, WorkoutCoordinator):
        raise error("not_a_workout", name=entry.title)
    return workout


async def _start(call: ServiceCall) -> None:
    """Begin a workout, or say of the one that goes on what it is."""
    (await _workout(call)).async_begin(call.data.get(ATTR_SPORT))


async def _end(call: ServiceCall) -> None:
    """End the workout."""
    workout = await _workout(call)
    if not workout.async_end():
        raise error("no_workout", name=workout.name)


async def _export(call: ServiceCall) -> ServiceResponse:
    """Return one of the workouts that are kept, by default the last one, as a file."""
    workout = await _workout(call)
    shelf, kind = workout.shelf, call.data[ATTR_FORMAT]
    kept = await call.hass.async_add_executor_job(shelf.ids)
    id_ = call.data.get(ATTR_WORKOUT) or next(iter(kept), "")
    summary = await call.hass.async_add_executor_job(shelf.summary, id_)
    try:
        file = await async_export(call.hass, shelf, id_, kind)
    except NoLibraryError:
        raise error("no_fit_library", library=FIT_LIBRARY) from None
    if file is None or not summary:
        raise error("workout_not_kept", name=workout.name)
    return {
        "workout": id_,
        "file_name": f"{id_}.{kind}",
        kind: file.decode() if kind is Kind.TCX else b64encode(file).decode(),
        "summary": dict(attributes_of(summary)),
        "kept": list(kept),
    }


async def _find(call: ServiceCall) -> ServiceResponse:
    """Find workouts of the past, and return what they came to."""
    workout = await _workout(call)
    if DATA_INSTANCE not in call.hass.data:
        raise error("no_recorder")
    now = dt_util.utcnow()
    start = dt_util.as_utc(call.data.get(ATTR_START, now - KEPT))
    end = min(now, dt_util.as_utc(call.data.get(ATTR_END, now)))
    if start >= end:
        raise error("empty_span")
    found = await workout.async_find(to_us(start.timestamp()), to_us(end.timestamp()))
    if not call.return_response:
        return None
    return {"found": [dict(attributes_of(summary)) for summary in found]}
