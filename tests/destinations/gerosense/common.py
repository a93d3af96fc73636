"""What tests of Gerosense share."""

from collections.abc import Callable
import json
import time
from typing import NamedTuple

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.destinations import gerosense
from custom_components.heart_rate_relay.destinations.errors import (
    NotEntitledError,
    UnknownPersonError,
    UnreachableError,
    WaitError,
)
from custom_components.heart_rate_relay.reading import Device, Reading, Source
from dev.stand_ins.base import PASSWORD, TOKEN
from dev.stand_ins.gerosense import Gerosense, GerosenseProxy

type Face = gerosense.Gerosense | gerosense.GerosenseProxy
type StandIn = Gerosense | GerosenseProxy

USER = "85b4453a-wearer"
LOGIN = {"username": "relay", "password": PASSWORD, "user_id": USER}
PERSON = {"biological_sex": "male", "year_of_birth": 1961.0}

UNKNOWN = (UnknownPersonError, "unknown_person")
GONE = (NotEntitledError, "person_gone")
OUTDATED = (NotEntitledError, "outdated")
BUSY = (WaitError, "busy")
SERVER_ERROR = (UnreachableError, "server_error")

STATUS_PATH = "/api/status"
LOGIN_PATH = "/api/v1.0/login/access-token"
TEST_PATH = "/api/v1.0/login/test-token"
USER_PATH = "/api/v2.2/user"
SAMPLES_PATH = "/api/v2.2/samples"

WATCH = Source("w", "sensor.watch", "Watch", Device("dw", "Watch", "Two", "17.0.3"))

PAST = time.time_ns() // 1000 - 30 * 24 * 60 * 60 * 1_000_000
"""A month ago, in ms since the epoch."""

READY = json.dumps({"status": "Ok", "access_token": TOKEN})
"""What pleases everyone who asks for the status or for a token."""

FACES = pytest.mark.parametrize("kind", ["direct", "proxy"])
DIRECT = pytest.mark.parametrize("kind", ["direct"])
PROXY = pytest.mark.parametrize("kind", ["proxy"])


class Clock:
    """A monotonic clock that is set by hand, in seconds."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Pair(NamedTuple):
    """A stand-in, and what makes destinations of it."""

    stand_in: StandIn
    connect: Callable[..., Face]


def paths(stand_in: StandIn) -> list[str]:
    """Return what was asked for."""
    return [request.path for request in stand_in.requests]


def heart_rates(count: int, start: int = PAST, source: Source = WATCH) -> list[Reading]:
    """Return heart rates of 60 to 159 bpm, a second from each other."""
    return [
        Reading(metrics.HEART_RATE, 60.0 + n % 100, start + 1_000_000 * n, source)
        for n in range(count)
    ]


def steps(
    value: float, measured_at: int, duration: int, source: Source = WATCH
) -> Reading:
    """Return steps that were taken in so many ms, until then."""
    return Reading(metrics.STEPS, value, measured_at, source, duration)


def assert_spotless(stand_in: StandIn) -> None:
    """See that nothing came twice, out of order, at once or unwanted."""
    assert not stand_in.repeats
    assert not stand_in.disorder
    assert not stand_in.overlaps
    assert not stand_in.sent_in_maintenance
