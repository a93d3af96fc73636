"""Leading a relay elsewhere: to a moved server, to another account."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.flow.account import async_tokens_of
from custom_components.heart_rate_relay.flow.forms import FORMS, MENUS
from custom_components.heart_rate_relay.relay.coordinator import RelayConfigEntry
from custom_components.heart_rate_relay.relay.data import Status
from dev.stand_ins import Gerosense, InfluxDBv1, OpenWearables, Pulsoid
from dev.stand_ins.open_wearables import CODE
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..common import STRAP, influxdb_data, measure, pulsoid_data, until
from ..conftest import running
from .common import (
    INPUT,
    NAMING,
    NEW_CODE,
    SECRETS,
    STAND_INS,
    TITLES,
    add,
    ask_again,
    assert_abort,
    assert_form,
    choose,
    choose_anna,
    collect,
    each_service,
    kept,
    submit,
    suggested,
    until_arrived,
)

ANOTHER = "another"
DONE = "reconfigure_successful"

MOVABLE = [service for service in STAND_INS if service not in {"pulsoid", "gerosense"}]
"""Services that somebody runs."""

invitation = pytest.mark.parametrize("service", ["open_wearables_invitation"])
open_wearables = pytest.mark.parametrize("service", ["open_wearables"])


@pytest.fixture
async def moved_to(service: str, stand_in: Any) -> AsyncIterator[Any]:
    """Return a server that knows the same accounts."""
    async with running(STAND_INS[service]()) as moved_to:
        yield moved_to


async def add_waiting(
    hass: HomeAssistant, service: str, stand_in: Any
) -> RelayConfigEntry:
    """Add a relay in which readings wait: 71, 72 and 73."""
    entry = await add(hass, service, stand_in)
    entry.runtime_data.async_pause(True)
    measure(hass, 70)
    await collect(hass, 71, 72, 73)
    return entry


async def reconfigure(
    hass: HomeAssistant, entry: RelayConfigEntry, **changes: Any
) -> ConfigFlowResult:
    """Change some of what a relay needs, as a person does who leaves the rest alone."""
    form = await ask_again(hass, entry, SOURCE_RECONFIGURE)
    assert_form(form, "reconfigure")
    return await submit(hass, form, suggested(form) | changes)


async def until_waiting_arrived(
    hass: HomeAssistant, entry: RelayConfigEntry, stand_in: Any
) -> None:
    """Wait for what waited to arrive somewhere."""
    entry.runtime_data.async_pause(False)
    await until_arrived(entry, stand_in, 71, 72, 73)


def become_another(service: str, stand_in: Any) -> dict[str, Any]:
    """Let the next relay be for somebody else, and return what to change for that."""
    match service:
        case "pulsoid":
            stand_in.token = stand_in.profile_id = ANOTHER
            return {"access_token": ANOTHER}
        case "gerosense":
            stand_in.people = {ANOTHER: ("Male", 1975), **stand_in.people}
            return {"user_id": ANOTHER}
        case "gerosense_proxy":
            stand_in.token = ANOTHER
            return {"token": ANOTHER}
        case "livetracking":
            stand_in.username = stand_in.database = ANOTHER
            return {"username": ANOTHER}
        case "influxdb_v1" | "influxdb_v3":
            stand_in.database = ANOTHER
            return {"database": ANOTHER}
        case "influxdb_v2":
            stand_in.database = ANOTHER
            return {"bucket": ANOTHER}
        case "webhook":
            stand_in.wants = {"X-Wearer": ANOTHER}
            return {"headers": [f"X-Wearer: {ANOTHER}"]}
    stand_in.user_id = ben = stand_in.add_user(first_name="Ben")
    stand_in.invitations = dict.fromkeys((CODE, NEW_CODE), ben)
    return {"invitation_code": NEW_CODE} if "invitation" in service else {}


async def choose_ben(
    hass: HomeAssistant, shown: ConfigFlowResult, stand_in: Any
) -> ConfigFlowResult:
    """Choose the person whom the server knows, where it asks whether it is another."""
    if shown.get("step_id") == "same_person":
        shown = await submit(hass, shown, {"next_step_id": "choose_person"})
        return await submit(hass, shown, {"user_id": stand_in.user_id})
    return await choose_anna(hass, shown, stand_in)


def test_secrets() -> None:
    """What is never shown again are the fields that show dots instead of what is typed."""
    assert {service: form.secrets for service, form in FORMS.items()} == {
        "live_feed": frozenset(),
        "mqtt_topic": frozenset(),
        "pulsoid_oauth": frozenset(),
    } | {service: {field} for service, field in SECRETS.items()} | {
        "webhook": {"signing_key", "secret_headers"}
    }


@each_service
async def test_nothing_changed(
    hass: HomeAssistant, service: str, stand_in: Any
) -> None:
    """All but secrets is shown, and what is left as it is stays, secrets too."""
    entry = await add_waiting(hass, service, stand_in)
    before, unique_id, coordinator = entry.data, entry.unique_id, entry.runtime_data
    form = await ask_again(hass, entry, SOURCE_RECONFIGURE)
    assert form["description_placeholders"] == {"relay": entry.title}
    given = INPUT[service](stand_in)
    assert suggested(form) == {
        key: given[key] for key in set(given) - {SECRETS[service]}
    }

    # The frontend leaves out what is empty, others may not
    shown = await submit(hass, form, suggested(form) | {SECRETS[service]: ""})
    assert_abort(await choose_anna(hass, shown, stand_in), DONE)

    assert (entry.data, entry.unique_id) == (before, unique_id)
    assert entry.title == TITLES[service]
    assert entry.runtime_data is not coordinator
    await until_waiting_arrived(hass, entry, stand_in)


@pytest.mark.parametrize("service", MOVABLE)
async def test_moved(
    hass: HomeAssistant, service: str, stand_in: Any, moved_to: Any
) -> None:
    """What waited for a server goes to where that is now."""
    entry = await add_waiting(hass, service, stand_in)
    await stand_in.stop()
    given = INPUT[service](moved_to)
    form = await reconfigure(hass, entry, url=given["url"])
    assert_form(form, "reconfigure", "secret_again")
    assert not moved_to.requests
    assert suggested(form)["url"] == given["url"]
    secret = {SECRETS[service]: given[SECRETS[service]]}
    shown = await submit(hass, form, suggested(form) | secret)
    assert_abort(await choose_anna(hass, shown, moved_to), DONE)
    assert entry.data == kept(service, moved_to)
    await until_waiting_arrived(hass, entry, moved_to)
    assert not stand_in.arrivals


@pytest.mark.parametrize(
    ("address", "moves"),
    [
        ("http://one.example/", False),
        (" HTTP://One.Example:80/behind/a/proxy ", False),
        ("https://one.example", True),
        ("http://one.example:8086", True),
        ("http://two.example", True),
        ("http://one.example.two.example", True),
    ],
)
def test_elsewhere(address: str, moves: bool) -> None:
    """What is kept is for a scheme, a host and a port, however these are written."""
    known = {"url": "http://one.example", "password": "secret"}
    form = FORMS["livetracking"]
    assert form.moves(known, {"url": address}) is moves
    assert form.lacks_secret(known, {"url": address})
    assert not form.lacks_secret(known, {"url": address, "password": "another"})


@pytest.mark.parametrize("service", ["influxdb_v1"])
async def test_no_secret_to_keep(
    hass: HomeAssistant, stand_in: InfluxDBv1, moved_to: InfluxDBv1
) -> None:
    """Where none was needed there is none to ask for."""
    stand_in.username = stand_in.password = ""
    moved_to.username = moved_to.password = ""
    given = {**influxdb_data(stand_in)}
    del given["username"], given["password"]
    shown = await submit(hass, await choose(hass, "influxdb_v1"), given)
    created = await submit(hass, shown, {"sources": [STRAP], "follow_new": False})
    entry = created["result"]
    assert_abort(await reconfigure(hass, entry, url=str(moved_to.url)), DONE)


@each_service
async def test_another_account(
    hass: HomeAssistant, service: str, stand_in: Any
) -> None:
    """What waited goes to another account, by whose name the relay then goes."""
    entry = await add_waiting(hass, service, stand_in)
    entry_id, unique_id = entry.entry_id, entry.unique_id
    shown = await reconfigure(hass, entry, **become_another(service, stand_in))
    assert_abort(await choose_ben(hass, shown, stand_in), DONE)
    assert entry.data == kept(service, stand_in)
    assert entry.entry_id == entry_id
    assert entry.unique_id != unique_id or service == "gerosense_proxy"
    expected = {
        "gerosense": f"Gerosense {ANOTHER}",
        "livetracking": f"livetracking.io {ANOTHER}",
        "influxdb_v1": f"InfluxDB {ANOTHER}",
        "influxdb_v2": f"InfluxDB {ANOTHER}",
        "influxdb_v3": f"InfluxDB {ANOTHER}",
        "open_wearables": "Open Wearables Ben",
    }
    assert entry.title == expected.get(service, TITLES[service])
    await until_waiting_arrived(hass, entry, stand_in)


@each_service
async def test_account_of_another_relay(
    hass: HomeAssistant, service: str, stand_in: Any
) -> None:
    """An account that has a relay does not get a second one."""
    entry = await add(hass, service, stand_in)
    before, unique_id, title = entry.data, entry.unique_id, entry.title
    changes = become_another(service, stand_in)
    await add(hass, service, stand_in)
    shown = await reconfigure(hass, entry, **changes)
    assert_abort(await choose_ben(hass, shown, stand_in), "already_configured")
    assert (entry.data, entry.unique_id, entry.title) == (before, unique_id, title)


async def test_own_title_stays(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A relay that somebody has named keeps that name."""
    entry = await add(hass, "pulsoid", stand_in)
    hass.config_entries.async_update_entry(entry, title="On air")
    shown = await reconfigure(hass, entry, **become_another("pulsoid", stand_in))
    assert_abort(shown, DONE)
    assert entry.title == "On air"


async def test_profile_no_longer_told(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A relay is not taken for that of an account that it may have left."""
    entry = await add(hass, "pulsoid", stand_in)
    stand_in.profile_id, stand_in.token = None, ANOTHER
    assert_abort(await reconfigure(hass, entry, access_token=ANOTHER), DONE)
    assert entry.unique_id is None


@pytest.mark.parametrize("service", ["influxdb_v1"])
async def test_emptied(hass: HomeAssistant, stand_in: InfluxDBv1) -> None:
    """What is emptied is gone, but secrets; and what is wrong is shown as it was given."""
    entry = await add(hass, "influxdb_v1", stand_in)
    given = entry.data | {"retention_policy": "autogen"}
    hass.config_entries.async_update_entry(entry, data=given)
    form = await ask_again(hass, entry, SOURCE_RECONFIGURE)
    changed = suggested(form)
    assert changed.pop("retention_policy") == "autogen"
    changed["naming"] = {**NAMING, "measurement": "pulse"}
    wrong = changed | {"database": "unheard of"}
    form = await submit(hass, form, wrong)
    assert_form(form, "reconfigure", "database_not_found")
    assert suggested(form) == wrong
    assert_abort(await submit(hass, form, changed), DONE)
    assert entry.data == {
        "service": "influxdb_v1",
        "password": stand_in.password,
        **changed,
    }


@each_service
async def test_reauth_settled(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """Whoever was asked to sign in again, and did so here, is asked no more."""
    entry = await add(hass, service, stand_in)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    assert len(hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == 1
    shown = await reconfigure(hass, entry)
    assert_abort(await choose_anna(hass, shown, stand_in), DONE)
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)


def menu_options(shown: ConfigFlowResult, step_id: str) -> Mapping[str, Any]:
    """Return what a menu offers."""
    assert shown["type"] is FlowResultType.MENU
    assert shown["step_id"] == step_id
    assert shown["menu_options"] == list(MENUS[step_id])
    return shown


@open_wearables
async def test_person_gone(hass: HomeAssistant, stand_in: OpenWearables) -> None:
    """Who is gone is not offered, but somebody else can take their place."""
    entry = await add_waiting(hass, "open_wearables", stand_in)
    stand_in.add_user(first_name="Cleo")
    del stand_in.users[stand_in.user_id]
    shown = await reconfigure(hass, entry)
    menu_options(shown, "person")
    shown = await submit(hass, shown, {"next_step_id": "new_person"})
    assert_abort(await submit(hass, shown, {"first_name": "Ben"}), DONE)
    assert stand_in.users[entry.data["user_id"]]["first_name"] == "Ben"
    await until_waiting_arrived(hass, entry, stand_in)


@pytest.mark.parametrize("service", ["gerosense"])
async def test_register(hass: HomeAssistant, stand_in: Gerosense) -> None:
    """A wearer whom Gerosense does not know is registered on the way."""
    entry = await add_waiting(hass, "gerosense", stand_in)
    shown = await reconfigure(hass, entry, user_id=ANOTHER)
    assert_form(shown, "new_person")
    details = {"biological_sex": "male", "year_of_birth": 1975}
    assert_abort(await submit(hass, shown, details), DONE)
    assert stand_in.people[ANOTHER] == ("Male", 1975)
    await until_waiting_arrived(hass, entry, stand_in)


@invitation
@pytest.mark.parametrize("runs", [True, False])
async def test_tokens_are_shared(
    hass: HomeAssistant, service: str, stand_in: OpenWearables, runs: bool
) -> None:
    """A token that is renewed on the way is the relay's own, though one gives up then."""
    entry = await add_waiting(hass, service, stand_in)
    assert async_tokens_of(hass, entry) is entry.runtime_data.tokens
    if not runs:
        await hass.config_entries.async_unload(entry.entry_id)
    stand_in.expire()
    form = await ask_again(hass, entry, SOURCE_RECONFIGURE)
    wrong = suggested(form) | {"invitation_code": "ZZZZ9999"}
    assert_form(await submit(hass, form, wrong), "reconfigure", "code_used")
    shown = await submit(hass, form, suggested(form))
    assert_abort(shown, DONE)
    assert stand_in.refreshes == 1
    stand_in.expire()
    await until_waiting_arrived(hass, entry, stand_in)
    assert stand_in.refreshes == 2
    assert entry.runtime_data.data.status is not Status.NOT_AUTHORISED


async def test_not_now(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Wrong credentials change nothing, and the relay goes on."""
    entry = await add(hass, "pulsoid", stand_in)
    coordinator = entry.runtime_data
    measure(hass, 70)
    shown = await reconfigure(hass, entry, access_token="wrong")
    assert_form(shown, "reconfigure", "invalid_auth")
    assert entry.data == {"service": "pulsoid", **pulsoid_data(stand_in)}
    assert entry.runtime_data is coordinator
    await collect(hass, 71)
    await until(lambda: stand_in.arrivals)
