"""What a person can do about a relay's issues from the repairs."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from .const import ALL_SOURCES, DEFAULT_OPTIONS, DOMAIN
from .flow.sources import has_sources
from .issues import FixData
from .relay.coordinator import RelayConfigEntry, RelayCoordinator
from .relay.relay_issues import Fix


class RelayRepairsFlow(RepairsFlow):
    """Mends something about a relay."""

    def __init__(self, entry: RelayConfigEntry, data: FixData) -> None:
        """Initialize the flow."""
        self._entry = entry
        self._data = data

    @property
    def _placeholders(self) -> Mapping[str, str] | None:
        """What the texts are filled in with: the same as those of the issue."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return issue.translation_placeholders if issue else None


class ConfirmFlow(RelayRepairsFlow):
    """Mends something once a person says so."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and mend it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            # What a relay that is unloaded reported was taken back with it
            if self._entry.state is ConfigEntryState.LOADED:
                errors = await self._mend(self._entry.runtime_data)
            if not errors:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=self._placeholders,
        )

    @abstractmethod
    async def _mend(self, relay: RelayCoordinator) -> dict[str, str]:
        """Do what is to be done, and return the errors of the form."""


class TryFlow(ConfirmFlow):
    """Delivers what waits, and says whether that works now."""

    @override
    async def _mend(self, relay: RelayCoordinator) -> dict[str, str]:
        try:
            return {} if await relay.async_try() else {"base": "not_yet"}
        except ServiceValidationError:
            return {"base": "not_now"}


class SeeRefusedFlow(ConfirmFlow):
    """Takes back a report of refused readings that was read."""

    @override
    async def _mend(self, relay: RelayCoordinator) -> dict[str, str]:
        relay.async_see_refused()
        return {}


class SeeDamagedFlow(ConfirmFlow):
    """Takes back a report of a damaged outbox that was read."""

    @override
    async def _mend(self, relay: RelayCoordinator) -> dict[str, str]:
        relay.async_see_damaged()
        return {}


class SourceFlow(RelayRepairsFlow):
    """Takes a source out that is gone or silent, or leaves it where it is."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask which."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["remove", "leave"],
            description_placeholders=self._placeholders,
        )

    async def async_step_remove(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Take it out of the sources."""
        options = DEFAULT_OPTIONS | self._entry.options
        for option in ALL_SOURCES:
            options[option] = [
                source_id
                for source_id in options[option]
                if source_id != self._data["source_id"]
            ]
        if not has_sources(options):
            return self.async_abort(reason="last_source")
        self.hass.config_entries.async_update_entry(self._entry, options=options)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    async def async_step_leave(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say no more of it."""
        ir.async_ignore_issue(self.hass, DOMAIN, self.issue_id, ignore=True)
        return self.async_abort(reason="left")


FLOWS: Mapping[Fix, type[RelayRepairsFlow]] = {
    Fix.TRY: TryFlow,
    Fix.SEE_REFUSED: SeeRefusedFlow,
    Fix.SEE_DAMAGED: SeeDamagedFlow,
    Fix.SOURCE: SourceFlow,
}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: FixData | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    assert data
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    return FLOWS[Fix(str(data["fix"]))](entry, data)
