"""Where a service shows one line of each metric, the preferred source of it is what is shown."""

from collections import defaultdict
import time
from typing import Any

from dev.stand_ins import LiveTracking
from homeassistant.core import HomeAssistant

from ..common import live_tracking_data, relay_entry, set_up
from ..conftest import running
from .common import until_empty

STRAP = "sensor.strap_heart_rate"
SPEED = "sensor.bike_speed"
PHONE = "device_tracker.phone"
WATCH = "device_tracker.watch"

MEASURED: dict[str, dict[str, Any]] = {
    STRAP: {"unit_of_measurement": "bpm"},
    SPEED: {"unit_of_measurement": "m/s", "device_class": "speed"},
}


class Ride:
    """What is told of a ride, with the time of each second."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin some minutes ago."""
        self.begin = int(time.time()) - 600
        self._hass = hass

    def measure(self, entity_id: str, second: int, value: float) -> None:
        """Let a sensor measure."""
        self._hass.states.async_set(
            entity_id, str(value), MEASURED[entity_id], timestamp=self.begin + second
        )

    def locate(self, entity_id: str, second: int, north: float, **more: float) -> None:
        """Let a tracker tell where it is, and more."""
        said = {"latitude": north, "longitude": 13.4, "source_type": "gps", **more}
        self._hass.states.async_set(
            entity_id, "not_home", said, timestamp=self.begin + second
        )

    def shown(self, server: LiveTracking) -> dict[str, dict[int, float]]:
        """Return what the server shows, by its keys and the second."""
        found: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for (_, _, at), fields in server.points.items():
            for key, value in fields.items():
                found[key][at // 1_000_000_000 - self.begin] = float(value)
        return found


async def test_sensor_before_tracker(hass: HomeAssistant, socket_enabled: None) -> None:
    """A phone's own speed counts where the bike's is silent, and its height always."""
    ride = Ride(hass)
    ride.measure(STRAP, 0, 100)
    ride.measure(SPEED, 0, 8)
    ride.locate(PHONE, 0, 52.0, speed=7)
    async with running(LiveTracking()) as server:
        relay = await set_up(
            hass,
            relay_entry(
                "livetracking",
                live_tracking_data(server),
                [STRAP],
                other_sources=[SPEED],
                position_sources=[PHONE],
            ),
        )
        for second in range(1, 200):
            ride.measure(STRAP, second, 100 + second % 50)
            if second < 10:
                ride.measure(SPEED, second, 8 + second / 10)
            more = {"speed": 7.0, "altitude": 30.0, "battery_level": 80.0}
            ride.locate(PHONE, second, 52 + second / 1000, **more)
        await until_empty(relay)
        await hass.config_entries.async_unload(relay.config_entry.entry_id)
    shown = ride.shown(server)
    bike = {second: round((8 + second / 10) * 3.6, 6) for second in range(1, 10)}
    # The bike is live for a minute after it told its last speed
    phone = dict.fromkeys(range(69, 200), 25.2)
    assert shown["spd_kph"] == bike | phone
    for key in ("lat", "lng", "alt_m", "battery", "hr_bpm"):
        assert shown[key].keys() == set(range(1, 200)), key


async def test_trackers(hass: HomeAssistant, socket_enabled: None) -> None:
    """Of two places the preferred one is shown, with what only the other one tells."""
    ride = Ride(hass)
    ride.locate(PHONE, 0, 52.0)
    ride.locate(WATCH, 0, 52.5)
    async with running(LiveTracking()) as server:
        relay = await set_up(
            hass,
            relay_entry(
                "livetracking",
                live_tracking_data(server),
                [STRAP],
                position_sources=[PHONE, WATCH],
            ),
        )
        for second in range(1, 20):
            ride.locate(PHONE, second, 52 + second / 1000, speed=7.0)
            ride.locate(
                WATCH,
                second,
                52.5 + second / 1000,
                speed=6.0,
                course=20.0,
                altitude=31.0,
                battery_level=50,
            )
        await until_empty(relay)
        await hass.config_entries.async_unload(relay.config_entry.entry_id)
    shown = ride.shown(server)
    seconds = range(1, 20)
    assert shown["lat"] == {second: 52 + second / 1000 for second in seconds}
    assert shown["spd_kph"] == dict.fromkeys(seconds, 25.2)
    # A direction is of a place, and is not mixed with another one
    assert "bearing" not in shown
    assert shown["alt_m"] == dict.fromkeys(seconds, 31.0)
    assert shown["battery"] == dict.fromkeys(seconds, 50.0)
