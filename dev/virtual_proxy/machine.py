"""A treadmill and a rower, and how fitness machines say what they measure.

Source: Fitness Machine Service 1.0, 4.4 to 4.9.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, override

from .fields import Field, pack
from .gatt import Characteristic, Service
from .peripheral import Packet, Peripheral

MACHINE_SERVICE = 0x1826
TREADMILL = 0x2ACD
ROWER = 0x2AD1

KCAL = 4.184
"""In kJ."""

MORE_DATA = 1


def _energy(flag: int) -> tuple[Field, ...]:
    return (
        Field(flag, "energy", 2, KCAL),
        Field(flag, "energy_per_hour", 2),
        Field(flag, "energy_per_minute", 1),
    )


def _end(flag: int) -> tuple[Field, ...]:
    return (
        Field(flag, "heart_rate", 1),
        Field(flag << 1, "metabolic_equivalent", 1, 0.1),
        Field(flag << 2, "elapsed_time", 2),
        Field(flag << 3, "remaining_time", 2),
    )


TREADMILL_LAYOUT = (
    Field(MORE_DATA, "speed", 2, 0.01),
    Field(1 << 1, "average_speed", 2, 0.01),
    Field(1 << 2, "distance", 3),
    Field(1 << 3, "inclination", 2, 0.1, is_signed=True),
    Field(1 << 3, "ramp_angle", 2, 0.1, is_signed=True),
    Field(1 << 4, "elevation_gain", 2, 0.1),
    Field(1 << 4, "elevation_loss", 2, 0.1),
    Field(1 << 5, "km_per_minute", 1, 0.1),
    Field(1 << 6, "average_km_per_minute", 1, 0.1),
    *_energy(1 << 7),
    *_end(1 << 8),
    Field(1 << 12, "belt_force", 2, is_signed=True),
    Field(1 << 12, "power", 2, is_signed=True),
)

CROSS_TRAINER_LAYOUT = (
    Field(MORE_DATA, "speed", 2, 0.01),
    Field(1 << 1, "average_speed", 2, 0.01),
    Field(1 << 2, "distance", 3),
    Field(1 << 3, "step_rate", 2),
    Field(1 << 3, "average_step_rate", 2),
    Field(1 << 4, "strides", 2, 0.1),
    Field(1 << 5, "elevation_gain", 2),
    Field(1 << 5, "elevation_loss", 2),
    Field(1 << 6, "inclination", 2, 0.1, is_signed=True),
    Field(1 << 6, "ramp_angle", 2, 0.1, is_signed=True),
    Field(1 << 7, "resistance", 2, 0.1, is_signed=True),
    Field(1 << 8, "power", 2, is_signed=True),
    Field(1 << 9, "average_power", 2, is_signed=True),
    *_energy(1 << 10),
    *_end(1 << 11),
)

ROWER_LAYOUT = (
    Field(MORE_DATA, "stroke_rate", 1, 0.5),
    Field(MORE_DATA, "strokes", 2),
    Field(1 << 1, "average_stroke_rate", 1, 0.5),
    Field(1 << 2, "distance", 3),
    Field(1 << 3, "rowing_pace", 2),
    Field(1 << 4, "average_rowing_pace", 2),
    Field(1 << 5, "power", 2, is_signed=True),
    Field(1 << 6, "average_power", 2, is_signed=True),
    Field(1 << 7, "resistance", 2, is_signed=True),
    *_energy(1 << 8),
    *_end(1 << 9),
)

INDOOR_BIKE_LAYOUT = (
    Field(MORE_DATA, "speed", 2, 0.01),
    Field(1 << 1, "average_speed", 2, 0.01),
    Field(1 << 2, "cadence", 2, 0.5),
    Field(1 << 3, "average_cadence", 2, 0.5),
    Field(1 << 4, "distance", 3),
    Field(1 << 5, "resistance", 2, is_signed=True),
    Field(1 << 6, "power", 2, is_signed=True),
    Field(1 << 7, "average_power", 2, is_signed=True),
    *_energy(1 << 8),
    *_end(1 << 9),
)


def treadmill(**values: float) -> bytes:
    """Return Treadmill Data."""
    return pack(TREADMILL_LAYOUT, values, flags_size=2, inverted=MORE_DATA)


def cross_trainer(**values: float) -> bytes:
    """Return Cross Trainer Data."""
    return pack(CROSS_TRAINER_LAYOUT, values, flags_size=3, inverted=MORE_DATA)


def rower(**values: float) -> bytes:
    """Return Rower Data."""
    return pack(ROWER_LAYOUT, values, flags_size=2, inverted=MORE_DATA)


def indoor_bike(**values: float) -> bytes:
    """Return Indoor Bike Data."""
    return pack(INDOOR_BIKE_LAYOUT, values, flags_size=2, inverted=MORE_DATA)


@dataclass(eq=False)
class Machine(Peripheral):
    """A machine that speaks of nothing but what it measures, from when it was switched on."""

    speaks: ClassVar[tuple[int, ...]] = (MACHINE_SERVICE,)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self._seconds = 0.0

    @override
    def own_services(self) -> Sequence[Service]:
        main = Characteristic(uuid=self.main, notifies=True)
        return [Service(MACHINE_SERVICE, [main])]


@dataclass(eq=False)
class Treadmill(Machine):
    """A treadmill, whose records take two packets."""

    _: KW_ONLY
    speed: float = 10
    """In km/h."""
    inclination: float = 1.5
    """In %."""
    heart_rate: int | None = 120
    """In bpm, None while nobody holds the handles."""

    main: ClassVar[int] = TREADMILL

    @property
    @override
    def value(self) -> float:
        return self.speed

    @override
    def measure(self) -> Sequence[Packet]:
        self._seconds += 1 / self.rate
        later = {"energy": 10 * KCAL, "elapsed_time": self._seconds}
        if self.heart_rate is not None:
            later["heart_rate"] = self.heart_rate
        now = treadmill(
            speed=self.speed,
            distance=self._seconds * self.speed / 3.6,
            inclination=self.inclination,
        )
        return [(TREADMILL, now), (TREADMILL, treadmill(**later))]


@dataclass(eq=False)
class Rower(Machine):
    """A rower."""

    _: KW_ONLY
    stroke_rate: float = 24.5
    """In 1/min."""
    power: int = 150
    """In W."""
    pace: int = 125
    """In s for 500 m."""

    main: ClassVar[int] = ROWER

    @property
    @override
    def value(self) -> float:
        return self.stroke_rate

    @override
    def measure(self) -> Sequence[Packet]:
        self._seconds += 1 / self.rate
        data = rower(
            stroke_rate=self.stroke_rate,
            strokes=self._seconds * self.stroke_rate / 60,
            distance=self._seconds * 500 / self.pace,
            rowing_pace=self.pace,
            power=self.power,
        )
        return [(ROWER, data)]
