"""What was recorded while a relay was not loaded can be had, and nothing that it listened to."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.outbox.coverage import Span
from custom_components.heart_rate_relay.past import backfill as backfill_module
from custom_components.heart_rate_relay.past.absence import absences
from custom_components.heart_rate_relay.relay.handover import HANDOVERS
from dev.stand_ins import InfluxDBv1
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import RecorderRuns
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import session_scope
from homeassistant.util import dt as dt_util

from ..common import influxdb_data, measure, relay_entry, us
from .test_backfill import backfill, delivered

STATUS = "sensor.relay_status"
HOUR = 60 * 60


@pytest.fixture
def now(recorder_mock: Recorder) -> float:
    """Return the time, with a recorder that keeps what is measured."""
    return time.time()


@pytest.fixture
def relay(now: float, hass: HomeAssistant, influxdb: InfluxDBv1) -> MockConfigEntry:
    """Return a relay of two hours ago, whose sensor measured every ten minutes since."""
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    created_at = dt_util.utc_from_timestamp(now - 2 * HOUR)
    object.__setattr__(entry, "created_at", created_at)
    entry.add_to_hass(hass)
    er.async_get(hass).async_get_or_create(
        "sensor",
        DOMAIN,
        f"{entry.entry_id}_status",
        config_entry=entry,
        suggested_object_id="relay_status",
        translation_key="status",
    )
    return entry


def remember(
    hass: HomeAssistant,
    now: float,
    runs: Iterable[tuple[int, int]],
    shown: Iterable[tuple[int, str]],
) -> None:
    """Let Home Assistant have run, and a status have been shown, so many minutes ago."""
    with session_scope(hass=hass) as session:
        for start, end in runs:
            began, ended = (
                dt_util.utc_from_timestamp(now) - timedelta(minutes=minutes)
                for minutes in (start, end)
            )
            session.add(RecorderRuns(start=began, end=ended, created=began))
    for minutes, state in shown:
        # With each start it is a new state, and one that the relay takes over at the last
        hass.states.async_set(
            STATUS, state, {"restored": True}, True, timestamp=now - 60 * minutes
        )


def beat(hass: HomeAssistant, now: float) -> None:
    """Let the sensor measure every ten minutes, as many bpm as minutes ago."""
    for minutes in range(105, 20, -10):
        measure(hass, minutes, at=now - 60 * minutes)


WHOLE_RUN = [(120, 90), (90, 60), (60, 1)]

CASES: dict[
    str, tuple[Sequence[tuple[int, int]], Sequence[tuple[int, str]], list[int]]
] = {
    "in safe mode": (
        WHOLE_RUN,
        [(119, "idle"), (89, "unavailable"), (59, "delivering")],
        # The first one after a start may be an old one
        [75, 65],
    ),
    "killed, with nothing written": (
        WHOLE_RUN,
        [(119, "idle"), (89, "idle"), (59, "delivering")],
        [],
    ),
    "never loaded": (
        WHOLE_RUN,
        [(119, "unavailable"), (89, "unavailable"), (59, "unavailable")],
        [95, 75, 65, 45, 35, 25],
    ),
    "loaded late": (
        [(120, 1)],
        [(119, "unavailable"), (60, "idle")],
        [95, 85, 75, 65],
    ),
    "unloaded for a while": (
        [(120, 1)],
        [(119, "idle"), (80, "unavailable"), (40, "idle")],
        [75, 65, 55, 45],
    ),
    "loaded again, in a moment": (
        [(120, 1)],
        [(119, "idle"), (81, "unavailable"), (79, "idle")],
        [],
    ),
    "a status that nobody records": (WHOLE_RUN, [], []),
    "a run that nobody knows of": (
        [(120, 90), (60, 1)],
        [(119, "idle"), (89, "unavailable"), (59, "delivering")],
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_absence(
    now: float,
    relay: MockConfigEntry,
    hass: HomeAssistant,
    influxdb: InfluxDBv1,
    case: str,
) -> None:
    """What was missed is what was recorded while the status was unavailable, once."""
    runs, shown, missed = CASES[case]
    remember(hass, now, runs, shown)
    beat(hass, now)
    await set_up_again(hass, relay)
    for queued in (len(missed), 0):
        assert (await backfill(hass, relay))["queued"] == queued
    await delivered(relay.runtime_data, influxdb)
    await hass.config_entries.async_unload(relay.entry_id)
    hass.data.pop(HANDOVERS)
    await set_up_again(hass, relay)
    assert (await backfill(hass, relay))["queued"] == 0
    await delivered(relay.runtime_data, influxdb)
    assert sorted(arrival.value for arrival in influxdb.arrivals) == sorted(missed)


async def set_up_again(hass: HomeAssistant, relay: MockConfigEntry) -> None:
    """Set up a relay that there was."""
    assert await hass.config_entries.async_setup(relay.entry_id)
    await hass.async_block_till_done()


async def test_before_it_was_there(
    relay: MockConfigEntry, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay was not absent before it was added: that time is not looked at."""
    asked: list[int] = []

    def absences(_hass: HomeAssistant, _id: str, since: int, until: int) -> list[Span]:
        asked.extend((since, until))
        return []

    monkeypatch.setattr(
        "custom_components.heart_rate_relay.past.backfill.absences", absences
    )
    await set_up_again(hass, relay)
    await backfill(hass, relay)
    since, until = asked
    assert since == us(relay.created_at.timestamp()) < until
    assert until - since < us(2 * HOUR + 60)


@pytest.mark.every_database
async def test_renamed(
    now: float, relay: MockConfigEntry, hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """A status that goes by another name now is known all the same."""
    runs, shown, missed = CASES["in safe mode"]
    remember(hass, now, runs, shown)
    beat(hass, now)
    er.async_get(hass).async_update_entity(STATUS, new_entity_id="sensor.on_air")
    await set_up_again(hass, relay)
    assert (await backfill(hass, relay))["queued"] == len(missed)


async def test_former_relay(
    now: float, relay: MockConfigEntry, hass: HomeAssistant
) -> None:
    """A relay missed nothing before there was it, whatever the status of that name was."""
    remember(hass, now, [(300, 180)], [(290, "idle"), (250, "unavailable")])
    await set_up_again(hass, relay)
    with patch.object(backfill_module, "absences", wraps=absences) as asked:
        await backfill(hass, relay)
    (_, _, since, _) = asked.call_args.args
    assert since == us(relay.created_at.timestamp())


async def test_counts(
    now: float, relay: MockConfigEntry, hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """What a counter counted meanwhile it tells by itself."""
    runs, shown, _ = CASES["in safe mode"]
    remember(hass, now, runs, shown)
    for minutes in range(105, 20, -10):
        measure(
            hass,
            1000 - minutes,
            "sensor.steps",
            at=now - 60 * minutes,
            unit_of_measurement="steps",
        )
    options: dict[str, Any] = {**relay.options, "other_sources": ["sensor.steps"]}
    hass.config_entries.async_update_entry(relay, options=options)
    await set_up_again(hass, relay)
    assert (await backfill(hass, relay))["queued"] == 0
