"""The simulated sensors, and the configuration that they run in."""

from itertools import islice, pairwise
import json
from pathlib import Path

from yarl import URL

from dev.home_assistant.config import write_configuration
from dev.simulated_heart_rate.pattern import (
    Signal,
    changing,
    falling_silent,
    flapping,
    resting,
    steady,
)


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


def test_configuration(tmp_path: Path) -> None:
    """Both integrations are in it, and it listens where it should."""
    url, pulsoid = URL("http://127.0.0.1:8321"), URL("http://127.0.0.1:8322")
    write_configuration(tmp_path, url, pulsoid)
    for domain in ("heart_rate_relay", "simulated_heart_rate"):
        manifest = tmp_path / "custom_components" / domain / "manifest.json"
        assert json.loads(manifest.read_text())["domain"] == domain
    redirection = (tmp_path / "custom_components" / "__init__.py").read_text()
    assert repr(str(pulsoid)) in redirection
    http = json.loads((tmp_path / ".storage" / "http").read_text())
    assert http["key"] == "http"
    assert http["data"] == {"server_host": ["127.0.0.1"], "server_port": 8321}
