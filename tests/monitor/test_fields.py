"""What monitors of each kind measure arrives at a tracking service, each in its field."""

from collections.abc import Mapping

import pytest

from dev.stand_ins import LiveTracking
from dev.virtual_proxy import Bike, Oximeter, Peripheral, Pod, Strap, Treadmill, World
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.common import live_tracking_data, relay_entry, set_up, until

from .common import features_of, monitor_entry, quick, set_up_monitor


@pytest.mark.parametrize(
    ("monitor", "profiles", "expected"),
    [
        (
            quick(Bike, rate=4),
            ("cycling_power", "cycling_speed"),
            {
                "power": ("pwr_w", 200),
                "cadence": ("cad_rpm", 90),
                "speed": ("spd_kph", 30),
                "distance": ("dist_km", None),
            },
        ),
        (
            quick(Bike, rate=4, is_trainer=True),
            ("fitness_machine", "cycling_power", "cycling_speed"),
            {
                "power": ("pwr_w", 200),
                "cadence": ("cad_rpm", 90),
                "speed": ("spd_kph", 30),
            },
        ),
        (
            quick(Treadmill, rate=4),
            ("fitness_machine",),
            {
                "speed": ("spd_kph", 10),
                "heart_rate": ("hr_bpm", 120),
                "distance": ("dist_km", None),
            },
        ),
        (quick(Pod, rate=4), ("running",), {"speed": ("spd_kph", 12)}),
        (quick(Strap, rate=4), ("heart_rate",), {"heart_rate": ("hr_bpm", 72)}),
        (quick(Oximeter, rate=4), ("oximeter",), {"heart_rate": ("hr_bpm", 66)}),
    ],
    ids=["bike", "trainer", "treadmill", "pod", "strap", "oximeter"],
)
async def test_fields(
    hass: HomeAssistant,
    air: World,
    live_tracking: LiveTracking,
    monitor: Peripheral,
    profiles: tuple[str, ...],
    expected: Mapping[str, tuple[str, float | None]],
) -> None:
    """From the air to the field of the service, in its unit."""
    entry = monitor_entry(features=features_of(*profiles), profiles=profiles)
    await set_up_monitor(hass, entry)
    registry = er.async_get(hass)
    sources = {
        key: source.id
        for key in expected
        if (source := registry.async_get(f"sensor.strap_12_{key}"))
    }
    assert sources.keys() == expected.keys()
    pulse = sources.pop("heart_rate", None)
    relay = relay_entry(
        "livetracking",
        live_tracking_data(live_tracking),
        other_sources=list(sources.values()),
        **({"sources": [pulse]} if pulse else {}),
    )
    await set_up(hass, relay)
    air.add_strap(monitor)

    def arrived(field: str, value: float | None) -> bool:
        values = [
            float(fields[field])
            for fields in live_tracking.points.values()
            if field in fields
        ]
        if value is None:
            return bool(values)
        return any(one == pytest.approx(value, rel=0.02) for one in values)

    for field, value in expected.values():
        await until(lambda: arrived(field, value))  # noqa: B023 - awaited at once
