"""What a strap says, in bytes.

Sources: Bluetooth GATT Specification Supplement, "Heart Rate Measurement"; Supplement to
the Core Specification, part A (advertising data).
"""

from collections.abc import Mapping, Sequence

HEART_RATE_SERVICE = 0x180D

WIDE = 0x01
CONTACT = 0x02
CONTACT_SUPPORTED = 0x04
ENERGY = 0x08
RR_INTERVALS = 0x10

MAX_INTERVALS = 8
"""What fits into the smallest packet, beside all else."""

FLAGS = 0x01
SERVICES = 0x03
NAME = 0x09
MANUFACTURER = 0xFF

GENERAL_DISCOVERABLE = b"\x06"
"""And nothing but Bluetooth Low Energy."""


def measurement(
    bpm: int,
    *,
    wide: bool = False,
    contact: bool | None = None,
    energy: int | None = None,
    intervals: Sequence[int] = (),
) -> bytes:
    """Return a Heart Rate Measurement.

    The energy is in kJ, the intervals between heartbeats in 1/1024 s, oldest first.
    """
    flags = 0
    body = b""
    if wide or bpm > 0xFF:
        flags |= WIDE
        body += _short(bpm)
    else:
        body += bytes((bpm,))
    if contact is not None:
        flags |= CONTACT_SUPPORTED | (CONTACT if contact else 0)
    if energy is not None:
        flags |= ENERGY
        body += _short(energy)
    if intervals:
        flags |= RR_INTERVALS
        body += b"".join(map(_short, intervals))
    return bytes((flags,)) + body


def advertisement(
    name: str | None, services: Sequence[int], manufacturers: Mapping[int, bytes]
) -> bytes:
    """Return what an advertisement and its scan response hold together."""
    data = _structure(FLAGS, GENERAL_DISCOVERABLE)
    if services:
        data += _structure(SERVICES, b"".join(map(_short, services)))
    for company, payload in manufacturers.items():
        data += _structure(MANUFACTURER, _short(company) + payload)
    if name is not None:
        data += _structure(NAME, name.encode())
    return data


def _short(number: int) -> bytes:
    """Return an unsigned number in two bytes."""
    return number.to_bytes(2, "little")


def _structure(kind: int, payload: bytes) -> bytes:
    """Return one structure of advertising data."""
    return bytes((len(payload) + 1, kind)) + payload
