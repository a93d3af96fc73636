"""Numbers with an exponent of ten, as health devices have them."""

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.profiles.packet import Packet
from dev.virtual_proxy.fields import medical_float, sfloat


@pytest.mark.parametrize("number", range(0x7FE, 0x803))
@pytest.mark.parametrize("exponent", [0, 0xF])
def test_no_short_numbers(number: int, exponent: int) -> None:
    """Infinities, and what is not a number, are none, and their neighbours are some."""
    for near, is_none in ((number, True), (0x7FD, False), (0x803, False)):
        data = (near | exponent << 12).to_bytes(2, "little")
        assert (Packet(data).sfloat() is None) is is_none


@pytest.mark.parametrize("number", range(0x7FFFFE, 0x800003))
def test_no_numbers(number: int) -> None:
    """The same of the longer ones."""
    for near, is_none in ((number, True), (0x7FFFFD, False), (0x800003, False)):
        assert (Packet(near.to_bytes(3, "little") + b"\xff").float() is None) is is_none


@given(mantissa=st.integers(-0x7FD, 0x7FD), decimals=st.integers(0, 8))
def test_short_round_trip(mantissa: int, decimals: int) -> None:
    """A number is what is written."""
    number = mantissa / 10**decimals
    assert Packet(sfloat(number, decimals)).sfloat() == number


@given(mantissa=st.integers(-0x7FFFFD, 0x7FFFFD), decimals=st.integers(0, 9))
def test_round_trip(mantissa: int, decimals: int) -> None:
    """The same of the longer ones."""
    number = mantissa / 10**decimals
    assert Packet(medical_float(number, decimals)).float() == number
