"""Lets people sign in at Pulsoid with an application of their own.

Source: https://docs.pulsoid.net ("OAuth 2.0 Authorization Code Grant")
"""

from homeassistant.components.application_credentials import AuthorizationServer
from homeassistant.core import HomeAssistant
from homeassistant.helpers.config_entry_oauth2_flow import (
    AUTH_CALLBACK_PATH,
    MY_AUTH_CALLBACK_PATH,
)

AUTHORIZE_URL = "https://pulsoid.net/oauth2/authorize"
TOKEN_URL = "https://pulsoid.net/oauth2/token"
DOCS_URL = "https://docs.pulsoid.net"


async def async_get_authorization_server(hass: HomeAssistant) -> AuthorizationServer:
    """Return where Pulsoid asks its users, and where it gives tokens."""
    return AuthorizationServer(authorize_url=AUTHORIZE_URL, token_url=TOKEN_URL)


async def async_get_description_placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return the addresses that are needed to create an application."""
    redirect_url = MY_AUTH_CALLBACK_PATH
    if "my" not in hass.config.components:
        host = hass.config.external_url or "https://your-home-assistant"
        redirect_url = f"{host}{AUTH_CALLBACK_PATH}"
    return {"docs_url": DOCS_URL, "redirect_url": redirect_url}
