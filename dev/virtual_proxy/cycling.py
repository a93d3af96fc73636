"""A bike: what its power meter and its sensors say.

Sources: Cycling Power Service 1.1, Cycling Speed and Cadence Service 1.0, Fitness Machine
Service 1.0.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, override

from .fields import Field, pack
from .gatt import Characteristic, Service
from .machine import indoor_bike
from .measurement import HEART_RATE_SERVICE, measurement
from .peripheral import Packet, Peripheral
from .pulse import Pulse

POWER_SERVICE = 0x1818
POWER = 0x2A63
SPEED_SERVICE = 0x1816
SPEED = 0x2A5B
MACHINE_SERVICE = 0x1826
MACHINE = 0x2AD2
HEART_RATE = 0x2A37

CIRCUMFERENCE = 2.105
"""Of a wheel, in m."""

POWER_LAYOUT = (
    Field(0, "power", 2, is_signed=True),
    Field(1 << 0, "pedal_balance", 1, 0.5),
    Field(1 << 2, "torque", 2, 1 / 32),
    Field(1 << 4, "wheel_turns", 4),
    Field(1 << 4, "wheel_event", 2, 1 / 2048),
    Field(1 << 5, "crank_turns", 2),
    Field(1 << 5, "crank_event", 2, 1 / 1024),
    Field(1 << 6, "forces", 4),
    Field(1 << 7, "torques", 4),
    Field(1 << 8, "angles", 3),
    Field(1 << 9, "top_dead_spot", 2),
    Field(1 << 10, "bottom_dead_spot", 2),
    Field(1 << 11, "work", 2),
)

SPEED_LAYOUT = (
    Field(1 << 0, "wheel_turns", 4),
    Field(1 << 0, "wheel_event", 2, 1 / 1024),
    Field(1 << 1, "crank_turns", 2),
    Field(1 << 1, "crank_event", 2, 1 / 1024),
)


def cycling_power(**values: float) -> bytes:
    """Return a Cycling Power Measurement, with events in seconds of the sensor's clock."""
    return pack(POWER_LAYOUT, values, flags_size=2)


def cycling_speed(**values: float) -> bytes:
    """Return a CSC Measurement, with events in seconds of the sensor's clock."""
    return pack(SPEED_LAYOUT, values, flags_size=1)


class Turning:
    """Counts turns, and remembers when the last one was complete."""

    def __init__(self) -> None:
        """Initialize what has not turned yet."""
        self.turns = 0
        self.event = 0.0
        """By its own clock, in seconds."""
        self._part = 0.0
        self._clock = 0.0

    def turn(self, per_second: float, seconds: float) -> None:
        """Turn for so long."""
        before = self._part
        self._part += per_second * seconds
        if whole := int(self._part):
            self.turns += whole
            self.event = self._clock + (whole - before) / per_second
            self._part -= whole
        self._clock += seconds

    def counted(self, name: str, per_second: int, size: int) -> dict[str, float]:
        """Return both as they are told: they roll over."""
        ticks = round(self.event * per_second) % (1 << 16)
        turns = self.turns % (1 << 8 * size)
        return {f"{name}_turns": turns, f"{name}_event": ticks / per_second}


@dataclass(eq=False)
class Bike(Peripheral):
    """A bike with a power meter, sensors on wheel and crank, and more where it is a trainer."""

    _: KW_ONLY
    power: Pulse | int = 200
    """In W."""
    cadence: float = 90
    """In 1/min."""
    speed: float = 30
    """In km/h."""
    balance: float | None = 50
    """In %, None where it has one pedal to measure."""
    work: int | None = 0
    """In kJ, None where it does not count it."""
    heart_rate: int | None = None
    """Of the strap that it listens to, in bpm, None where there is none."""
    is_trainer: bool = False
    """Whether it speaks like a fitness machine, too."""
    machine_heart_rate: int | None = None
    """What it says of the heart like a fitness machine, in bpm, None for nothing."""

    main: ClassVar[int] = POWER
    speaks: ClassVar[tuple[int, ...]] = (POWER_SERVICE, SPEED_SERVICE)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.crank = Turning()
        self.wheel = Turning()
        self._power = 0

    @property
    @override
    def value(self) -> float:
        return self._power

    @override
    def measure(self) -> Sequence[Packet]:
        seconds = 1 / self.rate
        self.crank.turn(self.cadence / 60, seconds)
        self.wheel.turn(self.speed / 3.6 / CIRCUMFERENCE, seconds)
        self._power = (
            self.power if isinstance(self.power, int) else next(self.power, self._power)
        )
        packets = [(POWER, self._power_packet()), (SPEED, self._speed_packet())]
        if self.is_trainer:
            packets.append((MACHINE, self._machine_packet()))
        if self.heart_rate is not None:
            packets.append((HEART_RATE, measurement(self.heart_rate)))
        return packets

    @override
    def own_services(self) -> Sequence[Service]:
        spoken = {POWER_SERVICE: POWER, SPEED_SERVICE: SPEED}
        if self.is_trainer:
            spoken[MACHINE_SERVICE] = MACHINE
        if self.heart_rate is not None:
            spoken[HEART_RATE_SERVICE] = HEART_RATE
        return [
            Service(service, [Characteristic(uuid=uuid, notifies=True)])
            for service, uuid in spoken.items()
        ]

    def _power_packet(self) -> bytes:
        values = {"power": float(self._power), **self.crank.counted("crank", 1024, 2)}
        if self.balance is not None:
            values["pedal_balance"] = self.balance
        if self.work is not None:
            values["work"] = self.work
        return cycling_power(**values)

    def _speed_packet(self) -> bytes:
        return cycling_speed(
            **self.wheel.counted("wheel", 1024, 4),
            **self.crank.counted("crank", 1024, 2),
        )

    def _machine_packet(self) -> bytes:
        values = {
            "speed": self.speed,
            "cadence": self.cadence,
            "power": self._power,
            "resistance": 20,
        }
        if self.machine_heart_rate is not None:
            values["heart_rate"] = self.machine_heart_rate
        return indoor_bike(**values)


@dataclass(eq=False)
class IndoorBike(Bike):
    """A bike that goes nowhere, and speaks like a fitness machine alone."""

    main: ClassVar[int] = MACHINE
    speaks: ClassVar[tuple[int, ...]] = (MACHINE_SERVICE,)

    @override
    def measure(self) -> Sequence[Packet]:
        super().measure()
        return [(MACHINE, self._machine_packet())]

    @override
    def own_services(self) -> Sequence[Service]:
        return [Service(MACHINE_SERVICE, [Characteristic(uuid=MACHINE, notifies=True)])]
