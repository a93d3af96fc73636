"""The triggers, in automations as a person has them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from custom_components.heart_rate_relay import trigger
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import Failure, Pulsoid
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    trigger as ha_trigger,
)
from homeassistant.util.yaml import load_yaml_dict

from .automation import automate, let_pass
from .common import STRAP, WATCH, measure, pulsoid_data, relay_entry, set_up, until

STATUS = "sensor.relay_status"

ABOVE = {"type": "above", "value": {"number": 100}}
BELOW = {"type": "below", "value": {"number": 50}}
BETWEEN = {
    "type": "between",
    "value_min": {"number": 120},
    "value_max": {"number": 140},
}
OUTSIDE = BETWEEN | {"type": "outside"}

type Calls = list[ServiceCall]


@pytest.fixture
def calls(hass: HomeAssistant) -> Calls:
    """Return what the automation has done."""
    return async_mock_service(hass, "test", "alarm")


async def when(
    hass: HomeAssistant, key: str, target: Mapping[str, Any], **options: Any
) -> None:
    """Have an automation that tells which entity has triggered it."""
    await automate(
        hass,
        {
            "triggers": {
                "trigger": f"{DOMAIN}.{key}",
                "target": target,
                "options": options,
            },
            "actions": {
                "action": "test.alarm",
                "data": {"entity_id": "{{ trigger.entity_id }}"},
            },
        },
    )


async def crossed(
    hass: HomeAssistant,
    threshold: Mapping[str, Any],
    target: str | list[str] = STRAP,
    **options: Any,
) -> None:
    """Have an automation for a heart rate that crosses a bound."""
    options |= {"threshold": dict(threshold)}
    await when(hass, "heart_rate_crossed", {ATTR_ENTITY_ID: target}, **options)


def show(hass: HomeAssistant, value: object, entity_id: str = STRAP) -> None:
    """Let a sensor show something, if only that it does not know."""
    measure(hass, value, entity_id)


async def after(
    hass: HomeAssistant, calls: Calls, *values: object, entity_id: str = STRAP
) -> list[int]:
    """Return after which of some values how often the automation has run."""
    ran = []
    for value in values:
        before = len(calls)
        show(hass, value, entity_id)
        await hass.async_block_till_done()
        ran.append(len(calls) - before)
    return ran


# Heart rates


@pytest.mark.parametrize(
    ("threshold", "values", "ran"),
    [
        (ABOVE, (90, 100, 101, 150, 150, 100, 102), [0, 0, 1, 0, 0, 0, 1]),
        (BELOW, (60, 50, 49.9, 45, 45, 50, 40), [0, 0, 1, 0, 0, 0, 1]),
        (BETWEEN, (100, 120, 130, 140, 141, 90, 125), [0, 1, 0, 0, 0, 0, 1]),
        (OUTSIDE, (120, 141, 150, 100, 130, 119), [0, 1, 0, 0, 0, 1]),
    ],
)
async def test_crosses(
    hass: HomeAssistant,
    calls: Calls,
    threshold: Mapping[str, Any],
    values: tuple[float, ...],
    ran: list[int],
) -> None:
    """Each time a bound is crossed counts, and nothing on one side of it does."""
    show(hass, 130 if threshold is OUTSIDE else 70)
    await crossed(hass, threshold)
    assert await after(hass, calls, *values) == ran
    assert {call.data["entity_id"] for call in calls} == {STRAP}


@pytest.mark.parametrize("gap", [STATE_UNKNOWN, STATE_UNAVAILABLE])
async def test_gap(hass: HomeAssistant, calls: Calls, gap: str) -> None:
    """What is known again counts where it is now, and a gap itself never does."""
    show(hass, 70)
    await crossed(hass, ABOVE)
    assert await after(hass, calls, 110, gap, 111, gap, 90, gap) == [1, 0, 1, 0, 0, 0]
    assert await after(hass, calls, gap, 120) == [0, 1]


async def test_new_sensor(hass: HomeAssistant, calls: Calls) -> None:
    """The first that is ever heard of a sensor may be old, and crosses nothing."""
    await crossed(hass, ABOVE)
    assert await after(hass, calls, 110, 120, 90, 120) == [0, 0, 0, 1]


@pytest.mark.parametrize(("unit", "ran"), [("bpm", [0, 1]), ("kg", [0, 0])])
async def test_bound_of_an_entity(
    hass: HomeAssistant, calls: Calls, unit: str, ran: list[int]
) -> None:
    """A bound may be what another entity shows, unless it shows something else."""
    show(hass, 70)
    bound = "input_number.bound"
    measure(hass, 100, bound, unit_of_measurement=unit)
    await crossed(
        hass,
        {"type": "above", "value": {"active_choice": "entity", "entity": bound}},
    )
    assert await after(hass, calls, 90, 101) == ran


@pytest.mark.parametrize("gap", [90, STATE_UNKNOWN, STATE_UNAVAILABLE])
async def test_for(
    hass: HomeAssistant, calls: Calls, freezer: FrozenDateTimeFactory, gap: object
) -> None:
    """With a duration it has to stay there, and begins anew when it does not."""
    show(hass, 70)
    duration: dict[str, Any] = {"for": {"minutes": 3}}
    await crossed(hass, ABOVE, **duration)
    assert await after(hass, calls, 110) == [0]
    await let_pass(hass, freezer, 170)
    assert await after(hass, calls, 120, gap) == [0, 0]
    await let_pass(hass, freezer, 20)
    assert await after(hass, calls, 115, 115, 116) == [0, 0, 0]
    await let_pass(hass, freezer, 170)
    assert not calls
    await let_pass(hass, freezer, 11)
    assert len(calls) == 1
    await let_pass(hass, freezer, 600)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("behavior", "ran"),
    [("each", [1, 1, 0, 0, 1]), ("first", [1, 0, 0, 0, 0]), ("all", [0, 1, 0, 0, 1])],
)
async def test_several_heart_rates(
    hass: HomeAssistant, calls: Calls, behavior: str, ran: list[int]
) -> None:
    """Of several sensors each counts, or the first, or all together."""
    show(hass, 70)
    show(hass, 70, WATCH)
    await crossed(hass, ABOVE, [STRAP, WATCH], behavior=behavior)
    assert [
        (await after(hass, calls, value, entity_id=entity_id))[0]
        for entity_id, value in (
            *((STRAP, 110), (WATCH, 110), (STRAP, 120)),
            *((WATCH, 90), (WATCH, 110)),
        )
    ] == ran


def in_area(hass: HomeAssistant, name: str, unit: str) -> er.RegistryEntry:
    """Add a sensor of a device that is in an area."""
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    area = ar.async_get(hass).async_get_or_create("Gym")
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("test", "strap")}
    )
    dr.async_get(hass).async_update_device(device.id, area_id=area.id)
    entity = er.async_get(hass).async_get_or_create(
        "sensor", "test", name, config_entry=entry, device_id=device.id
    )
    measure(hass, 70, entity.entity_id, unit_of_measurement=unit)
    return entity


@pytest.mark.parametrize("kind", ["area_id", "device_id"])
async def test_device_and_area(hass: HomeAssistant, calls: Calls, kind: str) -> None:
    """Of a device or an area only heart rates count, and nothing else holds them up."""
    entity = in_area(hass, "heart", "bpm")
    others = {unit: in_area(hass, unit, unit) for unit in ("1/min", "%", "W")}
    device = dr.async_get(hass).async_get(entity.device_id or "")
    assert device
    target = {"area_id": device.area_id, "device_id": device.id}[kind]
    await when(
        hass, "heart_rate_crossed", {kind: target}, threshold=ABOVE, behavior="all"
    )
    for unit, other in others.items():
        hass.states.async_set(other.entity_id, "150", {"unit_of_measurement": unit})
    await hass.async_block_till_done()
    assert not calls
    show(hass, 150, entity.entity_id)
    await hass.async_block_till_done()
    assert [call.data["entity_id"] for call in calls] == [entity.entity_id]


@pytest.mark.parametrize(
    ("unit", "ran"),
    [("bpm", 1), ("BPM", 1), ("beats/min", 1), ("1/min", 0), ("Hz", 0), (None, 0)],
)
async def test_units(
    hass: HomeAssistant, calls: Calls, unit: str | None, ran: int
) -> None:
    """What is told in the unit of something else is no heart rate."""
    measure(hass, 70, unit_of_measurement=unit)
    await crossed(hass, ABOVE)
    measure(hass, 110, unit_of_measurement=unit)
    await hass.async_block_till_done()
    assert len(calls) == ran


def test_offered_units() -> None:
    """A person is offered what the trigger takes."""
    path = Path(trigger.__file__).with_name("triggers.yaml")
    offered = load_yaml_dict(path)["heart_rate_crossed"]
    (target,) = offered["target"]["entity"]
    selector = offered["fields"]["threshold"]["selector"]["numeric_threshold"]
    for entity in (target, *selector["entity"]):
        assert tuple(entity["unit_of_measurement"]) == trigger.HEART_RATE_UNITS


async def test_described(hass: HomeAssistant) -> None:
    """Home Assistant finds and understands what it offers of each trigger."""
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    await ha_trigger.async_setup(hass)
    descriptions = await ha_trigger.async_get_all_descriptions(hass)
    ours = {key for key in descriptions if key.split(".")[0] == DOMAIN}
    assert ours == {f"{DOMAIN}.{key}" for key in trigger.TRIGGERS}
    assert all(descriptions[key] for key in ours)


# Deliveries


async def delivery(
    hass: HomeAssistant,
    key: str,
    target: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Have an automation for a delivery that stops or resumes."""
    await when(hass, f"delivery_{key}", target or {ATTR_ENTITY_ID: STATUS}, **options)


@pytest.mark.parametrize(
    ("failure", "count"),
    [
        (Failure(500), 1),
        (Failure(200, drop=True), 1),
        (Failure(401), 1),
        (Failure(402), 1),
        (Failure(429, headers={"Retry-After": "86400"}), 0),
    ],
)
async def test_stopped(
    hass: HomeAssistant, calls: Calls, pulsoid: Pulsoid, failure: Failure, count: int
) -> None:
    """It counts once that readings stay, but not that a service asks for patience."""
    coordinator = await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    await delivery(hass, "stopped")
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: coordinator.data.status is Status.DELIVERING)
    pulsoid.failure = failure
    measure(hass, 72)
    await until(lambda: coordinator.data.status is not Status.DELIVERING)
    await hass.async_block_till_done()
    assert len(calls) == count
    requests = len(pulsoid.requests)
    if failure.status == 500:
        coordinator.async_send_now()
        await until(lambda: len(pulsoid.requests) > requests)
        await hass.async_block_till_done()
    assert len(calls) == count


async def test_resumed_after_an_outage(
    hass: HomeAssistant, calls: Calls, pulsoid: Pulsoid
) -> None:
    """It counts that a service is back, and not that it was there from the start."""
    coordinator = await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    await delivery(hass, "resumed")
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: coordinator.data.status is Status.DELIVERING)
    pulsoid.failure = Failure(500)
    measure(hass, 72)
    await until(lambda: coordinator.data.status is Status.UNREACHABLE)
    await hass.async_block_till_done()
    assert not calls
    pulsoid.failure = None
    coordinator.async_send_now()
    await until(lambda: coordinator.data.status is Status.DELIVERING)
    await until(lambda: calls)
    assert [call.data["entity_id"] for call in calls] == [STATUS]


async def test_resumed_though_stopped_before(hass: HomeAssistant, calls: Calls) -> None:
    """An automation that is made during an outage tells of its end."""
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    become(hass, "unreachable")
    await delivery(hass, "resumed")
    become(hass, "delivering")
    await hass.async_block_till_done()
    assert len(calls) == 1


async def test_resumed_after_a_new_sign_in(
    hass: HomeAssistant, calls: Calls, pulsoid: Pulsoid
) -> None:
    """That a relay is started anew with another token does not hide that it goes on."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)
    await delivery(hass, "resumed")
    pulsoid.token = "another"
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: coordinator.data.status is Status.NOT_AUTHORISED)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"access_token": "another"}
    )
    await hass.async_block_till_done()
    assert entry.runtime_data is not coordinator
    await until(lambda: calls)
    assert len(calls) == 1


def become(hass: HomeAssistant, status: str, entity_id: str = STATUS) -> None:
    """Let a relay go another way, without a service."""
    state = hass.states.get(entity_id)
    assert state
    hass.states.async_set(entity_id, status, state.attributes)


@pytest.mark.parametrize(
    ("key", "ran"),
    [
        ("stopped", ["unreachable", "not_authorised"]),
        ("resumed", ["delivering", "delivering"]),
    ],
)
async def test_all_ways(
    hass: HomeAssistant, calls: Calls, key: str, ran: list[str]
) -> None:
    """A pause, patience and one reason after the other trigger nothing."""
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    await delivery(hass, key)
    triggered = []
    for status in (
        *("delivering", "paused", "delivering", "waiting", "delivering"),
        *("unreachable", "not_entitled", "paused", "waiting", "delivering"),
        *("paused", "idle", "not_authorised", STATE_UNAVAILABLE, "idle"),
        *("delivering", "waiting", "delivering"),
    ):
        before = len(calls)
        become(hass, status)
        await hass.async_block_till_done()
        triggered += [status] * (len(calls) - before)
    assert triggered == ran


@pytest.mark.parametrize(
    ("key", "breaks"), [("stopped", "delivering"), ("resumed", "unreachable")]
)
async def test_delivery_for(
    hass: HomeAssistant,
    calls: Calls,
    freezer: FrozenDateTimeFactory,
    key: str,
    breaks: str,
) -> None:
    """With a duration, what is over before it counts not."""
    await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    other = {"delivering": "unreachable", "unreachable": "delivering"}[breaks]
    become(hass, breaks)
    await delivery(hass, key, **{"for": {"minutes": 5}})
    become(hass, other)
    await let_pass(hass, freezer, 200)
    become(hass, breaks)
    await let_pass(hass, freezer, 10)
    become(hass, other)
    await let_pass(hass, freezer, 290)
    # Neither another reason nor patience makes a difference
    become(hass, {"stopped": "not_authorised", "resumed": "waiting"}[key])
    await hass.async_block_till_done()
    assert not calls
    await let_pass(hass, freezer, 11)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("behavior", "ran"), [("each", [1, 1]), ("first", [1, 0]), ("all", [0, 1])]
)
async def test_several_relays(
    hass: HomeAssistant, calls: Calls, behavior: str, ran: list[int]
) -> None:
    """Of several relays each counts, or the first, or all together."""
    second = "sensor.relay_status_2"
    for _ in range(2):
        await set_up(hass, relay_entry("pulsoid", {"access_token": "a"}))
    both = {ATTR_ENTITY_ID: [STATUS, second]}
    await delivery(hass, "stopped", both, behavior=behavior)
    for entity_id in (STATUS, second):
        become(hass, "delivering", entity_id)
    triggered = []
    for entity_id in (STATUS, second):
        before = len(calls)
        become(hass, "unreachable", entity_id)
        await hass.async_block_till_done()
        triggered.append(len(calls) - before)
    assert triggered == ran


async def test_device_of_a_relay(hass: HomeAssistant, calls: Calls) -> None:
    """A relay can be chosen as a device, of which only the status counts."""
    entry = relay_entry("pulsoid", {"access_token": "a"})
    await set_up(hass, entry)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    other = er.async_get(hass).async_get_or_create(
        "sensor",
        "test",
        "mode",
        device_id=device.id,
        original_device_class="enum",
        translation_key="status",
    )
    attributes = {"device_class": "enum"}
    hass.states.async_set(other.entity_id, "delivering", attributes)
    await delivery(hass, "stopped", {"device_id": device.id}, behavior="all")
    hass.states.async_set(other.entity_id, "unreachable", attributes)
    await hass.async_block_till_done()
    assert not calls
    hass.states.async_set(other.entity_id, "delivering", attributes)
    become(hass, "unreachable")
    await hass.async_block_till_done()
    assert [call.data["entity_id"] for call in calls] == [STATUS]
