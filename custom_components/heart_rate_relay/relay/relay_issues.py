"""What a relay reports to the repairs, for a person to act on."""

from collections.abc import Collection, Container, Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from itertools import chain

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import ALL_SOURCES, DEFAULT_OPTIONS, DOMAIN
from ..destinations.errors import DestinationError, NotEntitledError, NotStoredError
from ..issues import FixData, async_create, async_delete
from ..outbox.outbox import Outbox
from ..outbox.tally import Tally
from ..sources.candidates import async_last_entity_id
from ..sources.flaws import Flaw, Flawed

NEARLY_FULL = 0.8
"""The share of its bounds at which an outbox is reported."""

ROOM_AGAIN = 0.6
"""The share at which it is no longer."""

NO_REASON = "—"


class Fix(StrEnum):
    """What a person can do about an issue from the repairs."""

    TRY = "try"
    """Have what waits delivered at once."""
    SEE_REFUSED = "see_refused"
    SEE_DAMAGED = "see_damaged"
    SOURCE = "source"
    """Take a source out that is gone, or silent."""


@callback
def async_update_account(
    hass: HomeAssistant, entry: ConfigEntry, error: DestinationError | None
) -> None:
    """Report what the account lacks, or that the service stores nothing."""
    issue_id = f"not_entitled_{entry.entry_id}"
    if isinstance(error, NotEntitledError | NotStoredError):
        async_create(
            hass,
            issue_id,
            error.key,
            ir.IssueSeverity.ERROR,
            fix=_fix(Fix.TRY, entry),
            relay=entry.title,
        )
    else:
        async_delete(hass, issue_id)


@callback
def async_update_reach(
    hass: HomeAssistant, entry: ConfigEntry, *, is_lost: bool
) -> None:
    """Report a service that has not answered for long."""
    issue_id = f"unreachable_{entry.entry_id}"
    if is_lost:
        async_create(
            hass,
            issue_id,
            "unreachable",
            fix=_fix(Fix.TRY, entry),
            relay=entry.title,
        )
    else:
        async_delete(hass, issue_id)


@callback
def async_update_refuses_all(
    hass: HomeAssistant, entry: ConfigEntry, reason: str | None
) -> None:
    """Report a service that refuses all it is sent, with its words, None where it does not."""
    issue_id = f"refuses_all_{entry.entry_id}"
    if reason is not None:
        async_create(
            hass,
            issue_id,
            "refuses_all",
            ir.IssueSeverity.ERROR,
            fix=_fix(Fix.TRY, entry),
            relay=entry.title,
            reason=reason or NO_REASON,
        )
    else:
        async_delete(hass, issue_id)


@callback
def async_update_room(hass: HomeAssistant, entry: ConfigEntry, share: float) -> None:
    """Report an outbox that is filled to a large share of its bounds."""
    issue_id = f"outbox_nearly_full_{entry.entry_id}"
    is_reported = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    if share >= (ROOM_AGAIN if is_reported else NEARLY_FULL):
        async_create(hass, issue_id, "outbox_nearly_full", relay=entry.title)
    else:
        async_delete(hass, issue_id)


@callback
def async_update_refused(hass: HomeAssistant, entry: ConfigEntry, tally: Tally) -> None:
    """Report readings that were refused since a person looked."""
    issue_id = f"readings_refused_{entry.entry_id}"
    if tally.unseen_refusals:
        async_create(
            hass,
            issue_id,
            "readings_refused",
            fix=_fix(Fix.SEE_REFUSED, entry),
            relay=entry.title,
            count=str(tally.unseen_refusals),
            reason=tally.refused_for or NO_REASON,
        )
    else:
        async_delete(hass, issue_id)


@callback
def async_update_sources(
    hass: HomeAssistant, entry: ConfigEntry, missing: Iterable[str]
) -> None:
    """Report the sources that are gone."""
    missing = set(missing)
    for source_id in source_ids(entry):
        issue_id = _id_of_source("source_missing", entry, source_id)
        if source_id in missing:
            entity_id = async_last_entity_id(hass, source_id)
            async_create(
                hass,
                issue_id,
                "source_missing",
                fix=_fix(Fix.SOURCE, entry) | {"source_id": source_id},
                relay=entry.title,
                source=entity_id,
            )
        else:
            async_delete(hass, issue_id)


@callback
def async_update_flaws(
    hass: HomeAssistant,
    entry: ConfigEntry,
    flaws: Mapping[str, Flawed],
    unknown: Container[str],
) -> None:
    """Report the sources that stay silent as they are.

    Of one that is unknown as yet nothing is taken back: whoever ignores it would hear of it
    again after each start.
    """
    for source_id in source_ids(entry):
        flawed = flaws.get(source_id)
        if not flawed and source_id in unknown:
            continue
        for flaw in Flaw:
            issue_id = _id_of_source(f"source_{flaw}", entry, source_id)
            if not flawed or flawed.flaw is not flaw:
                async_delete(hass, issue_id)
                continue
            fix = _fix(Fix.SOURCE, entry) | {"source_id": source_id}
            async_create(
                hass,
                issue_id,
                f"source_{flaw}",
                ir.IssueSeverity.ERROR,
                # Which of two fields is right, only a person knows
                fix=fix if flaw is not Flaw.CHOSEN_TWICE else None,
                relay=entry.title,
                source=flawed.entity_id,
                **flawed.words,
            )


def source_ids(entry: ConfigEntry) -> Collection[str]:
    """Return the sources of a relay, of whatever metric."""
    options = DEFAULT_OPTIONS | entry.options
    return list(chain(*(options[option] for option in ALL_SOURCES)))


def _id_of_source(kind: str, entry: ConfigEntry, source_id: str) -> str:
    """Return the id of an issue of a source.

    Ids are told in diagnostics, and a source may be called after its wearer.
    """
    digest = sha256(source_id.encode()).hexdigest()[:8]
    return f"{kind}_{entry.entry_id}_{digest}"


@callback
def async_update_outbox(
    hass: HomeAssistant, entry: ConfigEntry, outbox: Outbox
) -> None:
    """Report what is wrong with the file in which readings wait."""
    issue_id = f"outbox_damaged_{entry.entry_id}"
    if outbox.set_aside:
        async_create(
            hass,
            issue_id,
            "outbox_damaged",
            fix=_fix(Fix.SEE_DAMAGED, entry),
            relay=entry.title,
            file=str(outbox.set_aside),
        )
    else:
        async_delete(hass, issue_id)
    issue_id = f"disk_failed_{entry.entry_id}"
    if outbox.trouble:
        async_create(
            hass, issue_id, "disk_failed", relay=entry.title, error=outbox.trouble
        )
    else:
        async_delete(hass, issue_id)
    issue_id = f"later_version_{entry.entry_id}"
    if outbox.is_of_later_version:
        async_create(hass, issue_id, "later_version", relay=entry.title)
    else:
        async_delete(hass, issue_id)


def _fix(fix: Fix, entry: ConfigEntry) -> FixData:
    """Return what the flow needs that mends an issue of a relay."""
    return {"fix": fix, "entry_id": entry.entry_id}
