"""What is reported to the repairs."""

from hashlib import sha256

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

type FixData = dict[str, str | int | float | None]
"""What a fix flow needs to know, as Home Assistant keeps it."""


def id_of(kind: str, entry: ConfigEntry, source_id: str = "") -> str:
    """Return the id of an issue of an entry, or of one of its sources.

    Ids are told in diagnostics, and a source may be called after its wearer.
    """
    if not source_id:
        return f"{kind}_{entry.entry_id}"
    digest = sha256(source_id.encode()).hexdigest()[:8]
    return f"{kind}_{entry.entry_id}_{digest}"


@callback
def async_create(
    hass: HomeAssistant,
    issue_id: str,
    key: str,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    *,
    fix: FixData | None = None,
    **placeholders: str,
) -> None:
    """Report an issue to a person, with what it takes to mend it from here."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=fix,
        is_fixable=fix is not None,
        severity=severity,
        translation_key=key,
        translation_placeholders=placeholders,
    )


@callback
def async_delete(hass: HomeAssistant, issue_id: str) -> None:
    """Take back an issue, if it was reported."""
    ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_delete_all(
    hass: HomeAssistant, entry: ConfigEntry, *, ignored: bool = True
) -> None:
    """Take back all that was reported of an entry, or all that is not ignored.

    What a person wants to hear no more of stays so only as long as it is reported.
    """
    for (domain, issue_id), issue in list(ir.async_get(hass).issues.items()):
        is_wanted = ignored or not issue.dismissed_version
        if domain == DOMAIN and entry.entry_id in issue_id and is_wanted:
            async_delete(hass, issue_id)
