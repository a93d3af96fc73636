"""WebSockets that are told what is measured with nothing in between: the floor of a live feed."""

from aiohttp import web

from homeassistant.helpers.http import HomeAssistantView

URL = "/api/benchmark_driver/bare"

sockets: set[web.WebSocketResponse] = set()


class BareView(HomeAssistantView):
    """Lets anybody in."""

    url = URL
    name = "api:benchmark_driver:bare"
    requires_auth = False

    async def get(self, request: web.Request) -> web.WebSocketResponse:
        """Keep somebody informed, who says nothing."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            sockets.discard(socket)
        return socket


async def tell(text: str) -> None:
    """Send the same to each, one after the other."""
    for socket in sockets:
        await socket.send_str(text)
