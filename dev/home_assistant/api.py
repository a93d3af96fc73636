"""What a person would do in Home Assistant's UI, done through its API."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from .process import HomeAssistantError

POLL_INTERVAL = 0.2
"""In seconds."""

CONFIG_FLOW = "config/config_entries/flow"
OPTIONS_FLOW = "config/config_entries/options/flow"
FIX_FLOW = "repairs/issues/fix"

type Answer = Mapping[str, Any]
"""What the API answers: JSON, of which only what is needed is looked at."""


class Api:
    """The API of a Home Assistant, used by the user that it creates."""

    def __init__(self, session: aiohttp.ClientSession, url: URL) -> None:
        """Initialize the API."""
        self._session = session
        self._url = url
        self._client_id = f"{url}/"
        self._refresh_token = ""

    async def wait_until_it_answers(self) -> None:
        """Wait until anything answers."""
        while True:
            try:
                async with self._session.get(self._url / "api/onboarding") as response:
                    if response.status == HTTPStatus.OK:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(POLL_INTERVAL)

    async def create_user(self, name: str, password: str) -> None:
        """Create the owner, and log in."""
        answer = await self._post(
            "api/onboarding/users",
            json={
                "client_id": self._client_id,
                "name": name.capitalize(),
                "username": name,
                "password": password,
                "language": "en",
            },
        )
        tokens = await self._post(
            "auth/token",
            data={
                "client_id": self._client_id,
                "grant_type": "authorization_code",
                "code": answer["auth_code"],
            },
        )
        self._refresh_token = tokens["refresh_token"]

    async def wait_until_running(self) -> None:
        """Wait until everything is set up."""
        while (await self._call("GET", "config"))["state"] != "RUNNING":
            await asyncio.sleep(POLL_INTERVAL)

    async def wait_until_loaded(self) -> None:
        """Wait until every integration is set up, and none is loaded anew."""
        while {
            entry["state"]
            for entry in await self._call("GET", "config/config_entries/entry")
        } != {"loaded"}:
            await asyncio.sleep(POLL_INTERVAL)

    async def entry(self, title: str) -> str:
        """Return the id of the entry with a title."""
        for entry in await self._call("GET", "config/config_entries/entry"):
            if entry["title"] == title:
                entry_id: str = entry["entry_id"]
                return entry_id
        raise HomeAssistantError(f"There is no {title}.")

    async def start_flow(
        self, handler: str, flow: str = CONFIG_FLOW, **about: str
    ) -> Answer:
        """Begin to add an integration, to change an entry's options, or to fix an issue.

        Returns the first step.
        """
        step: Answer = await self._call("POST", flow, {"handler": handler, **about})
        return step

    async def wait_until_discovered(self, handler: str, source: str) -> Answer:
        """Return the flow of what a source has found for an integration, once it has."""
        while True:
            for flow in await self._command("config_entries/flow/progress"):
                if flow["handler"] == handler and flow["context"]["source"] == source:
                    found: Answer = flow
                    return found
            await asyncio.sleep(POLL_INTERVAL)

    async def next_step(
        self, step: Answer, user_input: Mapping[str, object], flow: str = CONFIG_FLOW
    ) -> Answer:
        """Fill in a step of a flow, and return the next one when it is there.

        Raises HomeAssistantError when the input is not accepted.
        """
        path = f"{flow}/{step['flow_id']}"
        async with self._events("data_entry_flow_progressed") as events:
            following: Answer = await self._call("POST", path, user_input)
            while following["type"] == "progress":
                # Whoever asks just when it goes on by itself takes the next step beside it
                async for event in events:
                    if event["data"]["flow_id"] == step["flow_id"]:
                        break
                following = await self._call("GET", path)
        if following["type"] == "abort" or following.get("errors"):
            reason = following.get("errors") or following.get("reason")
            raise HomeAssistantError(
                f"{step['handler']}, step {step.get('step_id')}: {reason}"
            )
        return following

    async def act(self, domain: str, service: str, **data: object) -> None:
        """Perform an action."""
        await self._call("POST", f"services/{domain}/{service}", data)

    async def register_app(self, app: Mapping[str, object]) -> Answer:
        """Register a companion app, and return where it hands in what it knows."""
        answer: Answer = await self._call("POST", "mobile_app/registrations", app)
        return answer

    async def entries_of(self, domain: str) -> list[Answer]:
        """Return the entries of an integration."""
        entries = await self._call("GET", "config/config_entries/entry")
        return [entry for entry in entries if entry["domain"] == domain]

    async def reload(self, entry_id: str) -> None:
        """Load an entry anew."""
        await self._call("POST", f"config/config_entries/entry/{entry_id}/reload")

    async def disable(self, entry_id: str, *, disabled: bool = True) -> None:
        """Disable an entry, or enable it again."""
        by = "user" if disabled else None
        await self._command("config_entries/disable", entry_id=entry_id, disabled_by=by)

    async def issues_of(self, domain: str) -> list[Answer]:
        """Return what an integration has reported to the repairs."""
        answer = await self._command("repairs/list_issues")
        return [issue for issue in answer["issues"] if issue["domain"] == domain]

    async def listen(self, on_state: Callable[[str, str], None]) -> None:
        """Pass on every change of a state, until the connection is gone."""
        async with self._events("state_changed") as events:
            async for event in events:
                data = event["data"]
                state = data["new_state"]
                on_state(data["entity_id"], state["state"] if state else "gone")

    async def state_of(self, entity_id: str) -> str | None:
        """Return what an entity shows, None where there is none."""
        for state in await self._call("GET", "states"):
            if state["entity_id"] == entity_id:
                shown: str = state["state"]
                return shown
        return None

    async def _call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Any:
        """Call the API as the user."""
        headers = {"Authorization": f"Bearer {await self._access_token()}"}
        return await self._request(method, f"api/{path}", headers=headers, json=body)

    async def _command(self, kind: str, **about: str | None) -> Any:
        """Return the answer to what only the WebSocket API can be asked."""
        async with self._socket() as socket:
            await socket.send_json({"type": kind, "id": 1, **about})
            return (await socket.receive_json())["result"]

    @asynccontextmanager
    async def _events(self, kind: str) -> AsyncIterator[AsyncIterator[Answer]]:
        """Return all events of a kind from now on, until the connection is gone."""
        async with self._socket() as socket:
            subscription = {"type": "subscribe_events", "event_type": kind}
            await socket.send_json(subscription | {"id": 1})
            await socket.receive_json()
            yield (message.json()["event"] async for message in socket)

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Return a connection to the WebSocket API, as the user."""
        async with self._session.ws_connect(self._url / "api/websocket") as socket:
            await socket.receive_json()
            token = await self._access_token()
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            yield socket

    async def _access_token(self) -> str:
        """Return what lets the user in for half an hour: a new one always."""
        tokens = await self._post(
            "auth/token",
            data={
                "client_id": self._client_id,
                "grant_type": "refresh_token",
                "refresh_token": self._refresh_token,
            },
        )
        token: str = tokens["access_token"]
        return token

    async def _post(self, path: str, **options: Any) -> Answer:
        """Post something, as no one yet."""
        answer: Answer = await self._request("POST", path, **options)
        return answer

    async def _request(self, method: str, path: str, **options: Any) -> Any:
        """Return the answer to a request. Raises HomeAssistantError where it is an error."""
        async with self._session.request(
            method, self._url / path, **options
        ) as response:
            if not response.ok:
                raise HomeAssistantError(
                    f"{method} /{path}: {response.status} {await response.text()}"
                )
            return await response.json()
