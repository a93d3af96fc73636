"""How all relays reach their services: over connections of their own, which keep no cookies."""

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientSession, DummyCookieJar

from homeassistant.const import CONF_VERIFY_SSL, EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.importlib import async_import_module
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_SERVICE, DOMAIN
from ..destinations import DESTINATIONS
from ..destinations.base import Destination
from ..destinations.tokens import Tokens
from .broker import Broker

SESSIONS: HassKey[dict[bool, ClientSession]] = HassKey(f"{DOMAIN}_sessions")


@callback
def async_session(hass: HomeAssistant, *, verify_ssl: bool) -> ClientSession:
    """Return what requests are made with, by Home Assistant's own connections.

    Home Assistant's own session would send what a server sets for one relay, or for another
    integration, with the requests of all that go there.
    """
    sessions = hass.data.setdefault(SESSIONS, {})
    if verify_ssl not in sessions:
        # It outlives each of the relays, so that none may have Home Assistant clean it up
        session = sessions[verify_ssl] = async_create_clientsession(
            hass, verify_ssl, auto_cleanup=False, cookie_jar=DummyCookieJar()
        )

        @callback
        def close(_: Event) -> None:
            session.detach()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return sessions[verify_ssl]


async def async_import_destination(
    hass: HomeAssistant, config: Mapping[str, Any]
) -> None:
    """Import what it takes to create the destination that an entry's data describe."""
    await async_import_module(hass, DESTINATIONS.module_of(config[CONF_SERVICE]))


def create_destination(
    hass: HomeAssistant, config: Mapping[str, Any], tokens: Tokens
) -> Destination:
    """Return the destination that an entry's data describe, once it is imported.

    Raises DestinationError when they cannot be right.
    """
    session = async_session(hass, verify_ssl=config.get(CONF_VERIFY_SSL, True))
    destination = DESTINATIONS[config[CONF_SERVICE]](session, config, tokens)
    destination.time_zone = dt_util.get_default_time_zone()
    destination.publisher = Broker(hass)
    return destination
