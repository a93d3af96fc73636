"""What a relay shows, and what a person can do with it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
import json
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay import sensor
from custom_components.heart_rate_relay.const import DOMAIN
from dev.stand_ins import Failure, InfluxDBv1, LiveTracking, Pulsoid
from homeassistant.const import (
    ATTR_ENTITY_ID,
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from .common import (
    STRAP,
    WATCH,
    influxdb_data,
    live_tracking_data,
    measure,
    objecting,
    pulsoid_data,
    relay_entry,
    set_up,
    until,
)

HEART_RATE = "sensor.relay_heart_rate"
STATUS = "sensor.relay_status"
WAITING = "sensor.relay_readings_waiting"
LAST_DELIVERY = "sensor.relay_last_delivery"
DELIVERED = "sensor.relay_readings_delivered"
REFUSED = "sensor.relay_readings_refused"
EXPIRED = "sensor.relay_readings_expired"
DELIVERY = "switch.relay_delivery"
SEND_NOW = "button.relay_send_now"

ENTITIES = {
    HEART_RATE: ("heart_rate", "Heart rate", None),
    STATUS: ("status", "Status", EntityCategory.DIAGNOSTIC),
    WAITING: ("waiting", "Readings waiting", EntityCategory.DIAGNOSTIC),
    LAST_DELIVERY: ("last_delivery", "Last delivery", EntityCategory.DIAGNOSTIC),
    DELIVERED: ("delivered", "Readings delivered", EntityCategory.DIAGNOSTIC),
    REFUSED: ("refused", "Readings refused", EntityCategory.DIAGNOSTIC),
    EXPIRED: ("expired", "Readings expired", EntityCategory.DIAGNOSTIC),
    DELIVERY: ("delivery", "Delivery", EntityCategory.CONFIG),
    SEND_NOW: ("send_now", "Send now", EntityCategory.DIAGNOSTIC),
}
"""The key, the name and the category of each entity."""

DIAGNOSTICS = [
    entity_id
    for entity_id, (_, _, category) in ENTITIES.items()
    if category is EntityCategory.DIAGNOSTIC and entity_id != SEND_NOW
]

EXPIRED_TOKEN = json.dumps({"error_code": "7006", "error_message": "token_expired"})
FOREVER = {"Retry-After": "86400"}


@pytest.fixture(autouse=True)
def all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable what a user would have to: with a single source the heart rate is disabled."""
    monkeypatch.setattr(sensor.HeartRateSensor, "entity_registry_enabled_default", True)


def value_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    state = hass.states.get(entity_id)
    assert state
    return state.state


def values_of(hass: HomeAssistant, *entity_ids: str) -> list[str]:
    """Return what some entities show."""
    return [value_of(hass, entity_id) for entity_id in entity_ids]


async def call(hass: HomeAssistant, entity_id: str, action: str) -> None:
    """Use an entity."""
    domain = entity_id.split(".", maxsplit=1)[0]
    await hass.services.async_call(
        domain, action, {ATTR_ENTITY_ID: entity_id}, blocking=True
    )


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Stop a relay and start it again."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def until_frozen(condition: Callable[[], object]) -> None:
    """Wait for something that takes real time, while the time of the tests is frozen."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("It never happened")


async def let_pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float
) -> None:
    """Let frozen time pass."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def test_entities(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """A relay is one service device, with entities of stable ids and plain names."""
    entry = relay_entry("pulsoid", {"access_token": "a"})
    await set_up(hass, entry)

    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.identifiers == {(DOMAIN, entry.entry_id)}
    assert (device.name, device.manufacturer) == ("Relay", "Pulsoid")

    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert {entity.entity_id for entity in entities} == set(ENTITIES)
    for entity in entities:
        key, name, category = ENTITIES[entity.entity_id]
        assert entity.unique_id == f"{entry.entry_id}_{key}"
        assert entity.entity_category is category
        assert entity.device_id == device.id
        assert not entity.disabled
        state = hass.states.get(entity.entity_id)
        assert state
        assert state.attributes["friendly_name"] == f"Relay {name}"
        assert state.state != STATE_UNAVAILABLE
    heart_rate = entity_registry.async_get(HEART_RATE)
    assert heart_rate
    assert heart_rate.options == {"sensor": {"suggested_display_precision": 0}}


@pytest.mark.parametrize(
    ("entity_id", "initial", "attributes"),
    [
        (
            HEART_RATE,
            STATE_UNKNOWN,
            {"unit_of_measurement": "bpm", "state_class": "measurement"},
        ),
        (
            STATUS,
            "idle",
            {
                "device_class": "enum",
                "options": [
                    *("idle", "delivering", "waiting", "unreachable"),
                    *("not_authorised", "not_entitled", "paused"),
                ],
            },
        ),
        (
            WAITING,
            "0",
            {"unit_of_measurement": "readings", "state_class": "measurement"},
        ),
        (LAST_DELIVERY, STATE_UNKNOWN, {"device_class": "timestamp"}),
        (
            DELIVERED,
            "0",
            {"unit_of_measurement": "readings", "state_class": "total_increasing"},
        ),
        (
            REFUSED,
            "0",
            {"unit_of_measurement": "readings", "state_class": "total_increasing"},
        ),
        (
            EXPIRED,
            "0",
            {"unit_of_measurement": "readings", "state_class": "total_increasing"},
        ),
        (DELIVERY, STATE_ON, {}),
        (SEND_NOW, STATE_UNKNOWN, {}),
    ],
)
async def test_before_anything_happens(
    hass: HomeAssistant,
    entity_id: str,
    initial: str,
    attributes: dict[str, object],
) -> None:
    """A relay that has nothing to deliver says so, in its own units."""
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    state = hass.states.get(entity_id)
    assert state
    assert state.state == initial
    given = dict(state.attributes)
    given.pop("friendly_name")
    assert given == attributes


async def test_two_relays(
    hass: HomeAssistant, influxdb: InfluxDBv1, live_tracking: LiveTracking
) -> None:
    """Each relay has a device of its own, named after its service."""
    for service, data in (
        ("influxdb_v1", influxdb_data(influxdb)),
        ("livetracking", live_tracking_data(live_tracking)),
    ):
        await set_up(hass, relay_entry(service, data))
    assert {device.manufacturer for device in dr.async_get(hass).devices} == {
        *("InfluxDB", "livetracking.io")
    }


async def test_delivering(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """The first delivery is told at once."""
    await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    before = dt_util.utcnow().replace(microsecond=0)
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: value_of(hass, STATUS) == "delivering")
    assert values_of(hass, HEART_RATE, WAITING, DELIVERED, REFUSED) == [
        *("71.0", "0", "1", "0")
    ]
    delivered_at = datetime.fromisoformat(value_of(hass, LAST_DELIVERY))
    assert before <= delivered_at <= dt_util.utcnow()


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure(401), "not_authorised"),
        (Failure(403, EXPIRED_TOKEN), "not_authorised"),
        (Failure(402), "not_entitled"),
        (Failure(400, '{"error_code": 7011}'), "not_entitled"),
        (Failure(429, headers=FOREVER), "waiting"),
        (Failure(503, headers=FOREVER), "waiting"),
        (Failure(408, headers=FOREVER), "waiting"),
        (Failure(302), "unreachable"),
        (Failure(404), "unreachable"),
        (Failure(500), "unreachable"),
        (Failure(200, drop=True), "unreachable"),
    ],
)
async def test_outcomes(
    hass: HomeAssistant, pulsoid: Pulsoid, failure: Failure, status: str
) -> None:
    """How it goes is told at once, and so is that it goes well again."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    await set_up(hass, entry)
    measure(hass, 70)
    pulsoid.failure = failure
    measure(hass, 71)
    await until(lambda: value_of(hass, STATUS) == status)
    assert values_of(hass, WAITING, DELIVERED, REFUSED) == ["1", "0", "0"]
    # Collecting never stops because delivering does
    assert value_of(hass, HEART_RATE) == "71.0"
    measure(hass, 72)
    assert value_of(hass, HEART_RATE) == "72.0"

    pulsoid.failure = None
    if status == "not_authorised":
        await reload(hass, entry)
    else:
        await call(hass, SEND_NOW, "press")

    await until(lambda: value_of(hass, STATUS) == "delivering")
    await until(lambda: len(pulsoid.arrivals) == 2)
    assert {arrival.value for arrival in pulsoid.arrivals} == {71, 72}


async def test_refused(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """A reading that will never be accepted is counted, and holds nothing up."""
    coordinator = await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    pulsoid.objection = objecting(71, "no")
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: coordinator.last_error == "refused")
    assert values_of(hass, STATUS, WAITING, DELIVERED, REFUSED) == [
        *("idle", "1", "0", "0")
    ]
    measure(hass, 72)
    await call(hass, SEND_NOW, "press")
    await until(lambda: coordinator.outbox.tally.refused)
    await until(lambda: value_of(hass, STATUS) == "delivering")
    coordinator._publish()
    assert values_of(hass, WAITING, DELIVERED, REFUSED) == ["0", "1", "1"]
    assert [arrival.value for arrival in pulsoid.arrivals] == [72]


async def test_expired(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """What falls out of the outbox is counted, the oldest first."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid), keep_readings=2, paused=True)
    await set_up(hass, entry)
    for value in range(70, 76):
        measure(hass, value)
    await reload(hass, entry)
    assert values_of(hass, WAITING, EXPIRED) == ["2", "3"]
    await call(hass, DELIVERY, "turn_on")
    await until(lambda: len(pulsoid.arrivals) == 2)
    assert {arrival.value for arrival in pulsoid.arrivals} == {74, 75}


async def test_counters_survive(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """What a relay has done is not forgotten when it starts anew."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)
    for value in range(70, 76):
        measure(hass, value)
    await until(lambda: coordinator.outbox.tally.delivered == 5)
    pulsoid.objection = objecting(80, "no")
    measure(hass, 80)
    await until(lambda: coordinator.last_error == "refused")
    measure(hass, 81)
    await call(hass, SEND_NOW, "press")
    await until(lambda: coordinator.outbox.tally.refused == 1)
    await reload(hass, entry)
    assert values_of(hass, STATUS, WAITING, DELIVERED, REFUSED) == [
        *("idle", "0", "6", "1")
    ]
    assert datetime.fromisoformat(value_of(hass, LAST_DELIVERY))


async def changes_over_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    seconds: int,
    each_second: Callable[[int], None],
    settled: Callable[[int], object],
) -> dict[str, list[datetime]]:
    """Return when each entity changed while something happened each second."""
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    for second in range(seconds):
        each_second(second)
        await until_frozen(partial(settled, second))
        await let_pass(hass, freezer, 1)
    changes: dict[str, list[datetime]] = {entity_id: [] for entity_id in ENTITIES}
    for event in events:
        if (entity_id := event.data["entity_id"]) in changes:
            changes[entity_id].append(event.time_fired)
    return changes


def assert_quiet(changes: list[datetime]) -> None:
    """See that there are at most two changes in any minute."""
    for first, third in zip(changes, changes[2:], strict=False):
        assert third - first >= timedelta(minutes=1)


async def test_what_is_on_its_way_does_not_wait(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """Whoever looks while all is well sees that nothing waits."""
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    measure(hass, 70)
    measure(hass, 71)
    await until_frozen(lambda: value_of(hass, STATUS) == "delivering")
    events = async_capture_events(hass, EVENT_STATE_CHANGED)

    await let_pass(hass, freezer, 5)
    influxdb.failures.append(Failure(204, delay=27))
    measure(hass, 72)
    await until_frozen(lambda: not influxdb.failures)
    # Now it would be told how many wait, and the answer is still to come
    await let_pass(hass, freezer, 26)
    freezer.tick(2)
    await until_frozen(lambda: coordinator.outbox.tally.delivered == 2)
    await until_frozen(lambda: value_of(hass, DELIVERED) == "2")

    assert not [event for event in events if event.data["entity_id"] == WAITING]


async def test_quiet_while_delivering(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """Numbers are written at most twice a minute, the heart rate each time."""
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    measure(hass, 70)
    measure(hass, 71)
    await until_frozen(lambda: value_of(hass, STATUS) == "delivering")
    # A database waits a moment for more, by a clock that stands still here
    freezer.tick(1)

    changes = await changes_over_time(
        hass,
        freezer,
        150,
        lambda second: measure(hass, 72 + second % 5),
        lambda second: coordinator.outbox.tally.delivered == second + 2,
    )

    assert len(changes[HEART_RATE]) == 150
    assert len(changes[DELIVERED]) in (4, 5)
    assert len(changes[LAST_DELIVERY]) in (4, 5)
    assert not changes[STATUS]
    for entity_id in DIAGNOSTICS:
        assert_quiet(changes[entity_id])
    # The last word is not lost
    await let_pass(hass, freezer, 31)
    assert value_of(hass, DELIVERED) == "151"
    # And then there is nothing to tell
    changes = await changes_over_time(
        hass, freezer, 90, lambda second: None, lambda second: True
    )
    assert not any(changes[entity_id] for entity_id in DIAGNOSTICS)


async def test_quiet_while_paused(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant
) -> None:
    """A backlog that grows is told no more often, and in the end rightly."""
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}, paused=True))
    measure(hass, 70)
    changes = await changes_over_time(
        hass, freezer, 150, lambda second: measure(hass, 71), lambda second: True
    )
    assert len(changes[WAITING]) > 1
    assert_quiet(changes[WAITING])
    await let_pass(hass, freezer, 31)
    # An unchanged value is a reading for a minute
    assert value_of(hass, WAITING) == "61"


async def test_heart_rate_of_the_first_live_source(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant
) -> None:
    """The wearer's heart rate is that of the best source that is live."""
    entry = relay_entry(
        "pulsoid", {"access_token": "a"}, [STRAP, WATCH], paused=True, live_for=30
    )
    await set_up(hass, entry)

    def shows(expected: object) -> bool:
        return value_of(hass, HEART_RATE) == str(expected)

    # What was said before may be old
    measure(hass, 60, STRAP)
    measure(hass, 80, WATCH)
    assert shows(STATE_UNKNOWN)
    measure(hass, 81, WATCH)
    assert shows(81.0)
    measure(hass, 61, STRAP)
    assert shows(61.0)
    measure(hass, 82, WATCH)
    assert shows(61.0)
    # Unavailable: the next one steps in at once, and out again
    measure(hass, STATE_UNAVAILABLE, STRAP)
    assert shows(82.0)
    measure(hass, 62, STRAP)
    assert shows(62.0)
    # Implausible is as good as unavailable
    measure(hass, 0, STRAP)
    assert shows(82.0)
    measure(hass, 63, STRAP)
    assert shows(63.0)
    # Silent: the next one steps in as soon as that is sure
    await let_pass(hass, freezer, 20)
    measure(hass, 83, WATCH)
    assert shows(63.0)
    await let_pass(hass, freezer, 11)
    assert shows(83.0)
    await let_pass(hass, freezer, 20)
    assert shows(STATE_UNKNOWN)
    # Back from silence
    measure(hass, 64, STRAP)
    assert shows(64.0)
    # Gone
    hass.states.async_remove(STRAP)
    await hass.async_block_till_done()
    assert shows(STATE_UNKNOWN)


async def test_heart_rate_of_the_next_source(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant
) -> None:
    """The source that steps in counts as live for no longer than by itself."""
    entry = relay_entry(
        "pulsoid", {"access_token": "a"}, [STRAP, WATCH], paused=True, live_for=30
    )
    await set_up(hass, entry)
    measure(hass, 60, STRAP)
    measure(hass, 80, WATCH)
    measure(hass, 81, WATCH)
    await let_pass(hass, freezer, 10)
    measure(hass, 82, WATCH)
    await let_pass(hass, freezer, 19)
    measure(hass, 61, STRAP)
    await let_pass(hass, freezer, 2)
    assert value_of(hass, HEART_RATE) == "61.0"
    measure(hass, STATE_UNAVAILABLE, STRAP)
    assert value_of(hass, HEART_RATE) == "82.0"
    await let_pass(hass, freezer, 10)
    assert value_of(hass, HEART_RATE) == STATE_UNKNOWN


async def test_heart_rate_that_is_frozen(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant
) -> None:
    """A source that repeats one value for too long is not live."""
    entry = relay_entry("pulsoid", {"access_token": "a"}, paused=True, live_for=30)
    await set_up(hass, entry)
    measure(hass, 60)
    measure(hass, 61)
    for _ in range(31):
        assert value_of(hass, HEART_RATE) == "61.0"
        measure(hass, 61)
        await let_pass(hass, freezer, 1)
    for _ in range(30):
        measure(hass, 61)
        await let_pass(hass, freezer, 1)
    assert value_of(hass, HEART_RATE) == STATE_UNKNOWN


async def test_heart_rate_while_nothing_is_delivered(
    hass: HomeAssistant, pulsoid: Pulsoid
) -> None:
    """The heart rate is that of the wearer, not what the service got of it."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid), min_interval=3600)
    await set_up(hass, entry)
    for value in (70, 71, 72, 73):
        measure(hass, value)
    assert value_of(hass, HEART_RATE) == "73.0"
    await until(lambda: value_of(hass, DELIVERED) == "1")
    assert [arrival.value for arrival in pulsoid.arrivals] == [71]


async def test_pause(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """A paused relay collects, stays paused over a restart, and delivers it all later."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid), of_the_future=1)
    await set_up(hass, entry)
    measure(hass, 70)
    await call(hass, DELIVERY, "turn_off")
    assert values_of(hass, DELIVERY, STATUS) == [STATE_OFF, "paused"]
    for value in (71, 72, 73):
        measure(hass, value)

    await reload(hass, entry)

    assert values_of(hass, DELIVERY, STATUS, WAITING) == [STATE_OFF, "paused", "3"]
    measure(hass, 74)
    assert not pulsoid.requests
    await call(hass, DELIVERY, "turn_on")
    assert value_of(hass, DELIVERY) == STATE_ON
    await until(lambda: len(pulsoid.arrivals) == 4)
    assert {arrival.value for arrival in pulsoid.arrivals} == {71, 72, 73, 74}
    assert value_of(hass, STATUS) == "delivering"
    assert entry.options["paused"] is False
    assert entry.options["of_the_future"] == 1

    await reload(hass, entry)
    assert value_of(hass, DELIVERY) == STATE_ON


async def test_pause_hides_and_shows_trouble(
    hass: HomeAssistant, pulsoid: Pulsoid
) -> None:
    """A pause ends where it began: trouble that was there still is."""
    pulsoid.failure = Failure(503, headers=FOREVER)
    await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: value_of(hass, STATUS) == "waiting")
    await call(hass, DELIVERY, "turn_off")
    assert value_of(hass, STATUS) == "paused"
    await call(hass, DELIVERY, "turn_on")
    assert value_of(hass, STATUS) == "waiting"


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure(503, headers=FOREVER), "waiting"),
        (Failure(402), "not_entitled"),
        (Failure(500), "unreachable"),
    ],
)
async def test_send_now(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    pulsoid: Pulsoid,
    failure: Failure,
    status: str,
) -> None:
    """The button ends any wait: no time passes here, and it is delivered all the same."""
    pulsoid.failure = failure
    coordinator = await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    measure(hass, 70)
    measure(hass, 71)
    await until_frozen(lambda: value_of(hass, STATUS) == status)
    requests = len(pulsoid.requests)
    await call(hass, SEND_NOW, "press")
    await until_frozen(lambda: len(pulsoid.requests) == requests + 1)
    await until_frozen(lambda: coordinator.delivery._delay())
    assert value_of(hass, STATUS) == status

    pulsoid.failure = None
    await call(hass, SEND_NOW, "press")

    await until_frozen(lambda: value_of(hass, STATUS) == "delivering")
    assert [arrival.value for arrival in pulsoid.arrivals] == [71]


async def test_send_nothing(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """The button does no harm where nothing waits."""
    await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    await call(hass, SEND_NOW, "press")
    assert value_of(hass, STATUS) == "idle"
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: pulsoid.arrivals)
    assert len(pulsoid.requests) == 1


async def test_send_now_is_of_no_use(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """Where the button cannot help, it says what does."""
    await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    measure(hass, 70)
    await call(hass, DELIVERY, "turn_off")
    measure(hass, 71)
    strings = json.loads(
        Path(sensor.__file__).with_name("translations").joinpath("en.json").read_text()
    )["exceptions"]

    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, SEND_NOW, "press")

    message = strings["cannot_send_paused"]["message"].format(relay="Relay")
    # Home Assistant takes the full stop away
    assert str(raised.value) == message.rstrip(".")
    await hass.async_block_till_done()
    assert not pulsoid.requests
