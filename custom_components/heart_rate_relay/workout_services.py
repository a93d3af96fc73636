"""Actions of workouts."""

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv

from .const import DOMAIN
from .services import ENTRY, async_entry_of, error, quiet
from .workout.coordinator import WorkoutCoordinator
from .workout.data import attributes_of
from .workout.sport import Sport

ATTR_SPORT = "sport"
ATTR_WORKOUT = "workout"

SERVICE_END_WORKOUT = "end_workout"
SERVICE_EXPORT_WORKOUT = "export_workout"
SERVICE_START_WORKOUT = "start_workout"

START_SCHEMA = vol.Schema({**ENTRY, vol.Optional(ATTR_SPORT): vol.Coerce(Sport)})
END_SCHEMA = vol.Schema(ENTRY)
EXPORT_SCHEMA = vol.Schema({**ENTRY, vol.Optional(ATTR_WORKOUT): cv.string})


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
    wanted: str | None = call.data.get(ATTR_WORKOUT)
    exported = await call.hass.async_add_executor_job(_read, workout, wanted)
    if not exported:
        raise error("workout_not_kept", name=workout.name)
    return exported


def _read(workout: WorkoutCoordinator, wanted: str | None) -> ServiceResponse:
    """Return a workout as a file, None where it is not kept. Blocking."""
    shelf = workout.shelf
    ids = shelf.ids()
    id_ = wanted or next(iter(ids), "")
    path, summary = shelf.tcx(id_), shelf.summary(id_)
    if not path or not summary:
        return None
    return {
        "workout": id_,
        "file_name": f"{id_}.tcx",
        "tcx": path.read_text(encoding="utf-8"),
        "summary": dict(attributes_of(summary)),
        "kept": list(ids),
    }
