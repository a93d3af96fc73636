"""What is known of a monitor at a moment."""

from dataclasses import dataclass

from .measurement import BodyLocation, Measurement


@dataclass(frozen=True, kw_only=True)
class MonitorData:
    """What is known of a monitor now."""

    is_reached: bool = False
    """Whether there is a connection, or advertisements come where none is wanted."""
    measurements: int = 0
    """How many there were so far."""
    measurement: Measurement | None = None
    """The last one, None when it is stale."""
    variability: float | None = None
    """RMSSD in ms."""
    battery: int | None = None
    """In percent."""
    body_location: BodyLocation | None = None
    signal_strength: int | None = None
    """Of the last advertisement, in dBm."""

    @property
    def is_available(self) -> bool:
        """Whether what is measured could be known."""
        return self.is_reached or self.measurement is not None
