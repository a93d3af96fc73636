"""Where trackers and people are: which of what they say was measured, and what is told with it."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.metrics import HEART_RATE, LATITUDE
from custom_components.heart_rate_relay.outbox.tally import Tally
from custom_components.heart_rate_relay.reading import Reading
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.setup import async_setup_component

from .test_sources import Listener, now_us

PHONE = "device_tracker.phone"
ROUTER = "device_tracker.phone_at_the_router"
PERSON = "person.rider"

COMPANION: dict[str, Any] = {
    "source_type": "gps",
    "tracking_type": "position",
    "in_zones": [],
    "latitude": 52.5163,
    "longitude": 13.3777,
    "gps_accuracy": 6,
    "altitude": 34.5,
    "course": 271,
    "speed": 7,
    "vertical_accuracy": 3,
    "battery_level": 81,
}
"""What the Companion app's tracker tells."""

TOLD = {
    "latitude": 52.5163,
    "longitude": 13.3777,
    "position_accuracy": 6,
    "altitude": 34.5,
    "bearing": 271,
    "speed": 7,
    "battery": 81,
}


def locate(
    hass: HomeAssistant,
    entity_id: str = PHONE,
    state: str = "not_home",
    *,
    force: bool = False,
    **attributes: Any,
) -> None:
    """Let a tracker say where it is; force it as those of integrations do."""
    said = COMPANION | attributes
    said = {name: value for name, value in said.items() if value is not None}
    hass.states.async_set(entity_id, state, said, force_update=force)


def listen(hass: HomeAssistant, entity_id: str = PHONE, **kwargs: Any) -> Listener:
    """Listen to what tells where someone is."""
    return Listener(hass, [entity_id], metric=LATITUDE, **kwargs)


def by_metric(readings: list[Reading]) -> dict[str, float]:
    """Return readings of one moment by what they measure."""
    assert len({reading.measured_at for reading in readings}) <= 1
    found = {reading.metric.key: reading.value for reading in readings}
    assert len(found) == len(readings)
    return found


def times(listener: Listener) -> list[int]:
    """Return when all was measured, each moment once."""
    return list(dict.fromkeys(reading.measured_at for reading in listener.readings))


async def test_ride(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Each place is told with all that is said of it, at the time of its state."""
    freezer.move_to("2026-11-21T10:00:00.25Z")
    locate(hass)
    listener = listen(hass)
    expected = []
    for second in range(1, 601):
        freezer.tick(1)
        locate(hass, latitude=52 + second / 10_000, altitude=second / 10)
        told = TOLD | {"latitude": 52 + second / 10_000, "altitude": second / 10}
        expected += [(key, value, now_us()) for key, value in told.items()]
    seen = [(r.metric.key, r.value, r.measured_at) for r in listener.readings]
    assert sorted(seen) == sorted(expected)
    assert {r.source.entity_id for r in listener.readings} == {PHONE}
    assert {r.duration for r in listener.readings} == {0}
    listener.sources.stop()


@pytest.mark.parametrize(
    ("platform", "attributes", "expected"),
    [
        ("owntracks", {"velocity": 36, "course": 90}, {"speed": 10, "bearing": 90}),
        ("gpslogger", {"speed": 2.5, "direction": 12.5, "activity": "unknown"},
         {"speed": 2.5, "bearing": 12.5}),
        ("traccar", {"speed": 20, "bearing": 180}, {"bearing": 180}),
        ("life360", {"speed": 20}, {}),
        ("tessie", {"speed": 100, "heading": 5}, {"speed": 44.704, "bearing": 5}),
        ("icloud", {"battery": 50, "battery_level": None}, {"battery": 50}),
        ("mqtt", {"speed": "3.5", "altitude": "99"}, {"speed": 3.5, "altitude": 99}),
        ("template", {"direction": "north", "altitude": None}, {}),
        ("gpslogger", {"battery_level": -1, "speed": -1, "course": -1}, {}),
        ("mobile_app", {"course": 361, "altitude": 1e9, "speed": True}, {}),
        ("mobile_app", {"battery_level": 70, "battery": 71}, {"battery": 70}),
        ("mobile_app", {"gps_accuracy": 0}, {"position_accuracy": None}),
        ("mobile_app", {"gps_accuracy": None}, {"position_accuracy": None}),
    ],
)  # fmt: skip
async def test_what_integrations_tell(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    platform: str,
    attributes: dict[str, Any],
    expected: dict[str, float | None],
) -> None:
    """Each has its names and units, and what is none of them, or not known, is not told."""
    entry = entity_registry.async_get_or_create("device_tracker", platform, "phone")
    nothing: dict[str, Any] = dict.fromkeys(
        ("altitude", "course", "speed", "battery_level")
    )
    locate(hass, entry.entity_id, **nothing)
    listener = listen(hass, entry.id)
    locate(hass, entry.entity_id, latitude=-33.9, **nothing | attributes)
    told = {"latitude": -33.9, "longitude": 13.3777, "position_accuracy": 6}
    told |= {key: value for key, value in expected.items() if value is not None}
    for key, value in expected.items():
        if value is None:
            del told[key]
    assert by_metric(listener.readings) == pytest.approx(told)
    listener.sources.stop()


@pytest.mark.parametrize(
    ("state", "attributes"),
    [
        ("unavailable", {}),
        ("unknown", {}),
        ("home", {"latitude": None, "longitude": None}),
        ("home", {"longitude": None}),
        ("home", {"latitude": 0, "longitude": 0.0}),
        ("home", {"latitude": 90.01}),
        ("home", {"longitude": -180.5}),
        ("home", {"latitude": "nan"}),
        ("home", {"latitude": float("inf")}),
        ("home", {"latitude": "here"}),
        ("home", {"latitude": True, "longitude": False}),
        ("home", {"source_type": "router"}),
        ("home", {"source_type": "bluetooth"}),
        ("home", {"source_type": "bluetooth_le"}),
        ("home", {"tracking_type": "connection"}),
        ("home", {"latitude": 32.87336, "longitude": -117.22743}),
        ("Work", {"latitude": 48.1, "longitude": 11.5, "in_zones": ["zone.work"]}),
    ],
)
async def test_no_position(
    hass: HomeAssistant, state: str, attributes: dict[str, Any]
) -> None:
    """What is no place, or none that was measured, tells nothing."""
    home = {"latitude": 32.87336, "longitude": -117.22743, "radius": 100}
    hass.states.async_set("zone.home", "0", home)
    work = {"latitude": 48.1, "longitude": 11.5, "radius": 100}
    hass.states.async_set("zone.work", "0", work)
    locate(hass)
    listener = listen(hass)
    locate(hass, state=state, **{"latitude": 52.6} | attributes)
    assert not listener.readings
    locate(hass, latitude=1)
    assert by_metric(listener.readings) == TOLD | {"latitude": 1}
    listener.sources.stop()


@pytest.mark.parametrize("axis", ["latitude", "longitude"])
async def test_on_a_line_of_zero(hass: HomeAssistant, axis: str) -> None:
    """The equator and Greenwich are places."""
    locate(hass)
    listener = listen(hass)
    zero: dict[str, Any] = {axis: 0}
    locate(hass, **zero)
    assert by_metric(listener.readings) == TOLD | zero
    listener.sources.stop()


async def test_same_place_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A phone that lies still was located whenever its integration says so anew."""
    locate(hass)
    listener = listen(hass)
    expected = []
    for _ in range(5):
        freezer.tick(600)
        locate(hass, force=True)
        expected.append(now_us())
    assert times(listener) == expected
    freezer.tick(600)
    locate(hass)
    assert times(listener) == expected
    listener.sources.stop()


async def test_place_that_is_asked_for(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What a cloud is asked for again and again was measured when it changed."""
    phone = entity_registry.async_get_or_create("device_tracker", "icloud", "phone")
    locate(hass, phone.entity_id)
    listener = listen(hass, phone.id)
    await listener.sources.async_prepare()
    listener.sources.stop()
    listener = listen(hass, phone.id)
    for battery in range(80, 70, -1):
        freezer.tick(60)
        locate(hass, phone.entity_id, force=True, battery_level=battery)
    assert not listener.readings
    locate(hass, phone.entity_id, latitude=52.6, battery_level=70)
    assert by_metric(listener.readings) == TOLD | {"latitude": 52.6, "battery": 70}
    listener.sources.stop()


async def test_first_place_after_a_start(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The place that an integration has saved is an old one."""
    hass.set_state(CoreState.starting)
    hass.states.async_set(PHONE, "unavailable", {"restored": True})
    listener = listen(hass)
    locate(hass)
    freezer.tick(1)
    locate(hass, force=True)
    assert times(listener) == [now_us()]
    listener.sources.stop()


async def test_place_that_is_restored(hass: HomeAssistant) -> None:
    """Neither it is one nor, perhaps, the next."""
    locate(hass)
    listener = listen(hass)
    locate(hass, latitude=52.6, restored=True)
    locate(hass, latitude=52.7)
    assert not listener.readings
    locate(hass, latitude=52.8)
    assert by_metric(listener.readings) == TOLD | {"latitude": 52.8}
    listener.sources.stop()


async def test_told_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A place is of when its tracker was there, and none but a later one is new."""
    freezer.move_to("2026-11-21T10:00:00Z")
    tally = Tally()
    locate(hass, update_timestamp="2026-11-21T09:50:00+00:00")
    listener = listen(hass, tally=tally)
    locate(hass, latitude=1, update_timestamp="2026-11-21T09:55:00+00:00")
    locate(hass, latitude=2, update_timestamp="2026-11-21T09:45:00+00:00")
    freezer.tick(60)
    locate(hass, latitude=3, update_timestamp="2026-11-21T10:00:30+00:00", force=True)
    locate(hass, latitude=3, update_timestamp="2026-11-21T10:00:30+00:00", force=True)
    expected = [1_795_255_200_000_000 - 300_000_000, 1_795_255_230_000_000]
    assert times(listener) == expected
    listener.sources.stop()
    listener = listen(hass, tally=tally)
    locate(hass, latitude=4, update_timestamp="2026-11-21T10:00:20+00:00")
    locate(hass, latitude=5, update_timestamp="2026-11-21T10:00:45+00:00")
    assert by_metric(listener.readings)["latitude"] == 5
    listener.sources.stop()


async def test_shortest_interval(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It lets pass all of a moment, or nothing."""
    locate(hass)
    listener = listen(hass, min_interval=10)
    for second in range(8):
        freezer.tick(5)
        locate(hass, latitude=1 + second)
    assert len(times(listener)) < 8
    assert len(listener.readings) == len(times(listener)) * len(TOLD)
    listener.sources.stop()


async def test_what_the_service_takes(hass: HomeAssistant) -> None:
    """Of a place, and what is told beside it, a service gets what it has a place for."""
    locate(hass)
    listener = listen(hass, one_line=True, takes={LATITUDE})
    nowhere = listen(hass, one_line=True, takes={HEART_RATE})
    locate(hass, latitude=1)
    assert {reading.metric for reading in listener.readings} == {LATITUDE}
    assert not nowhere.readings
    for each in (listener, nowhere):
        each.sources.stop()


async def test_over_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What was said while the relay was loaded again was listened to."""
    locate(hass)
    listener = listen(hass)
    freezer.tick(1)
    locate(hass, latitude=1)
    listened = listener.sources.listened
    listener.sources.stop()
    freezer.tick(1)
    locate(hass, latitude=2)
    listener = listen(hass, listened=listened)
    assert times(listener) == [now_us()]
    listener.sources.stop()


async def test_tracker_of_an_integration(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A real integration's tracker, at rest and moving."""
    entry = MockConfigEntry(domain="gpslogger", data={"webhook_id": "w"})
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, "webhook", {})
    assert await hass.config_entries.async_setup(entry.entry_id)

    async def tell(latitude: float, accuracy: float) -> None:
        freezer.tick(120)
        said = {"altitude": 12.5, "speed": 3.5, "direction": 45.0, "activity": "bike"}
        async_dispatcher_send(
            hass,
            "gpslogger_tracker_update",
            *("bike", (latitude, 7.1), 66.0, accuracy, said),
        )
        await hass.async_block_till_done()

    await tell(51.0, 5.0)
    listener = listen(hass, "device_tracker.bike")
    for _ in range(2):
        await tell(51.1, 4.0)
        assert by_metric(listener.readings) == {
            "latitude": 51.1,
            "longitude": 7.1,
            "position_accuracy": 4,
            "altitude": 12.5,
            "speed": 3.5,
            "bearing": 45,
            "battery": 66,
        }
        assert times(listener) == [now_us()]
        listener.readings.clear()
    listener.sources.stop()


@pytest.fixture
async def person(hass: HomeAssistant) -> None:
    """Let there be a person who is followed by a phone and by a router."""
    hass.states.async_set(
        "zone.home", "0", {"latitude": 52.0, "longitude": 13.0, "radius": 100}
    )
    rider = {"id": "rider", "name": "Rider", "device_trackers": [PHONE, ROUTER]}
    locate(hass)
    assert await async_setup_component(hass, "person", {"person": [rider]})
    await hass.async_block_till_done()


@pytest.mark.usefixtures("person")
async def test_person(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A person is where their phone is, and tells no more than that."""
    listener = listen(hass, PERSON)
    freezer.tick(1)
    locate(hass, latitude=52.6)
    await hass.async_block_till_done()
    expected = {"latitude": 52.6, "longitude": 13.3777, "position_accuracy": 6}
    assert by_metric(listener.readings) == expected
    assert times(listener) == [now_us()]
    listener.sources.stop()


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    "at_home",
    [
        {"source_type": "router", "in_zones": ["zone.home"],
         "tracking_type": "connection"},
        {"source_type": "router"},
        {"source_type": "router", "latitude": 52.0, "longitude": 13.0,
         "gps_accuracy": 0},
        {"source_type": "router", "latitude": 52.00001, "longitude": 13.0,
         "gps_accuracy": 0},
    ],
)  # fmt: skip
async def test_person_at_a_router(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, at_home: dict[str, Any]
) -> None:
    """Neither is home a place, nor is the phone's last one new when the router has lost it."""
    listener = listen(hass, PERSON)
    freezer.tick(1)
    locate(hass, latitude=52.6)
    await hass.async_block_till_done()
    assert len(times(listener)) == 1
    for state in ("home", "not_home", "home", "unavailable"):
        freezer.tick(30)
        hass.states.async_set(ROUTER, state, at_home if state == "home" else {})
        await hass.async_block_till_done()
    person = hass.states.get(PERSON)
    assert person
    assert person.attributes["latitude"] == 52.6
    assert len(times(listener)) == 1
    freezer.tick(30)
    locate(hass, latitude=52.7)
    await hass.async_block_till_done()
    assert times(listener)[1:] == [now_us()]
    listener.sources.stop()


@pytest.mark.parametrize(
    ("accuracy", "is_told"), [(None, False), (0, False), (5, True)]
)
async def test_person_whose_tracker_is_gone(
    hass: HomeAssistant, *, accuracy: float | None, is_told: bool
) -> None:
    """Only a measured place has an accuracy."""
    said = {"latitude": 1.5, "longitude": 2.5, "source": "device_tracker.gone"}
    hass.states.async_set(PERSON, "home", said | {"gps_accuracy": accuracy})
    listener = listen(hass, PERSON)
    said["latitude"] = 1.6
    hass.states.async_set(PERSON, "home", said | {"gps_accuracy": accuracy})
    assert bool(listener.readings) is is_told
    listener.sources.stop()
