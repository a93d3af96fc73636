"""The steps of the config flow that tell whose account it is."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partialmethod
import logging
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.config_entry_oauth2_flow import AbstractOAuth2FlowHandler

from ..const import CONF_SEARCH, CONF_SERVICE, CONF_USER_ID, DOMAIN, LOGGER
from ..destinations.base import Account, Destination, Directory
from ..destinations.errors import DestinationError, UnknownPersonError
from ..destinations.tokens import Tokens
from ..relay.coordinator import RelayConfigEntry
from ..relay.session import async_import_destination, create_destination
from ..relay.stored_tokens import create_tokens, given_token
from ..unexpected import log_unexpected
from .forms import FORMS, MENUS, Form, people_fields


class AccountFlow(AbstractOAuth2FlowHandler):
    """Tries credentials, and asks for the person where an account has several."""

    DOMAIN = DOMAIN

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make a step of each menu and each form: a service needs no code for that."""
        super().__init_subclass__(**kwargs)
        for menu in MENUS:
            step = partialmethod(cls.async_choose, menu)
            setattr(cls, f"async_step_{menu}", step)
        for service in FORMS:
            step = partialmethod(cls.async_sign_in, service)
            setattr(cls, f"async_step_{service}", step)

    def __init__(self) -> None:
        """Initialize the flow."""
        super().__init__()
        self._data: Mapping[str, Any] = {}
        self._title = ""
        self._account = Account(None, "")
        self._signed_in: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
        self._added: tuple[Mapping[str, Any], Account] | None = None

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

    @property
    @abstractmethod
    def _entry(self) -> ConfigEntry | None:
        """The relay that gets other credentials, None where it is a new one."""

    @abstractmethod
    async def _async_step_account_known(self, account: Account) -> ConfigFlowResult:
        """Go on with good credentials."""

    # The credentials

    async def async_choose(
        self, step_id: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose what to go on with."""
        return self.async_show_menu(step_id=step_id, menu_options=list(MENUS[step_id]))

    async def async_sign_in(
        self, service: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give credentials, which are tried before anything is stored."""
        self._data = {CONF_SERVICE: service}
        await async_import_destination(self.hass, self._data)
        if self._form.scope:
            return await self.async_step_pick_implementation()
        return await self._async_step_credentials(service, user_input)

    async def _async_step_credentials(
        self, step_id: str, user_input: Mapping[str, Any] | None
    ) -> ConfigFlowResult:
        """Try credentials, and ask for better ones until they are good."""
        errors: dict[str, str] = {}
        if user_input is not None:
            account = None
            with _reported(errors):
                self._guard_secrets(user_input)
                self._data = await self._async_sign_in({**self._data, **user_input})
                account = await self._async_validate()
            if account and (question := self._question):
                self._account = account
                return await self.async_choose(question)
            if account:
                return await self._async_step_account_known(account)
            if not errors:
                return await self._async_ask_for_person()
        fields, filled_in = self._fields
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                fields, filled_in if user_input is None else user_input
            ),
            errors=errors,
            description_placeholders=(
                {"relay": self._entry.title} if self._entry else self._form.links
            ),
        )

    @property
    def _fields(self) -> tuple[vol.Schema, Mapping[str, Any]]:
        """What is asked for, and what to fill in at first."""
        if self.source == SOURCE_REAUTH:
            return self._form.credential_fields(), {}
        if self.source == SOURCE_RECONFIGURE:
            return self._form.fields_again(), self._shown
        return self._form.fields(), {}

    def _guard_secrets(self, given: Mapping[str, Any]) -> None:
        """See that what is kept for one server does not go to another.

        Raises DestinationError.
        """
        if self.source != SOURCE_RECONFIGURE:
            return
        known = self._get_reconfigure_entry().data
        if self._form.moves(known, given) and self._form.lacks_secret(known, given):
            raise DestinationError("secret_again")

    @property
    def _shown(self) -> Mapping[str, Any]:
        """What a form may show of what the relay has."""
        shown = self._form.shown
        return {key: value for key, value in self._data.items() if key in shown}

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
            if self.source == SOURCE_REAUTH and destination.lists:
                # Whoever is chosen now would be another account
                raise
        return None

    # Whose readings, where an account has several people

    async def _async_ask_for_person(self) -> ConfigFlowResult:
        """Ask whose readings they are."""
        if self._directory.lists:
            return await self.async_choose("person")
        return await self.async_step_new_person()

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
                vol.Schema(people_fields(people)), {CONF_SEARCH: search}
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
                vol.Schema(dict(self._form.person)), user_input
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

    @property
    def _form(self) -> Form:
        """What the service asks for."""
        return FORMS[self._data[CONF_SERVICE]]

    @property
    def _destination(self) -> Destination:
        """The destination, as far as it is known."""
        return create_destination(self.hass, self._data, self._tokens)

    @property
    def _tokens(self) -> Tokens:
        """The tokens of the account, the relay's own where it goes on with them.

        To renew them makes the last ones worthless, and the relay may be running.
        """
        token = given_token(self._data)
        if token and self._entry and token == given_token(self._entry.data):
            return async_tokens_of(self.hass, self._entry)
        return Tokens(token)

    @property
    def _question(self) -> str | None:
        """The menu to ask about a person whom the service did not object to."""
        destination = self._destination
        if self.source == SOURCE_REAUTH or not isinstance(destination, Directory):
            return None
        # Where it does not list people, it may not know the person all the same
        return "same_person" if destination.lists else "registered"

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
    except Exception as err:  # noqa: BLE001 - a flow must say something
        log_unexpected(err, "the form is shown again")
        errors["base"] = "unknown"


@callback
def async_tokens_of(hass: HomeAssistant, entry: RelayConfigEntry) -> Tokens:
    """Return the tokens of a relay, those in use where it runs."""
    if entry.state is ConfigEntryState.LOADED:
        return entry.runtime_data.tokens
    return create_tokens(hass, entry)
