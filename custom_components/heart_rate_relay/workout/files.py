"""Serves the files of the last workouts to whoever is signed in."""

from http import HTTPStatus

from aiohttp import web

from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..const import DOMAIN
from .coordinator import WorkoutCoordinator
from .export import MIME_TYPES, Kind, NoLibraryError, async_export

URL = f"/api/{DOMAIN}/workouts"


def file_url(entry_id: str, id_: str, kind: Kind) -> str:
    """Return where a file of a workout is to be had."""
    return f"{URL}/{entry_id}/{id_}.{kind}"


class FileView(HomeAssistantView):
    """Serves the files of a workout."""

    url = URL + f"/{{entry_id}}/{{id_}}.{{kind:{'|'.join(Kind)}}}"
    name = f"api:{DOMAIN}:workouts"

    async def get(
        self, request: web.Request, entry_id: str, id_: str, kind: str
    ) -> web.StreamResponse:
        """Return a file, if it is kept."""
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        coordinator = getattr(entry, "runtime_data", None)
        if not isinstance(coordinator, WorkoutCoordinator):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        try:
            file = await async_export(hass, coordinator.shelf, id_, Kind(kind))
        except NoLibraryError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        if file is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        return web.Response(
            body=file,
            content_type=MIME_TYPES[Kind(kind)],
            headers={"Content-Disposition": f'attachment; filename="{id_}.{kind}"'},
        )
