"""What a virtual strap says, and the messages that carry it."""

import asyncio
from itertools import pairwise
from typing import Any

from bluetooth_data_tools import parse_advertisement_data
from hypothesis import given, strategies as st
import pytest

from dev.virtual_proxy import Peripheral, Strap, walking
from dev.virtual_proxy.gatt import Table
from dev.virtual_proxy.link import Link
from dev.virtual_proxy.messages import Decoder, NotPlaintext, encode
from tests.outbox.common import Clock

ADDRESS = "A0:9E:1A:00:00:01"


@pytest.mark.parametrize(
    ("features", "data"),
    [
        ({}, "06 48"),
        ({"contact": False}, "04 48"),
        ({"contact": None}, "00 48"),
        ({"wide": True}, "07 4800"),
        ({"heart_rate": 300}, "07 2c01"),
        ({"energy": 258}, "0e 48 0201"),
        # 1.2 beats in a second, of 833 ms each, 2 % more and 2 % less in turn
        ({"rr": True}, "16 48 6603"),
        ({"rr": True, "heart_rate": 120}, "16 78 0a02 f601"),
        ({"rr": True, "heart_rate": 0}, "06 00"),
    ],
)
def test_measurement(features: dict[str, Any], data: str) -> None:
    """What a strap says is in the bytes where the specification has it."""
    strap = Strap("Strap", ADDRESS, **{"rr": False, **features})
    assert strap.measurement() == bytes.fromhex(data)


def test_intervals_take_as_long_as_the_time() -> None:
    """The intervals between heartbeats are those of all the time, and no more."""
    strap = Strap("Strap", ADDRESS, heart_rate=100, contact=None)
    packets = [strap.measurement() for _ in range(60)]
    intervals = [
        int.from_bytes(packet[at : at + 2], "little") / 1024
        for packet in packets
        for at in range(2, len(packet), 2)
    ]
    assert len(intervals) in {99, 100}
    assert sum(intervals) == pytest.approx(60, abs=1)


def test_pulse_may_be_any_iterator() -> None:
    """A heart rate may change with each measurement, and stays when there is no more."""
    strap = Strap("Strap", ADDRESS, rr=False, heart_rate=iter([70, 71]))
    assert [strap.measurement()[1] for _ in range(4)] == [70, 71, 71, 71]
    pulse = walking(60, 70)
    rates = [next(pulse) for _ in range(200)]
    assert all(60 <= rate <= 70 for rate in rates)
    assert all(one != other for one, other in pairwise(rates))


def test_strap_without_battery() -> None:
    """What a strap does not have is not offered."""
    strap = Strap("Strap", ADDRESS)
    optional = {0x2A19, 0x2A25, 0x2A38}
    assert {one.uuid for one in Table(strap.services())} >= optional
    strap.battery = strap.body_location = strap.serial = None
    assert not {one.uuid for one in Table(strap.services())} & optional


class Sink:
    """A proxy that takes what comes."""

    def forward(self, link: Link, handle: int, data: bytes) -> None:
        """Take a notification."""

    def lose(self, link: Link, reason: int | None, *, slots_tell: bool) -> None:
        """Take note that a link is over."""


async def test_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strap measures and advertises at its rate, and does not drift."""
    Clock(asyncio.get_running_loop(), monkeypatch)
    strap = Strap("Strap", ADDRESS, rate=2, advertises_while_connected=True)
    heard: list[Peripheral] = []
    strap.start(heard.append)
    link = Link(strap, Sink())
    handle = link.table.services[1].characteristics[0].handle
    link.registered.add(handle)
    link.write_descriptor(handle + 1, b"\x01\x00")
    await asyncio.sleep(600.1)
    strap.stop()
    assert (len(strap.sent), len(heard)) == (1201, 601)
    for one, other in pairwise(strap.sent):
        assert other.at - one.at == pytest.approx(0.5, abs=0.01)


def test_advertisement() -> None:
    """What a strap advertises is understood."""
    strap = Strap("Strap", ADDRESS, manufacturer_data={0x006B: b"\x01\x02"})
    found = parse_advertisement_data((strap.advertisement(),))
    assert found.local_name == "Strap"
    assert found.service_uuids == ["0000180d-0000-1000-8000-00805f9b34fb"]
    assert found.manufacturer_data == {0x006B: b"\x01\x02"}
    strap.advertises_name = strap.advertises_service = False
    found = parse_advertisement_data((strap.advertisement(),))
    assert (found.local_name, found.service_uuids) == (None, [])


@given(
    st.lists(st.tuples(st.integers(0, 2**48 - 1), st.binary(max_size=300)), max_size=5),
    st.integers(1, 50),
)
def test_messages_in_pieces(values: list[tuple[int, bytes]], size: int) -> None:
    """Messages are whole however they are cut."""
    kind = "BluetoothGATTWriteRequest"
    stream = b"".join(
        encode(kind, address=address, data=data) for address, data in values
    )
    decoder = Decoder()
    messages = [
        (kind, message.address, message.data)
        for at in range(0, len(stream), size)
        for kind, message in decoder.feed(stream[at : at + size])
    ]
    assert messages == [(kind, address, data) for address, data in values]


def test_encryption_is_not_spoken() -> None:
    """What is not plaintext is refused."""
    with pytest.raises(NotPlaintext):
        list(Decoder().feed(b"\x01\x00\x00"))
