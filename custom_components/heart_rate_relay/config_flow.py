"""Config flow of Heart Rate Relay."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partialmethod
import logging
from typing import Any, override

import probatio

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import callback
from homeassistant.helpers.config_entry_oauth2_flow import AbstractOAuth2FlowHandler

from .const import (
    CONF_AUTH_IMPLEMENTATION,
    CONF_SEARCH,
    CONF_SERVICE,
    CONF_USER_ID,
    DEFAULT_OPTIONS,
    DOMAIN,
    LOGGER,
)
from .destinations.base import (
    Account,
    Destination,
    DestinationError,
    Directory,
    UnknownPersonError,
)
from .destinations.tokens import Tokens
from .forms import FORMS, MENUS, Form, people_fields
from .monitor.coordinator import is_monitor
from .monitor_flow import MonitorFlow, MonitorOptionsFlow
from .options_flow import RelayOptionsFlow
from .relay.coordinator import create_destination
from .relay.tokens import given_token
from .source_form import has_sources, preselection, source_fields, source_options


class HeartRateRelayConfigFlow(MonitorFlow, AbstractOAuth2FlowHandler, domain=DOMAIN):
    """Adds a monitor or a relay, and lets a relay sign in again."""

    DOMAIN = DOMAIN

    def __init__(self) -> None:
        """Initialize the flow."""
        super().__init__()
        self._data: Mapping[str, Any] = {}
        self._title = ""
        self._account = Account(None, "")
        self._signed_in: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
        self._added: tuple[Mapping[str, Any], Account] | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(
        config_entry: ConfigEntry,
    ) -> MonitorOptionsFlow | RelayOptionsFlow:
        """Return the flow for the options of an entry."""
        if is_monitor(config_entry):
            return MonitorOptionsFlow()
        return RelayOptionsFlow()

    @property
    @override
    def logger(self) -> logging.Logger:
        """Return the logger for what happens at the sign-in."""
        return LOGGER

    @property
    @override
    def extra_authorize_data(self) -> dict[str, str]:
        """Return what is asked for at the sign-in."""
        return {"scope": self._form.scope}

    # Which service

    async def _async_step_menu(
        self, step_id: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose what to go on with."""
        return self.async_show_menu(step_id=step_id, menu_options=list(MENUS[step_id]))

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose what to add: the service of a relay, or a monitor."""
        return await self._async_step_menu("user")

    async_step_choose_pulsoid = partialmethod(_async_step_menu, "choose_pulsoid")
    async_step_choose_gerosense = partialmethod(_async_step_menu, "choose_gerosense")
    async_step_choose_influxdb = partialmethod(_async_step_menu, "choose_influxdb")
    async_step_choose_open_wearables = partialmethod(
        _async_step_menu, "choose_open_wearables"
    )

    # Whose account

    async def _async_step_account(
        self, service: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give credentials, which are tried before anything is stored."""
        self._data = {CONF_SERVICE: service}
        if self._form.scope:
            return await self.async_step_pick_implementation()
        return await self._async_step_credentials(service, user_input)

    async_step_pulsoid = partialmethod(_async_step_account, "pulsoid")
    async_step_pulsoid_oauth = partialmethod(_async_step_account, "pulsoid_oauth")
    async_step_gerosense = partialmethod(_async_step_account, "gerosense")
    async_step_gerosense_proxy = partialmethod(_async_step_account, "gerosense_proxy")
    async_step_livetracking = partialmethod(_async_step_account, "livetracking")
    async_step_influxdb_v1 = partialmethod(_async_step_account, "influxdb_v1")
    async_step_influxdb_v2 = partialmethod(_async_step_account, "influxdb_v2")
    async_step_influxdb_v3 = partialmethod(_async_step_account, "influxdb_v3")
    async_step_open_wearables = partialmethod(_async_step_account, "open_wearables")
    async_step_open_wearables_invitation = partialmethod(
        _async_step_account, "open_wearables_invitation"
    )

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
        """Give new credentials before the service refuses the old ones."""
        if is_monitor(self._get_reconfigure_entry()):
            return await self.async_step_replace()
        return await self._async_step_again("reconfigure", user_input)

    async def _async_step_again(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Give new credentials for the same account."""
        entry = self._entry
        assert entry
        self._data = entry.data
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

    async def _async_step_credentials(
        self, step_id: str, user_input: Mapping[str, Any] | None
    ) -> ConfigFlowResult:
        """Try credentials, and ask for better ones until they are good."""
        errors: dict[str, str] = {}
        if user_input is not None:
            account = None
            with _reported(errors):
                self._data = await self._async_sign_in({**self._data, **user_input})
                account = await self._async_validate()
            if account and self._is_unsure:
                self._account = account
                return await self._async_step_menu("registered")
            if account:
                return await self._async_step_account_known(account)
            if not errors:
                return await self._async_ask_for_person()
        fields = self._form.fields(credentials_only=self._entry is not None)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(fields, user_input),
            errors=errors,
            description_placeholders=(
                {"relay": self._entry.title} if self._entry else self._form.links
            ),
        )

    async def _async_sign_in(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what to keep of a form's input.

        What can be used but once is used once, though the form be sent in again.
        """
        if self._signed_in[0] != config:
            destination = create_destination(self.hass, config, Tokens())
            self._signed_in = config, await destination.sign_in()
        return self._signed_in[1]

    async def _async_validate(self) -> Account | None:
        """Return whose account it is, None where that is yet to be told."""
        destination = self._destination
        try:
            return await destination.validate()
        except UnknownPersonError:
            if not isinstance(destination, Directory):
                raise
            if self._entry and destination.lists:
                # Whoever is chosen now would be another account
                raise
        return None

    async def _async_step_account_known(self, account: Account) -> ConfigFlowResult:
        """Go on with good credentials, unless they are those of another account."""
        if account.id:
            service = self._form.same_accounts_as or self._data[CONF_SERVICE]
            await self.async_set_unique_id(f"{service} {account.id}")
        if entry := self._entry:
            if account.id and entry.unique_id:
                self._abort_if_unique_id_mismatch(reason="wrong_account")
            return self.async_update_reload_and_abort(entry, data=self._data)
        if account.id:
            self._abort_if_unique_id_configured()
        else:
            self._async_abort_entries_match(dict(self._data))
        self._title = account.name
        return await self.async_step_sources()

    # Whose readings, where an account has several people

    async_step_person = partialmethod(_async_step_menu, "person")

    async def _async_ask_for_person(self) -> ConfigFlowResult:
        """Ask whose readings they are."""
        if self._directory.lists:
            return await self._async_step_menu("person")
        return await self.async_step_new_person()

    async_step_registered = partialmethod(_async_step_menu, "registered")

    async def async_step_known_person(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Believe that the service knows the person."""
        return await self._async_step_account_known(self._account)

    async def async_step_choose_person(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose one of the people that the service knows."""
        errors: dict[str, str] = {}
        user_input = user_input or {}
        if user_id := user_input.get(CONF_USER_ID):
            with _reported(errors):
                account = await self._async_validate_person(user_id)
            if not errors:
                return await self._async_step_account_known(account)
        search = user_input.get(CONF_SEARCH, "")
        people: Sequence[Account] = ()
        with _reported(errors):
            people = await self._directory.people(search)
            if not people:
                raise DestinationError("nobody_found")
        return self.async_show_form(
            step_id="choose_person",
            data_schema=self.add_suggested_values_to_schema(
                probatio.Schema(people_fields(people)), {CONF_SEARCH: search}
            ),
            errors=errors,
        )

    async def async_step_new_person(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make a person known to the service."""
        errors: dict[str, str] = {}
        if user_input is not None:
            with _reported(errors):
                person = await self._async_add_person(user_input)
                account = await self._async_validate_person(person.id)
            if not errors:
                return await self._async_step_account_known(account)
        return self.async_show_form(
            step_id="new_person",
            data_schema=self.add_suggested_values_to_schema(
                probatio.Schema(dict(self._form.person)), user_input
            ),
            errors=errors,
        )

    async def _async_add_person(self, details: Mapping[str, Any]) -> Account:
        """Make a person known, once though the form be sent in again."""
        if not self._added or self._added[0] != details:
            self._added = details, await self._directory.add_person(details)
        return self._added[1]

    async def _async_validate_person(self, user_id: str | None) -> Account:
        """Return the account of a person."""
        self._data = {**self._data, CONF_USER_ID: user_id}
        return await self._destination.validate()

    # Whose sensors

    async def async_step_sources(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the sources."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if has_sources(user_input):
                return self.async_create_entry(
                    title=self._title,
                    data=self._data,
                    options=source_options(self.hass, DEFAULT_OPTIONS, user_input),
                )
            errors["base"] = "no_sources"
        metrics = self._destination.limits.metrics
        chosen, suggested = preselection(self.hass, metrics)
        return self.async_show_form(
            step_id="sources",
            data_schema=self.add_suggested_values_to_schema(
                probatio.Schema(source_fields(self.hass, metrics)),
                user_input or chosen,
            ),
            errors=errors,
            description_placeholders={
                "recognised": str(sum(map(len, chosen.values()))),
                "suggestions": ", ".join(dict.fromkeys(suggested)) or "0",
            },
        )

    @property
    def _entry(self) -> ConfigEntry | None:
        """The relay that signs in again, None where it is a new one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    @property
    def _form(self) -> Form:
        """What the service asks for."""
        return FORMS[self._data[CONF_SERVICE]]

    @property
    def _destination(self) -> Destination:
        """The destination, as far as it is known."""
        return create_destination(
            self.hass, self._data, Tokens(given_token(self._data))
        )

    @property
    def _is_unsure(self) -> bool:
        """Whether the service may not know the person, though it did not say so."""
        destination = self._destination
        is_again = self.source == SOURCE_REAUTH
        return (
            isinstance(destination, Directory)
            and not destination.lists
            and not is_again
        )

    @property
    def _directory(self) -> Directory:
        """The destination, which knows several people."""
        destination = self._destination
        assert isinstance(destination, Directory)
        return destination


@contextmanager
def _reported(errors: dict[str, str]) -> Iterator[None]:
    """Put what goes wrong with a service among the errors of a form."""
    try:
        yield
    except DestinationError as err:
        errors["base"] = err.key
    except Exception:  # noqa: BLE001 - a flow must say something
        LOGGER.exception("Unexpected error")
        errors["base"] = "unknown"
