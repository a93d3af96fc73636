"""What a relay reports to the repairs, for a person to act on."""

from collections.abc import Iterable
from itertools import chain

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DEFAULT_OPTIONS, DOMAIN, SOURCE_OPTIONS
from ..destinations.base import DestinationError, NotEntitledError, NotStoredError
from .candidates import async_last_entity_id
from .outbox import Outbox


@callback
def async_update_account(
    hass: HomeAssistant, entry: ConfigEntry, error: DestinationError | None
) -> None:
    """Report what the account lacks, or that the service stores nothing."""
    issue_id = f"not_entitled_{entry.entry_id}"
    if isinstance(error, NotEntitledError | NotStoredError):
        _create(hass, issue_id, error.key, entry, ir.IssueSeverity.ERROR)
    else:
        ir.async_delete_issue(hass, DOMAIN, issue_id)


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
            _create(hass, issue_id, "source_missing", entry, source=entity_id)
        else:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_update_outbox(
    hass: HomeAssistant, entry: ConfigEntry, outbox: Outbox
) -> None:
    """Report what is wrong with the file in which readings wait."""
    if outbox.set_aside:
        _create(
            hass,
            f"outbox_damaged_{entry.entry_id}",
            "outbox_damaged",
            entry,
            file=str(outbox.set_aside),
        )
    issue_id = f"disk_failed_{entry.entry_id}"
    if outbox.trouble:
        _create(hass, issue_id, "disk_failed", entry, error=outbox.trouble)
    else:
        ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_delete_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back all that was reported of a relay."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry.entry_id in issue_id:
            ir.async_delete_issue(hass, domain, issue_id)


def _create(
    hass: HomeAssistant,
    issue_id: str,
    key: str,
    entry: ConfigEntry,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    **placeholders: str,
) -> None:
    """Report an issue that only a person can mend."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=severity,
        translation_key=key,
        translation_placeholders={"relay": entry.title, **placeholders},
    )
