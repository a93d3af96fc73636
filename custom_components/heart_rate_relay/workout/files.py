"""Serves the files of the last workouts to whoever is signed in."""

from http import HTTPStatus

from aiohttp import web

from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..const import DOMAIN
from .coordinator import WorkoutCoordinator

MIME_TYPE = "application/vnd.garmin.tcx+xml"

URL = f"/api/{DOMAIN}/workouts"


def file_url(entry_id: str, id_: str) -> str:
    """Return where the file of a workout is to be had."""
    return f"{URL}/{entry_id}/{id_}.tcx"


class FileView(HomeAssistantView):
    """Serves the file of a workout."""

    url = URL + "/{entry_id}/{id_}.tcx"
    name = f"api:{DOMAIN}:workouts"

    async def get(
        self, request: web.Request, entry_id: str, id_: str
    ) -> web.StreamResponse:
        """Return a file, if it is kept."""
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        coordinator = getattr(entry, "runtime_data", None)
        if not isinstance(coordinator, WorkoutCoordinator):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        path = await hass.async_add_executor_job(coordinator.shelf.tcx, id_)
        if not path:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        return web.FileResponse(
            path,
            headers={
                "Content-Disposition": f'attachment; filename="{id_}.tcx"',
                "Content-Type": MIME_TYPE,
            },
        )
