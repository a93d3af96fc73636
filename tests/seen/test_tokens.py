"""Tokens that end in the middle of a backlog, of one relay or of two at once."""

import asyncio
from collections.abc import Sequence

from aiohttp import web
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.heart_rate_relay import application_credentials
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import Arrival, Gerosense, OpenWearables, Pulsoid
from homeassistant.core import HomeAssistant

from ..browser import add_application, signed_in
from ..common import measure, relay_entry, set_up, until
from .common import (
    beats,
    entry_of,
    gerosense_data,
    invitation_data,
    leave,
    see_in_order,
    until_empty,
    until_there,
)

COUNT = 4000

REFRESH = "/api/v1/token/refresh"
LOGIN = "/api/v1.0/login/access-token"

RENEWED = pytest.mark.parametrize("service", ["gerosense", "open_wearables_invitation"])
INVITATION = pytest.mark.parametrize("service", ["open_wearables_invitation"])


def expire_at(stand_in: Gerosense | OpenWearables | Pulsoid, *counts: int) -> None:
    """Let tokens end when so many readings have arrived."""
    left = list(counts)

    def arrive(_: Arrival) -> None:
        if left and len(stand_in.arrivals) >= left[0]:
            left.pop(0)
            stand_in.expire()

    stand_in.on_arrival = arrive


def renewals(stand_in: Gerosense | OpenWearables) -> int:
    """Return how often another token was asked for."""
    return sum(seen.path in (LOGIN, REFRESH) for seen in stand_in.requests)


def dead(stand_in: Gerosense | OpenWearables) -> Sequence[str]:
    """Return the requests that were made with a token that had ended."""
    if isinstance(stand_in, Gerosense):
        return stand_in.refused_tokens
    return stand_in.dead_token_requests


def two_relays(stand_in: Gerosense | OpenWearables) -> list[MockConfigEntry]:
    """Return relays of two people: at Gerosense with one login, which is its way."""
    if isinstance(stand_in, Gerosense):
        stand_in.people["another"] = stand_in.people[next(iter(stand_in.people))]
        return [
            relay_entry("gerosense", gerosense_data(stand_in, person))
            for person in range(2)
        ]
    return [
        relay_entry("open_wearables_invitation", invitation_data(stand_in, user_id))
        for user_id in (stand_in.user_id, stand_in.add_user())
    ]


def hold(
    stand_in: OpenWearables, monkeypatch: pytest.MonkeyPatch
) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the server refresh tokens, and tell so only when it is let.

    Returns what says that it did, and what lets it.
    """
    refreshed, may_answer = asyncio.Event(), asyncio.Event()
    route = stand_in._refresh

    async def refresh(request: web.Request) -> web.Response:
        response = await route(request)
        refreshed.set()
        await may_answer.wait()
        return response

    monkeypatch.setattr(stand_in, "_refresh", refresh)
    return refreshed, may_answer


@RENEWED
async def test_in_a_backlog(
    hass: HomeAssistant, service: str, stand_in: Gerosense | OpenWearables
) -> None:
    """Each token that ends costs one request and one renewal, and no reading."""
    entry = entry_of(service, stand_in)
    waiting = beats(COUNT, age=60)
    await leave(hass, entry, waiting)
    expire_at(stand_in, 1, COUNT // 2)
    coordinator = await set_up(hass, entry)
    await until_empty(coordinator)
    await until_there(stand_in, COUNT)
    is_login = isinstance(stand_in, Gerosense)
    assert len(dead(stand_in)) == 2
    assert renewals(stand_in) == 2 + is_login
    arrived = [(seen.measured_at, seen.value) for seen in stand_in.arrivals]
    assert arrived == [(each.measured_at, each.value) for each in waiting]
    see_in_order(stand_in)
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await _deliver_more(hass, entry.runtime_data)
    await until_there(stand_in, COUNT + 3)
    assert len(dead(stand_in)) == 2
    assert renewals(stand_in) <= 2 + 2 * is_login
    await hass.config_entries.async_unload(entry.entry_id)


async def _deliver_more(hass: HomeAssistant, coordinator: RelayCoordinator) -> None:
    """Deliver three more readings."""
    measure(hass, 60)
    for value in (61, 62, 63):
        measure(hass, value)
        await asyncio.sleep(0.002)
    coordinator.async_send_now()
    await until_empty(coordinator)


@RENEWED
async def test_two_at_once(
    hass: HomeAssistant, service: str, stand_in: Gerosense | OpenWearables
) -> None:
    """Two relays whose tokens end at the same moment do not throw each other out."""
    if isinstance(stand_in, Gerosense):
        stand_in.single_session = True
    entries = two_relays(stand_in)
    for entry in entries:
        await leave(hass, entry, beats(COUNT, age=60))
    expire_at(stand_in, 1, COUNT, COUNT + 2000)
    coordinators = await asyncio.gather(*(set_up(hass, entry) for entry in entries))
    for coordinator in coordinators:
        await until_empty(coordinator)
    await until_there(stand_in, 2 * COUNT)
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    people = 1 if isinstance(stand_in, Gerosense) else 2
    assert renewals(stand_in) <= 3 * people + isinstance(stand_in, Gerosense)
    assert len(dead(stand_in)) <= 6
    assert len(stand_in.arrivals) == 2 * COUNT
    tallies = [coordinator.outbox.tally for coordinator in coordinators]
    assert [tally.delivered for tally in tallies] == [COUNT, COUNT]
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)


@INVITATION
@pytest.mark.parametrize("again", ["reload", "reload at once"])
async def test_cut_off(
    hass: HomeAssistant,
    stand_in: OpenWearables,
    service: str,
    again: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A renewal that is under way when its relay is unloaded is not lost."""
    monkeypatch.setattr(
        "custom_components.heart_rate_relay.delivery.delivery.STOP_TIMEOUT", 0.05
    )
    refreshed, may_answer = hold(stand_in, monkeypatch)
    await stand_in.stop()
    await stand_in.start()
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(100, age=60))
    stand_in.expire()
    await set_up(hass, entry)
    await refreshed.wait()
    unloading = hass.async_create_task(hass.config_entries.async_unload(entry.entry_id))
    if again == "reload":
        await asyncio.sleep(0.2)
        assert not unloading.done()
    may_answer.set()
    assert await unloading
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await until_empty(entry.runtime_data)
    await until_there(stand_in, 100)
    assert len(stand_in.store) == 100
    assert stand_in.refreshes == 1
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)


@INVITATION
async def test_on_disk_before_it_is_used(
    hass: HomeAssistant,
    stand_in: OpenWearables,
    service: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed with the first request that has a new token, a relay has that token still."""
    entry = entry_of(service, stand_in)
    await leave(hass, entry, beats(100, age=60))
    stand_in.expire()
    await set_up(hass, entry)
    await until(lambda: stand_in.arrivals)
    data = dict(entry.data)
    await hass.config_entries.async_unload(entry.entry_id)
    # The entry itself was never written: it holds what it held at first
    assert data == entry.data
    assert data["token"]["refresh_token"] not in stand_in.refresh_tokens
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    entry.runtime_data.async_send_now()
    await _deliver_more(hass, entry.runtime_data)
    await until_there(stand_in, 103)
    assert stand_in.refreshes == 1
    assert len(stand_in.dead_token_requests) == 1
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def pulsoid_entries(
    hass: HomeAssistant, pulsoid: Pulsoid, monkeypatch: pytest.MonkeyPatch
) -> list[MockConfigEntry]:
    """Return two relays that have just been signed in."""
    url: URL = pulsoid.url / "oauth2"
    for name, path in (("AUTHORIZE_URL", "authorize"), ("TOKEN_URL", "token")):
        monkeypatch.setattr(application_credentials, name, str(url / path))
    hass.config.components.add("my")
    await add_application(hass, pulsoid)
    return [await signed_in(hass), await signed_in(hass)]


async def test_two_at_pulsoid(
    hass: HomeAssistant, pulsoid: Pulsoid, pulsoid_entries: list[MockConfigEntry]
) -> None:
    """Two backlogs, and the tokens of both end in the middle: one refresh each."""
    for entry in pulsoid_entries:
        await leave(hass, entry, beats(8, age=60))
    expire_at(pulsoid, 7)
    coordinators = [await set_up(hass, entry) for entry in pulsoid_entries]
    for coordinator in coordinators:
        await until_empty(coordinator)
    assert len(pulsoid.arrivals) == 16
    assert pulsoid.refreshes == len(pulsoid.dead_tokens) == 2
    for entry in pulsoid_entries:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_cut_off_at_pulsoid(
    hass: HomeAssistant,
    pulsoid: Pulsoid,
    pulsoid_entries: list[MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refresh that is under way when its relay is unloaded is not lost."""
    monkeypatch.setattr(
        "custom_components.heart_rate_relay.delivery.delivery.STOP_TIMEOUT", 0.05
    )
    entry = pulsoid_entries[0]
    await leave(hass, entry, beats(3, age=60))
    pulsoid.expire()
    pulsoid.answers_tokens.clear()
    await set_up(hass, entry)
    await until(lambda: pulsoid.refreshes)
    unloading = hass.async_create_task(hass.config_entries.async_unload(entry.entry_id))
    await asyncio.sleep(0.2)
    assert not unloading.done()
    pulsoid.answers_tokens.set()
    assert await unloading
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await until_empty(entry.runtime_data)
    assert len(pulsoid.arrivals) == 3
    assert pulsoid.refreshes == 1
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)
