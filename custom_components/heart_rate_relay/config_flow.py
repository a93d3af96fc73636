"""Config flow of Heart Rate Relay."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import callback

from .const import (
    CONF_AUTH_IMPLEMENTATION,
    CONF_OTHER_SOURCES,
    CONF_SERVICE,
    CONF_WEARERS,
    DEFAULT_OPTIONS,
    DOMAIN,
    ENTRY_VERSION,
)
from .destinations.base import Account
from .flow.account import AccountFlow
from .flow.address import told_address
from .flow.measured import NOTHING, MeasuredFlow, async_measured
from .flow.monitor import MonitorFlow, MonitorOptionsFlow
from .flow.options import RelayOptionsFlow
from .flow.sources import (
    async_flaw_in,
    backfill_field,
    has_sources,
    proposal,
    source_fields,
    source_options,
    wearer_field,
)
from .flow.workout import WorkoutFlow, WorkoutOptionsFlow
from .monitor.coordinator import is_monitor
from .relay.session import async_import_destination
from .sources.belongings import async_owners
from .sources.finding import Found, async_find
from .workout.coordinator import is_workout


class HeartRateRelayConfigFlow(
    MonitorFlow, WorkoutFlow, AccountFlow, MeasuredFlow, domain=DOMAIN
):
    """Adds a monitor, a workout or a relay, lets a relay sign in again, and leads it elsewhere."""

    VERSION, MINOR_VERSION = ENTRY_VERSION
    step_of_sources = "sources"

    _found: Found
    _owners: Mapping[str, Sequence[str]]
    _proposed: AbstractSet[str]

    @staticmethod
    @callback
    @override
    def async_get_options_flow(
        config_entry: ConfigEntry,
    ) -> MonitorOptionsFlow | RelayOptionsFlow | WorkoutOptionsFlow:
        """Return the flow for the options of an entry."""
        if is_monitor(config_entry):
            return MonitorOptionsFlow()
        if is_workout(config_entry):
            return WorkoutOptionsFlow()
        return RelayOptionsFlow()

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Sign in again, because the service refused the credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give new credentials."""
        return await self._async_step_again("reauth_confirm", user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Lead a relay to another server or account, or give it new credentials."""
        if is_monitor(self._get_reconfigure_entry()):
            return await self.async_step_replace()
        if is_workout(self._get_reconfigure_entry()):
            return await self.async_step_workout()
        return await self._async_step_again("reconfigure", user_input)

    async def _async_step_again(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Give new credentials."""
        entry = self._entry
        assert entry
        self._data = entry.data
        await async_import_destination(self.hass, self._data)
        if user_input is not None and self.source == SOURCE_RECONFIGURE:
            # What is left empty now must not stay, unless it is a secret
            secrets = self._form.secrets
            user_input = {
                key: value
                for key, value in user_input.items()
                if value or key not in secrets
            }
            self._data = {
                key: value
                for key, value in entry.data.items()
                if key not in self._form.shown
            }
        if self._form.scope and user_input is not None:
            return await self.async_step_pick_implementation(
                {"implementation": self._data[CONF_AUTH_IMPLEMENTATION]}
            )
        return await self._async_step_credentials(step_id, user_input)

    @override
    async def async_oauth_create_entry(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Go on after the service has given a token."""
        again = {SOURCE_REAUTH: "reauth_confirm", SOURCE_RECONFIGURE: "reconfigure"}
        step_id = again.get(self.source or "", self._data[CONF_SERVICE])
        return await self._async_step_credentials(step_id, data)

    async def _async_step_account_known(self, account: Account) -> ConfigFlowResult:
        """Go on with good credentials, unless they are those of another relay."""
        if account.id:
            service = self._form.same_accounts_as or self._data[CONF_SERVICE]
            await self.async_set_unique_id(f"{service} {account.id}")
        entry = self._entry
        if self.source == SOURCE_REAUTH and account.id and entry and entry.unique_id:
            self._abort_if_unique_id_mismatch(reason="wrong_account")
        if not account.id:
            self._async_abort_entries_match(dict(self._data))
        elif not entry or entry.unique_id != self.unique_id:
            self._abort_if_unique_id_configured()
        if self.source == SOURCE_REAUTH:
            return self.async_update_reload_and_abort(
                self._get_reauth_entry(), data=self._data
            )
        if self.source == SOURCE_RECONFIGURE:
            return self._reconfigure(account)
        self._title = account.name
        return await self.async_step_wearers()

    def _reconfigure(self, account: Account) -> ConfigFlowResult:
        """Lead a relay to an account, with what waits."""
        entry = self._get_reconfigure_entry()
        title = entry.title
        if entry.unique_id != self.unique_id and title.startswith(
            self._destination.service
        ):
            # Not of a person's own choice, and maybe the name of somebody else
            title = account.name
        return self.async_update_reload_and_abort(
            entry, unique_id=self.unique_id, title=title, data=self._data
        )

    # Whose sensors

    async def async_step_wearers(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose whose sensors to propose, where those of several people were found."""
        if user_input is None:
            metrics = self._destination.limits.metrics
            self._found = await async_find(self.hass)
            self._owners = await async_owners(self.hass, self._found, metrics)
            if len(self._owners) > 1:
                return self.async_show_form(
                    step_id="wearers",
                    data_schema=vol.Schema(wearer_field(self.hass, self._owners)),
                    errors={},
                )
            user_input = {CONF_WEARERS: list(self._owners)}
        self._proposed = {
            entity_id
            for wearer in user_input[CONF_WEARERS]
            for entity_id in self._owners[wearer]
        }
        return await self.async_step_sources()

    async def async_step_sources(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the sources."""
        errors: dict[str, str] = {}
        words: dict[str, str] = {}
        limits = self._destination.limits
        if user_input is not None:
            errors, words = await async_flaw_in(self.hass, user_input, limits.metrics)
            if not has_sources(user_input):
                errors["base"] = "no_sources"
            if not errors:
                self._chosen = user_input
                return await self.async_step_measured()
        chosen, suggested = proposal(self._found, limits.metrics, self._proposed)
        fields = source_fields(self.hass, limits)
        fields |= backfill_field(self.hass, limits)
        shown = user_input or self._chosen or chosen
        self._seen = shown.get(CONF_OTHER_SOURCES, ())
        return self.async_show_form(
            step_id="sources",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields),
                shown,
            ),
            errors=errors,
            description_placeholders={
                "recognised": str(sum(map(len, chosen.values()))),
                "suggestions": ", ".join(suggested) or NOTHING,
                "measured": await async_measured(self.hass, self._seen),
                **words,
            },
        )

    @override
    async def async_step_confirm_sources(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Add the relay, now that it was seen what its sources measure."""
        if not self.unique_id:
            # Another dialog may have been open beside this one
            self._async_abort_entries_match(dict(self._data))
        return self.async_create_entry(
            title=self._title,
            data=self._data,
            options=source_options(
                self.hass, DEFAULT_OPTIONS, self._chosen, self._found
            ),
            **told_address(self.hass, self._destination),
        )

    @property
    @override
    def _entry(self) -> ConfigEntry | None:
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None
