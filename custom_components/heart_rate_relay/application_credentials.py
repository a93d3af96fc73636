"""Lets people sign in at Pulsoid with an application of their own.

Source: https://docs.pulsoid.net ("OAuth 2.0 Authorization Code Grant")
"""

from http import HTTPStatus
from typing import Any, override

from aiohttp import ClientError, ClientResponse

from homeassistant.components.application_credentials import (
    AuthImplementation,
    AuthorizationServer,
    ClientCredential,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    OAuth2TokenRequestConnectionError,
    OAuth2TokenRequestError,
    OAuth2TokenRequestReauthError,
)
from homeassistant.helpers.config_entry_oauth2_flow import (
    AUTH_CALLBACK_PATH,
    MY_AUTH_CALLBACK_PATH,
)

from .const import DOMAIN
from .relay.session import async_session

AUTHORIZE_URL = "https://pulsoid.net/oauth2/authorize"
TOKEN_URL = "https://pulsoid.net/oauth2/token"
DOCS_URL = "https://docs.pulsoid.net"


class PulsoidImplementation(AuthImplementation):
    """Asks for tokens as relays ask for all else: without cookies, and nobody else.

    Home Assistant's own would keep cookies for all who come next, and follow a redirect with
    the secret of the application.
    """

    @override
    async def _token_request(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return tokens. Raises an error of Home Assistant's for that."""
        form = {
            **data,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        session = async_session(self.hass, verify_ssl=True)
        try:
            async with session.post(
                self.token_url,
                data=form,
                allow_redirects=False,
                raise_for_status=_see_given,
            ) as response:
                tokens: dict[str, Any] = await response.json()
                return tokens
        except OAuth2TokenRequestError:
            raise
        except ClientError as err:
            raise OAuth2TokenRequestConnectionError(domain=DOMAIN) from err


async def async_get_auth_implementation(
    hass: HomeAssistant, auth_domain: str, credential: ClientCredential
) -> PulsoidImplementation:
    """Return what asks Pulsoid for tokens on behalf of an application."""
    server = AuthorizationServer(authorize_url=AUTHORIZE_URL, token_url=TOKEN_URL)
    return PulsoidImplementation(hass, auth_domain, credential, server)


async def async_get_description_placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return the addresses that are needed to create an application."""
    redirect_url = MY_AUTH_CALLBACK_PATH
    if "my" not in hass.config.components:
        host = hass.config.external_url or "https://your-home-assistant"
        redirect_url = f"{host}{AUTH_CALLBACK_PATH}"
    return {"docs_url": DOCS_URL, "redirect_url": redirect_url}


async def _see_given(response: ClientResponse) -> None:
    """See that an answer may hold tokens: 4xx but 429 mean that they are refused.

    Raises OAuth2TokenRequestError.
    """
    status = response.status
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    is_refusal = (
        HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status != HTTPStatus.TOO_MANY_REQUESTS
    )
    kind = OAuth2TokenRequestReauthError if is_refusal else OAuth2TokenRequestError
    raise kind(request_info=response.request_info, status=status, domain=DOMAIN)
