"""What running pods, oximeters, thermometers and scales say."""

from datetime import datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.profiles.base import (
    MalformedError,
    Value,
)
from dev.virtual_proxy.health import (
    body_composition,
    clock,
    composition_part,
    temperature,
    weight,
)
from dev.virtual_proxy.oximeter import NO_FINGER, continuous, spot_check
from dev.virtual_proxy.running import running

from .common import assert_values, decode, decoder

times = st.none() | st.datetimes(datetime(1582, 1, 1), datetime(9999, 12, 31)).map(
    lambda time: time.replace(microsecond=0)
)


def on_air(time: datetime | None) -> bytes:
    """Return how a clock tells a time, nothing for none."""
    return clock(time) if time else b""


def measured_at(time: datetime | None) -> dict[str, Value]:
    """Return what is told of a time."""
    return {"measured_at": time} if time else {}


# Running


@given(
    speed=st.integers(0, 0xFFFF).map(lambda unit: unit * 3.6 / 256),
    step_rate=st.integers(0, 255),
    is_running=st.booleans(),
    others=st.fixed_dictionaries(
        {},
        optional={
            "stride_length": st.integers(0, 0xFFFF).map(lambda unit: unit / 100),
            "distance": st.integers(0, 0xFFFF_FFFF).map(lambda unit: unit / 10),
        },
    ),
)
def test_running(
    speed: float, step_rate: int, is_running: bool, others: dict[str, float]
) -> None:
    """Each field is where it is, whatever other fields there are."""
    values = {"speed": speed, "step_rate": step_rate, **others}
    data = running(is_running=is_running, **values)
    expected = values | {"running": is_running}
    assert_values(decode("running", 0x2A53, data), expected)


# Oximeters

percents = st.integers(1, 100)
pulses = st.integers(1, 300)
perfusions = st.none() | st.integers(1, 200).map(lambda tenth: tenth / 10)


@given(
    oxygen=percents,
    pulse=pulses,
    fast=st.booleans(),
    slow=st.booleans(),
    status=st.none() | st.just(0x0120),
    sensor=st.none() | st.just(0x000220),
    perfusion=perfusions,
)
def test_continuous(
    oxygen: int,
    pulse: int,
    fast: bool,
    slow: bool,
    status: int | None,
    sensor: int | None,
    perfusion: float | None,
) -> None:
    """Each field is where it is, whatever other fields there are."""
    data = continuous(
        oxygen,
        pulse,
        fast=fast,
        slow=slow,
        status=status,
        sensor=sensor,
        perfusion=perfusion,
    )
    expected: dict[str, float] = {"oxygen_saturation": oxygen, "heart_rate": pulse}
    if perfusion is not None:
        expected["perfusion_index"] = perfusion
    assert_values(decode("oximeter", 0x2A5F, data), expected)


@given(oxygen=percents, pulse=pulses, time=times, perfusion=perfusions)
def test_spot_check(
    oxygen: int, pulse: int, time: datetime | None, perfusion: float | None
) -> None:
    """One by the piece tells the same."""
    data = spot_check(
        oxygen, pulse, time=on_air(time), status=0x0100, perfusion=perfusion
    )
    expected: dict[str, Value] = {"oxygen_saturation": oxygen, "heart_rate": pulse}
    if perfusion is not None:
        expected["perfusion_index"] = perfusion
    expected |= measured_at(time)
    assert_values(decode("oximeter", 0x2A5E, data), expected)


@pytest.mark.parametrize(
    "data",
    [
        continuous(97, 60, sensor=NO_FINGER, perfusion=1),
        # Stored, for demonstration, for testing, calibrating, unavailable, invalid
        *(continuous(97, 60, status=1 << bit) for bit in (9, 10, 11, 12, 13, 15)),
        # A malfunction, no signal, no pulse; displaced, out of order, unplugged
        *(continuous(97, 60, sensor=1 << bit) for bit in (1, 3, 7, 13, 14, 15)),
        continuous(None, None),
        continuous(0, 0),
        continuous(101, 301),
    ],
)
def test_nothing_measured(data: bytes) -> None:
    """What is not measured on anybody now is not told."""
    values = decode("oximeter", 0x2A5F, data)
    assert {"oxygen_saturation", "heart_rate"} <= values.keys()
    assert set(values.values()) == {None}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("6100", 97),
        # With an exponent
        ("cee3", 9.74),
        ("0510", 50),
        # More than all, and less than nothing
        ("6110", None),
        ("9fff", None),
        ("ff07", None),
        ("0008", None),
        ("fe07", None),
        ("0208", None),
        ("0108", None),
    ],
)
def test_short_floats(number: str, expected: float | None) -> None:
    """Numbers have an exponent of ten, and some are none."""
    data = bytes.fromhex("10 6100 4200") + bytes.fromhex(number)
    perfusion = decode("oximeter", 0x2A5F, data)["perfusion_index"]
    assert perfusion == (expected if expected is None else pytest.approx(expected))


# Thermometers


def tenths(least: int, most: int) -> st.SearchStrategy[float]:
    """Return numbers with one decimal."""
    return st.integers(10 * least, 10 * most).map(lambda tenth: tenth / 10)


@given(celsius=tenths(10, 60), fahrenheit=tenths(51, 139), time=times)
@pytest.mark.parametrize("number", [0x2A1C, 0x2A1E])
def test_temperature(
    number: int, celsius: float, fahrenheit: float, time: datetime | None
) -> None:
    """It is in °C, whatever it was measured in."""
    data = temperature(celsius, time=on_air(time))
    expected = {"body_temperature": celsius, **measured_at(time)}
    assert_values(decode("thermometer", number, data), expected)
    data = temperature(fahrenheit, is_fahrenheit=True, time=on_air(time))
    expected["body_temperature"] = (fahrenheit - 32) * 5 / 9
    assert_values(decode("thermometer", number, data), expected)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("00 6d0100ff", 36.5),
        ("00 420e00fe", 36.5),
        ("01 d90300ff", 36.944),
        # Neither is that of a body
        ("00 64000000", None),
        ("00 00000001", None),
        ("00 ffff7f00", None),
        ("00 00008000", None),
        ("00 feff7f00", None),
        ("00 02008000", None),
        ("00 01008000", None),
    ],
)
def test_floats(packet: str, expected: float | None) -> None:
    """Numbers have an exponent of ten, and some are none."""
    value = decode("thermometer", 0x2A1C, bytes.fromhex(packet))["body_temperature"]
    assert value == (
        expected if expected is None else pytest.approx(expected, abs=0.01)
    )


# Scales


def units(unit: float, most: int = 0xFFFE) -> st.SearchStrategy[float]:
    """Return numbers that are so many units on the air."""
    return st.integers(0, most).map(lambda number: number * unit)


@pytest.mark.parametrize("is_imperial", [False, True])
@given(data=st.data(), time=times)
def test_weight(is_imperial: bool, data: st.DataObject, time: datetime | None) -> None:
    """It is in kg, whatever it was measured in, and each field is where it is."""
    mass, height = (0.0045359237, 0.00254) if is_imperial else (0.005, 0.001)
    values = {"weight": data.draw(units(mass))}
    if data.draw(st.booleans()):
        values["scale_user"] = data.draw(st.integers(0, 254))
    if data.draw(st.booleans()):
        values["body_mass_index"] = data.draw(units(0.1))
        values["body_height"] = data.draw(units(height))
    packet = weight(is_imperial=is_imperial, time=on_air(time), **values)
    assert_values(decode("weight", 0x2A9D, packet), values | measured_at(time))


def test_nobody_weighed() -> None:
    """A measurement that failed is none, and a user that is unknown is nobody."""
    packet = bytes.fromhex("04 ffff ff")
    assert decode("weight", 0x2A9D, packet) == {"weight": None, "scale_user": None}


@pytest.mark.parametrize("is_imperial", [False, True])
@given(data=st.data(), time=times)
def test_body_composition(
    is_imperial: bool, data: st.DataObject, time: datetime | None
) -> None:
    """Each field is where it is, whatever other fields there are."""
    mass, height = (0.0045359237, 0.00254) if is_imperial else (0.005, 0.001)
    optional = {
        "scale_user": st.integers(0, 254),
        "basal_metabolism": st.integers(0, 0xFFFF),
        "muscle_share": units(0.1),
        "muscle_mass": units(mass),
        "fat_free_mass": units(mass),
        "soft_lean_mass": units(mass),
        "body_water": units(mass),
        "impedance": units(0.1),
        "weight": units(mass),
        "body_height": units(height),
    }
    values = {
        "body_fat": data.draw(units(0.1)),
        **data.draw(st.fixed_dictionaries({}, optional=optional)),
    }
    packet = body_composition(is_imperial=is_imperial, time=on_air(time), **values)
    expected = values | measured_at(time)
    assert_values(decode("body_composition", 0x2A9C, packet), expected)


def test_composed_of_two() -> None:
    """Of what takes two packets the first tells the time, and no other measurement's."""
    scale = decoder("body_composition", 0x2A9C)
    when = datetime(2026, 11, 29, 7, 30, 15)
    first = composition_part(body_fat=20, time=clock(when))
    second = composition_part(body_fat=20, body_water=35)
    alone = body_composition(is_imperial=False, body_fat=21)
    told = [scale.decode(data, 0) for data in (first, second, alone, second)]
    times = [values.get("measured_at") for values in told]
    assert times == [when, when, None, None]
    scale.decode(first, 0)
    scale.reset()
    assert "measured_at" not in scale.decode(second, 0)


def test_clock_that_is_not_set() -> None:
    """An oximeter says so where its clock is not set."""
    data = spot_check(97, 66, time=clock(datetime(2026, 11, 29, 7, 30, 15)))
    values = decode("oximeter", 0x2A5E, bytes([data[0] | 0x10]) + data[1:])
    assert values == {"oxygen_saturation": 97, "heart_rate": 66, "measured_at": None}


def test_nothing_composed() -> None:
    """A measurement that failed tells nothing else either."""
    packet = bytes.fromhex("0004 ffff 1027")
    assert decode("body_composition", 0x2A9C, packet) == {"body_fat": None}


@pytest.mark.parametrize(
    ("profile", "number", "packet"),
    [
        ("running", 0x2A53, "0000"),
        ("running", 0x2A53, "01000000"),
        ("oximeter", 0x2A5F, "00610042"),
        ("oximeter", 0x2A5E, "0161004200ea07"),
        ("thermometer", 0x2A1C, "000000"),
        ("weight", 0x2A9D, "00ff"),
        ("weight", 0x2A9D, "04102700"[:6]),
        ("body_composition", 0x2A9C, "000001"),
        ("body_composition", 0x2A9C, "000401000a"),
    ],
)
def test_cut_off(profile: str, number: int, packet: str) -> None:
    """What is cut off is malformed."""
    with pytest.raises(MalformedError):
        decode(profile, number, bytes.fromhex(packet))
