"""What thermometers and scales say.

Sources: Health Thermometer Service 1.0, Weight Scale Service 1.0, Body Composition Service
1.0.
"""

from abc import ABC
from collections import deque
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import ClassVar, override

from .fields import Field, medical_float, pack, uint
from .gatt import Characteristic, Service
from .peripheral import Packet, Peripheral

THERMOMETER_SERVICE = 0x1809
TEMPERATURE = 0x2A1C
INTERMEDIATE = 0x2A1E
WEIGHT_SERVICE = 0x181D
WEIGHT = 0x2A9D
COMPOSITION_SERVICE = 0x181B
COMPOSITION = 0x2A9C

KG_PER_POUND = 0.45359237
M_PER_INCH = 0.0254


def clock(time: datetime) -> bytes:
    """Return a date and time as a clock without a zone tells it."""
    return uint(time.year, 2) + bytes(time.timetuple()[1:6])


def temperature(
    degrees: float | None, *, is_fahrenheit: bool = False, time: bytes = b""
) -> bytes:
    """Return a Temperature Measurement, in the unit that is said."""
    flags = is_fahrenheit | bool(time) << 1
    return uint(flags, 1) + medical_float(degrees) + time


def weight(*, is_imperial: bool = False, time: bytes = b"", **values: float) -> bytes:
    """Return a Weight Measurement, of a mass in kg and a height in m."""
    mass, height = _units(is_imperial)
    layout = (
        Field(0, "weight", 2, mass),
        Field(1 << 2, "scale_user", 1),
        Field(1 << 3, "body_mass_index", 2, 0.1),
        Field(1 << 3, "body_height", 2, height),
    )
    data = pack(layout, values, flags_size=1)
    flags = data[0] | is_imperial | bool(time) << 1
    return uint(flags, 1) + data[1:3] + time + data[3:]


def body_composition(
    *, is_imperial: bool = False, time: bytes = b"", **values: float
) -> bytes:
    """Return a Body Composition Measurement, of masses in kg and a height in m."""
    mass, height = _units(is_imperial)
    layout = (
        Field(0, "body_fat", 2, 0.1),
        Field(1 << 2, "scale_user", 1),
        Field(1 << 3, "basal_metabolism", 2),
        Field(1 << 4, "muscle_share", 2, 0.1),
        Field(1 << 5, "muscle_mass", 2, mass),
        Field(1 << 6, "fat_free_mass", 2, mass),
        Field(1 << 7, "soft_lean_mass", 2, mass),
        Field(1 << 8, "body_water", 2, mass),
        Field(1 << 9, "impedance", 2, 0.1),
        Field(1 << 10, "weight", 2, mass),
        Field(1 << 11, "body_height", 2, height),
    )
    data = pack(layout, values, flags_size=2)
    flags = int.from_bytes(data[:2], "little") | is_imperial | bool(time) << 1
    return uint(flags, 2) + data[2:4] + time + data[4:]


def composition_part(*, time: bytes = b"", **values: float) -> bytes:
    """Return one of several packets that a Body Composition Measurement takes."""
    data = body_composition(is_imperial=False, time=time, **values)
    return uint(int.from_bytes(data[:2], "little") | 1 << 12, 2) + data[2:]


def _units(is_imperial: bool) -> tuple[float, float]:
    """Return what one is on the air of a mass in kg, and of a height in m."""
    return (0.01 * KG_PER_POUND, 0.1 * M_PER_INCH) if is_imperial else (0.005, 0.001)


@dataclass(eq=False)
class Keeper(Peripheral, ABC):
    """What measures when somebody uses it, and keeps that until somebody wants to have it."""

    _: KW_ONLY
    kept: deque[tuple[float, Sequence[Packet]]] = field(default_factory=deque)
    """What was measured, and how that is told, the oldest first."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self._value = 0.0

    @property
    @override
    def value(self) -> float:
        return self._value

    @override
    def measure(self) -> Sequence[Packet]:
        self._value, packets = self.kept.popleft()
        return packets

    @override
    def _measure(self) -> None:
        for _, packets in tuple(self.kept):
            if not self._is_wanted(packets):
                return
            super()._measure()

    def _is_wanted(self, packets: Sequence[Packet]) -> bool:
        """Return whether somebody has asked for all of that, which may take a while."""
        return any(
            all(link.subscribed(characteristic) for characteristic, _ in packets)
            for link in self.links
        )


@dataclass(eq=False)
class Scale(Keeper):
    """A scale, that tells what a body is made of, too."""

    main: ClassVar[int] = WEIGHT
    speaks: ClassVar[tuple[int, ...]] = (WEIGHT_SERVICE, COMPOSITION_SERVICE)

    def weigh(
        self, mass: float, *, fat: float | None = None, time: datetime | None = None
    ) -> None:
        """Have somebody step on it: a mass in kg, and how much of it is fat in %."""
        when = clock(time) if time else b""
        packets = [(WEIGHT, weight(weight=mass, time=when))]
        if fat is not None:
            packets += [
                (COMPOSITION, data)
                for data in (
                    composition_part(body_fat=fat, muscle_mass=mass / 4, time=when),
                    composition_part(body_fat=fat, body_water=mass / 2),
                )
            ]
        self.kept.append((mass, packets))

    @override
    def own_services(self) -> Sequence[Service]:
        spoken = {WEIGHT_SERVICE: WEIGHT, COMPOSITION_SERVICE: COMPOSITION}
        return [
            Service(service, [Characteristic(uuid=uuid, indicates=True)])
            for service, uuid in spoken.items()
        ]


@dataclass(eq=False)
class Thermometer(Keeper):
    """A thermometer."""

    main: ClassVar[int] = TEMPERATURE
    speaks: ClassVar[tuple[int, ...]] = (THERMOMETER_SERVICE,)

    def take(self, degrees: float, *, time: datetime | None = None) -> None:
        """Have somebody's temperature taken, in °C."""
        data = temperature(degrees, time=clock(time) if time else b"")
        self.kept.append((degrees, [(TEMPERATURE, data)]))

    @override
    def own_services(self) -> Sequence[Service]:
        return [
            Service(
                THERMOMETER_SERVICE,
                [
                    Characteristic(uuid=TEMPERATURE, indicates=True),
                    Characteristic(uuid=INTERMEDIATE, notifies=True),
                ],
            )
        ]

    def rise(self, degrees: float) -> None:
        """Tell how far it has come, in °C, while somebody's temperature is taken."""
        for link in tuple(self.links):
            link.notify(INTERMEDIATE, temperature(degrees))
