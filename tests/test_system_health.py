"""What Home Assistant's page about its system says of monitors and relays."""

from typing import Any

from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import Failure, Pulsoid
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import measure, pulsoid_data, relay_entry, set_up, until
from .monitor.common import monitor_entry, set_up_monitor


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page says."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    assert isinstance(info, dict)
    return info


async def test_several(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """It counts those that run, and those of them that do well."""
    data = pulsoid_data(pulsoid)
    good = await set_up(hass, relay_entry("pulsoid", data))
    paused = relay_entry("pulsoid", data, paused=True)
    await set_up(hass, paused)
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: good.data.status is Status.DELIVERING)
    bad = await set_up(hass, relay_entry("pulsoid", data))
    pulsoid.failure = Failure(500)
    measure(hass, 72)
    await until(lambda: bad.data.status is Status.UNREACHABLE)
    await until(lambda: good.data.status is Status.UNREACHABLE)
    pulsoid.failure = None
    good.async_send_now()
    await until(lambda: good.data.status is Status.DELIVERING and not good.data.waiting)
    near = await set_up_monitor(hass, monitor_entry())
    await set_up_monitor(hass, monitor_entry("A0:9E:1A:00:00:02"))
    near._update(is_reached=True)

    assert await health(hass) == {
        "monitors": 2,
        "monitors_reached": 1,
        "relays": 3,
        "services_reached": 2,
        # Two of the one that is paused, and one of the one that fails
        "readings_waiting": 3,
    }

    await hass.config_entries.async_unload(paused.entry_id)
    info = await health(hass)
    assert (info["relays"], info["services_reached"]) == (2, 1)
    assert info["readings_waiting"] == 1


async def test_nothing(hass: HomeAssistant) -> None:
    """There may be none of anything."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert set((await health(hass)).values()) == {0}
