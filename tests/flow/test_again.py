"""Signing in again, because one has to or wants to."""

from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import OpenWearables, Pulsoid
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant

from ..common import measure, pulsoid_data, until
from .common import (
    INPUT,
    NEW_CODE,
    SECRETS,
    add,
    ask_again,
    assert_abort,
    assert_form,
    change_secret,
    choose_anna,
    collect,
    each_service,
    either_way,
    fields,
    kept,
    newest_token,
    submit,
    suggested,
    until_arrived,
)

SHOWN_ONCE_MORE = {key: {field} for key, field in SECRETS.items()} | {
    "gerosense": {"username", "password"},
    "influxdb_v1": {"username", "password"},
}
"""What each service asks for when it refused the credentials."""

WRONG = {
    "open_wearables_invitation": ("ZZZZ9999", "code_used"),
    "webhook": ("whsec_" + "A" * 32, "invalid_auth"),
}


def given_again(
    service: str, stand_in: Any, secret: str, source: str = SOURCE_REAUTH
) -> dict[str, Any]:
    """Return what a person fills in who has a new secret."""
    given = INPUT[service](stand_in) | {SECRETS[service]: secret}
    if source == SOURCE_RECONFIGURE:
        return given
    return {key: given[key] for key in SHOWN_ONCE_MORE[service]}


def without_secret(service: str, stand_in: Any) -> dict[str, Any]:
    """Return what is filled in where all can be changed."""
    given = INPUT[service](stand_in)
    del given[SECRETS[service]]
    return given


@each_service
@either_way
async def test_new_credentials(
    hass: HomeAssistant,
    service: str,
    stand_in: Any,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """Wrong credentials are refused, and the right ones stored and used at once."""
    entry = await add(hass, service, stand_in)
    before = dict(entry.data)
    coordinator = entry.runtime_data
    known = without_secret(service, stand_in)
    secret = change_secret(service, stand_in)

    form = await ask_again(hass, entry, source)
    # Home Assistant's own placeholder comes with ours where it asks
    own = {"name": entry.title} if source == SOURCE_REAUTH else {}
    assert form["description_placeholders"] == {"relay": entry.title} | own
    assert_form(form, step_id)
    given = given_again(service, stand_in, secret, source)
    assert fields(form) - {"retention_policy", "secret_headers"} == set(given)
    assert suggested(form) == ({} if source == SOURCE_REAUTH else known)
    wrong, error = WRONG.get(service, ("wrong", "invalid_auth"))
    form = await submit(hass, form, given_again(service, stand_in, wrong, source))
    assert_form(form, step_id, error)
    assert entry.data == before

    result = await submit(hass, form, given)

    assert_abort(await choose_anna(hass, result, stand_in), reason)
    assert entry.data == kept(service, stand_in)
    assert entry.data != before
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not coordinator
    measure(hass, 70)
    await collect(hass, 71, 72, 73)
    await until_arrived(entry, stand_in, 71, 72, 73)


@each_service
async def test_locked_out(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """Whoever is locked out is asked once, and what waited is delivered."""
    entry = await add(hass, service, stand_in)
    loads: list[ConfigEntryState] = []
    entry.async_on_state_change(lambda: loads.append(entry.state))
    measure(hass, 70)
    secret = change_secret(service, stand_in)
    await collect(hass, 71, 72, 73)
    await until(lambda: entry.runtime_data.data.status is Status.NOT_AUTHORISED)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["title_placeholders"] == {"name": entry.title}
    assert not stand_in.arrivals

    shown = await hass.config_entries.flow.async_configure(flow["flow_id"])
    result = await submit(hass, shown, given_again(service, stand_in, secret))

    assert_abort(result, "reauth_successful")
    await until_arrived(entry, stand_in, 71, 72, 73)
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert loads.count(ConfigEntryState.LOADED) == 1


def become_another(service: str, stand_in: Any) -> dict[str, Any]:
    """Return the credentials of somebody else at the same service."""
    match service:
        case "pulsoid":
            stand_in.token, stand_in.profile_id = "of-somebody-else", "somebody-else"
            return pulsoid_data(stand_in)
        case _:
            stand_in.invitations[NEW_CODE] = stand_in.add_user(first_name="Ben")
            return {"invitation_code": NEW_CODE}


@pytest.mark.parametrize("service", ["pulsoid", "open_wearables_invitation"])
async def test_wrong_account(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """Who just signs in again does not lead readings to the account of another."""
    entry = await add(hass, service, stand_in)
    before = dict(entry.data)
    form = await ask_again(hass, entry, SOURCE_REAUTH)
    result = await submit(hass, form, become_another(service, stand_in))
    assert_abort(result, "wrong_account")
    assert entry.data == before


@pytest.mark.parametrize("service", ["gerosense_proxy"])
async def test_token_of_another_relay(
    hass: HomeAssistant, service: str, stand_in: Any
) -> None:
    """Nor does who takes the token of another relay, where nothing else tells whose it is."""
    entry = await add(hass, service, stand_in)
    before = dict(entry.data)
    stand_in.token = "of-somebody-else"
    await add(hass, service, stand_in)
    form = await ask_again(hass, entry, SOURCE_REAUTH)
    result = await submit(hass, form, {"token": stand_in.token})
    assert_abort(result, "already_configured")
    assert entry.data == before


async def test_profile_of_another_relay(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Nor does who could not be told apart, and is now told to be somebody else."""
    stand_in.profile_id = None
    entry = await add(hass, "pulsoid", stand_in)
    before = dict(entry.data)
    stand_in.token, stand_in.profile_id = "of-somebody-else", "somebody-else"
    await add(hass, "pulsoid", stand_in)
    form = await ask_again(hass, entry, SOURCE_REAUTH)
    result = await submit(hass, form, pulsoid_data(stand_in))
    assert_abort(result, "already_configured")
    assert entry.data == before


@either_way
async def test_new_token_without_a_profile(
    hass: HomeAssistant, stand_in: Pulsoid, source: str, step_id: str, reason: str
) -> None:
    """Who cannot be told apart can sign in again all the same."""
    stand_in.profile_id = None
    entry = await add(hass, "pulsoid", stand_in)
    stand_in.token, stand_in.profile_id = "another", "known now"
    form = await ask_again(hass, entry, source)
    done = await submit(hass, form, {"access_token": "another"})
    assert done["reason"] == reason
    assert entry.data["access_token"] == "another"


@pytest.mark.parametrize("service", ["open_wearables_invitation"])
async def test_new_invitation_wins(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """Tokens of a new invitation count, though older ones were renewed since."""
    entry = await add(hass, service, stand_in)
    measure(hass, 70)
    stand_in.expire()
    await collect(hass, 71)
    await until_arrived(entry, stand_in, 71)
    assert stand_in.refreshes == 1
    secret = change_secret(service, stand_in)
    form = await ask_again(hass, entry, SOURCE_REAUTH)
    await submit(hass, form, {"invitation_code": secret})
    given = newest_token(stand_in)

    await collect(hass, 72)
    await until_arrived(entry, stand_in, 71, 72)

    assert entry.data["token"] == given == newest_token(stand_in)
    assert stand_in.refreshes == 1
