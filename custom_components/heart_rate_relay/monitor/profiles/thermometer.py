"""Health thermometers.

Sources: Health Thermometer Service 1.0, 3.1 (Temperature Measurement) and 3.3
(Intermediate Temperature), and the GATT Specification Supplement for both.
"""

from typing import Final

from ..uuids import uuid
from .base import Profile, Quantity, Value, Values, parsing, table
from .packet import Packet
from .quantities import MEASURED_AT

LOWEST = 10.0
HIGHEST = 60.0
"""In °C: what may be that of a body."""

_IS_FAHRENHEIT = 0x01
_HAS_TIME = 0x02

TEMPERATURE = Quantity(
    "body_temperature", "°C", "temperature", precision=1, is_lasting=True
)


INTERMEDIATE: Final = uuid(0x2A1E)


def parse_measurement(data: bytes) -> Values:
    """Return what a measurement (0x2A1C or 0x2A1E) tells. Raises MalformedError."""
    packet = Packet(data)
    flags = packet.uint(1)
    temperature = packet.float()
    if temperature is not None and flags & _IS_FAHRENHEIT:
        temperature = (temperature - 32) / 1.8
    if temperature is not None and not LOWEST <= temperature <= HIGHEST:
        temperature = None
    values: dict[str, Value] = {TEMPERATURE.key: temperature}
    if flags & _HAS_TIME:
        values[MEASURED_AT.key] = packet.time()
    return values


PROFILE = Profile(
    key="thermometer",
    name="Thermometer",
    service=uuid(0x1809),
    decoders=table(
        {
            uuid(0x2A1C): parsing(parse_measurement),
            INTERMEDIATE: parsing(parse_measurement),
        }
    ),
    quantities=(TEMPERATURE, MEASURED_AT),
    unsettled=frozenset({INTERMEDIATE}),
    required=TEMPERATURE,
    is_steady=False,
)
