"""Tests of readings and their units."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.heart_rate_relay.reading import to_us

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.floats(-1e9, 1e10))
def test_microseconds(seconds: float) -> None:
    """A time is rounded to the microsecond that Home Assistant's own times have."""
    moment = datetime.fromtimestamp(seconds, UTC)
    assert to_us(seconds) == (moment - EPOCH) // timedelta(microseconds=1)
