"""Cycling power: power meters in pedals, cranks and hubs, and trainers.

Sources: Cycling Power Service 1.1, 3.2 (Cycling Power Measurement), and the GATT
Specification Supplement, "Cycling Power Measurement".
"""

from ..uuids import uuid
from .base import Profile, Quantity, Settings, Value, Values, table
from .packet import Packet
from .quantities import CADENCE, DISTANCE, POWER, SPEED
from .revolutions import crank, wheel

KMH = 3.6
"""In m/s."""

WHEEL_CLOCK = 2048
"""Units of the time of a wheel in a second: only here it is not that of a crank."""

_HAS_BALANCE = 1 << 0
_HAS_TORQUE = 1 << 2
_HAS_WHEEL = 1 << 4
_HAS_CRANK = 1 << 5
_SKIPPED = ((1 << 6, 4), (1 << 7, 4), (1 << 8, 3), (1 << 9, 2), (1 << 10, 2))
"""Forces, torques, angles and dead spots, each with its size in bytes."""
_HAS_ENERGY = 1 << 11

BALANCE = Quantity("pedal_balance", "%", precision=1)
WORK = Quantity("work", "kJ", "energy", precision=0, is_total=True)


class PowerDecoder:
    """Makes values of measurements, of which two tell how fast something turns."""

    def __init__(self, settings: Settings) -> None:
        """Initialize the decoder."""
        self._circumference = settings.wheel_circumference
        self._crank = crank()
        self._wheel = wheel(WHEEL_CLOCK)

    def decode(self, data: bytes, at: float) -> Values:
        """Return what a measurement (0x2A63) tells. Raises MalformedError."""
        packet = Packet(data)
        flags = packet.uint(2)
        values: dict[str, Value] = {POWER.key: packet.sint(2)}
        if flags & _HAS_BALANCE:
            balance = packet.uint(1) / 2
            values[BALANCE.key] = balance if balance <= 100 else None
        if flags & _HAS_TORQUE:
            packet.skip(2)
        if flags & _HAS_WHEEL:
            count = packet.uint(4)
            rate = self._wheel.rate(count, packet.uint(2), at)
            values |= travelled(count, rate, self._circumference)
        if flags & _HAS_CRANK:
            values[CADENCE.key] = per_minute(
                self._crank.rate(packet.uint(2), packet.uint(2), at)
            )
        for flag, size in _SKIPPED:
            if flags & flag:
                packet.skip(size)
        if flags & _HAS_ENERGY:
            values[WORK.key] = packet.uint(2)
        return values

    def reset(self) -> None:
        """Forget the last turns."""
        self._crank.reset()
        self._wheel.reset()


def per_minute(rate: float | None) -> float | None:
    """Return what so many turns in a second are in a minute."""
    return None if rate is None else rate * 60


def travelled(count: int, rate: float | None, circumference: float) -> Values:
    """Return how fast and how far a wheel goes, of that circumference in m."""
    speed = None if rate is None else rate * circumference * KMH
    return {SPEED.key: speed, DISTANCE.key: count * circumference}


PROFILE = Profile(
    key="cycling_power",
    name="Power meter",
    service=uuid(0x1818),
    decoders=table({uuid(0x2A63): PowerDecoder}),
    quantities=(POWER, BALANCE, SPEED, DISTANCE, CADENCE, WORK),
    required=POWER,
    has_wheel=True,
)
