"""Keeps the tokens of an account that was signed in to with application credentials."""

import asyncio
from http import HTTPStatus
from time import time
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    ImplementationUnavailableError,
    OAuth2TokenRequestConnectionError,
    OAuth2TokenRequestError,
    UnknownImplementationError,
)
from homeassistant.helpers.config_entry_oauth2_flow import (
    AbstractOAuth2Implementation,
    async_get_config_entry_implementation,
)

from ..destinations.errors import NotAuthorisedError, UnreachableError
from ..destinations.tokens import Obtain, Token, Tokens

AHEAD = 20.0
"""Seconds before its end at which a token is renewed: as in Home Assistant's sessions."""

TIMEOUT = 30.0
"""Seconds for a service to give a token: as in Home Assistant's flows."""

REFUSED_STATUSES = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
)
"""Answers that mean the sign-in or the application is no longer good.

Source: RFC 6749, section 5.2. Home Assistant takes every 4xx for that, though some come
from a proxy.
"""


class OAuthTokens(Tokens):
    """The token of a relay, which lives in its entry as Home Assistant put it there.

    This is Home Assistant's OAuth2Session, but for a service that may refuse a token
    before its time, and for a relay that goes on collecting whatever happens.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize with an entry. Its application is not looked for until needed."""
        super().__init__()
        self._hass = hass
        self._entry = entry

    @override
    async def current(self, obtain: Obtain) -> str:
        if _is_fresh(token := self._in_entry):
            return _access_token(token)
        return await super().current(obtain)

    @override
    async def _renew(self, refused: str | None, obtain: Obtain) -> str:
        async with self._lock:
            token = self._in_entry
            if _access_token(token) == refused or not _is_fresh(token):
                await self._refresh(token)
            return _access_token(self._in_entry)

    @property
    def _in_entry(self) -> Token:
        """The token that the entry holds now: signing in again gives it another."""
        token: Token = self._entry.data[CONF_TOKEN]
        return token

    async def _refresh(self, token: Token) -> None:
        """Put another token in the entry. Raises DestinationError."""
        if not token.get("refresh_token"):
            raise NotAuthorisedError
        implementation = await self._implementation()
        another = await _refreshed(implementation, token)
        if self._in_entry == token:
            self._hass.config_entries.async_update_entry(
                self._entry, data={**self._entry.data, CONF_TOKEN: another}
            )

    async def _implementation(self) -> AbstractOAuth2Implementation:
        """Return the application that the user signed in with."""
        try:
            return await async_get_config_entry_implementation(self._hass, self._entry)
        except UnknownImplementationError as err:
            # Its credentials were removed
            raise NotAuthorisedError from err
        except ImplementationUnavailableError as err:
            raise UnreachableError("cannot_connect") from err


async def _refreshed(
    implementation: AbstractOAuth2Implementation, token: Token
) -> dict[str, Any]:
    """Return what a service gives in exchange for a token. Raises DestinationError."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await implementation.async_refresh_token(dict(token))
    except OAuth2TokenRequestError as err:
        if err.status in REFUSED_STATUSES:
            raise NotAuthorisedError from err
        raise UnreachableError("cannot_connect") from err
    except OAuth2TokenRequestConnectionError as err:
        raise UnreachableError("cannot_connect") from err
    except TimeoutError as err:
        raise UnreachableError("timeout") from err
    except (AttributeError, ValueError) as err:
        # Home Assistant takes for granted that a success is a JSON object
        raise UnreachableError("unexpected_answer") from err


def _is_fresh(token: Token) -> bool:
    """Return whether a token should be good for the request at hand."""
    expires_at: float = token["expires_at"]
    return expires_at > time() + AHEAD


def _access_token(token: Token) -> str:
    """Return what goes with a request."""
    access_token: str = token["access_token"]
    return access_token
