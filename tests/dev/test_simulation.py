"""The simulated sensors, and the configuration that they run in."""

from itertools import islice, pairwise
import json
import math
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
import pytest
from yarl import URL

from custom_components.heart_rate_relay.metrics import METRICS, Kind
from custom_components.heart_rate_relay.sources.detection.candidate import Candidate
from custom_components.heart_rate_relay.sources.measured import metric_of
from dev.home_assistant.config import write_configuration
from dev.simulated_heart_rate.measures import EVERY, MEASURES, walking
from dev.simulated_heart_rate.pattern import (
    BURST,
    BURST_EVERY,
    Signal,
    changing,
    counting,
    falling_silent,
    flapping,
    steady,
    steps_of_a_day,
    varying,
)
from dev.simulated_heart_rate.ride import (
    METRES_PER_DEGREE,
    accuracy,
    altitude,
    cadence,
    distance,
    place,
    power,
    power_left,
    power_right,
    speed,
)
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


def test_steps_come_in_bursts() -> None:
    """They are those of someone who walks and stands, and begin at 0."""
    counts = [steps_of_a_day(second) for second in range(3 * BURST_EVERY + 1)]
    gains = [after - before for before, after in pairwise(counts)]
    assert counts[0] == 0
    assert gains == [*BURST, *[0] * (BURST_EVERY - len(BURST))] * 3


def test_values_vary() -> None:
    """Each is another one than the last, so that no repeat is taken for it."""
    values = [each for each in islice(varying(71, 73), 500) if isinstance(each, float)]
    assert len(values) == 500
    assert all(71 <= value <= 73 for value in values)
    assert all(before != after for before, after in pairwise(values))


@pytest.mark.parametrize("is_whole", [True, False])
def test_counts_grow(is_whole: bool) -> None:
    """Never by more than is to be believed."""
    counts = list(islice(counting(0.6, is_whole=is_whole), 50))
    gains = [
        round(after - before, 2)
        for before, after in pairwise(counts)
        if isinstance(before, float | int) and isinstance(after, float | int)
    ]
    assert counts[0] == 0
    assert set(gains) == {1} if is_whole else all(0.2 < gain < 0.7 for gain in gains)


def test_each_metric_is_measured() -> None:
    """By a sensor whose name and unit say so, with values that are to be believed."""
    measured = {measure.metric for measure in MEASURES}
    assert measured == {
        metric
        for metric in METRICS.values()
        if metric.kind in (Kind.INSTANT, Kind.COUNTER)
    }
    for measure in MEASURES:
        candidate = Candidate(
            entity_id=measure.entity_id,
            unit=measure.metric.unit,
            name=f"{measure.device} {measure.name}",
            device_name=measure.device,
            first_name=measure.name,
        )
        assert metric_of(candidate) is measure.metric
        told = [
            value
            for value in islice(measure.pattern(), 10 * EVERY)
            if not isinstance(value, Signal)
        ]
        lowest, highest = measure.metric.plausible
        if not measure.metric.counting:
            assert all(lowest <= value <= highest for value in told), measure
        assert len(told) >= 10


def test_a_ride_fits_together() -> None:
    """Whoever is so fast gets so far, in the direction that is told, and pedals for it."""
    track = [place(second) for second in range(300)]
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
    assert power_left(fast) + power_right(fast) == pytest.approx(power(fast))
    assert max(map(altitude, range(300))) - min(map(altitude, range(300))) > 10
    assert len({accuracy(second) for second in range(60)}) == 3


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
