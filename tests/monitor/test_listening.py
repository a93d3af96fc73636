"""A monitor is only listened to, which costs no connection."""

import asyncio

import pytest

from custom_components.heart_rate_relay.monitor import coordinator, measuring
from dev.virtual_proxy import Strap, World
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from tests.common import until

from .common import (
    POLAR,
    monitor_entry,
    note_states,
    quick_strap,
    set_up_monitor,
    value_of,
)

HUAMI = 0x0157

HEART_RATE = "sensor.strap_12_heart_rate"
CONNECTED = "binary_sensor.strap_12_connected"
SKIN_CONTACT = "binary_sensor.strap_12_skin_contact"


def polar(bpm: int, number: int = 0, *, contact: bool = True) -> dict[int, bytes]:
    """Return what a strap of Polar advertises."""
    flags = 0x21 | number << 2 | (2 if contact else 0)
    return {POLAR: bytes((flags, 0x0B, 0xB6, bpm))}


def huami(bpm: int) -> dict[int, bytes]:
    """Return what a band advertises that shares its heart rate."""
    return {HUAMI: bytes((2, 0xFF, 0xFF, bpm)) + b"\xff" * 20}


async def listen(
    hass: HomeAssistant, air: World, manufacturer_data: dict[int, bytes]
) -> Strap:
    """Listen to a strap that advertises this, and could be connected to."""
    strap = quick_strap(manufacturer_data=manufacturer_data)
    await set_up_monitor(hass, monitor_entry(listen_only=True))
    return air.add_strap(strap)


async def test_follows(hass: HomeAssistant, air: World) -> None:
    """The heart rate is that of the advertisement, each measurement once."""
    states = note_states(hass, HEART_RATE)
    strap = await listen(hass, air, polar(72))
    await until(lambda: value_of(hass, HEART_RATE) == "72")
    assert value_of(hass, CONNECTED) == STATE_ON
    assert value_of(hass, SKIN_CONTACT) == STATE_ON
    states.clear()
    for bpm, number in ((73, 1), (73, 2), (74, 3)):
        strap.manufacturer_data = polar(bpm, number)
        # As often as it is heard meanwhile
        await asyncio.sleep(0.2)
    assert states == ["73", "73", "74"]
    strap.manufacturer_data = polar(74, 4, contact=False)
    await until(lambda: value_of(hass, HEART_RATE) == STATE_UNKNOWN)
    assert value_of(hass, SKIN_CONTACT) == STATE_OFF
    assert (air.proxies[0].connects, strap.links) == (0, [])


@pytest.fixture
def short_lived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let measurements be stale soon."""
    monkeypatch.setattr(measuring, "STALE_AFTER", 0.4)
    monkeypatch.setattr(coordinator, "BROADCAST_INTERVAL", 0.1)


@pytest.mark.usefixtures("short_lived")
async def test_number_stands_still(hass: HomeAssistant, air: World) -> None:
    """What counts its measurements, and counts no further, measures no more."""
    strap = await listen(hass, air, polar(72, 3))
    await until(lambda: value_of(hass, HEART_RATE) == "72")
    await until(lambda: value_of(hass, HEART_RATE) == STATE_UNAVAILABLE)
    assert value_of(hass, CONNECTED) == STATE_OFF
    strap.manufacturer_data = polar(72, 4)
    await until(lambda: value_of(hass, HEART_RATE) == "72")
    assert value_of(hass, CONNECTED) == STATE_ON


@pytest.mark.usefixtures("short_lived")
async def test_steady(hass: HomeAssistant, air: World) -> None:
    """What does not count its measurements may show the same for long."""
    states = note_states(hass, HEART_RATE)
    strap = await listen(hass, air, huami(72))
    await until(lambda: value_of(hass, HEART_RATE) == "72")
    states.clear()
    await asyncio.sleep(1)
    assert set(states) == {"72"}
    # Once in the interval, and not as often as it was heard
    assert 4 <= len(states) <= 10
    strap.power_off()
    await until(lambda: value_of(hass, HEART_RATE) == STATE_UNAVAILABLE)
    assert air.proxies[0].connects == 0


@pytest.mark.usefixtures("short_lived")
async def test_tells_no_more(hass: HomeAssistant, air: World) -> None:
    """What goes on advertising without its heart rate measures no more.

    Home Assistant still shows what was told before.
    """
    strap = await listen(hass, air, huami(72))
    await until(lambda: value_of(hass, HEART_RATE) == "72")
    strap.manufacturer_data = {}
    await until(lambda: value_of(hass, HEART_RATE) == STATE_UNAVAILABLE)
    assert strap.advertising


async def test_tells_nothing(hass: HomeAssistant, air: World) -> None:
    """Of one that tells no heart rate to everyone, there is none."""
    strap = await listen(hass, air, {})
    await until(lambda: strap.advertising)
    await asyncio.sleep(0.2)
    assert value_of(hass, HEART_RATE) == STATE_UNAVAILABLE
    assert air.proxies[0].connects == 0
