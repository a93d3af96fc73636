"""Time that passes in a moment, for all that looks at a clock."""

import asyncio
from datetime import UTC, datetime
import time

import pytest

from custom_components.heart_rate_relay.destinations import gerosense
from custom_components.heart_rate_relay.relay import oauth
from custom_components.heart_rate_relay.sources import wearer
from homeassistant.util import dt as dt_util
from tests.outbox.common import Clock


class SimulatedTime(Clock):
    """A clock that leaps, and begins so far in the past that it never gets to the present.

    Whoever still looks at another clock sees nothing that is of the future.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> None:
        """Take the place of all clocks, for so many seconds."""
        super().__init__(asyncio.get_running_loop(), monkeypatch)
        self._ahead -= seconds
        monkeypatch.setattr(time, "time_ns", lambda: int(self.wall() * 1e9))
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(gerosense, "monotonic", lambda: self.now)
        monkeypatch.setattr(wearer, "time", self.wall)
        monkeypatch.setattr(oauth, "time", self.wall)
        monkeypatch.setattr(
            dt_util, "utcnow", lambda: datetime.fromtimestamp(self.wall(), UTC)
        )

    async def until(self, moment: float) -> None:
        """Let time pass until a moment, in seconds UTC."""
        await asyncio.sleep(max(0.0, moment - self.wall()))
