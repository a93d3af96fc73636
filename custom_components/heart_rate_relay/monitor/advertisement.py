"""Heart rate in the advertisement itself, for which no connection is needed.

Sources: Polar's BLE SDK (BleAdvertisementContent and BlePolarHrAdvertisement), and for
Huami's bands, which tell it while they share their activity, ble_monitor (amazfit.py)
and Theengs Decoder (Miband_json.h).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

POLAR = 0x006B
HUAMI = 0x0157

_MANUFACTURER_DATA = 0xFF
"""The type of that part of an advertisement (Bluetooth Assigned Numbers, section 2.3)."""

_POLAR_OTHER_BLOCK = 0x40
_POLAR_CONTACT = 0x02
_POLAR_NUMBER = 0x1C

_HUAMI_LENGTH = 24
_HUAMI_PLAIN = 0x02
_HUAMI_NOT_MEASURED = 0xFF


class Broadcast(NamedTuple):
    """What a monitor tells everyone."""

    heart_rate: int | None
    """In bpm, None when there is none to be believed."""
    contact: bool | None
    """Whether the sensor touches the skin, None when the monitor does not tell."""
    number: int | None = None
    """Another one with each new measurement, None where there is none."""


def parse_broadcast(manufacturer_data: Mapping[int, bytes]) -> Broadcast | None:
    """Return what an advertisement tells, None when it is of no format known here."""
    for company, parse in _PARSERS.items():
        if broadcast := parse(manufacturer_data.get(company, b"")):
            return broadcast
    return None


def tells_more(raw: bytes | None) -> bool:
    """Return whether an advertisement itself tells something of its maker's.

    Home Assistant adds what earlier ones told (habluetooth 7.1.2): of a band that goes on
    without its heart rate the last one would be heard again and again. Where the bytes are not
    known (None), as with an adapter of one's own, it may.
    """
    if raw is None:
        return True
    start = 0
    while start + 1 < len(raw) and raw[start]:
        if raw[start + 1] == _MANUFACTURER_DATA:
            return True
        start += 1 + raw[start]
    return False


def _parse_polar(data: bytes) -> Broadcast | None:
    """Return what a Polar sensor or watch tells.

    Blocks of other things may come first, each with its length in the second byte. The
    one of the heart rate is the last: flags, a byte of no use here, the fast average and,
    from straps, the slow average. The slow one is what Polar shows. 0 is no reading.
    """
    start = 0
    while start + 1 < len(data) and data[start] & _POLAR_OTHER_BLOCK:
        start += 2 + data[start + 1]
    block = data[start:]
    if not 3 <= len(block) <= 4:
        return None
    contact = bool(block[0] & _POLAR_CONTACT)
    heart_rate = (block[-1] or None) if contact else None
    return Broadcast(heart_rate, contact, block[0] & _POLAR_NUMBER)


def _parse_huami(data: bytes) -> Broadcast | None:
    """Return what a Mi Band or a watch of its maker tells.

    The first byte tells which layout follows: some watches send a scrambled one of the
    same length. The band's own address is at the end.
    """
    if len(data) != _HUAMI_LENGTH or data[0] != _HUAMI_PLAIN:
        return None
    heart_rate = data[3]
    if heart_rate in (0, _HUAMI_NOT_MEASURED):
        return Broadcast(None, None)
    return Broadcast(heart_rate, None)


_PARSERS: Mapping[int, Callable[[bytes], Broadcast | None]] = MappingProxyType(
    {POLAR: _parse_polar, HUAMI: _parse_huami}
)
