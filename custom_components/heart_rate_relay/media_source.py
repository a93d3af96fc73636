"""The last workouts as files in the media browser."""

from typing import override

from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .workout.coordinator import WorkoutConfigEntry, WorkoutCoordinator
from .workout.export import MIME_TYPES, Kind
from .workout.files import file_url
from .workout.shelf import time_of


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return where the files are."""
    return WorkoutMediaSource(hass)


class WorkoutMediaSource(MediaSource):
    """Finds the files: for each wearer those of the last workouts."""

    name = "Workouts"

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the source."""
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where to get a file. Raises Unresolvable."""
        entry_id, _, name = item.identifier.partition("/")
        id_, _, kind = name.partition(".")
        for entry in self._entries():
            if entry.entry_id == entry_id and kind in list(Kind):
                shelf = entry.runtime_data.shelf
                if id_ in await self._hass.async_add_executor_job(shelf.ids):
                    url = file_url(entry_id, id_, Kind(kind))
                    return PlayMedia(url, MIME_TYPES[Kind(kind)])
        raise Unresolvable(
            translation_domain=DOMAIN,
            translation_key="file_not_kept",
        )

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return the wearers, or the workouts of one."""
        entries = self._entries()
        for entry in entries:
            if entry.entry_id == item.identifier:
                return await self._workouts(entry)
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=None,
            media_class=MediaClass.APP,
            media_content_type="",
            title=self.name or "",
            can_play=False,
            can_expand=True,
            children_media_class=MediaClass.DIRECTORY,
            children=[_folder(entry) for entry in entries],
        )

    async def _workouts(self, entry: WorkoutConfigEntry) -> BrowseMediaSource:
        """Return the workouts of a wearer, the last one first."""

        kept = await self._hass.async_add_executor_job(entry.runtime_data.shelf.ids)
        folder = _folder(entry)
        folder.children = [
            BrowseMediaSource(
                domain=DOMAIN,
                identifier=f"{entry.entry_id}/{id_}.{kind}",
                media_class=MediaClass.URL,
                media_content_type=MIME_TYPES[kind],
                title=f"{dt_util.as_local(time_of(id_)):%Y-%m-%d %H:%M}.{kind}",
                can_play=True,
                can_expand=False,
            )
            for id_ in kept
            for kind in Kind
        ]
        return folder

    @callback
    def _entries(self) -> list[WorkoutConfigEntry]:
        """Return the wearers."""
        return [
            entry
            for entry in self._hass.config_entries.async_loaded_entries(DOMAIN)
            if isinstance(entry.runtime_data, WorkoutCoordinator)
        ]


def _folder(entry: WorkoutConfigEntry) -> BrowseMediaSource:
    """Return what holds the workouts of a wearer."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=entry.entry_id,
        media_class=MediaClass.DIRECTORY,
        media_content_type="",
        title=entry.title,
        can_play=False,
        can_expand=True,
        children_media_class=MediaClass.URL,
    )
