"""The messages of ESPHome's native API, as they are on the wire without encryption.

Each is a zero, the length of the payload, the number of its kind, and the payload; the
numbers are protobuf's varints. Source: https://developers.esphome.io/architecture/api
"""

from collections.abc import Iterator
from typing import Protocol

from aioesphomeapi.core import MESSAGE_TYPE_TO_PROTO

NUMBERS = {
    proto.DESCRIPTOR.name: number for number, proto in MESSAGE_TYPE_TO_PROTO.items()
}
"""Of each kind of message, by its name."""


class Request(Protocol):
    """A message that has arrived. Each kind has some of these."""

    address: int
    handle: int
    data: bytes
    enable: bool
    response: bool
    request_type: int
    mode: int


class NotPlaintext(Exception):
    """The other side does not speak plaintext."""


def encode(kind: str, **fields: object) -> bytes:
    """Return a message of that kind. Messages within it are dictionaries."""
    number = NUMBERS[kind]
    payload: bytes = MESSAGE_TYPE_TO_PROTO[number](**fields).SerializeToString()
    return b"\x00" + _varint(len(payload)) + _varint(number) + payload


class Decoder:
    """Makes messages of what arrives in pieces."""

    def __init__(self) -> None:
        """Initialize the decoder."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[str, Request]]:
        """Yield the messages that are complete, each with its kind.

        Raises NotPlaintext.
        """
        self._buffer += data
        while frame := self._next_frame():
            number, payload = frame
            if proto := MESSAGE_TYPE_TO_PROTO.get(number):
                yield proto.DESCRIPTOR.name, proto.FromString(payload)

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Return a message's number and payload, None while it is not complete."""
        if self._buffer and self._buffer[0]:
            raise NotPlaintext
        position = 1
        header = []
        for _ in range(2):
            if (varint := self._read_varint(position)) is None:
                return None
            value, position = varint
            header.append(value)
        length, number = header
        end = position + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[position:end])
        del self._buffer[:end]
        return number, payload

    def _read_varint(self, position: int) -> tuple[int, int] | None:
        """Return a number and where it ends, None while it is not complete."""
        value = shift = 0
        for index in range(position, len(self._buffer)):
            byte = self._buffer[index]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, index + 1
        return None


def _varint(value: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
