"""A pulse oximeter, continuous and by the piece. Source: Pulse Oximeter Service 1.0.1."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, override

from .fields import sfloat, uint
from .gatt import Characteristic, Service
from .peripheral import Packet, Peripheral

OXIMETER_SERVICE = 0x1822
CONTINUOUS = 0x2A5F
SPOT_CHECK = 0x2A5E

NO_FINGER = 1 << 11
"""The sensor is unconnected to the user."""


def continuous(
    oxygen: float | None,
    pulse: float | None,
    *,
    fast: bool = False,
    slow: bool = False,
    status: int | None = None,
    sensor: int | None = None,
    perfusion: float | None = None,
) -> bytes:
    """Return a continuous measurement: in %, in bpm, and how good it is."""
    flags = fast | slow << 1
    body = sfloat(oxygen) + sfloat(pulse) + (fast + slow) * (sfloat(1) + sfloat(2))
    end_flags, end = _end(status, sensor, perfusion)
    return uint(flags | end_flags << 2, 1) + body + end


def spot_check(
    oxygen: float | None,
    pulse: float | None,
    *,
    time: bytes = b"",
    status: int | None = None,
    sensor: int | None = None,
    perfusion: float | None = None,
) -> bytes:
    """Return a measurement by the piece: in %, in bpm, and how good it is."""
    end_flags, end = _end(status, sensor, perfusion)
    body = sfloat(oxygen) + sfloat(pulse) + time
    return uint(bool(time) | end_flags << 1, 1) + body + end


def _end(
    status: int | None, sensor: int | None, perfusion: float | None
) -> tuple[int, bytes]:
    """Return the flags of what both have at their ends, and that itself."""
    flags, data = 0, b""
    if status is not None:
        flags |= 1
        data += uint(status, 2)
    if sensor is not None:
        flags |= 2
        data += uint(sensor, 3)
    if perfusion is not None:
        flags |= 4
        data += sfloat(perfusion, 1)
    return flags, data


@dataclass(eq=False)
class Oximeter(Peripheral):
    """A pulse oximeter."""

    _: KW_ONLY
    oxygen: int = 97
    """In %."""
    pulse: int = 66
    """In bpm."""
    has_finger: bool = True

    main: ClassVar[int] = CONTINUOUS
    speaks: ClassVar[tuple[int, ...]] = (OXIMETER_SERVICE,)

    @property
    @override
    def value(self) -> float:
        return self.oxygen

    @override
    def measure(self) -> Sequence[Packet]:
        sensor = 0 if self.has_finger else NO_FINGER
        data = continuous(self.oxygen, self.pulse, sensor=sensor, perfusion=2.5)
        return [(CONTINUOUS, data)]

    @override
    def own_services(self) -> Sequence[Service]:
        return [
            Service(
                OXIMETER_SERVICE,
                [
                    Characteristic(uuid=CONTINUOUS, notifies=True),
                    Characteristic(uuid=SPOT_CHECK, indicates=True),
                ],
            )
        ]

    def check(self, oxygen: int, pulse: int) -> None:
        """Tell one measurement by the piece."""
        for link in tuple(self.links):
            link.notify(SPOT_CHECK, spot_check(oxygen, pulse))
