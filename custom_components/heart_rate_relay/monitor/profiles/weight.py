"""Scales.

Sources: Weight Scale Service 1.0, 3.2 (Weight Measurement), and the GATT Specification
Supplement, "Weight Measurement".
"""

from ..uuids import uuid
from .base import Profile, Quantity, Value, Values, parsing, table
from .packet import Packet
from .quantities import BODY_HEIGHT, MEASURED_AT, SCALE_USER, WEIGHT

KG_PER_POUND = 0.45359237
M_PER_INCH = 0.0254

UNKNOWN_USER = 0xFF
UNSUCCESSFUL = 0xFFFF

IS_IMPERIAL = 0x01
_HAS_TIME = 0x02
_HAS_USER = 0x04
_HAS_BODY_MASS_INDEX = 0x08

BODY_MASS_INDEX = Quantity("body_mass_index", "kg/m²", precision=1, is_lasting=True)


def parse_measurement(data: bytes) -> Values:
    """Return what a measurement (0x2A9D) tells. Raises MalformedError."""
    packet = Packet(data)
    flags = packet.uint(1)
    values: dict[str, Value] = {WEIGHT.key: read_mass(packet, flags)}
    if flags & _HAS_TIME:
        values[MEASURED_AT.key] = packet.time()
    if flags & _HAS_USER:
        values[SCALE_USER.key] = read_user(packet)
    if flags & _HAS_BODY_MASS_INDEX:
        values[BODY_MASS_INDEX.key] = packet.uint(2) / 10
        values[BODY_HEIGHT.key] = read_height(packet, flags)
    return values


def read_mass(packet: Packet, flags: int) -> float | None:
    """Return a mass in kg, None where it could not be measured. Raises MalformedError."""
    mass = packet.uint(2)
    if mass == UNSUCCESSFUL:
        return None
    return mass / 100 * KG_PER_POUND if flags & IS_IMPERIAL else mass / 200


def read_height(packet: Packet, flags: int) -> float:
    """Return a height in m. Raises MalformedError."""
    height = packet.uint(2)
    return height / 10 * M_PER_INCH if flags & IS_IMPERIAL else height / 1000


def read_user(packet: Packet) -> int | None:
    """Return the number of who stands on it, None where unknown. Raises MalformedError."""
    user = packet.uint(1)
    return None if user == UNKNOWN_USER else user


PROFILE = Profile(
    key="weight",
    name="Scale",
    service=uuid(0x181D),
    decoders=table({uuid(0x2A9D): parsing(parse_measurement)}),
    quantities=(WEIGHT, SCALE_USER, BODY_MASS_INDEX, BODY_HEIGHT, MEASURED_AT),
    required=WEIGHT,
    is_steady=False,
)
