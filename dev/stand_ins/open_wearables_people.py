"""The people that Open Wearables knows, and the key that opens them all."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import override
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web

from .base import TOKEN, StandIn
from .open_wearables_read import MAX_PAGE

API_KEY = f"sk-{TOKEN}"

USER_IDS = tuple(str(uuid5(NAMESPACE_URL, f"person {number}")) for number in range(50))
"""Who can be created, and the first one who is there already."""


class People(StandIn):
    """A server that keeps what it has of several people."""

    def __init__(self, release: str = "") -> None:
        """Initialize the server, one of the releases 0.6.0 to 0.6.3 or the newest snapshot."""
        super().__init__()
        self.release = release
        self.api_key = API_KEY
        self.database_up = True
        self.users: dict[str, dict[str, str | None]] = {}
        self.user_id = self.add_user(first_name="Anna", email="anna@example.org")

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

    @override
    def _routes(self) -> Iterable[web.RouteDef]:
        yield web.get("/api/v1/users", self._list_users)
        yield web.post("/api/v1/users", self._create_user)
        yield web.get("/api/v1/users/{user_id}", self._get_user)

    async def _list_users(self, request: web.Request) -> web.Response:
        """Tell who is known, a page at a time."""
        if (refused := self._closed(request)) is not None:
            return refused
        search = request.query.get("search", "").lower()
        page, limit = (int(request.query.get(key, 1)) for key in ("page", "limit"))
        if not 1 <= limit <= MAX_PAGE or page < 1:
            return detail(HTTPStatus.BAD_REQUEST, "Input should be from 1 to 100")
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
            return detail(HTTPStatus.BAD_REQUEST, "value is not a valid email address")
        is_taken = any(user["email"] == email for user in self.users.values())
        if email and is_taken and not self.release:
            return detail(HTTPStatus.CONFLICT, "User with this email already exists")
        user = self.users[self.add_user(**details)]
        return web.json_response(user, status=HTTPStatus.CREATED)

    async def _get_user(self, request: web.Request) -> web.Response:
        """Tell who a person is."""
        if (refused := self._closed(request)) is not None:
            return refused
        user_id = request.match_info["user_id"]
        if len(user_id) != len(self.user_id):
            return detail(HTTPStatus.BAD_REQUEST, "Input should be a valid UUID")
        if (user := self.users.get(user_id)) is None:
            return detail(HTTPStatus.NOT_FOUND, f"User with ID: {user_id} not found.")
        return web.json_response(user)

    def _closed(self, request: web.Request) -> web.Response | None:
        """Return the answer to whoever has no key, None for who has one."""
        if not self.database_up:
            return broken()
        if request.headers.get("X-Open-Wearables-API-Key") != self.api_key:
            return detail(HTTPStatus.UNAUTHORIZED, "Invalid or missing API key")
        return None


def broken() -> web.Response:
    """Return the answer of a server that cannot reach its database."""
    return web.Response(
        status=HTTPStatus.INTERNAL_SERVER_ERROR, text="Internal Server Error"
    )


def detail(status: HTTPStatus, detail: str) -> web.Response:
    """Return an error as the server words it."""
    return web.json_response({"detail": detail}, status=status)
