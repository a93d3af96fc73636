"""Fitness machines: bikes and trainers, treadmills, rowers and cross trainers.

They are read only. Sources: Fitness Machine Service 1.0, 4.4 (Treadmill Data), 4.5 (Cross
Trainer Data), 4.8 (Rower Data) and 4.9 (Indoor Bike Data). Since 1.0.1 the fields are in the
GATT Specification Supplement, which has two of them in another size. Machines seen in the
field keep to 1.0; which it is shows in the length of a packet.

A record that is too long for a packet comes in several, each with flags of its own; what
the first of the flags calls "more data" is that the field that is always there comes in a
later one. As each field is a value by itself, they need not be put together.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from ..uuids import uuid
from .base import Profile, Quantity, Value, Values, parsing, table
from .fitness_machine_quantities import (
    AVERAGE_CADENCE,
    AVERAGE_PACE,
    AVERAGE_POWER,
    AVERAGE_ROWING_PACE,
    AVERAGE_SPEED,
    AVERAGE_STEP_RATE,
    AVERAGE_STROKE_RATE,
    ELAPSED_TIME,
    ELEVATION_GAIN,
    ELEVATION_LOSS,
    ENERGY_PER_HOUR,
    ENERGY_PER_MINUTE,
    FORCE,
    INCLINATION,
    METABOLIC_EQUIVALENT,
    PACE,
    QUANTITIES,
    RAMP_ANGLE,
    REMAINING_TIME,
    RESISTANCE,
    ROWING_PACE,
    STRIDES,
    STROKE_RATE,
    STROKES,
)
from .packet import Packet
from .quantities import (
    CADENCE,
    DISTANCE,
    ENERGY,
    HEART_RATE,
    KCAL,
    POWER,
    SPEED,
    STEP_RATE,
)

MORE_DATA: Final = 0
"""The bit of the flags that says that a field is not there, and not that it is."""


class Field(NamedTuple):
    """A number in a packet, where the flags say so."""

    bit: int
    size: int
    quantity: Quantity
    factor: float = 1.0
    """What a unit on the air is in the unit of the quantity."""
    is_signed: bool = False
    is_inverse: bool = False
    """Whether a distance in a time is on the air, and a time for a distance is told."""
    later_size: int = 0
    """Its size since 1.0.1, where that is another, and what it means with it."""
    later_factor: float = 0.0
    """0 where nobody is known who sends it so: then it is read, and not told."""

    @property
    def later(self) -> Field:
        """The field as it is since 1.0.1."""
        if not self.later_size:
            return self
        return self._replace(
            size=self.later_size,
            factor=self.later_factor,
            is_signed=False,
            is_inverse=False,
        )

    def value(self, number: int) -> float | None:
        """Return what a number on the air is, None where it tells nothing."""
        if number == NOT_AVAILABLE.get(self.quantity) or not self.factor:
            return None
        if self.is_inverse:
            return 1 / (number * self.factor) if number else None
        return number * self.factor


def energy(bit: int) -> Iterable[Field]:
    """Return the fields of the energy: in all, in an hour and in a minute."""
    return (
        Field(bit, 2, ENERGY, KCAL),
        Field(bit, 2, ENERGY_PER_HOUR),
        Field(bit, 1, ENERGY_PER_MINUTE),
    )


def end(bit: int) -> Iterable[Field]:
    """Return the fields that each machine has after the energy, from a bit on."""
    return (
        Field(bit, 1, HEART_RATE),
        Field(bit + 1, 1, METABOLIC_EQUIVALENT, 0.1),
        Field(bit + 2, 2, ELAPSED_TIME),
        Field(bit + 3, 2, REMAINING_TIME),
    )


TREADMILL = (
    Field(MORE_DATA, 2, SPEED, 0.01),
    Field(1, 2, AVERAGE_SPEED, 0.01),
    Field(2, 3, DISTANCE),
    Field(3, 2, INCLINATION, 0.1, is_signed=True),
    Field(3, 2, RAMP_ANGLE, 0.1, is_signed=True),
    Field(4, 2, ELEVATION_GAIN, 0.1),
    Field(4, 2, ELEVATION_LOSS, 0.1),
    Field(5, 1, PACE, 0.1, is_inverse=True, later_size=2),
    Field(6, 1, AVERAGE_PACE, 0.1, is_inverse=True, later_size=2),
    *energy(7),
    *end(8),
    Field(12, 2, FORCE, is_signed=True),
    Field(12, 2, POWER, is_signed=True),
)

CROSS_TRAINER = (
    Field(MORE_DATA, 2, SPEED, 0.01),
    Field(1, 2, AVERAGE_SPEED, 0.01),
    Field(2, 3, DISTANCE),
    Field(3, 2, STEP_RATE),
    Field(3, 2, AVERAGE_STEP_RATE),
    Field(4, 2, STRIDES, 0.1),
    Field(5, 2, ELEVATION_GAIN),
    Field(5, 2, ELEVATION_LOSS),
    Field(6, 2, INCLINATION, 0.1, is_signed=True),
    Field(6, 2, RAMP_ANGLE, 0.1, is_signed=True),
    Field(7, 2, RESISTANCE, 0.1, is_signed=True, later_size=1, later_factor=10.0),
    Field(8, 2, POWER, is_signed=True),
    Field(9, 2, AVERAGE_POWER, is_signed=True),
    *energy(10),
    *end(11),
)

ROWER = (
    Field(MORE_DATA, 1, STROKE_RATE, 0.5),
    Field(MORE_DATA, 2, STROKES),
    Field(1, 1, AVERAGE_STROKE_RATE, 0.5),
    Field(2, 3, DISTANCE),
    Field(3, 2, ROWING_PACE),
    Field(4, 2, AVERAGE_ROWING_PACE),
    Field(5, 2, POWER, is_signed=True),
    Field(6, 2, AVERAGE_POWER, is_signed=True),
    Field(7, 2, RESISTANCE, is_signed=True, later_size=1, later_factor=10.0),
    *energy(8),
    *end(9),
)

INDOOR_BIKE = (
    Field(MORE_DATA, 2, SPEED, 0.01),
    Field(1, 2, AVERAGE_SPEED, 0.01),
    Field(2, 2, CADENCE, 0.5),
    Field(3, 2, AVERAGE_CADENCE, 0.5),
    Field(4, 3, DISTANCE),
    Field(5, 2, RESISTANCE, is_signed=True, later_size=1, later_factor=10.0),
    Field(6, 2, POWER, is_signed=True),
    Field(7, 2, AVERAGE_POWER, is_signed=True),
    *energy(8),
    *end(9),
)

NOT_AVAILABLE = {
    ENERGY: 0xFFFF,
    ENERGY_PER_HOUR: 0xFFFF,
    ENERGY_PER_MINUTE: 0xFF,
    INCLINATION: 0x7FFF,
    RAMP_ANGLE: 0x7FFF,
    FORCE: 0x7FFF,
    POWER: 0x7FFF,
    STEP_RATE: 0xFFFF,
    AVERAGE_STEP_RATE: 0xFFFF,
    # No pulse, of which the service says nothing
    HEART_RATE: 0,
}
"""What is on the air where there is nothing to tell."""


def parse_treadmill(data: bytes) -> Values:
    """Return what Treadmill Data (0x2ACD) tells. Raises MalformedError."""
    return _parse(data, 2, TREADMILL)


def parse_cross_trainer(data: bytes) -> Values:
    """Return what Cross Trainer Data (0x2ACE) tells. Raises MalformedError."""
    return _parse(data, 3, CROSS_TRAINER)


def parse_rower(data: bytes) -> Values:
    """Return what Rower Data (0x2AD1) tells. Raises MalformedError."""
    return _parse(data, 2, ROWER)


def parse_indoor_bike(data: bytes) -> Values:
    """Return what Indoor Bike Data (0x2AD2) tells. Raises MalformedError."""
    return _parse(data, 2, INDOOR_BIKE)


def _parse(data: bytes, flags_size: int, fields: Iterable[Field]) -> Values:
    """Return the values of the fields that are there. Raises MalformedError."""
    packet = Packet(data)
    flags = packet.uint(flags_size)
    present = [field for field in fields if is_present(field, flags)]
    later = [field.later for field in present]
    if len(packet.left) == size_of(later):
        present = later
    values: dict[str, Value] = {}
    for field in present:
        read = packet.sint if field.is_signed else packet.uint
        values[field.quantity.key] = field.value(read(field.size))
    return values


def size_of(fields: Iterable[Field]) -> int:
    """Return how many bytes fields take."""
    return sum(field.size for field in fields)


def is_present(field: Field, flags: int) -> bool:
    """Return whether flags say that a field is there."""
    is_set = bool(flags >> field.bit & 1)
    return is_set is not (field.bit == MORE_DATA)


PROFILE = Profile(
    key="fitness_machine",
    name="Fitness machine",
    service=uuid(0x1826),
    decoders=table(
        {
            uuid(0x2ACD): parsing(parse_treadmill),
            uuid(0x2ACE): parsing(parse_cross_trainer),
            uuid(0x2AD1): parsing(parse_rower),
            uuid(0x2AD2): parsing(parse_indoor_bike),
        }
    ),
    quantities=QUANTITIES,
)
