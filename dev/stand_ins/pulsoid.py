"""Pulsoid's data API and its OAuth, as strict as its documentation says they are.

Sources: https://docs.pulsoid.net ("Write Heart Rate via HTTP", "Validate token",
"OAuth 2.0 Authorization Code Grant" and "Errors"). Where they contradict each other, an
attribute chooses.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
import json
import secrets
import time
from typing import NamedTuple

from aiohttp import web
from yarl import URL

from .base import PASSWORD, TOKEN, StandIn

WRITE_SCOPE = "data:heart_rate:write"

CLIENT_ID = "9b0d6b3e-stand-in"
CLIENT_SECRET = PASSWORD

ACCESS = "access-"
"""How an application's access token begins."""

EXPIRES_IN = 3600
"""Seconds for which an application's access token is good."""

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


@dataclass
class _Grant:
    """What the account's owner let an application do, and the tokens it has for that."""

    code: str
    redirect_uri: str
    scopes: Sequence[str]
    access_token: str = ""
    refresh_token: str = ""
    expires_at: float = 0
    """On the monotonic clock, in seconds."""

    def rotate(self) -> dict[str, object]:
        """Return new tokens. The last ones, and the code, are good for nothing now."""
        self.code = ""
        self.access_token = f"{ACCESS}{secrets.token_hex(16)}"
        self.refresh_token = f"refresh-{secrets.token_hex(16)}"
        self.expires_at = time.monotonic() + EXPIRES_IN
        return {
            "access_token": self.access_token,
            "token_type": "bearer",
            "expires_in": EXPIRES_IN,
            "refresh_token": self.refresh_token,
            "scope": " ".join(self.scopes),
        }


class Pulsoid(StandIn):
    """Pulsoid, with one account, one token made by hand, and one application."""

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
        self.client_id = CLIENT_ID
        self.client_secret = CLIENT_SECRET
        self.denies = False
        """Whether the account's owner says no to an application that asks."""
        self.refreshes = 0
        """Requests for another token, whether it was given or not."""
        self.dead_tokens: list[str] = []
        """Paths of requests with a token that an application had, and that is over."""
        self.answers_tokens = asyncio.Event()
        """While cleared, new tokens are made, and then not told."""
        self.answers_tokens.set()
        self._grants: list[_Grant] = []
        self._recent: deque[float] = deque()

    def expire(self) -> None:
        """Let the time of every application's access token be over."""
        for grant in self._grants:
            grant.expires_at = 0

    def revoke(self) -> None:
        """Let no application do anything any more."""
        self._grants.clear()

    def _routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/api/v1/data", self._data)
        yield web.get("/api/v1/token/validate", self._validate)
        yield web.get("/oauth2/authorize", self._authorize)
        yield web.post("/oauth2/token", self._tokens)

    def _count(self, body: bytes) -> int:
        return 1

    async def _authorize(self, request: web.Request) -> web.Response:
        """Ask the account's owner, who answers at once."""
        query = request.query
        redirect_uri = URL(query.get("redirect_uri", ""))
        if query.get("client_id") != self.client_id or not redirect_uri.absolute:
            return web.Response(
                status=HTTPStatus.BAD_REQUEST, text="No such application"
            )
        answer = {"state": query.get("state", "")}
        if query.get("response_type") != "code":
            answer["error"] = "unsupported_response_type"
        elif self.denies:
            answer["error"] = "access_denied"
        else:
            asked = query.get("scope", "").split()
            scopes = [scope for scope in asked if scope in self.scopes]
            answer["code"] = secrets.token_hex(8)
            self._grants.append(_Grant(answer["code"], query["redirect_uri"], scopes))
        return web.Response(
            status=HTTPStatus.FOUND,
            headers={"Location": str(redirect_uri.update_query(answer))},
        )

    async def _tokens(self, request: web.Request) -> web.Response:
        """Give tokens for a code, or for a refresh token, that was not used before."""
        if request.content_type != "application/x-www-form-urlencoded":
            return _oauth_error(HTTPStatus.BAD_REQUEST, "invalid_request")
        form = {key: str(value) for key, value in (await request.post()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (
            self.client_id,
            self.client_secret,
        ):
            return _oauth_error(HTTPStatus.UNAUTHORIZED, "invalid_client")
        match form:
            case {"grant_type": "authorization_code", "code": str(code)} if code:
                grant = self._find(code=code, redirect_uri=form.get("redirect_uri"))
                refused = _oauth_error(HTTPStatus.BAD_REQUEST, "invalid_grant")
            case {"grant_type": "refresh_token", "refresh_token": str(token)} if token:
                self.refreshes += 1
                grant = self._find(refresh_token=token)
                refused = _oauth_error(HTTPStatus.UNAUTHORIZED, "invalid_grant")
            case _:
                return _oauth_error(HTTPStatus.BAD_REQUEST, "unsupported_grant_type")
        if grant is None:
            return refused
        tokens = grant.rotate()
        await self.answers_tokens.wait()
        return web.json_response(tokens)

    def _find(self, **values: str | None) -> _Grant | None:
        """Return the grant that has these values."""
        for grant in self._grants:
            if all(getattr(grant, key) == value for key, value in values.items()):
                return grant
        return None

    async def _validate(self, request: web.Request) -> web.Response:
        """Say what a token is good for. It is echoed, as Pulsoid does."""
        if (refused := self._refused_token(request)) is not None:
            return refused
        token = _token_of(request)
        grant = self._find(access_token=token)
        return web.json_response(
            {
                "token": token,
                "client_id": self.client_id,
                "expires_in": EXPIRES_IN if grant else 536_112_000,
                "profile_id": self.profile_id,
                "scopes": list(self._scopes_of(token)),
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
        if WRITE_SCOPE not in self._scopes_of(_token_of(request)):
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
            self._accept(request, measured_at * 1000, heart_rate)
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
        if not (header := request.headers.get("Authorization", "")):
            return self._error(HTTPStatus.UNAUTHORIZED, NOT_FOUND)
        if not header.startswith("Bearer "):
            return self._error(self.bad_token_status, MALFORMED_TOKEN)
        if (token := _token_of(request)).startswith(ACCESS):
            return self._refused_access_token(request.path, token)
        for wrong, refusal in (
            (token != self.token, NOT_FOUND),
            (self.expired, EXPIRED),
            (self.revoked, REVOKED),
        ):
            if wrong:
                return self._error(self.bad_token_status, refusal)
        return None

    def _refused_access_token(self, path: str, token: str) -> web.Response | None:
        """Return the answer to an application's token that is over, None where it is not."""
        grant = self._find(access_token=token)
        if grant and time.monotonic() < grant.expires_at:
            return None
        self.dead_tokens.append(path)
        return self._error(self.bad_token_status, EXPIRED if grant else NOT_FOUND)

    def _scopes_of(self, token: str) -> Sequence[str]:
        """Return what a token is good for."""
        grant = self._find(access_token=token)
        return grant.scopes if grant else self.scopes

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


def _token_of(request: web.Request) -> str:
    """Return the token in a request's header."""
    return request.headers.get("Authorization", "").partition(" ")[2]


def _oauth_error(status: HTTPStatus, error: str) -> web.Response:
    """Return an error as OAuth words it: RFC 6749, section 5.2."""
    return web.json_response({"error": error}, status=status)
