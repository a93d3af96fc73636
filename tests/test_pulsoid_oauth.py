"""Pulsoid, signed in to with an application: the tokens, and their relay."""

import asyncio
from collections.abc import Mapping
import time
from typing import Any

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay import application_credentials
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.delivery import backoff
from custom_components.heart_rate_relay.destinations.errors import (
    DestinationError,
    NotAuthorisedError,
    UnreachableError,
)
from custom_components.heart_rate_relay.destinations.tokens import Token, bearer
from custom_components.heart_rate_relay.relay import oauth
from custom_components.heart_rate_relay.relay.data import Status
from custom_components.heart_rate_relay.relay.oauth import OAuthTokens
from dev.stand_ins import Arrival, Failure, Pulsoid
from homeassistant.components.application_credentials import ClientCredential
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ImplementationUnavailableError
from homeassistant.helpers.config_entry_oauth2_flow import (
    AbstractOAuth2Implementation,
    async_add_implementation_provider,
)

from .browser import add_application, signed_in
from .common import measure, relay_entry, set_up, until
from .destinations.common import http, serving

JSON = {"Content-Type": "application/json"}

LOCKED_OUT = (NotAuthorisedError, "invalid_auth")
CANNOT_CONNECT = (UnreachableError, "cannot_connect")
UNEXPECTED = (UnreachableError, "unexpected_answer")


@pytest.fixture
async def service(
    hass: HomeAssistant, pulsoid: Pulsoid, monkeypatch: pytest.MonkeyPatch
) -> Pulsoid:
    """Return a Pulsoid whose application is known to Home Assistant."""
    url = pulsoid.url / "oauth2"
    monkeypatch.setattr(
        application_credentials, "AUTHORIZE_URL", str(url / "authorize")
    )
    monkeypatch.setattr(application_credentials, "TOKEN_URL", str(url / "token"))
    hass.config.components.add("my")
    await add_application(hass, pulsoid)
    return pulsoid


@pytest.fixture
async def entry(hass: HomeAssistant, service: Pulsoid) -> MockConfigEntry:
    """Return a relay that has just been signed in."""
    return await signed_in(hass)


@pytest.fixture
def tokens(hass: HomeAssistant, entry: MockConfigEntry) -> OAuthTokens:
    """Return its tokens."""
    entry.add_to_hass(hass)
    return OAuthTokens(hass, entry)


def change(hass: HomeAssistant, entry: MockConfigEntry, **token: Any) -> None:
    """Change the token of an entry."""
    data = {**entry.data, "token": {**entry.data["token"], **token}}
    hass.config_entries.async_update_entry(entry, data=data)


def held(entry: MockConfigEntry) -> str:
    """Return the access token that an entry holds."""
    access_token = entry.data["token"]["access_token"]
    assert isinstance(access_token, str)
    return access_token


async def obtain(token: Token | None) -> Token:
    """Obtain nothing: what needs the application's secret is not a destination's to do."""
    raise AssertionError


async def is_good(pulsoid: Pulsoid, token: str) -> bool:
    """Return whether Pulsoid takes a token."""
    async with (
        aiohttp.ClientSession(headers=bearer(token)) as session,
        session.get(pulsoid.url / "api/v1/token/validate") as response,
    ):
        return response.ok


async def outcome(tokens: OAuthTokens) -> tuple[type[DestinationError], str]:
    """Return what it ends in to ask for a token when there is none to be had."""
    with pytest.raises(DestinationError) as info:
        await tokens.current(obtain)
    assert not info.value.detail
    return type(info.value), info.value.key


async def test_fresh_token(
    service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """What has just been given is used as it is."""
    assert await tokens.current(obtain) == held(entry)
    assert await is_good(service, held(entry))
    assert service.refreshes == 0


@pytest.mark.parametrize(("left", "refreshes"), [(25, 0), (15, 1), (0, 1), (-9999, 1)])
async def test_renewed_ahead_of_its_end(
    hass: HomeAssistant,
    service: Pulsoid,
    entry: MockConfigEntry,
    tokens: OAuthTokens,
    left: float,
    refreshes: int,
) -> None:
    """No request is made with a token that may end on the way."""
    first = held(entry)
    change(hass, entry, expires_at=time.time() + left)
    for _ in range(3):
        assert await tokens.current(obtain) == held(entry)
    assert service.refreshes == refreshes
    assert (held(entry) == first) == (refreshes == 0)
    assert await is_good(service, held(entry))


async def test_renewed_after_a_refusal(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """Both tokens are replaced, in the entry, and the next renewal works as well."""
    seen = [dict(entry.data["token"])]
    service.expire()
    for turn in (1, 2):
        assert await tokens.renew(held(entry), obtain) == held(entry)
        assert service.refreshes == turn
        assert await is_good(service, held(entry))
        seen.append(dict(entry.data["token"]))
    for key in ("access_token", "refresh_token"):
        assert len({token[key] for token in seen}) == len(seen)
    assert seen[-1]["expires_at"] == pytest.approx(time.time() + 3600, abs=30)
    assert not await is_good(service, seen[0]["access_token"])
    assert entry.data["auth_implementation"] == DOMAIN
    assert entry.data["service"] == "pulsoid_oauth"


async def test_refused_late(
    service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """A refusal of a token that was replaced meanwhile replaces nothing."""
    first = held(entry)
    second = await tokens.renew(first, obtain)
    assert await tokens.renew(first, obtain) == second == held(entry)
    assert service.refreshes == 1


async def test_renewed_by_many_at_once(
    service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """However many ask, the service is asked once."""
    service.answers_tokens.clear()
    first = held(entry)
    asking = [asyncio.ensure_future(tokens.renew(first, obtain)) for _ in range(5)]
    await until(lambda: service.refreshes)
    service.answers_tokens.set()
    assert set(await asyncio.gather(*asking)) == {held(entry)}
    assert service.refreshes == 1
    assert await is_good(service, held(entry))


async def test_cancelled_while_renewing(
    service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """The answer is not lost: the last tokens are good for nothing any more."""
    service.answers_tokens.clear()
    first = held(entry)
    asking = asyncio.ensure_future(tokens.renew(first, obtain))
    await until(lambda: service.refreshes)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    service.answers_tokens.set()
    assert await tokens.renew(first, obtain) == held(entry) != first
    assert service.refreshes == 1
    assert await is_good(service, held(entry))


async def test_signed_in_again_while_renewing(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """What a person gives is not overwritten by what the service gives for the old."""
    again = (await signed_in(hass)).data["token"]
    service.answers_tokens.clear()
    asking = asyncio.ensure_future(tokens.renew(held(entry), obtain))
    await until(lambda: service.refreshes)
    change(hass, entry, **again)
    service.answers_tokens.set()
    assert await asking == again["access_token"] == held(entry)
    assert await is_good(service, held(entry))


async def test_revoked(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """Where only a person can help that is told, and left to who runs the relay."""
    service.revoke()
    before = dict(entry.data)
    with pytest.raises(NotAuthorisedError) as info:
        await tokens.renew(held(entry), obtain)
    assert info.value.key == "invalid_auth"
    assert service.refreshes == 1
    await hass.async_block_till_done()
    assert dict(entry.data) == before
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def test_nothing_to_renew_with(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """A service that gave no refresh token wants its user back when the hour is over."""
    change(hass, entry, refresh_token=None, expires_at=0)
    assert await outcome(tokens) == LOCKED_OUT
    assert service.refreshes == 0


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        *((Failure(status), LOCKED_OUT) for status in (400, 401, 403)),
        (Failure(400, '{"error": "invalid_grant"}', JSON), LOCKED_OUT),
        *((Failure(status), CANNOT_CONNECT) for status in (404, 408, 429, 500, 503)),
        (Failure(0, drop=True), CANNOT_CONNECT),
        (Failure(200, "<html>Log in to this network</html>"), CANNOT_CONNECT),
        (Failure(200, "{}", JSON), CANNOT_CONNECT),
        (Failure(200, '{"expires_in": 3600}', JSON), CANNOT_CONNECT),
        (
            Failure(200, '{"access_token": "a", "expires_in": "?"}', JSON),
            CANNOT_CONNECT,
        ),
        (Failure(200, "{", JSON), UNEXPECTED),
        (Failure(200, "[]", JSON), UNEXPECTED),
        (Failure(200, "null", JSON), UNEXPECTED),
    ],
    ids=str,
)
async def test_no_token_to_be_had(
    hass: HomeAssistant,
    service: Pulsoid,
    entry: MockConfigEntry,
    tokens: OAuthTokens,
    failure: Failure,
    expected: tuple[type[DestinationError], str],
) -> None:
    """What a service answers instead is told, changes nothing, and can pass."""
    change(hass, entry, expires_at=0)
    before = dict(entry.data)
    service.failure, service.failure_everywhere = failure, True
    assert await outcome(tokens) == expected
    assert dict(entry.data) == before
    service.failure = None
    assert await is_good(service, await tokens.current(obtain))


async def test_answer_without_the_rest(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """What an answer leaves out stays as it was, as OAuth has it."""
    change(hass, entry, expires_at=0)
    before = entry.data["token"]
    service.failure = Failure(200, '{"access_token": "another"}', JSON)
    service.failure_everywhere = True
    assert await tokens.current(obtain) == "another"
    after = entry.data["token"]
    assert after["expires_at"] == pytest.approx(time.time() + 3600, abs=30)
    assert after["refresh_token"] == before["refresh_token"]


async def test_network_down(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """While nobody answers there is no token, and afterwards there is."""
    change(hass, entry, expires_at=0)
    port = service.url.port
    assert port
    await service.stop()
    assert await outcome(tokens) == CANNOT_CONNECT
    await service.start(port)
    assert await is_good(service, await tokens.current(obtain))


async def test_service_that_never_answers(
    hass: HomeAssistant,
    service: Pulsoid,
    entry: MockConfigEntry,
    tokens: OAuthTokens,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(oauth, "TIMEOUT", 0.05)
    service.answers_tokens.clear()
    change(hass, entry, expires_at=0)
    assert await outcome(tokens) == (UnreachableError, "timeout")
    service.answers_tokens.set()


async def test_wrong_secret(hass: HomeAssistant, service: Pulsoid) -> None:
    """Credentials that were typed wrong are no good."""
    entry = await signed_in(hass)
    entry.add_to_hass(hass)
    change(hass, entry, expires_at=0)
    service.client_secret = "another"
    assert await outcome(OAuthTokens(hass, entry)) == LOCKED_OUT


async def test_credentials_removed(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """A token is good without them until its end, and can be renewed once they are back."""
    data: Mapping[str, Any] = {**entry.data, "auth_implementation": "gone"}
    hass.config_entries.async_update_entry(entry, data=data)
    assert await tokens.current(obtain) == held(entry)
    change(hass, entry, expires_at=0)
    assert await outcome(tokens) == LOCKED_OUT
    assert service.refreshes == 0
    data = {**entry.data, "auth_implementation": DOMAIN}
    hass.config_entries.async_update_entry(entry, data=data)
    assert await is_good(service, await tokens.current(obtain))


async def test_credentials_out_of_reach(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, tokens: OAuthTokens
) -> None:
    """Credentials that Home Assistant cannot look up just now are not gone."""

    async def unavailable(
        hass: HomeAssistant, domain: str
    ) -> list[AbstractOAuth2Implementation]:
        raise ImplementationUnavailableError

    async_add_implementation_provider(hass, "cloud", unavailable)
    data = {**entry.data, "auth_implementation": "cloud"}
    hass.config_entries.async_update_entry(entry, data=data)
    change(hass, entry, expires_at=0)
    assert await outcome(tokens) == CANNOT_CONNECT
    assert service.refreshes == 0


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(backoff, "MIN_BACKOFF", 0.01)
    monkeypatch.setattr(backoff, "MAX_BACKOFF", 0.02)


def arrived(service: Pulsoid) -> list[float]:
    """Return the heart rates that arrived, in bpm, each as often as it did."""
    return sorted(arrival.value for arrival in service.arrivals)


async def until_arrived(service: Pulsoid, count: int) -> None:
    """Wait for so many readings to arrive."""
    await until(lambda: len(service.arrivals) == count)


async def test_relay_through_the_end_of_a_token(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry
) -> None:
    """In the middle of a backlog: one refresh, nothing lost, and it goes on as it was."""
    measure(hass, 60)
    coordinator = await set_up(hass, entry)
    coordinator.async_pause(True)
    for value in range(70, 74):
        measure(hass, value)
    await until(lambda: len(coordinator.outbox) == 4)

    def expire_halfway(_: Arrival) -> None:
        if len(service.arrivals) == 2:
            service.expire()

    service.on_arrival = expire_halfway
    coordinator.async_pause(False)
    await until_arrived(service, 4)
    assert arrived(service) == [70, 71, 72, 73]
    assert service.refreshes == len(service.dead_tokens) == 1
    measure(hass, 80)
    await until_arrived(service, 5)
    assert service.refreshes == 1
    assert entry.runtime_data is coordinator
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_relay_ahead_of_the_end_of_a_token(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry
) -> None:
    """A token whose end is known is not tried any more."""
    measure(hass, 60)
    coordinator = await set_up(hass, entry)
    service.expire()
    change(hass, entry, expires_at=time.time() + 5)
    measure(hass, 70)
    await until_arrived(service, 1)
    assert service.refreshes == 1
    assert not service.dead_tokens
    assert entry.runtime_data is coordinator
    await hass.config_entries.async_unload(entry.entry_id)


async def test_two_relays_at_once(hass: HomeAssistant, service: Pulsoid) -> None:
    """Each has tokens of its own, so that neither locks out the other."""
    measure(hass, 60)
    entries = [await signed_in(hass), await signed_in(hass)]
    for entry in entries:
        await set_up(hass, entry)
    for turn in (1, 2):
        service.expire()
        measure(hass, 70 + turn)
        await until_arrived(service, 2 * turn)
        assert service.refreshes == 2 * turn
    assert arrived(service) == [71, 71, 72, 72]
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_relay_after_a_restart(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry
) -> None:
    """What was renewed is what the relay starts with the next time."""
    measure(hass, 60)
    await set_up(hass, entry)
    service.expire()
    measure(hass, 70)
    await until_arrived(service, 1)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    measure(hass, 71)
    await until_arrived(service, 2)
    assert service.refreshes == 1
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("trouble", ["revoked", "credentials removed"])
async def test_relay_that_is_locked_out(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, trouble: str
) -> None:
    """It loads and collects, and asks once for its user."""
    measure(hass, 60)
    data = {**entry.data, "token": {**entry.data["token"], "expires_at": 0}}
    if trouble == "revoked":
        service.revoke()
    else:
        data["auth_implementation"] = "gone"
    entry = relay_entry("pulsoid_oauth", data)
    coordinator = await set_up(hass, entry)
    for value in (70, 71):
        measure(hass, value)
        await until(lambda: coordinator.data.status is Status.NOT_AUTHORISED)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert entry.state is ConfigEntryState.LOADED
    assert len(coordinator.outbox) == 2
    assert not service.arrivals
    await hass.config_entries.async_unload(entry.entry_id)


async def test_relay_without_a_network(
    hass: HomeAssistant, service: Pulsoid, entry: MockConfigEntry, quick_retries: None
) -> None:
    """It loads and collects, and delivers when the network is there."""
    measure(hass, 60)
    port = service.url.port
    assert port
    await service.stop()
    data = {**entry.data, "token": {**entry.data["token"], "expires_at": 0}}
    entry = relay_entry("pulsoid_oauth", data)
    coordinator = await set_up(hass, entry)
    measure(hass, 70)
    await until(lambda: coordinator.data.status is Status.UNREACHABLE)
    measure(hass, 71)
    assert len(coordinator.outbox) == 2
    await service.start(port)
    await until_arrived(service, 2)
    assert arrived(service) == [70, 71]
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("components", "external_url", "expected"),
    [
        ({"my"}, None, "https://my.home-assistant.io/redirect/oauth"),
        (
            set(),
            "https://home.example:8123",
            "https://home.example:8123/auth/external/callback",
        ),
        (set(), None, "https://your-home-assistant/auth/external/callback"),
    ],
)
async def test_addresses(
    hass: HomeAssistant,
    components: set[str],
    external_url: str | None,
    expected: str,
) -> None:
    """A person learns where to make an application, and what to enter there."""
    hass.config.components |= components
    hass.config.external_url = external_url
    links = await application_credentials.async_get_description_placeholders(hass)
    assert links["redirect_url"] == expected
    assert links["docs_url"] == "https://docs.pulsoid.net"
    implementation = await application_credentials.async_get_auth_implementation(
        hass, "domain", ClientCredential("id", "secret", "Mine")
    )
    assert implementation.name == "Mine"
    assert implementation.authorize_url == "https://pulsoid.net/oauth2/authorize"
    assert implementation.token_url == "https://pulsoid.net/oauth2/token"


async def test_led_elsewhere(
    hass: HomeAssistant,
    tokens: OAuthTokens,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the secret of the application nor the token goes where a redirect leads."""
    change(hass, entry, expires_at=0)
    async with serving(http(200)) as other:
        leads_on = http(307, headers={"Location": str(other.url)})
        async with serving(leads_on) as server:
            url = str(server.url)
            monkeypatch.setattr(application_credentials, "TOKEN_URL", url)
            assert await outcome(tokens) == CANNOT_CONNECT
        assert len(server.seen) == 1
        assert not other.seen
