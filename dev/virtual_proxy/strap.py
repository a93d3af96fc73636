"""A heart-rate monitor: what it measures and answers.

Source: Bluetooth Heart Rate Service 1.0.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar, override

from .gatt import AttributeRefusal, Characteristic, Error, Service
from .measurement import HEART_RATE_SERVICE, MAX_INTERVALS, measurement
from .peripheral import Packet, Peripheral
from .pulse import Pulse

MEASUREMENT = 0x2A37
BODY_LOCATION = 0x2A38
CONTROL_POINT = 0x2A39

RESET_ENERGY = b"\x01"

VARIATION = 0.02
"""By which share intervals between heartbeats are longer and shorter, in turn."""


@dataclass(eq=False)
class Strap(Peripheral):
    """A heart-rate monitor."""

    _: KW_ONLY
    heart_rate: Pulse | int = 72
    """In bpm."""
    rr: bool = True
    """Whether it tells the intervals between heartbeats."""
    wide: bool = False
    """Whether the heart rate always takes two bytes."""
    energy: int | None = None
    """In kJ, None where it does not count it."""
    contact: bool | None = True
    """Whether it touches the skin, None where it cannot tell."""
    body_location: int | None = 1
    """By default the chest, None where it does not tell."""

    energy_resets: int = field(default=0, init=False)

    main: ClassVar[int] = MEASUREMENT
    speaks: ClassVar[tuple[int, ...]] = (HEART_RATE_SERVICE,)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self._bpm = 0
        self._beats = 0.0
        self._is_long = False

    @property
    @override
    def value(self) -> float:
        return self._bpm

    @override
    def measure(self) -> Sequence[Packet]:
        return [(MEASUREMENT, self.measurement())]

    @override
    def own_services(self) -> Sequence[Service]:
        return [Service(HEART_RATE_SERVICE, self._heart_rate_characteristics())]

    def measurement(self) -> bytes:
        """Measure, and return what a notification says."""
        self._bpm = self._next_bpm()
        return measurement(
            self._bpm,
            wide=self.wide,
            contact=self.contact,
            energy=self.energy,
            intervals=self._intervals() if self.rr else (),
        )

    def _next_bpm(self) -> int:
        """Return what the heart does now."""
        if isinstance(self.heart_rate, int):
            return self.heart_rate
        return next(self.heart_rate, self._bpm)

    def _intervals(self) -> Sequence[int]:
        """Return the intervals of the heartbeats since the last measurement, in 1/1024 s."""
        self._beats = min(self._beats + self._bpm / 60 / self.rate, MAX_INTERVALS)
        intervals = []
        while self._beats >= 1:
            self._beats -= 1
            self._is_long = not self._is_long
            share = 1 + VARIATION if self._is_long else 1 - VARIATION
            intervals.append(min(round(60 / self._bpm * share * 1024), 0xFFFF))
        return intervals

    def _heart_rate_characteristics(self) -> Sequence[Characteristic]:
        """Return what the heart-rate service is made of."""
        characteristics = [Characteristic(uuid=MEASUREMENT, notifies=True)]
        if self.body_location is not None:
            location = bytes((self.body_location,))
            characteristics.append(
                Characteristic(uuid=BODY_LOCATION, read=lambda: location)
            )
        characteristics.append(Characteristic(uuid=CONTROL_POINT, write=self._control))
        return characteristics

    def _control(self, data: bytes) -> None:
        """Reset the energy. Raises AttributeRefusal."""
        if data != RESET_ENERGY or self.energy is None:
            raise AttributeRefusal(Error.CONTROL_POINT_NOT_SUPPORTED)
        self.energy = 0
        self.energy_resets += 1
