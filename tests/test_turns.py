"""A thread that has much to do lets everybody else have a turn."""

from contextlib import closing
from itertools import count
import sqlite3

import pytest

from custom_components.heart_rate_relay import metrics, turns
from custom_components.heart_rate_relay.outbox.packs import SCHEMA, Packs
from custom_components.heart_rate_relay.reading import Reading

from .outbox.common import STRAP


class Clock:
    """A clock that moves on by so much whenever it is asked, and notes who sleeps."""

    def __init__(self, step: float) -> None:
        """Initialize the clock."""
        self.rests = 0
        self._step = step
        self._asked = count()

    def perf_counter(self) -> float:
        """Return seconds."""
        return next(self._asked) * self._step

    def sleep(self, seconds: float) -> None:
        """Take note that somebody sleeps."""
        assert 0 < seconds < turns.WORK
        self.rests += 1


@pytest.mark.parametrize(("step", "rests"), [(turns.WORK / 4.5, 4), (0.0, 0)])
def test_rests(monkeypatch: pytest.MonkeyPatch, step: float, rests: int) -> None:
    """It rests after as much work as it may do at once, and not before."""
    monkeypatch.setattr(turns, "time", clock := Clock(step))
    some = turns.Turns()
    for _ in range(20):
        some.give()
    assert clock.rests == rests


def test_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is done with many readings that wait, others have their turn between packs."""
    monkeypatch.setattr(turns, "time", clock := Clock(2 * turns.WORK))
    readings = [
        Reading(metrics.HEART_RATE, 60.0, 1000 * number, STRAP)
        for number in range(10_000)
    ]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(SCHEMA)
        packs = Packs(db)
        for work in (
            lambda: packs.insert(readings),
            lambda: packs.select(10_000),
            lambda: packs.delete(readings[:5000]),
            lambda: packs.trim(readings[-1].measured_at, 10_000),
        ):
            clock.rests = 0
            work()
            assert clock.rests >= 5000 / 128
        assert packs.count == 1
