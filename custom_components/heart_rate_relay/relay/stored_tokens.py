"""Where a relay's tokens are kept."""

from collections.abc import Mapping
from typing import Any, TypedDict, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_AUTH_IMPLEMENTATION, DOMAIN
from ..destinations.tokens import Obtain, Token, Tokens
from .oauth import OAuthTokens

VERSION = 1


class Stored(TypedDict):
    """What is stored of a token that was renewed."""

    first: Token
    """The one that the entry holds: signing in again gives it another."""
    latest: Token


class StoredTokens(Tokens):
    """The token of a relay, on disk before anyone uses it.

    A config entry is written a second later, too late where a service takes back the
    last token as soon as it gives the next one.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, token: Token) -> None:
        """Initialize with the token that the entry was made with."""
        super().__init__(token)
        self.first = token
        """What the entry was made with."""
        self._store = Store[Stored](
            hass,
            VERSION,
            f"{DOMAIN}/{entry.entry_id}.token",
            private=True,
            atomic_writes=True,
        )
        self._loaded = False
        self._renewed: Stored | None = None

    @override
    async def close(self) -> None:
        """Keep once more what was renewed: a disk that did not take it may do so by now."""
        await super().close()
        if self._renewed:
            await self._store.async_save(self._renewed)

    @override
    async def _renew(self, refused: str | None, obtain: Obtain) -> str:
        async with self._lock:
            if not self._loaded:
                await self._load()
        return await super()._renew(refused, obtain)

    async def _load(self) -> None:
        """Go on with the token that was renewed last, unless there is a new sign-in."""
        stored = await self._store.async_load()
        if stored and stored["first"] == self.first:
            self._token = stored["latest"]
        self._loaded = True

    @override
    async def _keep(self, token: Token) -> None:
        self._renewed = Stored(first=self.first, latest=token)
        await self._store.async_save(self._renewed)


STORED_TOKENS: HassKey[dict[str, StoredTokens]] = HassKey(f"{DOMAIN}_tokens")
"""Those of each relay, which outlive it: what a disk did not take is in memory alone."""


@callback
def async_forget_tokens(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the tokens of a relay that is removed."""
    hass.data.get(STORED_TOKENS, {}).pop(entry_id, None)


def create_tokens(hass: HomeAssistant, entry: ConfigEntry) -> Tokens:
    """Return the tokens of a relay."""
    if CONF_AUTH_IMPLEMENTATION in entry.data:
        return OAuthTokens(hass, entry)
    if not (token := given_token(entry.data)):
        return Tokens()
    known = hass.data.setdefault(STORED_TOKENS, {})
    if entry.entry_id not in known or known[entry.entry_id].first != token:
        known[entry.entry_id] = StoredTokens(hass, entry, token)
    return known[entry.entry_id]


def given_token(config: Mapping[str, Any]) -> Token | None:
    """Return the token of a config that has one to be renewed."""
    token = config.get(CONF_TOKEN)
    return token if isinstance(token, Mapping) else None
