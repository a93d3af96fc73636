"""What holds for each profile."""

from datetime import datetime
import json
from pathlib import Path
import re

from hypothesis import given, strategies as st
import pytest

from custom_components import heart_rate_relay
from custom_components.heart_rate_relay.monitor.measuring import Measuring
from custom_components.heart_rate_relay.monitor.profiles import (
    PROFILES,
    QUANTITIES,
    advertised,
    offered,
)
from custom_components.heart_rate_relay.monitor.profiles.base import (
    Kind,
    MalformedError,
    Profile,
    Settings,
    Value,
)
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.components.sensor.const import DEVICE_CLASS_UNITS

CHARACTERISTICS = [
    pytest.param(profile, uuid, id=f"{profile.key} {uuid[4:8]}")
    for profile in PROFILES.values()
    for uuid in profile.decoders
]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_row(profile: Profile) -> None:
    """A row is whole, and its UUIDs are as the stack compares them."""
    for uuid in (profile.service, *profile.decoders):
        assert re.fullmatch(r"0000[0-9a-f]{4}-0000-1000-8000-00805f9b34fb", uuid)
    keys = [quantity.key for quantity in profile.quantities]
    assert len(set(keys)) == len(keys)
    assert profile.required in {None, *profile.quantities}
    assert {one.quantity for one in profile.details} <= set(profile.quantities)
    assert {one.quantity for one in profile.actions} <= set(profile.quantities)
    assert list(advertised([profile.service])) == [profile]
    for uuid in profile.decoders:
        assert list(offered([uuid])) == [profile]


def test_quantities_are_the_same_everywhere() -> None:
    """What several profiles tell is one and the same: it is one entity."""
    for profile in PROFILES.values():
        for quantity in profile.quantities:
            assert QUANTITIES[quantity.key] is quantity


@pytest.mark.parametrize("key", QUANTITIES)
def test_units(key: str) -> None:
    """Home Assistant knows the device class, and takes the unit for one of it."""
    quantity = QUANTITIES[key]
    if quantity.device_class and quantity.kind is not Kind.CHOICE:
        units = DEVICE_CLASS_UNITS[SensorDeviceClass(quantity.device_class)]
        assert quantity.unit in units


def test_discovered_by_service() -> None:
    """Home Assistant wakes the integration for each service."""
    root = Path(heart_rate_relay.__file__).parent
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    matched = {matcher.get("service_uuid") for matcher in manifest["bluetooth"]}
    assert matched - {None} == {profile.service for profile in PROFILES.values()}


@pytest.mark.parametrize(("profile", "uuid"), CHARACTERISTICS)
@given(packets=st.lists(st.tuples(st.binary(max_size=40), st.floats(0, 1e6))))
def test_anything(
    profile: Profile, uuid: str, packets: list[tuple[bytes, float]]
) -> None:
    """Whatever bytes come, they tell what there is to tell, or are malformed."""
    decoder = profile.decoders[uuid](Settings())
    keys = {quantity.key for quantity in profile.quantities}
    for data, at in packets:
        try:
            values = decoder.decode(data, at)
        except MalformedError:
            continue
        assert values.keys() <= keys
        assert all(fits(key, value) for key, value in values.items())


def fits(key: str, value: Value) -> bool:
    """Return whether a value is of a quantity's kind, and a number that there is."""
    match QUANTITIES[key].kind, value:
        case _, None:
            return True
        case Kind.TIME, datetime():
            return value.tzinfo is None
        case Kind.FLAG, bool():
            return True
        case Kind.NUMBER, int() | float():
            return abs(value) < 1e14
        case Kind.SERIES, tuple():
            return all(0 < one <= 64000 for one in value)
    return False


@pytest.mark.parametrize(("profile", "uuid"), CHARACTERISTICS)
@given(data=st.binary(max_size=40), more=st.binary(min_size=1, max_size=5))
def test_more_than_is_known(
    profile: Profile, uuid: str, data: bytes, more: bytes
) -> None:
    """What is cut off is malformed, and stays so; what follows does no harm."""
    decoder = profile.decoders[uuid](Settings())
    for end in range(len(data)):
        try:
            decoder.decode(data[:end], 0)
        except MalformedError:
            continue
        break
    try:
        decoder.decode(data, 0)
    except MalformedError:
        return
    decoder.decode(data + more, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([param.values[1] for param in CHARACTERISTICS]),
            st.binary(max_size=30),
            st.floats(0, 20),
        )
    )
)
def test_all_at_once(packets: list[tuple[object, bytes, float]]) -> None:
    """A device may speak all of them, and nothing that is stale is told."""
    measuring = Measuring(Settings())
    now = 0.0
    for uuid, data, seconds in packets:
        now += seconds
        measuring.forget_stale(now)
        try:
            values = measuring.decode(str(uuid), data, now)
        except MalformedError:
            continue
        measuring.take(str(uuid), values, now)
        assert values.keys() <= measuring.told.keys()
    assert measuring.forget_stale(now + measuring.stale_after) is None
    assert all(QUANTITIES[key].is_lasting for key in measuring.told)
