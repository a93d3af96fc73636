"""Signing in at Pulsoid with an application of one's own."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.relay.coordinator import RelayConfigEntry
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import Pulsoid
from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..browser import Browser, add_application, sign_in
from ..common import STRAP, measure, pulsoid_data, until
from .common import (
    add,
    ask_again,
    assert_abort,
    assert_form,
    choose,
    choose_service,
    collect,
    either_way,
    fields,
    submit,
    until_arrived,
)

OTHER = "other_application"


@pytest.fixture
async def application(hass: HomeAssistant, browser: Browser, pulsoid: Pulsoid) -> str:
    """Return an application that is known to Home Assistant."""
    await add_application(hass, pulsoid)
    return DOMAIN


async def to_answer(hass: HomeAssistant, browser: Browser) -> ConfigFlowResult:
    """Start to add a relay, up to what comes after the sign-in."""
    return await sign_in(hass, browser, await choose_service(hass, "pulsoid_oauth"))


async def add_signed_in(hass: HomeAssistant, browser: Browser) -> RelayConfigEntry:
    """Add a relay in the way that a person does."""
    shown = await to_answer(hass, browser)
    assert_form(shown, "sources")
    created = await submit(hass, shown, {"sources": [STRAP]})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    entry: RelayConfigEntry = created["result"]
    return entry


async def test_no_application(hass: HomeAssistant, browser: Browser) -> None:
    """Without an application Home Assistant asks for one."""
    shown = await choose_service(hass, "pulsoid_oauth")
    assert_abort(shown, "missing_credentials")
    assert shown["translation_domain"] == "homeassistant"


async def test_one_application(
    hass: HomeAssistant,
    application: str,
    browser: Browser,
    pulsoid: Pulsoid,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With one application one is sent to Pulsoid at once, and comes back with a relay."""
    measure(hass, 60)
    entry = await add_signed_in(hass, browser)
    assert entry.title == "Pulsoid"
    token = entry.data["token"]
    assert entry.data == {
        "service": "pulsoid_oauth",
        "auth_implementation": application,
        "token": token,
    }
    assert token["refresh_token"]
    await collect(hass, 70)
    await until_arrived(entry, pulsoid, 70)
    assert token["access_token"] not in caplog.text
    assert token["refresh_token"] not in caplog.text


async def test_two_applications(
    hass: HomeAssistant, application: str, browser: Browser, pulsoid: Pulsoid
) -> None:
    """Of two applications one is to be chosen."""
    pulsoid.client_id = "another"
    await add_application(hass, pulsoid, OTHER)
    shown = await choose_service(hass, "pulsoid_oauth")
    assert shown["step_id"] == "pick_implementation"
    assert fields(shown) == {"implementation"}
    shown = await submit(hass, shown, {"implementation": OTHER})
    shown = await sign_in(hass, browser, shown)
    created = await submit(hass, shown, {"sources": [STRAP]})
    assert created["data"]["auth_implementation"] == OTHER


async def test_renewed_while_it_runs(
    hass: HomeAssistant, application: str, browser: Browser, pulsoid: Pulsoid
) -> None:
    """A token that is over is renewed, without anybody being asked or a reload."""
    entry = await add_signed_in(hass, browser)
    first, coordinator = entry.data["token"], entry.runtime_data
    measure(hass, 60)
    pulsoid.expire()
    await collect(hass, 70, 71)
    await until_arrived(entry, pulsoid, 70, 71)
    assert pulsoid.refreshes == 1
    assert entry.data["token"] != first
    await hass.async_block_till_done()
    assert entry.runtime_data is coordinator
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def test_denied(
    hass: HomeAssistant, application: str, browser: Browser, pulsoid: Pulsoid
) -> None:
    """Who says no at Pulsoid gets no relay."""
    pulsoid.denies = True
    shown = await to_answer(hass, browser)
    assert_abort(shown, "user_rejected_authorize")


async def test_missing_scope(
    hass: HomeAssistant, application: str, browser: Browser, pulsoid: Pulsoid
) -> None:
    """An application that may not write is told of, and another try is offered."""
    scopes, pulsoid.scopes = pulsoid.scopes, ()
    shown = await to_answer(hass, browser)
    assert_form(shown, "pulsoid_oauth", "missing_scope")
    assert fields(shown) == set()
    pulsoid.scopes = scopes
    shown = await sign_in(hass, browser, await submit(hass, shown, {}))
    assert_form(shown, "sources")


async def by_token(
    hass: HomeAssistant, browser: Browser, pulsoid: Pulsoid
) -> ConfigFlowResult:
    """Start to add a relay with a pasted token."""
    return await submit(hass, await choose(hass, "pulsoid"), pulsoid_data(pulsoid))


async def by_signing_in(
    hass: HomeAssistant, browser: Browser, pulsoid: Pulsoid
) -> ConfigFlowResult:
    """Start to add a relay by signing in."""
    return await to_answer(hass, browser)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (by_token, by_signing_in),
        (by_signing_in, by_token),
        (by_signing_in, by_signing_in),
    ],
)
async def test_same_profile_twice(
    hass: HomeAssistant,
    application: str,
    browser: Browser,
    pulsoid: Pulsoid,
    first: Callable[..., Any],
    second: Callable[..., Any],
) -> None:
    """One profile has one relay, whichever way its owner signs in."""
    shown = await first(hass, browser, pulsoid)
    created = await submit(hass, shown, {"sources": [STRAP]})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert_abort(await second(hass, browser, pulsoid), "already_configured")
    pulsoid.profile_id, pulsoid.token = "another", "another"
    assert_form(await second(hass, browser, pulsoid), "sources")


@either_way
@pytest.mark.parametrize("profile", ["the same", "another"])
async def test_again(
    hass: HomeAssistant,
    application: str,
    browser: Browser,
    pulsoid: Pulsoid,
    source: str,
    step_id: str,
    reason: str,
    profile: str,
) -> None:
    """One can sign in again to the same profile, and to another on purpose."""
    entry = await add_signed_in(hass, browser)
    before = dict(entry.data)
    shown = await ask_again(hass, entry, source)
    assert_form(shown, step_id)
    assert fields(shown) == set()
    if profile == "another":
        pulsoid.profile_id = profile
        if source == SOURCE_REAUTH:
            reason = "wrong_account"
    shown = await sign_in(hass, browser, await submit(hass, shown, {}))
    assert_abort(shown, reason)
    assert (entry.data == before) == (reason == "wrong_account")
    assert entry.unique_id == f"pulsoid {pulsoid.profile_id}" or entry.data == before


@either_way
async def test_again_without_the_scope(
    hass: HomeAssistant,
    application: str,
    browser: Browser,
    pulsoid: Pulsoid,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """What is lacking is said, and another try is offered."""
    entry = await add_signed_in(hass, browser)
    before = dict(entry.data)
    scopes, pulsoid.scopes = pulsoid.scopes, ()
    shown = await ask_again(hass, entry, source)
    shown = await sign_in(hass, browser, await submit(hass, shown, {}))
    assert_form(shown, step_id, "missing_scope")
    assert entry.data == before
    pulsoid.scopes = scopes
    shown = await sign_in(hass, browser, await submit(hass, shown, {}))
    assert_abort(shown, reason)


async def test_locked_out(
    hass: HomeAssistant, application: str, browser: Browser, pulsoid: Pulsoid
) -> None:
    """Who withdrew what was allowed is asked once, and what waited is delivered."""
    measure(hass, 60)
    entry = await add_signed_in(hass, browser)
    pulsoid.revoke()
    await collect(hass, 70, 71)
    await until(lambda: entry.runtime_data.data.status is Status.NOT_AUTHORISED)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    shown = await hass.config_entries.flow.async_configure(flow["flow_id"])
    shown = await sign_in(hass, browser, await submit(hass, shown, {}))
    assert_abort(shown, "reauth_successful")
    await until_arrived(entry, pulsoid, 70, 71)
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)


@either_way
async def test_application_gone(
    hass: HomeAssistant,
    application: str,
    browser: Browser,
    pulsoid: Pulsoid,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """Whose application was removed can sign in with another one."""
    entry = await add_signed_in(hass, browser)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "auth_implementation": "gone"}
    )
    shown = await ask_again(hass, entry, source)
    shown = await sign_in(hass, browser, await submit(hass, shown, {}))
    assert_abort(shown, reason)
    assert entry.data["auth_implementation"] == application


async def test_pasted_token_stays(
    hass: HomeAssistant, application: str, browser: Browser, pulsoid: Pulsoid
) -> None:
    """A relay with a pasted token is asked for a token, application or not."""
    entry = await add(hass, "pulsoid", pulsoid)
    shown = await ask_again(hass, entry, SOURCE_REAUTH)
    assert_form(shown, "reauth_confirm")
    assert fields(shown) == {"access_token"}
