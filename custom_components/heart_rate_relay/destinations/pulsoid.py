"""Pulsoid, which shows a live heart rate on a stream's overlay.

Source: https://docs.pulsoid.net
"""

from collections.abc import Mapping, Sequence
from typing import Any, override

import aiohttp
from yarl import URL

from ..reading import Metric, Reading
from .base import (
    Account,
    Answer,
    Destination,
    DestinationError,
    Limits,
    NotAuthorisedError,
    NotEntitledError,
    Refusal,
    UnreachableError,
    error_from,
)

API_URL = URL("https://dev.pulsoid.net")

WRITE_SCOPE = "data:heart_rate:write"

# The status of these errors differs between Pulsoid's pages and its server
TOKEN_ERRORS = frozenset({"7005", "7006", "7009", "7010"})
PREMIUM_ERRORS = frozenset({"7007"})
SCOPE_ERRORS = frozenset({"6003", "7011"})


class Pulsoid(Destination):
    """A profile at Pulsoid."""

    service = "Pulsoid"
    limits = Limits(
        metrics=frozenset({Metric.HEART_RATE}),
        max_batch=1,
        newest_first=True,
        one_line=True,
        max_rate=10,
    )

    def __init__(
        self, session: aiohttp.ClientSession, config: Mapping[str, Any]
    ) -> None:
        """Initialize the destination with a token that may write."""
        super().__init__(session, config)
        self._token: str = config["access_token"].strip()
        # In a header only: a query string would end up in logs
        self._headers = {"Authorization": f"Bearer {self._token}"}

    @override
    async def validate(self) -> Account:
        """Say whose token it is."""
        answer = await self._request(
            "GET",
            API_URL / "api/v1/token/validate",
            headers=self._headers,
            read=True,
        )
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
    async def deliver(self, readings: Sequence[Reading]) -> Sequence[Refusal]:
        """Deliver one reading, which is all that Pulsoid takes at a time."""
        (reading,) = readings
        answer = await self._request(
            "POST",
            API_URL / "api/v1/data",
            headers=self._headers,
            json={
                "measured_at": reading.measured_at,
                "data": {"heart_rate": round(reading.value)},
            },
        )
        if not answer.ok:
            raise _error_from(answer)
        return ()


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
