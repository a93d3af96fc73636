"""A Home Assistant that has Bluetooth, by a proxy and without a radio."""

import asyncio
from collections.abc import AsyncIterator
import sys
from types import ModuleType
from unittest.mock import AsyncMock, MagicMock

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from dev.virtual_proxy import World
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.outbox.common import Clock

from .common import ADDRESS, NAME, add_proxy, monitor_entry, set_up_monitor
from .faults import KINDS, Scene


@pytest.fixture
def no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare what ESPHome's voice assistants need, and these tests do not.

    Two packages would have to be compiled, and ffmpeg is a program.
    """
    for name, needed in (
        ("pymicro_vad", "MicroVad"),
        ("pyspeex_noise", "AudioProcessor"),
    ):
        module = ModuleType(name)
        setattr(module, needed, MagicMock())
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(
        "haffmpeg.tools.FFVersion.get_version", AsyncMock(return_value="7.1.2")
    )


@pytest.fixture
async def core(hass: HomeAssistant) -> None:
    """Set up what Bluetooth and ESPHome take for granted."""
    assert await async_setup_component(hass, "homeassistant", {})


@pytest.fixture
async def air(
    socket_enabled: None,
    no_speech: None,
    mock_async_zeroconf: MagicMock,
    hass: HomeAssistant,
    core: None,
    enable_bluetooth: None,
) -> AsyncIterator[World]:
    """Return a world with a proxy that Home Assistant uses, and without straps."""
    async with World() as world:
        await add_proxy(hass, world)
        yield world
        for proxy in world.proxies:
            # It would not say goodbye
            proxy.frozen = False
        for domain in (DOMAIN, "esphome"):
            for entry in hass.config_entries.async_loaded_entries(domain):
                await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def clock(air: World, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time leap."""
    return Clock(asyncio.get_running_loop(), monkeypatch)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return what kind of a monitor it is: what may go wrong is the same with each."""
    return str(request.param)


@pytest.fixture
async def scene(hass: HomeAssistant, air: World, clock: Clock, kind: str) -> Scene:
    """Return a monitor that is off, and has an entry."""
    create, profile, _ = KINDS[kind]
    strap = create(NAME, ADDRESS)
    strap.powered = False
    air.add_strap(strap)
    entry = monitor_entry(profiles=(profile,))
    await set_up_monitor(hass, entry)
    return Scene(hass=hass, air=air, strap=strap, entry=entry, kind=kind)


@pytest.fixture
async def worn(scene: Scene) -> Scene:
    """Return a monitor that measures."""
    scene.strap.power_on()
    assert await scene.measures_within(3) < 3
    # It has told everything by then
    await asyncio.sleep(1)
    return scene
