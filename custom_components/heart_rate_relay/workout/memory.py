"""What a workout keeps on disk: its journal, and the last ones that are over."""

import asyncio
from collections.abc import Callable

from homeassistant.core import HomeAssistant

from ..const import LOGGER
from .journal import Happening, Journal, Start
from .shelf import Shelf, id_of
from .summary import Summary
from .tracker import Finished


class Memory:
    """Writes one thing after the other, in the executor."""

    def __init__(
        self, hass: HomeAssistant, journal: Journal, shelf: Shelf, name: str
    ) -> None:
        """Initialize the memory of a workout by a name."""
        self._hass = hass
        self._journal = journal
        self._shelf = shelf
        self._name = name
        self._lock = asyncio.Lock()
        self._has_failed = False

    async def read(self) -> tuple[Start, list[Happening]]:
        """Return what had happened when Home Assistant was stopped, or killed."""
        return await self._hass.async_add_executor_job(self._journal.read)

    async def latest(self) -> Summary | None:
        """Return what the last workout came to, None where none is kept."""

        def latest() -> Summary | None:
            return next(
                (
                    summary
                    for id_ in self._shelf.ids()
                    if (summary := self._shelf.summary(id_))
                ),
                None,
            )

        return await self._hass.async_add_executor_job(latest)

    async def write(self, happened: list[Happening], *, sync: bool) -> None:
        """Write what has happened."""
        await self._try(lambda: self._journal.write(happened, sync=sync))

    async def begin(self, start: Start) -> None:
        """Forget what has happened."""
        await self._try(lambda: self._journal.begin(start))

    async def keep(self, finished: Finished, number: int) -> str:
        """Keep a workout that is over, and so many of the last ones; return what it is called."""
        await self._try(lambda: self._shelf.add(finished, number))
        return id_of(finished.summary)

    async def _try(self, write: Callable[[], None]) -> None:
        """Write, and tell once that the disk does not take it."""
        async with self._lock:
            try:
                await self._hass.async_add_executor_job(write)
            except OSError as err:
                if not self._has_failed:
                    LOGGER.error(
                        "%s could not be written to disk, a restart would lose it: %s",
                        self._name,
                        err.strerror,
                    )
                self._has_failed = True
            else:
                self._has_failed = False
