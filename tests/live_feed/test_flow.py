"""Adding a live feed, being told its address, and changing it."""

from collections.abc import Mapping
import re
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.heart_rate_relay import web
from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS, DOMAIN
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from custom_components.heart_rate_relay.web import ADDRESS
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.network import NoURLAvailableError

from ..common import STRAP, measure
from ..flow.common import ask_again, assert_abort, assert_form, choose, fields, submit
from .common import DATA, PATH, watching

HOME = "http://192.168.1.2:8123"

KEPT = {"keep_days", "keep_readings"}


def link_in(text: str) -> URL:
    """Return where a link leads, which opens beside Home Assistant."""
    match = re.fullmatch(r'<a href="([^"]+)" target="_blank">[^<>]+</a>', text)
    assert match
    return URL(match[1])


async def add(hass: HomeAssistant, look: str) -> Mapping[str, Any]:
    """Add a feed in the way that a person does, and return how that ended."""
    form = await submit(hass, await choose(hass, "live_feed"), {"look": look})
    assert_form(form, "sources")
    assert "backfill_days" not in fields(form)
    created = await submit(hass, form, {"sources": [STRAP], "follow_new": False})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    return created


@pytest.mark.parametrize(
    ("look", "query"),
    [("number", {"heart": "0"}), ("heart", {}), ("line", {"line": "5"})],
)
async def test_add(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    look: str,
    query: Mapping[str, str],
) -> None:
    """Nothing has to be entered, and the address that is told in the end is good."""
    hass.config.internal_url = HOME
    measure(hass, 70)
    created = await add(hass, look)
    assert created["title"] == "Live feed"
    secret = created["data"]["secret"]
    assert created["data"] == {"service": "live_feed", "look": look, "secret": secret}
    words = created["description_placeholders"]
    address = link_in(words["address"])
    assert address == URL(f"{HOME}{ADDRESS}{secret}").with_query(query)
    looks = URL(f"{HOME}{ADDRESS}{secret}/looks").with_query(query)
    assert link_in(words["looks"]) == looks
    client = await hass_client_no_auth()
    for told in words.values():
        assert (await client.get(link_in(told).relative())).status == 200
    async with watching(client, address.path) as watcher:
        measure(hass, 72)
        await watcher.until(72)


async def test_one_for_each(hass: HomeAssistant) -> None:
    """There may be several, for several people, each with a secret of its own."""
    created = [await add(hass, "heart") for _ in range(2)]
    assert len({one["data"]["secret"] for one in created}) == 2


async def test_address_unknown(hass: HomeAssistant) -> None:
    """Where Home Assistant does not know how it is reached, the rest is told."""
    with patch(f"{web.__name__}.get_url", side_effect=NoURLAvailableError):
        created = await add(hass, "heart")
    secret = created["data"]["secret"]
    words = created["description_placeholders"]
    assert link_in(words["address"]) == URL(f"{ADDRESS}{secret}")


async def test_asked_from_elsewhere(
    hass: HomeAssistant, current_request_with_host: None
) -> None:
    """The address is the one by which the browser that asks reaches Home Assistant."""
    hass.config.internal_url = HOME
    hass.config.external_url = "https://example.com"
    created = await add(hass, "heart")
    address = created["description_placeholders"]["address"]
    assert str(link_in(address)).startswith(f"https://example.com{ADDRESS}")


async def test_shown_again(
    hass: HomeAssistant, entry: MockConfigEntry, feed: RelayCoordinator
) -> None:
    """The options show the address, and change nothing by that."""
    hass.config.internal_url = HOME
    options = hass.config_entries.options
    menu = await options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["address", "settings"]
    shown = await options.async_configure(menu["flow_id"], {"next_step_id": "address"})
    words = shown["description_placeholders"]
    assert words
    assert link_in(words["address"]) == URL(f"{HOME}{PATH}")
    before = dict(entry.options)
    ended = await options.async_configure(shown["flow_id"], {})
    assert ended["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == before
    assert entry.runtime_data is feed


async def test_options(
    hass: HomeAssistant, entry: MockConfigEntry, feed: RelayCoordinator
) -> None:
    """What is collected can be changed as everywhere; nothing is asked about keeping."""
    options = hass.config_entries.options
    menu = await options.async_init(entry.entry_id)
    form = await options.async_configure(menu["flow_id"], {"next_step_id": "settings"})
    assert_form(form, "init")
    assert not fields(form) & KEPT
    given = {
        key: value
        for key, value in DEFAULT_OPTIONS.items()
        if key in fields(form) and key not in KEPT
    }
    ended = await options.async_configure(
        form["flow_id"], {**given, "sources": [STRAP], "live_for": 7}
    )
    assert ended["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options["live_for"] == 7
    assert entry.state is ConfigEntryState.LOADED


async def test_reconfigure(
    hass: HomeAssistant, entry: MockConfigEntry, feed: RelayCoordinator
) -> None:
    """Another look may be chosen, and the secret stays."""
    form = await ask_again(hass, entry, SOURCE_RECONFIGURE)
    assert_form(form, "reconfigure")
    assert fields(form) == {"look"}
    assert_abort(await submit(hass, form, {"look": "line"}), "reconfigure_successful")
    assert entry.data == {"service": "live_feed", **DATA, "look": "line"}
    assert entry.domain == DOMAIN
