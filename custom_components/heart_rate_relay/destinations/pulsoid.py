"""Pulsoid, which shows a live heart rate on a stream's overlay.

Source: https://docs.pulsoid.net
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, override

import aiohttp
from yarl import URL

from ..metrics import HEART_RATE
from ..reading import MILLISECOND, Reading
from .base import (
    Account,
    Answer,
    Destination,
    Limits,
    Receipt,
    TokenDestination,
    error_from,
)
from .errors import (
    DestinationError,
    NotAuthorisedError,
    NotEntitledError,
    UnreachableError,
)
from .tokens import Token, Tokens, bearer

API_URL = URL("https://dev.pulsoid.net")

WRITE_SCOPE = "data:heart_rate:write"

# The status of these errors differs between Pulsoid's pages and its server
TOKEN_ERRORS = frozenset({"7005", "7006", "7009", "7010"})
PREMIUM_ERRORS = frozenset({"7007"})
SCOPE_ERRORS = frozenset({"6003", "7011"})


class _Profile(Destination):
    """A profile at Pulsoid, however its owner signed in."""

    service = "Pulsoid"
    limits = Limits(
        metrics=frozenset({HEART_RATE}),
        max_batch=1,
        newest_first=True,
        one_line=True,
        max_rate=10,
    )

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination."""
        super().__init__(session, config, tokens)
        self._data_url = API_URL / "api/v1/data"

    @override
    async def validate(self) -> Account:
        """Say whose token it is."""
        answer = await self._send("GET", API_URL / "api/v1/token/validate", read=True)
        if not answer.ok:
            raise _error_from(answer)
        token = answer.json
        if not isinstance(scopes := token.get("scopes"), list):
            raise UnreachableError("unexpected_answer")
        if WRITE_SCOPE not in scopes:
            raise NotEntitledError("missing_scope")
        profile = token.get("profile_id")
        return Account(id=str(profile) if profile else None, name=self.service)

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver one reading, which is all that Pulsoid takes at a time."""
        (reading,) = readings
        answer = await self._send(
            "POST",
            self._data_url,
            json={
                "measured_at": reading.measured_at // MILLISECOND,
                "data": {"heart_rate": round(reading.value)},
            },
        )
        if not answer.ok:
            raise _error_from(answer)
        return Receipt()

    @abstractmethod
    async def _send(
        self, method: str, url: URL, *, json: object = None, read: bool = False
    ) -> Answer:
        """Return the answer to a request in the profile's name.

        Raises DestinationError where there is none.
        """


class Pulsoid(_Profile):
    """A profile at Pulsoid, by a token that its owner made and pasted."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination with a token that may write."""
        super().__init__(session, config, tokens)
        self._headers = bearer(config["access_token"])

    @override
    async def _send(
        self, method: str, url: URL, *, json: object = None, read: bool = False
    ) -> Answer:
        return await self._request(
            method, url, headers=self._headers, json=json, read=read
        )


class PulsoidOAuth(_Profile, TokenDestination):
    """A profile at Pulsoid, by tokens that last an hour.

    To renew them takes the secret of an application, which the tokens' keeper has. A
    keeper without it obtains none here.
    """

    @override
    async def _send(
        self, method: str, url: URL, *, json: object = None, read: bool = False
    ) -> Answer:
        return await self._request_with_token(method, url, json=json, read=read)

    @override
    async def _obtain(self, token: Token | None) -> Token:
        raise NotAuthorisedError

    @override
    def _refuses_token(self, answer: Answer) -> bool:
        return not answer.ok and isinstance(_error_from(answer), NotAuthorisedError)


def _error_from(answer: Answer) -> DestinationError:
    """Return what an answer other than a success means."""
    code = str(answer.json.get("error_code"))
    if code in TOKEN_ERRORS:
        return NotAuthorisedError()
    if code in PREMIUM_ERRORS:
        return NotEntitledError("premium_required")
    if code in SCOPE_ERRORS:
        return NotEntitledError("missing_scope")
    return error_from(answer)
