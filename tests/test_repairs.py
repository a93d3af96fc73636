"""What is reported to a person, and what they can do about it from the repairs."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations.errors import (
    NotStoredError,
    UnreachableError,
)
from custom_components.heart_rate_relay.outbox.outbox import Outbox
from custom_components.heart_rate_relay.relay import coordinator as coordinator_module
from custom_components.heart_rate_relay.relay.alerts import Alerts
from custom_components.heart_rate_relay.relay.coordinator import (
    RelayCoordinator,
    outbox_path,
)
from dev.stand_ins import Failure, InfluxDBv1, Pulsoid
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import (
    STRAP,
    WATCH,
    influxdb_data,
    measure,
    objecting,
    pulsoid_data,
    relay_entry,
    set_up,
    until,
)

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=31)
"""After which everything has been told."""
LOOK = timedelta(minutes=5, seconds=1)

type Fix = Callable[..., Any]


@pytest.fixture
async def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Fix:
    """Return what a person does in the repairs: begin, then answer what is shown."""
    assert await async_setup_component(hass, "repairs", {})
    client: TestClient[Any, Any] | None = None

    async def fix(
        issue: ir.IssueEntry, shown: Any = None, **answer: str
    ) -> dict[str, Any]:
        nonlocal client
        # Only now, as the integration has something to add to the web server, too
        client = client or await hass_client()
        url, data = "/api/repairs/issues/fix", dict(answer)
        if shown:
            url += f"/{shown['flow_id']}"
        else:
            data = {"handler": DOMAIN, "issue_id": issue.issue_id}
        response = await client.post(url, json=data)
        assert response.status == HTTPStatus.OK
        result: dict[str, Any] = await response.json()
        await hass.async_block_till_done()
        return result

    return fix


def issue_of(hass: HomeAssistant, kind: str) -> ir.IssueEntry | None:
    """Return an issue of a kind, None where nothing of it is reported."""
    found = [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.translation_key == kind
    ]
    assert len(found) <= 1
    return found[0] if found else None


def the_issue(hass: HomeAssistant, kind: str) -> ir.IssueEntry:
    """Return the issue of a kind."""
    issue = issue_of(hass, kind)
    assert issue
    return issue


async def skip(hass: HomeAssistant, time: timedelta) -> None:
    """Let happen what is due after some time, though none passes."""
    async_fire_time_changed(hass, dt_util.utcnow() + time)
    await hass.async_block_till_done()


async def let_pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, time: timedelta
) -> None:
    """Let time pass."""
    freezer.tick(time)
    async_fire_time_changed(hass, dt_util.utcnow())
    await hass.async_block_till_done()


async def refused_by(
    hass: HomeAssistant, pulsoid: Pulsoid
) -> tuple[RelayCoordinator, ir.IssueEntry]:
    """Return a relay that is not allowed to deliver what waits, and the report of that."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    coordinator = await set_up(hass, entry)
    pulsoid.premium = False
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: issue_of(hass, "premium_required"))
    return coordinator, the_issue(hass, "premium_required")


async def test_try(hass: HomeAssistant, pulsoid: Pulsoid, fix: Fix) -> None:
    """What a person mended elsewhere is tried at once, as often as they like."""
    _, issue = await refused_by(hass, pulsoid)
    shown = await fix(issue)
    assert shown["step_id"] == "confirm"
    assert shown["description_placeholders"] == {"relay": "Relay"}
    shown = await fix(issue, shown)
    assert shown["errors"] == {"base": "not_yet"}
    assert shown["description_placeholders"] == {"relay": "Relay"}
    assert issue_of(hass, "premium_required")
    pulsoid.premium = True
    assert (await fix(issue, shown))["type"] == "create_entry"
    assert [arrival.value for arrival in pulsoid.arrivals] == [71]
    assert not issue_of(hass, "premium_required")


async def test_try_another_kind(
    hass: HomeAssistant, influxdb: InfluxDBv1, fix: Fix
) -> None:
    """The same goes for a database that was gone."""
    await set_up(hass, relay_entry("influxdb_v1", influxdb_data(influxdb)))
    name, influxdb.database = influxdb.database, "another"
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: issue_of(hass, "database_not_found"))
    issue = the_issue(hass, "database_not_found")
    influxdb.database = name
    assert (await fix(issue, await fix(issue)))["type"] == "create_entry"
    assert influxdb.arrivals


async def test_try_while_paused(
    hass: HomeAssistant, pulsoid: Pulsoid, fix: Fix
) -> None:
    """What is paused is not tried, which is said."""
    coordinator, issue = await refused_by(hass, pulsoid)
    coordinator.async_pause(True)
    pulsoid.premium = True
    shown = await fix(issue, await fix(issue))
    assert shown["errors"] == {"base": "not_now"}
    assert not pulsoid.arrivals


async def test_try_with_nothing(
    hass: HomeAssistant, pulsoid: Pulsoid, fix: Fix
) -> None:
    """Where nothing waits, the account is looked at; what is lacking later is told anew."""
    coordinator, issue = await refused_by(hass, pulsoid)
    await coordinator.async_discard()
    pulsoid.scopes, scopes = (), pulsoid.scopes
    shown = await fix(issue, await fix(issue))
    assert shown["errors"] == {"base": "not_yet"}
    pulsoid.scopes = scopes
    assert (await fix(issue, shown))["type"] == "create_entry"
    assert not issue_of(hass, "premium_required")
    measure(hass, 72)
    await until(lambda: issue_of(hass, "premium_required"))


async def test_try_without_an_answer(
    hass: HomeAssistant,
    pulsoid: Pulsoid,
    fix: Fix,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for ever."""
    coordinator, issue = await refused_by(hass, pulsoid)
    monkeypatch.setattr(coordinator_module, "TRY_TIMEOUT", 0.01)
    monkeypatch.setattr(coordinator.delivery, "send_now", lambda: None)
    shown = await fix(issue, await fix(issue))
    assert shown["errors"] == {"base": "not_yet"}


async def test_unloaded_meanwhile(
    hass: HomeAssistant, pulsoid: Pulsoid, fix: Fix
) -> None:
    """A form that outlived its relay does no harm."""
    coordinator, issue = await refused_by(hass, pulsoid)
    shown = await fix(issue)
    await hass.config_entries.async_unload(coordinator.config_entry.entry_id)
    assert not issue_of(hass, "premium_required")
    assert (await fix(issue, shown))["type"] == "create_entry"


async def test_unreachable(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, influxdb: InfluxDBv1
) -> None:
    """A service that is silent for a day is reported, restarts or not, until it answers."""
    entry = relay_entry("influxdb_v1", influxdb_data(influxdb))
    coordinator = await set_up(hass, entry)
    influxdb.failure = Failure(500)
    measure(hass, 70)
    measure(hass, 71)
    assert not await coordinator.async_try()
    await let_pass(hass, freezer, DAY / 2)
    # A proxy before it may answer
    influxdb.failure = Failure(503)
    assert not await coordinator.async_try()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    coordinator = entry.runtime_data
    influxdb.failure = Failure(500)
    await let_pass(hass, freezer, DAY / 2 - 2 * MOMENT)
    assert not await coordinator.async_try()
    await let_pass(hass, freezer, MOMENT)
    assert not issue_of(hass, "unreachable")
    assert not await coordinator.async_try()
    await let_pass(hass, freezer, MOMENT)
    assert the_issue(hass, "unreachable").is_fixable
    influxdb.failure = None
    assert await coordinator.async_try()
    assert len(influxdb.arrivals) == 1
    assert not issue_of(hass, "unreachable")
    assert coordinator.outbox.tally.unreachable_since is None


async def test_reachable_in_between(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, pulsoid: Pulsoid
) -> None:
    """Any other answer begins the day anew, and so does it with nothing to deliver."""
    coordinator = await set_up(hass, relay_entry("pulsoid", pulsoid_data(pulsoid)))
    pulsoid.failure = Failure(500)
    measure(hass, 70)
    measure(hass, 71)
    assert not await coordinator.async_try()
    await let_pass(hass, freezer, DAY / 2)
    pulsoid.failure, pulsoid.premium = None, False
    assert not await coordinator.async_try()
    pulsoid.failure = Failure(500)
    assert not await coordinator.async_try()
    await let_pass(hass, freezer, DAY / 2 + MOMENT)
    assert not await coordinator.async_try()
    assert not issue_of(hass, "unreachable")
    await let_pass(hass, freezer, DAY / 2)
    assert not await coordinator.async_try()
    await let_pass(hass, freezer, MOMENT)
    assert issue_of(hass, "unreachable")
    await coordinator.async_discard()
    assert not issue_of(hass, "unreachable")


async def test_answers_but_stores_nothing(hass: HomeAssistant, tmp_path: Path) -> None:
    """A server that takes readings and loses them is not out of reach."""
    outbox = Outbox(tmp_path / "outbox.db", max_readings=1, max_age=1)
    watch = Alerts(hass, relay_entry("pulsoid", {}), outbox, lambda: True, lambda: None)
    watch.note(UnreachableError("timeout"))
    assert outbox.tally.unreachable_since
    watch.note(NotStoredError("not_imported"))
    assert outbox.tally.unreachable_since is None


async def test_many_wait(hass: HomeAssistant) -> None:
    """Many readings are reported from four fifths on, down to three fifths."""
    entry = relay_entry("pulsoid", {"access_token": "a"}, keep_readings=10, paused=True)
    coordinator = await set_up(hass, entry)

    async def is_reported() -> bool:
        await skip(hass, LOOK)
        return issue_of(hass, "outbox_nearly_full") is not None

    def collect(count: int) -> None:
        now = dt_util.utcnow().timestamp()
        for second in range(count):
            measure(hass, 60 + second, at=now - 10 + second)

    async def deliver(count: int) -> None:
        entries = await coordinator.outbox.take(count, newest_first=False)
        await coordinator.outbox.settle(entries)

    collect(8)
    assert len(coordinator.outbox) == 7
    assert not await is_reported()
    measure(hass, 90)
    assert await is_reported()
    issue = the_issue(hass, "outbox_nearly_full")
    assert not issue.is_fixable
    assert issue.translation_placeholders == {"relay": "Relay"}
    await deliver(2)
    assert await is_reported()
    await deliver(1)
    assert not await is_reported()
    measure(hass, 91)
    measure(hass, 92)
    assert not await is_reported()


@pytest.mark.parametrize(
    ("share", "paused", "is_reported"),
    [(0.79, True, False), (0.81, True, True), (0.81, False, False)],
)
async def test_long_wait(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    share: float,
    paused: bool,
    is_reported: bool,
) -> None:
    """Readings that wait for long are reported, unless they are on their way."""
    data = {"url": "http://127.0.0.1:9", "token": "a"}
    entry = relay_entry("gerosense_proxy", data, keep_days=10, paused=paused)
    coordinator = await set_up(hass, entry)
    at = (dt_util.utcnow() - 10 * share * DAY).timestamp()
    measure(hass, 60, at=at - 1)
    measure(hass, 61, at=at)
    assert len(coordinator.outbox) == 1
    await let_pass(hass, freezer, LOOK)
    assert (issue_of(hass, "outbox_nearly_full") is not None) == is_reported
    await hass.config_entries.async_reload(entry.entry_id)
    assert (issue_of(hass, "outbox_nearly_full") is not None) == is_reported


async def test_unloaded_while_looking(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is reported of a relay that is not there any more."""
    entry = relay_entry("pulsoid", {"access_token": "a"}, paused=True)
    coordinator = await set_up(hass, entry)
    is_sought, is_found = asyncio.Event(), asyncio.Event()

    async def oldest() -> int:
        is_sought.set()
        await is_found.wait()
        return 1

    monkeypatch.setattr(coordinator.outbox, "oldest", oldest)
    async_fire_time_changed(hass, dt_util.utcnow() + LOOK)
    await is_sought.wait()
    await hass.config_entries.async_unload(entry.entry_id)
    is_found.set()
    await hass.async_block_till_done()
    assert not issue_of(hass, "outbox_nearly_full")


async def test_refused(hass: HomeAssistant, pulsoid: Pulsoid, fix: Fix) -> None:
    """What is refused is counted until somebody has seen it, without heart rates."""
    entry = relay_entry("pulsoid", pulsoid_data(pulsoid))
    await set_up(hass, entry)
    measure(hass, 69)

    async def refuse(value: int, reason: str) -> dict[str, str] | None:
        tally = entry.runtime_data.outbox.tally
        before = tally.refused
        pulsoid.objection = objecting(value, reason)
        measure(hass, value)
        await until(lambda: entry.runtime_data.last_error == "refused")
        # Others are accepted, and it is refused again
        measure(hass, value + 30)
        entry.runtime_data.async_send_now()
        await until(lambda: tally.refused == before + 1)
        await skip(hass, MOMENT)
        return the_issue(hass, "readings_refused").translation_placeholders

    assert await refuse(70, "") == {"relay": "Relay", "count": "1", "reason": "—"}
    given = await refuse(71, "not `71.5` at 12:30:01")
    expected = {"relay": "Relay", "count": "2", "reason": "not … at …"}
    assert given == expected
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    issue = the_issue(hass, "readings_refused")
    assert issue.translation_placeholders == expected
    shown = await fix(issue)
    assert shown["description_placeholders"] == expected
    assert (await fix(issue, shown))["type"] == "create_entry"
    await skip(hass, MOMENT)
    assert not issue_of(hass, "readings_refused")
    given = await refuse(72, "too late")
    assert given == {"relay": "Relay", "count": "1", "reason": "too late"}


async def test_damaged(hass: HomeAssistant, fix: Fix) -> None:
    """That a file was set aside is told until somebody has read it."""
    entry = relay_entry("pulsoid", {"access_token": "a"}, paused=True)
    path = outbox_path(hass, entry.entry_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"What a power cut leaves behind" * 100)
    coordinator = await set_up(hass, entry)
    issue = the_issue(hass, "outbox_damaged")
    shown = await fix(issue)
    assert issue.translation_placeholders
    assert shown["description_placeholders"] == issue.translation_placeholders
    assert (await fix(issue, shown))["type"] == "create_entry"
    coordinator.async_pause(False)
    assert not issue_of(hass, "outbox_damaged")


async def with_source_gone(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, *sources: str, **options: Any
) -> tuple[MockConfigEntry, ir.IssueEntry]:
    """Return a relay of which one source is gone."""
    for source in (WATCH, *sources):
        measure(hass, 70, source)
    hass.states.async_remove(STRAP)
    entry = relay_entry(
        "pulsoid", {"access_token": "a"}, list(sources), paused=True, **options
    )
    await set_up(hass, entry)
    await let_pass(hass, freezer, timedelta(seconds=11))
    return entry, the_issue(hass, "source_missing")


@pytest.mark.parametrize(
    ("sources", "options"),
    [
        ((STRAP, WATCH), {}),
        ((STRAP,), {"follow_new": True, "declined": [WATCH]}),
    ],
)
async def test_take_source_out(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    fix: Fix,
    sources: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    """A source that is gone can be taken out, and all else stays."""
    entry, issue = await with_source_gone(hass, freezer, *sources, **options)
    before, coordinator = entry.options, entry.runtime_data
    shown = await fix(issue)
    assert shown["menu_options"] == ["remove", "leave"]
    assert shown["description_placeholders"] == {"relay": "Relay", "source": STRAP}
    result = await fix(issue, shown, next_step_id="remove")
    assert result["type"] == "create_entry"
    declined = [*options.get("declined", ()), STRAP]
    assert entry.options == before | {
        "sources": list(sources[1:]),
        "declined": declined,
    }
    assert entry.runtime_data is not coordinator
    await let_pass(hass, freezer, timedelta(seconds=11))
    assert not issue_of(hass, "source_missing")
    measure(hass, 70, STRAP, friendly_name="Heart rate")
    await hass.async_block_till_done()
    assert STRAP not in entry.options["sources"]


async def test_take_silent_source_out(hass: HomeAssistant, fix: Fix) -> None:
    """A source that is not understood can be taken out, too."""
    measure(hass, 70, unit_of_measurement="%")
    measure(hass, 70, WATCH)
    entry = relay_entry("pulsoid", {"access_token": "a"}, [STRAP, WATCH], paused=True)
    await set_up(hass, entry)
    issue = the_issue(hass, "source_unknown_unit")
    shown = await fix(issue)
    assert shown["description_placeholders"] == issue.translation_placeholders
    assert shown["menu_options"] == ["remove", "leave"]
    result = await fix(issue, shown, next_step_id="remove")
    assert result["type"] == "create_entry"
    assert entry.options["sources"] == [WATCH]
    await hass.async_block_till_done()
    assert not issue_of(hass, "source_unknown_unit")


async def test_leave_source(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, fix: Fix
) -> None:
    """A source that will be back can be left, and nothing is said of it any more."""
    entry, issue = await with_source_gone(hass, freezer, STRAP, WATCH)
    before = entry.options
    shown = await fix(issue)
    result = await fix(issue, shown, next_step_id="leave")
    assert (result["type"], result["reason"]) == ("abort", "left")
    assert entry.options == before
    assert the_issue(hass, "source_missing").dismissed_version
    await hass.config_entries.async_reload(entry.entry_id)
    await let_pass(hass, freezer, timedelta(seconds=11))
    assert the_issue(hass, "source_missing").dismissed_version
    measure(hass, 70)
    await let_pass(hass, freezer, timedelta(seconds=11))


async def test_left_and_back(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, fix: Fix
) -> None:
    """A source that was back when the relay was loaded again is told of when it is gone anew."""
    entry, issue = await with_source_gone(hass, freezer, STRAP, WATCH)
    await fix(issue, await fix(issue), next_step_id="leave")
    await hass.config_entries.async_unload(entry.entry_id)
    measure(hass, 70)
    await hass.config_entries.async_setup(entry.entry_id)
    await let_pass(hass, freezer, timedelta(seconds=11))
    assert not issue_of(hass, "source_missing")
    hass.states.async_remove(STRAP)
    await let_pass(hass, freezer, timedelta(seconds=11))
    assert not the_issue(hass, "source_missing").dismissed_version


async def test_only_source(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, fix: Fix
) -> None:
    """The only source is not taken out: the relay would be of no use."""
    entry, issue = await with_source_gone(hass, freezer, STRAP)
    before = entry.options
    shown = await fix(issue)
    result = await fix(issue, shown, next_step_id="remove")
    assert (result["type"], result["reason"]) == ("abort", "last_source")
    assert entry.options == before
    assert not the_issue(hass, "source_missing").dismissed_version


@pytest.mark.parametrize("choice", ["remove", "leave"])
async def test_relay_removed_meanwhile(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, fix: Fix, choice: str
) -> None:
    """A dialog that was open when the relay was removed ends well, whatever is chosen."""
    entry, issue = await with_source_gone(hass, freezer, STRAP, WATCH)
    shown = await fix(issue)
    await hass.config_entries.async_remove(entry.entry_id)
    result = await fix(issue, shown, next_step_id=choice)
    assert result["type"] == {"remove": "create_entry", "leave": "abort"}[choice]


async def test_source_back_meanwhile(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, fix: Fix
) -> None:
    """A source that was back before it was left is told of when it is gone anew."""
    _, issue = await with_source_gone(hass, freezer, STRAP, WATCH)
    shown = await fix(issue)
    measure(hass, 70)
    await let_pass(hass, freezer, timedelta(seconds=11))
    assert not issue_of(hass, "source_missing")
    result = await fix(issue, shown, next_step_id="leave")
    assert (result["type"], result["reason"]) == ("abort", "left")
    hass.states.async_remove(STRAP)
    await let_pass(hass, freezer, timedelta(seconds=11))
    assert not the_issue(hass, "source_missing").dismissed_version
