"""Heart rate: chest straps, armbands, watches.

Sources: Heart Rate Service 1.0, 3.1 to 3.3, and the GATT Specification Supplement,
"Heart Rate Measurement".
"""

from enum import StrEnum
from struct import iter_unpack
from typing import Final, NamedTuple

from ..uuids import uuid
from ..variability import Variability
from .base import (
    Action,
    Detail,
    Kind,
    MalformedError,
    Profile,
    Quantity,
    Settings,
    Value,
    Values,
    table,
)
from .quantities import ENERGY, HEART_RATE

MAX_BPM = 300
"""The highest heart rate to be believed."""

RR_PER_SECOND = 1024
"""The unit of RR intervals on the air is 1/1024 s."""

MEASUREMENT: Final = uuid(0x2A37)
BODY_LOCATION: Final = uuid(0x2A38)
CONTROL_POINT: Final = uuid(0x2A39)

_IS_UINT16 = 0x01
_CONTACT_DETECTED = 0x02
_CONTACT_SUPPORTED = 0x04
_HAS_ENERGY = 0x08
_HAS_RR_INTERVALS = 0x10


class BodyLocation(StrEnum):
    """Where a monitor is worn, in the order of the numbers on the air."""

    OTHER = "other"
    CHEST = "chest"
    WRIST = "wrist"
    FINGER = "finger"
    HAND = "hand"
    EAR_LOBE = "ear_lobe"
    FOOT = "foot"


SKIN_CONTACT = Quantity("skin_contact", kind=Kind.FLAG, feature="contact")
RR_INTERVAL = Quantity(
    "rr_interval",
    "ms",
    kind=Kind.SERIES,
    precision=0,
    is_enabled=False,
    feature="rr_intervals",
)
# The key says which statistic it is, by which relays know it for a source
RMSSD = Quantity("rmssd", "ms", precision=0, is_derived=True, feature="rr_intervals")
WORN_AT = Quantity(
    "body_location",
    None,
    "enum",
    kind=Kind.CHOICE,
    is_diagnostic=True,
    is_lasting=True,
    options=tuple(BodyLocation),
)


class Measurement(NamedTuple):
    """What a monitor measured."""

    heart_rate: int | None
    """In bpm, None when there is none to be believed."""
    contact: bool | None
    """Whether the sensor touches the skin, None when the monitor does not tell."""
    energy: int | None
    """In kJ since the last reset, up to 65535 where it stays, None when not told."""
    rr_intervals: tuple[float, ...]
    """In ms, oldest first. There are none without a heart rate."""


def parse_measurement(data: bytes | bytearray) -> Measurement:
    """Return what a heart rate measurement (0x2A37) tells.

    Bits that are reserved, and bytes after the last that the flags announce, may mean
    something in a later version, and nothing here. Raises MalformedError.
    """
    flags = data[0] if data else 0
    energy_at = 3 if flags & _IS_UINT16 else 2
    intervals_at = energy_at + 2 if flags & _HAS_ENERGY else energy_at
    if len(data) < intervals_at:
        raise MalformedError(f"{len(data)} of {intervals_at} bytes")
    contact = None
    if flags & _CONTACT_SUPPORTED:
        contact = bool(flags & _CONTACT_DETECTED)
    heart_rate = int.from_bytes(data[1:energy_at], "little")
    energy = None
    if flags & _HAS_ENERGY:
        energy = int.from_bytes(data[energy_at:intervals_at], "little")
    if contact is False or not 0 < heart_rate <= MAX_BPM:
        return Measurement(None, contact, energy, ())
    rr_intervals: tuple[float, ...] = ()
    if flags & _HAS_RR_INTERVALS:
        rr_intervals = _parse_rr_intervals(data[intervals_at:])
    return Measurement(heart_rate, contact, energy, rr_intervals)


def _parse_rr_intervals(data: bytes | bytearray) -> tuple[float, ...]:
    """Return RR intervals in ms, without those of 0 and without half a one."""
    whole = data[: len(data) // 2 * 2]
    return tuple(
        interval * 1000 / RR_PER_SECOND
        for (interval,) in iter_unpack("<H", whole)
        if interval
    )


def parse_body_location(data: bytes | bytearray) -> BodyLocation | None:
    """Return where a monitor is worn (0x2A38), None when it does not tell."""
    locations = tuple(BodyLocation)
    if not data or data[0] >= len(locations):
        return None
    return locations[data[0]]


class HeartRateDecoder:
    """Makes values of measurements, of which several tell the variability."""

    def __init__(self, _: Settings) -> None:
        """Initialize the decoder."""
        self._variability = Variability()

    def decode(self, data: bytes, at: float) -> Values:
        """Return what a measurement tells. Raises MalformedError."""
        measurement = parse_measurement(data)
        if measurement.heart_rate is None:
            self._variability.reset()
        self._variability.add(measurement.rr_intervals, at)
        values: dict[str, Value] = {
            HEART_RATE.key: measurement.heart_rate,
            RR_INTERVAL.key: measurement.rr_intervals,
            RMSSD.key: self._variability.rmssd(),
        }
        if measurement.contact is not None:
            values[SKIN_CONTACT.key] = measurement.contact
        if measurement.energy is not None:
            # Many tell it only now and then
            values[ENERGY.key] = measurement.energy
        return values

    def reset(self) -> None:
        """Forget all intervals."""
        self._variability.reset()


def broadcast(heart_rate: int | None, contact: bool | None) -> Values:
    """Return what a monitor tells everyone, without a connection."""
    values: dict[str, Value] = {HEART_RATE.key: heart_rate}
    if contact is not None:
        values[SKIN_CONTACT.key] = contact
    return values


PROFILE = Profile(
    key="heart_rate",
    name="Heart-rate monitor",
    service=uuid(0x180D),
    decoders=table({MEASUREMENT: HeartRateDecoder}),
    quantities=(HEART_RATE, SKIN_CONTACT, ENERGY, RR_INTERVAL, RMSSD, WORN_AT),
    required=HEART_RATE,
    details=(
        Detail(
            characteristic=BODY_LOCATION, quantity=WORN_AT, parse=parse_body_location
        ),
    ),
    actions=(
        Action(
            key="reset_energy",
            characteristic=CONTROL_POINT,
            data=b"\x01",
            feature="energy_reset",
            quantity=ENERGY,
            refusal="energy_not_reset",
        ),
    ),
)
