"""A receiver of webhooks, as strict as whoever follows the specification.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
import hashlib
import hmac
from http import HTTPStatus
import json
import time

from aiohttp import web

from .base import StandIn

KEY = "whsec_bGV0IG1lIGluOiBpdCBpcyBvbmx5IGEgc3RhbmQtaW4="

TOLERANCE = 5 * 60
"""Seconds that a clock may be off."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Webhook(StandIn):
    """One address, which knows a message again by its id."""

    service = "webhook"
    deliveries = frozenset({"/heart-rate/"})

    def __init__(self, key: str = KEY) -> None:
        """Initialize the receiver."""
        super().__init__()
        self.key = key
        """What messages must be signed with, empty where nobody looks."""
        self.wants: Mapping[str, str] = {}
        """Headers that a request must have."""
        self.objects_to_nothing = True
        """Whether a batch without a reading is fine."""
        self.messages: dict[str, bytes] = {}
        """What was taken, by its id."""
        self.repeats = 0
        """Messages that had been taken before."""
        self.sizes: list[int] = []
        """How many readings were in each message that was taken."""

    def _routes(self) -> Iterable[web.RouteDef]:
        return [web.post("/heart-rate/", self._take)]

    def _count(self, body: bytes) -> int:
        try:
            return len(_readings(json.loads(body)))
        except ValueError, TypeError, KeyError:
            return 0

    async def _take(self, request: web.Request) -> web.Response:
        """Take a message, unless it was taken before."""
        body = await request.read()
        if self._is_forged(request, body) or any(
            request.headers.get(name) != value for name, value in self.wants.items()
        ):
            return web.Response(status=HTTPStatus.UNAUTHORIZED, text="who are you?")
        if request.content_type != "application/json":
            return web.Response(status=HTTPStatus.BAD_REQUEST, text="no JSON")
        message = request.headers.get("webhook-id", "")
        if self.messages.get(message, body) != body or not message or "." in message:
            return web.Response(status=HTTPStatus.CONFLICT, text="another message")
        try:
            readings = [
                read_reading(reading) for reading in _readings(json.loads(body))
            ]
        except (ValueError, TypeError, KeyError) as err:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=repr(err))
        if not readings:
            fine = self.objects_to_nothing
            return web.Response(status=204 if fine else HTTPStatus.UNPROCESSABLE_ENTITY)
        if message in self.messages:
            self.repeats += 1
            return web.Response(status=HTTPStatus.OK)
        self.messages[message] = body
        self.sizes.append(len(readings))
        for measured_at, value, tags in readings:
            self._accept(request, measured_at, value, tags)
        return web.Response(status=HTTPStatus.ACCEPTED, text="thanks")

    def _is_forged(self, request: web.Request, body: bytes) -> bool:
        """Return whether a message is not of who has the key, or of another time."""
        headers = request.headers
        at = headers.get("webhook-timestamp", "")
        if not at.isdecimal() or abs(int(at) - time.time()) > TOLERANCE:
            return True
        if not self.key:
            return "webhook-signature" in headers
        secret = b64decode(self.key.removeprefix("whsec_"))
        signed = f"{headers.get('webhook-id', '')}.{at}.".encode() + body
        expected = b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        found = headers.get("webhook-signature", "").split(" ")
        return f"v1,{expected}" not in found


def _readings(content: dict[str, object]) -> list[dict[str, object]]:
    """Return what a message holds: one reading, or a batch and nothing else."""
    if "readings" not in content:
        return [content]
    if set(content) != {"readings"} or not isinstance(content["readings"], list):
        raise ValueError("what is that?")
    return content["readings"]


def read_reading(reading: dict[str, object]) -> tuple[int, float, Mapping[str, str]]:
    """Return when, what, and of what, as all of it has to be."""
    names = {"metric", "value", "unit", "measured_at", "started_at", "source"}
    source = reading["source"]
    if set(reading) != names or not isinstance(source, dict):
        raise ValueError("what is that?")
    value, started_at = reading["value"], str(reading["started_at"])
    if not isinstance(value, float) or set(source) != {"entity_id", "name"}:
        raise ValueError("what is that?")
    tags = {
        "source": source["entity_id"],
        "name": source["name"],
        "type": str(reading["metric"]),
        "unit": str(reading["unit"]),
        "start": str(_us(started_at)),
    }
    if not all(tags.values()):
        raise ValueError("of what?")
    return _us(str(reading["measured_at"])), value, tags


def _us(text: str) -> int:
    """Return a time that is told to the microsecond, in UTC."""
    moment = datetime.fromisoformat(text)
    if moment.isoformat(timespec="microseconds") != text or moment.utcoffset():
        raise ValueError(text)
    return (moment - EPOCH) // timedelta(microseconds=1)
