"""Bluetooth of the computer's own: what BlueZ keeps to itself, and what is made of that."""

import asyncio
from collections.abc import Callable
from unittest.mock import AsyncMock, Mock

from bleak.backends import BleakBackend
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
import bleak_retry_connector
import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.monitor import identity, link as link_module
from custom_components.heart_rate_relay.monitor.connection import (
    BOND_INTERVAL,
    RELEASE_INTERVAL,
    SILENT_AFTER,
    SILENT_AGAIN_AFTER,
)
from custom_components.heart_rate_relay.monitor.link import (
    CONNECT_TIMEOUT,
    ENDS,
    EndsAtOnceError,
    Link,
    PairingNeededError,
)
from custom_components.heart_rate_relay.monitor.scanners import async_device
from custom_components.heart_rate_relay.monitor.trouble import MAX_BACKOFF, Trouble
from custom_components.heart_rate_relay.repairs import async_create_fix_flow
from dev.virtual_proxy import World
from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from tests.flow.common import assert_abort

from .bluez import BlueZ
from .common import ADDRESS, NAME, RANDOM_ADDRESS, monitor_entry, set_up_monitor
from .faults import SETTLES, SOON, Scene, never, within
from .flow import assert_form_without_error, discover

IDENTITY = "00:22:D0:00:00:01"
PATH = "/org/bluez/hci0/dev_C0_9E_1A_00_00_02"

WATCH = {"serial_number": "00000001", "model": "IS-1"}


@pytest.fixture
def bluez(monkeypatch: pytest.MonkeyPatch) -> BlueZ:
    """Return a BlueZ that knows nothing yet."""
    return BlueZ(monkeypatch)


@pytest.mark.parametrize("kind", ["strap"])
async def test_connection_that_bluez_kept(worn: Scene, bluez: BlueZ) -> None:
    """What was connected when Home Assistant was killed is let go, so that it is heard."""
    worn.strap.foreign_links = 1
    worn.strap.drop()
    bluez.know(ADDRESS, Connected=True)

    def let_go() -> None:
        worn.strap.foreign_links = 0

    bluez.on_call = let_go
    await worn.measures_within(RELEASE_INTERVAL + SOON)
    assert bluez.calls == ["Disconnect"]


@pytest.mark.parametrize("kind", ["strap"])
async def test_own_connection_is_kept(worn: Scene, bluez: BlueZ) -> None:
    """What is connected here is ours, however long it is not heard."""
    bluez.know(ADDRESS, Connected=True)
    await never(3 * RELEASE_INTERVAL, lambda: bluez.calls)


@pytest.mark.parametrize("kind_of", ["random", "public"])
async def test_address_of_a_kind_that_is_told_late(
    hass: HomeAssistant, air: World, bluez: BlueZ, kind_of: str
) -> None:
    """What BlueZ passes on at once has no kind of an address yet."""
    await set_up_monitor(hass, monitor_entry(IDENTITY, details=WATCH))
    loop = asyncio.get_running_loop()
    loop.call_later(0.3, lambda: bluez.know(RANDOM_ADDRESS, AddressType=kind_of))
    shown = await discover(hass, address=RANDOM_ADDRESS, path=PATH)
    # Which of the two it is nobody can be asked here
    step = "known_monitor" if kind_of == "random" else "bluetooth_confirm"
    assert_form_without_error(shown, step)


async def test_address_that_bluez_never_knows(
    hass: HomeAssistant, air: World, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for no longer than a moment."""
    monkeypatch.setattr(identity, "KIND_PAUSE", 0)
    await set_up_monitor(hass, monitor_entry(IDENTITY))
    shown = await discover(hass, address=RANDOM_ADDRESS, path=PATH)
    assert_form_without_error(shown, "bluetooth_confirm")


@pytest.mark.parametrize("others", [(), ("hci1",)])
async def test_bond_tells_the_true_address(
    hass: HomeAssistant, air: World, bluez: BlueZ, others: tuple[str, ...]
) -> None:
    """A monitor that was paired is heard at another address from then on, and is the same.

    Whatever other adapters know of it, that it is not paired with.
    """
    entry = monitor_entry(RANDOM_ADDRESS)
    await set_up_monitor(hass, entry)
    for adapter in others:
        bluez.know(RANDOM_ADDRESS, adapter, AddressType="random")
    bluez.know(RANDOM_ADDRESS, Address=IDENTITY, AddressType="public", Paired=True)
    assert_abort(await discover(hass, address=IDENTITY), "monitor_recognised")
    assert entry.data["address"] == entry.unique_id == IDENTITY


@pytest.mark.parametrize("is_paired", [True, False])
async def test_bonded_namesake(
    hass: HomeAssistant, air: World, bluez: BlueZ, is_paired: bool
) -> None:
    """Where only the name is known, a person is asked, but never about what is public."""
    await set_up_monitor(hass, monitor_entry(RANDOM_ADDRESS))
    bluez.know(IDENTITY, AddressType="public", Paired=is_paired)
    shown = await discover(hass, address=IDENTITY, path=PATH)
    step = "known_monitor" if is_paired else "bluetooth_confirm"
    assert_form_without_error(shown, step)


@pytest.mark.parametrize("kind", ["strap"])
async def test_paired_by_hand(worn: Scene, bluez: BlueZ) -> None:
    """Once a person has paired it, nobody waits for the next attempt."""
    worn.strap.needs_pairing = True
    worn.strap.pairs = False
    worn.strap.drop()
    await within(SOON, lambda: worn.troubles == {Trouble.PAIRING_NEEDED})
    worn.strap.pairs = worn.strap.paired = True
    bluez.know(ADDRESS, Paired=True)
    assert BOND_INTERVAL + SOON < MAX_BACKOFF
    await worn.measures_within(BOND_INTERVAL + SOON)
    assert not worn.troubles


@pytest.mark.parametrize("kind", ["strap"])
async def test_bond_that_the_monitor_has_lost(
    worn: Scene, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person is told, and has the pairing removed, on which it is connected to."""
    bluez.know(ADDRESS, Paired=True)
    with monkeypatch.context() as refused:
        refused.setattr(Link, "connect", AsyncMock(side_effect=EndsAtOnceError("3")))
        worn.strap.drop()
        await within(20, lambda: worn.troubles == {Trouble.BOND_LOST})
        await asyncio.sleep(MAX_BACKOFF)
    issue = ir.async_get(worn.hass).issues[
        DOMAIN, f"{Trouble.BOND_LOST}_{worn.entry.entry_id}"
    ]
    flow = await async_create_fix_flow(worn.hass, issue.issue_id, issue.data)
    flow.hass, flow.issue_id = worn.hass, issue.issue_id
    shown = await flow.async_step_confirm()  # type: ignore[attr-defined]
    assert shown["type"] is FlowResultType.FORM
    ended = await flow.async_step_confirm({})  # type: ignore[attr-defined]
    assert ended["type"] is FlowResultType.CREATE_ENTRY
    assert bluez.calls == ["RemoveDevice"]
    await worn.measures_within(SETTLES)
    assert not worn.troubles


@pytest.mark.parametrize("kind", ["strap"])
async def test_monitor_at_the_edge_of_its_reach(
    worn: Scene, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not paired, or fails otherwise, has lost no bond."""
    for is_paired, error in ((False, EndsAtOnceError("3")), (True, BleakError("No"))):
        bluez.know(ADDRESS, Paired=is_paired)
        with monkeypatch.context() as refused:
            refused.setattr(Link, "connect", AsyncMock(side_effect=error))
            worn.strap.drop()
            await within(2 * MAX_BACKOFF, lambda: worn.troubles == {Trouble.REFUSED})
        await worn.measures_within(MAX_BACKOFF + SETTLES)


@pytest.mark.parametrize("kind", ["strap"])
async def test_adapter_that_is_full(
    worn: Scene, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BlueZ waits, and does not say why: there are others that are connected."""
    bluez.know(ADDRESS)
    bluez.know(RANDOM_ADDRESS, Connected=True)

    async def connect(*_: object) -> Link:
        await asyncio.sleep(CONNECT_TIMEOUT)
        raise TimeoutError

    with monkeypatch.context() as refused:
        refused.setattr(Link, "connect", connect)
        worn.strap.drop()
        # A person has waited for that long
        await within(
            SOON + CONNECT_TIMEOUT, lambda: worn.troubles == {Trouble.SLOTS_FULL}
        )
    await worn.measures_within(SOON)


@pytest.mark.parametrize("is_paired", [True, False])
@pytest.mark.parametrize("kind", ["strap"])
async def test_firmware_that_bluez_does_not_know(
    worn: Scene, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch, is_paired: bool
) -> None:
    """Where nothing comes BlueZ is to forget where everything was, but not a bond."""
    monkeypatch.setattr(Link, "is_bluez", True)
    bluez.know(ADDRESS, Paired=is_paired)
    worn.strap.drop()
    await worn.measures_within(SOON)
    worn.strap.muted = True
    worn.strap.drop()
    await asyncio.sleep(SOON + SILENT_AGAIN_AFTER)
    assert bluez.calls == ([] if is_paired else ["RemoveDevice"])
    # Once is enough
    await asyncio.sleep(3 * (MAX_BACKOFF + SILENT_AFTER))
    assert bluez.calls == ([] if is_paired else ["RemoveDevice"])


async def test_connection_that_ends_over_and_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bleak goes on and on where BlueZ ends each connection: it is stopped."""

    async def establish(
        *_: object, disconnected_callback: Callable[[object], None], **__: object
    ) -> None:
        for number in range(2 * ENDS):
            disconnected_callback(number)
        await asyncio.sleep(60)

    monkeypatch.setattr(bleak_retry_connector, "establish_connection", establish)
    with pytest.raises(EndsAtOnceError):
        await Link.connect(BLEDevice(ADDRESS, NAME, {}), NAME)


@pytest.mark.parametrize("is_mute", [True, False])
async def test_pairing_that_nobody_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, is_mute: bool
) -> None:
    """BlueZ answers nothing where it pairs by itself, and nobody is there to say yes."""
    monkeypatch.setattr(link_module, "NOTIFY_TIMEOUT", 0.01)
    monkeypatch.setattr(link_module, "PAIRING_TIMEOUT", 0.01)

    async def hang(*_: object) -> None:
        await asyncio.sleep(60)

    measurement = Mock(
        uuid="00002a37-0000-1000-8000-00805f9b34fb", properties=["notify"]
    )
    client = AsyncMock(
        backend_id=BleakBackend.BLUEZ_DBUS, start_notify=AsyncMock(side_effect=hang)
    )
    client.services = Mock(characteristics={3: measurement})
    client.pair.side_effect = hang if is_mute else BleakError("AuthenticationFailed")
    link = Link(client, asyncio.Event())
    with pytest.raises(TimeoutError if is_mute else PairingNeededError):
        await link.subscribe(lambda *_: None)
    assert client.pair.await_count == 1


@pytest.mark.parametrize("is_connected", [True, False])
async def test_pairing_that_failed_by_itself(is_connected: bool) -> None:
    """BlueZ pairs by itself, and where that fails it says nothing of pairing."""
    error = BleakGATTProtocolError(BleakGATTProtocolErrorCode.UNLIKELY_ERROR)
    measurement = Mock(
        uuid="00002a37-0000-1000-8000-00805f9b34fb", properties=["notify"]
    )
    client = AsyncMock(
        backend_id=BleakBackend.BLUEZ_DBUS,
        is_connected=is_connected,
        start_notify=AsyncMock(side_effect=error),
        pair=AsyncMock(side_effect=BleakError("AuthenticationFailed")),
    )
    client.services = Mock(characteristics={3: measurement})
    kind = PairingNeededError if is_connected else BleakGATTProtocolError
    with pytest.raises(kind):
        await Link(client, asyncio.Event()).subscribe(lambda *_: None)
    assert client.pair.await_count == is_connected


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_is_not_to_be_discovered(
    hass: HomeAssistant, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """BlueZ connects only to what it knows, and knows some only by an active scan."""
    device = BLEDevice(RANDOM_ADDRESS, NAME, {"path": PATH})
    scan = AsyncMock()
    monkeypatch.setattr(bluetooth, "async_ble_device_from_address", lambda *_: device)
    monkeypatch.setattr(bluetooth, "async_request_active_scan", scan)
    if is_known:
        bluez.know(RANDOM_ADDRESS)
    assert await async_device(hass, RANDOM_ADDRESS) is device
    assert scan.await_count == (not is_known)


async def test_what_was_bonded_under_another_address(
    hass: HomeAssistant, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BlueZ, and bleak with it, goes on to have it by that one."""
    devices = {
        address: BLEDevice(address, NAME, {"path": PATH})
        for address in (IDENTITY, RANDOM_ADDRESS)
    }
    monkeypatch.setattr(
        bluetooth, "async_ble_device_from_address", lambda *_: devices[IDENTITY]
    )
    monkeypatch.setattr(
        bluetooth,
        "async_scanner_devices_by_address",
        lambda _, address: (
            [Mock(ble_device=devices[address])] if address in devices else []
        ),
    )
    bluez.know(RANDOM_ADDRESS, Address=IDENTITY, Paired=True)
    assert await async_device(hass, IDENTITY) is devices[RANDOM_ADDRESS]
    # And by its own, once Bluetooth was started anew
    del devices[RANDOM_ADDRESS]
    assert await async_device(hass, IDENTITY) is devices[IDENTITY]
