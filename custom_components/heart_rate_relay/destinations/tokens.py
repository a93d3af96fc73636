"""Tokens that have to be renewed, one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

type Token = Mapping[str, Any]
"""An access token under "access_token", and what it takes to get another."""

type Obtain = Callable[[Token | None], Awaitable[Token]]
"""Gets another token from a service, by means of the last one."""

CLOSE_TIMEOUT = 30.0
"""Seconds to wait for a renewal when nobody needs it any more: as long as for any answer."""


class Tokens:
    """The token of an account, shared by all who use that account."""

    def __init__(self, token: Token | None = None) -> None:
        """Initialize with the token there is."""
        self._token = token
        self._lock = asyncio.Lock()
        self._renewals: set[asyncio.Task[str]] = set()

    async def current(self, obtain: Obtain) -> str:
        """Return an access token that should be good. Raises DestinationError."""
        return await self.renew(None, obtain)

    async def renew(self, refused: str | None, obtain: Obtain) -> str:
        """Return another access token than the one refused. Raises DestinationError.

        However many ask, the service is asked once. It may take back the last token as
        soon as it gives the next one, so that being cancelled must not lose that.
        """
        renewal = asyncio.create_task(self._renew(refused, obtain))
        self._renewals.add(renewal)
        renewal.add_done_callback(self._have_renewed)
        await asyncio.wait([renewal])
        return renewal.result()

    async def close(self) -> None:
        """Wait for a renewal under way: whoever comes next needs what it brings."""
        if self._renewals:
            await asyncio.wait(self._renewals, timeout=CLOSE_TIMEOUT)

    def _have_renewed(self, renewal: asyncio.Task[str]) -> None:
        self._renewals.discard(renewal)
        if not renewal.cancelled():
            # Who asked for it may have been cancelled
            renewal.exception()

    async def _renew(self, refused: str | None, obtain: Obtain) -> str:
        async with self._lock:
            if self._token is None or self._token["access_token"] == refused:
                self._token = await obtain(self._token)
                await self._keep(self._token)
            access_token: str = self._token["access_token"]
            return access_token

    async def _keep(self, token: Token) -> None:
        """Keep a new token, before anyone uses it."""


def bearer(token: str) -> dict[str, str]:
    """Return the header that holds a token: in a query string it would end up in logs."""
    return {"Authorization": f"Bearer {token.strip()}"}
