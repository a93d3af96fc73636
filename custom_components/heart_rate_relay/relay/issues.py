"""What a relay reports to the repairs, for a person to act on."""

from collections.abc import Iterable
from itertools import chain

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DEFAULT_OPTIONS, SOURCE_OPTIONS
from ..destinations.base import DestinationError, NotEntitledError, NotStoredError
from ..issues import async_create, async_delete
from .candidates import async_last_entity_id
from .outbox import Outbox


@callback
def async_update_account(
    hass: HomeAssistant, entry: ConfigEntry, error: DestinationError | None
) -> None:
    """Report what the account lacks, or that the service stores nothing."""
    issue_id = f"not_entitled_{entry.entry_id}"
    if isinstance(error, NotEntitledError | NotStoredError):
        async_create(
            hass, issue_id, error.key, ir.IssueSeverity.ERROR, relay=entry.title
        )
    else:
        async_delete(hass, issue_id)


@callback
def async_update_sources(
    hass: HomeAssistant, entry: ConfigEntry, missing: Iterable[str]
) -> None:
    """Report the sources that are gone."""
    missing = set(missing)
    options = DEFAULT_OPTIONS | entry.options
    for source_id in chain(*(options[option] for option in SOURCE_OPTIONS.values())):
        issue_id = f"source_missing_{entry.entry_id}_{source_id}"
        if source_id in missing:
            entity_id = async_last_entity_id(hass, source_id)
            async_create(
                hass,
                issue_id,
                "source_missing",
                relay=entry.title,
                source=entity_id,
            )
        else:
            async_delete(hass, issue_id)


@callback
def async_update_outbox(
    hass: HomeAssistant, entry: ConfigEntry, outbox: Outbox
) -> None:
    """Report what is wrong with the file in which readings wait."""
    if outbox.set_aside:
        async_create(
            hass,
            f"outbox_damaged_{entry.entry_id}",
            "outbox_damaged",
            relay=entry.title,
            file=str(outbox.set_aside),
        )
    issue_id = f"disk_failed_{entry.entry_id}"
    if outbox.trouble:
        async_create(
            hass, issue_id, "disk_failed", relay=entry.title, error=outbox.trouble
        )
    else:
        async_delete(hass, issue_id)
