"""An invitation to Open Wearables: used once, and its tokens kept to themselves."""

from typing import Any

import pytest

from dev.stand_ins import Failure, OpenWearables
from dev.stand_ins.base import TOKEN
from dev.stand_ins.open_wearables import CODE
from homeassistant.core import HomeAssistant

from ..common import STRAP
from .common import (
    add,
    ask_again,
    assert_abort,
    assert_form,
    change_secret,
    choose,
    either_way,
    invitation_data,
    kept,
    newest_token,
    submit,
    suggested,
)


@pytest.fixture
def service() -> str:
    """Return the service."""
    return "open_wearables_invitation"


@pytest.mark.parametrize("code", [CODE.lower(), f" {CODE[:4]} {CODE[4:]} "])
async def test_code_as_it_is_typed(
    hass: HomeAssistant, service: str, stand_in: OpenWearables, code: str
) -> None:
    """A code is the same in small letters and with spaces."""
    shown = await choose(hass, service)
    given = invitation_data(stand_in) | {"invitation_code": code}
    shown = await submit(hass, shown, given)
    assert_form(shown, "sources")
    created = await submit(hass, shown, {"sources": [STRAP]})
    assert created["data"] == kept(service, stand_in)


async def test_used_code(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """A code that somebody has used is said to be no good."""
    stand_in.invitations.clear()
    shown = await submit(hass, await choose(hass, service), invitation_data(stand_in))
    assert_form(shown, service, "code_used")


@pytest.mark.parametrize("code", ["", "ABCD234", "ABCD23456", "ABCD2340", "ÄBCD2345"])
async def test_no_code(
    hass: HomeAssistant, service: str, stand_in: OpenWearables, code: str
) -> None:
    """What cannot be a code is not tried."""
    shown = await choose(hass, service)
    given = invitation_data(stand_in) | {"invitation_code": code}
    shown = await submit(hass, shown, given)
    assert_form(shown, service, "invalid_code")
    assert not stand_in.requests


@pytest.mark.parametrize("release", ["", "0.6.0", "0.6.3"])
async def test_no_try_burns_a_code(
    hass: HomeAssistant, service: str, stand_in: OpenWearables, release: str
) -> None:
    """A code is good still after an address was wrong and a database down."""
    stand_in.release = release
    shown = await choose(hass, service)
    given = invitation_data(stand_in)
    wrong = given | {"url": f"{given['url']}/elsewhere"}
    shown = await submit(hass, shown, wrong)
    assert_form(shown, service, "wrong_url")
    stand_in.database_up = False
    shown = await submit(hass, shown, given)
    assert_form(shown, service, "server_error")
    stand_in.database_up = True
    assert not stand_in.redeemed
    shown = await submit(hass, shown, given)
    created = await submit(hass, shown, {"sources": [STRAP]})
    assert created["data"] == kept(service, stand_in)
    assert stand_in.redeemed == [CODE]


async def test_redeemed_once(
    hass: HomeAssistant,
    service: str,
    stand_in: OpenWearables,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A code is used once, though the form be sent again after an error behind it."""
    given = invitation_data(stand_in)
    shown = await choose(hass, service)
    for status, error in ((503, "busy"), (500, "server_error")):
        stand_in.failures.append(Failure(status))
        shown = await submit(hass, shown, given)
        assert_form(shown, service, error)
    shown = await submit(hass, shown, given)
    assert_form(shown, "sources")
    created = await submit(hass, shown, {"sources": [STRAP]})
    assert stand_in.redeemed == [CODE]
    assert created["data"] == kept(service, stand_in)
    assert CODE not in caplog.text
    assert TOKEN not in caplog.text


@either_way
async def test_redeemed_once_again(
    hass: HomeAssistant,
    service: str,
    stand_in: OpenWearables,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """The same holds for a new code."""
    entry = await add(hass, service, stand_in)
    before: dict[str, Any] = dict(entry.data)
    code = change_secret(service, stand_in)
    shown = await ask_again(hass, entry, source)
    given = suggested(shown) | {"invitation_code": code}
    stand_in.failures.append(Failure(503))
    shown = await submit(hass, shown, given)
    assert_form(shown, step_id, "busy")
    assert entry.data == before
    assert_abort(await submit(hass, shown, given), reason)
    assert stand_in.redeemed == [CODE, code]
    assert entry.data == before | {"token": newest_token(stand_in)}
