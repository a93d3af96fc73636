"""What is told in units of all kinds, however they are written, is in those of our metrics."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.metrics import METRICS
from custom_components.heart_rate_relay.sources.conversions import conversion
from dev.stand_ins import InfluxDBv1
from homeassistant.core import HomeAssistant

from ..common import influxdb_data, measure, relay_entry, set_up, until
from ..conftest import running

TOLD = [
    ("energy", 10, "kJ", 2.390057),
    ("energy", 10, "Wh", 8.604207),
    ("energy", 1, "kWh", 860.420650),
    ("energy", 1000, "cal", 1),
    ("energy", 10, "Cal", 10),
    ("energy", 10, "KCAL", 10),
    ("distance", 1, "mi", 1609.344),
    ("distance", 1, "miles", 1609.344),
    ("distance", 1, "Feet", 0.3048),
    ("cycling_distance", 1, "KM", 1000),
    ("air_temperature", 50, "°F", 10),
    ("body_temperature", 98.6, "℉", 37),
    ("body_temperature", 310.15, "K", 37),
    ("blood_pressure_systolic", 16, "kPa", 120.009866),
    ("blood_pressure_diastolic", 80, "mm Hg", 80),
    ("blood_glucose", 5.5, "mmol/L", 99.088),
    ("blood_glucose", 5.5, "mmol/l", 99.088),
    ("blood_glucose", 99, "mg/dl", 99),
    ("weight", 160, "lb", 72.574779),
    ("weight", 160, "lbs", 72.574779),
    ("weight", 11, "st", 69.853225),
    ("weight", 72400, "g", 72.4),
    ("speed", 36, "kmh", 10),
    ("speed", 36, "kph", 10),
    ("speed", 10, "mph", 4.4704),
    ("power", 250, "Watt", 250),
    ("power", 0.25, "kW", 250),
    ("power", 250_000, "mW", 250),
    ("hydration", 0.5, "l", 500),
    ("hydration", 10, "fl oz", 295.735296),
    ("height", 70, "inches", 177.8),
    ("altitude", 100, "ft", 30.48),
]


@pytest.mark.parametrize(("metric", "value", "unit", "expected"), TOLD)
def test_units(metric: str, value: float, unit: str, expected: float) -> None:
    """What is clear is converted, be it written as nobody should."""
    convert = conversion(METRICS[metric])
    assert convert(value, unit) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("metric", "value", "unit", "expected"),
    [
        ("air_temperature", 52.7, "°F", 11.5),
        ("blood_glucose", 5.6, "mmol/L", 100.8896),
        ("weight", 11.2, "st", 71.123283616),
        ("speed", 0.1, "km/h", 0.027777778),
    ],
)
def test_no_more_decimals_than_were_measured(
    metric: str, value: float, unit: str, expected: float
) -> None:
    """What a computer adds to fractions is nobody's measurement."""
    assert conversion(METRICS[metric])(value, unit) == expected


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        # Thousandths or millions
        ("power", "Mw"),
        ("weight", "m"),
        ("speed", "min/km"),
        ("blood_glucose", "mmol"),
        ("cadence", "Hz"),
        ("body_temperature", "%"),
        ("weight", ""),
    ],
)
def test_no_units(metric: str, unit: str) -> None:
    """What may be something else is not guessed."""
    assert conversion(METRICS[metric])(1.0, unit) is None


async def test_a_scale_in_pounds(hass: HomeAssistant, socket_enabled: None) -> None:
    """What it tells arrives in kilograms."""
    scale = "sensor.scale_weight"
    measure(hass, 160, scale, unit_of_measurement="lbs")
    async with running(InfluxDBv1()) as server:
        entry: MockConfigEntry = relay_entry(
            "influxdb_v1", influxdb_data(server), other_sources=[scale]
        )
        await set_up(hass, entry)
        measure(hass, 161, scale, unit_of_measurement="lbs")
        await until(lambda: server.arrivals)
        await hass.config_entries.async_unload(entry.entry_id)
    (arrival,) = server.arrivals
    assert arrival.field == "weight"
    assert arrival.value == pytest.approx(73.028, abs=1e-3)
