"""Whether the clock was set back, as told by one that cannot be."""

from ..reading import to_us

SMALLEST = 1.0
"""Seconds: a clock is put right by less than that without a leap."""


class Clock:
    """Two clocks, of which one can be set."""

    def __init__(self, wall: float, monotonic: float) -> None:
        """Initialize them with the time of both, in seconds."""
        self._ahead = wall - monotonic

    def set_back(self, wall: float, monotonic: float) -> int:
        """Return by how much the clock was set back since it was asked last, in µs.

        One that was set forward tells nothing: the machine may have slept meanwhile.
        """
        ahead = wall - monotonic
        by, self._ahead = self._ahead - ahead, ahead
        return to_us(by) if by >= SMALLEST else 0
