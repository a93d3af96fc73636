"""When a value was measured, where its entity says so: each reading comes with its own time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from custom_components.heart_rate_relay.relay.handover import HANDOVERS
from dev.stand_ins import InfluxDBv1, OpenWearables
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..common import STRAP, influxdb_data, measure, relay_entry, set_up, us
from .common import api_key_data, until_empty, until_there

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EVENT = "event.iphone_heart_rate"


@pytest.fixture
def relay(influxdb: InfluxDBv1) -> MockConfigEntry:
    """Return a relay to a database, which is not set up yet."""
    return relay_entry("influxdb_v1", influxdb_data(influxdb))


@pytest.fixture
def now() -> int:
    """Return the time in whole seconds: few tell when they measured any finer."""
    return int(time.time())


async def delivered(
    entry: MockConfigEntry, influxdb: InfluxDBv1
) -> list[tuple[int, float]]:
    """Return the times and values that a database holds, the earliest first."""
    await until_empty(entry.runtime_data)
    return sorted({seen.measured_at: seen.value for seen in influxdb.arrivals}.items())


def iso(at: float) -> str:
    """Return a time as most tell it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


FORMS: dict[str, Callable[[int], object]] = {
    "ISO 8601": iso,
    "with another offset": lambda at: datetime.fromtimestamp(
        at, ZoneInfo("Asia/Kolkata")
    ).isoformat(),
    "with Z": lambda at: iso(at).replace("+00:00", "Z"),
    "of basic format": lambda at: datetime.fromtimestamp(at, UTC).strftime(
        "%Y%m%dT%H%M%SZ"
    ),
    "with an offset apart": lambda at: datetime.fromtimestamp(at, UTC).strftime(
        "%Y-%m-%d %H:%M:%S +0000"
    ),
    "with the name of a zone": lambda at: datetime.fromtimestamp(at, UTC).strftime(
        "%Y-%m-%d %H:%M:%S UTC"
    ),
    "local time": lambda at: (
        datetime.fromtimestamp(at, ZoneInfo("US/Pacific"))
        .replace(tzinfo=None)
        .isoformat()
    ),
    "UTC by chance": lambda at: (
        datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()
    ),
    "RFC 2822": lambda at: format_datetime(datetime.fromtimestamp(at, UTC)),
    "RFC 2822 with GMT": lambda at: format_datetime(
        datetime.fromtimestamp(at, UTC), usegmt=True
    ),
    "seconds": lambda at: at,
    "seconds as text": str,
    "seconds with a fraction": float,
    "milliseconds": lambda at: at * 1000,
    "milliseconds as text": lambda at: f"{at * 1000}",
    "microseconds": lambda at: at * 1_000_000,
    "a datetime": lambda at: datetime.fromtimestamp(at, UTC),
    "a local datetime": lambda at: datetime.fromtimestamp(
        at, ZoneInfo("US/Pacific")
    ).replace(tzinfo=None),
}


@pytest.mark.parametrize("form", FORMS)
async def test_forms(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    now: int,
    form: str,
) -> None:
    """A time is understood in whatever form it is told, and the same one is told once."""
    tell = FORMS[form]
    measure(hass, 60, at=now - 100)
    await set_up(hass, relay)
    times = (now - 2 * HOUR, now - 90 * MINUTE, now - 90 * MINUTE, now - 55)
    for number, at in enumerate(times):
        measure(hass, 72, at=now - 50 + number, date=tell(at))
    assert await delivered(relay, influxdb) == [
        (us(at), 72) for at in sorted(set(times))
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("measured_at", "measurement_time", "recorded_at", "date", "timestamp"),
        *("end", "end_date", "last_updated"),
    ],
)
async def test_names(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    now: int,
    name: str,
) -> None:
    """A time is found by each of the names that integrations have for it."""
    measure(hass, 60, at=now - 100)
    await set_up(hass, relay)
    times = [now - 2 * HOUR, now - HOUR, now - 100]
    for number, at in enumerate(times):
        measure(hass, 72, at=now - 30 + number, **{name: iso(at)})
        again: dict[str, Any] = {name: iso(at), "battery": 3}
        measure(hass, 72, at=now - 20 + number, **again)
    measure(hass, 72, at=now - 15, **{name: iso(times[0])})
    assert await delivered(relay, influxdb) == [(us(at), 72) for at in times]


@pytest.mark.parametrize(
    "day",
    [
        *("2026-11-20", "20261120", "20.11.2026", "11/20/2026", "2026-11"),
        *("20 Nov 2026", "Nov 20, 2026", "Fri, 20 Nov 2026", date(2026, 11, 20)),
    ],
)
async def test_day(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1, day: object
) -> None:
    """A heart rate of a day is not one of now, and nobody knows of when."""
    measure(hass, 60, date=day)
    coordinator = await set_up(hass, relay)
    measure(hass, 72, date=day)
    measure(hass, 73, date=day)
    assert coordinator.sources.wearer.heart_rate is None
    assert await delivered(relay, influxdb) == []
    at = int(time.time()) - HOUR
    measure(hass, 74, date=day, timestamp=at)
    assert await delivered(relay, influxdb) == [(us(at), 74)]


async def test_day_of_what_is_of_a_day(
    hass: HomeAssistant, open_wearables: OpenWearables
) -> None:
    """A heart rate at rest that tells its day is of that day, however often it comes."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    resting = "sensor.watch_resting_heart_rate"
    entry = relay_entry(
        "open_wearables",
        api_key_data(open_wearables),
        other_sources=[resting],
    )
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    measure(hass, 50, resting, date=str(today - timedelta(days=2)))
    coordinator = await set_up(hass, entry)
    for value in (51, 51, 52):
        measure(hass, value, resting, date=str(today - timedelta(days=1)))
    coordinator.async_send_now()
    await until_empty(coordinator)
    midnight = datetime.combine(
        today - timedelta(days=1), datetime.min.time(), ZoneInfo("Europe/Berlin")
    )
    arrived = [(seen.measured_at, seen.value) for seen in open_wearables.arrivals]
    assert arrived == [(us(midnight.timestamp()), 52)]


@pytest.mark.parametrize("lag", [0, 1])
async def test_polled_elsewhere(
    hass: HomeAssistant, influxdb: InfluxDBv1, now: int, lag: float
) -> None:
    """When somebody asked last is no time of a measurement, as it is always now."""
    source = er.async_get(hass).async_get_or_create(
        "sensor", "fitbit", "1", suggested_object_id="strap_heart_rate"
    )
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [source.id])
    begin = now - HOUR
    values = [60] * 5 + [61] * 5 + [62] * 5
    for number, value in enumerate(values):
        at = begin + 30 * number
        measure(hass, value, at=at, last_updated=iso(at - lag))
        if not number:
            await set_up(hass, entry)
    assert await delivered(entry, influxdb) == [
        (us(begin + 150), 61),
        (us(begin + 300), 62),
    ]


@pytest.mark.parametrize("name", ["last_updated", "recorded_at"])
async def test_batch(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    now: int,
    name: str,
) -> None:
    """A hundred samples in one go are a hundred readings, each at its own time."""
    measure(hass, 60)
    await set_up(hass, relay)
    times = [now - 10 * (100 - number) for number in range(100)]
    for number, at in enumerate(times):
        told: dict[str, Any] = {name: iso(at)}
        measure(hass, 70 + number // 5, **told)
    assert await delivered(relay, influxdb) == [
        (us(at), 70 + number // 5) for number, at in enumerate(times)
    ]


async def test_in_one_go(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1
) -> None:
    """Values that come at once are as many readings, even by a clock that ticks slowly."""
    measure(hass, 60)
    await set_up(hass, relay)
    for number in range(30):
        measure(hass, 70 + number)
    at = time.time()
    for number in range(30):
        measure(hass, 100 + number, at=at)
    seen = await delivered(relay, influxdb)
    assert [value for _, value in seen] == [*range(70, 130)]
    assert seen[-1][0] - us(at) == 29


async def test_corrected(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1, now: int
) -> None:
    """Another value of the same time is the same measurement, and takes its place."""
    measure(hass, 60)
    await set_up(hass, relay)
    for value in (72, 72, 75, 75, 74):
        measure(hass, value, date=iso(now - HOUR))
    assert await delivered(relay, influxdb) == [(us(now - HOUR), 74)]
    assert [seen.value for seen in influxdb.arrivals] == [72, 75, 74]


async def test_device_ahead(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1, now: int
) -> None:
    """A clock that is ahead makes no new measurement of each time that one is told."""
    measure(hass, 60, at=now - 20)
    await set_up(hass, relay)
    for second in range(10):
        measure(hass, 72, at=now - 10 + second, date=iso(now + 20), battery=second)
    assert await delivered(relay, influxdb) == [(us(now - 10), 72)]


@pytest.mark.parametrize(
    ("told", "at", "expected"),
    [
        ("02:30:00", "2026-10-25T00:40:00Z", "2026-10-25T00:30:00Z"),
        ("02:30:00", "2026-10-25T01:29:00Z", "2026-10-25T01:29:00Z"),
        ("02:30:00", "2026-10-25T01:25:00Z", "2026-10-25T00:30:00Z"),
        ("02:30:00", "2026-10-25T01:40:00Z", "2026-10-25T01:30:00Z"),
        ("01:59:00", "2026-10-25T01:40:00Z", "2026-10-24T23:59:00Z"),
    ],
)
async def test_hour_that_comes_twice(
    hass: HomeAssistant, influxdb: InfluxDBv1, told: str, at: str, expected: str
) -> None:
    """A local time is the one that was last, as the clock was when it was told."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), keep_days=3650)
    now = datetime.fromisoformat(at).timestamp()
    measure(hass, 60, at=now - 100)
    await set_up(hass, entry)
    measure(hass, 72, at=now, date=f"2026-10-25 {told}")
    moment = datetime.fromisoformat(expected).timestamp()
    assert await delivered(entry, influxdb) == [(us(moment), 72)]


@pytest.mark.parametrize("is_there", [True, False])
async def test_relay_made_ahead_of_time(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    monkeypatch: pytest.MonkeyPatch,
    now: int,
    is_there: bool,
) -> None:
    """A clock that was a day ahead when the relay was made keeps nothing from coming."""
    begin = now - 27 * HOUR
    with monkeypatch.context() as wrong:
        clock = datetime.fromtimestamp(begin + DAY, UTC)
        wrong.setattr("homeassistant.util.dt.utcnow", lambda: clock)
        wrong.setattr(time, "time", clock.timestamp)
        if is_there:
            measure(hass, 60, at=begin + DAY, date=iso(begin))
        await set_up(hass, relay)
    expected = []
    for minute in range(1, 26 * 60 + 1):
        at = begin + MINUTE * minute
        # It is set when the first two hours are over
        told_at = at + (DAY if minute < 120 else 0)
        measure(hass, 60 + minute % 100, at=told_at + 1, date=iso(at))
        # The first one after nothing may be an old one
        if is_there or minute > 1:
            expected.append((us(at), 60 + minute % 100))
    seen = await delivered(relay, influxdb)
    assert len(seen) == len(expected)
    assert seen == expected


async def start_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a relay as if Home Assistant had started anew."""
    hass.data.pop(HANDOVERS, None)
    hass.set_state(CoreState.starting)
    measure(hass, "unavailable", restored=True)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    hass.set_state(CoreState.running)


@pytest.mark.parametrize("was_down_before", [False, True])
async def test_killed(
    hass: HomeAssistant,
    relay: MockConfigEntry,
    influxdb: InfluxDBv1,
    now: int,
    was_down_before: bool,
) -> None:
    """What was delivered before a kill is not delivered again, whatever is on disk."""
    measure(hass, 60, at=now - DAY, date=iso(now - DAY))
    coordinator = await set_up(hass, relay)
    measure(hass, 70, date=iso(now - 3 * HOUR))
    if was_down_before:
        await delivered(relay, influxdb)
        await hass.config_entries.async_unload(relay.entry_id)
        await start_again(hass, relay)
        coordinator = relay.runtime_data
        measure(hass, 70, date=iso(now - 3 * HOUR))
    path = outbox_path(hass, relay.entry_id)
    files = {file: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}
    measure(hass, 71, date=iso(now - 2 * HOUR))
    measure(hass, 72, date=iso(now - HOUR))
    expected = [(us(now - (3 - n) * HOUR), 70 + n) for n in range(3)]
    assert await delivered(relay, influxdb) == expected
    assert all(path.read_bytes() == before for path, before in files.items())

    await hass.config_entries.async_unload(relay.entry_id)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    for file, content in files.items():
        file.write_bytes(content)
    count = len(influxdb.arrivals)
    await start_again(hass, relay)
    # The state that is restored may be older than what was delivered
    measure(hass, 71, date=iso(now - 2 * HOUR))
    measure(hass, 72, date=iso(now - HOUR))
    await delivered(relay, influxdb)
    assert len(influxdb.arrivals) == count
    at = time.time()
    measure(hass, 73, date=iso(at))
    assert (await delivered(relay, influxdb))[-1] == (us(at), 73)
    assert coordinator is not relay.runtime_data


async def test_measured_while_home_assistant_was_down(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1, now: int
) -> None:
    """What was measured since it was stopped in an orderly way is delivered, each once."""
    measure(hass, 60, date=iso(now - DAY))
    await set_up(hass, relay)
    measure(hass, 70, date=iso(now - 3 * HOUR))
    await delivered(relay, influxdb)
    for value in (71, 72):
        await hass.config_entries.async_unload(relay.entry_id)
        await start_again(hass, relay)
        measure(hass, value - 1, date=iso(now - (74 - value) * HOUR))
        measure(hass, value, date=iso(now - (73 - value) * HOUR))
    assert await delivered(relay, influxdb) == [
        (us(now - (3 - n) * HOUR), 70 + n) for n in range(3)
    ]
    assert len(influxdb.arrivals) == 3


async def test_nothing_is_written_for_times(
    hass: HomeAssistant, relay: MockConfigEntry, influxdb: InfluxDBv1, now: int
) -> None:
    """What must be known after a restart is written at its end."""
    await set_up(hass, relay)
    for minute in range(60):
        measure(hass, 60 + minute, date=iso(now - HOUR + minute * MINUTE))
        await until_empty(relay.runtime_data)
    path = outbox_path(hass, relay.entry_id)
    assert not path.exists()
    await hass.config_entries.async_unload(relay.entry_id)
    outbox = Outbox(path, max_readings=1, max_age=1)
    await outbox.open()
    assert outbox.tally.latest == {STRAP: us(now - MINUTE)}
    await outbox.close()


def happen(hass: HomeAssistant, at: float, **attributes: Any) -> None:
    """Let an app's event entity tell of a sample."""
    state = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    hass.states.async_set(
        EVENT, state, {"event_type": "heart_rate", **attributes}, timestamp=at
    )


async def test_events(hass: HomeAssistant, influxdb: InfluxDBv1, now: int) -> None:
    """An event that carries a value is a reading, at the time that it tells."""
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [EVENT])
    begin = now - HOUR
    sample = {"value": 60, "unit": "count/min", "end_date": iso(begin - 100)}
    happen(hass, begin, **sample)
    await set_up(hass, entry)
    expected = []
    for number in range(20):
        at = begin - 90 + 3 * number
        told = {"start_date": iso(at - 1), "end_date": iso(at)}
        # The same value in a row is as many samples
        happen(hass, begin + number, value=70, unit="count/min", **told)
        expected.append((us(at), 70.0))
    # Something else, and what tells nothing or nothing new
    happen(hass, begin + 30, value=70, unit="kcal", end_date=iso(begin + 20))
    happen(hass, begin + 31, end_date=iso(begin + 21))
    happen(hass, begin + 32, value=None, unit="count/min", end_date=iso(begin + 22))
    hass.states.async_set(EVENT, "unavailable", timestamp=begin + 40)
    happen(hass, begin + 19, value=70, unit="count/min", **told)
    # Without a time of its own it is the event's
    happen(hass, begin + 50, value="71", unit="bpm")
    expected.append((us(begin + 50), 71.0))
    assert await delivered(entry, influxdb) == expected


async def test_event_after_a_restart(
    hass: HomeAssistant, influxdb: InfluxDBv1, now: int
) -> None:
    """The last event is shown again, and is none."""
    hass.set_state(CoreState.starting)
    hass.states.async_set(EVENT, "unavailable", {"restored": True})
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), [EVENT])
    await set_up(hass, entry)
    happen(hass, now - HOUR, value=70, unit="bpm", end_date=iso(now - HOUR))
    assert await delivered(entry, influxdb) == []
    at = int(time.time()) + 1
    happen(hass, at, value=70, unit="bpm", end_date=iso(at))
    assert await delivered(entry, influxdb) == [(us(at), 70)]


async def test_steps_by_events(
    hass: HomeAssistant, open_wearables: OpenWearables, now: int
) -> None:
    """Steps of which an event tells were taken from its beginning to its end."""
    steps = "event.iphone_steps"
    entry = relay_entry(
        "open_wearables", api_key_data(open_wearables), other_sources=[steps]
    )
    coordinator = await set_up(hass, entry)
    for number in range(4):
        at = now + number
        hass.states.async_set(
            steps,
            iso(at),
            {
                "value": 20 + number // 2,
                "unit": "count",
                "start_date": iso(at - 1),
                "end_date": iso(at),
            },
            timestamp=at,
        )
    coordinator.async_send_now()
    await until_there(open_wearables, 3)
    assert [
        (arrival.started_at, arrival.measured_at, arrival.value)
        for arrival in open_wearables.arrivals
    ] == [(us(now + n - 1), us(now + n), 20 + n // 2) for n in range(1, 4)]
