"""Open Wearables, as strict and as forgetful as its backend was measured to be.

That is the snapshot of 2026-08-07, or one of the releases 0.6.0 to 0.6.3. The rest is as in its
source: https://github.com/the-momentum/open-wearables (backend)
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
import json
import re
from typing import Any, NamedTuple, override

from aiohttp import web

from .base import TOKEN
from .open_wearables_import import BatchLostError, Key, Stored, imported, objection
from .open_wearables_people import API_KEY, USER_IDS, People, broken, detail
from .open_wearables_read import page_of, steps_by_day
from .open_wearables_workouts import (
    StoredWorkout,
    WorkoutKey,
    page_of_workouts,
    workouts_of,
)

__all__ = ["API_KEY", "CODE", "OpenWearables"]

CODE = "ABCD2345"

PROVIDERS = ("apple", "samsung", "google")
MAX_EVENTS = 200

INVITATION_CODE = re.compile(r"[A-Z2-9]{8}")


class Batch(NamedTuple):
    """A request that waits to be imported."""

    request: web.Request
    user_id: str
    content: dict[str, Any]
    is_lost: bool
    """Whether it came while the first batch of that person was not imported yet."""


class OpenWearables(People):
    """A server with one person, an API key, and an invitation for that person."""

    service = "open_wearables"
    deliveries = frozenset(f"/api/v1/sdk/users/{each}/sync" for each in USER_IDS)

    def __init__(self, release: str = "") -> None:
        """Initialize the server, one of the releases 0.6.0 to 0.6.3 or the newest snapshot."""
        super().__init__(release)
        self.keepalive = 5.0
        self.import_delay = 0.03
        """Seconds that the worker takes for a batch."""
        self.import_rate: float | None = None
        """Records a second that it takes at most."""
        self.trouble = ""
        """The words of its database, where they are others than ours."""
        self.tells_names = True
        """Whether the names of sources are read back: not every version does that."""
        self.invitations = {CODE: self.user_id}
        self.access_tokens: dict[str, str] = {}
        """Those that are good, and whose they are."""
        self.redeemed: list[str] = []
        """The invitation codes that were used."""
        self.refresh_tokens: dict[str, str] = {}
        self.refreshes = 0
        self.dead_token_requests: list[str] = []
        """The paths of requests that came with a token that is not good any more."""
        self.store: dict[Key, Stored] = {}
        self.workouts: dict[WorkoutKey, StoredWorkout] = {}
        self._connected: set[tuple[str, str]] = set()
        self._first: set[tuple[str, str]] = set()
        self._queue: deque[Batch] = deque()
        self._events: deque[Mapping[str, object]] = deque(maxlen=MAX_EVENTS)
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

    def kill_worker(self) -> None:
        """Let the worker die, with what it has taken out of the queue."""
        self.worker_running = False
        self._queue.clear()
        self._first.clear()
        self._waiting.clear()

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
        yield from super()._routes()
        yield web.get("/", self._root)
        yield web.get("/openapi.json", self._openapi)
        yield web.post("/api/v1/sdk/users/{user_id}/sync", self._sync)
        yield web.get("/api/v1/users/{user_id}/timeseries", self._timeseries)
        yield web.get("/api/v1/users/{user_id}/events/workouts", self._workouts)
        yield web.get("/api/v1/users/{user_id}/sync/recent", self._recent)
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
        return detail(HTTPStatus.NOT_FOUND, "Not Found")

    # With a key or a token

    async def _sync(self, request: web.Request) -> web.Response:
        """Queue a batch, of which nothing has been looked at."""
        user_id = request.match_info["user_id"]
        has_token = "Authorization" in request.headers
        owner = self._owner(request) if has_token else user_id
        if not has_token and (refused := self._closed(request)) is not None:
            return refused
        if owner is None:
            return detail(HTTPStatus.UNAUTHORIZED, "Could not validate credentials")
        try:
            content = _content(request, await request.read())
            if self.release and (wrong := objection(content)):
                return detail(HTTPStatus.BAD_REQUEST, wrong)
        except ValueError as err:
            return detail(HTTPStatus.BAD_REQUEST, str(err))
        if owner != user_id:
            return detail(HTTPStatus.FORBIDDEN, "Token does not match user_id")
        if (provider := content.get("provider")) not in PROVIDERS:
            return detail(
                HTTPStatus.BAD_REQUEST, f"Unsupported provider: {provider or ''}."
            )
        self._enqueue(request, user_id, provider, content)
        answer = {
            "status_code": HTTPStatus.ACCEPTED,
            "response": "Import task queued successfully",
            "user_id": user_id,
        }
        if not self.release:
            answer["dropped_count"] = 0
        return web.json_response(answer, status=HTTPStatus.ACCEPTED)

    async def _timeseries(self, request: web.Request) -> web.Response:
        """Tell what was imported, a page at a time."""
        if (refused := self._closed(request)) is not None:
            return refused
        user_id = request.match_info["user_id"]
        source_key = "provider" if self.release else "source"
        try:
            page = page_of(
                self._stored(user_id),
                request.query,
                source_key=source_key if self.tells_names else None,
            )
        except LookupError, ValueError:
            return detail(HTTPStatus.BAD_REQUEST, "the query makes no sense")
        return web.json_response(page)

    async def _workouts(self, request: web.Request) -> web.Response:
        """Tell the workouts of a person."""
        if (refused := self._closed(request)) is not None:
            return refused
        if not {"start_date", "end_date"} <= request.query.keys():
            return detail(HTTPStatus.BAD_REQUEST, "Field required")
        user_id = request.match_info["user_id"]
        own = [each for each in self.workouts.values() if each.key.user_id == user_id]
        return web.json_response(page_of_workouts(own))

    async def _recent(self, request: web.Request) -> web.Response:
        """Tell what became of the last batches of a person, the newest first."""
        if (refused := self._closed(request)) is not None:
            return refused
        user_id = request.match_info["user_id"]
        limit = int(request.query.get("limit", 50))
        events = [event for event in self._events if event["user_id"] == user_id]
        return web.json_response(events[:limit])

    def _stored(self, user_id: str) -> list[Stored]:
        """Return what is stored of a person."""
        return [each for each in self.store.values() if each.key.user_id == user_id]

    def steps_by_day(self, user_id: str = "") -> Mapping[str, float]:
        """Return how many steps each day of a person had, by the day's date."""
        return steps_by_day(self._stored(user_id or self.user_id))

    def _owner(self, request: web.Request) -> str | None:
        """Return whose token it is, None where it is none that is good."""
        _, _, token = request.headers["Authorization"].partition(" ")
        if (owner := self.access_tokens.get(token)) is None:
            self.dead_token_requests.append(request.path)
        return owner

    # Tokens

    async def _redeem(self, request: web.Request) -> web.Response:
        """Give tokens for a code, once."""
        code = (await request.json()).get("code")
        if not isinstance(code, str) or not INVITATION_CODE.fullmatch(code):
            return detail(HTTPStatus.BAD_REQUEST, "String should match pattern")
        if not self.database_up:
            return broken()
        if (user_id := self.invitations.pop(code, None)) is None:
            return detail(HTTPStatus.NOT_FOUND, "Invalid or expired invitation code")
        self.redeemed.append(code)
        return web.json_response({**self.issue(user_id), "user_id": user_id})

    async def _refresh(self, request: web.Request) -> web.Response:
        """Give the next pair of tokens, and forget the last one at once."""
        token = (await request.json()).get("refresh_token")
        if not self.database_up:
            return broken()
        user_id = self.refresh_tokens.pop(token, None)
        if user_id is None or user_id not in self.users:
            return detail(HTTPStatus.UNAUTHORIZED, "Invalid or revoked refresh token")
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
            if self._queue:
                await asyncio.sleep(self._seconds_for(self._queue[0]))
            batch = self._queue.popleft() if self._queue else None
            if not self._queue:
                self._waiting.clear()
            if batch and not batch.is_lost:
                self._import(batch)

    def _seconds_for(self, batch: Batch) -> float:
        """Return how long the worker takes for a batch."""
        if self.import_rate is None:
            return self.import_delay
        records = batch.content["data"]["records"]
        return self.import_delay + len(records) / self.import_rate

    def _import(self, batch: Batch) -> None:
        """Import what can be imported of a batch."""
        pair = (batch.user_id, batch.content["provider"])
        self._first.discard(pair)
        if not self.database_up or batch.user_id not in self.users:
            return
        try:
            found = list(imported(batch.user_id, batch.content))
            workouts = list(workouts_of(batch.user_id, batch.content))
        except BatchLostError as err:
            why = self.trouble or f"{err}\n[parameters: 72.0]"
            self.tell(*pair, error=f"Import failed: {why}")
            return
        self.tell(*pair)
        self._connected.add(pair)
        for workout in workouts:
            self.workouts.setdefault(workout.key, workout)
        for stored in found:
            self.store[key := stored.key] = stored
            tags = {
                "source": key.source,
                "type": stored.type,
                "model": key.model,
                "start": str(key.start),
                "end": str(stored.end),
            }
            self._accept(batch.request, stored.end, stored.value, tags)

    def tell(
        self,
        user_id: str,
        provider: str,
        error: str | None = None,
        **changes: str | None,
    ) -> None:
        """Take note of what became of a batch."""
        self._events.appendleft(
            {
                "user_id": user_id,
                "provider": provider,
                "source": "sdk",
                "status": "failed" if error else "success",
                "error": error,
                "timestamp": datetime.now(UTC).isoformat(),
                **changes,
            }
        )


def _content(request: web.Request, body: bytes) -> dict[str, Any]:
    """Return the object that a body holds. Raises ValueError."""
    if request.headers.get("Content-Encoding"):
        raise ValueError("There was an error parsing the body")
    content = json.loads(body)
    if not isinstance(content, dict):
        raise ValueError("Input should be a valid dictionary")  # noqa: TRY004 - as for no JSON
    return content
