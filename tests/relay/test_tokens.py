"""Tokens that change: on disk before they are used, and never the wrong ones."""

import asyncio
from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.destinations.errors import NotAuthorisedError
from custom_components.heart_rate_relay.destinations.tokens import Token
from custom_components.heart_rate_relay.relay.coordinator import outbox_path
from custom_components.heart_rate_relay.relay.oauth import OAuthTokens
from custom_components.heart_rate_relay.relay.stored_tokens import (
    STORED_TOKENS,
    StoredTokens,
    create_tokens,
    given_token,
)
from homeassistant.core import HomeAssistant

from ..common import relay_entry, set_up, until
from ..outbox.common import full_disk

FIRST = {"access_token": "access 1", "refresh_token": "refresh 1"}


class Service:
    """A service that takes back the last token as soon as it gives the next one."""

    def __init__(self, path: Path) -> None:
        """Initialize the service, and where it looks for what was stored."""
        self.number = 1
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self._path = path

    async def obtain(self, token: Token | None) -> Token:
        """Give another token."""
        self.asked += 1
        if not token or token["refresh_token"] != f"refresh {self.number}":
            raise NotAuthorisedError
        self.number += 1
        given = self.latest
        await self.answers.wait()
        return given

    @property
    def latest(self) -> dict[str, str]:
        """What is good now."""
        return {
            "access_token": f"access {self.number}",
            "refresh_token": f"refresh {self.number}",
        }

    @property
    def stored(self) -> dict[str, Any]:
        """What is on disk."""
        data = json.loads(self._path.read_text(encoding="utf-8"))["data"]
        assert isinstance(data, dict)
        return data


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant store things on disk: the test plugin's own does not."""
    return {}


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return a relay with a token to be renewed."""
    data = {"url": "http://127.0.0.1:9", "user_id": "a", "token": FIRST}
    entry = relay_entry("open_wearables_invitation", data)
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def path(hass: HomeAssistant, entry: MockConfigEntry) -> Path:
    """Return where the tokens of the relay are kept."""
    return outbox_path(hass, entry.entry_id).with_suffix(".token")


@pytest.fixture
def service(path: Path) -> Service:
    """Return the service."""
    return Service(path)


type Create = Callable[[], StoredTokens]


@pytest.fixture
def create(hass: HomeAssistant, entry: MockConfigEntry) -> Create:
    """Return what makes the relay's tokens, anew as after a restart."""

    def create() -> StoredTokens:
        hass.data.pop(STORED_TOKENS, None)
        tokens = create_tokens(hass, entry)
        assert isinstance(tokens, StoredTokens)
        return tokens

    return create


async def test_given_token(create: Create, service: Service, path: Path) -> None:
    """What the entry was made with is used, and not stored twice."""
    assert await create().current(service.obtain) == "access 1"
    assert service.asked == 0
    assert not path.exists()


async def test_durable_before_use(create: Create, service: Service, path: Path) -> None:
    """A token is on disk when its first user gets it, readable by its owner alone."""
    tokens = create()
    assert await tokens.renew("access 1", service.obtain) == "access 2"
    assert service.stored == {"first": FIRST, "latest": service.latest}
    assert path.stat().st_mode & 0o077 == 0
    assert await tokens.renew("access 2", service.obtain) == "access 3"
    assert service.stored == {"first": FIRST, "latest": service.latest}


async def test_survives_a_restart(create: Create, service: Service) -> None:
    """What was renewed last is what the relay starts with."""
    await create().renew("access 1", service.obtain)
    tokens = create()
    assert await tokens.current(service.obtain) == "access 2"
    assert service.asked == 1
    assert await tokens.renew("access 2", service.obtain) == "access 3"
    assert await create().current(service.obtain) == "access 3"


async def test_refused_after_a_restart(create: Create, service: Service) -> None:
    """A refusal of a token that was replaced before the restart replaces nothing."""
    await create().renew("access 1", service.obtain)
    assert await create().renew("access 1", service.obtain) == "access 2"
    assert service.asked == 1


async def test_new_sign_in_wins(
    hass: HomeAssistant, entry: MockConfigEntry, create: Create, service: Service
) -> None:
    """What a person gives counts more than what was renewed before, from then on."""
    await create().renew("access 1", service.obtain)
    service.number = 7
    data = {**entry.data, "token": service.latest}
    hass.config_entries.async_update_entry(entry, data=data)
    assert await create().current(service.obtain) == "access 7"
    assert service.asked == 1
    await create().renew("access 7", service.obtain)
    assert service.stored == {"first": data["token"], "latest": service.latest}
    assert await create().current(service.obtain) == "access 8"


async def test_refused_for_good(create: Create, service: Service, path: Path) -> None:
    """Where there is no other token to be had, nothing is stored."""
    service.number = 7
    tokens = create()
    for _ in range(2):
        with pytest.raises(NotAuthorisedError):
            await tokens.renew("access 1", service.obtain)
    assert not path.exists()
    service.number = 1
    assert await tokens.renew("access 1", service.obtain) == "access 2"


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b'{"version": 1, "da'])
async def test_damaged_file(
    create: Create, service: Service, path: Path, content: bytes
) -> None:
    """A file that cannot be read is as good as none: the first token is tried."""
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    tokens = create()
    assert await tokens.current(service.obtain) == "access 1"
    assert await tokens.renew("access 1", service.obtain) == "access 2"
    assert service.stored == {"first": FIRST, "latest": service.latest}


async def test_many_at_once(create: Create, service: Service) -> None:
    """However many ask, the service is asked once."""
    await create().renew("access 1", service.obtain)
    tokens = create()
    service.answers.clear()
    asking = [
        asyncio.ensure_future(tokens.renew("access 2", service.obtain))
        for _ in range(5)
    ]
    await until(lambda: service.asked == 2)
    service.answers.set()
    assert await asyncio.gather(*asking) == ["access 3"] * 5
    assert service.asked == 2


async def test_cancelled(create: Create, service: Service) -> None:
    """A token that comes after all is not lost, though nobody waits for it any more."""
    tokens = create()
    service.answers.clear()
    asking = asyncio.ensure_future(tokens.renew("access 1", service.obtain))
    await until(lambda: service.asked)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    service.answers.set()
    assert await tokens.renew("access 1", service.obtain) == "access 2"
    assert service.stored["latest"] == service.latest
    assert service.asked == 1


async def test_loaded_anew_meanwhile(create: Create, service: Service) -> None:
    """Who stops while a token is being renewed leaves the next one behind."""
    service.answers.clear()
    tokens = create()
    asking = asyncio.ensure_future(tokens.renew("access 1", service.obtain))
    await until(lambda: service.asked)
    asking.cancel()
    closing = asyncio.ensure_future(tokens.close())
    await asyncio.sleep(0)
    assert not closing.done()
    service.answers.set()
    await closing
    assert await create().renew("access 1", service.obtain) == "access 2"
    assert service.asked == 1


async def test_disk_full(
    hass: HomeAssistant, entry: MockConfigEntry, create: Create, service: Service
) -> None:
    """A token that a disk did not take is not lost with a reload, nor once there is room again."""
    with full_disk():
        assert await create().renew("access 1", service.obtain) == "access 2"
        tokens = create_tokens(hass, entry)
        assert await tokens.renew("access 1", service.obtain) == "access 2"
    await tokens.close()
    assert service.stored == {"first": FIRST, "latest": service.latest}
    assert await create().current(service.obtain) == "access 2"
    assert service.asked == 1


@pytest.mark.parametrize("damaged", [False, True])
async def test_removed_with_the_entry(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    create: Create,
    service: Service,
    path: Path,
    damaged: bool,
) -> None:
    """Nothing stays of a relay that is removed."""
    await create().renew("access 1", service.obtain)
    assert path.exists()
    if damaged:
        path.write_bytes(b"{")
        assert await create().current(service.obtain) == "access 1"
        assert list(path.parent.glob("*.corrupt.*"))
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not path.parent.exists()
    assert not hass.data[STORED_TOKENS]


async def test_others_stay(
    hass: HomeAssistant, create: Create, service: Service, path: Path
) -> None:
    """Another relay's removal leaves the tokens alone."""
    await create().renew("access 1", service.obtain)
    other = relay_entry("pulsoid", {"access_token": "a"})
    await set_up(hass, other)
    await hass.config_entries.async_remove(other.entry_id)
    await hass.async_block_till_done()
    assert path.exists()


async def test_token_of_another_kind(hass: HomeAssistant) -> None:
    """A token that a person pasted is nothing to renew, and nothing to store."""
    entry = relay_entry("influxdb_v2", {"token": "pasted"})
    assert given_token(entry.data) is None
    service = Service(outbox_path(hass, entry.entry_id).with_suffix(".token"))

    async def obtain(token: Token | None) -> Token:
        assert token is None
        return service.latest

    assert await create_tokens(hass, entry).current(obtain) == "access 1"
    assert not service._path.exists()


def test_oauth(hass: HomeAssistant) -> None:
    """Where Home Assistant renews tokens, they stay where it puts them."""
    entry = relay_entry(
        "pulsoid_oauth", {"auth_implementation": "heart_rate_relay", "token": FIRST}
    )
    assert isinstance(create_tokens(hass, entry), OAuthTokens)
