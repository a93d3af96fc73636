"""Heart rate in the advertisement itself."""

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.advertisement import (
    HUAMI,
    POLAR,
    Broadcast,
    parse_broadcast,
    tells_more,
)

ADDRESS = "665544332211"

blocks = st.binary(max_size=9).map(lambda body: bytes([0x72, len(body)]) + body)
"""What comes before the heart rate."""


def parse_polar(data: bytes) -> Broadcast | None:
    """Return what is read when Polar's data is this."""
    return parse_broadcast({POLAR: data})


def parse_huami(data: bytes) -> Broadcast | None:
    """Return what is read when Huami's data is this."""
    return parse_broadcast({HUAMI: data})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # Straps: the fast average, and the slow one that counts
        ("2b0bb6ac", Broadcast(172, True, 8)),
        ("3b1b5452", Broadcast(82, True, 24)),
        # Armbands and watches: other things first, and one average
        ("72067f44370000003300" + "3c", Broadcast(60, True, 16)),
        ("720872acf50200000000" + "33004b", Broadcast(75, True, 16)),
        ("720897c9c30000000000" + "7a0103" + "330049", Broadcast(73, True, 16)),
        # They have not measured
        ("720897c9c30000000000" + "7a0103" + "330000", Broadcast(None, True, 16)),
        ("2b0bb600", Broadcast(None, True, 8)),
        # They are not worn
        ("290bb6ac", Broadcast(None, False, 8)),
        ("31004b", Broadcast(None, False, 16)),
        # There is no heart rate in it
        ("720897c9c30000000000", None),
        ("7208", None),
        ("72", None),
        ("7200", None),
        ("33", None),
        ("3300", None),
        ("2b0bb6ac00", None),
        ("2b0bb6ac2b0bb6ac", None),
        ("7209" + "00" * 8, None),
        ("", None),
    ],
)
def test_polar(data: str, expected: Broadcast | None) -> None:
    """What straps and watches of Polar broadcast is understood, and nothing else is."""
    assert parse_polar(bytes.fromhex(data)) == expected


@given(st.lists(blocks, max_size=3).map(b"".join), st.binary(min_size=4, max_size=4))
def test_polar_blocks(before: bytes, data: bytes) -> None:
    """It does not matter what comes before, nor what else the flags say.

    Bits 2 to 4 of the flags are those of the measurement's number.
    """
    flags, other, fast, heart_rate = data
    flags &= ~0x40
    is_worn = bool(flags & 2)
    number = flags & 0b11100
    expected = Broadcast((heart_rate or None) if is_worn else None, is_worn, number)
    assert parse_polar(before + bytes([flags, other, heart_rate])) == expected
    assert parse_polar(before + bytes([flags, other, fast, heart_rate])) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("02ffff" + "48" + "ff" * 13 + "03" + ADDRESS, Broadcast(72, None)),
        ("020107" + "fe" + "00" * 13 + "02" + ADDRESS, Broadcast(254, None)),
        # At rest
        ("02" + "ff" * 16 + "03" + ADDRESS, Broadcast(None, None)),
        ("020107" + "00" + "ff" * 13 + "03" + ADDRESS, Broadcast(None, None)),
        # Scrambled
        ("00480967361d0078b09608774ca8df13e002" + ADDRESS, None),
        # Of another length
        ("02ffff" + "48" + "ff" * 13 + ADDRESS, None),
        ("02ffff" + "48" + "ff" * 13 + "0303" + ADDRESS, None),
        ("02ffff48", None),
        ("", None),
    ],
)
def test_huami(data: str, expected: Broadcast | None) -> None:
    """What bands broadcast is understood, and nothing else is."""
    assert parse_huami(bytes.fromhex(data)) == expected


@pytest.mark.parametrize("company", [0x004C, 0x006A, 0x6B00, 0x0158])
def test_others(company: int) -> None:
    """What other companies broadcast is theirs."""
    assert parse_broadcast({company: b"\x2b\x0b\xb6\xac"}) is None
    assert parse_broadcast({company: b"\x02\xff\xffH" + b"\xff" * 20}) is None
    assert parse_broadcast({}) is None


def test_others_besides() -> None:
    """They do not hide what is understood."""
    data = {0x004C: b"\x10\x05", POLAR: b"", HUAMI: b"\x02\xff\xffH" + b"\xff" * 20}
    assert parse_broadcast(data) == Broadcast(72, None)


@given(
    st.dictionaries(
        st.sampled_from((POLAR, HUAMI)) | st.integers(0, 0xFFFF),
        st.binary(max_size=27),
        max_size=3,
    )
)
def test_possible(data: dict[int, bytes]) -> None:
    """Whatever comes, no impossible value does."""
    if broadcast := parse_broadcast(data):
        heart_rate, contact, _ = broadcast
        assert heart_rate is None or 1 <= heart_rate <= 255
        assert contact is not False or heart_rate is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, True),
        (b"", False),
        (bytes.fromhex("020106"), False),
        (bytes.fromhex("020106 0303 0d18"), False),
        (bytes.fromhex("020106 04ff 5701 02"), True),
        (bytes.fromhex("020106 00 04ff 5701 02"), False),
        (bytes.fromhex("02ff"), True),
        (bytes.fromhex("03"), False),
    ],
)
def test_tells_more(raw: bytes | None, expected: bool) -> None:
    """Whether an advertisement has data of its maker is seen in its own bytes."""
    assert tells_more(raw) is expected


@given(st.binary(max_size=64))
def test_any_bytes_may_tell_more(raw: bytes) -> None:
    """Whatever is heard, it is looked through."""
    assert tells_more(raw) in (True, False)
