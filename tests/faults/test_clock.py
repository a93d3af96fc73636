"""A clock that is set back and forward: while readings wait, come in, or cannot be sent."""

import asyncio
from datetime import UTC, datetime, timedelta
import time

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.delivery import sifting
from custom_components.heart_rate_relay.relay import oauth
from custom_components.heart_rate_relay.relay.data import Status
from custom_components.heart_rate_relay.sources import wearer
from dev.stand_ins import (
    Failure,
    InfluxDBv1,
    LiveTracking,
    Pulsoid,
    StandIn,
    gerosense as gerosense_stand_in,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..browser import Browser, add_application, signed_in
from ..common import (
    STRAP,
    WATCH,
    influxdb_data,
    live_tracking_data,
    measure,
    relay_entry,
    set_up,
    until,
)
from .common import PATIENCE, Strap, entry_of, ledger_of, until_settled

HOUR = 3600.0
DAY = 24 * HOUR


some_services = pytest.mark.parametrize(
    "service", ["pulsoid", "livetracking", "influxdb_v1", "gerosense", "open_wearables"]
)


class Wall:
    """A clock that can be set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hang the clock up where all look for the time."""
        self.ahead = 0.0
        """Seconds by which it is wrong."""
        self._time = time.time
        monkeypatch.setattr(time, "time", self.now)
        monkeypatch.setattr(wearer, "time", self.now)
        monkeypatch.setattr(oauth, "time", self.now)
        monkeypatch.setattr(
            dt_util, "utcnow", lambda: datetime.fromtimestamp(self.now(), UTC)
        )

    def now(self) -> float:
        """Return seconds since the Unix epoch, UTC."""
        return self._time() + self.ahead


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """Return a clock that can be set."""
    monkeypatch.setattr(sifting, "CLOCK_RETRY", 0.05)
    return Wall(monkeypatch)


def beat(strap: Strap, wall: Wall, *seconds: int) -> None:
    """Measure so many seconds after a moment half a minute ago, by the clock as it is."""
    for second in seconds:
        strap.beat(wall.now() - 30 + second)


@some_services
@pytest.mark.parametrize("ahead", [-7 * HOUR, -HOUR, HOUR])
async def test_set_for_a_while(
    hass: HomeAssistant,
    service: str,
    stand_in: StandIn,
    wall: Wall,
    ahead: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever was measured meanwhile is sent, at the latest when the clock is right."""
    # Whether Gerosense minds at all is not known
    monkeypatch.setattr(gerosense_stand_in, "FUTURE", timedelta(hours=2))
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in)
    coordinator = await set_up(hass, entry)
    beat(strap, wall, 1, 2, 3, 4, 5)
    wall.ahead = ahead
    beat(strap, wall, 6, 7, 8, 9, 10)
    if ahead < 0:
        coordinator.async_send_now()
    await asyncio.sleep(0.1)
    wall.ahead = 0.0
    beat(strap, wall, 11, 12, 13, 14, 15)
    coordinator.async_send_now()
    await asyncio.sleep(0.1)
    # What was measured ahead of time waits for that time to come
    wall.ahead = max(ahead, 0.0)
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    tally = coordinator.outbox.tally
    assert ledger.is_clean(tally), ledger.account(tally)
    assert not ledger.lost


@some_services
async def test_started_in_the_past(
    hass: HomeAssistant, service: str, stand_in: StandIn, wall: Wall
) -> None:
    """A machine that does not know the time yet sends what it has all the same."""
    ledger = ledger_of(service, stand_in)
    strap = Strap(hass, ledger)
    entry = entry_of(service, stand_in, paused=True)
    await set_up(hass, entry)
    beat(strap, wall, 1, 2, 3, 4, 5)
    await hass.config_entries.async_unload(entry.entry_id)
    wall.ahead = -7 * HOUR
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "paused": False}
    )
    await set_up_again(hass, entry)
    await asyncio.sleep(0.2)
    beat(strap, wall, 6, 7, 8, 9, 10)
    wall.ahead = 0.0
    beat(strap, wall, 11, 12, 13, 14, 15)
    coordinator = entry.runtime_data
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    tally = coordinator.outbox.tally
    assert ledger.is_clean(tally), ledger.account(tally)
    assert not ledger.lost


async def set_up_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a relay that was unloaded."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.parametrize("interval", [0, 1, 10])
@pytest.mark.parametrize("ahead", [-10 * DAY, -HOUR])
async def test_interval(
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    wall: Wall,
    interval: float,
    ahead: float,
) -> None:
    """The shortest interval between readings is not one from before the clock was set."""
    measure(hass, 60, at=wall.now() - 101)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), min_interval=interval)
    coordinator = await set_up(hass, entry)

    async def minute() -> int:
        influxdb.arrivals.clear()
        for second in range(60):
            measure(hass, 70 + second, at=wall.now() - 100 + second)
        await until_settled(coordinator)
        return len(influxdb.arrivals)

    before = await minute()
    wall.ahead = ahead
    assert await minute() == before
    assert before == pytest.approx(60 / max(interval, 1), abs=1)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_next_source_steps_in(
    hass: HomeAssistant, live_tracking: LiveTracking, wall: Wall
) -> None:
    """A source that falls silent when the clock is set back does not block the next one."""
    for entity_id in (STRAP, WATCH):
        measure(hass, 60, entity_id, at=wall.now())
    entry = relay_entry(
        "livetracking", live_tracking_data(live_tracking), [STRAP, WATCH]
    )
    coordinator = await set_up(hass, entry)
    measure(hass, 70, STRAP, at=wall.now())
    assert coordinator.sources.wearer.heart_rate == 70
    wall.ahead = -HOUR
    measure(hass, 100, WATCH, at=wall.now())
    measure(hass, 101, WATCH, at=wall.now() + 1)
    assert coordinator.sources.wearer.heart_rate == 101
    await until_settled(coordinator)
    assert {arrival.value for arrival in live_tracking.arrivals} >= {70, 101}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_frozen_source(
    hass: HomeAssistant, influxdb: InfluxDBv1, wall: Wall
) -> None:
    """A frozen value does not come alive for the hour by which the clock was set back."""
    measure(hass, 60, at=wall.now())
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    for second in range(120):
        measure(hass, 70, at=wall.now() + second)
    wall.ahead = -HOUR
    for second in range(120, 1000):
        measure(hass, 70, at=wall.now() + second)
    await until_settled(coordinator)
    assert len(influxdb.arrivals) <= 2 * (coordinator.options["live_for"] + 1)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_set_far_forward(
    hass: HomeAssistant, influxdb: InfluxDBv1, wall: Wall
) -> None:
    """What is too old by the clock falls out, however wrong that is, and is counted."""
    ledger = ledger_of("influxdb_v1", influxdb)
    strap = Strap(hass, ledger)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb), paused=True)
    coordinator = await set_up(hass, entry)
    beat(strap, wall, 1, 2, 3)
    wall.ahead = 29 * DAY
    await coordinator.outbox.flush()
    assert len(coordinator.outbox) == 3
    wall.ahead = 31 * DAY
    await coordinator.outbox.flush()
    assert len(coordinator.outbox) == 0
    tally = coordinator.outbox.tally
    assert tally.expired == 3
    assert ledger.is_clean(tally)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("ahead", [-DAY, DAY])
async def test_set_while_backing_off(
    hass: HomeAssistant, influxdb: InfluxDBv1, wall: Wall, ahead: float
) -> None:
    """The next try is as far off as before."""
    ledger = ledger_of("influxdb_v1", influxdb)
    strap = Strap(hass, ledger)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    influxdb.failure = Failure(500)
    beat(strap, wall, 1, 2, 3)
    await until(lambda: coordinator.data.status is Status.UNREACHABLE, PATIENCE)
    wall.ahead = ahead
    influxdb.failure = None
    await until(lambda: not len(coordinator.outbox), PATIENCE)
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost


async def test_set_back_while_out_of_reach(
    hass: HomeAssistant, influxdb: InfluxDBv1, wall: Wall
) -> None:
    """A service is reported after a day of silence, not when the clock is where it was."""
    strap = Strap(hass)
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    influxdb.failure = Failure(500)
    wall.ahead = 20 * DAY
    beat(strap, wall, 1, 2, 3)
    await until(lambda: coordinator.data.status is Status.UNREACHABLE, PATIENCE)
    wall.ahead = 0.0
    assert not await coordinator.async_try()
    wall.ahead = DAY + HOUR
    assert not await coordinator.async_try()
    coordinator._publish()
    issues = [issue.translation_key for issue in ir.async_get(hass).issues.values()]
    assert issues == ["unreachable"]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("ahead", [-DAY, -HOUR, HOUR, DAY])
async def test_set_while_a_token_is_good(
    hass: HomeAssistant, browser: Browser, pulsoid: Pulsoid, wall: Wall, ahead: float
) -> None:
    """A token is good for as long as the service says, and renewed when it is not."""
    hass.config.components.add("my")
    await add_application(hass, pulsoid)
    ledger = ledger_of("pulsoid", pulsoid)
    strap = Strap(hass, ledger)
    entry = await signed_in(hass)
    coordinator = await set_up(hass, entry)
    wall.ahead = ahead
    beat(strap, wall, 1, 2, 3)
    await until_settled(coordinator)
    pulsoid.expire()
    beat(strap, wall, 4, 5, 6)
    await until_settled(coordinator)
    await hass.config_entries.async_unload(entry.entry_id)
    assert ledger.is_clean(coordinator.outbox.tally)
    assert not ledger.lost
    assert 1 <= pulsoid.refreshes <= 8
