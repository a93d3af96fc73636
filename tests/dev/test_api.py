"""What scripts/develop does in Home Assistant's UI where that takes its time."""

from collections.abc import Iterable

from aiohttp import web
import pytest
from pytest_aiohttp import AiohttpClient

from dev.home_assistant import api as api_module
from dev.home_assistant.api import Answer, Api
from dev.home_assistant.process import HomeAssistantError

TOKEN = "good for half an hour"


class HomeAssistant:
    """A Home Assistant that gives one answer after the other."""

    def __init__(self, answers: Iterable[object]) -> None:
        """Initialize it."""
        self._answers = iter(answers)
        self.requests: list[str] = []
        self.progressed: list[str] = []
        """The flows of which it tells that they went on."""

    def application(self) -> web.Application:
        """Return what is served."""
        application = web.Application()
        application.add_routes(
            [
                web.post("/auth/token", self._token),
                web.get("/api/websocket", self._commands),
                web.route("*", "/api/config/config_entries/flow/{id}", self._flow),
            ]
        )
        return application

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response({"access_token": TOKEN})

    async def _flow(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        self.requests.append(f"{request.method} {request.match_info['id']}")
        return web.json_response(next(self._answers))

    async def _commands(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required"})
        assert await socket.receive_json() == {"type": "auth", "access_token": TOKEN}
        await socket.send_json({"type": "auth_ok"})
        command = await socket.receive_json()
        answer = {"id": command["id"], "type": "result"}
        if command["type"] == "subscribe_events":
            await socket.send_json(answer)
            for flow_id in self.progressed:
                event = {"data": {"flow_id": flow_id}}
                await socket.send_json({"type": "event", "event": event})
            await socket.receive()
            return socket
        self.requests.append(command["type"])
        await socket.send_json(answer | {"result": next(self._answers)})
        return socket


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    monkeypatch.setattr(api_module, "POLL_INTERVAL", 0)


async def connect(aiohttp_client: AiohttpClient, there: HomeAssistant) -> Api:
    """Return an API of a Home Assistant."""
    client = await aiohttp_client(there.application())
    return Api(client.session, client.make_url("/"))


def flow(handler: str, source: str) -> Answer:
    """Return a flow in progress."""
    return {"handler": handler, "context": {"source": source}}


async def test_a_discovery_is_waited_for(
    socket_enabled: None, aiohttp_client: AiohttpClient
) -> None:
    """Others may be there before."""
    wanted = flow("ours", "bluetooth")
    others = [flow("theirs", "bluetooth"), flow("ours", "user")]
    there = HomeAssistant([[], others, [*others, wanted]])
    api = await connect(aiohttp_client, there)
    assert await api.wait_until_discovered("ours", "bluetooth") == wanted
    assert there.requests == ["config_entries/flow/progress"] * 3


@pytest.mark.parametrize("ending", ["create_entry", "abort"])
async def test_progress_is_waited_for(
    socket_enabled: None, aiohttp_client: AiohttpClient, ending: str
) -> None:
    """The step that follows counts, be it the end, once it is said that there is one."""
    there = HomeAssistant([{"type": one} for one in ("progress", "progress", ending)])
    there.progressed = ["other", "abc", "other", "abc"]
    api = await connect(aiohttp_client, there)
    step: Answer = {"flow_id": "abc", "handler": "ours"}
    if ending == "abort":
        with pytest.raises(HomeAssistantError, match="ours"):
            await api.next_step(step, {})
    else:
        assert await api.next_step(step, {}) == {"type": ending}
    assert there.requests == ["POST abc", "GET abc", "GET abc"]
