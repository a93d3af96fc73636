"""What a person does at Pulsoid in a browser: an application, and signing in with it."""

import time
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.destinations.pulsoid import WRITE_SCOPE
from dev.stand_ins import Pulsoid
from homeassistant.components.application_credentials import (
    ClientCredential,
    async_import_client_credential,
)
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.config_entry_oauth2_flow import (
    LocalOAuth2Implementation,
    async_get_implementations,
)
from homeassistant.setup import async_setup_component

from .common import relay_entry

type Browser = TestClient[Any, Any]


async def add_application(
    hass: HomeAssistant, pulsoid: Pulsoid, auth_domain: str = DOMAIN
) -> None:
    """Tell Home Assistant of an application."""
    assert await async_setup_component(hass, "application_credentials", {})
    await async_import_client_credential(
        hass,
        DOMAIN,
        ClientCredential(pulsoid.client_id, pulsoid.client_secret, auth_domain.title()),
        auth_domain,
    )


async def sign_in(
    hass: HomeAssistant, browser: Browser, shown: ConfigFlowResult
) -> ConfigFlowResult:
    """Follow the link to Pulsoid, which sends one back with an answer."""
    assert shown["type"] is FlowResultType.EXTERNAL_STEP
    url = URL(shown["url"])
    assert url.query["scope"] == WRITE_SCOPE
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        back = URL(answer.headers["Location"])
    assert back.path == "/auth/external/callback"
    response = await browser.get(back.path, params=back.query)
    assert response.ok
    result = await hass.config_entries.flow.async_configure(shown["flow_id"])
    await hass.async_block_till_done()
    return result


async def signed_in(hass: HomeAssistant) -> MockConfigEntry:
    """Return a relay to an account that a person has just signed in to."""
    implementation = (await async_get_implementations(hass, DOMAIN))[DOMAIN]
    assert isinstance(implementation, LocalOAuth2Implementation)
    url = URL(await implementation.async_generate_authorize_url("a flow"))
    async with (
        aiohttp.ClientSession() as session,
        session.get(url.update_query(scope=WRITE_SCOPE), allow_redirects=False) as seen,
    ):
        back = URL(seen.headers["Location"])
    redirect_uri = str(back.with_query(None))
    assert redirect_uri == "https://my.home-assistant.io/redirect/oauth"
    token = await implementation.async_resolve_external_data(
        {"code": back.query["code"], "state": {"redirect_uri": redirect_uri}}
    )
    token["expires_at"] = time.time() + token["expires_in"]
    return relay_entry("pulsoid_oauth", {"auth_implementation": DOMAIN, "token": token})
