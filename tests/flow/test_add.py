"""Adding a relay: what is asked, what is stored, and what is said when it fails."""

import ssl
from typing import Any

from aiohttp import ClientTimeout, web
import pytest

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS, DOMAIN
from custom_components.heart_rate_relay.destinations import base, pulsoid
from dev.stand_ins import Failure, InfluxDBv1, Pulsoid, StandIn
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..common import STRAP, influxdb_data, measure, pulsoid_data, until
from .common import (
    INPUT,
    NAMING,
    SECRETS,
    TITLES,
    add,
    ask_again,
    assert_form,
    choose,
    choose_anna,
    collect,
    each_service,
    either_way,
    failing,
    fields,
    kept,
    submit,
    suggested,
    to_sources,
    until_arrived,
)

WITH_DEFAULTS = (
    "gerosense_proxy",
    "livetracking",
    "influxdb_v1",
    "influxdb_v2",
    "influxdb_v3",
    "open_wearables",
    "open_wearables_invitation",
)


@each_service
async def test_add(
    hass: HomeAssistant,
    service: str,
    stand_in: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A relay is added, and delivers. What is secret is in no log."""
    measure(hass, 70)
    form = await choose(hass, service)
    given = INPUT[service](stand_in)
    assert fields(form) >= set(given)
    form = await submit(hass, form, given)
    form = await choose_anna(hass, form, stand_in)
    assert_form(form, "sources")

    created = await submit(hass, form, {"sources": [STRAP], "follow_new": True})

    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["title"] == TITLES[service]
    entry = created["result"]
    assert entry.data == kept(service, stand_in)
    assert entry.options == {
        **DEFAULT_OPTIONS,
        "sources": [STRAP],
        "follow_new": True,
        "declined": [],
    }
    assert entry.state is ConfigEntryState.LOADED
    await collect(hass, 71, 72, 73)
    await until_arrived(entry, stand_in, 71, 72, 73)
    assert given[SECRETS[service]] not in caplog.text


@pytest.mark.parametrize("service", WITH_DEFAULTS)
async def test_defaults(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """What is not filled in has a sensible value."""
    given = INPUT[service](stand_in)
    form = await choose(hass, service)
    untouched: dict[str, Any] = {"naming": {}} if "naming" in given else {}
    filled_in = {key: value for key, value in given.items() if key != "verify_ssl"}
    form = await submit(hass, form, filled_in | untouched)
    form = await choose_anna(hass, form, stand_in)
    created = await submit(hass, form, {"sources": [STRAP]})
    assert created["data"] == kept(service, stand_in) | {"verify_ssl": True}
    assert created["options"]["follow_new"] is False


@pytest.mark.parametrize("service", ["influxdb_v1"])
async def test_open_database(hass: HomeAssistant, stand_in: InfluxDBv1) -> None:
    """A database that is open to all asks for no login."""
    stand_in.username = ""
    form = await choose(hass, "influxdb_v1")
    given = {
        "url": str(stand_in.url),
        "database": stand_in.database,
        "naming": {},
    }
    assert_form(await submit(hass, form, given), "sources")


NO_SERVER = "http://127.0.0.1:9"
NO_SUCH_USER = Failure(404, "User not found")

BROKEN: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("pulsoid", {"access_token": "wrong"}, {}, "invalid_auth"),
    ("pulsoid", {}, {"expired": True}, "invalid_auth"),
    ("pulsoid", {}, {"scopes": ["data:heart_rate:read"]}, "missing_scope"),
    ("pulsoid", {}, failing(402, '{"error_code": 7007}'), "premium_required"),
    ("pulsoid", {}, failing(200, "surprise"), "unexpected_answer"),
    ("pulsoid", {}, failing(302), "redirected"),
    ("pulsoid", {}, failing(400), "refused"),
    ("pulsoid", {}, failing(404), "wrong_url"),
    ("pulsoid", {}, failing(429), "busy"),
    ("pulsoid", {}, failing(503), "busy"),
    ("pulsoid", {}, failing(500), "server_error"),
    ("pulsoid", {}, failing(200, drop=True), "cannot_connect"),
    ("gerosense", {"password": "wrong"}, {}, "invalid_auth"),
    ("gerosense", {"username": "stranger"}, {}, "invalid_auth"),
    ("gerosense", {}, {"maintenance": True}, "busy"),
    ("gerosense", {}, {"minimal_api_version": "v9.0"}, "outdated"),
    ("gerosense", {}, failing(200, "{}"), "unexpected_answer"),
    ("gerosense", {}, failing(500), "server_error"),
    ("gerosense", {}, failing(200, drop=True), "cannot_connect"),
    ("gerosense_proxy", {"token": "wrong"}, {}, "invalid_auth"),
    ("gerosense_proxy", {"url": "gerosense.example.org"}, {}, "invalid_url"),
    ("gerosense_proxy", {"url": NO_SERVER}, {}, "cannot_connect"),
    ("gerosense_proxy", {}, {"has_status": False}, "wrong_url"),
    ("gerosense_proxy", {}, {"maintenance": True}, "busy"),
    ("gerosense_proxy", {}, {"minimal_api_version": "v9.0"}, "outdated"),
    ("gerosense_proxy", {}, failing(404, "Not Found"), "wrong_url"),
    ("gerosense_proxy", {}, {"failure": NO_SUCH_USER}, "unknown_person"),
    ("livetracking", {"password": "wrong"}, {}, "invalid_auth"),
    ("livetracking", {"username": "stranger"}, {}, "invalid_auth"),
    ("livetracking", {"url": "livetracking.example.org"}, {}, "invalid_url"),
    ("livetracking", {"url": "ftp://127.0.0.1"}, {}, "invalid_url"),
    ("livetracking", {}, failing(403), "invalid_auth"),
    ("livetracking", {}, failing(200, "<html>"), "wrong_url"),
    ("livetracking", {}, failing(503), "busy"),
    ("influxdb_v1", {"password": "wrong"}, {}, "invalid_auth"),
    ("influxdb_v1", {"database": "elsewhere"}, {}, "database_not_found"),
    ("influxdb_v1", {"retention_policy": "none"}, {}, "database_not_found"),
    ("influxdb_v1", {}, {"writable": False}, "may_not_write"),
    ("influxdb_v1", {"url": "http://me:pw@127.0.0.1"}, {}, "invalid_url"),
    ("influxdb_v1", {"url": "http://127.0.0.1:99999"}, {}, "invalid_url"),
    ("influxdb_v1", {"url": NO_SERVER}, {}, "cannot_connect"),
    ("influxdb_v1", {"naming": NAMING | {"field": "time"}}, {}, "invalid_names"),
    ("influxdb_v1", {"naming": NAMING | {"measurement": "#"}}, {}, "invalid_names"),
    ("influxdb_v1", {"naming": NAMING | {"tags": ["wearer"]}}, {}, "invalid_tags"),
    ("influxdb_v1", {"naming": NAMING | {"tags": ["time=1"]}}, {}, "invalid_tags"),
    ("influxdb_v1", {}, failing(400, "type conflict"), "field_conflict"),
    ("influxdb_v1", {}, failing(200, "<html>"), "wrong_url"),
    ("influxdb_v2", {"token": "wrong"}, {}, "invalid_auth"),
    ("influxdb_v2", {"bucket": "elsewhere"}, {}, "database_not_found"),
    ("influxdb_v2", {"organization": "elsewhere"}, {}, "database_not_found"),
    ("influxdb_v2", {}, {"writable": False}, "may_not_write"),
    ("influxdb_v3", {"token": "wrong"}, {}, "invalid_auth"),
    ("influxdb_v3", {}, {"writable": False}, "may_not_write"),
    ("influxdb_v3", {}, failing(404, "Not Found"), "wrong_url"),
    ("open_wearables", {"api_key": "wrong"}, {}, "invalid_auth"),
    ("open_wearables", {"url": "wearables"}, {}, "invalid_url"),
    ("open_wearables", {"url": NO_SERVER}, {}, "cannot_connect"),
    ("open_wearables", {}, {"database_up": False}, "server_error"),
    ("open_wearables", {}, failing(200, "<html>"), "wrong_url"),
    ("open_wearables", {}, failing(200, '{"items": 1}'), "wrong_url"),
    ("open_wearables", {}, failing(404, "Not Found"), "wrong_url"),
    ("open_wearables", {}, failing(429), "busy"),
    ("open_wearables_invitation", {"invitation_code": "A"}, {}, "invalid_code"),
    ("open_wearables_invitation", {"invitation_code": "ZZZZ9999"}, {}, "code_used"),
    ("open_wearables_invitation", {"url": NO_SERVER}, {}, "cannot_connect"),
    ("open_wearables_invitation", {}, failing(500), "server_error"),
    ("open_wearables_invitation", {}, failing(200, "<html>"), "wrong_url"),
    ("open_wearables_invitation", {}, failing(404, "Not Found"), "wrong_url"),
]


@pytest.mark.parametrize(("service", "changes", "attributes", "error"), BROKEN)
async def test_error_and_recovery(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    stand_in: Any,
    changes: dict[str, Any],
    attributes: dict[str, Any],
    error: str,
) -> None:
    """What is wrong is said, what was typed stays, and mending it is enough."""
    given = INPUT[service](stand_in)
    form = await choose(hass, service)

    with monkeypatch.context() as broken:
        for name, value in attributes.items():
            broken.setattr(stand_in, name, value)
        form = await submit(hass, form, given | changes)
    assert_form(form, service, error)
    assert suggested(form) == given | changes
    assert not hass.config_entries.async_entries(DOMAIN)

    form = await choose_anna(hass, await submit(hass, form, given), stand_in)
    assert_form(form, "sources")
    created = await submit(hass, form, {"sources": [STRAP], "follow_new": False})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["data"] == kept(service, stand_in)


@each_service
async def test_timeout(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, service: str, stand_in: Any
) -> None:
    """A service that hangs does not hang the flow."""
    given = INPUT[service](stand_in)
    form = await choose(hass, service)
    with monkeypatch.context() as broken:
        broken.setattr(base, "TIMEOUT", ClientTimeout(total=0.3))
        broken.setattr(stand_in, "failure", Failure(200, delay=0.4))
        broken.setattr(stand_in, "failure_everywhere", True)
        form = await submit(hass, form, given)
        await until(lambda: stand_in.requests)
    assert_form(form, service, "timeout")
    form = await choose_anna(hass, await submit(hass, form, given), stand_in)
    assert_form(form, "sources")


@either_way
async def test_mistake_of_ours(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    stand_in: Pulsoid,
    caplog: pytest.LogCaptureFixture,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """Even an error that nobody thought of is shown, and logged without the token."""

    async def fail(_: object) -> None:
        raise ZeroDivisionError

    form = await choose(hass, "pulsoid")
    with monkeypatch.context() as broken:
        broken.setattr(pulsoid.Pulsoid, "validate", fail)
        form = await submit(hass, form, pulsoid_data(stand_in))
    assert_form(form, "pulsoid", "unknown")
    assert "ZeroDivisionError" in caplog.text
    assert stand_in.token not in caplog.text

    entry = await add(hass, "pulsoid", stand_in)
    form = await ask_again(hass, entry, source)
    with monkeypatch.context() as broken:
        broken.setattr(pulsoid.Pulsoid, "validate", fail)
        form = await submit(hass, form, pulsoid_data(stand_in))
    assert_form(form, step_id, "unknown")
    result = await submit(hass, form, pulsoid_data(stand_in))
    assert result["reason"] == reason


async def serve_securely(stand_in: StandIn, tls: ssl.SSLContext) -> web.AppRunner:
    """Let a stand-in speak TLS."""
    runner = web.AppRunner(stand_in._application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    return runner


@pytest.mark.parametrize("service", ["influxdb_v1", "gerosense_proxy"])
async def test_certificate(
    hass: HomeAssistant, tls: ssl.SSLContext, service: str, stand_in: Any
) -> None:
    """A certificate is verified unless the user says otherwise."""
    # Or the server's loop would count a client that hangs up as a failure of the test
    hass.loop.set_debug(False)
    given = INPUT[service](stand_in)
    form = await choose(hass, service)
    form = await submit(
        hass, form, given | {"url": str(stand_in.url.with_scheme("https"))}
    )
    assert_form(form, service, "tls_error")

    runner = await serve_securely(stand_in, tls)
    try:
        given["url"] = f"https://127.0.0.1:{runner.addresses[0][1]}"
        form = await submit(hass, form, given)
        assert_form(form, service, "tls_error")
        form = await submit(hass, form, given | {"verify_ssl": False})
        assert_form(form, "sources")
    finally:
        await runner.cleanup()


@each_service
async def test_same_account_twice(
    hass: HomeAssistant, service: str, stand_in: Any
) -> None:
    """One account has one relay, however its address is written."""
    await add(hass, service, stand_in)
    given = INPUT[service](stand_in)
    if code := given.get("invitation_code"):
        stand_in.invitations[code] = stand_in.user_id
    # Of a proxy nothing is known but its address and the token
    if "url" in given and service != "gerosense_proxy":
        given["url"] = f" {given['url'].replace('http', 'HTTP').rstrip('/')}/ "
    form = await choose(hass, service)
    result = await choose_anna(hass, await submit(hass, form, given), stand_in)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


@pytest.mark.parametrize("service", ["gerosense_proxy"])
async def test_two_dialogs(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """Nor does it get a second one where two dialogs were open at a time."""
    forms = [await to_sources(hass, service, stand_in) for _ in range(2)]
    given = {"sources": [STRAP], "follow_new": False}
    added, aborted = [await submit(hass, form, given) for form in forms]
    assert added["type"] is FlowResultType.CREATE_ENTRY
    assert aborted["type"] is FlowResultType.ABORT
    assert aborted["reason"] == "already_configured"


async def test_two_accounts(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Two wearers have two relays."""
    await add(hass, "pulsoid", stand_in)
    stand_in.token, stand_in.profile_id = "of-somebody-else", "somebody-else"
    await add(hass, "pulsoid", stand_in)
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


@pytest.mark.parametrize("service", ["gerosense_proxy"])
async def test_two_tokens(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """A proxy may have a token for each wearer."""
    await add(hass, service, stand_in)
    stand_in.token = "of-somebody-else"
    await add(hass, service, stand_in)
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


@pytest.mark.parametrize("service", ["influxdb_v1"])
async def test_two_series(hass: HomeAssistant, stand_in: InfluxDBv1) -> None:
    """Two wearers may share a database, in series of their own."""
    await add(hass, "influxdb_v1", stand_in)
    form = await choose(hass, "influxdb_v1")
    given = influxdb_data(stand_in, tags=["wearer=Anna"])
    assert_form(await submit(hass, form, given), "sources")


async def test_no_profile(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Where the account is unknown, the same token twice is refused at least."""
    stand_in.profile_id = None
    entry = await add(hass, "pulsoid", stand_in)
    assert entry.unique_id is None
    form = await choose(hass, "pulsoid")
    result = await submit(hass, form, pulsoid_data(stand_in))
    assert result["reason"] == "already_configured"
    stand_in.token = "another"
    assert_form(await to_sources(hass, "pulsoid", stand_in), "sources")
