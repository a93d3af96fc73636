"""Monitors of all kinds: found, added with one click, and shown with all that they tell."""

import asyncio

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.monitor import measuring
from custom_components.heart_rate_relay.monitor.connection import SILENT_AFTER
from custom_components.heart_rate_relay.monitor.profiles import PROFILES
from custom_components.heart_rate_relay.monitor.trouble import MAX_BACKOFF
from custom_components.heart_rate_relay.sources.finding import async_find
from dev.stand_ins import Pulsoid
from dev.virtual_proxy import Bike, Oximeter, Peripheral, Pod, Rower, Treadmill, World
from dev.virtual_proxy.cycling import MACHINE, cycling_power
from dev.virtual_proxy.gatt import AttributeRefusal, Error
from dev.virtual_proxy.link import Link
from dev.virtual_proxy.running import running
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from tests.common import pulsoid_data, relay_entry, set_up, until
from tests.flow.common import fields, suggested
from tests.outbox.common import Clock

from .common import (
    ADDRESS,
    NAME,
    device_of,
    features_of,
    monitor_entry,
    note_states,
    quick,
    quick_strap,
    say,
    set_up_monitor,
    value_of,
    wear,
)
from .flow import OTHER, accept, be_impatient, offer

CADENCE = "sensor.strap_12_cadence"
HEART_RATE = "sensor.strap_12_heart_rate"
OXYGEN = "sensor.strap_12_oxygen_saturation"
POWER = "sensor.strap_12_power"
SPEED = "sensor.strap_12_speed"
WORK = "sensor.strap_12_work"
RUNNING = "binary_sensor.strap_12_running"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment only for what may never come."""
    be_impatient(monkeypatch)


def number(hass: HomeAssistant, entity_id: str) -> float | None:
    """Return the number that an entity shows, None where it shows none."""
    try:
        return float(value_of(hass, entity_id))
    except AssertionError, ValueError:
        return None


@pytest.mark.parametrize(
    ("monitor", "profiles", "shown"),
    [
        (
            quick(Bike, balance=51.5, work=12),
            ["cycling_power", "cycling_speed"],
            {
                "power": (200, "W"),
                "pedal_balance": (51.5, "%"),
                "work": (12, "kJ"),
                "cadence": (90, "rpm"),
                "speed": (30, "km/h"),
            },
        ),
        (
            quick(Bike, is_trainer=True, heart_rate=140),
            ["heart_rate", "fitness_machine", "cycling_power", "cycling_speed"],
            {
                "heart_rate": (140, "bpm"),
                "power": (200, "W"),
                "cadence": (90, "rpm"),
                "speed": (30, "km/h"),
                "resistance_level": (20, None),
            },
        ),
        (
            quick(Treadmill),
            ["fitness_machine"],
            {
                "speed": (10, "km/h"),
                "inclination": (1.5, "%"),
                "heart_rate": (120, "bpm"),
                "energy_expended": (41.84, "kJ"),
            },
        ),
        (
            quick(Rower),
            ["fitness_machine"],
            {
                "stroke_rate": (24.5, "spm"),
                "power": (150, "W"),
                "rowing_pace": (125, "s/500 m"),
            },
        ),
        (
            quick(Pod),
            ["running"],
            {
                "speed": (12, "km/h"),
                "step_rate": (170, "spm"),
                "stride_length": (1.18, "m"),
            },
        ),
        (
            quick(Oximeter),
            ["oximeter"],
            {
                "oxygen_saturation": (97, "%"),
                "heart_rate": (66, "bpm"),
                "perfusion_index": (2.5, "%"),
            },
        ),
    ],
    ids=["bike", "trainer", "treadmill", "rower", "pod", "oximeter"],
)
async def test_added(
    hass: HomeAssistant,
    air: World,
    monitor: Peripheral,
    profiles: list[str],
    shown: dict[str, tuple[float, str | None]],
) -> None:
    """Each is one entry with one connection, and tells all that it measures."""
    air.add_strap(monitor)
    created = await accept(hass, await offer(hass))
    assert created["type"] is FlowResultType.CREATE_ENTRY
    entry = created["result"]
    assert entry.data["profiles"] == profiles
    for name, (value, unit) in shown.items():
        entity_id = f"sensor.strap_12_{name}"
        await until(
            lambda: number(hass, entity_id) == pytest.approx(value, rel=0.02)  # noqa: B023 - awaited at once
        )
        state = hass.states.get(entity_id)
        assert state
        assert state.attributes.get("unit_of_measurement") == unit
    # What was shown so far may be what was read before it was added
    await until(lambda: monitor.links)
    assert air.proxies[0].allocated == [ADDRESS]
    assert len(monitor.links) == 1
    assert device_of(hass, entry).serial_number == "00000001"


@pytest.mark.parametrize("profile", PROFILES)
async def test_found(hass: HomeAssistant, air: World, profile: str) -> None:
    """Each kind is offered, and is called what it is where it tells no name."""
    monitor = quick(Pod, advertises_name=False)
    service = int(PROFILES[profile].service[4:8], 16)
    monitor.speaks = (service,)  # type: ignore[misc] # as of another kind
    air.add_strap(monitor)
    shown = await offer(hass)
    name = f"{PROFILES[profile].name} {ADDRESS[-5:]}"
    assert (shown["description_placeholders"] or {})["name"] == name


async def test_better_profile(hass: HomeAssistant, air: World) -> None:
    """What two profiles tell alike is one entity, and the better one's word counts."""
    bike = quick(Bike, is_trainer=True)
    machine = {"cadence": 77}
    original = bike._machine_packet

    def other() -> bytes:
        bike.cadence, turned = machine["cadence"], bike.cadence
        packet = original()
        bike.cadence = turned
        return packet

    bike._machine_packet = other  # type: ignore[method-assign] # it tells them apart
    entry = await wear(hass, air, bike, profiles=("cycling_power",))
    spoken = ["cycling_power", "fitness_machine", "cycling_speed"]
    await until(lambda: entry.data["profiles"] == spoken)
    states = note_states(hass, CADENCE)
    await until(lambda: states.count("77.0") > 20)
    # The first may be of the other, before the better one has said anything
    assert set(states[3:]) == {"77.0"}
    # And when the better one falls silent, the other steps in
    bike.is_trainer = False
    entry.runtime_data._measuring.stale_after = 0.5
    await until(lambda: number(hass, CADENCE) == pytest.approx(90, rel=0.02))


async def test_one_of_several_refuses(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be subscribed to is no reason to do without all else."""
    write = Link.write_descriptor

    def refuse(link: Link, handle: int, data: bytes) -> None:
        if link.table.subscribed_by(handle).uuid == MACHINE:
            raise AttributeRefusal(Error.WRITE_NOT_PERMITTED)
        write(link, handle, data)

    monkeypatch.setattr(Link, "write_descriptor", refuse)
    await wear(hass, air, quick(Bike, is_trainer=True), profiles=("cycling_power",))
    await until(lambda: number(hass, POWER) == 200)


async def test_stale_by_itself(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A treadmill whose handles were let go has no heart rate, and still a speed."""
    monkeypatch.setattr(measuring, "STALE_AFTER", 0.5)
    treadmill = quick(Treadmill)
    await wear(hass, air, treadmill, profiles=("fitness_machine",))
    await until(lambda: number(hass, HEART_RATE) == 120)
    treadmill.heart_rate = None
    await until(lambda: value_of(hass, HEART_RATE) == STATE_UNKNOWN)
    assert number(hass, SPEED) == 10
    treadmill.heart_rate = 121
    await until(lambda: number(hass, HEART_RATE) == 121)


async def test_every_notification_counts(hass: HomeAssistant, air: World) -> None:
    """Several in a second are told each, also if they are like the ones before."""
    bike = quick(Bike, muted=True)
    await wear(hass, air, bike, profiles=("cycling_power",))
    await say(hass, bike, cycling_power(power=200, work=5))
    states = note_states(hass, POWER)
    done = note_states(hass, WORK)
    watts = (201, 201, 202)
    await say(hass, bike, *(cycling_power(power=one, work=5) for one in watts))
    await hass.async_block_till_done()
    assert states == ["201", "201", "202"]
    # Of what only grows, the same again is nothing new
    assert done == []


async def test_digits(hass: HomeAssistant, air: World) -> None:
    """What is worked out has no digits that nobody measured."""
    bike = quick(Bike, cadence=91.234, speed=31.234)
    await wear(hass, air, bike, profiles=("cycling_power",))
    await until(lambda: number(hass, CADENCE) and number(hass, SPEED))
    assert len(value_of(hass, CADENCE).split(".")[1]) <= 2
    assert len(value_of(hass, SPEED).split(".")[1]) <= 3


async def test_coasting(hass: HomeAssistant, air: World) -> None:
    """Who stops pedalling has no cadence soon, while the wheel goes on."""
    bike = quick(Bike)
    await wear(hass, air, bike, profiles=("cycling_power",))
    await until(lambda: number(hass, CADENCE) == pytest.approx(90, rel=0.02))
    bike.cadence = 0
    await until(lambda: number(hass, CADENCE) == 0)
    assert number(hass, SPEED) == pytest.approx(30, rel=0.05)


async def test_wheel_circumference(hass: HomeAssistant, air: World) -> None:
    """How fast a wheel goes depends on how large it is, which a person knows."""
    bike = quick(Bike)
    entry = await wear(hass, air, bike, profiles=("cycling_speed",))
    await until(lambda: number(hass, SPEED) == pytest.approx(30, rel=0.02))
    shown = await hass.config_entries.options.async_init(entry.entry_id)
    assert fields(shown) == {"listen_only", "wheel_circumference"}
    assert suggested(shown) == {"listen_only": False, "wheel_circumference": 2105}
    await hass.config_entries.options.async_configure(
        shown["flow_id"], {"listen_only": False, "wheel_circumference": 1500}
    )
    await until(
        lambda: number(hass, SPEED) == pytest.approx(30 * 1500 / 2105, rel=0.02), 15
    )


async def test_no_finger(hass: HomeAssistant, air: World) -> None:
    """An oximeter that nobody wears tells nothing, whatever is in its bytes."""
    oximeter = quick(Oximeter)
    await wear(hass, air, oximeter, profiles=("oximeter",))
    await until(lambda: number(hass, OXYGEN) == 97)
    oximeter.has_finger = False
    await until(lambda: value_of(hass, OXYGEN) == STATE_UNKNOWN)
    assert value_of(hass, HEART_RATE) == STATE_UNKNOWN


async def test_spot_check(hass: HomeAssistant, air: World) -> None:
    """One that measures by the piece wants to hear that it arrived, and is shown."""
    oximeter = quick(Oximeter, muted=True)
    await wear(hass, air, oximeter, profiles=("oximeter",))
    oximeter.check(95, 61)
    await until(lambda: number(hass, OXYGEN) == 95)
    assert number(hass, HEART_RATE) == 61


async def test_nobody_wants_to_know(
    hass: HomeAssistant, air: World, clock: Clock
) -> None:
    """One that measures by the piece, and is not asked, is no trouble, and holds no slot."""
    oximeter = Oximeter(NAME, ADDRESS, muted=True)
    entry = monitor_entry(profiles=("oximeter",))
    await set_up_monitor(hass, entry)
    air.add_strap(oximeter)
    held = []
    for _ in range(1200):
        held.append(bool(oximeter.links))
        await asyncio.sleep(1)
    assert not ir.async_get(hass).issues
    assert sum(held) / len(held) < SILENT_AFTER / MAX_BACKOFF
    oximeter.muted = False
    await asyncio.sleep(MAX_BACKOFF + 5)
    assert number(hass, OXYGEN) == 97


async def test_learned(hass: HomeAssistant, air: World) -> None:
    """A monitor from before there were others is a heart-rate monitor, and may be more."""
    bike = quick(Bike, heart_rate=130)
    entry = monitor_entry()
    entry.add_to_hass(hass)
    data = {key: value for key, value in entry.data.items() if key != "profiles"}
    hass.config_entries.async_update_entry(entry, data=data)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert hass.states.get(POWER) is None
    air.add_strap(bike)
    await until(lambda: number(hass, POWER) == 200)
    await until(lambda: number(hass, HEART_RATE) == 130)
    spoken = ["heart_rate", "cycling_power", "cycling_speed"]
    await until(lambda: entry.data["profiles"] == spoken)
    bike.power_off()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert hass.states.get(POWER)


async def test_running(hass: HomeAssistant, air: World) -> None:
    """A pod tells whether it runs, or walks."""
    pod = quick(Pod)
    await wear(hass, air, pod, profiles=("running",))
    await until(lambda: hass.states.get(RUNNING))
    assert value_of(hass, RUNNING) == STATE_ON
    pod.send(running(is_running=False, speed=4, step_rate=100))
    await until(lambda: value_of(hass, RUNNING) == STATE_OFF)


async def test_sources(hass: HomeAssistant, air: World) -> None:
    """Of all that monitors tell, relays take for a metric what is one, and nothing else."""
    every = tuple(PROFILES)
    entry = monitor_entry(features=features_of(*every), profiles=every)
    entry.add_to_hass(hass)
    registry = er.async_get(hass)
    await set_up_monitor(hass, entry)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(entity.entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    matches, suggestions = await async_find(hass)
    found = {
        metric: some
        for metric in metrics.METRICS.values()
        if (some := [*matches[metric], *suggestions[metric]])
    }
    assert found == {
        metrics.HEART_RATE: [HEART_RATE],
        metrics.HEART_RATE_VARIABILITY: ["sensor.strap_12_heart_rate_variability"],
    }


async def test_strap_beside_a_bike(
    hass: HomeAssistant, air: World, pulsoid: Pulsoid
) -> None:
    """What a bike says of the heart counts while the strap says nothing, and not before."""
    bike = air.add_strap(
        quick(Bike, "Bike", OTHER, rate=5, heart_rate=150, is_trainer=True)
    )
    strap = quick_strap(heart_rate=120)
    for monitor, profile in ((bike, "cycling_power"), (strap, "heart_rate")):
        entry = monitor_entry(
            monitor.address, name=monitor.name, profiles=(profile, "heart_rate")
        )
        await set_up_monitor(hass, entry)
    air.add_strap(strap)
    shown = ("sensor.strap_12_heart_rate", "sensor.bike_heart_rate")
    await until(lambda: all(number(hass, entity_id) for entity_id in shown))
    registry = er.async_get(hass)
    sources = [registry.async_get(entity_id) for entity_id in shown]
    relay = relay_entry(
        "pulsoid",
        pulsoid_data(pulsoid),
        [source.id for source in sources if source],
        live_for=1,
    )
    await set_up(hass, relay)
    await until(lambda: len(pulsoid.arrivals) > 20)
    assert {arrival.value for arrival in pulsoid.arrivals} == {120}
    strap.power_off()
    await until(lambda: pulsoid.arrivals[-1].value == 150)


async def test_answers_no_more(
    hass: HomeAssistant, air: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers for one kind of measurements, and for no other, is heard for that."""
    write = Link.write_descriptor

    def stall(link: Link, handle: int, data: bytes) -> None:
        if link.table.subscribed_by(handle).uuid == MACHINE:
            link.strap.gatt_delay = 1000
        write(link, handle, data)

    monkeypatch.setattr(Link, "write_descriptor", stall)
    bike = Bike(NAME, ADDRESS, is_trainer=True)
    await set_up_monitor(hass, monitor_entry(profiles=("cycling_power",)))
    air.add_strap(bike)
    await asyncio.sleep(90)
    assert number(hass, POWER) == 200
    assert air.proxies[0].connects == 1


@pytest.mark.parametrize("pairs", [True, False])
async def test_pairing(hass: HomeAssistant, air: World, pairs: bool) -> None:
    """Who wants to be paired is asked once, however many kinds of measurements there are."""
    bike = quick(Bike, is_trainer=True, needs_pairing=True, pairs=pairs)
    await set_up_monitor(hass, monitor_entry(profiles=("cycling_power",)))
    air.add_strap(bike)
    if pairs:
        await until(lambda: number(hass, POWER) == 200)
        assert bike.paired
    else:
        await until(lambda: ir.async_get(hass).issues)
        ((_, issue_id),) = ir.async_get(hass).issues
        assert issue_id.startswith("pairing_needed")
