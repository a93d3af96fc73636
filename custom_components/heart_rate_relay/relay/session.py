"""The connections of all relays, which keep no cookies."""

from aiohttp import ClientSession, DummyCookieJar

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

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
