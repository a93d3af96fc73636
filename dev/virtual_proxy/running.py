"""A running pod. Source: Running Speed and Cadence Service 1.0."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, override

from .fields import Field, pack, uint
from .gatt import Characteristic, Service
from .peripheral import Packet, Peripheral

RUNNING_SERVICE = 0x1814
RUNNING = 0x2A53

LAYOUT = (
    Field(0, "speed", 2, 3.6 / 256),
    Field(0, "step_rate", 1),
    Field(1 << 0, "stride_length", 2, 0.01),
    Field(1 << 1, "distance", 4, 0.1),
)

IS_RUNNING = 1 << 2


def running(*, is_running: bool = True, **values: float) -> bytes:
    """Return an RSC Measurement."""
    flags, *body = pack(LAYOUT, values, flags_size=1)
    return uint(flags | is_running * IS_RUNNING, 1) + bytes(body)


@dataclass(eq=False)
class Pod(Peripheral):
    """A sensor on a shoe."""

    _: KW_ONLY
    speed: float = 12
    """In km/h."""
    step_rate: int = 170
    """In 1/min."""

    main: ClassVar[int] = RUNNING
    speaks: ClassVar[tuple[int, ...]] = (RUNNING_SERVICE,)

    @property
    @override
    def value(self) -> float:
        return self.speed

    @override
    def measure(self) -> Sequence[Packet]:
        stride = self.speed / 3.6 * 60 / self.step_rate
        data = running(speed=self.speed, step_rate=self.step_rate, stride_length=stride)
        return [(RUNNING, data)]

    @override
    def own_services(self) -> Sequence[Service]:
        return [Service(RUNNING_SERVICE, [Characteristic(uuid=RUNNING, notifies=True)])]
