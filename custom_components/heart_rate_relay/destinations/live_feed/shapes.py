"""The shapes in which a live feed tells what is measured, each as the bytes to be sent.

Source of the reading API that clients of Pulsoid's know: https://docs.pulsoid.net
Source of frames: RFC 6455, section 5.2. Source of server-sent events:
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Callable, Mapping
import json
import struct

from ...metrics import HEART_RATE
from ...reading import MILLISECOND, Reading

type Told = Mapping[str, Reading | None]
"""What is new of metrics, by their keys: None is measured no more. Nothing is a sign of life."""

type Shape = Callable[[Told], bytes | None]
"""Makes what is sent of what is told, None where nothing is to be said."""

TEXT_FRAME = 0x81
CLOSE_FRAME = 0x88
SHORT = 125
"""The longest payload, in bytes, whose length fits into the second byte of a frame."""


def heart_rate(told: Told) -> str | None:
    """Return a heart rate as Pulsoid tells it, None where there is none."""
    if not (reading := told.get(HEART_RATE.key)):
        return None
    measured_at = reading.measured_at // MILLISECOND
    return _json(
        {"measured_at": measured_at, "data": {"heart_rate": round(reading.value)}}
    )


def plain_heart_rate(told: Told) -> str | None:
    """Return a heart rate as nothing but its digits, None where there is none."""
    reading = told.get(HEART_RATE.key)
    return str(round(reading.value)) if reading else None


def metrics(told: Told) -> str:
    """Return what is new of each metric, by its key."""
    return _json({key: _described(reading) for key, reading in told.items()})


def heart_rate_frame(told: Told) -> bytes | None:
    """Return a frame of a WebSocket with a heart rate as Pulsoid tells it."""
    return _frame_of(heart_rate(told))


def plain_heart_rate_frame(told: Told) -> bytes | None:
    """Return a frame of a WebSocket with the digits of a heart rate."""
    return _frame_of(plain_heart_rate(told))


def metrics_frame(told: Told) -> bytes | None:
    """Return a frame of a WebSocket with what is new of each metric."""
    return _frame_of(metrics(told))


def event(told: Told) -> bytes:
    """Return a server-sent event with what is new of each metric, or a comment."""
    return f"data: {metrics(told)}\n\n".encode() if told else b":\n\n"


def event_chunk(told: Told) -> bytes:
    """Return the same as a chunk of HTTP 1.1, where the end of a body has to be told."""
    data = event(told)
    return b"%x\r\n%s\r\n" % (len(data), data)


def frame(payload: bytes, kind: int = TEXT_FRAME) -> bytes:
    """Return a frame of a WebSocket, as a server sends it: whole, and not masked."""
    if len(payload) <= SHORT:
        return struct.pack("!BB", kind, len(payload)) + payload
    return struct.pack("!BBH", kind, SHORT + 1, len(payload)) + payload


def _frame_of(text: str | None) -> bytes | None:
    return None if text is None else frame(text.encode())


def _described(reading: Reading | None) -> Mapping[str, object] | None:
    """Return what is told of a reading: its times are in milliseconds."""
    if reading is None:
        return None
    described: dict[str, object] = {
        "value": reading.value,
        "unit": reading.metric.unit,
        "measured_at": reading.measured_at // MILLISECOND,
    }
    if reading.duration:
        described["duration"] = reading.duration // MILLISECOND
    return described


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
