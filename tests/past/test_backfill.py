"""What the recorder has of a relay's sources is delivered, each reading once."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
import time
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.past import (
    backfill as backfill_module,
    history as past,
    recorded,
)
from custom_components.heart_rate_relay.relay.coordinator import (
    RelayCoordinator,
    outbox_path,
)
from custom_components.heart_rate_relay.relay.handover import HANDOVERS
from custom_components.heart_rate_relay.sources.lineup import Lineup
from custom_components.heart_rate_relay.turns import Turns
from dev.stand_ins import Failure, Gerosense, InfluxDBv1, Pulsoid, StandIn
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import RecorderRuns
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util

from ..common import (
    STRAP,
    WATCH,
    influxdb_data,
    measure,
    pulsoid_data,
    relay_entry,
    set_up,
    until,
    us,
)
from ..faults.test_clock import Wall
from ..flow.common import add
from ..outbox.common import full_disk

STEPS = "sensor.phone_daily_steps"

HOUR = 60 * 60


@pytest.fixture
def now(recorder_mock: Recorder) -> float:
    """Return the time, with a recorder that keeps what is measured."""
    return time.time()


@pytest.fixture
async def relay(hass: HomeAssistant, influxdb: InfluxDBv1) -> MockConfigEntry:
    """Return a relay to a database, which is not set up yet."""
    return relay_entry("influxdb_v1", influxdb_data(influxdb))


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more than about fifty readings wait because of a backfill."""
    monkeypatch.setattr(backfill_module, "MAX_WAITING", 50)
    monkeypatch.setattr(backfill_module, "LOOK_AFTER", 0.01)
    monkeypatch.setattr(backfill_module, "MAX_WINDOW", 60_000_000)


def beat(
    hass: HomeAssistant,
    ages: Iterable[float],
    now: float,
    entity_id: str = STRAP,
    first: int = 60,
) -> list[int]:
    """Let a sensor measure something else so many seconds ago each, and return when in µs."""
    times = []
    for number, age in enumerate(ages):
        measure(hass, first + number % 100, entity_id, at=now - age)
        times.append(us(now - age))
    return times


async def backfill(hass: HomeAssistant, entry: MockConfigEntry, **data: Any) -> Any:
    """Backfill a relay, and return the response."""
    return await hass.services.async_call(
        DOMAIN,
        "backfill",
        {"config_entry_id": entry.entry_id, **data},
        blocking=True,
        return_response=True,
    )


async def begin(hass: HomeAssistant, entry: MockConfigEntry, now: float) -> None:
    """Begin to backfill the last hour of a relay."""
    start = dt_util.utc_from_timestamp(now - HOUR)
    await hass.services.async_call(
        DOMAIN,
        "backfill",
        {"config_entry_id": entry.entry_id, "start": start},
        blocking=True,
    )


async def delivered(relay: RelayCoordinator, stand_in: StandIn) -> list[int]:
    """Return when all was measured that is delivered, once nothing waits."""
    await until(lambda: not len(relay.outbox), 20)
    return sorted(arrival.measured_at for arrival in stand_in.arrivals)


@pytest.mark.every_database
async def test_action(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What was measured before there was a relay is delivered, with its time and value."""
    times = beat(hass, range(3000, 0, -10), now)
    coordinator = await set_up(hass, relay)
    response = await backfill(hass, relay)
    # Nobody knows how new the first value was
    count = len(times) - 1
    assert response == {"complete": True, "queued": count, "sources": {STRAP: count}}
    assert await delivered(coordinator, influxdb) == times[1:]
    by_time = sorted(influxdb.arrivals, key=lambda arrival: arrival.measured_at)
    assert [arrival.value for arrival in by_time] == [
        60.0 + n % 100 for n in range(1, 300)
    ]
    assert {arrival.source for arrival in by_time} == {STRAP}
    assert coordinator.data.backfill is None


async def test_others_have_their_turn(
    now: float,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No more than a few states are looked at before the event loop has its turn."""
    turns: list[Turns] = []
    monkeypatch.setattr(Turns, "give", lambda self: turns.append(self))
    times = beat(hass, range(600, 0, -1), now)
    coordinator = await set_up(hass, relay)
    with monkeypatch.context() as patch:
        # Of packs, too, but not here
        patch.setattr(coordinator.outbox, "insert", AsyncMock(return_value=True))
        await backfill(hass, relay)
    assert len(turns) >= len(times) / recorded.FEW


async def test_not_twice(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What was delivered live, or by an earlier backfill, does not come again."""
    times = beat(hass, (50, 40, 30), now)
    coordinator = await set_up(hass, relay)
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: len(influxdb.arrivals) == 2)
    assert (await backfill(hass, relay))["queued"] == 2
    assert (await backfill(hass, relay))["queued"] == 0
    seen = await delivered(coordinator, influxdb)
    assert len(seen) == 4
    assert seen[:2] == times[1:]


@pytest.mark.every_database
async def test_not_twice_after_a_restart(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What was taken is known after a restart, and what was missed meanwhile is taken."""
    times = beat(hass, (50, 40, 30), now)
    coordinator = await set_up(hass, relay)
    assert (await backfill(hass, relay))["queued"] == 2
    await delivered(coordinator, influxdb)
    assert await hass.config_entries.async_unload(relay.entry_id)
    for value in (70, 71, 72):
        measure(hass, value)
        await asyncio.sleep(0.01)
    assert await hass.config_entries.async_setup(relay.entry_id)
    # The last of them is still there to be seen
    assert (await backfill(hass, relay))["queued"] == 2
    seen = await delivered(relay.runtime_data, influxdb)
    assert seen[:2] == times[1:]
    assert len(seen) == 5
    assert {arrival.value for arrival in influxdb.arrivals} == {61, 62, 70, 71, 72}


async def test_not_twice_after_a_kill(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What was delivered is known though nothing was ever written to disk."""
    times = beat(hass, (50, 40, 30), now)
    await set_up(hass, relay)
    measure(hass, 70)
    await until(lambda: len(influxdb.arrivals) == 1)
    path = outbox_path(hass, relay.entry_id)
    assert not path.exists()
    assert await hass.config_entries.async_unload(relay.entry_id)
    await hass.async_add_executor_job(path.unlink)
    hass.data.pop(HANDOVERS)
    assert await hass.config_entries.async_setup(relay.entry_id)
    assert (await backfill(hass, relay))["queued"] == 2
    seen = await delivered(relay.runtime_data, influxdb)
    assert seen[:2] == times[1:]


@pytest.mark.parametrize("is_added", [True, False])
async def test_not_twice_after_a_kill_later(
    now: float,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    is_added: bool,
) -> None:
    """So is what was delivered since a source was added, or the relay was enabled again."""
    for entity_id in (STRAP, WATCH):
        measure(hass, 60, entity_id)
    await set_up(hass, relay)
    if is_added:
        options = {**relay.options, "sources": [STRAP, WATCH]}
        hass.config_entries.async_update_entry(relay, options=options)
        await hass.config_entries.async_reload(relay.entry_id)
    else:
        for disabled_by in (ConfigEntryDisabler.USER, None):
            await hass.config_entries.async_set_disabled_by(relay.entry_id, disabled_by)
    path = outbox_path(hass, relay.entry_id)

    def written() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in path.parent.glob(f"{path.stem}.*")}

    before = written()
    for value in (70, 71):
        measure(hass, value, WATCH if is_added else STRAP)
        await asyncio.sleep(0.01)
    await until(lambda: len(influxdb.arrivals) == 2)
    keeper = relay.runtime_data.outbox._keeper
    await until(lambda: written() != before and not keeper.is_busy, 10)
    left = written()
    assert await hass.config_entries.async_unload(relay.entry_id)
    for file in written():
        file.unlink()
    for file, data in left.items():
        file.write_bytes(data)
    hass.data.pop(HANDOVERS)
    assert await hass.config_entries.async_setup(relay.entry_id)
    assert (await backfill(hass, relay))["queued"] == 0


async def test_disabled(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What was measured while a relay was disabled can be had afterwards."""
    measure(hass, 60)
    await set_up(hass, relay)
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(relay.entry_id, by_user)
    for value in (70, 71, 72):
        await asyncio.sleep(0.01)
        measure(hass, value)
    hass.data.pop(HANDOVERS)
    await asyncio.sleep(0.01)
    await hass.config_entries.async_set_disabled_by(relay.entry_id, None)
    assert (await backfill(hass, relay))["queued"] == 3
    await delivered(relay.runtime_data, influxdb)
    assert [arrival.value for arrival in influxdb.arrivals] == [70, 71, 72]


async def test_told_of_then(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What is still there, and tells that it was measured meanwhile, comes once."""
    dates = [dt_util.utc_from_timestamp(now - age).isoformat() for age in (9, 8, 7, 6)]
    measure(hass, 60, date=dates[0])
    await set_up(hass, relay)
    measure(hass, 70, date=dates[1])
    await until(lambda: len(influxdb.arrivals) == 1)
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(relay.entry_id, by_user)
    for value, date in ((71, dates[2]), (72, dates[3])):
        await asyncio.sleep(0.01)
        measure(hass, value, date=date)
    hass.data.pop(HANDOVERS)
    await asyncio.sleep(0.01)
    await hass.config_entries.async_set_disabled_by(relay.entry_id, None)
    await until(lambda: len(influxdb.arrivals) == 2)
    assert (await backfill(hass, relay))["queued"] == 1
    await delivered(relay.runtime_data, influxdb)
    assert [arrival.value for arrival in influxdb.arrivals] == [70, 72, 71]


async def test_repeated_while_disabled(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What came meanwhile, and is repeated still, was measured once, and when it came."""
    measure(hass, 60)
    await set_up(hass, relay)
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(relay.entry_id, by_user)
    for _ in range(3):
        await asyncio.sleep(0.01)
        measure(hass, 70)
    await hass.config_entries.async_set_disabled_by(relay.entry_id, None)
    assert (await backfill(hass, relay))["queued"] == 0
    came_at = hass.states.get(STRAP).last_updated_timestamp  # type: ignore[union-attr] # it is there
    assert await delivered(relay.runtime_data, influxdb) == [us(came_at)]


async def test_back_while_disabled(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What a cloud told again meanwhile, after something else, can be had as that can."""
    er.async_get(hass).async_get_or_create(
        "sensor", "healthsync", "1", suggested_object_id="strap_heart_rate"
    )
    measure(hass, 60)
    await set_up(hass, relay)
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(relay.entry_id, by_user)
    for value in (70, 60, 60):
        await asyncio.sleep(0.01)
        measure(hass, value)
    await hass.config_entries.async_set_disabled_by(relay.entry_id, None)
    assert (await backfill(hass, relay))["queued"] == 2
    await delivered(relay.runtime_data, influxdb)
    assert [arrival.value for arrival in influxdb.arrivals] == [70, 60]


async def test_disabled_for_long(
    now: float,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So can it be where the relay keeps readings for less long than it was disabled."""
    wall = Wall(monkeypatch)
    wall.ahead = -72.0 * HOUR
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), keep_days=2)
    created_at = dt_util.utc_from_timestamp(now - 96 * HOUR)
    object.__setattr__(entry, "created_at", created_at)
    await set_up(hass, entry)
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(entry.entry_id, by_user)
    wall.ahead = 0.0
    times = beat(hass, (50, 40, 30), now)
    hass.data.pop(HANDOVERS)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    assert (await backfill(hass, entry))["queued"] == 2
    assert await delivered(entry.runtime_data, influxdb) == times[1:]


async def test_another_account(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """A relay that was led to another account can tell that one what was before."""
    beat(hass, (50, 40, 30), now)
    coordinator = await set_up(hass, relay)
    assert (await backfill(hass, relay))["queued"] == 2
    await delivered(coordinator, influxdb)
    hass.config_entries.async_update_entry(relay, unique_id="another")
    await hass.config_entries.async_reload(relay.entry_id)
    assert (await backfill(hass, relay))["queued"] == 2


async def test_at_set_up(now: float, hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """Whoever adds a relay can have the last days with it, once."""
    day = 24 * HOUR
    times = beat(hass, (3 * day, 2 * day - 60, day, 60), now)
    entry = await add(hass, "influxdb_v1", influxdb, backfill_days=2)
    await until(lambda: len(influxdb.arrivals) == 3, 20)
    assert await delivered(entry.runtime_data, influxdb) == times[1:]
    await until(lambda: entry.runtime_data.data.backfill is None)
    assert "backfill_days" not in entry.options
    assert entry.runtime_data.outbox.tally.backfill is None
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.runtime_data.data.backfill is None
    assert len(influxdb.arrivals) == 3


async def test_span_and_source(
    now: float, hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """A time and a sensor can be chosen."""
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [STRAP, WATCH])
    times = beat(hass, range(600, 0, -60), now)
    beat(hass, range(600, 0, -60), now, WATCH)
    coordinator = await set_up(hass, entry)
    response = await backfill(
        hass,
        entry,
        source=STRAP,
        start=dt_util.utc_from_timestamp(times[2] / 1_000_000),
        end=dt_util.utc_from_timestamp(times[5] / 1_000_000),
    )
    assert response["sources"] == {STRAP: 3}
    assert await delivered(coordinator, influxdb) == times[2:5]
    assert (await backfill(hass, entry))["sources"] == {STRAP: 6, WATCH: 9}


@pytest.mark.every_database
async def test_honest(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """The same is left out that would have been, had there been a relay."""
    tick = iter(range(300, 0, -10))

    def show(state: object, **attributes: Any) -> None:
        measure(hass, state, at=now - next(tick), **attributes)

    show(60)
    show(61)
    show("unavailable")
    show(62)
    show("unknown")
    show(63)
    show(64)
    show(0)
    show(65)
    show(400)
    show("nan")
    show(66)
    coordinator = await set_up(hass, relay)
    await backfill(hass, relay)
    await delivered(coordinator, influxdb)
    assert [arrival.value for arrival in influxdb.arrivals] == [61, 62, 63, 64, 65, 66]


@pytest.mark.every_database
async def test_restart_between(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """The first value after a restart may be an old one, shown again."""
    beat(hass, (100, 90), now)
    with session_scope(hass=hass) as session:
        session.add(
            RecorderRuns(
                start=dt_util.utcnow() - timedelta(seconds=85), created=dt_util.utcnow()
            )
        )
    measure(hass, "unavailable", at=now - 82)
    beat(hass, (80, 70), now, first=70)
    coordinator = await set_up(hass, relay)
    await backfill(hass, relay)
    await delivered(coordinator, influxdb)
    assert [arrival.value for arrival in influxdb.arrivals] == [61, 71]


async def test_restart_in_a_quiet_time(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """So may it be though nothing is told for hours before and after that."""
    beat(hass, (9000, 8990), now)
    with session_scope(hass=hass) as session:
        session.add(
            RecorderRuns(
                start=dt_util.utcnow() - timedelta(seconds=5000),
                created=dt_util.utcnow(),
            )
        )
    beat(hass, (1000, 990), now, first=70)
    coordinator = await set_up(hass, relay)
    await backfill(hass, relay)
    await delivered(coordinator, influxdb)
    assert [arrival.value for arrival in influxdb.arrivals] == [61, 71]


@pytest.mark.every_database
async def test_gone_between(
    now: float, hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """So may the first value of an entity that was gone for a while."""
    for value in (60, 61, None, 61, 62):
        if value:
            measure(hass, value)
        else:
            hass.states.async_remove(STRAP)
        await asyncio.sleep(0.01)
    relay = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, relay)
    await backfill(hass, relay)
    await delivered(coordinator, influxdb)
    assert [arrival.value for arrival in influxdb.arrivals] == [61, 62]


@pytest.mark.every_database
async def test_repeats(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """Of a value that was reported again, the recorder knows the first and the last time."""
    measure(hass, 60, at=now - 100)
    for age in (90, 80, 70, 60):
        measure(hass, 61, at=now - age)
    measure(hass, 62, at=now - 50)
    coordinator = await set_up(hass, relay)
    await backfill(hass, relay)
    expected = [us(now - age) for age in (90, 60, 50)]
    assert await delivered(coordinator, influxdb) == expected


@pytest.mark.every_database
async def test_forced(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """Equal values that were forced are told apart from what only changed beside them."""
    ages = (100, 90, 30, 20)
    for age in ages:
        hass.states.async_set(
            STRAP, "60", {"unit_of_measurement": "bpm"}, True, timestamp=now - age
        )
    for age in (15, 10):
        measure(hass, 60, at=now - age, battery=age)
    coordinator = await set_up(hass, relay)
    await backfill(hass, relay)
    expected = [us(now - age) for age in ages[1:]]
    assert await delivered(coordinator, influxdb) == expected


async def test_poller(now: float, hass: HomeAssistant, influxdb: InfluxDBv1) -> None:
    """What was only asked for again was not measured in the past either."""
    source = er.async_get(hass).async_get_or_create(
        "sensor", "fitbit", "1", suggested_object_id="strap_heart_rate"
    )
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [source.id])
    for number, value in enumerate((60, 61, 61, "unavailable", 61, 61, 62)):
        measure(hass, value, at=now - 100 + number, polls=number)
    coordinator = await set_up(hass, entry)
    await backfill(hass, entry)
    assert await delivered(coordinator, influxdb) == [us(now - 99), us(now - 94)]


@pytest.mark.every_database
async def test_measured_at(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """Equal values that say when they were measured are each a reading, at that time."""
    for age in (100, 90, 80):
        moment = dt_util.utc_from_timestamp(now - age - 5)
        measure(hass, 60, at=now - age, date=moment.isoformat())
    coordinator = await set_up(hass, relay)
    await backfill(hass, relay)
    seen = await delivered(coordinator, influxdb)
    assert seen == [us(now - age - 5) for age in (100, 90, 80)]


@pytest.mark.every_database
async def test_one_line(now: float, hass: HomeAssistant, pulsoid: Pulsoid) -> None:
    """Where one line is shown, the others count while the first is silent, as they did then."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid), [STRAP, WATCH], live_for=20)
    strap = beat(hass, (100, 90, 80), now)
    watch = beat(hass, (95, 85, 75, 50, 40), now, WATCH)
    coordinator = await set_up(hass, entry)
    assert (await backfill(hass, entry))["queued"] == 5
    assert await delivered(coordinator, pulsoid) == [
        at // 1000 * 1000 for at in (*strap[1:], *watch[2:])
    ]


async def test_one_line_to_the_end(
    now: float, hass: HomeAssistant, pulsoid: Pulsoid
) -> None:
    """Of what ends while it is not yet sure that the first is silent, nothing is left out."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid), [STRAP, WATCH], live_for=20)
    strap = beat(hass, range(30, 15, -1), now)
    watch = beat(hass, (31, *range(15, 0, -1)), now, WATCH)
    coordinator = await set_up(hass, entry)
    assert (await backfill(hass, entry))["queued"] == 29
    assert await delivered(coordinator, pulsoid) == [
        at // 1000 * 1000 for at in (*strap[1:], *watch[1:])
    ]


async def test_steps(now: float, hass: HomeAssistant, gerosense: Gerosense) -> None:
    """A counter's past becomes what was walked from one count to the next."""
    # Where it is not about midnight: a count is one of a day
    near_midnight = dt_util.utcnow().hour in (0, 23)
    await hass.config.async_set_time_zone("Asia/Tokyo" if near_midnight else "UTC")
    data = {
        "username": gerosense.username,
        "password": gerosense.password,
        "user_id": next(iter(gerosense.people)),
    }
    entry = relay_entry("gerosense", data, other_sources=[STEPS], gather=10)
    counts = (1000, 1010, 1030, 1030, 1060)
    times = [us(now - age) for age in (500, 400, 300, 200, 100)]
    for count, at in zip(counts, times, strict=True):
        hass.states.async_set(
            STEPS,
            str(count),
            {"unit_of_measurement": "steps"},
            timestamp=at / 1_000_000,
        )
    coordinator = await set_up(hass, entry)
    assert (await backfill(hass, entry))["sources"] == {STEPS: 3}
    coordinator.async_send_now()
    await delivered(coordinator, gerosense)
    assert [arrival.value for arrival in gerosense.arrivals] == [10, 20, 30]
    assert [arrival.measured_at for arrival in gerosense.arrivals] == [
        times[1],
        times[2],
        times[4],
    ]


@pytest.mark.usefixtures("little_room")
@pytest.mark.every_database
async def test_room(
    now: float,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
) -> None:
    """While the service does not answer, no more is taken than a little."""
    times = beat(hass, range(3000, 0, -10), now)
    coordinator = await set_up(hass, relay)
    coordinator.async_pause(True)
    await begin(hass, relay, now)
    await until(lambda: len(coordinator.outbox) >= 50, 20)
    progress = coordinator.backfill.progress if coordinator.backfill else None
    assert progress is not None
    assert 10 <= progress < 60
    assert len(coordinator.outbox) < 60
    coordinator.async_pause(False)
    assert coordinator.backfill
    outcome = await coordinator.backfill.async_wait()
    assert outcome.complete
    assert await delivered(coordinator, influxdb) == times[1:]


@pytest.mark.usefixtures("little_room")
async def test_goes_on_after_a_restart(
    now: float,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
) -> None:
    """What was not taken yet is taken when the relay is loaded again, and nothing twice."""
    times = beat(hass, range(3000, 0, -10), now)
    coordinator = await set_up(hass, relay)
    coordinator.async_pause(True)
    await begin(hass, relay, now)
    await until(lambda: len(coordinator.outbox) >= 50, 20)
    await hass.config_entries.async_reload(relay.entry_id)
    coordinator = relay.runtime_data
    assert coordinator.data.backfill is not None
    coordinator.async_pause(False)
    await until(lambda: coordinator.data.backfill is None, 20)
    assert await delivered(coordinator, influxdb) == times[1:]
    assert len(influxdb.arrivals) == len(times) - 1


@pytest.mark.usefixtures("little_room")
async def test_stop(
    now: float,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    entity_registry: er.EntityRegistry,
) -> None:
    """A person can see how far it is, and stop it for good."""
    beat(hass, range(3000, 0, -10), now)
    coordinator = await set_up(hass, relay)
    button, sensor = (
        entity_registry.async_get_entity_id(platform, DOMAIN, f"{relay.entry_id}_{key}")
        for platform, key in (("button", "stop_backfill"), ("sensor", "backfill"))
    )
    assert button
    assert sensor
    assert hass.states.get(sensor).state == "unknown"  # type: ignore[union-attr] # it is there
    assert hass.states.get(button).state == "unavailable"  # type: ignore[union-attr] # so is this
    coordinator.async_pause(True)
    await begin(hass, relay, now)
    assert hass.states.get(sensor).state == "0"  # type: ignore[union-attr] # still there
    with pytest.raises(ServiceValidationError) as info:
        await backfill(hass, relay)
    assert info.value.translation_key == "backfill_running"
    await until(lambda: len(coordinator.outbox) >= 50, 20)
    await hass.services.async_call(
        "button", "press", {"entity_id": button}, blocking=True
    )
    assert hass.states.get(sensor).state == "unknown"  # type: ignore[union-attr] # still there
    assert 50 <= len(coordinator.outbox) < 60
    await hass.config_entries.async_reload(relay.entry_id)
    assert relay.runtime_data.data.backfill is None


async def test_started_again_before_all_has_started(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """Begun, ended and begun again while Home Assistant starts, it runs once."""
    times = beat(hass, range(3000, 0, -10), now)
    hass.set_state(CoreState.starting)
    coordinator = await set_up(hass, relay)
    assert coordinator.backfill
    await begin(hass, relay, now)
    await coordinator.backfill.async_cancel()
    await begin(hass, relay, now)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    await until(lambda: coordinator.data.backfill is None, 20)
    assert await delivered(coordinator, influxdb) == times[1:]
    assert len(influxdb.arrivals) == len(times) - 1


async def test_discard(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """Whoever discards what waits does not want the rest either."""
    beat(hass, range(3000, 0, -10), now)
    coordinator = await set_up(hass, relay)
    coordinator.async_pause(True)
    await begin(hass, relay, now)
    await coordinator.async_discard()
    assert coordinator.data.backfill is None
    assert not len(coordinator.outbox)


async def test_unreadable(
    now: float,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What cannot be read now is read the next time."""
    times = beat(hass, (50, 40, 30), now)
    await set_up(hass, relay)

    def fail(*_: object, **__: object) -> None:
        raise OSError("no such disk")

    with monkeypatch.context() as context:
        context.setattr(past, "get_significant_states", fail)
        assert await backfill(hass, relay) == {
            "complete": False,
            "queued": 0,
            "sources": {},
        }
    assert "the history is read when" in caplog.text
    await hass.config_entries.async_reload(relay.entry_id)
    await until(lambda: relay.runtime_data.data.backfill is None, 20)
    assert await delivered(relay.runtime_data, influxdb) == times[1:]


async def test_source_removed(
    now: float,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
    entity_registry: er.EntityRegistry,
) -> None:
    """A source that is removed meanwhile has no past, and the backfill ends."""
    strap = entity_registry.async_get_or_create(
        "sensor", "straps", "1", suggested_object_id="strap_heart_rate"
    )
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [strap.id])
    beat(hass, (50, 40, 30), now)
    coordinator = await set_up(hass, entry)
    assert coordinator.backfill
    monkeypatch.setattr(
        coordinator.sources,
        "without_memory",
        lambda: entity_registry.async_remove(strap.entity_id) or Lineup(one_line=False),
    )
    assert await backfill(hass, entry) == {
        "complete": True,
        "queued": 0,
        "sources": {},
    }


@pytest.mark.usefixtures("little_room")
@pytest.mark.every_database
async def test_source_renamed(
    now: float,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    entity_registry: er.EntityRegistry,
) -> None:
    """A source that is renamed meanwhile has its past under the new name."""
    strap = entity_registry.async_get_or_create(
        "sensor", "straps", "1", suggested_object_id="strap_heart_rate"
    )
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [strap.id])
    times = beat(hass, range(3000, 0, -10), now)
    coordinator = await set_up(hass, entry)
    coordinator.async_pause(True)
    await begin(hass, entry, now)
    await until(lambda: len(coordinator.outbox) >= 50, 20)
    entity_registry.async_update_entity(strap.entity_id, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    coordinator.async_pause(False)
    await until(lambda: coordinator.data.backfill is None, 20)
    assert await delivered(coordinator, influxdb) == times[1:]
    assert (await backfill(hass, entry))["queued"] == 0


@pytest.mark.usefixtures("little_room")
async def test_source_back(
    now: float,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    entity_registry: er.EntityRegistry,
) -> None:
    """What was not read of a source because it was removed meanwhile can be had when it is back."""
    strap = entity_registry.async_get_or_create(
        "sensor", "straps", "1", suggested_object_id="strap_heart_rate"
    )
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [strap.id])
    times = beat(hass, range(3000, 0, -10), now)
    coordinator = await set_up(hass, entry)
    first, last = (dt_util.utc_from_timestamp(now - age) for age in (1600, 1400))
    assert (await backfill(hass, entry, start=first, end=last))["queued"] == 20
    await delivered(coordinator, influxdb)
    coordinator.async_pause(True)
    await begin(hass, entry, now)
    await until(lambda: len(coordinator.outbox) >= 50, 20)
    entity_registry.async_remove(strap.entity_id)
    hass.states.async_remove(strap.entity_id)
    await hass.async_block_till_done()
    coordinator.async_pause(False)
    await until(lambda: coordinator.data.backfill is None, 20)
    assert len(await delivered(coordinator, influxdb)) == 159
    entity_registry.async_get_or_create("sensor", "straps", "1")
    await hass.async_block_till_done()
    assert (await backfill(hass, entry))["complete"]
    assert await delivered(coordinator, influxdb) == times[1:]


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_full_disk_at_set_up(
    now: float, hass: HomeAssistant, influxdb: InfluxDBv1, is_wanted: bool
) -> None:
    """What is wanted at set-up is not forgotten because no disk has taken that yet."""
    times = beat(hass, (60, 50, 40), now)
    with full_disk():
        entry = await add(hass, "influxdb_v1", influxdb, backfill_days=2)
        if not is_wanted:
            await entry.runtime_data.async_discard()
        await hass.config_entries.async_unload(entry.entry_id)
    hass.data.pop(HANDOVERS)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: entry.runtime_data.data.backfill is None)
    expected = times[1:] if is_wanted else []
    assert await delivered(entry.runtime_data, influxdb) == expected
    assert "backfill_days" not in entry.options


async def test_service_down(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What is taken waits on disk like all else."""
    times = beat(hass, (50, 40, 30), now)
    coordinator = await set_up(hass, relay)
    influxdb.failures.append(Failure(500))
    assert (await backfill(hass, relay))["complete"]
    await until(lambda: coordinator.last_error is not None)
    coordinator.async_send_now()
    assert await delivered(coordinator, influxdb) == times[1:]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"source": "sensor.other"}, "not_a_source"),
        ({"start": "2001-01-01 00:00:00"}, "implausible_time"),
        ({"end": "2001-01-01 00:00:00"}, "empty_span"),
    ],
)
async def test_refused(
    now: float,
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    data: dict[str, Any],
    key: str,
) -> None:
    """What makes no sense is refused at once."""
    await set_up(hass, relay)
    with pytest.raises(ServiceValidationError) as info:
        await backfill(hass, relay, **data)
    assert info.value.translation_key == key


async def test_no_recorder(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """Without a recorder there is nothing to take, and nothing to see of it."""
    await set_up(hass, relay)
    with pytest.raises(ServiceValidationError) as info:
        await backfill(hass, relay)
    assert info.value.translation_key == "no_recorder"
    assert not [
        entity for entity in er.async_get(hass).entities if "backfill" in entity
    ]


async def test_written_soon(
    now: float, hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """What was measured just now may not be in the database yet, and is waited for."""
    beat(hass, (2, 1), now)
    assert get_instance(hass).async_get_commit_future()
    coordinator = await set_up(hass, relay)
    assert (await backfill(hass, relay))["queued"] == 1
    await delivered(coordinator, influxdb)
