"""Scales that tell what a body is made of.

Sources: Body Composition Service 1.0, 3.2 (Body Composition Measurement), and the GATT
Specification Supplement, "Body Composition Measurement".
"""

from ..uuids import uuid
from .base import Profile, Quantity, Settings, Value, Values, table
from .packet import Packet
from .quantities import BODY_HEIGHT, MEASURED_AT, SCALE_USER, WEIGHT
from .weight import UNSUCCESSFUL, read_height, read_mass, read_user

_HAS_TIME = 1 << 1
_HAS_USER = 1 << 2
_HAS_BASAL_METABOLISM = 1 << 3
_HAS_MUSCLE_SHARE = 1 << 4
_HAS_IMPEDANCE = 1 << 9
_HAS_WEIGHT = 1 << 10
_HAS_HEIGHT = 1 << 11
_IS_ONE_OF_SEVERAL = 1 << 12

BODY_FAT = Quantity("body_fat", "%", precision=1, is_lasting=True)
BASAL_METABOLISM = Quantity(
    "basal_metabolism", "kJ/d", precision=0, is_lasting=True, is_enabled=False
)
MUSCLE_SHARE = Quantity("muscle_share", "%", precision=1, is_lasting=True)
MUSCLE_MASS = Quantity("muscle_mass", "kg", "weight", precision=1, is_lasting=True)
FAT_FREE_MASS = Quantity("fat_free_mass", "kg", "weight", precision=1, is_lasting=True)
SOFT_LEAN_MASS = Quantity(
    "soft_lean_mass", "kg", "weight", precision=1, is_lasting=True
)
BODY_WATER = Quantity("body_water", "kg", "weight", precision=1, is_lasting=True)
IMPEDANCE = Quantity("impedance", "Ω", precision=0, is_lasting=True, is_enabled=False)

_MASSES = (
    (1 << 5, MUSCLE_MASS),
    (1 << 6, FAT_FREE_MASS),
    (1 << 7, SOFT_LEAN_MASS),
    (1 << 8, BODY_WATER),
)


class CompositionDecoder:
    """Makes values of measurements, of which one may take two packets.

    Each has its own flags, and tells what it has: only the first the time. So the second is
    told with what was in the first, where that is a record, and else without the body fat,
    which is in both.
    """

    def __init__(self, _: Settings) -> None:
        """Initialize the decoder."""
        self._begun: Values = {}
        """What the first packet told of a measurement of which more is to come."""

    def decode(self, data: bytes, at: float) -> Values:
        """Return what a packet (0x2A9C) tells. Raises MalformedError."""
        values = parse_measurement(data)
        if not int.from_bytes(data[:2], "little") & _IS_ONE_OF_SEVERAL:
            self._begun = {}
        elif MEASURED_AT.key in values or not self._goes_on_with(values):
            self._begun = values
        elif MEASURED_AT.key in self._begun:
            return {**self._begun, **values}
        else:
            return {key: told for key, told in values.items() if key != BODY_FAT.key}
        return values

    def _goes_on_with(self, values: Values) -> bool:
        """Return whether a packet without a time tells more of what has begun.

        It does not where it tells again anything but the body fat, or nothing else.
        """
        if MEASURED_AT.key in self._begun:
            return True
        both = values.keys() & self._begun.keys()
        return (
            both == {BODY_FAT.key}
            and len(values) > 1
            and values[BODY_FAT.key] == self._begun[BODY_FAT.key]
        )

    def reset(self) -> None:
        """Forget what has begun."""
        self._begun = {}


def parse_measurement(data: bytes) -> Values:
    """Return what a packet of a measurement (0x2A9C) tells. Raises MalformedError."""
    packet = Packet(data)
    flags = packet.uint(2)
    fat = packet.uint(2)
    # All else is of no use then
    is_measured = fat != UNSUCCESSFUL
    values: dict[str, Value] = {BODY_FAT.key: fat / 10}
    if flags & _HAS_TIME:
        values[MEASURED_AT.key] = packet.time()
    if flags & _HAS_USER:
        values[SCALE_USER.key] = read_user(packet)
    if flags & _HAS_BASAL_METABOLISM:
        values[BASAL_METABOLISM.key] = packet.uint(2)
    if flags & _HAS_MUSCLE_SHARE:
        values[MUSCLE_SHARE.key] = packet.uint(2) / 10
    for flag, quantity in _MASSES:
        if flags & flag:
            values[quantity.key] = read_mass(packet, flags)
    if flags & _HAS_IMPEDANCE:
        values[IMPEDANCE.key] = packet.uint(2) / 10
    if flags & _HAS_WEIGHT:
        values[WEIGHT.key] = read_mass(packet, flags)
    if flags & _HAS_HEIGHT:
        values[BODY_HEIGHT.key] = read_height(packet, flags)
    return values if is_measured else {BODY_FAT.key: None}


PROFILE = Profile(
    key="body_composition",
    name="Body composition scale",
    service=uuid(0x181B),
    decoders=table({uuid(0x2A9C): CompositionDecoder}),
    quantities=(
        BODY_FAT,
        SCALE_USER,
        BASAL_METABOLISM,
        MUSCLE_SHARE,
        MUSCLE_MASS,
        FAT_FREE_MASS,
        SOFT_LEAN_MASS,
        BODY_WATER,
        IMPEDANCE,
        WEIGHT,
        BODY_HEIGHT,
        MEASURED_AT,
    ),
    required=BODY_FAT,
    is_steady=False,
)
