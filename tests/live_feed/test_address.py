"""Who can see a live feed: whoever has its address, and nobody else."""

import asyncio
from base64 import b64encode
from hashlib import sha256
from hmac import compare_digest
import json
import logging
import re
from typing import Any

from aiohttp import WSServerHandshakeError, hdrs
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.heart_rate_relay import web
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations import hosted
from custom_components.heart_rate_relay.destinations.live_feed import viewers
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from custom_components.heart_rate_relay.web import ADDRESS
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from ..browser import Browser
from ..common import measure, relay_entry, set_up
from .common import DATA, PATH, PATIENCE, SECRET, watching

PARTS = ("", "/", "/looks", "/latest", "/socket", "/events", "/real_time")
LATEST = "/api/v1/data/heart_rate/latest"
REAL_TIME = "/api/v1/data/real_time"

GUESSES = ("", "x", SECRET[:-1], f"{SECRET}x", SECRET.upper(), "%00", "ä", "%ff")


async def press(
    hass: HomeAssistant, name: str = "button.relay_replace_address"
) -> None:
    """Press the button that replaces an address."""
    await hass.services.async_call(
        "button", "press", {"entity_id": name}, blocking=True
    )


@pytest.mark.parametrize("guess", GUESSES)
async def test_unknown(client: Browser, guess: str) -> None:
    """Whoever guesses learns nothing: it is as if there were nothing at all."""
    nothing = await client.get("/api/nothing/of/this/kind")
    for part in PARTS:
        answer = await client.get(f"{ADDRESS}{guess}{part}")
        assert answer.status == 404
        assert await answer.read() == await nothing.read()
    for url in (LATEST, REAL_TIME):
        answer = await client.get(f"{url}?access_token={guess}")
        assert answer.status == 404
        answer = await client.get(url, headers={"Authorization": f"Bearer {guess}"})
        assert answer.status == 404


async def test_compared_with_each(
    hass: HomeAssistant, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret is compared with that of each feed, whichever is the right one."""
    for number in range(3):
        await set_up(hass, relay_entry("live_feed", {**DATA, "secret": f"{number}"}))
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr(hosted, "compare_digest", compare)
    for secret, status in ((SECRET, 200), ("1", 200), ("2", 200), ("wrong", 404)):
        compared.clear()
        answer = await client.get(f"{ADDRESS}{secret}/latest")
        assert answer.status == status
        digest = sha256(secret.encode()).digest()
        known = {sha256(each.encode()).digest() for each in (SECRET, "0", "1", "2")}
        assert {one for one, _ in compared} == known
        assert {other for _, other in compared} == {digest}


async def test_nothing_else(
    hass: HomeAssistant,
    feed: RelayCoordinator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """The address leads to the feed alone, which can only be read."""
    assert await async_setup_component(hass, "api", {})
    client = await hass_client_no_auth()
    for part in ("/nothing", "/../states", "/looks/../../x", "/page.js"):
        assert (await client.get(f"{PATH}{part}")).status in (400, 404)
    for path in (PATH, f"{PATH}/latest", LATEST):
        assert (await client.post(path)).status == 405
        assert (await client.delete(path)).status == 405
    headers = {"Authorization": f"Bearer {SECRET}"}
    assert (await client.get("/api/states", headers=headers)).status == 401


@pytest.mark.parametrize("part", ["", "/", "/looks", "/latest", "/events"])
async def test_headers(hass: HomeAssistant, client: Browser, part: str) -> None:
    """Nothing is kept anywhere, no cookie is set, and nobody is told where one was."""
    async with client.get(f"{PATH}{part}") as answer:
        assert answer.status == 200
        assert hdrs.SET_COOKIE not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("part", ["", "/looks"])
async def test_policy(hass: HomeAssistant, client: Browser, part: str) -> None:
    """A page runs the one script that is in it, and loads nothing from elsewhere."""
    hass.config.internal_url = "http://192.168.1.2:8123"
    hass.config.external_url = "https://home.example.org"
    answer = await client.get(f"{PATH}{part}")
    assert answer.content_type == "text/html"
    text = await answer.text()
    assert "//" not in re.sub(r"^\s*//.*|; //.*", "", text, flags=re.MULTILINE)
    assert re.findall(r'\b(?:src|href|style|on\w+)=["\'][^"\']', text) == []
    (script,) = re.findall(r"<script>(.*)</script>", text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = dict(
        part.strip().split(" ", 1)
        for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'unsafe-inline'",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": ("'self' http://192.168.1.2:8123 https://home.example.org"),
    }


async def test_other_pages(client: Browser) -> None:
    """A page of somebody's own may read a feed whose address it has."""
    headers = {hdrs.ORIGIN: "https://overlay.example.org"}
    answer = await client.get(f"{PATH}/latest", headers=headers)
    assert answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] == headers[hdrs.ORIGIN]


async def test_replaced(
    hass: HomeAssistant, entry: MockConfigEntry, client: Browser
) -> None:
    """A button makes another address: whoever watches by the old one does so no more."""
    async with watching(client) as first, watching(client) as second:
        await press(hass)
        assert await first.end() == await second.end() == 4410
    for part in PARTS:
        assert (await client.get(f"{PATH}{part}")).status == 404
    secret = entry.data["secret"]
    assert len(secret) >= 128 / 6
    assert secret != SECRET
    for _ in range(2):
        async with watching(client, f"{ADDRESS}{secret}") as watcher:
            measure(hass, 70)
            measure(hass, 71)
            await watcher.until(71)
        await hass.config_entries.async_reload(entry.entry_id)
    await press(hass)
    assert entry.data["secret"] not in (secret, SECRET)


async def test_events_replaced(hass: HomeAssistant, client: Browser) -> None:
    """So it is for server-sent events."""
    async with client.get(f"{PATH}/events") as response:
        assert await response.content.readline()
        await press(hass)
        with pytest.raises(Exception, match="payload"):
            await response.content.read()


async def test_unloaded(
    hass: HomeAssistant, entry: MockConfigEntry, client: Browser
) -> None:
    """A feed that does not run is not there, and nobody is left waiting for it."""
    async with watching(client) as watcher:
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert await watcher.end() == 1001
    assert (await client.get(PATH)).status == 404


async def test_stopping(hass: HomeAssistant, client: Browser) -> None:
    """Home Assistant does not have to wait for those who watch when it stops."""
    async with watching(client) as watcher:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        assert await watcher.end() == 1001


@pytest.mark.parametrize("bound", ["each", "all"])
async def test_bounded(
    client: Browser, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """Only so many may watch, one feed and all together; then there is room again."""
    monkeypatch.setattr(*{"each": (viewers, "MOST", 2), "all": (web, "MOST", 2)}[bound])
    async with watching(client):
        async with watching(client):
            for part in ("/socket", "/events"):
                answer = await client.get(f"{PATH}{part}")
                assert answer.status == 503
                assert answer.headers[hdrs.RETRY_AFTER]
            with pytest.raises(WSServerHandshakeError, match="503"):
                await client.ws_connect(f"{PATH}/socket")
        async with asyncio.timeout(PATIENCE):
            while (await client.get(f"{PATH}/socket")).status == 503:
                await asyncio.sleep(0.01)


async def test_not_logged(
    hass: HomeAssistant, client: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """The secret is in no log, whatever is asked for and however much is logged."""
    for name in ("aiohttp.access", "homeassistant.helpers.http", DOMAIN):
        caplog.set_level(logging.DEBUG, name)
    caplog.set_level(logging.DEBUG)
    for path in (
        *(f"{PATH}{part}" for part in PARTS if part != "/events"),
        f"{PATH}?line=5",
        f"{PATH}/../../etc",
        f"{PATH}?x=<script>",
        f"{LATEST}?x=1&access_token={SECRET}&x=<script>",
        f"{REAL_TIME}?access_token={SECRET}",
    ):
        await client.get(path)
    await client.get(LATEST, headers={"Authorization": f"Bearer {SECRET}"})
    async with watching(client) as watcher:
        measure(hass, 70)
        measure(hass, 71)
        await watcher.until(71)
    await press(hass)
    logged = "\n".join(map(logging.Formatter().format, caplog.records))
    assert f"Serving {ADDRESS}…" in logged
    assert f"GET {ADDRESS}…" in logged
    assert "Filtered a request" in logged
    assert "access_token=…" in logged
    assert SECRET not in logged


async def test_not_told(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """The secret is neither in diagnostics nor in anything that everybody may see."""
    assert await async_setup_component(hass, "diagnostics", {})
    await set_up(hass, entry)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    devices, ents, id_ = dr.async_get(hass), er.async_get(hass), entry.entry_id
    seen: list[Any] = [
        told,
        entry.title,
        [state.as_dict() for state in hass.states.async_all()],
        [each.dict_repr for each in dr.async_entries_for_config_entry(devices, id_)],
        [each.extended_dict for each in er.async_entries_for_config_entry(ents, id_)],
    ]
    assert SECRET not in json.dumps(seen, default=str)


async def test_of_others(
    hass: HomeAssistant, client: Browser, feed: RelayCoordinator
) -> None:
    """What keys other relays have opens nothing."""
    await set_up(
        hass,
        relay_entry(
            "influxdb_v3",
            {
                "url": "http://127.0.0.1:9",
                "token": "key",
                "database": "home",
                "verify_ssl": True,
                "naming": {"measurement": "m", "field": "f", "tags": []},
            },
        ),
    )
    assert (await client.get(f"{ADDRESS}key/latest")).status == 404
