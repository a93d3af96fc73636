"""The simulated sensors, and the configuration that they run in."""

from itertools import islice, pairwise
import json
import math
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
import pytest
from yarl import URL

from dev.home_assistant.config import write_configuration
from dev.simulated_heart_rate.pattern import (
    BURST,
    BURST_EVERY,
    Signal,
    changing,
    falling_silent,
    flapping,
    resting,
    steady,
    steps_of_a_day,
    weighing,
)
from dev.simulated_heart_rate.ride import (
    METRES_PER_DEGREE,
    cadence,
    distance,
    places,
    power,
    speed,
)
from dev.simulated_heart_rate.sensor import walking
from homeassistant.core import HomeAssistant


def test_changing() -> None:
    """It is never the same twice in a row, and always that of a living heart."""
    rates = [rate for rate in islice(changing(60, 180), 5000) if isinstance(rate, int)]
    assert all(before != after for before, after in pairwise(rates))
    assert 60 <= min(rates) < 80
    assert 160 < max(rates) <= 180


def test_steady() -> None:
    """It stays the same for minutes, and then is another for as long."""
    rates = list(islice(steady(150), 450))
    for begin in range(0, 450, 150):
        assert len(set(rates[begin : begin + 150])) == 1
    assert len(set(rates)) == 3


def test_interruptions() -> None:
    """They come and go."""
    silent = list(islice(falling_silent(), 48))
    assert [index for index, rate in enumerate(silent) if rate is Signal.SILENCE] == [
        *range(12, 24),
        *range(36, 48),
    ]
    flaps = list(islice(flapping(), 22))
    assert [rate is Signal.UNAVAILABLE for rate in flaps] == (
        [False] * 8 + [True] * 3
    ) * 2
    assert list(islice(resting(), 2)) == [52, Signal.SILENCE]


def test_steps_come_in_bursts() -> None:
    """They are those of someone who walks and stands, and begin at 0."""
    counts = [steps_of_a_day(second) for second in range(3 * BURST_EVERY + 1)]
    gains = [after - before for before, after in pairwise(counts)]
    assert counts[0] == 0
    assert gains == [*BURST, *[0] * (BURST_EVERY - len(BURST))] * 3


def test_weights_come_now_and_then() -> None:
    """They are those of one person."""
    weights = list(islice(weighing(30), 90))
    told = [each for each in weights if isinstance(each, float)]
    assert [second for second, each in enumerate(weights) if each in told] == [
        0,
        30,
        60,
    ]
    assert all(71 < weight < 74 for weight in told)


def test_a_ride_fits_together() -> None:
    """Whoever is so fast gets so far, in the direction that is told, and pedals for it."""
    track = list(islice(places(), 300))
    for second, (here, there) in enumerate(pairwise(track)):
        gone = distance(second + 1) - distance(second)
        assert gone == pytest.approx((speed(second) + speed(second + 1)) / 2, abs=0.2)
        north = (there.latitude - here.latitude) * METRES_PER_DEGREE
        narrow = METRES_PER_DEGREE * math.cos(math.radians(here.latitude))
        east = (there.longitude - here.longitude) * narrow
        assert math.hypot(north, east) == pytest.approx(gone, abs=0.5)
        off = math.degrees(math.atan2(east, north)) - here.course
        assert abs((off + 180) % 360 - 180) < 8
        assert 0 <= here.course < 360
    fast = max(range(60), key=speed)
    slow = min(range(60), key=speed)
    assert power(fast) > 2 * power(slow) > 0
    assert cadence(fast) > cadence(slow) > 40


@pytest.mark.parametrize(
    ("zone", "moment", "seconds"),
    [
        ("UTC", "2026-11-21T23:59:58+00:00", 86_398),
        ("UTC", "2026-11-22T00:00:03.500+00:00", 3),
        ("Europe/Berlin", "2026-11-21T22:59:58+00:00", 86_398),
        ("Europe/Berlin", "2026-11-21T23:00:03+00:00", 3),
        # Summer time ends that night
        ("Europe/Berlin", "2026-10-25T11:00:00+00:00", 13 * 3600),
    ],
)
async def test_steps_begin_anew_at_the_local_midnight(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    zone: str,
    moment: str,
    seconds: int,
) -> None:
    """The clock alone decides on the count."""
    await hass.config.async_set_time_zone(zone)
    freezer.move_to(moment)
    assert next(walking()) == steps_of_a_day(seconds)


def test_configuration(tmp_path: Path) -> None:
    """Both integrations are in it, services are elsewhere, and it listens where it should."""
    url = URL("http://127.0.0.1:8321")
    services = {
        "pulsoid": URL("http://127.0.0.1:8322"),
        "gerosense": URL("http://127.0.0.1:8323"),
    }
    write_configuration(tmp_path, url, services)
    for domain in ("heart_rate_relay", "simulated_heart_rate"):
        manifest = tmp_path / "custom_components" / domain / "manifest.json"
        assert json.loads(manifest.read_text())["domain"] == domain
    redirection = (tmp_path / "custom_components" / "__init__.py").read_text()
    assert "destinations import pulsoid, gerosense\n" in redirection
    for name, elsewhere in services.items():
        assert f"\n{name}.API_URL = URL({str(elsewhere)!r})\n" in redirection
    http = json.loads((tmp_path / ".storage" / "http").read_text())
    assert http["key"] == "http"
    assert http["data"] == {"server_host": ["127.0.0.1"], "server_port": 8321}
    network = json.loads((tmp_path / ".storage" / "core.network").read_text())
    assert network["data"] == {"configured_adapters": ["lo", "lo0"]}
