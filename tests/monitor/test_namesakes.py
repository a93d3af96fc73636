"""Two watches of one name in one gym: not one reading of the other, whatever goes wrong.

Both change their addresses, and no name tells them apart. What each measures is unlike
anything that the other does, and each relay has a database of its own for a ledger.
"""

import asyncio
from collections.abc import Callable
from itertools import cycle

import pytest

from custom_components.heart_rate_relay.monitor import identity
from dev.stand_ins import InfluxDBv1
from dev.virtual_proxy import Strap, World
from dev.virtual_proxy.link import Reason
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.common import influxdb_data, relay_entry, set_up, until
from tests.flow.common import assert_abort, submit

from .common import monitor_entry, quick_strap, set_up_monitor
from .flow import assert_form_without_error, be_impatient, choices, flows, offer

OWN_ADDRESS = "C0:9E:1A:00:00:03"
PUBLIC_ADDRESS = "A0:9E:1A:00:00:03"
OTHER_ADDRESS = "C0:9E:1A:00:00:04"

OWN = range(60, 80)
OTHER = range(160, 180)
"""What each measures, in bpm."""

NUMBERS = [
    pytest.param("00000001", "00000002", id="both tell"),
    pytest.param("00000001", None, id="the other does not tell"),
    pytest.param(None, "00000002", id="the own does not tell"),
    pytest.param(None, None, id="none tells"),
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment only for what may never come."""
    be_impatient(monkeypatch)
    monkeypatch.setattr(identity, "MARK_PAUSE", 0.1)


class Gym:
    """Where the wearer and a stranger wear the same watch."""

    def __init__(
        self, hass: HomeAssistant, air: World, influxdb: InfluxDBv1, own: Strap
    ) -> None:
        """Initialize the gym, in which the stranger is not yet."""
        self.hass = hass
        self.air = air
        self.own = own
        self.entry = monitor_entry(own.address, name="Watch")
        self._ledger = influxdb

    async def open(self) -> None:
        """Let the wearer's watch be connected, and its readings be delivered."""
        await set_up_monitor(self.hass, self.entry)
        self.air.add_strap(self.own)
        await until(lambda: self.entry.data["details"])
        source = er.async_get(self.hass).async_get("sensor.watch_heart_rate")
        assert source
        relay = relay_entry("influxdb_v1", influxdb_data(self._ledger), [source.id])
        await set_up(self.hass, relay)
        await until(lambda: self.delivered)

    @property
    def delivered(self) -> set[float]:
        """What was delivered so far."""
        return {arrival.value for arrival in self._ledger.arrivals}

    def assert_own(self) -> None:
        """See that all that was delivered was measured by the wearer's watch."""
        assert self.delivered <= set(OWN)


def watch(
    address: str, pulse: range, serial: str | None, *, random_address: bool = True
) -> Strap:
    """Return a watch that is called like any other."""
    return quick_strap(
        "Watch",
        address,
        random_address=random_address,
        heart_rate=cycle(pulse),
        serial=serial,
    )


type Fault = Callable[[Strap], object]

FAULTS: list[Fault] = [
    Strap.power_off,
    Strap.rotate,
    Strap.drop,
    Strap.lose_disconnect,
    lambda strap: mute(strap),
    lambda strap: refuse(strap),
]


def mute(strap: Strap) -> None:
    """Let a watch stay connected, and say nothing."""
    strap.muted = True


def refuse(strap: Strap) -> None:
    """Let a watch take no connection any more."""
    strap.refuse = Reason.NOT_ESTABLISHED
    strap.drop()


@pytest.mark.parametrize(("own_number", "other_number"), NUMBERS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("is_there_before", [True, False])
async def test_namesakes(
    hass: HomeAssistant,
    air: World,
    influxdb: InfluxDBv1,
    own_number: str | None,
    other_number: str | None,
    fault: Fault,
    is_there_before: bool,
) -> None:
    """Whatever happens to either of them, before or after the other is there."""
    gym = Gym(hass, air, influxdb, watch(OWN_ADDRESS, OWN, own_number))
    other = watch(OTHER_ADDRESS, OTHER, other_number)
    await go_wrong(gym, other, fault, is_there_before)
    assert gym.entry.data["address"] in {OWN_ADDRESS, gym.own.address}


@pytest.mark.parametrize(("own_number", "other_number"), NUMBERS)
@pytest.mark.parametrize("fault", [one for one in FAULTS if one is not Strap.rotate])
@pytest.mark.parametrize("is_there_before", [True, False])
async def test_namesake_of_one_that_keeps_its_address(
    hass: HomeAssistant,
    air: World,
    influxdb: InfluxDBv1,
    own_number: str | None,
    other_number: str | None,
    fault: Fault,
    is_there_before: bool,
) -> None:
    """The same where only the stranger's has a random address, which it changes."""
    own = watch(PUBLIC_ADDRESS, OWN, own_number, random_address=False)
    gym = Gym(hass, air, influxdb, own)
    other = watch(OTHER_ADDRESS, OTHER, other_number)
    await go_wrong(gym, other, fault, is_there_before)
    assert gym.entry.data["address"] == PUBLIC_ADDRESS


async def go_wrong(gym: Gym, other: Strap, fault: Fault, is_there_before: bool) -> None:
    """Let something happen to either watch, and all that may come of it, and see whose it is."""
    await gym.open()
    if is_there_before:
        gym.air.add_strap(other)
        await until(lambda: flows(gym.hass))
        fault(gym.own)
    else:
        fault(gym.own)
        gym.air.add_strap(other)
    await until(lambda: flows(gym.hass) or gym.own.links)
    fault(other)
    proxy = gym.hass.config_entries.async_entries("esphome")[0]
    for reloaded in (gym.entry, proxy):
        await asyncio.sleep(0.1)
        await gym.hass.config_entries.async_reload(reloaded.entry_id)
    other.rotate()
    await asyncio.sleep(0.5)
    assert other.sent == []
    gym.assert_own()


@pytest.mark.parametrize(("own_number", "other_number"), NUMBERS)
async def test_own_one_is_back(
    hass: HomeAssistant,
    air: World,
    influxdb: InfluxDBv1,
    own_number: str | None,
    other_number: str | None,
) -> None:
    """Beside a stranger the own one is found at its new address, or asked for."""
    gym = Gym(hass, air, influxdb, watch(OWN_ADDRESS, OWN, own_number))
    await gym.open()
    gym.own.power_off()
    air.add_strap(watch(OTHER_ADDRESS, OTHER, other_number))
    shown = await offer(hass)
    is_clear = own_number and other_number
    assert_form_without_error(
        shown, "bluetooth_confirm" if is_clear else "known_monitor"
    )
    hass.config_entries.flow.async_abort(shown["flow_id"])
    address = gym.own.rotate()
    gym.own.power_on()
    if not own_number:
        shown = await offer(hass)
        assert_form_without_error(shown, "known_monitor")
        assert not gym.own.links
        gym.own.sent.clear()
        assert choices(shown, "monitor") == {gym.entry.entry_id: "Watch"}
        answer = {"monitor": gym.entry.entry_id}
        assert_abort(await submit(hass, shown, answer), "monitor_recognised")
    await until(lambda: gym.own.links and gym.entry.data["address"] == address)
    arrived = len(influxdb.arrivals)
    await until(lambda: len(influxdb.arrivals) > arrived)
    gym.assert_own()


async def test_wrong_answer(
    hass: HomeAssistant,
    air: World,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A number outweighs what is said: it could not be read when it was asked."""
    monkeypatch.setattr(identity, "MARK_ATTEMPTS", 1)
    gym = Gym(hass, air, influxdb, watch(OWN_ADDRESS, OWN, "00000001"))
    await gym.open()
    gym.own.power_off()
    other = watch(OTHER_ADDRESS, OTHER, "00000002")
    other.refuse = Reason.NOT_ESTABLISHED
    air.add_strap(other)
    await until(lambda: flows(hass), 60)
    shown = await offer(hass)
    assert_form_without_error(shown, "known_monitor")
    other.refuse = 0
    answer = {"monitor": gym.entry.entry_id}
    assert_abort(await submit(hass, shown, answer), "monitor_recognised")
    assert gym.entry.data["address"] == OTHER_ADDRESS
    # Though it be stopped before it could find out
    assert await hass.config_entries.async_reload(gym.entry.entry_id)
    await until(lambda: gym.entry.data["address"] == OWN_ADDRESS)
    assert gym.entry.data["details"]["serial_number"] == "00000001"
    assert_form_without_error(await offer(hass), "bluetooth_confirm")
    assert other.sent == []
    gym.assert_own()


async def test_two_of_one_number(hass: HomeAssistant, air: World) -> None:
    """A number that a maker gave to several tells none of them from the others."""
    entries = await two_wearers(hass, "00000001", "00000001")
    strap = watch("C0:9E:1A:00:00:05", OTHER, "00000001")
    air.add_strap(strap)
    shown = await offer(hass)
    assert_form_without_error(shown, "known_monitor")
    assert set(choices(shown, "monitor")) == {entry.entry_id for entry in entries}
    assert strap.sent == []


async def test_two_wearers(hass: HomeAssistant, air: World) -> None:
    """Each finds their own though both change their addresses at once."""
    entries = await two_wearers(hass, "00000001", "00000002")
    watches = [
        air.add_strap(watch(OWN_ADDRESS, OWN, "00000001")),
        air.add_strap(watch(OTHER_ADDRESS, OTHER, "00000002")),
    ]
    for _ in range(3):
        await until(lambda: all(one.links for one in watches))
        for one in watches:
            one.rotate()
        for entry, one in zip(entries, watches, strict=True):
            await until(lambda: entry.data["address"] == one.address)  # noqa: B023 - awaited at once
    assert flows(hass) == []


async def two_wearers(hass: HomeAssistant, *numbers: str) -> list[ConfigEntry]:
    """Return the monitors of two who wear the same watch."""
    entries = []
    for address, number in zip((OWN_ADDRESS, OTHER_ADDRESS), numbers, strict=True):
        details = {"serial_number": number, "model": "IS-1"}
        entries.append(monitor_entry(address, name="Watch", details=details))
        await set_up_monitor(hass, entries[-1])
    return list(entries)
