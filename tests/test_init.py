"""Whole relays: states in, requests out, through outages and restarts."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.heart_rate_relay import async_migrate_entry
from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS, DOMAIN
from custom_components.heart_rate_relay.delivery import backoff
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from dev.stand_ins import Failure, InfluxDBv1, LiveTracking, Pulsoid, StandIn
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import (
    STRAP,
    WATCH,
    influxdb_data,
    live_tracking_data,
    measure,
    pulsoid_data,
    relay_entry,
    set_up,
    until,
    us,
)

DAY = 24 * 60 * 60


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(backoff, "MIN_BACKOFF", 0.01)
    monkeypatch.setattr(backoff, "MAX_BACKOFF", 0.02)


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload a relay and set it up again."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def until_arrived(stand_in: StandIn, value: float) -> None:
    """Wait for a reading to arrive."""
    await until(lambda: stand_in.arrivals and stand_in.arrivals[-1].value == value)


async def test_pulsoid_live(hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """Each reading reaches Pulsoid at once, in order, with its own time."""
    measure(hass, 60)
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    await set_up(hass, entry)
    times = []
    for value in (70, 71.4, 72, 72, 73):
        measure(hass, value)
        state = hass.states.get(STRAP)
        assert state
        times.append(us(state.last_reported_timestamp, 1000))
        await until(lambda: len(pulsoid.arrivals) == len(times))
    assert [arrival.value for arrival in pulsoid.arrivals] == [70, 71, 72, 72, 73]
    assert [arrival.measured_at for arrival in pulsoid.arrivals] == times
    await hass.config_entries.async_unload(entry.entry_id)


async def test_two_services_at_once(
    hass: HomeAssistant, pulsoid: Pulsoid, live_tracking: LiveTracking
) -> None:
    """The same reading goes to each relay, of the most preferred source to each line."""
    measure(hass, 60)
    measure(hass, 60, WATCH)
    sources = [STRAP, WATCH]
    entries = [
        relay_entry("pulsoid", pulsoid_data(pulsoid), sources),
        relay_entry("livetracking", live_tracking_data(live_tracking), sources),
    ]
    for entry in entries:
        await set_up(hass, entry)
    measure(hass, 70)
    measure(hass, 100, WATCH)
    measure(hass, 71)
    await until(lambda: len(pulsoid.arrivals) == len(live_tracking.arrivals) == 2)
    for stand_in in (pulsoid, live_tracking):
        assert [arrival.value for arrival in stand_in.arrivals] == [70, 71]
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_nothing_is_written_while_the_service_answers(
    hass: HomeAssistant, influxdb: InfluxDBv1, tmp_path: Path
) -> None:
    """An SD card has nothing to do with readings that are delivered."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, entry)
    before = set(tmp_path.rglob("*"))
    for value in range(61, 121):
        measure(hass, value)
        await until_arrived(influxdb, value)
    assert set(tmp_path.rglob("*")) == before
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_retries")
async def test_day_long_outage_with_restarts(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """What was measured while the service was down arrives, in order and once."""
    start = dt_util.utcnow().timestamp() - DAY
    measure(hass, 60, at=start)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, entry)
    influxdb.failure = Failure(500)
    expected = []
    for second in range(1, DAY):
        value, at = 60 + second % 90, start + second
        measure(hass, value, at=at)
        expected.append((value, us(at)))
        if second in (20_000, 50_000):
            await restart(hass, entry)
    assert not influxdb.arrivals
    influxdb.failure = None
    await until(lambda: len(influxdb.arrivals) >= len(expected), timeout=60)
    assert [(a.value, a.measured_at) for a in influxdb.arrivals] == expected
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("quick_retries")
async def test_pulsoid_gets_the_newest_first(
    hass: HomeAssistant, pulsoid: Pulsoid
) -> None:
    """After an outage the overlay shows the present, and the past follows behind."""
    now = dt_util.utcnow().timestamp()
    measure(hass, 60, at=now - 100)
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)
    pulsoid.failure = Failure(500)
    for count in range(10):
        measure(hass, 61 + count, at=now - 10 + count)
    await coordinator.outbox.flush()
    await until(lambda: coordinator.last_error)
    pulsoid.failure = None
    await until(lambda: len(pulsoid.arrivals) >= 3)
    measure(hass, 99)
    await until(lambda: len(pulsoid.arrivals) == 11)
    values = [arrival.value for arrival in pulsoid.arrivals]
    assert values.index(99) < 10
    values.remove(99)
    assert values == [70, 69, 68, 67, 66, 65, 64, 63, 62, 61]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_set_up_while_the_service_is_down(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """A relay collects from the start, whatever the service does."""
    data = influxdb_data(influxdb)
    await influxdb.stop()
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", data)
    coordinator = await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    measure(hass, 70)
    await until(lambda: coordinator.data.status == "unreachable")
    await influxdb.start(influxdb.url.port or 0)
    coordinator.async_send_now()
    await until(lambda: influxdb.arrivals)
    assert [arrival.value for arrival in influxdb.arrivals] == [70]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_loaded_again_in_an_outage(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """That a service did not answer is known from the start, and is no news then."""
    influxdb.failures.extend([Failure(500)] * 9)
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    measure(hass, 70)
    await until(lambda: coordinator.data.status == "unreachable")
    coordinator.async_pause(True)
    shown: list[str] = []
    async_track_state_change_event(
        hass,
        ["sensor.relay_status"],
        lambda event: shown.append(getattr(event.data["new_state"], "state", "")),
    )
    await hass.config_entries.async_reload(entry.entry_id)
    entry.runtime_data.async_pause(False)
    await until(lambda: "unreachable" in shown)
    assert "idle" not in shown
    await hass.config_entries.async_unload(entry.entry_id)


async def test_home_assistant_stops(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """What waits when Home Assistant stops is there when it starts."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    coordinator.async_pause(True)
    measure(hass, 70)
    measure(hass, 71)
    await hass.async_stop()
    assert hass.state is CoreState.stopped
    reopened = type(coordinator.outbox)(
        outbox_path(hass, entry.entry_id), max_readings=10, max_age=60
    )
    await reopened.open()
    entries = await reopened.take(10, newest_first=False)
    assert [taken.reading.value for taken in entries] == [70, 71]
    await reopened.close()


async def test_counters_survive_a_restart(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """What was counted is counted on."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, entry)
    for value in (70, 71, 72):
        measure(hass, value)
    await until(lambda: len(influxdb.arrivals) == 3)
    await restart(hass, entry)
    measure(hass, 73)
    await until(lambda: len(influxdb.arrivals) == 4)
    await until(lambda: entry.runtime_data.outbox.tally.delivered == 4)
    state = hass.states.get("sensor.relay_readings_delivered")
    assert state
    assert int(state.state) in (3, 4)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_not_authorised(
    hass: HomeAssistant, pulsoid: Pulsoid, caplog: pytest.LogCaptureFixture
) -> None:
    """A revoked token starts a sign-in, and nothing is sent or lost until it is done."""
    measure(hass, 60)
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)
    hass.config_entries.async_update_entry(
        entry, unique_id=f"pulsoid {pulsoid.profile_id}"
    )
    pulsoid.revoked = True
    measure(hass, 70)
    await until(lambda: coordinator.data.status == "not_authorised")
    measure(hass, 71)
    measure(hass, 72)
    await hass.async_block_till_done()
    assert len([r for r in pulsoid.requests if r.method == "POST"]) == 1
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH

    pulsoid.revoked = False
    pulsoid.token = "another-token"
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"access_token": "another-token"}
    )
    await until(lambda: len(pulsoid.arrivals) == 3)
    assert sorted(arrival.value for arrival in pulsoid.arrivals) == [70, 71, 72]
    assert "another-token" not in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_not_entitled(
    hass: HomeAssistant, pulsoid: Pulsoid, issue_registry: ir.IssueRegistry
) -> None:
    """What the account lacks is reported, and taken back once it is there."""
    measure(hass, 60)
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)
    pulsoid.premium = False
    measure(hass, 70)
    await until(lambda: coordinator.data.status == "not_entitled")
    issue = issue_registry.async_get_issue(DOMAIN, f"not_entitled_{entry.entry_id}")
    assert issue
    assert issue.translation_key == "premium_required"
    assert issue.translation_placeholders == {"relay": "Relay"}
    pulsoid.premium = True
    coordinator.async_send_now()
    await until(lambda: pulsoid.arrivals)
    await until(lambda: coordinator.data.status == "delivering")
    assert not issue_registry.issues
    await hass.config_entries.async_unload(entry.entry_id)


async def test_not_entitled_to_something_else(
    hass: HomeAssistant, pulsoid: Pulsoid, issue_registry: ir.IssueRegistry
) -> None:
    """A repair names what the account lacks now, not what it lacked before."""
    measure(hass, 60)
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)

    def lacks() -> str | None:
        issue_id = f"not_entitled_{entry.entry_id}"
        issue = issue_registry.async_get_issue(DOMAIN, issue_id)
        return issue.translation_key if issue else None

    pulsoid.premium = False
    measure(hass, 70)
    await until(lambda: lacks() == "premium_required")
    pulsoid.premium, pulsoid.scopes = True, ()
    coordinator.async_send_now()
    await until(lambda: lacks() == "missing_scope")
    await hass.config_entries.async_unload(entry.entry_id)
    assert not issue_registry.issues


async def test_stop_in_the_middle_of_a_reload(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """Nothing is lost when Home Assistant stops while a relay is unloaded."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, entry)
    measure(hass, 70)
    await coordinator.async_stop()
    await coordinator.async_stop()
    assert len(coordinator.outbox) == 1
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("quick_retries")
async def test_log(
    hass: HomeAssistant, influxdb: InfluxDBv1, caplog: pytest.LogCaptureFixture
) -> None:
    """There is one line when a service goes down, and one when it comes back."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    measure(hass, 70)
    await until(lambda: influxdb.arrivals)
    influxdb.failure = Failure(500, body="heart rate 71")
    for value in range(71, 81):
        measure(hass, value)
    await until(lambda: len(influxdb.requests) > 10)
    influxdb.failure = None
    coordinator.async_send_now()
    await until(lambda: len(influxdb.arrivals) == 11)
    await until(lambda: coordinator.data.status == "delivering")
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.heart_rate_relay")
        and record.levelname != "DEBUG"
    ]
    assert len(lines) == 2
    assert not any("71" in line for line in lines)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_source_gone(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    entity_registry: er.EntityRegistry,
    issue_registry: ir.IssueRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A source that is removed is reported by its name, until it is back."""
    source = entity_registry.async_get_or_create(
        "sensor", "strap", "1", suggested_object_id="strap_heart_rate"
    )
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [source.id])
    await set_up(hass, entry)

    async def wait() -> None:
        await hass.async_block_till_done()
        freezer.tick(11)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()

    await wait()
    assert not issue_registry.issues
    entity_registry.async_remove(STRAP)
    hass.states.async_remove(STRAP)
    await wait()
    (issue,) = issue_registry.issues.values()
    assert issue.translation_key == "source_missing"
    assert source.id not in issue.issue_id
    assert issue.translation_placeholders == {"relay": "Relay", "source": STRAP}
    entity_registry.async_get_or_create(
        "sensor", "strap", "1", suggested_object_id="strap_heart_rate"
    )
    measure(hass, 61)
    await wait()
    assert not issue_registry.issues
    await hass.config_entries.async_unload(entry.entry_id)


async def test_damaged_outbox(
    hass: HomeAssistant, influxdb: InfluxDBv1, issue_registry: ir.IssueRegistry
) -> None:
    """A damaged file is set aside and reported, and the relay goes on."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    path = outbox_path(hass, entry.entry_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"What a power cut leaves behind" * 100)
    await set_up(hass, entry)
    assert issue_registry.async_get_issue(DOMAIN, f"outbox_damaged_{entry.entry_id}")
    assert len(list(path.parent.glob("*.damaged-*"))) == 1
    measure(hass, 70)
    await until(lambda: influxdb.arrivals)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_remove(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """With a relay its readings are removed."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    await set_up(hass, entry)
    measure(hass, 70)
    path = outbox_path(hass, entry.entry_id)
    await until(path.exists)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not path.parent.exists()


SENSOR = {"unit_of_measurement": "bpm", "friendly_name": "Heart rate"}


@pytest.mark.parametrize(
    ("options", "entity_id", "attributes", "followed"),
    [
        ({"follow_new": True}, "sensor.polar_heart_rate", SENSOR, True),
        ({"follow_new": False}, "sensor.polar_heart_rate", SENSOR, False),
        ({"follow_new": True}, "sensor.resting_heart_rate", SENSOR, False),
        (
            {"follow_new": True, "declined": ["sensor.polar_heart_rate"]},
            "sensor.polar_heart_rate",
            SENSOR,
            False,
        ),
    ],
)
async def test_follow_new(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    options: dict[str, Any],
    entity_id: str,
    attributes: dict[str, Any],
    followed: bool,
) -> None:
    """New heart-rate sensors become sources for those who want it, and only those."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), **options)
    await set_up(hass, entry)
    hass.states.async_set(entity_id, "70", attributes)
    await hass.async_block_till_done()
    hass.states.async_set(entity_id, "71", attributes)
    measure(hass, 61)
    await until(lambda: len(influxdb.arrivals) == 1 + followed)
    assert entry.options["sources"] == ([STRAP, entity_id] if followed else [STRAP])
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_too_old_for_the_service(
    hass: HomeAssistant, live_tracking: LiveTracking
) -> None:
    """What livetracking.io would drop is not sent there."""
    now = dt_util.utcnow().timestamp()
    measure(hass, 60, at=now - 10 * 3600)
    entry = relay_entry("livetracking", live_tracking_data(live_tracking))
    coordinator = await set_up(hass, entry)
    measure(hass, 70, at=now - 9 * 3600)
    measure(hass, 71, at=now - 7 * 3600)
    await until(lambda: coordinator.outbox.tally.delivered)
    assert [arrival.value for arrival in live_tracking.arrivals] == [71]
    assert coordinator.outbox.tally.expired == 1
    assert coordinator.outbox.tally.refused == 0
    await hass.config_entries.async_unload(entry.entry_id)


async def test_update_entity(hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """Who asks how a relay does is told at once."""
    assert await async_setup_component(hass, "homeassistant", {})
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    for value in (70, 71):
        measure(hass, value)
        await until_arrived(influxdb, value)
    await until(lambda: coordinator.outbox.tally.delivered == 2)
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": "sensor.relay_readings_delivered"},
        blocking=True,
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    await until(lambda: coordinator.data.delivered == 2)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_nothing_lingers(
    hass: HomeAssistant, influxdb: InfluxDBv1, freezer: FrozenDateTimeFactory
) -> None:
    """A relay that is unloaded listens to nothing, and sends nothing."""
    measure(hass, 60)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    await set_up(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    measure(hass, 70)
    freezer.tick(timedelta(minutes=10))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert not influxdb.arrivals


@pytest.mark.parametrize(
    ("version", "minor_version", "state"),
    [
        (1, 2, ConfigEntryState.LOADED),
        (1, 3, ConfigEntryState.LOADED),
        (2, 1, ConfigEntryState.MIGRATION_ERROR),
    ],
)
async def test_entry_of_another_version(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    version: int,
    minor_version: int,
    state: ConfigEntryState,
) -> None:
    """What a later version added is left alone; what it made another is not touched."""
    data = {"service": "influxdb_v1", **influxdb_data(influxdb), "of_later": 1}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Relay",
        data=data,
        options={**DEFAULT_OPTIONS, "sources": [STRAP]},
        version=version,
        minor_version=minor_version,
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is state
    assert dict(entry.data) == data
    assert (entry.version, entry.minor_version) == (version, minor_version)


async def test_entry_of_a_former_version(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """Sources that were in a list for each metric are in one, each once, and go on."""
    former = {
        "step_sources": ["sensor.steps"],
        "resting_heart_rate_sources": ["sensor.resting"],
        "heart_rate_variability_sources": ["sensor.hrv"],
        "heart_rate_variability_sdnn_sources": ["sensor.hrv"],
    }
    entry = MockConfigEntry(
        domain=DOMAIN,
        data={"service": "influxdb_v1", **influxdb_data(influxdb)},
        options={"sources": [STRAP], "min_bpm": 40, **former},
        version=1,
        minor_version=1,
    )
    monitor = MockConfigEntry(domain=DOMAIN, version=1, minor_version=1)
    for one in (entry, monitor):
        one.add_to_hass(hass)
        assert await async_migrate_entry(hass, one)
        assert (one.version, one.minor_version) == (1, 2)
    assert dict(entry.options) == {
        "sources": [STRAP],
        "min_bpm": 40,
        "other_sources": ["sensor.steps", "sensor.resting", "sensor.hrv"],
        "known_metrics": {
            "sensor.steps": "steps",
            "sensor.resting": "resting_heart_rate",
            "sensor.hrv": "heart_rate_variability",
        },
    }
    assert not monitor.options
    assert await hass.config_entries.async_setup(entry.entry_id)


async def test_source_of_a_former_version_that_says_nothing(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """It measures what its list was for: that is delivered, told, and no fault."""
    counter, useless = "sensor.gadget", "sensor.gizmo"
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Relay",
        data={"service": "influxdb_v1", **influxdb_data(influxdb)},
        options={**DEFAULT_OPTIONS, "sources": [STRAP], "step_sources": [counter]},
        version=1,
        minor_version=1,
    )
    measure(hass, 60)
    measure(hass, 500, counter, unit_of_measurement=None)
    measure(hass, 5, useless, unit_of_measurement=None)
    await set_up(hass, entry)
    measure(hass, 507, counter, unit_of_measurement=None)
    await until(lambda: influxdb.arrivals)
    (arrival,) = influxdb.arrivals
    assert (arrival.source, arrival.field, arrival.value) == (counter, "steps", 7)
    assert not ir.async_get(hass).issues

    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    words, schema = form["description_placeholders"], form["data_schema"]
    assert words
    assert schema
    assert "- gadget: Steps (steps)" in words["measured"]
    shown = {
        str(key): key.description["suggested_value"]
        for key in schema.schema
        if key.description
    }
    shown["other_sources"] = [counter, useless]
    result = await options.async_configure(form["flow_id"], shown)
    assert result["errors"] == {"other_sources": "untold"}
    assert (result["description_placeholders"] or {})["source"] == useless
    shown["other_sources"] = [counter]
    result = await options.async_configure(form["flow_id"], shown)
    assert result["type"] == "create_entry"
    await hass.async_block_till_done()

    # A unit that is none of its metric's is told as of any other
    measure(hass, 507, counter, unit_of_measurement="kg")
    issues = [issue.translation_key for issue in ir.async_get(hass).issues.values()]
    assert issues == ["source_unknown_unit"]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_source_of_a_former_version_that_is_taken_anew(
    hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """Once it was taken out, it measures what it says itself, as the form shows."""
    scale = "sensor.gadget"
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Relay",
        data={"service": "influxdb_v1", **influxdb_data(influxdb)},
        options={**DEFAULT_OPTIONS, "sources": [STRAP], "step_sources": [scale]},
        version=1,
        minor_version=1,
    )
    measure(hass, 60)
    weigh = partial(measure, unit_of_measurement="kg", device_class="weight")
    weigh(hass, 70, scale)
    await set_up(hass, entry)

    async def choose(*others: str) -> None:
        options = hass.config_entries.options
        form = await options.async_init(entry.entry_id)
        assert form["data_schema"]
        shown = {
            str(key): key.description["suggested_value"]
            for key in form["data_schema"].schema
            if key.description
        }
        shown["other_sources"] = list(others)
        result = await options.async_configure(form["flow_id"], shown)
        if result["type"] == "menu":
            assert result["description_placeholders"]
            assert "Weight" in result["description_placeholders"]["measured"]
            result = await options.async_configure(
                form["flow_id"], {"next_step_id": "confirm_sources"}
            )
        assert result["type"] == "create_entry"
        await hass.async_block_till_done()

    await choose()
    await choose(scale)
    weigh(hass, 71, scale)
    await until(lambda: influxdb.arrivals)
    assert [arrival.value for arrival in influxdb.arrivals] == [71]
    assert not ir.async_get(hass).issues
    await hass.config_entries.async_unload(entry.entry_id)
