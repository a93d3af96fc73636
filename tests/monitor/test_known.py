"""A monitor is known again when it has another address, and is changed by hand."""

import asyncio
from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.monitor import connection
from custom_components.heart_rate_relay.monitor.profiles.heart_rate import MEASUREMENT
from custom_components.heart_rate_relay.monitor.trouble import Trouble
from dev.virtual_proxy import Strap, World
from dev.virtual_proxy.link import Reason
from dev.virtual_proxy.measurement import measurement
from homeassistant.components import bluetooth
from homeassistant.config_entries import SOURCE_BLUETOOTH, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from tests.common import until
from tests.flow.common import assert_abort, fields, submit, suggested

from .common import (
    ADDRESS,
    NAME,
    RANDOM_ADDRESS,
    assert_quiet,
    device_of,
    heard,
    monitor_entry,
    quick_strap,
    set_up_monitor,
)
from .flow import (
    OTHER,
    accept,
    assert_form_without_error,
    assert_idle,
    be_impatient,
    choices,
    discover,
    flows,
    list_heard,
    monitors,
    offer,
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment only for what may never come."""
    be_impatient(monkeypatch)


# Those that are known already


async def test_already_configured(hass: HomeAssistant, air: World) -> None:
    """A monitor is added once."""
    await set_up_monitor(hass, monitor_entry())
    assert_abort(await discover(hass), "already_configured")


async def watch(hass: HomeAssistant, air: World, **options: Any) -> Strap:
    """Return a watch with an address that changes, which is a monitor already."""
    strap = air.add_strap(
        quick_strap("Watch", RANDOM_ADDRESS, random_address=True, **options)
    )
    created = await accept(hass, await offer(hass))
    assert created["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: is_connected(hass))
    return strap


def is_connected(hass: HomeAssistant) -> bool:
    """Return whether the watch is."""
    state = hass.states.get("binary_sensor.watch_connected")
    return state is not None and state.state == "on"


async def test_rotation(
    hass: HomeAssistant, air: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A watch that has changed its address goes on as the same device, by itself."""
    strap = await watch(hass, air)
    (entry,) = monitors(hass)
    before = device_of(hass, entry)
    states = {state.entity_id for state in hass.states.async_all()}
    for _ in range(2):
        address = strap.rotate()
        await until(lambda: entry.data["address"] == strap.address)
        await until(lambda: strap.links)
        await until(lambda: is_connected(hass))
        assert monitors(hass) == [entry]
        assert entry.unique_id == address
        assert flows(hass) == []
        after = device_of(hass, entry)
        assert after.id == before.id
        assert after.connections == {(dr.CONNECTION_BLUETOOTH, address)}
        assert {state.entity_id for state in hass.states.async_all()} == states
    await until(lambda: heart_rate(hass) == "72")
    assert_quiet(caplog)


async def test_rotation_of_one_in_trouble(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hindered the connection at the former address is over with it."""
    monkeypatch.setattr(connection, "PATIENCE", dict.fromkeys(Trouble, 0.0))
    strap = await watch(hass, air)
    (entry,) = monitors(hass)
    issues = ir.async_get(hass).issues
    strap.refuse = Reason.TIMEOUT
    strap.drop()
    await until(lambda: (DOMAIN, f"refused_{entry.entry_id}") in issues)
    strap.refuse = 0
    strap.rotate()
    await until(lambda: entry.data["address"] == strap.address)
    await until(lambda: is_connected(hass))
    assert not issues


def heart_rate(hass: HomeAssistant) -> str | None:
    """Return the watch's."""
    state = hass.states.get("sensor.watch_heart_rate")
    return state.state if state else None


NAMESAKES = ("C0:9E:1A:00:00:03", "C0:9E:1A:00:00:04")


async def set_up_namesakes(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return two watches of one name, neither of which is near."""
    entries = [monitor_entry(address, name="Watch") for address in NAMESAKES]
    for entry in entries:
        await set_up_monitor(hass, entry)
    return list(entries)


async def ask(hass: HomeAssistant, air: World, strap: Strap) -> ConfigFlowResult:
    """Be asked which of two a watch is."""
    air.add_strap(strap)
    shown = await offer(hass)
    assert_form_without_error(shown, "known_monitor")
    assert (shown["description_placeholders"] or {})["name"] == "Watch"
    assert choices(shown, "monitor") == {
        entry.entry_id: entry.title for entry in monitors(hass)
    }
    return shown


async def test_namesakes(hass: HomeAssistant, air: World) -> None:
    """Where it may be one of several, it is asked."""
    first, second = await set_up_namesakes(hass)
    strap = quick_strap("Watch", RANDOM_ADDRESS, random_address=True)
    shown = await ask(hass, air, strap)
    result = await submit(hass, shown, {"monitor": second.entry_id})
    assert_abort(result, "monitor_recognised")
    assert (first.data["address"], second.data["address"]) == (
        NAMESAKES[0],
        RANDOM_ADDRESS,
    )
    assert (first.unique_id, second.unique_id) == (NAMESAKES[0], RANDOM_ADDRESS)
    await until(lambda: second.data["details"])


async def test_namesake_that_was_loaded_again(hass: HomeAssistant, air: World) -> None:
    """Who takes long to answer finds the same monitors, though they were loaded again."""
    _, second = await set_up_namesakes(hass)
    strap = quick_strap("Watch", RANDOM_ADDRESS, random_address=True)
    shown = await ask(hass, air, strap)
    assert await hass.config_entries.async_reload(second.entry_id)
    result = await submit(hass, shown, {"monitor": second.entry_id})
    assert_abort(result, "monitor_recognised")
    await until(lambda: second.data["details"])
    assert second.data["address"] == RANDOM_ADDRESS


async def test_namesake_that_was_unloaded(hass: HomeAssistant, air: World) -> None:
    """One that is switched off has its new address when it is switched on."""
    _, second = await set_up_namesakes(hass)
    strap = quick_strap("Watch", RANDOM_ADDRESS, random_address=True)
    shown = await ask(hass, air, strap)
    assert await hass.config_entries.async_unload(second.entry_id)
    result = await submit(hass, shown, {"monitor": second.entry_id})
    assert_abort(result, "monitor_recognised")
    assert not strap.links
    assert await hass.config_entries.async_setup(second.entry_id)
    await until(lambda: second.data["details"])


async def test_namesake_that_was_removed(hass: HomeAssistant, air: World) -> None:
    """One that is no more cannot have changed its address, and it is asked again."""
    first, second = await set_up_namesakes(hass)
    strap = quick_strap("Watch", RANDOM_ADDRESS, random_address=True)
    shown = await ask(hass, air, strap)
    await hass.config_entries.async_remove(second.entry_id)
    shown = await submit(hass, shown, {"monitor": second.entry_id})
    assert_form_without_error(shown, "known_monitor")
    assert choices(shown, "monitor") == {first.entry_id: first.title}
    created = await accept(hass, shown)
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["data"]["address"] == RANDOM_ADDRESS


async def test_namesake_that_was_heard_meanwhile(
    hass: HomeAssistant, air: World
) -> None:
    """One that is heard where it was has not changed its address, whatever is said."""
    first, second = await set_up_namesakes(hass)
    shown = await ask(
        hass, air, quick_strap("Watch", RANDOM_ADDRESS, random_address=True)
    )
    own = air.add_strap(quick_strap("Watch", NAMESAKES[1], serial="00000002"))
    await until(lambda: own.links)
    shown = await submit(hass, shown, {"monitor": second.entry_id})
    assert_form_without_error(shown, "known_monitor")
    assert choices(shown, "monitor") == {first.entry_id: first.title}
    await hass.config_entries.async_remove(first.entry_id)
    shown = await submit(hass, shown, {"monitor": first.entry_id})
    assert_form_without_error(shown, "bluetooth_confirm")
    assert second.data["address"] == NAMESAKES[1]


async def test_none_of_the_namesakes(hass: HomeAssistant, air: World) -> None:
    """It may also be a new one."""
    await set_up_namesakes(hass)
    strap = quick_strap("Watch", RANDOM_ADDRESS, random_address=True)
    created = await accept(hass, await ask(hass, air, strap))
    assert created["type"] is FlowResultType.CREATE_ENTRY
    addresses = {entry.data["address"] for entry in monitors(hass)}
    assert addresses == {*NAMESAKES, RANDOM_ADDRESS}


KNOWN = {"serial_number": "00000001", "model": "IS-1"}
"""What every strap here tells, unless it is said otherwise."""


async def test_serial_number(hass: HomeAssistant, air: World) -> None:
    """A watch that has changed its name with its address is known by its number."""
    entry = monitor_entry(NAMESAKES[0], name="Old name", details=KNOWN)
    await set_up_monitor(hass, entry)
    air.add_strap(quick_strap("Watch", RANDOM_ADDRESS, random_address=True))
    shown = await offer(hass)
    assert_form_without_error(shown, "bluetooth_confirm")
    assert_abort(await accept(hass, shown), "monitor_recognised")
    assert monitors(hass) == [entry]
    assert entry.data["address"] == entry.unique_id == RANDOM_ADDRESS


@pytest.mark.parametrize(
    ("details", "strap"),
    [
        # Of a public address
        (KNOWN, quick_strap("Watch", RANDOM_ADDRESS)),
        # Of another number
        (
            KNOWN,
            quick_strap("B", RANDOM_ADDRESS, random_address=True, serial="00000002"),
        ),
        # Of another model
        (KNOWN, quick_strap("B", RANDOM_ADDRESS, random_address=True, model="IS-2")),
        # Of the same name, and yet of another number or model
        (
            KNOWN,
            quick_strap(
                "Watch", RANDOM_ADDRESS, random_address=True, serial="00000002"
            ),
        ),
        (KNOWN, quick_strap("Watch", RANDOM_ADDRESS, random_address=True, model="X")),
        # Of a number that means nothing
        (
            KNOWN | {"serial_number": "0000"},
            quick_strap("B", RANDOM_ADDRESS, random_address=True, serial="0000"),
        ),
        ({}, quick_strap("B", RANDOM_ADDRESS, random_address=True, serial=None)),
    ],
)
async def test_another(
    hass: HomeAssistant, air: World, details: dict[str, str], strap: Strap
) -> None:
    """Another monitor is another monitor."""
    entry = monitor_entry(NAMESAKES[0], name="Watch", details=details)
    await set_up_monitor(hass, entry)
    air.add_strap(strap)
    shown = await offer(hass)
    assert_form_without_error(shown, "bluetooth_confirm")
    created = await accept(hass, shown)
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert len(monitors(hass)) == 2
    assert entry.data["address"] == NAMESAKES[0]


@pytest.mark.parametrize(
    ("details", "is_doubtful"),
    [
        # As BlueZ tells it
        ({"props": {"AddressType": "random"}}, True),
        ({"props": {"AddressType": "public"}}, False),
        # As a proxy does
        ({"address_type": 1}, True),
        ({"address_type": 0}, False),
        ({}, False),
    ],
)
async def test_random(
    hass: HomeAssistant, air: World, details: dict[str, Any], is_doubtful: bool
) -> None:
    """Only an address that is random may be one of a known monitor."""
    await set_up_monitor(hass, monitor_entry(NAMESAKES[0], name="Watch"))
    shown = await discover(hass, address=RANDOM_ADDRESS, name="Watch", **details)
    assert_form_without_error(
        shown, "known_monitor" if is_doubtful else "bluetooth_confirm"
    )


async def test_name_only_for_whom_asks(hass: HomeAssistant, air: World) -> None:
    """A watch that does not advertise its name is asked for it before it is offered."""
    strap = await watch(hass, air, tells_name=True)
    (entry,) = monitors(hass)
    assert entry.data["name"] == ""
    address = strap.rotate()
    await until(lambda: entry.data["address"] == address)
    await until(lambda: is_connected(hass))
    assert not flows(hass)


async def test_heard_at_once(hass: HomeAssistant, air: World) -> None:
    """What is heard right after a watch has last measured may be that watch."""
    entry = monitor_entry(NAMESAKES[0], name="Watch")
    monitor = await set_up_monitor(hass, entry)
    assert monitor.have_packet(MEASUREMENT, bytearray(measurement(72)))
    # As a scanner tells the time, by a clock that ticks slowly
    info = heard(RANDOM_ADDRESS, name="Watch", address_type=1)
    info.time = bluetooth.MONOTONIC_TIME()
    shown = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_BLUETOOTH}, data=info
    )
    assert_form_without_error(shown, "known_monitor")


async def test_nameless(hass: HomeAssistant, air: World) -> None:
    """Having no name is not the same name."""
    await set_up_monitor(hass, monitor_entry(NAMESAKES[0], name=""))
    air.add_strap(
        quick_strap(address=RANDOM_ADDRESS, random_address=True, advertises_name=False)
    )
    await until(lambda: flows(hass))
    assert_form_without_error(await offer(hass), "bluetooth_confirm")


@pytest.mark.parametrize("connected", [False, True])
async def test_both_are_near(hass: HomeAssistant, air: World, connected: bool) -> None:
    """One that is still heard at its own address has not changed it."""
    strap = await watch(hass, air)
    if not connected:
        strap.max_links = 0
        strap.drop()
    # It could not be told apart by anything else
    twin = quick_strap("Watch", NAMESAKES[0], random_address=True, serial=None)
    air.add_strap(twin)
    shown = await offer(hass)
    assert_form_without_error(shown, "bluetooth_confirm")
    (entry,) = monitors(hass)
    assert entry.data["address"] == RANDOM_ADDRESS


async def test_two_changes_at_once(hass: HomeAssistant, air: World) -> None:
    """A watch that changes its address while it is about to is connected to once."""
    strap = await watch(hass, air)
    (entry,) = monitors(hass)
    monitor = entry.runtime_data
    await asyncio.gather(*(monitor.async_adopt(address) for address in NAMESAKES))
    assert entry.data["address"] == NAMESAKES[1]
    connecting = [
        task for task in asyncio.all_tasks() if task.get_name() == "Watch connection"
    ]
    assert len(connecting) == 1
    await monitor.async_adopt(strap.address)
    await until(lambda: strap.links)


async def test_same_change_twice(hass: HomeAssistant, air: World) -> None:
    """From an address that two flows took for its own there is a way back, too."""
    await watch(hass, air)
    (entry,) = monitors(hass)
    monitor = entry.runtime_data
    air.add_strap(
        quick_strap("Watch", NAMESAKES[0], random_address=True, serial="00000002")
    )
    await asyncio.gather(*(monitor.async_adopt(NAMESAKES[0]) for _ in range(2)))
    await until(lambda: entry.data["address"] == RANDOM_ADDRESS)


async def test_stranger_left_already(hass: HomeAssistant, air: World) -> None:
    """One that has a third address by then does not go back to that of a stranger."""
    entry = monitor_entry(RANDOM_ADDRESS, name="Watch")
    monitor = await set_up_monitor(hass, entry)
    await monitor.async_adopt(NAMESAKES[0])
    moving = asyncio.create_task(monitor.async_adopt(NAMESAKES[1]))
    await asyncio.sleep(0)
    monitor.have_other()
    await moving
    await until(lambda: not monitor._moving.locked())
    assert entry.data["address"] == NAMESAKES[1]


async def test_stranger(hass: HomeAssistant, air: World) -> None:
    """One that only looks the same is offered, and the watch keeps its address."""
    strap = await watch(hass, air)
    strap.power_off()
    (entry,) = monitors(hass)
    before = device_of(hass, entry)
    other = air.add_strap(
        quick_strap("Watch", NAMESAKES[0], random_address=True, serial="00000002")
    )
    shown = await offer(hass)
    assert_form_without_error(shown, "bluetooth_confirm")
    assert other.sent == []
    connects = air.proxies[0].connects
    # Nor is it taken for the watch when it comes back another day
    hass.config_entries.flow.async_abort(shown["flow_id"])
    await asyncio.sleep(0.1)
    bluetooth.async_rediscover_address(hass, NAMESAKES[0])
    shown = await offer(hass)
    assert_form_without_error(shown, "bluetooth_confirm")
    assert air.proxies[0].connects == connects
    assert entry.data["address"] == entry.unique_id == RANDOM_ADDRESS
    assert device_of(hass, entry).connections == before.connections
    assert entry.data["details"]["serial_number"] == "00000001"
    created = await accept(hass, shown)
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["result"].unique_id == NAMESAKES[0]
    strap.power_on()
    await until(lambda: strap.links)


FORMER: dict[str, Any] = {
    "address": NAMESAKES[0],
    "name": "Watch",
    "address_type": 1,
    "seconds_ago": 60,
}
"""What Home Assistant remembers, after a restart, of what a watch was heard as before."""


@pytest.mark.parametrize("is_near", [False, True])
async def test_former_address(hass: HomeAssistant, air: World, is_near: bool) -> None:
    """What is only remembered is neither the watch nor another one."""
    entry = monitor_entry(RANDOM_ADDRESS, name="Watch", details=KNOWN)
    await set_up_monitor(hass, entry)
    strap = quick_strap("Watch", RANDOM_ADDRESS, random_address=True)
    if is_near:
        air.add_strap(strap)
        await until(lambda: strap.links)
    assert_abort(await discover(hass, **FORMER), "no_monitors_found")
    assert entry.data["address"] == entry.unique_id == RANDOM_ADDRESS


async def test_former_address_that_is_the_present_one(
    hass: HomeAssistant, air: World
) -> None:
    """What is remembered, and heard again, is heard."""
    entry = monitor_entry(RANDOM_ADDRESS, name="Watch", details=KNOWN)
    await set_up_monitor(hass, entry)
    strap = quick_strap("Watch", NAMESAKES[0], random_address=True)
    shown = hass.async_create_task(discover(hass, **FORMER))
    air.add_strap(strap)
    await until(lambda: entry.data["address"] == NAMESAKES[0])
    assert_abort(await shown, "monitor_recognised")
    await until(lambda: strap.links)


async def test_wrong_address(hass: HomeAssistant, air: World) -> None:
    """A watch that was taken for one that is not near is found at its own address again."""
    strap = air.add_strap(quick_strap("Watch", RANDOM_ADDRESS, random_address=True))
    entry = monitor_entry(RANDOM_ADDRESS, name="Watch")
    await set_up_monitor(hass, entry)
    await until(lambda: entry.data["details"])
    await entry.runtime_data.async_adopt(NAMESAKES[0])
    assert entry.data["address"] == NAMESAKES[0]
    await until(lambda: entry.data["address"] == RANDOM_ADDRESS)
    await until(lambda: strap.links)


# Changes


async def test_replaced(hass: HomeAssistant, air: World) -> None:
    """A monitor gets another address by hand, with its entities and its history."""
    entry = monitor_entry(OTHER, name="Old one", details=KNOWN)
    await set_up_monitor(hass, entry)
    before = device_of(hass, entry)
    strap = air.add_strap(quick_strap(serial="00000002"))
    await until(lambda: flows(hass))
    shown = await entry.start_reconfigure_flow(hass)
    assert_form_without_error(shown, "replace")
    assert choices(shown, "address") == {ADDRESS: f"{NAME} (-60 dBm)"}
    result = await accept(hass, shown, address=ADDRESS)
    assert_abort(result, "reconfigure_successful")
    assert entry.unique_id == entry.data["address"] == ADDRESS
    assert (entry.title, entry.data["name"]) == ("Old one", NAME)
    await until(lambda: strap.links)
    assert entry.data["details"]["serial_number"] == "00000002"
    after = device_of(hass, entry)
    assert after.id == before.id
    assert after.connections == {(dr.CONNECTION_BLUETOOTH, ADDRESS)}
    assert after.serial_number == "00000002"
    assert strap.links
    assert flows(hass) == []


async def test_replaced_by_one_without_number(hass: HomeAssistant, air: World) -> None:
    """Nobody else has the number of the monitor that was replaced."""
    entry = monitor_entry(OTHER, name="Old one", details=KNOWN)
    await set_up_monitor(hass, entry)
    air.add_strap(quick_strap(serial=None))
    await until(lambda: flows(hass))
    shown = await entry.start_reconfigure_flow(hass)
    await accept(hass, shown, address=ADDRESS)
    assert "serial_number" not in entry.data["details"]
    assert entry.data["details"]["model"] == "IS-1"


async def test_taken_meanwhile(hass: HomeAssistant, air: World) -> None:
    """What became another monitor's address since it was offered is not added again."""
    air.add_strap(quick_strap())
    shown = await offer(hass)
    entry = monitor_entry()
    await set_up_monitor(hass, entry)
    assert_abort(await accept(hass, shown), "already_configured")
    assert monitors(hass) == [entry]


async def test_offer_withdrawn(hass: HomeAssistant, air: World) -> None:
    """What was chosen from the menu, and is known, is offered no more."""
    entry = monitor_entry(NAMESAKES[0], name="Old name", details=KNOWN)
    await set_up_monitor(hass, entry)
    strap = air.add_strap(quick_strap(address=RANDOM_ADDRESS, random_address=True))
    shown = await list_heard(hass, strap)
    result = await accept(hass, shown, address=RANDOM_ADDRESS)
    assert_abort(result, "monitor_recognised")
    assert flows(hass) == []


async def test_options(hass: HomeAssistant, air: World) -> None:
    """Whoever wants to save the connection lets it listen only."""
    strap = air.add_strap(quick_strap())
    entry = monitor_entry()
    await set_up_monitor(hass, entry)
    await until(lambda: strap.links)
    shown = await hass.config_entries.options.async_init(entry.entry_id)
    assert_form_without_error(shown, "monitor")
    assert fields(shown) == {"listen_only"}
    assert suggested(shown) == {"listen_only": False}
    saved = await hass.config_entries.options.async_configure(
        shown["flow_id"], {"listen_only": True}
    )
    assert saved["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == {"listen_only": True}
    assert entry.runtime_data.is_listening
    assert_idle(air, strap)
