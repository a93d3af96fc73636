"""However a connection to a monitor ends, nothing is left of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from unittest.mock import AsyncMock, Mock, patch

from bleak.exc import BleakError
import pytest

from custom_components.heart_rate_relay.monitor.connection import (
    RELEASE_INTERVAL,
    SILENT_AFTER,
)
from custom_components.heart_rate_relay.monitor.coordinator import MonitorCoordinator
from custom_components.heart_rate_relay.monitor.link import DISCONNECT_TIMEOUT, Link
from custom_components.heart_rate_relay.monitor.trouble import MAX_BACKOFF
from dev.virtual_proxy.central import Central
from dev.virtual_proxy.link import Reason
from homeassistant.components import bluetooth
from homeassistant.const import EVENT_HOMEASSISTANT_STOP

from .common import ADDRESS
from .faults import SETTLES, SOON, Scene, is_reading, never, within


@pytest.mark.parametrize(
    ("target", "method", "is_async"),
    [
        (Link, "connect", True),
        (Link, "subscribe", True),
        (Link, "read_details", True),
        (Link, "close", True),
        (MonitorCoordinator, "async_confirm", True),
        (MonitorCoordinator, "have_details", False),
        (MonitorCoordinator, "have_link", False),
    ],
)
@pytest.mark.parametrize("error", [RuntimeError, BleakError])
async def test_unexpected_error(
    worn: Scene,
    monkeypatch: pytest.MonkeyPatch,
    target: type,
    method: str,
    is_async: bool,
    error: type[Exception],
) -> None:
    """Whatever goes wrong, the next attempt may do better, and nothing is left behind."""
    with monkeypatch.context() as broken:
        mock = AsyncMock if is_async else Mock
        broken.setattr(target, method, mock(side_effect=error("Unexpected")))
        worn.strap.drop()
        await asyncio.sleep(SOON)
    await worn.measures_within(2 * SOON)
    assert worn.tasks == 1
    assert await worn.hass.config_entries.async_unload(worn.entry.entry_id)
    assert worn.is_released


@pytest.mark.parametrize("error", [TimeoutError, BleakError, RuntimeError])
async def test_end_that_is_taken_for_a_failure(
    worn: Scene, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Who connects may tell of being ended as of any failure: it is the end all the same."""
    is_connecting = asyncio.Event()

    async def connect(*_: object) -> Link:
        is_connecting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise error("Not connected") from None
        raise AssertionError

    monkeypatch.setattr(Link, "connect", connect)
    worn.strap.drop()
    await within(SOON, is_connecting.is_set)
    assert await worn.hass.config_entries.async_unload(worn.entry.entry_id)
    assert worn.is_released


async def test_end_that_is_missed(worn: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects, and does not notice that it is to end, is told so again."""
    is_connecting = asyncio.Event()

    async def connect(*_: object) -> Link:
        is_connecting.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Link, "connect", connect)
    worn.strap.drop()
    await within(SOON, is_connecting.is_set)
    assert await worn.hass.config_entries.async_unload(worn.entry.entry_id)
    assert worn.is_released


async def test_trouble_that_cannot_be_told(
    worn: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails to tell a person that something fails is no reason to give up."""
    worn.strap.needs_pairing = True
    worn.strap.pairs = False
    worn.strap.drop()
    with monkeypatch.context() as mute:
        told = Mock(side_effect=RuntimeError("Unexpected"))
        mute.setattr(MonitorCoordinator, "have_trouble", told)
        await within(SOON, lambda: told.called)
    worn.strap.pairs = True
    await worn.measures_within(MAX_BACKOFF + SETTLES)


async def is_waiting(scene: Scene) -> None:
    """Let the monitor be away."""
    scene.strap.power_off()
    await asyncio.sleep(10)


async def is_connecting(scene: Scene) -> None:
    """Let a connection be on its way."""
    scene.strap.connect_delay = 8
    scene.strap.drop()
    await within(SOON, lambda: scene.proxy.allocated)
    await asyncio.sleep(2)


async def is_subscribing(scene: Scene) -> None:
    """Let a connection be new."""
    scene.strap.gatt_delay = 1000
    scene.strap.drop()
    await within(SOON, lambda: scene.strap.links)


async def is_pairing(scene: Scene) -> None:
    """Let a monitor be paired with."""
    scene.strap.needs_pairing = True
    with patch.object(Central, "_pair"):
        scene.strap.drop()
        await within(SOON, lambda: scene.strap.links)
        await asyncio.sleep(5)


async def is_measuring(scene: Scene) -> None:
    """Let all be well."""


async def is_backing_off(scene: Scene) -> None:
    """Let a monitor refuse."""
    scene.strap.refuse = Reason.TIMEOUT
    scene.strap.drop()
    await within(SOON, lambda: scene.proxy.connects > 1)
    await asyncio.sleep(2)


async def is_out_of_slots(scene: Scene) -> None:
    """Let others have all slots."""
    scene.strap.power_off()
    scene.proxy.occupied = 3
    scene.strap.power_on()
    await asyncio.sleep(30)
    scene.proxy.occupied = 0


async def is_hanging_up(scene: Scene) -> None:
    """Let a proxy hang while it is to end a connection, and a while longer."""
    scene.proxy.frozen = True
    await asyncio.sleep(SILENT_AFTER + DISCONNECT_TIMEOUT / 2)


async def is_to_hang_up_again(scene: Scene) -> None:
    """Let a proxy hang while it was to end a connection, and a while longer."""
    scene.proxy.frozen = True
    await asyncio.sleep(SILENT_AFTER + 3 * RELEASE_INTERVAL)


async def is_hanging(scene: Scene) -> None:
    """Let a proxy hang, of which nobody knows yet."""
    scene.proxy.frozen = True
    await asyncio.sleep(5)


type Step = Callable[[Scene], Awaitable[None]]

PHASES: list[Step] = [
    is_waiting,
    is_connecting,
    is_subscribing,
    is_pairing,
    is_reading,
    is_measuring,
    is_backing_off,
    is_out_of_slots,
    is_hanging_up,
    is_to_hang_up_again,
    is_hanging,
]


async def unload(scene: Scene) -> None:
    """Switch the entry off."""
    assert await scene.hass.config_entries.async_unload(scene.entry.entry_id)
    assert not scene.troubles


async def remove(scene: Scene) -> None:
    """Remove the entry."""
    await scene.hass.config_entries.async_remove(scene.entry.entry_id)
    assert not scene.troubles


async def stop(scene: Scene) -> None:
    """Stop Home Assistant."""
    scene.hass.bus.async_fire_internal(EVENT_HOMEASSISTANT_STOP)
    await scene.hass.async_block_till_done()


@pytest.mark.parametrize("end", [unload, remove, stop])
@pytest.mark.parametrize("phase", PHASES)
async def test_nothing_is_left(worn: Scene, phase: Step, end: Step) -> None:
    """However far a connection is, when it is over it is over."""
    await phase(worn)
    await end(worn)
    assert worn.tasks == 0
    worn.proxy.frozen = False
    # One that hangs has yet to hear of it, and so has one that connects
    await within(0.5, lambda: worn.is_released)
    connects = worn.proxy.connects
    await never(120, lambda: worn.proxy.connects > connects or worn.proxy.allocated)


@pytest.mark.parametrize("phase", PHASES)
async def test_reload(worn: Scene, phase: Step) -> None:
    """However far a connection is, it can begin anew."""
    await phase(worn)
    assert await worn.hass.config_entries.async_reload(worn.entry.entry_id)
    worn.proxy.frozen = False
    worn.strap.gatt_delay = worn.strap.refuse = 0
    if not worn.strap.powered:
        worn.strap.power_on()
    await worn.measures_within(20)
    assert worn.tasks == 1
    assert worn.proxy.allocated == [ADDRESS]


async def test_reload_again_and_again(worn: Scene) -> None:
    """Nothing is left of all the connections that there were."""
    for pause in range(20):
        assert await worn.hass.config_entries.async_reload(worn.entry.entry_id)
        assert worn.proxy.allocated in ([], [ADDRESS])
        assert worn.tasks == 1
        await asyncio.sleep(pause / 10)
    await worn.measures_within(SETTLES)
    await unload(worn)
    assert worn.is_released


async def test_reload_before_there_is_a_connection(scene: Scene) -> None:
    """Who is reloaded before it has connected has nothing to leave behind."""
    scene.strap.power_on()
    for _ in range(20):
        await asyncio.sleep(0.05)
        assert await scene.hass.config_entries.async_reload(scene.entry.entry_id)
    await scene.measures_within(SETTLES)
    assert scene.proxy.allocated == [ADDRESS]
    await unload(scene)
    assert scene.is_released


async def test_what_is_only_remembered_is_not_called(worn: Scene) -> None:
    """That a monitor was heard once does not mean that it is there."""
    await unload(worn)
    worn.strap.power_on()
    await asyncio.sleep(3)
    worn.strap.power_off()
    assert bluetooth.async_ble_device_from_address(worn.hass, ADDRESS)
    connects = worn.proxy.connects
    assert await worn.hass.config_entries.async_setup(worn.entry.entry_id)
    await never(120, lambda: worn.proxy.connects > connects)
    assert not worn.is_connected
    worn.strap.power_on()
    await worn.measures_within(SETTLES)
