"""What is passed on to strangers of a monitor: enough to help, and nothing about anybody."""

import json
from typing import Any

from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.heart_rate_relay.monitor.monitor_issues import (
    async_update_trouble,
)
from custom_components.heart_rate_relay.monitor.trouble import Trouble
from dev.virtual_proxy import World
from dev.virtual_proxy.measurement import measurement
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from tests.common import until
from tests.test_diagnostics import assert_says_nothing, given_out

from .common import monitor_entry, quick_strap, say, set_up_monitor, wear

SERIAL = "zulu00417"
ADDRESS = "A0:9E:1A:5C:7F:E3"
BPM = 143


async def told(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry
) -> dict[str, Any]:
    """Return what is told of a monitor."""
    data = json.loads(await given_out(hass, hass_client, entry))["data"]
    assert set(data) == {"issues", "monitor"}
    return {"issues": data["issues"], **data["monitor"]}


async def test_gives_nobody_away(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, air: World
) -> None:
    """Neither who wears it nor what it measures is in it, however it is written."""
    strap = quick_strap("Zulu strap", ADDRESS, serial=SERIAL, muted=True)
    entry = await wear(hass, air, strap)
    monitor = entry.runtime_data
    await until(lambda: "serial_number" in entry.data["details"])
    await say(hass, strap, measurement(BPM))
    async_update_trouble(hass, entry, Trouble.REFUSED)

    text = await given_out(hass, hass_client, entry)

    (proxy,) = air.proxies
    addresses = (ADDRESS, proxy.mac, proxy.bluetooth_mac)
    written = [
        form
        for address in addresses
        for form in (address, address.lower(), address.replace(":", ""))
    ]
    assert_says_nothing(text, BPM, SERIAL, *written, proxy.name)
    assert monitor.data.value("heart_rate") == BPM


async def test_what_helps(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, air: World
) -> None:
    """What it is, how it is heard and how it is connected is all there."""
    strap = quick_strap(muted=True)
    entry = await wear(hass, air, strap)
    await until(lambda: "serial_number" in entry.data["details"])
    await say(hass, strap, measurement(72, contact=True))
    async_update_trouble(hass, entry, Trouble.SLOTS_FULL)

    monitor = await told(hass, hass_client, entry)

    assert 0 <= monitor.pop("heard_seconds_ago") < 10
    features = monitor.pop("features")
    assert {"battery", "contact"} <= set(features)
    (scanner,) = monitor.pop("scanners_that_hear_it")
    assert scanner == {
        "kind": "ESPHomeScanner",
        "connectable": True,
        "signal_strength": strap.rssi,
        "slots": 3,
        "free_slots": 2,
    }
    assert monitor == {
        "details": {
            "manufacturer": "Invented Straps",
            "model": "IS-1",
            "sw_version": "1.2.3",
            "hw_version": "4.5",
        },
        "issues": ["monitor_slots_full"],
        "listens_only": False,
        "is_reached": True,
        "measurements": 1,
        "measures_now": True,
        "profiles": ["heart_rate"],
        "known_now": ["body_location", "heart_rate", "skin_contact"],
        "skin_contact": True,
        "body_location": "chest",
        "signal_strength": strap.rssi,
        # An adapter that hears nothing, and the proxy
        "scanners": 2,
        "scanners_that_connect": 2,
    }


async def test_never_heard(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, air: World
) -> None:
    """A monitor that is away has little to tell."""
    entry = monitor_entry(listen_only=True)
    await set_up_monitor(hass, entry)
    monitor = await told(hass, hass_client, entry)
    assert monitor["heard_seconds_ago"] is None
    assert monitor["listens_only"] is True
    assert monitor["scanners"] == 2
    assert monitor["scanners_that_hear_it"] == []
    assert (monitor["is_reached"], monitor["measures_now"]) == (False, False)
    assert monitor["known_now"] == []
