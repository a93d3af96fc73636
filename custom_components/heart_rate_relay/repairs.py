"""What a person can do about issues of relays and monitors from the repairs."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from .const import ALL_SOURCES, CONF_DECLINED, CONF_SOURCES, DEFAULT_OPTIONS, DOMAIN
from .flow.sources import has_sources
from .issues import FixData
from .monitor.coordinator import MonitorCoordinator
from .monitor.monitor_issues import FORGET_BOND
from .relay.coordinator import RelayCoordinator
from .relay.relay_issues import Fix


class EntryRepairsFlow[CoordinatorT](RepairsFlow):
    """Mends something about a relay or a monitor."""

    def __init__(self, entry: ConfigEntry[CoordinatorT], data: FixData) -> None:
        """Initialize the flow."""
        self._entry = entry
        self._data = data

    @property
    def _issue(self) -> ir.IssueEntry | None:
        """What is to be mended, None where it was taken back since the dialog was opened."""
        return ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)

    @property
    def _placeholders(self) -> Mapping[str, str] | None:
        """What the texts are filled in with: the same as those of the issue."""
        return self._issue.translation_placeholders if self._issue else None


class ConfirmFlow[CoordinatorT](EntryRepairsFlow[CoordinatorT]):
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
            # What an entry that is unloaded reported was taken back with it
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
    async def _mend(self, coordinator: CoordinatorT) -> dict[str, str]:
        """Do what is to be done, and return the errors of the form."""


class TryFlow(ConfirmFlow[RelayCoordinator]):
    """Delivers what waits, and says whether that works now."""

    @override
    async def _mend(self, coordinator: RelayCoordinator) -> dict[str, str]:
        try:
            return {} if await coordinator.async_try() else {"base": "not_yet"}
        except ServiceValidationError:
            return {"base": "not_now"}


class SeeRefusedFlow(ConfirmFlow[RelayCoordinator]):
    """Takes back a report of refused readings that was read."""

    @override
    async def _mend(self, coordinator: RelayCoordinator) -> dict[str, str]:
        coordinator.async_see_refused()
        return {}


class SeeDamagedFlow(ConfirmFlow[RelayCoordinator]):
    """Takes back a report of a damaged outbox that was read."""

    @override
    async def _mend(self, coordinator: RelayCoordinator) -> dict[str, str]:
        coordinator.async_see_damaged()
        return {}


class ForgetBondFlow(ConfirmFlow[MonitorCoordinator]):
    """Removes a pairing that the monitor knows nothing of any more."""

    @override
    async def _mend(self, coordinator: MonitorCoordinator) -> dict[str, str]:
        if await coordinator.async_forget_bond():
            return {}
        return {"base": "not_forgotten"}


class SourceFlow(EntryRepairsFlow[RelayCoordinator]):
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
        """Take it out of the sources, for good."""
        if not self.hass.config_entries.async_get_entry(self._entry.entry_id):
            # With the relay all of its sources are gone
            return self.async_create_entry(data={})
        options = DEFAULT_OPTIONS | self._entry.options
        if (source_id := self._data["source_id"]) in options[CONF_SOURCES]:
            # Or else it would be followed when it is back
            options[CONF_DECLINED] = [*options.get(CONF_DECLINED, ()), source_id]
        for option in ALL_SOURCES:
            options[option] = [one for one in options[option] if one != source_id]
        if not has_sources(options):
            return self.async_abort(reason="last_source")
        self.hass.config_entries.async_update_entry(self._entry, options=options)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    async def async_step_leave(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say no more of it."""
        if self._issue:
            ir.async_ignore_issue(self.hass, DOMAIN, self.issue_id, ignore=True)
        return self.async_abort(reason="left")


FLOWS: Mapping[str, type[EntryRepairsFlow[Any]]] = {
    FORGET_BOND: ForgetBondFlow,
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
    return FLOWS[str(data["fix"])](entry, data)
