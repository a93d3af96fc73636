"""What fitness machines say."""

from collections.abc import Callable, Iterable

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.profiles.base import (
    MalformedError,
    Values,
)
from dev.virtual_proxy import machine
from dev.virtual_proxy.fields import Field

from .common import assert_values, decode

MACHINES: list[tuple[int, Iterable[Field], Callable[..., bytes]]] = [
    (0x2ACD, machine.TREADMILL_LAYOUT, machine.treadmill),
    (0x2ACE, machine.CROSS_TRAINER_LAYOUT, machine.cross_trainer),
    (0x2AD1, machine.ROWER_LAYOUT, machine.rower),
    (0x2AD2, machine.INDOOR_BIKE_LAYOUT, machine.indoor_bike),
]

PACES = {"km_per_minute": "pace", "average_km_per_minute": "average_pace"}


def told(name: str, number: float) -> tuple[str, float | None]:
    """Return what becomes of a field."""
    if name in PACES:
        return PACES[name], 1 / number if number else None
    return name, None if name == "heart_rate" and not number else number


@st.composite
def fields(draw: st.DrawFn, layout: Iterable[Field]) -> dict[str, float]:
    """Return what a machine may tell, by flags that announce one field or more."""
    layout = tuple(layout)
    flags = draw(st.sets(st.sampled_from(sorted({field.flag for field in layout}))))
    values = {}
    for field in layout:
        if field.flag in flags:
            # The highest says that there is nothing to tell
            bits = 8 * field.size
            low = -(1 << bits - 1) if field.is_signed else 0
            high = (1 << bits - field.is_signed) - 2
            values[field.name] = draw(st.integers(low, high)) * field.unit
    return values


@pytest.mark.parametrize(("number", "layout", "encode"), MACHINES)
@given(data=st.data())
def test_round_trip(
    number: int,
    layout: Iterable[Field],
    encode: Callable[..., bytes],
    data: st.DataObject,
) -> None:
    """Every field that the flags announce is told, and no other."""
    values = data.draw(fields(layout))
    expected = dict(told(name, value) for name, value in values.items())
    assert_values(decode("fitness_machine", number, encode(**values)), expected)


@pytest.mark.parametrize(
    ("number", "packet", "expected"),
    [
        # As trainers that there are sent them
        (
            0x2AD2,
            "6402 0000 0000 1400 0000 00",
            {
                "speed": 0,
                "cadence": 0,
                "resistance": 20,
                "power": 0,
                "heart_rate": None,
            },
        ),
        (
            0x2AD2,
            "fe02 990b c707 b200 7200 f70000 1400 4600 5d00 00",
            {
                "speed": 29.69,
                "average_speed": 19.91,
                "cadence": 89,
                "average_cadence": 57,
                "distance": 247,
                "resistance": 20,
                "power": 70,
                "average_power": 93,
                "heart_rate": None,
            },
        ),
        (
            0x2AD2,
            "5408 0000 0000 000000 0000 3100",
            {"speed": 0, "cadence": 0, "distance": 0, "power": 0, "elapsed_time": 49},
        ),
        # A walking pad, which has steps where nothing is known of any
        (
            0x2ACD,
            "8424 9001 e80300 0500 ffff ff 3c00 640000",
            {
                "speed": 4,
                "distance": 1000,
                "energy": 20.92,
                "energy_per_hour": None,
                "energy_per_minute": None,
                "elapsed_time": 60,
            },
        ),
        # What one of two that share a flag does not measure
        (
            0x2ACD,
            "0910 ff7f 0a00 ff7f 0a00",
            {"inclination": None, "ramp_angle": 1, "belt_force": None, "power": 10},
        ),
        (
            0x2ACD,
            "0910 0a00 ff7f 0a00 ff7f",
            {"inclination": 1, "ramp_angle": None, "belt_force": 10, "power": None},
        ),
        (0x2ACE, "090000 ffff 0a00", {"step_rate": None, "average_step_rate": 10}),
        (0x2ACE, "090000 0a00 ffff", {"step_rate": 10, "average_step_rate": None}),
        # Where all is in a later packet
        (0x2AD2, "0100", {}),
        # A level in the size of the later version, and before it something else
        (0x2AD2, "2100 07", {"resistance": 70}),
        (0x2AD2, "6100 07 c800", {"resistance": 70, "power": 200}),
        (0x2AD2, "2100 c8", {"resistance": 2000}),
        (0x2AD1, "a100 c800 07", {"resistance": 70, "power": 200}),
        (0x2ACE, "810100 07 c800", {"resistance": 70, "power": 200}),
        # A pace in the size of the later version
        (0x2ACD, "2100 2c01", {"pace": None}),
        (0x2ACD, "2101 2c01 78", {"pace": None, "heart_rate": 120}),
        (0x2ACD, "4101 2c01 78", {"average_pace": None, "heart_rate": 120}),
        # Bytes of a version that is later still
        (0x2ACD, "2101 02 78 aabbcc", {"pace": 5, "heart_rate": 120}),
        (0x2ACD, "2100 02", {"pace": 5}),
        (0x2AD1, "0000 30 6400", {"stroke_rate": 24, "strokes": 100}),
    ],
)
def test_packets(number: int, packet: str, expected: dict[str, float]) -> None:
    """What is in the bytes is told."""
    values = decode("fitness_machine", number, bytes.fromhex(packet))
    assert_values(values, expected)


@pytest.mark.parametrize(
    ("number", "packet"),
    [(0x2AD2, ""), (0x2AD2, "00"), (0x2AD2, "0000 01"), (0x2ACE, "0000 00 01")],
)
def test_cut_off(number: int, packet: str) -> None:
    """What is cut off is malformed."""
    with pytest.raises(MalformedError):
        decode("fitness_machine", number, bytes.fromhex(packet))


def test_split() -> None:
    """What comes in several packets is whole in the end."""
    treadmill = machine.Treadmill("Treadmill", "A0:9E:1A:00:00:0C")
    together: dict[str, object] = {}
    for number, data in treadmill.measure():
        values: Values = decode("fitness_machine", number, data)
        assert not together.keys() & values.keys()
        together |= values
    assert {"speed", "distance", "energy", "heart_rate", "elapsed_time"} <= set(
        together
    )
