"""Where sources are."""

from collections.abc import Iterator

import pytest

from homeassistant.util import dt as dt_util

from .counters import ZONE


@pytest.fixture
def berlin(verify_cleanup: None) -> Iterator[None]:
    """Live where the clocks change."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(ZONE)
    yield
    dt_util.set_default_time_zone(before)
