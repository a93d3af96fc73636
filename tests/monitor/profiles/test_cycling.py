"""What power meters and bike sensors say."""

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.profiles.base import MalformedError
from dev.virtual_proxy import Bike
from dev.virtual_proxy.cycling import POWER, SPEED, cycling_power, cycling_speed

from .common import assert_values, decode, decoder

LEFT_OUT = (
    "torque",
    "forces",
    "torques",
    "angles",
    "top_dead_spot",
    "bottom_dead_spot",
)
"""What is in a packet, and not told."""


@given(
    power=st.integers(-0x8000, 0x7FFF),
    others=st.fixed_dictionaries(
        {},
        optional={
            "pedal_balance": st.integers(0, 200).map(lambda half: half / 2),
            "work": st.integers(0, 0xFFFF),
            **{name: st.integers(0, 255) for name in LEFT_OUT},
        },
    ),
)
def test_power(power: int, others: dict[str, float]) -> None:
    """Each field is where it is, whatever other fields there are."""
    data = cycling_power(power=power, **others)
    told = {name: value for name, value in others.items() if name not in LEFT_OUT}
    assert_values(decode("cycling_power", POWER, data), {"power": power, **told})


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        # As two power meters of makers that there are sent them
        ("2000 c800 8a01 0030", {"power": 200, "cadence": None}),
        ("0000 0000", {"power": 0}),
        ("0300 e600 66", {"power": 230, "pedal_balance": 51}),
        ("0100 e600 ff", {"power": 230, "pedal_balance": None}),
        # All that there may be, with bytes of a later version
        (
            "ffff 0a00 64 0100 02000000 0004 0300 0008 ffffffff ffffffff ffffff ffff"
            "ffff 0500 aabb",
            {
                "power": 10,
                "pedal_balance": 50,
                "speed": None,
                "distance": 4.21,
                "cadence": None,
                "work": 5,
            },
        ),
    ],
)
def test_power_packets(packet: str, expected: dict[str, float | None]) -> None:
    """What is in the bytes is told."""
    assert decode("cycling_power", POWER, bytes.fromhex(packet)) == expected


@pytest.mark.parametrize("packet", ["", "00", "0000c8", "0100c800", "2000c80001000"])
def test_cut_off(packet: str) -> None:
    """What is cut off is malformed."""
    with pytest.raises(MalformedError):
        decode("cycling_power", POWER, bytes.fromhex(packet + "0" * (len(packet) % 2)))


@pytest.mark.parametrize("rate", [1, 4, 8])
@pytest.mark.parametrize(
    ("profile", "number", "index"),
    [("cycling_power", POWER, 0), ("cycling_speed", SPEED, 1)],
)
def test_ride(rate: float, profile: str, number: int, index: int) -> None:
    """A bike's cadence and speed are as they are, for longer than its clocks go."""
    bike = Bike("Bike", "A0:9E:1A:00:00:0B", rate=rate, cadence=90, speed=30)
    bike.crank.turns = 0xFFF0
    decode_next = decoder(profile, number).decode
    for tick in range(round(100 * rate)):
        values = decode_next(bike.measure()[index][1], tick / rate)
        if tick < 5 * rate:
            continue
        assert values["cadence"] == pytest.approx(90, rel=0.01)
        if profile == "cycling_speed":
            assert values["speed"] == pytest.approx(30, rel=0.01)
    assert values.get("distance", 833) == pytest.approx(100 / 3.6 * 30, rel=0.01)
    bike.cadence = bike.speed = 0
    for tick in range(round(4 * rate)):
        values = decode_next(bike.measure()[index][1], 100 + tick / rate)
    assert values["cadence"] == 0
    assert values.get("speed", 0) == 0


def test_clocks_of_the_wheel() -> None:
    """A power meter's clock of the wheel goes twice as fast as that of a sensor."""
    first = {"wheel_turns": 1, "wheel_event": 1.0}
    second = {"wheel_turns": 6, "wheel_event": 2.0}
    power = decoder("cycling_power", POWER, wheel=2.0)
    speed = decoder("cycling_speed", SPEED, wheel=2.0)
    for at, told in enumerate((first, second)):
        from_power = power.decode(cycling_power(power=1, **told), at)
        from_speed = speed.decode(cycling_speed(**told), at)
    assert from_power["speed"] == from_speed["speed"] == pytest.approx(36)
    assert from_power["distance"] == from_speed["distance"] == 12


@pytest.mark.parametrize(
    ("profile", "number", "packet"),
    [
        ("cycling_power", POWER, "1000 0a00 00000001 0004"),
        ("cycling_speed", SPEED, "01 00000001 0004"),
    ],
)
def test_far(profile: str, number: int, packet: str) -> None:
    """A wheel that has turned more often than two bytes can tell has come as far."""
    sensor = decoder(profile, number, wheel=2.0)
    values = sensor.decode(bytes.fromhex(packet), 0)
    assert values["distance"] == 2 * 0x0100_0000


def test_later_flags() -> None:
    """Bits of a later version mean nothing here."""
    assert decode("cycling_speed", SPEED, bytes.fromhex("fc aabb")) == {}


@pytest.mark.parametrize("number", [POWER, SPEED])
def test_reset_of_the_wheel(number: int) -> None:
    """After a while without anything, the next turn of a wheel is the first."""
    profile = "cycling_power" if number == POWER else "cycling_speed"
    sensor = decoder(profile, number)
    packets = [
        cycling_power(power=1, wheel_turns=turns, wheel_event=float(turns))
        if number == POWER
        else cycling_speed(wheel_turns=turns, wheel_event=float(turns))
        for turns in (1, 2, 3)
    ]
    sensor.decode(packets[0], 0)
    assert sensor.decode(packets[1], 1)["speed"] == pytest.approx(2.105 * 3.6)
    sensor.reset()
    assert sensor.decode(packets[2], 2)["speed"] is None


def test_reset() -> None:
    """After a while without anything, the next turn is the first."""
    sensor = decoder("cycling_speed", SPEED)
    told = {"crank_turns": 1, "crank_event": 1.0}
    sensor.decode(cycling_speed(**told), 0)
    sensor.reset()
    told = {"crank_turns": 2, "crank_event": 2.0}
    assert sensor.decode(cycling_speed(**told), 1) == {"cadence": None}
    meter = decoder("cycling_power", POWER)
    meter.decode(cycling_power(power=1, **told), 0)
    meter.reset()
    told = {"crank_turns": 3, "crank_event": 3.0}
    assert meter.decode(cycling_power(power=1, **told), 1)["cadence"] is None
