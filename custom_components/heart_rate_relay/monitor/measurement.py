"""What the bytes mean that a monitor sends.

Sources: Heart Rate Service 1.0 and the GATT Specification Supplement.
"""

from enum import StrEnum
from struct import iter_unpack
from typing import NamedTuple

MAX_BPM = 300
"""The highest heart rate to be believed."""

RR_PER_SECOND = 1024
"""The unit of RR intervals on the air is 1/1024 s."""

MAX_TEXT = 64
"""How many characters of a text are kept."""

RESET_ENERGY = b"\x01"
"""What is written to the control point to count energy from 0 again."""

_IS_UINT16 = 0x01
_CONTACT_DETECTED = 0x02
_CONTACT_SUPPORTED = 0x04
_HAS_ENERGY = 0x08
_HAS_RR_INTERVALS = 0x10


class MalformedError(ValueError):
    """A packet is shorter than its flags say."""


class Measurement(NamedTuple):
    """What a monitor measured."""

    heart_rate: int | None
    """In bpm, None when there is none to be believed."""
    contact: bool | None
    """Whether the sensor touches the skin, None when the monitor does not tell."""
    energy: int | None
    """In kJ since the last reset, up to 65535 where it stays, None when not told."""
    rr_intervals: tuple[float, ...]
    """In ms, oldest first. There are none without a heart rate."""


class BodyLocation(StrEnum):
    """Where a monitor is worn, in the order of the numbers on the air."""

    OTHER = "other"
    CHEST = "chest"
    WRIST = "wrist"
    FINGER = "finger"
    HAND = "hand"
    EAR_LOBE = "ear_lobe"
    FOOT = "foot"


def parse_measurement(data: bytes | bytearray) -> Measurement:
    """Return what a heart rate measurement (0x2A37) tells.

    Bits that are reserved, and bytes after the last that the flags announce, may mean
    something in a later version, and nothing here. Raises MalformedError.
    """
    flags = data[0] if data else 0
    energy_at = 3 if flags & _IS_UINT16 else 2
    intervals_at = energy_at + 2 if flags & _HAS_ENERGY else energy_at
    if len(data) < intervals_at:
        raise MalformedError(f"{len(data)} of {intervals_at} bytes")
    contact = None
    if flags & _CONTACT_SUPPORTED:
        contact = bool(flags & _CONTACT_DETECTED)
    heart_rate = int.from_bytes(data[1:energy_at], "little")
    energy = None
    if flags & _HAS_ENERGY:
        energy = int.from_bytes(data[energy_at:intervals_at], "little")
    if contact is False or not 0 < heart_rate <= MAX_BPM:
        return Measurement(None, contact, energy, ())
    rr_intervals: tuple[float, ...] = ()
    if flags & _HAS_RR_INTERVALS:
        rr_intervals = _parse_rr_intervals(data[intervals_at:])
    return Measurement(heart_rate, contact, energy, rr_intervals)


def _parse_rr_intervals(data: bytes | bytearray) -> tuple[float, ...]:
    """Return RR intervals in ms, without those of 0 and without half a one."""
    whole = data[: len(data) // 2 * 2]
    return tuple(
        interval * 1000 / RR_PER_SECOND
        for (interval,) in iter_unpack("<H", whole)
        if interval
    )


def parse_body_location(data: bytes | bytearray) -> BodyLocation | None:
    """Return where a monitor is worn (0x2A38), None when it does not tell."""
    locations = tuple(BodyLocation)
    if not data or data[0] >= len(locations):
        return None
    return locations[data[0]]


def parse_battery(data: bytes | bytearray) -> int | None:
    """Return a battery level (0x2A19) in percent, None when it is not one."""
    if not data or data[0] > 100:
        return None
    return data[0]


def parse_text(data: bytes | bytearray) -> str:
    """Return a text (0x2A00, and those of 0x180A) as far as it can be shown."""
    text = data.decode(errors="ignore")
    shown = "".join(character for character in text if character.isprintable())
    return shown.lstrip()[:MAX_TEXT].rstrip()
