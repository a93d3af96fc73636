"""A live feed, as a destination: readings go to whoever watches just now."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, override

import aiohttp
from aiohttp import web

from ...metrics import HEART_RATE, METRICS
from ...reading import Reading
from ..base import Account, Destination, Limits, Receipt
from ..hosted import CONF_SECRET, Hosted, with_secret
from ..tokens import Tokens
from . import shapes
from .present import PRESENT, Present
from .serving import HEADERS, page
from .shapes import Shape, Told
from .viewers import BEAT, GOING_AWAY, GONE, Viewers, write

HEARTBEAT = 20.0
"""Seconds after which a WebSocket has to show that somebody is there."""

MOST_HEARD = 1024
"""Bytes of a message to a WebSocket: nothing that anybody says is of use here."""

LOOKS: Mapping[str, str] = {"number": "?heart=0", "heart": "", "line": "?line=5"}
"""What the address ends in, for each look that is offered."""

DEFAULT_LOOK = "heart"

PLAIN = "text_plain_only_heart_rate"
"""What clients of Pulsoid's ask for that want the digits alone."""

type Answer = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]


class LiveFeed(Destination, Hosted):
    """Shows the present to whoever has the address, and keeps nothing."""

    service = "Live feed"
    limits = Limits(
        metrics=frozenset(METRICS.values()),
        max_batch=1000,
        max_age=PRESENT,
        one_line=True,
        keeps=False,
    )
    aliases = {
        "/api/v1/data/real_time": "real_time",
        "/api/v1/data/heart_rate/latest": "heart_rate/latest",
    }

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize a feed that nobody watches yet."""
        super().__init__(session, config, tokens)
        self._viewers = Viewers()
        self._present = Present(self._viewers.tell)
        self._look = LOOKS[config.get("look", DEFAULT_LOOK)]
        self._set_secret(config.get(CONF_SECRET, ""))
        self._parts: Mapping[str, Answer] = {
            "": lambda _: page("feed"),
            "looks": lambda _: page("looks"),
            "latest": self._latest,
            "socket": partial(self._socket, shape=shapes.metrics_frame),
            "events": self._events,
            "real_time": self._real_time,
            "heart_rate/latest": self._latest_heart_rate,
        }

    @override
    async def sign_in(self) -> Mapping[str, Any]:
        """Return what to keep: with a secret, which nobody enters."""
        return with_secret(self._config)

    @override
    async def validate(self) -> Account:
        """Say that it is nobody's account: whoever is measured is for the sources to say."""
        return Account(id=None, name=self.service)

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Tell whoever watches."""
        self._present.measure(readings)
        return Receipt()

    @property
    @override
    def path(self) -> str:
        return f"{self._secret}{self._look}"

    @property
    @override
    def preview(self) -> str:
        return f"{self._secret}/looks{self._look}"

    @override
    def set_live(self, is_live: bool) -> None:
        self._present.set_live(is_live)

    @override
    def close(self, *, for_good: bool = False) -> None:
        self._viewers.close(GONE if for_good else GOING_AWAY)

    @override
    def stop(self) -> None:
        self._present.forget()
        self.close()

    @override
    async def answer(self, request: web.Request, part: str) -> web.StreamResponse:
        if not (answer := self._parts.get(part)):
            raise web.HTTPNotFound
        return await answer(request)

    async def _latest(self, _: web.Request) -> web.Response:
        """Answer with all that is measured now."""
        return _json(shapes.metrics(self._told()))

    async def _latest_heart_rate(self, request: web.Request) -> web.Response:
        """Answer with the heart rate as Pulsoid does: with 412 where there is none."""
        told = self._present.latest
        if _wants_digits(request):
            if text := shapes.plain_heart_rate(told):
                return web.Response(text=text, headers=HEADERS)
        elif text := shapes.heart_rate(told):
            return _json(text)
        raise web.HTTPPreconditionFailed(headers=HEADERS)

    async def _real_time(self, request: web.Request) -> web.StreamResponse:
        """Tell the heart rate as Pulsoid does, for as long as it is listened to."""
        if _wants_digits(request):
            return await self._socket(request, shapes.plain_heart_rate_frame)
        return await self._socket(request, shapes.heart_rate_frame)

    async def _socket(
        self, request: web.Request, shape: Shape
    ) -> web.WebSocketResponse:
        """Tell by a WebSocket what is measured, for as long as it is listened to."""
        self._viewers.check()
        socket = web.WebSocketResponse(
            compress=False, heartbeat=HEARTBEAT, max_msg_size=MOST_HEARD
        )
        await socket.prepare(request)
        try:
            if transport := request.transport:
                with self._viewers.watching(transport, shape):
                    if data := shape(self._told()):
                        write(transport, data)
                    async for _ in socket:
                        """Nothing that is said changes anything."""
        finally:
            # Or else its heart would beat on without a connection
            await socket.close()
        return socket

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Tell by server-sent events what is measured, for as long as they are read."""
        self._viewers.check()
        response = web.StreamResponse(headers=HEADERS)
        response.content_type = "text/event-stream"
        response.force_close()
        await response.prepare(request)
        await response.write(shapes.event(self._told()))
        is_parted = request.version >= aiohttp.HttpVersion11
        shape = shapes.event_chunk if is_parted else shapes.event
        if transport := request.transport:
            with self._viewers.watching(transport, shape):
                while not transport.is_closing():
                    await asyncio.sleep(BEAT)
        return response

    def _told(self) -> Told:
        """Return all that is measured now, and that no heart rate is where none is."""
        return {HEART_RATE.key: None, **self._present.latest}


def _wants_digits(request: web.Request) -> bool:
    return request.query.get("response_mode") == PLAIN


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json", headers=HEADERS)
