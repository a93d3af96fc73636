"""What a relay reports to the repairs, for a person to act on."""

from collections.abc import Collection, Container, Iterable, Mapping
from enum import StrEnum
from itertools import chain

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import ALL_SOURCES, DEFAULT_OPTIONS, DOMAIN
from ..destinations.errors import DestinationError, NotEntitledError, NotStoredError
from ..issues import FixData, async_create, async_delete, id_of
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
    is_lacking = isinstance(error, NotEntitledError | NotStoredError)
    _report(
        hass,
        entry,
        "not_entitled",
        is_reported=is_lacking,
        key=error.key if error else "",
        severity=ir.IssueSeverity.ERROR,
        fix=_fix(Fix.TRY, entry),
    )


@callback
def async_update_reach(
    hass: HomeAssistant, entry: ConfigEntry, *, is_lost: bool
) -> None:
    """Report a service that has not answered for long."""
    fix = _fix(Fix.TRY, entry)
    _report(hass, entry, "unreachable", is_reported=is_lost, fix=fix)


@callback
def async_update_refuses_all(
    hass: HomeAssistant, entry: ConfigEntry, reason: str | None
) -> None:
    """Report a service that refuses all it is sent, with its words, None where it does not."""
    _report(
        hass,
        entry,
        "refuses_all",
        is_reported=reason is not None,
        severity=ir.IssueSeverity.ERROR,
        fix=_fix(Fix.TRY, entry),
        reason=reason or NO_REASON,
    )


@callback
def async_update_room(hass: HomeAssistant, entry: ConfigEntry, share: float) -> None:
    """Report an outbox that is filled to a large share of its bounds."""
    kind = "outbox_nearly_full"
    before = ir.async_get(hass).async_get_issue(DOMAIN, id_of(kind, entry))
    limit = ROOM_AGAIN if before else NEARLY_FULL
    _report(hass, entry, kind, is_reported=share >= limit)


@callback
def async_update_refused(hass: HomeAssistant, entry: ConfigEntry, tally: Tally) -> None:
    """Report readings that were refused since a person looked."""
    _report(
        hass,
        entry,
        "readings_refused",
        is_reported=tally.unseen_refusals > 0,
        fix=_fix(Fix.SEE_REFUSED, entry),
        count=str(tally.unseen_refusals),
        reason=tally.refused_for or NO_REASON,
    )


@callback
def async_update_sources(
    hass: HomeAssistant, entry: ConfigEntry, missing: Iterable[str]
) -> None:
    """Report the sources that are gone."""
    missing = set(missing)
    for source_id in source_ids(entry):
        _report(
            hass,
            entry,
            "source_missing",
            source_id,
            is_reported=source_id in missing,
            fix=_fix(Fix.SOURCE, entry, source_id),
            source=async_last_entity_id(hass, source_id),
        )


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
            is_twice = flaw is Flaw.CHOSEN_TWICE
            words = {"source": flawed.entity_id, **flawed.words} if flawed else {}
            _report(
                hass,
                entry,
                f"source_{flaw}",
                source_id,
                is_reported=flawed is not None and flawed.flaw is flaw,
                severity=ir.IssueSeverity.ERROR,
                # Which of two fields is right, only a person knows
                fix=None if is_twice else _fix(Fix.SOURCE, entry, source_id),
                **words,
            )


def source_ids(entry: ConfigEntry) -> Collection[str]:
    """Return the sources of a relay, of whatever metric."""
    options = DEFAULT_OPTIONS | entry.options
    return list(chain(*(options[option] for option in ALL_SOURCES)))


@callback
def async_update_outbox(
    hass: HomeAssistant, entry: ConfigEntry, outbox: Outbox
) -> None:
    """Report what is wrong with the file in which readings wait."""
    _report(
        hass,
        entry,
        "outbox_damaged",
        is_reported=bool(outbox.set_aside),
        fix=_fix(Fix.SEE_DAMAGED, entry),
        file=str(outbox.set_aside),
    )
    trouble = outbox.trouble or ""
    _report(hass, entry, "disk_failed", is_reported=bool(trouble), error=trouble)
    _report(hass, entry, "later_version", is_reported=outbox.is_of_later_version)


@callback
def _report(
    hass: HomeAssistant,
    entry: ConfigEntry,
    kind: str,
    source_id: str = "",
    *,
    is_reported: bool,
    key: str = "",
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    fix: FixData | None = None,
    **words: str,
) -> None:
    """Report an issue of a relay, or of one of its sources, or take it back."""
    issue_id = id_of(kind, entry, source_id)
    if is_reported:
        words["relay"] = entry.title
        async_create(hass, issue_id, key or kind, severity, fix=fix, **words)
    else:
        async_delete(hass, issue_id)


def _fix(fix: Fix, entry: ConfigEntry, source_id: str = "") -> FixData:
    """Return what the flow needs that mends an issue of a relay, or of its source."""
    about: FixData = {"source_id": source_id} if source_id else {}
    return {"fix": fix, "entry_id": entry.entry_id, **about}
