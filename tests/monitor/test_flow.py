"""A monitor is added, with one click where it was heard."""

from typing import Any
from unittest.mock import AsyncMock

import pytest

from custom_components.heart_rate_relay.flow import monitor as flow_module
from custom_components.heart_rate_relay.monitor import measuring, probe
from dev.virtual_proxy import Strap, World
from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.common import until
from tests.flow.common import assert_abort, assert_form, start, submit

from .common import (
    ADDRESS,
    ALL,
    NAME,
    POLAR,
    RANDOM_ADDRESS,
    heard,
    quick_strap,
    value_of,
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

HUAMI = 0x0157

A_BEAT_EACH: dict[str, Any] = {"heart_rate": 240, "rate": 4}
"""How a strap has an interval between beats in each measurement."""

MEASURING = bytes.fromhex("2b0bb648")
"""What a strap of Polar advertises, here with 72 bpm."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment only for what may never come."""
    be_impatient(monkeypatch)


# With one click


async def test_discovered(hass: HomeAssistant, air: World) -> None:
    """A strap that is worn is offered by name, and all that it has is known."""
    strap = air.add_strap(quick_strap(energy=5, **A_BEAT_EACH))
    shown = await offer(hass)
    assert shown["type"] is FlowResultType.FORM
    assert shown["step_id"] == "bluetooth_confirm"
    assert shown["description_placeholders"] == {"name": NAME, "signal": "-60"}
    (flow,) = flows(hass)
    assert flow["context"]["title_placeholders"] == {"name": NAME}
    created = await accept(hass, shown)
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["title"] == NAME
    entry = created["result"]
    assert entry.unique_id == ADDRESS
    assert entry.data == {
        "address": ADDRESS,
        "name": NAME,
        "details": {
            "name": NAME,
            "manufacturer": strap.manufacturer,
            "model": strap.model,
            "serial_number": strap.serial,
            "sw_version": strap.firmware,
            "hw_version": strap.hardware,
            "body_location": "chest",
        },
        "features": sorted(ALL),
        "profiles": ["heart_rate"],
    }
    assert entry.options == {"listen_only": False}
    assert flows(hass) == []


@pytest.mark.parametrize("is_late", [False, True])
async def test_first_value(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    """What was read before it was added is shown at once, while it is not stale."""
    strap = air.add_strap(quick_strap())
    shown = await offer(hass)
    shown = await hass.config_entries.flow.async_configure(shown["flow_id"], {})
    await hass.async_block_till_done()
    strap.power_off()
    if is_late:
        monkeypatch.setattr(measuring, "STALE_AFTER", 0)
    await hass.config_entries.flow.async_configure(shown["flow_id"])
    assert value_of(hass, "sensor.strap_12_heart_rate") == (
        STATE_UNAVAILABLE if is_late else "72"
    )
    assert value_of(hass, "binary_sensor.strap_12_connected") == STATE_OFF


async def test_plain(hass: HomeAssistant, air: World) -> None:
    """What a monitor does not have is not made up."""
    air.add_strap(
        quick_strap(
            battery=None,
            body_location=None,
            contact=None,
            rr=False,
            manufacturer=None,
            model=None,
            serial=None,
            firmware=None,
            hardware=None,
        )
    )
    created = await accept(hass, await offer(hass))
    entry = created["result"]
    assert entry.data["details"] == {"name": NAME}
    # The control point is there in any case
    assert entry.data["features"] == ["energy_reset", "heart_rate"]


async def test_name_is_read(hass: HomeAssistant, air: World) -> None:
    """One that does not say its name from afar tells it when it is read."""
    air.add_strap(quick_strap(advertises_name=False))
    shown = await offer(hass)
    assert (shown["description_placeholders"] or {})[
        "name"
    ] == "Heart-rate monitor 00:01"
    created = await accept(hass, shown)
    assert created["title"] == NAME
    assert created["data"]["name"] == ""


@pytest.mark.parametrize(
    "strap",
    [
        quick_strap(contact=False),
        quick_strap(muted=True),
        quick_strap(heart_rate=0),
    ],
)
async def test_not_worn(hass: HomeAssistant, air: World, strap: Strap) -> None:
    """One that measures nothing now is added all the same."""
    air.add_strap(strap)
    created = await accept(hass, await offer(hass))
    assert created["type"] is FlowResultType.CREATE_ENTRY
    features = created["data"]["features"]
    assert ("contact" in features) is not strap.muted
    assert "rr_intervals" not in features
    assert "battery" in features


async def test_waits_for_heart_rate(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was just put on, and says nonsense at first, is waited for."""
    monkeypatch.setattr(probe, "MEASUREMENT_TIMEOUT", 5)
    strap = air.add_strap(quick_strap(**A_BEAT_EACH))
    strap.send(b"\x06\x00", b"", b"\x16\x00", b"\x10")
    created = await accept(hass, await offer(hass))
    assert "rr_intervals" in created["data"]["features"]


# Where it does not work


async def add_anyway(
    hass: HomeAssistant, shown: ConfigFlowResult, error: str
) -> ConfigEntry:
    """See what went wrong, and add the monitor all the same."""
    assert_form(shown, "unread", error)
    assert shown["description_placeholders"] == {"name": NAME}
    created = await submit(hass, shown, {})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    entry = created["result"]
    assert isinstance(entry, ConfigEntry)
    assert (entry.title, entry.unique_id) == (NAME, ADDRESS)
    assert (entry.data["details"], entry.data["features"]) == (
        {},
        ["heart_rate"],
    )
    assert entry.options == {"listen_only": False}
    return entry


async def test_gone_between(hass: HomeAssistant, air: World) -> None:
    """One that was taken off since can be added, and goes on when it is back."""
    (proxy,) = air.proxies
    patience, proxy.dial_timeout = proxy.dial_timeout, 0.2
    strap = air.add_strap(quick_strap())
    shown = await offer(hass)
    strap.power_off()
    entry = await add_anyway(hass, await accept(hass, shown), "not_read")
    proxy.dial_timeout = patience
    strap.power_on()
    await until(lambda: entry.data["details"])


async def test_refused(hass: HomeAssistant, air: World) -> None:
    """One that somebody else holds can be added."""
    strap = air.add_strap(quick_strap(refuse=0x3E))
    shown = await accept(hass, await offer(hass))
    assert_idle(air, strap)
    await add_anyway(hass, shown, "not_read")


async def test_slots_full(hass: HomeAssistant, air: World) -> None:
    """Where no proxy has a connection left, it is said."""
    strap = air.add_strap(quick_strap())
    air.proxies[0].occupied = 3
    shown = await accept(hass, await offer(hass))
    assert strap.sent == []
    await add_anyway(hass, shown, "slots_full")


async def test_pairs(hass: HomeAssistant, air: World) -> None:
    """One that wants to be paired with is paired with."""
    strap = air.add_strap(quick_strap(needs_pairing=True, **A_BEAT_EACH))
    created = await accept(hass, await offer(hass))
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert strap.paired
    assert "rr_intervals" in created["data"]["features"]


async def test_does_not_pair(hass: HomeAssistant, air: World) -> None:
    """Where pairing fails, it is said."""
    strap = air.add_strap(quick_strap(needs_pairing=True, pairs=False))
    shown = await accept(hass, await offer(hass))
    assert_idle(air, strap)
    await add_anyway(hass, shown, "pairing_needed")


async def test_nothing_can_connect(hass: HomeAssistant, air: World) -> None:
    """One that is heard, but by nothing that can connect, can be added."""
    shown = await discover(hass, connectable=False)
    shown = await accept(hass, shown)
    await add_anyway(hass, shown, "not_read")
    assert air.proxies[0].connects == 0


async def test_unexpected(
    hass: HomeAssistant,
    air: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody has thought of is said, and logged."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(probe, "Measuring", fail)
    strap = air.add_strap(quick_strap())
    shown = await accept(hass, await offer(hass))
    assert_idle(air, strap)
    assert "ZeroDivisionError" in caplog.text
    await add_anyway(hass, shown, "unknown")


@pytest.mark.parametrize("delay", [0, 0.5])
async def test_given_up(hass: HomeAssistant, air: World, delay: float) -> None:
    """Whoever closes the window leaves no connection behind."""
    strap = air.add_strap(quick_strap(muted=True, connect_delay=delay))
    shown = await offer(hass)
    shown = await hass.config_entries.flow.async_configure(shown["flow_id"], {})
    await until(lambda: air.proxies[0].allocated if delay else strap.links)
    hass.config_entries.flow.async_abort(shown["flow_id"])
    await until(lambda: not air.proxies[0].allocated)
    assert_idle(air, strap)
    assert monitors(hass) == []


# From the menu


async def test_chosen(hass: HomeAssistant, air: World) -> None:
    """Whoever does not wait for an offer chooses from what is heard."""
    straps = [
        air.add_strap(quick_strap()),
        air.add_strap(quick_strap("Watch", RANDOM_ADDRESS, rssi=-80)),
        air.add_strap(
            quick_strap("Lamp", "A0:9E:1A:00:00:09", advertises_service=False)
        ),
    ]
    shown = await list_heard(hass, *straps[:2])
    assert_form_without_error(shown, "monitor")
    assert choices(shown, "address") == {
        ADDRESS: f"{NAME} (-60 dBm)",
        RANDOM_ADDRESS: "Watch (-80 dBm)",
    }
    created = await accept(hass, shown, address=RANDOM_ADDRESS)
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert (created["title"], created["result"].unique_id) == ("Watch", RANDOM_ADDRESS)
    # What is not offered any more either
    (flow,) = flows(hass)
    assert flow["context"]["unique_id"] == ADDRESS
    shown = await submit(hass, await start(hass), {"next_step_id": "monitor"})
    assert set(choices(shown, "address")) == {ADDRESS}


async def test_none_found(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is none, even for who asks, it is said."""
    scan = AsyncMock()
    monkeypatch.setattr(flow_module, "async_request_active_scan", scan)
    assert_abort(await list_heard(hass), "no_monitors_found")
    assert scan.await_count == 1


async def test_found_by_who_asks(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are heard by an active scan only."""

    async def scan(*_: object) -> None:
        air.add_strap(quick_strap())
        # Beside the one that asks
        await until(lambda: len(flows(hass)) == 2)

    monkeypatch.setattr(flow_module, "async_request_active_scan", scan)
    shown = await list_heard(hass)
    assert choices(shown, "address") == {ADDRESS: f"{NAME} (-60 dBm)"}


async def test_vanished(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the chosen one is heard no more, those that are left can be chosen."""
    straps = [air.add_strap(quick_strap()), air.add_strap(quick_strap("B", OTHER))]
    shown = await list_heard(hass, *straps)
    monkeypatch.setattr(
        "custom_components.heart_rate_relay.flow.monitor.async_discovered_service_info",
        lambda *_, **__: [heard()],
    )
    shown = await submit(hass, shown, {"address": OTHER})
    assert_form_without_error(shown, "monitor")
    assert set(choices(shown, "address")) == {ADDRESS}


# Heart rate in the advertisement


async def test_broadcast_only(hass: HomeAssistant, air: World) -> None:
    """What tells its heart rate to everyone, and offers nothing else, is listened to."""
    air.add_strap(
        quick_strap(advertises_service=False, manufacturer_data={POLAR: MEASURING})
    )
    created = await submit(hass, await offer(hass), {})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["title"] == NAME
    assert created["options"] == {"listen_only": True}
    assert created["data"]["details"] == {}
    assert created["data"]["features"] == ["heart_rate"]
    assert air.proxies[0].connects == 0


async def test_broadcast_is_not_all(hass: HomeAssistant, air: World) -> None:
    """What also offers a connection is connected to: it has more to tell there."""
    air.add_strap(quick_strap(manufacturer_data={POLAR: MEASURING}, **A_BEAT_EACH))
    created = await accept(hass, await offer(hass))
    assert created["options"] == {"listen_only": False}
    assert "rr_intervals" in created["data"]["features"]


async def test_broadcast_out_of_reach(hass: HomeAssistant, air: World) -> None:
    """What nothing can connect to is listened to."""
    shown = await discover(
        hass, connectable=False, manufacturer_data={POLAR: MEASURING}
    )
    created = await submit(hass, shown, {})
    assert created["options"] == {"listen_only": True}
    assert air.proxies[0].connects == 0


@pytest.mark.parametrize(
    "manufacturer_data",
    [{POLAR: bytes.fromhex("7208")}, {HUAMI: b"\x02" * 23}, {HUAMI: b"\x00" * 24}],
)
async def test_no_monitor(
    hass: HomeAssistant, air: World, manufacturer_data: dict[int, bytes]
) -> None:
    """Other things of the same makers are not offered."""
    shown = await discover(hass, services=(), manufacturer_data=manufacturer_data)
    assert_abort(shown, "not_a_monitor")


async def test_band(hass: HomeAssistant, air: World) -> None:
    """A band that shares its heart rate is listened to."""
    band = b"\x02\xff\xffH" + b"\xff" * 20
    shown = await discover(hass, services=(), manufacturer_data={HUAMI: band})
    created = await submit(hass, shown, {})
    assert created["options"] == {"listen_only": True}
