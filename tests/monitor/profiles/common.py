"""What the tests of the profiles share."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from custom_components.heart_rate_relay.monitor.profiles import PROFILES
from custom_components.heart_rate_relay.monitor.profiles.base import (
    Decoder,
    Settings,
    Value,
    Values,
)


def decoder(profile: str, number: int, wheel: float = 2.105) -> Decoder:
    """Return what makes values of a characteristic's packets."""
    uuid = f"0000{number:04x}-0000-1000-8000-00805f9b34fb"
    return PROFILES[profile].decoders[uuid](Settings(wheel_circumference=wheel))


def decode(profile: str, number: int, data: bytes) -> Values:
    """Return what a characteristic's packet tells, the first that comes."""
    return decoder(profile, number).decode(data, 0)


def assert_values(
    values: Values, expected: Mapping[str, Value], tolerance: float = 1e-6
) -> None:
    """See that values are as expected, but for the last digits of their numbers."""
    assert values == {
        key: value
        if isinstance(value, datetime)
        else pytest.approx(value, rel=tolerance, abs=1e-9)
        for key, value in expected.items()
    }
