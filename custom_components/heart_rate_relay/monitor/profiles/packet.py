"""Reads a packet's numbers, one after the other.

All are little-endian (GATT Specification Supplement, 2.1). The floating-point numbers are
those of IEEE 11073-20601, as in the Personal Health Devices Transcoding White Paper 1.6, 2.2.
"""

from datetime import datetime

from .base import MalformedError

_SFLOAT_SPECIAL = range(0x7FE, 0x803)
_FLOAT_SPECIAL = range(0x7FFFFE, 0x800003)
"""Mantissas that are no numbers: infinities, not a number, not at this resolution."""


class Packet:
    """A packet, of which so much is read already."""

    def __init__(self, data: bytes | bytearray) -> None:
        """Initialize the packet, of which nothing is read yet."""
        self._data = data
        self._at = 0

    @property
    def left(self) -> bytes:
        """What is not read yet."""
        return bytes(self._data[self._at :])

    def uint(self, size: int) -> int:
        """Return the next unsigned number. Raises MalformedError where it is cut off."""
        return int.from_bytes(self._take(size), "little")

    def sint(self, size: int) -> int:
        """Return the next signed number. Raises MalformedError where it is cut off."""
        return int.from_bytes(self._take(size), "little", signed=True)

    def sfloat(self) -> float | None:
        """Return the next number of 16 bits, with 4 for an exponent of ten.

        None for what is no number. Raises MalformedError where it is cut off.
        """
        raw = self.uint(2)
        if raw & 0xFFF in _SFLOAT_SPECIAL:
            return None
        return _scaled(_signed(raw & 0xFFF, 12), _signed(raw >> 12, 4))

    def float(self) -> float | None:
        """Return the next number of 32 bits, with 8 for an exponent of ten.

        None for what is no number. Raises MalformedError where it is cut off.
        """
        mantissa, exponent = self.uint(3), self.sint(1)
        if mantissa in _FLOAT_SPECIAL:
            return None
        return _scaled(_signed(mantissa, 24), exponent)

    def skip(self, size: int) -> None:
        """Leave so many bytes out. Raises MalformedError where they are cut off."""
        self._take(size)

    def time(self) -> datetime | None:
        """Return the next date and time (0x2A08), by a clock of which no zone is told.

        None where a part is not known, or is none that there is. Raises MalformedError where
        it is cut off.
        """
        year = self.uint(2)
        month, day, hour, minute, second = self._take(5)
        try:
            return datetime(year, month, day, hour, minute, second)
        except ValueError:
            return None

    def _take(self, size: int) -> bytes:
        """Return so many bytes. Raises MalformedError where they are cut off."""
        end = self._at + size
        if end > len(self._data):
            raise MalformedError(f"{len(self._data)} of {end} bytes")
        taken = bytes(self._data[self._at : end])
        self._at = end
        return taken


def _signed(number: int, bits: int) -> int:
    """Return what a number of so many bits is, in two's complement."""
    return number - (1 << bits) if number >> (bits - 1) else number


def _scaled(mantissa: int, exponent: int) -> float:
    """Return a number with an exponent of ten, as it is written."""
    # To multiply with a power that is not exact would add digits that nobody told
    return mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent
