"""What automations can do with a relay."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import Failure, InfluxDBv1, Pulsoid
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .common import (
    STRAP,
    influxdb_data,
    measure,
    objecting,
    pulsoid_data,
    relay_entry,
    set_up,
    until,
)
from .monitor.common import monitor_entry


@pytest.fixture
async def relay(hass: HomeAssistant, influxdb: InfluxDBv1) -> MockConfigEntry:
    """Return a relay to a database."""
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, entry)
    return entry


async def act(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    action: str,
    context: Context | None = None,
    **data: Any,
) -> Any:
    """Perform an action, and return its response where it has one."""
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"config_entry_id": entry.entry_id, **data},
        blocking=True,
        context=context,
        return_response=action.endswith("_outbox") or action == "export_workout",
    )


async def test_send_reading(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """A reading of an automation's own is delivered like any other, as of now."""
    before = dt_util.utcnow()
    await act(hass, relay, "send_reading", value=72.5, device="Treadmill")
    await until(lambda: influxdb.arrivals)
    (arrival,) = influxdb.arrivals
    assert arrival.value == 72.5
    assert before.timestamp() * 1_000_000 - 1 <= arrival.measured_at
    assert arrival.measured_at <= dt_util.utcnow().timestamp() * 1_000_000
    await until(lambda: relay.runtime_data.outbox.tally.delivered == 1)


async def test_send_what_is_not_taken(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """A service gets no reading of what it has no place for."""
    relay = relay_entry("pulsoid", pulsoid_data(pulsoid))
    await set_up(hass, relay)
    with pytest.raises(ServiceValidationError) as info:
        await act(hass, relay, "send_reading", value=60, metric="resting_heart_rate")
    assert info.value.translation_key == "metric_not_taken"


async def test_send_reading_of_then(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """A reading has the time at which it was measured, in the home's time zone."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    then = dt_util.now().replace(microsecond=0) - timedelta(days=2)
    await act(
        hass, relay, "send_reading", value=60, measured_at=then.replace(tzinfo=None)
    )
    await until(lambda: influxdb.arrivals)
    assert influxdb.arrivals[0].measured_at == then.timestamp() * 1_000_000


@pytest.mark.parametrize(("minutes", "at"), [(15, 1), (45, 0)])
async def test_send_reading_of_an_hour_that_comes_twice(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    minutes: int,
    at: int,
) -> None:
    """A time that is told when summer ends is the nearest one that is past."""
    freezer.move_to("2026-10-25T01:30:00Z")
    relay = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, relay)
    await hass.config.async_set_time_zone("Europe/Berlin")
    told = f"2026-10-25 02:{minutes}:00"
    await act(hass, relay, "send_reading", value=60, measured_at=told)
    await until(lambda: influxdb.arrivals)
    expected = datetime(2026, 10, 25, at, minutes, tzinfo=UTC)
    assert influxdb.arrivals[0].measured_at == expected.timestamp() * 1_000_000
    await hass.config_entries.async_unload(relay.entry_id)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"value": 19.9}, "implausible_value"),
        ({"value": 251}, "implausible_value"),
        ({"value": float("nan")}, "implausible_value"),
        ({"value": 60, "measured_at": datetime(2200, 1, 1)}, "implausible_time"),
        ({"value": 60, "measured_at": datetime(2020, 1, 1)}, "implausible_time"),
    ],
)
async def test_send_no_reading(
    hass: HomeAssistant, relay: MockConfigEntry, data: dict[str, Any], key: str
) -> None:
    """What no source could have measured is no reading, and told so at once."""
    with pytest.raises(ServiceValidationError) as info:
        await act(hass, relay, "send_reading", **data)
    assert info.value.translation_key == key
    assert str(info.value) != key
    assert not relay.runtime_data.outbox.tally.delivered
    assert not len(relay.runtime_data.outbox)


@pytest.mark.parametrize(
    "action", ["send_reading", "flush", "get_outbox", "discard_outbox"]
)
async def test_not_a_relay(
    hass: HomeAssistant,
    mock_bluetooth: None,
    action: str,
) -> None:
    """A monitor is no relay."""
    entry = monitor_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    data: dict[str, Any] = {"value": 60} if action == "send_reading" else {}
    with pytest.raises(ServiceValidationError, match=entry.title) as info:
        await act(hass, entry, action, **data)
    assert info.value.translation_key == "not_a_relay"


async def test_flush(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What waits for a service that is back goes out at once."""
    coordinator = relay.runtime_data
    influxdb.failure = Failure(500)
    await act(hass, relay, "send_reading", value=60)
    await until(lambda: coordinator.data.status is Status.UNREACHABLE)
    influxdb.failure = None
    coordinator.delivery._not_before += 3600
    await act(hass, relay, "flush")
    await until(lambda: influxdb.arrivals)


async def test_flush_in_vain(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """Nothing goes out of a relay that is paused."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid), paused=True)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match="paused"):
        await act(hass, entry, "flush")


async def test_outbox(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
) -> None:
    """What waits is told, and gone when it is discarded."""
    assert await act(hass, relay, "get_outbox") == {
        "waiting": 0,
        "oldest": None,
        "last_error": None,
        "backfill": None,
        "refused": [],
    }
    coordinator = relay.runtime_data
    influxdb.failure = Failure(500)
    oldest = dt_util.utcnow().replace(microsecond=0) - timedelta(hours=1)
    for minutes in (30, 0, 45):
        await act(
            hass,
            relay,
            "send_reading",
            value=60,
            measured_at=oldest + timedelta(minutes=minutes),
        )
    await until(lambda: coordinator.data.status is Status.UNREACHABLE)
    for is_stored in (False, True):
        if is_stored:
            await coordinator.outbox.flush()
            await act(hass, relay, "send_reading", value=61)
        told = await act(hass, relay, "get_outbox")
        assert told["waiting"] == 3 + is_stored
        assert told["oldest"] == oldest.isoformat()
        assert told["last_error"] == "server_error"
    assert await act(hass, relay, "discard_outbox") == {"discarded": 4}
    told = await act(hass, relay, "get_outbox")
    assert (told["waiting"], told["oldest"]) == (0, None)
    influxdb.failure = None
    await act(hass, relay, "flush")
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: influxdb.arrivals)
    assert [arrival.value for arrival in influxdb.arrivals] == [71]


async def test_refused(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What the service refused is told with its reason."""
    measure(hass, 60)
    influxdb.objection = objecting(66, '{"error": "too fast"}')
    now = dt_util.utcnow().timestamp()
    measure(hass, 66, at=now)
    await until(lambda: relay.runtime_data.last_error == "refused")
    measure(hass, 67)
    await act(hass, relay, "flush")
    await until(lambda: relay.runtime_data.outbox.tally.refused)
    (refused,) = (await act(hass, relay, "get_outbox"))["refused"]
    assert "too fast" in refused.pop("reason")
    assert refused == {
        "metric": "heart_rate",
        "value": 66.0,
        "measured_at": datetime.fromtimestamp(now, UTC).isoformat(),
        "source": STRAP,
    }


ACTIONS: dict[str, dict[str, Any]] = {
    "backfill": {},
    "discard_outbox": {},
    "end_workout": {},
    "export_workout": {},
    "find_workouts": {},
    "flush": {},
    "get_outbox": {},
    "send_reading": {"value": 60},
    "start_workout": {},
}

LOOK = {"entities": {"all": {"read": True}}}


async def test_actions(hass: HomeAssistant, relay: MockConfigEntry) -> None:
    """The tests below miss none."""
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(ACTIONS)


def context_of(hass: HomeAssistant, policy: dict[str, Any]) -> Context:
    """Return the context of what somebody does who has these rights."""
    user = MockUser().add_to_hass(hass)
    user.mock_policy(policy)
    return Context(user_id=user.id)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("entities", ["all", "one", "those of another relay", "nobody"])
async def test_no_right(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    action: str,
    entities: str,
) -> None:
    """Whoever may only look, or knows only a part of it, may not read, forge or delete."""
    context = context_of(hass, LOOK)
    if entities == "one":
        control = {"sensor.relay_status": {"control": True}}
        context = context_of(hass, {"entities": {"entity_ids": control}})
    elif entities == "those of another relay":
        another = relay_entry(
            "influxdb_v1", {**influxdb_data(influxdb), "database": "a"}
        )
        await set_up(hass, another)
        control = {
            entity.entity_id: {"control": True}
            for entity in er.async_entries_for_config_entry(
                er.async_get(hass), another.entry_id
            )
        }
        context = context_of(hass, {"entities": {"entity_ids": control}})
    elif entities == "nobody":
        context = Context(user_id="somebody who is gone")
    relay.runtime_data.async_pause(True)
    await act(hass, relay, "send_reading", value=61)
    with pytest.raises(Unauthorized):
        await act(hass, relay, action, context, **ACTIONS[action])
    assert len(relay.runtime_data.outbox) == 1


@pytest.mark.parametrize("who", ["owner", "user", "controls it", "automation"])
async def test_right(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1, who: str
) -> None:
    """Whoever may control the relay may do all, and so may automations."""
    own = {
        entity.entity_id: {"control": True}
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), relay.entry_id
        )
    }
    context = {
        "owner": Context(user_id=MockUser(is_owner=True).add_to_hass(hass).id),
        "user": context_of(hass, {"entities": True}),
        "controls it": context_of(hass, {"entities": {"entity_ids": own}}),
        "automation": Context(parent_id="what it was triggered by"),
    }[who]
    await act(hass, relay, "send_reading", context, value=61)
    await until(lambda: not len(relay.runtime_data.outbox))
    assert len(influxdb.arrivals) == 1
    assert (await act(hass, relay, "get_outbox", context))["waiting"] == 0
    assert await act(hass, relay, "discard_outbox", context) == {"discarded": 0}


async def test_no_right_to_know_a_monitor(
    hass: HomeAssistant, mock_bluetooth: None
) -> None:
    """Who has no right to a monitor is not told its name either."""
    entry = monitor_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    with pytest.raises(Unauthorized):
        await act(hass, entry, "flush", context_of(hass, LOOK))
