"""The bytes that a monitor sends."""

from struct import pack
from typing import NamedTuple

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.details import parse_battery, parse_text
from custom_components.heart_rate_relay.monitor.profiles.base import MalformedError
from custom_components.heart_rate_relay.monitor.profiles.heart_rate import (
    MEASUREMENT,
    PROFILE,
    BodyLocation,
    Measurement,
    parse_body_location,
    parse_measurement,
)

RESERVED = 0xE0


class Packet(NamedTuple):
    """What a monitor wants to tell."""

    heart_rate: int
    wide: bool
    contact: bool | None
    energy: int | None
    rr_units: list[int] | None
    reserved: int

    def encode(self) -> bytes:
        """Return the packet as the specification has it."""
        flags = self.reserved | self.wide
        body = pack("<H" if self.wide else "<B", self.heart_rate)
        if self.contact is not None:
            flags |= 6 if self.contact else 4
        if self.energy is not None:
            flags |= 8
            body += pack("<H", self.energy)
        if self.rr_units is not None:
            flags |= 16
            body += pack(f"<{len(self.rr_units)}H", *self.rr_units)
        return bytes([flags]) + body


uint16 = st.integers(0, 0xFFFF)


@st.composite
def packets(draw: st.DrawFn, min_bpm: int = 0, max_bpm: int = 0xFFFF) -> Packet:
    """Return packets that are in order."""
    wide = draw(st.booleans())
    return Packet(
        draw(st.integers(min_bpm, max_bpm if wide else min(max_bpm, 255))),
        wide,
        draw(st.sampled_from((None, False, True))),
        draw(st.none() | uint16),
        draw(st.none() | st.lists(uint16, max_size=9)),
        draw(st.integers(0, 7)) << 5,
    )


def test_uuids() -> None:
    """They are written in full and in lower case, as the stack compares them."""
    assert MEASUREMENT == "00002a37-0000-1000-8000-00805f9b34fb"
    assert PROFILE.service == "0000180d-0000-1000-8000-00805f9b34fb"


# Measurements


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        # Straps: intervals, and contact where they can tell
        ("103b5304", Measurement(59, None, None, (1081.0546875,))),
        ("164d1603", Measurement(77, True, None, (771.484375,))),
        ("163cf503", Measurement(60, True, None, (989.2578125,))),
        ("10500003f402", Measurement(80, None, None, (750, 738.28125))),
        ("063c", Measurement(60, True, None, ())),
        # An armband, and a wrist: only the rate
        ("0044", Measurement(68, None, None, ())),
        ("0048", Measurement(72, None, None, ())),
        # All that there is
        ("1f480005000004", Measurement(72, True, 5, (1000,))),
        ("1e48ffff0004ff03", Measurement(72, True, 65535, (1000, 999.0234375))),
        # Energy comes before the intervals
        ("1848010000040002", Measurement(72, None, 1, (1000, 500))),
        # Announced, yet there are none
        ("1048", Measurement(72, None, None, ())),
        # Half an interval, and one of nothing
        ("1048000400", Measurement(72, None, None, (1000,))),
        ("104800000004", Measurement(72, None, None, (1000,))),
        # It cannot tell contact, whatever it tells
        ("0248", Measurement(72, None, None, ())),
        # Taken off, with values that linger
        ("14480004", Measurement(None, False, None, ())),
        ("1c4805000004", Measurement(None, False, 5, ())),
        # Not measured (yet), or nonsense
        ("0000", Measurement(None, None, None, ())),
        ("16000004", Measurement(None, True, None, ())),
        ("012c01", Measurement(300, None, None, ())),
        ("112d010004", Measurement(None, None, None, ())),
        ("01ffff", Measurement(None, None, None, ())),
        # Bits of a later version
        ("e048", Measurement(72, None, None, ())),
    ],
)
def test_measurement(packet: str, expected: Measurement) -> None:
    """What monitors send is understood."""
    assert parse_measurement(bytes.fromhex(packet)) == expected
    assert parse_measurement(bytearray.fromhex(packet)) == expected


@pytest.mark.parametrize(
    "packet", ["", "00", "16", "0148", "ff", "0848", "084801", "09480001", "194800"]
)
def test_short_measurement(packet: str) -> None:
    """What was cut off is no measurement."""
    with pytest.raises(MalformedError):
        parse_measurement(bytes.fromhex(packet))


@given(packets(min_bpm=1, max_bpm=300))
def test_round_trip(packet: Packet) -> None:
    """All that a monitor tells arrives, unless nobody wears it."""
    worn = packet.contact is not False
    rr_units = (packet.rr_units or []) if worn else []
    assert parse_measurement(packet.encode()) == Measurement(
        packet.heart_rate if worn else None,
        packet.contact,
        packet.energy,
        tuple(units / 1.024 for units in rr_units if units),
    )


@given(packets())
def test_cut_off(packet: Packet) -> None:
    """What is announced has to be there, but for intervals."""
    encoded = packet.encode()
    length = 2 + packet.wide + (0 if packet.energy is None else 2)
    for end in range(len(encoded) + 1):
        if end < length:
            with pytest.raises(MalformedError):
                parse_measurement(encoded[:end])
        else:
            parsed = parse_measurement(encoded[:end])
            assert parsed[:3] == parse_measurement(encoded)[:3]


@given(packets(), st.binary(max_size=9))
def test_trailing_bytes(packet: Packet, trailing: bytes) -> None:
    """What follows changes nothing, as long as it can not be an interval."""
    if packet.rr_units is not None:
        trailing = trailing[:1]
    encoded = packet.encode()
    assert parse_measurement(encoded + trailing) == parse_measurement(encoded)


@given(packets(), st.integers(0, 7))
def test_reserved_bits(packet: Packet, reserved: int) -> None:
    """Bits that mean nothing yet change nothing."""
    other = packet._replace(reserved=reserved << 5)
    assert parse_measurement(other.encode()) == parse_measurement(packet.encode())


@given(st.binary(max_size=24) | packets().map(Packet.encode))
def test_possible(data: bytes) -> None:
    """Whatever comes, no impossible value does."""
    try:
        measurement = parse_measurement(data)
    except MalformedError:
        assert len(data) < 5
        return
    heart_rate, contact, energy, rr_intervals = measurement
    assert heart_rate is None or 1 <= heart_rate <= 300
    assert energy is None or 0 <= energy <= 0xFFFF
    assert all(0 < interval < 64_000 for interval in rr_intervals)
    assert len(rr_intervals) <= (len(data) - 2) // 2
    if contact is False:
        assert heart_rate is None
    if heart_rate is None:
        assert not rr_intervals


# Other characteristics


def test_body_location() -> None:
    """Each number is a place, and others are none."""
    assert [parse_body_location(bytes([code])) for code in range(9)] == [
        BodyLocation.OTHER,
        BodyLocation.CHEST,
        BodyLocation.WRIST,
        BodyLocation.FINGER,
        BodyLocation.HAND,
        BodyLocation.EAR_LOBE,
        BodyLocation.FOOT,
        None,
        None,
    ]
    assert parse_body_location(b"") is None
    assert parse_body_location(b"\xff") is None
    assert parse_body_location(bytearray(b"\x01\x02")) is BodyLocation.CHEST


@pytest.mark.parametrize(
    ("data", "level"),
    [
        (b"\x00", 0),
        (b"\x64", 100),
        (b"\x57\x00", 87),
        (b"\x65", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_battery(data: bytes, level: int | None) -> None:
    """A level is a percentage."""
    assert parse_battery(data) == level
    assert parse_battery(bytearray(data)) == level


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Strap S1 0000AB12", "Strap S1 0000AB12"),
        (b"1.2.3\x00", "1.2.3"),
        (b"\x00\x00 S1\t\r\n \x00\x00", "S1"),
        (b"Watch\x1b[31m\x7f of \xc2\x9bher", "Watch[31m of her"),
        ("Annas Brustgurt \u2764 \u5fc3".encode(), "Annas Brustgurt \u2764 \u5fc3"),
        # Cut off within a letter
        ("Gürtel".encode()[:2], "G"),
        # Written from right to left
        ("S1\u202e21".encode(), "S121"),
        (b"\xff\xfe", ""),
        (b"", ""),
        (b"x" * 500, "x" * 64),
        (b"x" * 63 + b" y", "x" * 63),
    ],
)
def test_text(data: bytes, text: str) -> None:
    """Texts are shown as they are meant, without what can not be shown."""
    assert parse_text(data) == text
    assert parse_text(bytearray(data)) == text


@given(st.binary(max_size=600) | st.text(max_size=600).map(str.encode))
def test_any_text(data: bytes) -> None:
    """Whatever comes can be shown, and stays so."""
    text = parse_text(data)
    assert text.isprintable()
    assert text == text.strip()
    assert len(text) <= 64
    assert parse_text(text.encode()) == text
