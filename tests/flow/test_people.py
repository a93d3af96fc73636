"""Choosing whose readings they are, where an account has several people."""

from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.flow.forms import MENUS
from dev.stand_ins import Failure, Gerosense, OpenWearables
from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from ..common import STRAP
from .common import (
    INPUT,
    add,
    ask_again,
    assert_abort,
    assert_form,
    choose,
    choose_anna,
    either_way,
    fields,
    gerosense_data,
    invitation_data,
    submit,
    suggested,
)

open_wearables = pytest.mark.parametrize("service", ["open_wearables"])
gerosense = pytest.mark.parametrize("service", ["gerosense"])

STRANGER = "e9d1-stranger"
DETAILS = {"biological_sex": "male", "year_of_birth": 1975}


def choices(shown: ConfigFlowResult) -> dict[str, str]:
    """Return the people that a form offers, by name."""
    schema = shown["data_schema"]
    assert schema is not None
    options = schema.schema["user_id"].config["options"]
    return {option["label"]: option["value"] for option in options}


async def to_people(
    hass: HomeAssistant, stand_in: OpenWearables, step_id: str
) -> ConfigFlowResult:
    """Start to add a relay to Open Wearables, up to a person who is known or new."""
    shown = await choose(hass, "open_wearables")
    shown = await submit(hass, shown, INPUT["open_wearables"](stand_in))
    assert shown["type"] is FlowResultType.MENU
    assert shown["step_id"] == "person"
    assert shown["menu_options"] == list(MENUS["person"])
    shown = await submit(hass, shown, {"next_step_id": step_id})
    assert shown["step_id"] == step_id
    return shown


async def finish(hass: HomeAssistant, shown: ConfigFlowResult) -> ConfigFlowResult:
    """Choose a sensor."""
    assert_form(shown, "sources")
    created = await submit(hass, shown, {"sources": [STRAP]})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    return created


@open_wearables
async def test_choose_person(hass: HomeAssistant, stand_in: OpenWearables) -> None:
    """Everybody is listed by name, and the one who is chosen gets the readings."""
    ben = stand_in.add_user(first_name="Ben", last_name="Okafor")
    nameless = stand_in.add_user(email="c@example.org")
    shown = await to_people(hass, stand_in, "choose_person")
    assert_form(shown, "choose_person")
    assert fields(shown) == {"search", "user_id"}
    assert choices(shown) == {
        "Anna": stand_in.user_id,
        "Ben Okafor": ben,
        "c@example.org": nameless,
    }

    created = await finish(hass, await submit(hass, shown, {"user_id": ben}))

    assert created["title"] == "Open Wearables Ben Okafor"
    assert created["data"]["user_id"] == ben
    assert "search" not in created["data"]


@open_wearables
async def test_search(hass: HomeAssistant, stand_in: OpenWearables) -> None:
    """A search narrows the list; nobody found can be searched for anew."""
    ben = stand_in.add_user(first_name="Ben", last_name="Okafor")
    shown = await to_people(hass, stand_in, "choose_person")
    shown = await submit(hass, shown, {"search": "okaf"})
    assert_form(shown, "choose_person")
    assert choices(shown) == {"Ben Okafor": ben}
    assert suggested(shown) == {"search": "okaf"}

    shown = await submit(hass, shown, {"search": "nobody"})
    assert_form(shown, "choose_person", "nobody_found")
    assert choices(shown) == {}
    assert suggested(shown) == {"search": "nobody"}

    shown = await submit(hass, shown, {})
    assert_form(shown, "choose_person")
    assert set(choices(shown)) == {"Anna", "Ben Okafor"}
    with pytest.raises(InvalidData):
        await submit(hass, shown, {"user_id": "of nobody"})


@open_wearables
async def test_nobody_yet(hass: HomeAssistant, stand_in: OpenWearables) -> None:
    """On a new server there is nobody to choose, which is said."""
    stand_in.users.clear()
    shown = await to_people(hass, stand_in, "choose_person")
    assert_form(shown, "choose_person", "nobody_found")


@open_wearables
async def test_person_removed_meanwhile(
    hass: HomeAssistant, stand_in: OpenWearables
) -> None:
    """Who is removed between the list and the choice cannot be chosen."""
    ben = stand_in.add_user(first_name="Ben")
    shown = await to_people(hass, stand_in, "choose_person")
    del stand_in.users[ben]
    shown = await submit(hass, shown, {"user_id": ben})
    assert_form(shown, "choose_person", "unknown_person")
    assert set(choices(shown)) == {"Anna"}
    await finish(hass, await submit(hass, shown, {"user_id": stand_in.user_id}))


@open_wearables
async def test_no_list(hass: HomeAssistant, stand_in: OpenWearables) -> None:
    """A server that fails in between is said to, and asked again."""
    shown = await to_people(hass, stand_in, "choose_person")
    stand_in.database_up = False
    shown = await submit(hass, shown, {})
    assert_form(shown, "choose_person", "server_error")
    stand_in.database_up = True
    assert_form(await submit(hass, shown, {}), "choose_person")


@open_wearables
@pytest.mark.parametrize(
    ("details", "name"),
    [
        ({"first_name": "Ben", "last_name": "Okafor"}, "Ben Okafor"),
        ({"email": "ben@example.org"}, "ben@example.org"),
        ({}, None),
    ],
)
async def test_new_person(
    hass: HomeAssistant,
    stand_in: OpenWearables,
    details: Mapping[str, Any],
    name: str | None,
) -> None:
    """A person is made known by as much as one cares to tell."""
    shown = await to_people(hass, stand_in, "new_person")
    assert_form(shown, "new_person")
    assert fields(shown) == {"first_name", "last_name", "email"}
    created = await finish(hass, await submit(hass, shown, details))
    (user_id,) = set(stand_in.users) - {stand_in.user_id}
    assert created["data"]["user_id"] == user_id
    assert created["title"] == f"Open Wearables {name or user_id}"
    assert set(created["data"]) == {"service", "user_id"} | set(
        INPUT["open_wearables"](stand_in)
    )


@open_wearables
@pytest.mark.parametrize(
    ("email", "error"), [("anna@example.org", "email_taken"), ("ben", "invalid_email")]
)
async def test_wrong_email(
    hass: HomeAssistant, stand_in: OpenWearables, email: str, error: str
) -> None:
    """An address that cannot be is said to, and what was typed stays."""
    details = {"first_name": "Ben", "email": email}
    shown = await to_people(hass, stand_in, "new_person")
    shown = await submit(hass, shown, details)
    assert_form(shown, "new_person", error)
    assert suggested(shown) == details
    await finish(hass, await submit(hass, shown, {"first_name": "Ben"}))
    assert len(stand_in.users) == 2


@open_wearables
async def test_added_once(
    hass: HomeAssistant, stand_in: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person is added once, though the form be sent again after an error behind it."""
    details = {"first_name": "Ben", "email": "ben@example.org"}
    shown = await to_people(hass, stand_in, "new_person")

    def go_down(**user: str | None) -> str:
        user_id = OpenWearables.add_user(stand_in, **user)
        stand_in.failure, stand_in.failure_everywhere = Failure(503), True
        return user_id

    with monkeypatch.context() as broken:
        broken.setattr(stand_in, "add_user", go_down)
        shown = await submit(hass, shown, details)
    assert_form(shown, "new_person", "busy")
    stand_in.failure = None
    created = await finish(hass, await submit(hass, shown, details))
    (user_id,) = set(stand_in.users) - {stand_in.user_id}
    assert created["data"]["user_id"] == user_id


@open_wearables
async def test_two_people(hass: HomeAssistant, stand_in: OpenWearables) -> None:
    """Each person of a server may have a relay, and one only, by key or by invitation."""
    await add(hass, "open_wearables", stand_in)
    ben = stand_in.add_user(first_name="Ben")
    shown = await to_people(hass, stand_in, "choose_person")
    await finish(hass, await submit(hass, shown, {"user_id": ben}))
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2

    shown = await choose(hass, "open_wearables_invitation")
    shown = await submit(hass, shown, invitation_data(stand_in))
    assert_abort(shown, "already_configured")


@pytest.mark.parametrize("service", ["open_wearables_invitation"])
async def test_invited_already(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """Who was invited has a relay, so that the key to the server adds no other."""
    await add(hass, service, stand_in)
    shown = await to_people(hass, stand_in, "choose_person")
    shown = await submit(hass, shown, {"user_id": stand_in.user_id})
    assert_abort(shown, "already_configured")


@open_wearables
async def test_person_gone(hass: HomeAssistant, stand_in: OpenWearables) -> None:
    """Who just signs in again is not asked for another person."""
    entry = await add(hass, "open_wearables", stand_in)
    anna = stand_in.users.pop(stand_in.user_id)
    shown = await ask_again(hass, entry, SOURCE_REAUTH)
    shown = await submit(hass, shown, {"api_key": stand_in.api_key})
    assert_form(shown, "reauth_confirm", "unknown_person")
    assert not stand_in.users

    stand_in.users[stand_in.user_id] = anna
    shown = await submit(hass, shown, {"api_key": stand_in.api_key})
    assert_abort(shown, "reauth_successful")


@pytest.fixture
def stranger(stand_in: Gerosense) -> dict[str, Any]:
    """Return what the form gives for somebody whom Gerosense does not know."""
    return gerosense_data(stand_in) | {"user_id": STRANGER}


@gerosense
async def test_register(
    hass: HomeAssistant, stand_in: Gerosense, stranger: dict[str, Any]
) -> None:
    """Who is unknown is registered, after what Gerosense needs to know was asked."""
    shown = await submit(hass, await choose(hass, "gerosense"), stranger)
    assert_form(shown, "new_person")
    assert fields(shown) == {"biological_sex", "year_of_birth"}
    assert STRANGER not in stand_in.people

    created = await finish(hass, await submit(hass, shown, DETAILS))

    assert stand_in.people[STRANGER] == ("Male", 1975)
    assert created["data"] == {"service": "gerosense", **stranger}


@gerosense
@pytest.mark.parametrize("is_known", [False, True])
async def test_register_to_be_sure(
    hass: HomeAssistant, stand_in: Gerosense, stranger: dict[str, Any], is_known: bool
) -> None:
    """A service that looks at the number of readings first does not tell who is unknown.

    So one is asked, and who is registered already may be registered again.
    """
    stand_in.sees_size_first = True
    if is_known:
        stand_in.people[STRANGER] = ("Male", 1975)
    shown = await submit(hass, await choose(hass, "gerosense"), stranger)
    assert shown["type"] is FlowResultType.MENU
    assert shown["step_id"] == "registered"
    shown = await submit(hass, shown, {"next_step_id": "new_person"})
    await finish(hass, await submit(hass, shown, DETAILS))
    assert stand_in.people[STRANGER] == ("Male", 1975)


@gerosense
@pytest.mark.parametrize(
    "details",
    [
        {"biological_sex": "other", "year_of_birth": 1975},
        {"biological_sex": "female", "year_of_birth": 1899},
        {"biological_sex": "female", "year_of_birth": 2101},
    ],
)
async def test_impossible_person(
    hass: HomeAssistant,
    stand_in: Gerosense,
    stranger: dict[str, Any],
    details: dict[str, Any],
) -> None:
    """What Gerosense cannot take is not sent there."""
    shown = await submit(hass, await choose(hass, "gerosense"), stranger)
    with pytest.raises(InvalidData):
        await submit(hass, shown, details)
    assert STRANGER not in stand_in.people


@gerosense
@pytest.mark.parametrize(
    "details", [{}, {"biological_sex": "female"}, {"year_of_birth": 1975}]
)
async def test_details_missing(
    hass: HomeAssistant,
    stand_in: Gerosense,
    stranger: dict[str, Any],
    details: dict[str, Any],
) -> None:
    """Nobody is registered with what nobody entered."""
    shown = await submit(hass, await choose(hass, "gerosense"), stranger)
    shown = await submit(hass, shown, details)
    assert_form(shown, "new_person", "details_missing")
    assert STRANGER not in stand_in.people
    await finish(hass, await submit(hass, shown, DETAILS))


@gerosense
async def test_registration_fails(
    hass: HomeAssistant, stand_in: Gerosense, stranger: dict[str, Any]
) -> None:
    """A registration that fails is told of, and can be tried again."""
    shown = await submit(hass, await choose(hass, "gerosense"), stranger)
    stand_in.failure, stand_in.failure_everywhere = Failure(500), True
    shown = await submit(hass, shown, DETAILS)
    assert_form(shown, "new_person", "server_error")
    assert suggested(shown) == DETAILS
    stand_in.failure = None
    await finish(hass, await submit(hass, shown, DETAILS))


@gerosense
@either_way
async def test_register_again(
    hass: HomeAssistant,
    stand_in: Gerosense,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """Who chose the ID oneself can have it registered again."""
    entry = await add(hass, "gerosense", stand_in)
    before = dict(entry.data)
    (user_id,) = stand_in.people
    stand_in.people.clear()
    shown = await ask_again(hass, entry, source)
    login = {"username": stand_in.username, "password": stand_in.password}
    shown = await submit(hass, shown, suggested(shown) | login)
    assert_form(shown, "new_person")

    assert_abort(await submit(hass, shown, DETAILS), reason)

    assert stand_in.people == {user_id: ("Male", 1975)}
    assert entry.data == before


@gerosense
async def test_wearers_of_one_login(
    hass: HomeAssistant, stand_in: Gerosense, stranger: dict[str, Any]
) -> None:
    """Two wearers may share a login."""
    await add(hass, "gerosense", stand_in)
    stand_in.people[STRANGER] = ("Female", 1980)
    shown = await submit(hass, await choose(hass, "gerosense"), stranger)
    await finish(hass, await choose_anna(hass, shown, stand_in))
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2
