"""Pulsoid's data API, as strict as its documentation and its error page say it is.

Sources: https://docs.pulsoid.net ("Write Heart Rate via HTTP", "Validate token" and
"Errors"). Where they contradict each other, an attribute chooses.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from http import HTTPStatus
import json
import time
from typing import NamedTuple

from aiohttp import web

from .base import TOKEN, StandIn

WRITE_SCOPE = "data:heart_rate:write"

MAX_RATE = 20
"""Requests that are answered in a second."""


class _Refusal(NamedTuple):
    """What an error says. Codes are strings on one page and numbers on another."""

    code: int | None
    message: str


NOT_FOUND = _Refusal(7005, "token_not_found")
EXPIRED = _Refusal(7006, "token_expired")
PREMIUM_REQUIRED = _Refusal(7007, "premium_required")
# What 7009 and 7010 are called is not known, only that they refuse a token.
REVOKED = _Refusal(7009, "token_revoked")
MALFORMED_TOKEN = _Refusal(7010, "invalid_token")
MISSING_SCOPE = _Refusal(7011, "insufficient_scope")


class Pulsoid(StandIn):
    """Pulsoid, with one account and one token."""

    service = "pulsoid"
    deliveries = frozenset({"/api/v1/data"})

    def __init__(
        self,
        token: str = TOKEN,
        scopes: Sequence[str] = (WRITE_SCOPE,),
        profile_id: str | None = "3c7d8a90-profile",
        premium: bool = True,
    ) -> None:
        """Initialize the account."""
        super().__init__()
        self.token = token
        self.scopes = scopes
        self.profile_id = profile_id
        self.premium = premium
        self.expired = False
        self.revoked = False
        self.bad_token_status = HTTPStatus.FORBIDDEN
        """403 as the error page and the official client say, or 401 as the manual does."""
        self.numeric_codes = False
        """Whether the code of an error is a number."""
        self._recent: deque[float] = deque()

    def _routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/api/v1/data", self._data)
        yield web.get("/api/v1/token/validate", self._validate)

    def _count(self, body: bytes) -> int:
        return 1

    async def _validate(self, request: web.Request) -> web.Response:
        """Say what a token is good for. It is echoed, as Pulsoid does."""
        if (refused := self._refused_token(request)) is not None:
            return refused
        return web.json_response(
            {
                "token": self.token,
                "client_id": "9b0d6b3e-stand-in",
                "expires_in": 536_112_000,
                "profile_id": self.profile_id,
                "scopes": list(self.scopes),
            }
        )

    async def _data(self, request: web.Request) -> web.Response:
        """Take one reading."""
        if self._too_many():
            return web.Response(
                status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": "1"}
            )
        if (refused := self._refused_token(request)) is not None:
            return refused
        if WRITE_SCOPE not in self.scopes:
            return self._error(HTTPStatus.BAD_REQUEST, MISSING_SCOPE)
        if not self.premium:
            return self._error(HTTPStatus.PAYMENT_REQUIRED, PREMIUM_REQUIRED)
        if request.content_type != "application/json":
            return self._malformed("content type is not application/json")
        try:
            body = json.loads(await request.read())
            measured_at, heart_rate = body["measured_at"], body["data"]["heart_rate"]
        except ValueError, TypeError, KeyError:
            return self._malformed("measured_at or data.heart_rate is missing")
        if type(measured_at) is not int or type(heart_rate) is not int:
            return self._malformed("measured_at or data.heart_rate is no integer")
        if heart_rate > 0:
            self._accept(request, measured_at, heart_rate)
        # What the body says is not documented: a client must not rely on it.
        return web.Response(text="OK")

    def _too_many(self) -> bool:
        """Note a request, and return whether there were too many in the last second."""
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        self._recent.append(now)
        return len(self._recent) > MAX_RATE

    def _refused_token(self, request: web.Request) -> web.Response | None:
        """Return the answer to a token that is not good, None where it is."""
        if {"access_token", "token"} & set(request.query):
            # Pulsoid would take it. We must not: addresses end up in logs.
            return self._malformed("a token does not belong in an address")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return self._error(HTTPStatus.UNAUTHORIZED, NOT_FOUND)
        for wrong, refusal in (
            (scheme != "Bearer", MALFORMED_TOKEN),
            (token != self.token, NOT_FOUND),
            (self.expired, EXPIRED),
            (self.revoked, REVOKED),
        ):
            if wrong:
                return self._error(self.bad_token_status, refusal)
        return None

    def _malformed(self, message: str) -> web.Response:
        """Return the answer to a request that makes no sense."""
        return self._error(HTTPStatus.BAD_REQUEST, _Refusal(None, message))

    def _error(self, status: HTTPStatus, refusal: _Refusal) -> web.Response:
        """Return an error as Pulsoid words it."""
        body: dict[str, int | str] = {"error_message": refusal.message}
        if refusal.code is not None:
            code = refusal.code
            body["error_code"] = code if self.numeric_codes else str(code)
        return web.json_response(body, status=status)
