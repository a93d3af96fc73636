"""Numbers as monitors put them into packets.

Sources: GATT Specification Supplement 2.1; Personal Health Devices Transcoding White Paper
1.6, 2.2, for those with an exponent of ten.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

NOT_A_NUMBER = 0x07FF
FLOAT_NOT_A_NUMBER = 0x007FFFFF


def uint(number: float, size: int) -> bytes:
    """Return an unsigned number in so many bytes, rounded."""
    return round(number).to_bytes(size, "little")


def sint(number: float, size: int) -> bytes:
    """Return a signed number in so many bytes, rounded."""
    return round(number).to_bytes(size, "little", signed=True)


def sfloat(number: float | None, decimals: int = 0) -> bytes:
    """Return a number of 16 bits with so many decimals, None for what is none."""
    if number is None:
        return uint(NOT_A_NUMBER, 2)
    mantissa = round(number * 10**decimals)
    return uint((mantissa & 0xFFF) | (-decimals & 0xF) << 12, 2)


def medical_float(number: float | None, decimals: int = 1) -> bytes:
    """Return a number of 32 bits with so many decimals, None for what is none."""
    if number is None:
        return uint(FLOAT_NOT_A_NUMBER, 4)
    mantissa = round(number * 10**decimals)
    return sint(mantissa, 3) + sint(-decimals, 1)


class Field(NamedTuple):
    """A number in a packet that is announced by a flag."""

    flag: int
    name: str
    size: int
    unit: float = 1
    """What one is on the air."""
    is_signed: bool = False


def pack(
    layout: Iterable[Field],
    values: Mapping[str, float],
    *,
    flags_size: int,
    inverted: int = 0,
) -> bytes:
    """Return a packet with flags for all that is given.

    Of fields that share a flag, those that are not given are 0. Where a flag is inverted
    it is set for what is not there.
    """
    flags, body = inverted, b""
    layout = tuple(layout)
    given = {field.flag for field in layout if field.name in values}
    for field in layout:
        if field.flag not in given:
            continue
        number = values.get(field.name, 0) / field.unit
        body += (
            sint(number, field.size) if field.is_signed else uint(number, field.size)
        )
    for flag in given:
        flags ^= flag
    return uint(flags, flags_size) + body
