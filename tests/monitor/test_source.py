"""What a monitor measures is a source of relays, and arrives whole."""

import asyncio

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.sources.finding import async_find
from dev.stand_ins import InfluxDBv1, OpenWearables, Pulsoid
from dev.virtual_proxy import Strap, World
from dev.virtual_proxy.measurement import measurement
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.common import influxdb_data, pulsoid_data, relay_entry, set_up, until
from tests.flow.common import register, suggested, to_sources

from .common import ALL, monitor_entry, quick_strap, say, set_up_monitor, value_of, wear

HEART_RATE = "sensor.strap_12_heart_rate"
VARIABILITY = "sensor.strap_12_heart_rate_variability"
RELAYS = "sensor.relay_heart_rate"

OTHERS = ("garmin_connect", "template", "mobile_app")
"""Where other heart rates come from."""


async def test_offered(hass: HomeAssistant, air: World) -> None:
    """It is the first of all sources at once, though it was never worn."""
    for platform in OTHERS:
        register(hass, platform, "Heart rate")
    await set_up_monitor(hass, monitor_entry(features=ALL))
    sources = ["sensor.strap_heart_rate", "sensor.watch_heart_rate"]
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}, sources))
    assert value_of(hass, RELAYS)
    found = await async_find(hass)
    matches = found.matches[metrics.HEART_RATE]
    assert matches[0] == HEART_RATE
    assert len(matches) == len(OTHERS) + 1
    assert RELAYS not in matches
    assert found.matches[metrics.HEART_RATE_VARIABILITY] == [VARIABILITY]
    for metric in metrics.METRICS.values():
        mine = {HEART_RATE} if metric is metrics.HEART_RATE else set()
        mine |= {VARIABILITY} if metric is metrics.HEART_RATE_VARIABILITY else set()
        offered = {*found.matches[metric], *found.suggestions[metric]}
        assert {one for one in offered if "strap_12" in one} == mine


async def test_chosen_already(
    hass: HomeAssistant, air: World, open_wearables: OpenWearables
) -> None:
    """Whoever adds a relay finds it chosen."""
    await set_up_monitor(hass, monitor_entry(features=ALL))
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    form = await to_sources(hass, "open_wearables", open_wearables)
    chosen = suggested(form)
    assert chosen["sources"] == [HEART_RATE]
    assert chosen["heart_rate_variability_sources"] == [VARIABILITY]
    assert form["data_schema"]
    selector = form["data_schema"].schema["sources"]
    assert RELAYS in selector.config["exclude_entities"]
    assert HEART_RATE not in selector.config["exclude_entities"]


def relay_of(
    hass: HomeAssistant, service: str, data: dict[str, object]
) -> MockConfigEntry:
    """Return a relay whose source is the monitor, and which soon takes others for frozen."""
    source = er.async_get(hass).async_get(HEART_RATE)
    assert source
    return relay_entry(service, data, [source.id], live_for=0.5)


async def measure_steadily(strap: Strap) -> int:
    """Let a strap measure the same for longer than a source may, and return how often."""
    strap.muted = False
    await asyncio.sleep(1.5)
    strap.muted = True
    return len(strap.sent)


async def test_steady_to_influxdb(
    hass: HomeAssistant, air: World, influxdb: InfluxDBv1
) -> None:
    """Each measurement arrives, the first as well, however steady it is."""
    strap = quick_strap(muted=True)
    await wear(hass, air, strap)
    await set_up(hass, relay_of(hass, "influxdb_v1", influxdb_data(influxdb)))
    count = await measure_steadily(strap)
    assert count > 20
    await until(lambda: len(influxdb.arrivals) >= count)
    assert [arrival.value for arrival in influxdb.arrivals] == [72] * count
    sent = [int(one.at * 1_000_000) for one in strap.sent]
    delays = [
        arrival.measured_at - at
        for arrival, at in zip(influxdb.arrivals, sent, strict=True)
    ]
    assert min(delays) >= 0


async def test_first_is_delivered(
    hass: HomeAssistant, air: World, pulsoid: Pulsoid
) -> None:
    """The first measurement since the monitor is near is no old one."""
    await set_up_monitor(hass, monitor_entry())
    relay = await set_up(hass, relay_of(hass, "pulsoid", pulsoid_data(pulsoid)))
    strap = air.add_strap(quick_strap(muted=True))
    (monitor, _) = hass.config_entries.async_loaded_entries("heart_rate_relay")
    await until(lambda: monitor.runtime_data.data.is_reached)
    await until(lambda: strap.links[0].subscribed(0x2A37))
    strap.send(measurement(72))
    strap.burst(1)
    await until(lambda: pulsoid.arrivals)
    assert [arrival.value for arrival in pulsoid.arrivals] == [72]
    assert relay.sources.wearer.heart_rate == 72


async def test_not_worn(hass: HomeAssistant, air: World, influxdb: InfluxDBv1) -> None:
    """What is taken off is no reading, and the first after that is one."""
    strap = quick_strap(muted=True)
    entry = await wear(hass, air, strap)
    await say(hass, strap, measurement(72))
    await set_up(hass, relay_of(hass, "influxdb_v1", influxdb_data(influxdb)))
    packets = (measurement(72, contact=False), measurement(0), measurement(72))
    before = entry.runtime_data.data.measurements
    strap.send(*packets)
    strap.burst(len(packets))
    await until(lambda: entry.runtime_data.data.measurements == before + 3)
    await until(lambda: influxdb.arrivals)
    await asyncio.sleep(0.1)
    assert [arrival.value for arrival in influxdb.arrivals] == [72]
