"""What a person does at Pulsoid in a browser: an application, and signing in with it."""

from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient
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

type Browser = TestClient[Any, Any]


async def add_application(
    hass: HomeAssistant, pulsoid: Pulsoid, auth_domain: str = DOMAIN
) -> None:
    """Tell Home Assistant of an application."""
    credential = ClientCredential(
        pulsoid.client_id, pulsoid.client_secret, auth_domain.title()
    )
    await async_import_client_credential(hass, DOMAIN, credential, auth_domain)


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
