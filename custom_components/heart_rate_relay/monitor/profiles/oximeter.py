"""Pulse oximeters: oxygen in the blood, and the pulse with it.

Sources: Pulse Oximeter Service 1.0.1, 3.1 (PLX Spot-Check Measurement) and 3.2 (PLX
Continuous Measurement); the status words are those of 3.1.1.5 and 3.1.1.6.
"""

from ..uuids import uuid
from .base import Profile, Quantity, Value, Values, parsing, table
from .packet import Packet
from .quantities import HEART_RATE, MEASURED_AT

MAX_BPM = 300
"""The highest pulse rate to be believed."""

_HAS_TIME = 0x01
_HAS_FAST = 0x01
_HAS_SLOW = 0x02
_IS_CLOCK_WRONG = 0x10

_NOT_MEASURED_NOW = 0b1011_1110_0000_0000
"""Stored, for demonstration, for testing, calibrating, unavailable, or invalid."""

_NO_FINGER = 0b1111_1100_1000_1010
"""A malfunction, no signal, no pulse, a disturbed, lost, unknown or displaced sensor."""

OXYGEN = Quantity("oxygen_saturation", "%", precision=0)
PERFUSION = Quantity("perfusion_index", "%", precision=1)


def parse_continuous(data: bytes) -> Values:
    """Return what a continuous measurement (0x2A5F) tells. Raises MalformedError."""
    packet = Packet(data)
    flags = packet.uint(1)
    measured = packet.sfloat(), packet.sfloat()
    packet.skip(4 * bool(flags & _HAS_FAST) + 4 * bool(flags & _HAS_SLOW))
    return _with_status(packet, flags >> 2, *measured)


def parse_spot_check(data: bytes) -> Values:
    """Return what a spot-check measurement (0x2A5E) tells. Raises MalformedError."""
    packet = Packet(data)
    flags = packet.uint(1)
    measured = packet.sfloat(), packet.sfloat()
    when: dict[str, Value] = {}
    if flags & _HAS_TIME:
        time = packet.time()
        when[MEASURED_AT.key] = None if flags & _IS_CLOCK_WRONG else time
    return {**_with_status(packet, flags >> 1, *measured), **when}


def _with_status(
    packet: Packet, flags: int, oxygen: float | None, pulse: float | None
) -> Values:
    """Return what was measured, in the light of what both tell at their ends.

    The lowest three of the flags, in both the same, say what there is of that.
    """
    status = packet.uint(2) if flags & 0x01 else 0
    sensor = packet.uint(3) if flags & 0x02 else 0
    values = {OXYGEN.key: _within(oxygen, 100), HEART_RATE.key: _within(pulse, MAX_BPM)}
    if flags & 0x04:
        values[PERFUSION.key] = _within(packet.sfloat(), 100)
    if status & _NOT_MEASURED_NOW or sensor & _NO_FINGER:
        return dict.fromkeys(values)
    return values


def _within(value: float | None, most: float) -> float | None:
    """Return a value if it is one to be believed: not below or at 0, and not above."""
    return value if value is not None and 0 < value <= most else None


PROFILE = Profile(
    key="oximeter",
    name="Pulse oximeter",
    service=uuid(0x1822),
    decoders=table(
        {
            uuid(0x2A5F): parsing(parse_continuous),
            uuid(0x2A5E): parsing(parse_spot_check),
        }
    ),
    quantities=(OXYGEN, HEART_RATE, PERFUSION, MEASURED_AT),
    required=OXYGEN,
    is_steady=False,
)
