"""Cycling speed and cadence: sensors on wheels and cranks.

Sources: Cycling Speed and Cadence Service 1.0, 3.1 (CSC Measurement), and the GATT
Specification Supplement, "CSC Measurement".
"""

from ..uuids import uuid
from .base import Profile, Settings, Value, Values, table
from .cycling_power import per_minute, travelled
from .packet import Packet
from .quantities import CADENCE, DISTANCE, SPEED
from .revolutions import crank, wheel

WHEEL_CLOCK = 1024
"""Units of the time of a wheel in a second."""

_HAS_WHEEL = 0x01
_HAS_CRANK = 0x02


class SpeedDecoder:
    """Makes values of measurements, of which two tell how fast something turns."""

    def __init__(self, settings: Settings) -> None:
        """Initialize the decoder."""
        self._circumference = settings.wheel_circumference
        self._crank = crank()
        self._wheel = wheel(WHEEL_CLOCK)

    def decode(self, data: bytes, at: float) -> Values:
        """Return what a measurement (0x2A5B) tells. Raises MalformedError."""
        packet = Packet(data)
        flags = packet.uint(1)
        values: dict[str, Value] = {}
        if flags & _HAS_WHEEL:
            count = packet.uint(4)
            rate = self._wheel.rate(count, packet.uint(2), at)
            values |= travelled(count, rate, self._circumference)
        if flags & _HAS_CRANK:
            values[CADENCE.key] = per_minute(
                self._crank.rate(packet.uint(2), packet.uint(2), at)
            )
        return values

    def reset(self) -> None:
        """Forget the last turns."""
        self._crank.reset()
        self._wheel.reset()


PROFILE = Profile(
    key="cycling_speed",
    name="Bike sensor",
    service=uuid(0x1816),
    decoders=table({uuid(0x2A5B): SpeedDecoder}),
    quantities=(SPEED, DISTANCE, CADENCE),
    has_wheel=True,
)
