"""Open Wearables, as strict and as forgetful as backend 0.6.3 was measured to be.

The rest is as in its source: https://github.com/the-momentum/open-wearables (backend)
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
import json
from typing import Any, NamedTuple, override
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web

from .base import TOKEN, StandIn
from .open_wearables_import import SERIES, BatchLostError, Key, Stored, imported

API_KEY = f"sk-{TOKEN}"
CODE = "ABCD2345"

PROVIDERS = ("apple", "samsung", "google")
MAX_PAGE = 100

USER_IDS = tuple(str(uuid5(NAMESPACE_URL, f"person {number}")) for number in range(50))
"""Who can be created, and the first one who is there already."""


class Batch(NamedTuple):
    """A request that waits to be imported."""

    request: web.Request
    user_id: str
    content: dict[str, Any]
    is_lost: bool
    """Whether it came while the first batch of that person was not imported yet."""


class OpenWearables(StandIn):
    """A server with one person, an API key, and an invitation for that person."""

    service = "open_wearables"
    deliveries = frozenset(f"/api/v1/sdk/users/{each}/sync" for each in USER_IDS)

    def __init__(self) -> None:
        """Initialize the server."""
        super().__init__()
        self.keepalive = 5.0
        self.api_key = API_KEY
        self.import_delay = 0.03
        """Seconds that the worker takes for a batch."""
        self.database_up = True
        self.tells_names = True
        """Whether the names of sources are read back: not every version does that."""
        self.users: dict[str, dict[str, str | None]] = {}
        self.user_id = self.add_user(first_name="Anna", email="anna@example.org")
        self.invitations = {CODE: self.user_id}
        self.access_tokens: dict[str, str] = {}
        """Those that are good, and whose they are."""
        self.refresh_tokens: dict[str, str] = {}
        self.refreshes = 0
        self.dead_token_requests: list[str] = []
        """The paths of requests that came with a token that is not good any more."""
        self.store: dict[Key, Stored] = {}
        self._connected: set[tuple[str, str]] = set()
        self._first: set[tuple[str, str]] = set()
        self._queue: deque[Batch] = deque()
        self._waiting = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()
        self._worker: asyncio.Task[None] | None = None
        self._issued = 0

    @property
    def worker_running(self) -> bool:
        """Whether anything is imported. What is queued meanwhile is imported later."""
        return self._running.is_set()

    @worker_running.setter
    def worker_running(self, value: bool) -> None:
        if value:
            self._running.set()
        else:
            self._running.clear()

    @property
    def queued(self) -> int:
        """How many batches are not imported yet."""
        return len(self._queue)

    @override
    async def start(self, port: int = 0) -> None:
        """Listen on a port, by default on one that is free, and import."""
        await super().start(port)
        self._worker = asyncio.create_task(self._work())

    @override
    async def stop(self) -> None:
        """Close the port and every connection. What is queued stays so."""
        await super().stop()
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker

    def add_user(self, **details: str | None) -> str:
        """Make a person known, and return the id."""
        user_id = next(each for each in USER_IDS if each not in self.users)
        self.users[user_id] = {
            "first_name": None,
            "last_name": None,
            "email": None,
            "external_user_id": None,
            **details,
            "id": user_id,
        }
        return user_id

    def expire(self) -> None:
        """Let an hour pass: no access token is good any more."""
        self.access_tokens.clear()

    def issue(self, user_id: str) -> dict[str, str]:
        """Return a new pair of tokens for a person."""
        self._issued += 1
        access, refresh = (f"{TOKEN}-{kind}-{self._issued}" for kind in ("at", "rt"))
        self.access_tokens[access] = self.refresh_tokens[refresh] = user_id
        return {
            "access_token": access,
            "token_type": "bearer",
            "refresh_token": refresh,
        }

    @override
    def _routes(self) -> Iterable[web.RouteDef]:
        yield web.get("/", self._root)
        yield web.get("/openapi.json", self._openapi)
        yield web.post("/api/v1/sdk/users/{user_id}/sync", self._sync)
        yield web.get("/api/v1/users", self._list_users)
        yield web.post("/api/v1/users", self._create_user)
        yield web.get("/api/v1/users/{user_id}", self._get_user)
        yield web.get("/api/v1/users/{user_id}/timeseries", self._timeseries)
        yield web.post("/api/v1/invitation-code/redeem", self._redeem)
        yield web.post("/api/v1/token/refresh", self._refresh)
        yield web.route("*", "/{path:.*}", self._no_path)

    @override
    def _count(self, body: bytes) -> int:
        try:
            return len(json.loads(body)["data"]["records"])
        except ValueError, TypeError, LookupError:
            return 0

    # Whoever asks

    async def _root(self, request: web.Request) -> web.Response:
        """Say that there is a server, whatever state it is in."""
        return web.json_response({"message": "Server is running!"})

    async def _openapi(self, request: web.Request) -> web.Response:
        """Say which server it is."""
        info = {"title": "Open Wearables API", "version": "0.6.3"}
        return web.json_response({"openapi": "3.1.0", "info": info, "paths": {}})

    async def _no_path(self, request: web.Request) -> web.Response:
        """Send a path that ends in a slash on, and refuse all others."""
        if (path := request.path).endswith("/"):
            return web.Response(
                status=HTTPStatus.TEMPORARY_REDIRECT,
                headers={"Location": str(self.url.with_path(path.rstrip("/")))},
            )
        return _detail(HTTPStatus.NOT_FOUND, "Not Found")

    # With a key or a token

    async def _sync(self, request: web.Request) -> web.Response:
        """Queue a batch, of which nothing has been looked at."""
        user_id = request.match_info["user_id"]
        has_token = "Authorization" in request.headers
        refused = (
            self._refused_token(request, user_id)
            if has_token
            else self._closed(request)
        )
        if refused is not None:
            return refused
        if request.headers.get("Content-Encoding"):
            return _detail(
                HTTPStatus.BAD_REQUEST, "There was an error parsing the body"
            )
        try:
            content = json.loads(await request.read())
        except ValueError:
            content = None
        if not isinstance(content, dict):
            return _detail(HTTPStatus.BAD_REQUEST, "JSON decode error")
        if (provider := content.get("provider")) not in PROVIDERS:
            return _detail(
                HTTPStatus.BAD_REQUEST, f"Unsupported provider: {provider or 'unknown'}"
            )
        if self.database_up:
            self._enqueue(request, user_id, provider, content)
        return web.json_response(
            {
                "status_code": HTTPStatus.ACCEPTED,
                "response": "Import task queued successfully",
                "user_id": user_id,
                "dropped_count": 0,
            },
            status=HTTPStatus.ACCEPTED,
        )

    async def _list_users(self, request: web.Request) -> web.Response:
        """Tell who is known, a page at a time."""
        if (refused := self._closed(request)) is not None:
            return refused
        search = request.query.get("search", "").lower()
        page, limit = (int(request.query.get(key, 1)) for key in ("page", "limit"))
        if not 1 <= limit <= MAX_PAGE or page < 1:
            return _detail(HTTPStatus.BAD_REQUEST, "Input should be from 1 to 100")
        found = [
            user
            for user in self.users.values()
            if any(
                search in (user[key] or "").lower()
                for key in ("first_name", "last_name", "email")
            )
        ]
        items = found[(page - 1) * limit : page * limit]
        return web.json_response(
            {"items": items, "total": len(found), "page": page, "limit": limit}
        )

    async def _create_user(self, request: web.Request) -> web.Response:
        """Make a person known."""
        if (refused := self._closed(request)) is not None:
            return refused
        details = await request.json()
        email = details.get("email")
        if email is not None and "@" not in email:
            return _detail(HTTPStatus.BAD_REQUEST, "value is not a valid email address")
        if email and any(user["email"] == email for user in self.users.values()):
            return _detail(HTTPStatus.CONFLICT, "User with this email already exists")
        user = self.users[self.add_user(**details)]
        return web.json_response(user, status=HTTPStatus.CREATED)

    async def _get_user(self, request: web.Request) -> web.Response:
        """Tell who a person is."""
        if (refused := self._closed(request)) is not None:
            return refused
        user_id = request.match_info["user_id"]
        if len(user_id) != len(self.user_id):
            return _detail(HTTPStatus.BAD_REQUEST, "Input should be a valid UUID")
        if (user := self.users.get(user_id)) is None:
            return _detail(HTTPStatus.NOT_FOUND, f"User with ID: {user_id} not found.")
        return web.json_response(user)

    async def _timeseries(self, request: web.Request) -> web.Response:
        """Tell what was imported, a page at a time."""
        if (refused := self._closed(request)) is not None:
            return refused
        query = request.query
        try:
            start, end = (
                round(datetime.fromisoformat(query[key]).timestamp() * 1_000_000)
                for key in ("start_time", "end_time")
            )
            limit, skipped = int(query.get("limit", 50)), int(query.get("cursor", 0))
        except LookupError, ValueError:
            return _detail(HTTPStatus.BAD_REQUEST, "the query makes no sense")
        types = set(query.getall("types", []))
        known = {series.name for series in SERIES.values()}
        if not types <= known or not 1 <= limit <= MAX_PAGE:
            return _detail(HTTPStatus.BAD_REQUEST, "the query makes no sense")
        wanted = [
            stored
            for stored in self.store.values()
            if stored.key.user_id == request.match_info["user_id"]
            and SERIES[stored.key.type].name in (types or known)
            and start <= stored.key.start < end
        ]
        found = sorted(wanted, key=lambda stored: stored.key.start)
        more = len(found) > skipped + limit
        return web.json_response(
            {
                "data": [
                    self._sample(stored) for stored in found[skipped : skipped + limit]
                ],
                "pagination": {
                    "next_cursor": str(skipped + limit) if more else None,
                    "total_count": len(found),
                },
            }
        )

    def _sample(self, stored: Stored) -> Mapping[str, object]:
        """Return what was imported as it is read back."""
        key, series = stored.key, SERIES[stored.key.type]
        moment = datetime.fromtimestamp(key.start / 1_000_000, UTC)
        source = {"provider": key.provider, "device": key.model}
        return {
            "timestamp": moment.isoformat().replace("+00:00", "Z"),
            "type": series.name,
            "value": stored.value,
            "unit": series.unit,
            "source": source | ({"source": key.source} if self.tells_names else {}),
        }

    def _closed(self, request: web.Request) -> web.Response | None:
        """Return the answer to whoever has no key, None for who has one."""
        if not self.database_up:
            return web.Response(
                status=HTTPStatus.INTERNAL_SERVER_ERROR, text="Internal Server Error"
            )
        if request.headers.get("X-Open-Wearables-API-Key") != self.api_key:
            return _detail(HTTPStatus.UNAUTHORIZED, "Invalid or missing API key")
        return None

    def _refused_token(self, request: web.Request, user_id: str) -> web.Response | None:
        """Return the answer to a token that is not good, None where it is."""
        _, _, token = request.headers["Authorization"].partition(" ")
        if (owner := self.access_tokens.get(token)) is None:
            self.dead_token_requests.append(request.path)
            return _detail(HTTPStatus.UNAUTHORIZED, "Could not validate credentials")
        if owner != user_id:
            return _detail(HTTPStatus.FORBIDDEN, "Token does not match user_id")
        return None

    # Tokens

    async def _redeem(self, request: web.Request) -> web.Response:
        """Give tokens for a code, once."""
        code = (await request.json()).get("code")
        if (user_id := self.invitations.pop(code, None)) is None:
            return _detail(HTTPStatus.NOT_FOUND, "Invalid or expired invitation code")
        return web.json_response({**self.issue(user_id), "user_id": user_id})

    async def _refresh(self, request: web.Request) -> web.Response:
        """Give the next pair of tokens, and forget the last one at once."""
        token = (await request.json()).get("refresh_token")
        if (user_id := self.refresh_tokens.pop(token, None)) is None:
            return _detail(HTTPStatus.UNAUTHORIZED, "Invalid or revoked refresh token")
        self.access_tokens.pop(token.replace("-rt-", "-at-"), None)
        self.refreshes += 1
        return web.json_response(self.issue(user_id))

    # The worker

    def _enqueue(
        self, request: web.Request, user_id: str, provider: str, content: dict[str, Any]
    ) -> None:
        """Let a batch wait for the worker, be it that it will be lost."""
        pair = (user_id, provider)
        is_first = pair not in self._connected
        is_lost = is_first and pair in self._first
        if is_first:
            self._first.add(pair)
        self._queue.append(Batch(request, user_id, content, is_lost))
        self._waiting.set()

    async def _work(self) -> None:
        """Import what is queued, one batch after the other."""
        while True:
            await self._waiting.wait()
            await self._running.wait()
            await asyncio.sleep(self.import_delay)
            batch = self._queue.popleft()
            if not self._queue:
                self._waiting.clear()
            if not batch.is_lost:
                self._import(batch)

    def _import(self, batch: Batch) -> None:
        """Import what can be imported of a batch."""
        pair = (batch.user_id, batch.content["provider"])
        self._first.discard(pair)
        if batch.user_id not in self.users:
            return
        try:
            found = list(imported(batch.user_id, batch.content))
        except BatchLostError:
            return
        self._connected.add(pair)
        for stored in found:
            self.store[key := stored.key] = stored
            tags = {
                "source": key.source,
                "type": key.type,
                "model": key.model,
                "start": str(key.start),
                "end": str(stored.end),
            }
            self._accept(batch.request, stored.end, stored.value, tags)


def _detail(status: HTTPStatus, detail: str) -> web.Response:
    """Return an error as the server words it."""
    return web.json_response({"detail": detail}, status=status)
