"""Where workouts are kept on disk: beside what waits for relays."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR

from ..const import DOMAIN
from .journal import Journal
from .shelf import Shelf


def folder_of(hass: HomeAssistant) -> Path:
    """Return the folder of all."""
    return Path(hass.config.path(STORAGE_DIR, DOMAIN))


def journal_of(hass: HomeAssistant, entry_id: str) -> Journal:
    """Return the journal of an entry."""
    return Journal(folder_of(hass) / f"{entry_id}.journal")


def shelf_of(hass: HomeAssistant, entry_id: str) -> Shelf:
    """Return where the last workouts of an entry are kept."""
    return Shelf(folder_of(hass), entry_id)
