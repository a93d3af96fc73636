"""Running speed and cadence: pods on shoes and hips, and some watches and treadmills.

Sources: Running Speed and Cadence Service 1.0, 3.1 (RSC Measurement), and the GATT
Specification Supplement, "RSC Measurement".
"""

from ..uuids import uuid
from .base import Kind, Profile, Quantity, Value, Values, parsing, table
from .packet import Packet
from .quantities import DISTANCE, SPEED, STEP_RATE

_KMH_PER_UNIT = 3.6 / 256
"""The unit of the speed on the air is 1/256 m/s."""

_HAS_STRIDE_LENGTH = 0x01
_HAS_DISTANCE = 0x02
_IS_RUNNING = 0x04

STRIDE_LENGTH = Quantity("stride_length", "m", "distance", precision=2)
RUNNING = Quantity("running", kind=Kind.FLAG)


def parse_measurement(data: bytes) -> Values:
    """Return what a measurement (0x2A53) tells. Raises MalformedError."""
    packet = Packet(data)
    flags = packet.uint(1)
    values: dict[str, Value] = {
        SPEED.key: packet.uint(2) * _KMH_PER_UNIT,
        STEP_RATE.key: packet.uint(1),
        RUNNING.key: bool(flags & _IS_RUNNING),
    }
    if flags & _HAS_STRIDE_LENGTH:
        values[STRIDE_LENGTH.key] = packet.uint(2) / 100
    if flags & _HAS_DISTANCE:
        values[DISTANCE.key] = packet.uint(4) / 10
    return values


PROFILE = Profile(
    key="running",
    name="Running sensor",
    service=uuid(0x1814),
    decoders=table({uuid(0x2A53): parsing(parse_measurement)}),
    quantities=(SPEED, STEP_RATE, RUNNING, STRIDE_LENGTH, DISTANCE),
    required=SPEED,
)
