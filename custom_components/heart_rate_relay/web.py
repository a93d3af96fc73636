"""Serves destinations that are here, to whoever has their address, without a login."""

from collections.abc import Iterator
from contextlib import suppress
import logging
import re
from typing import Any, override

from aiohttp import hdrs, web

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.helpers.network import NoURLAvailableError, get_url

from .const import DOMAIN
from .destinations import DESTINATIONS, HOSTED
from .destinations.hosted import Hosted, find
from .relay.coordinator import RelayCoordinator

ADDRESS = f"/api/{DOMAIN}/live/"
"""How an address begins: below /api no browser keeps anything, not even the frontend's worker."""

MOST = 500
"""Requests that may be under way in all."""

POLICY = "Content-Security-Policy"

SECRETS = re.compile(
    rf"(?<={re.escape(ADDRESS)})[^\s\"'?]+|(?<=access_token=)[^\s\"'&]+"
)
"""What is a secret in an address, as it may be in a log."""

LOGGERS = (
    "aiohttp.access",
    "homeassistant.helpers.http",
    "homeassistant.components.http.auth",
    "homeassistant.components.http.security_filter",
)
"""Who may log the address of a request."""


class Unspoken(logging.Filter):
    """Takes secrets out of the addresses that are logged."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass, without a secret."""
        text = record.getMessage()
        if (spoken := SECRETS.sub("…", text)) != text:
            record.msg, record.args = spoken, ()
        return True


UNSPOKEN = Unspoken()


class Door:
    """Lets those in who have an address, as long as there is room."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the door: nobody is in yet."""
        self._hass = hass
        self._inside = 0

    def hosts(self) -> Iterator[Hosted]:
        """Yield the destinations that are served now."""
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            relay: object = entry.runtime_data
            if isinstance(relay, RelayCoordinator) and relay.hosting:
                yield relay.hosting.hosted

    async def enter(
        self, request: web.Request, secret: str, part: str
    ) -> web.StreamResponse:
        """Answer a request. Raises HTTPNotFound where a secret is none."""
        if not (host := find(self.hosts(), secret)):
            raise web.HTTPNotFound
        if self._inside >= MOST:
            raise web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: "10"})
        self._inside += 1
        try:
            response = await host.answer(request, part)
        finally:
            self._inside -= 1
        if not response.prepared and POLICY in response.headers:
            response.headers[POLICY] += f"; frame-ancestors {self._frames()}"
        return response

    def _frames(self) -> str:
        """Return who may show a page within another one: Home Assistant, wherever it is."""
        config = self._hass.config
        return " ".join(
            filter(None, ("'self'", config.internal_url, config.external_url))
        )

    @callback
    def close(self, _: Event) -> None:
        """Let all go, or else Home Assistant would wait for them when it stops."""
        for host in self.hosts():
            host.close()


class AddressView(HomeAssistantView):
    """Serves what has its secret in the path."""

    url = f"{ADDRESS}{{secret}}"
    extra_urls = [f"{ADDRESS}{{secret}}/{{part:.*}}"]
    name = f"api:{DOMAIN}:live"
    requires_auth = False
    cors_allowed = True

    def __init__(self, door: Door) -> None:
        """Initialize the view."""
        self._door = door

    async def get(
        self, request: web.Request, secret: str, part: str = ""
    ) -> web.StreamResponse:
        """Answer whoever has the address."""
        return await self._door.enter(request, secret, part.rstrip("/"))


class AliasView(HomeAssistantView):
    """Serves a part where clients of others look for it, with the secret as their token."""

    requires_auth = False
    cors_allowed = True

    def __init__(self, door: Door, url: str, part: str) -> None:
        """Initialize the view."""
        self.url = url
        self.name = url.strip("/").replace("/", ":")
        self._door = door
        self._part = part

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer whoever has the token."""
        kind, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if kind.lower() != "bearer":
            token = request.query.get("access_token", "")
        return await self._door.enter(request, token.strip(), self._part)


@callback
def async_setup_web(hass: HomeAssistant) -> None:
    """Set up what is served."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(UNSPOKEN)
    door = Door(hass)
    hass.http.register_view(AddressView(door))
    for service in HOSTED:
        if issubclass(destination := DESTINATIONS[service], Hosted):
            for url, part in destination.aliases.items():
                hass.http.register_view(AliasView(door, url, part))
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, door.close)


@callback
def async_address(hass: HomeAssistant, path: str) -> str:
    """Return the address of a path, as the browser that asks reaches Home Assistant.

    Where no address of Home Assistant is known, it is one within it.
    """
    asked: tuple[dict[str, Any], ...] = ({"require_current_request": True}, {})
    for options in asked:
        with suppress(NoURLAvailableError):
            return f"{get_url(hass, **options)}{ADDRESS}{path}"
    return f"{ADDRESS}{path}"
