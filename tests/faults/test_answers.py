"""An answer is evidence, not a verdict: no answer stops a relay for good, or loses a reading."""

import asyncio
import json
import time

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.delivery.backoff import MENDED_RETRY
from custom_components.heart_rate_relay.delivery.delivery import STOP_TIMEOUT
from custom_components.heart_rate_relay.destinations.influxdb import reading_back
from custom_components.heart_rate_relay.destinations.words import MAX_WORDS
from custom_components.heart_rate_relay.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.heart_rate_relay.relay.alerts import LOST_AFTER, PATIENCE
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import Failure, StandIn
from dev.stand_ins.database import Database
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ..automation import automate
from ..common import objecting, set_up, us
from ..seen.common import see_in_order
from .common import Strap, each_service, entry_of, ledger_of
from .simulated_time import SimulatedTime

PAGE = Failure(
    0, "\n<!DOCTYPE html><title>It works!</title>", {"Content-Type": "text/html"}
)

STATUS = "sensor.relay_status"

HOUR = 60 * 60.0
DAY = 24 * HOUR

EVERYTHING = pytest.mark.parametrize("answer", [400, 413, 422])


@pytest.fixture
def service() -> str:
    """Return the service that a test is about, where it is about one."""
    return "influxdb_v1"


@pytest.fixture
async def clock(
    hass: HomeAssistant, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> SimulatedTime:
    """Return a clock that leaps."""
    asyncio.get_running_loop().set_debug(False)
    return SimulatedTime(monkeypatch, seconds=4 * DAY)


@pytest.fixture
async def strap(
    hass: HomeAssistant, clock: SimulatedTime, service: str, stand_in: StandIn
) -> Strap:
    """Return a sensor whose ledger is that of the service."""
    return Strap(hass, ledger_of(service, stand_in))


@pytest.fixture
async def relay(
    hass: HomeAssistant, strap: Strap, service: str, stand_in: StandIn
) -> RelayCoordinator:
    """Return a relay whose service has taken three readings already."""
    relay = await set_up(hass, entry_of(service, stand_in))
    await wear(strap, 3)
    await asyncio.sleep(20 * 60)
    assert not len(relay.outbox)
    stand_in.requests.clear()
    return relay


async def wear(strap: Strap, seconds: int, **attributes: str) -> None:
    """Measure once a second."""
    for _ in range(seconds):
        await asyncio.sleep(1)
        strap.beat(time.time(), **attributes)


def issues_of(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return what is reported, by its kind."""
    return {str(one.translation_key): one for one in ir.async_get(hass).issues.values()}


def sign_ins(hass: HomeAssistant) -> list[str]:
    """Return the requests to sign in."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [
        one["flow_id"] for one in flows if one["context"]["source"] == SOURCE_REAUTH
    ]


def status_of(hass: HomeAssistant) -> str:
    """Return the status of the relay."""
    state = hass.states.get(STATUS)
    assert state
    return state.state


def see_clean(strap: Strap, relay: RelayCoordinator, *, refused: int = 0) -> None:
    """See that all arrived, but for what is known to be refused."""
    (ledger,) = strap._ledgers
    tally = relay.outbox.tally
    assert tally.refused == refused
    assert len(ledger.lost) == refused, ledger.account(tally)
    assert ledger.is_clean(tally, len(relay.outbox)), ledger.account(tally)
    assert not len(relay.outbox)


# Pages, and sign-ins that are refused


@each_service
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
async def test_page(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: StandIn,
    status: int,
) -> None:
    """A page is a proxy's: nobody is asked to sign in, and all arrives when it is gone."""
    stand_in.failure = PAGE._replace(status=status)
    await wear(strap, 10)
    relay.async_send_now()
    await asyncio.sleep(HOUR)
    assert status_of(hass) == "unreachable"
    assert not sign_ins(hass)
    assert not issues_of(hass)
    assert len(relay.outbox) == 10
    stand_in.failure = None
    await asyncio.sleep(20 * 60)
    assert status_of(hass) == "delivering"
    see_clean(strap, relay)


@each_service
@pytest.mark.parametrize("status", [401, 403])
async def test_sign_in_refused(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: StandIn,
    status: int,
) -> None:
    """A person is asked, and is no more as soon as the credentials are good after all."""
    stand_in.failure = Failure(status, '{"detail": "no"}')
    stand_in.failure_everywhere = True
    await wear(strap, 10)
    relay.async_send_now()
    await asyncio.sleep(6 * HOUR)
    assert status_of(hass) == "not_authorised"
    assert len(sign_ins(hass)) == 1
    assert len(relay.outbox) == 10
    tries = [one for one in stand_in.requests if one.path in stand_in.deliveries]
    assert len(tries) <= 2 * (6 * HOUR / MENDED_RETRY + 3)
    stand_in.failure = None
    await asyncio.sleep(MENDED_RETRY + 60)
    await hass.async_block_till_done()
    assert status_of(hass) == "delivering"
    assert not sign_ins(hass)
    assert not issues_of(hass)
    await asyncio.sleep(20 * 60)
    see_clean(strap, relay)


async def test_send_now_while_not_authorised(
    hass: HomeAssistant, strap: Strap, relay: RelayCoordinator, stand_in: StandIn
) -> None:
    """Who knows that it is mended need not wait for half an hour."""
    stand_in.failure = Failure(401, '{"error": "no"}')
    await wear(strap, 3)
    assert status_of(hass) == "not_authorised"
    stand_in.failure = None
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.relay_send_now"}, blocking=True
    )
    await asyncio.sleep(1)
    assert status_of(hass) == "delivering"
    assert not sign_ins(hass)
    see_clean(strap, relay)


# Refused, all or one


@each_service
@EVERYTHING
async def test_all_is_refused(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: StandIn,
    answer: int,
) -> None:
    """It is the service's fault: all is kept, asked for seldom, told, and delivered."""
    relay.async_pause(True)
    await wear(strap, 900)
    relay.async_pause(False)
    stand_in.failure = Failure(answer, '{"detail": "not today"}')
    relay.async_send_now()
    await asyncio.sleep(18)
    # Open Wearables is also asked, before each try, what it holds
    assert len(stand_in.requests) < 80
    assert status_of(hass) == "waiting"
    assert not issues_of(hass)
    await asyncio.sleep(PATIENCE + 30)
    assert status_of(hass) == "unreachable"
    assert issues_of(hass)["refuses_all"].is_fixable
    assert len(stand_in.requests) < 120
    assert len(relay.outbox) == 900
    stand_in.failure = None
    await asyncio.sleep(15 * 60)
    assert status_of(hass) == "delivering"
    assert not issues_of(hass)
    see_clean(strap, relay)


@pytest.mark.parametrize("service", ["pulsoid", "influxdb_v1"])
@EVERYTHING
async def test_a_moment_of_refusals(
    strap: Strap, relay: RelayCoordinator, stand_in: StandIn, answer: int
) -> None:
    """Readings that come one by one, and are all refused for a while, are all kept."""
    for _ in range(5):
        stand_in.failure = Failure(answer, '{"error": "not now"}')
        await wear(strap, 60)
        stand_in.failure = None
        await wear(strap, 60)
    await asyncio.sleep(10 * 60)
    see_clean(strap, relay)


@pytest.mark.parametrize("service", ["pulsoid"])
async def test_one_is_refused(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: StandIn,
) -> None:
    """A bad reading is given up once others are accepted, and holds up none of them."""
    stand_in.objection = objecting(75, "too fast")
    await wear(strap, 30)
    await asyncio.sleep(1)
    assert status_of(hass) == "delivering"
    assert relay.outbox.tally.refused == 1
    late = [one.received_at - one.measured_at for one in stand_in.arrivals]
    assert max(late) < 3000
    see_clean(strap, relay, refused=1)


async def test_the_database_is_at_its_limit(
    hass: HomeAssistant, strap: Strap, relay: RelayCoordinator, stand_in: StandIn
) -> None:
    """What its owner can mend is told, and loses nothing."""
    reason = (
        'partial write: max-values-per-tag limit exceeded (1/1): measurement="heart_rate" '
        'tag="name" value="Anna\'s strap" dropped=1'
    )
    stand_in.failure = Failure(400, json.dumps({"error": reason}))
    await wear(strap, 5)
    assert status_of(hass) == "not_entitled"
    assert "series_limit" in issues_of(hass)
    stand_in.failure = None
    await asyncio.sleep(MENDED_RETRY + 60)
    assert not issues_of(hass)
    see_clean(strap, relay)


@pytest.mark.parametrize("service", ["gerosense", "gerosense_proxy", "pulsoid"])
@pytest.mark.parametrize("seconds", [2, 60])
async def test_order_after_a_spell(
    strap: Strap,
    relay: RelayCoordinator,
    service: str,
    stand_in: StandIn,
    seconds: int,
) -> None:
    """Who wants readings in order gets them so, and who shows the newest gets that first."""
    relay.async_pause(True)
    await wear(strap, 600)
    stand_in.failure = Failure(400, '{"detail": "not now"}')
    stand_in.arrivals.clear()
    began = time.time()
    relay.async_pause(False)
    relay.async_send_now()
    await wear(strap, seconds)
    stand_in.failure = None
    await wear(strap, 30)
    if service == "pulsoid":
        while not stand_in.arrivals:
            await wear(strap, 1)
        assert stand_in.arrivals[0].measured_at > us(began) // 1000 * 1000
    await asyncio.sleep(30 * 60)
    see_clean(strap, relay)
    if service != "pulsoid":
        see_in_order(stand_in)


# Patience, and its end


@each_service
@pytest.mark.parametrize(
    ("status", "headers"), [(408, {}), (429, {"Retry-After": "7200"}), (503, {})]
)
async def test_patience_ends(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: StandIn,
    status: int,
    headers: dict[str, str],
) -> None:
    """What is only busy for minutes is out of reach, in every respect."""
    calls = async_mock_service(hass, "test", "alarm")
    await automate(
        hass,
        {
            "triggers": {
                "trigger": f"{DOMAIN}.delivery_stopped",
                "target": {"entity_id": STATUS},
            },
            "actions": {"action": "test.alarm"},
        },
    )
    stand_in.failure = Failure(status, headers=headers)
    await wear(strap, 10)
    relay.async_send_now()
    await asyncio.sleep(60)
    assert status_of(hass) == "waiting"
    await asyncio.sleep(PATIENCE - 90)
    assert status_of(hass) == "waiting"
    assert not calls
    await asyncio.sleep(60)
    await hass.async_block_till_done()
    assert status_of(hass) == "unreachable"
    assert len(calls) == 1
    assert not issues_of(hass)
    stand_in.failure = None
    relay.async_send_now()
    await asyncio.sleep(20 * 60)
    assert status_of(hass) == "delivering"
    assert not issues_of(hass)
    see_clean(strap, relay)


@pytest.mark.parametrize("status", [429, 503])
async def test_busy_for_a_day(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: StandIn,
    status: int,
) -> None:
    """What takes nothing for a day is reported, though it only asks for patience."""
    stand_in.failure = Failure(status)
    await wear(strap, 10)
    await asyncio.sleep(LOST_AFTER - HOUR)
    assert not issues_of(hass)
    await asyncio.sleep(2 * HOUR)
    assert "unreachable" in issues_of(hass)
    stand_in.failure = None
    await asyncio.sleep(20 * 60)
    assert not issues_of(hass)
    see_clean(strap, relay)


async def test_short_patience(
    hass: HomeAssistant, strap: Strap, relay: RelayCoordinator, stand_in: StandIn
) -> None:
    """Each success begins the minutes anew."""
    for _ in range(5):
        stand_in.failure = Failure(503)
        await wear(strap, 120)
        assert status_of(hass) == "waiting"
        stand_in.failure = None
        relay.async_send_now()
        await wear(strap, 5)
        assert status_of(hass) == "delivering"


# What a database says, and what it does not


async def test_partial_write_of_influxdb_2_0(
    hass: HomeAssistant, strap: Strap, relay: RelayCoordinator, stand_in: StandIn
) -> None:
    """A 500 with the words of a partial write is one: all but the oldest was stored."""
    relay.async_pause(True)
    await wear(strap, 10)
    reason = "partial write: points beyond retention policy dropped=1"
    body = {"message": f"unexpected error writing points to database: {reason}"}
    (ledger,) = strap._ledgers
    oldest = list(ledger.measured)[-10]
    stand_in.failures.append(Failure(500, json.dumps(body), accepts=True))
    relay.async_pause(False)
    relay.async_send_now()
    await asyncio.sleep(60)
    assert len(stand_in.requests) == 1
    assert relay.outbox.tally.refused == 1
    assert [one.reading.measured_at for one in relay.delivery.refusals] == [oldest]
    assert not len(relay.outbox)


@pytest.mark.parametrize("service", ["influxdb_v1", "influxdb_v2"])
@pytest.mark.parametrize("readable", [True, False])
async def test_what_is_dropped_without_a_word(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: Database,
    readable: bool,
) -> None:
    """What is not there is refused, with its reason; who may not look says so."""
    relay.async_pause(True)
    await wear(strap, 100)
    await asyncio.sleep(2 * HOUR)
    await wear(strap, 10)
    stand_in.is_silent, stand_in.readable = True, readable
    stand_in._series.retention = 2 * HOUR + 60
    relay.async_pause(False)
    relay.async_send_now()
    await asyncio.sleep(60)
    (ledger,) = strap._ledgers
    assert len(ledger.lost) > 20
    refused = relay.outbox.tally.refused
    assert refused == (len(ledger.lost) if readable else 0)
    assert {one.reason for one in relay.delivery.refusals} == (
        {reading_back.TOO_OLD} if readable else set()
    )
    diagnostics = await async_get_config_entry_diagnostics(hass, relay.config_entry)
    assert diagnostics["relay"]["reads_back"] is readable
    asked = len(stand_in.requests)
    assert asked < 20
    await wear(strap, 20)
    await asyncio.sleep(1)
    assert len(stand_in.requests) == asked + 20


@pytest.mark.parametrize("at", [0.0, 1.0, 4.0])
async def test_stopped_while_it_is_looked_for(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: Database,
    monkeypatch: pytest.MonkeyPatch,
    at: float,
) -> None:
    """A stop does not wait to see what was kept: that is in doubt, and not written again."""
    relay.async_pause(True)
    await wear(strap, 100)
    await asyncio.sleep(2 * HOUR)
    await wear(strap, 10)
    relay.async_pause(False)
    monkeypatch.setattr(reading_back, "LOOKS", (2.0, 11.0, 12.0))
    stand_in.is_silent = True
    # Each look finds nothing, so that there are several
    stand_in._series.retention = HOUR
    relay.async_send_now()
    while at and not stand_in.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(at)
    began = time.time()
    await hass.config_entries.async_unload(relay.config_entry.entry_id)
    assert time.time() - began < STOP_TIMEOUT
    written = [one for one in stand_in.requests if one.path in stand_in.deliveries]
    assert len(written) == 1
    tally = relay.outbox.tally
    assert (len(relay.outbox), tally.refused, tally.in_doubt) == (0, 0, 100)
    assert await hass.config_entries.async_setup(relay.config_entry.entry_id)
    await asyncio.sleep(HOUR)
    written = [one for one in stand_in.requests if one.path in stand_in.deliveries]
    assert len(written) == 1


# Words


HOSTILE = (
    "# Sign in [here](http://evil.example/a) <a href='http://evil.example/b'>now</a>, "
    "**Anna**: `72` bpm of sensor.strap_heart_rate, www.evil.example, "
    r'heart_rate,name=Anna\'s\ strap,source=sensor.anna bpm=72 "Anna Smith" '
) * 60


async def test_words(
    hass: HomeAssistant,
    strap: Strap,
    relay: RelayCoordinator,
    stand_in: StandIn,
) -> None:
    """A server's words reach nobody as links, at length, or with a name."""
    assert len(HOSTILE) > 12_000
    stand_in.failure = Failure(400, json.dumps({"error": HOSTILE}))
    await wear(strap, 30, friendly_name="Anna's strap")
    await asyncio.sleep(PATIENCE + 60)
    issue = issues_of(hass)["refuses_all"]
    assert issue.translation_placeholders
    told = [issue.translation_placeholders["reason"]]
    diagnostics = await async_get_config_entry_diagnostics(hass, relay.config_entry)
    told.append(json.dumps(diagnostics, default=str))
    assert len(told[0]) <= MAX_WORDS
    for text in told:
        assert not any(word in text for word in ("Anna", "evil", "http", "strap"))
    assert not set(told[0]) & set("`[](){}<>*_#|0123456789")
