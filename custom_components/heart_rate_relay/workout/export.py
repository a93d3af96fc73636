"""A workout that is kept as a file of either kind, for portals.

Kept are TCX files: a FIT file is made of one when it is wanted. The library for that is installed
then, as Home Assistant installs what integrations need, and not with the integration: where it
cannot be had, all else has to go on.
"""

from datetime import timedelta
from enum import StrEnum

from homeassistant.core import HomeAssistant
from homeassistant.requirements import RequirementsNotFound, async_process_requirements
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..reading import SECOND
from .shelf import Shelf
from .tcx import tracks_of

FIT_LIBRARY = "fit-tool==0.9.16"


class Kind(StrEnum):
    """What kind of file."""

    TCX = "tcx"
    FIT = "fit"


MIME_TYPES = {
    Kind.TCX: "application/vnd.garmin.tcx+xml",
    Kind.FIT: "application/vnd.ant.fit",
}


class NoLibraryError(Exception):
    """The library for FIT files cannot be had."""


async def async_export(
    hass: HomeAssistant, shelf: Shelf, id_: str, kind: Kind
) -> bytes | None:
    """Return a workout as a file, None where it is not kept. Raises NoLibraryError."""
    if kind is Kind.TCX:
        return await hass.async_add_executor_job(shelf.tcx, id_)
    try:
        if not hass.config.skip_pip:
            await async_process_requirements(
                hass, DOMAIN, [FIT_LIBRARY], is_built_in=False
            )
        return await hass.async_add_executor_job(_fit, shelf, id_)
    except (ImportError, RequirementsNotFound) as err:
        raise NoLibraryError from err


def _fit(shelf: Shelf, id_: str) -> bytes | None:
    """Return a workout as a FIT file, None where it is not kept. Blocking."""
    # It may not be there, and takes half a second
    from .fit import to_fit  # noqa: PLC0415

    tcx, summary = shelf.tcx(id_), shelf.summary(id_)
    if not tcx or not summary:
        return None
    end = dt_util.utc_from_timestamp(summary.end / SECOND)
    offset = dt_util.as_local(end).utcoffset() or timedelta()
    return to_fit(summary, tracks_of(tcx), offset)
