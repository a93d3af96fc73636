"""What tests of the flows share: what a person fills in, sees, and does next."""

from base64 import b64encode
from collections.abc import Callable, Mapping
import time
from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.flow.forms import MENUS
from custom_components.heart_rate_relay.relay.coordinator import RelayConfigEntry
from dev.stand_ins import (
    Failure,
    Gerosense,
    GerosenseProxy,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
    OpenWearables,
    Pulsoid,
    StandIn,
    Webhook,
)
from dev.stand_ins.open_wearables import CODE
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import entity_registry as er

from ..common import (
    STRAP,
    influxdb_data,
    live_tracking_data,
    measure,
    pulsoid_data,
    until,
)

NAMING = {
    "measurement": "heart_rate",
    "field": "bpm",
    "layout": "one",
    "fields": [],
    "tags": [],
}

NEW_CODE = "WXYZ6789"
"""Another invitation than the first."""


def gerosense_data(stand_in: Gerosense) -> dict[str, Any]:
    """Return what the form of Gerosense gives."""
    return {
        "username": stand_in.username,
        "password": stand_in.password,
        "user_id": next(iter(stand_in.people)),
    }


def gerosense_proxy_data(stand_in: GerosenseProxy) -> dict[str, Any]:
    """Return what the form of a proxy before Gerosense gives."""
    return {"url": str(stand_in.url), "token": stand_in.token, "verify_ssl": True}


def influxdb_v2_data(stand_in: InfluxDBv2) -> dict[str, Any]:
    """Return what the form of InfluxDB 2 gives."""
    return {
        "url": str(stand_in.url),
        "organization": stand_in.org,
        "bucket": stand_in.database,
        "token": stand_in.token,
        "verify_ssl": True,
        "naming": NAMING,
    }


def influxdb_v3_data(stand_in: InfluxDBv3) -> dict[str, Any]:
    """Return what the form of InfluxDB 3 gives."""
    return {
        "url": str(stand_in.url),
        "database": stand_in.database,
        "token": stand_in.token,
        "verify_ssl": True,
        "naming": NAMING,
    }


def open_wearables_data(stand_in: OpenWearables) -> dict[str, Any]:
    """Return what the form of Open Wearables gives, with an API key."""
    return {"url": str(stand_in.url), "api_key": stand_in.api_key, "verify_ssl": True}


def invitation_data(stand_in: OpenWearables) -> dict[str, Any]:
    """Return what the form of Open Wearables gives, with an invitation."""
    return {"url": str(stand_in.url), "invitation_code": CODE, "verify_ssl": True}


def webhook_data(stand_in: Webhook) -> dict[str, Any]:
    """Return what the form of a webhook gives."""
    return {
        "url": str(stand_in.url / "heart-rate/"),
        "signing_key": stand_in.key,
        "headers": [f"{name}: {value}" for name, value in stand_in.wants.items()],
        "per_request": "one",
        "verify_ssl": True,
    }


STAND_INS: Mapping[str, type[StandIn]] = {
    "pulsoid": Pulsoid,
    "gerosense": Gerosense,
    "gerosense_proxy": GerosenseProxy,
    "livetracking": LiveTracking,
    "influxdb_v1": InfluxDBv1,
    "influxdb_v2": InfluxDBv2,
    "influxdb_v3": InfluxDBv3,
    "open_wearables": OpenWearables,
    "open_wearables_invitation": OpenWearables,
    "webhook": Webhook,
}
"""All services that are asked over a network, but those that one signs in to in a browser."""

INPUT: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "pulsoid": pulsoid_data,
    "gerosense": gerosense_data,
    "gerosense_proxy": gerosense_proxy_data,
    "livetracking": live_tracking_data,
    "influxdb_v1": influxdb_data,
    "influxdb_v2": influxdb_v2_data,
    "influxdb_v3": influxdb_v3_data,
    "open_wearables": open_wearables_data,
    "open_wearables_invitation": invitation_data,
    "webhook": webhook_data,
}

SECRETS = {
    "pulsoid": "access_token",
    "gerosense": "password",
    "gerosense_proxy": "token",
    "livetracking": "password",
    "influxdb_v1": "password",
    "influxdb_v2": "token",
    "influxdb_v3": "token",
    "open_wearables": "api_key",
    "open_wearables_invitation": "invitation_code",
    "webhook": "signing_key",
}
"""Which field of each service's form is secret."""

TITLES = {
    "pulsoid": "Pulsoid",
    "gerosense": f"Gerosense {next(iter(Gerosense().people))}",
    "gerosense_proxy": "Gerosense",
    "livetracking": "livetracking.io Runner",
    "influxdb_v1": "InfluxDB home",
    "influxdb_v2": "InfluxDB heart",
    "influxdb_v3": "InfluxDB home",
    "open_wearables": "Open Wearables Anna",
    "open_wearables_invitation": "Open Wearables",
    "webhook": "Webhook 127.0.0.1",
}

each_service = pytest.mark.parametrize("service", STAND_INS)
either_way = pytest.mark.parametrize(
    ("source", "step_id", "reason"),
    [
        (SOURCE_REAUTH, "reauth_confirm", "reauth_successful"),
        (SOURCE_RECONFIGURE, "reconfigure", "reconfigure_successful"),
    ],
)


def kept(service: str, stand_in: Any) -> dict[str, Any]:
    """Return what an entry holds of what its form gave."""
    given = {"service": service, **INPUT[service](stand_in)}
    if isinstance(stand_in, OpenWearables):
        given["user_id"] = stand_in.user_id
    if given.pop("invitation_code", None):
        given["token"] = newest_token(stand_in)
    return given


def newest_token(stand_in: OpenWearables) -> dict[str, str]:
    """Return the tokens that Open Wearables gave last."""
    return {
        "access_token": list(stand_in.access_tokens)[-1],
        "refresh_token": list(stand_in.refresh_tokens)[-1],
    }


def change_secret(service: str, stand_in: Any) -> str:
    """Let no credentials be good any more, and return new ones."""
    secret = "changed"
    if service == "open_wearables_invitation":
        stand_in.expire()
        stand_in.refresh_tokens.clear()
        stand_in.invitations[NEW_CODE] = stand_in.user_id
        secret = NEW_CODE
    elif service == "open_wearables":
        stand_in.api_key = secret
    elif isinstance(stand_in, Webhook):
        secret = stand_in.key = b64encode(b"another key, and a long one too").decode()
    elif isinstance(stand_in, Gerosense):
        stand_in.password = secret
        stand_in.expire()
    else:
        setattr(stand_in, "token" if hasattr(stand_in, "token") else "password", secret)
    return secret


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Start to add a relay."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )


async def choose(hass: HomeAssistant, service: str) -> ConfigFlowResult:
    """Start to add a relay to a service, up to its form."""
    shown = await choose_service(hass, service)
    assert_form(shown, service)
    return shown


async def choose_service(hass: HomeAssistant, service: str) -> ConfigFlowResult:
    """Start to add a relay to a service."""
    shown = await start(hass)
    for step_id in way_to(service):
        assert shown["type"] is FlowResultType.MENU
        assert step_id in shown["menu_options"]
        shown = await submit(hass, shown, {"next_step_id": step_id})
    return shown


def way_to(service: str) -> list[str]:
    """Return what to choose in one menu after the other."""
    (menu,) = (menu for menu, options in MENUS.items() if service in options)
    return [*([] if menu == "user" else [menu]), service]


async def submit(
    hass: HomeAssistant, shown: ConfigFlowResult, user_input: Mapping[str, Any]
) -> ConfigFlowResult:
    """Fill in what is shown."""
    result = await hass.config_entries.flow.async_configure(
        shown["flow_id"], dict(user_input)
    )
    await hass.async_block_till_done()
    return result


async def confirm(hass: HomeAssistant, shown: ConfigFlowResult) -> ConfigFlowResult:
    """Agree to what other sensors are said to measure, where that is asked."""
    if shown["type"] is FlowResultType.MENU:
        return await submit(hass, shown, {"next_step_id": "confirm_sources"})
    return shown


async def choose_anna(
    hass: HomeAssistant, shown: ConfigFlowResult, stand_in: Any
) -> ConfigFlowResult:
    """Choose the person that the server knows, where one is asked for."""
    if shown["type"] is not FlowResultType.MENU:
        return shown
    if shown["step_id"] in {"registered", "same_person"}:
        return await submit(hass, shown, {"next_step_id": "known_person"})
    assert shown["step_id"] == "person"
    shown = await submit(hass, shown, {"next_step_id": "choose_person"})
    assert_form(shown, "choose_person")
    return await submit(hass, shown, {"user_id": stand_in.user_id})


async def to_sources(
    hass: HomeAssistant, service: str, stand_in: StandIn
) -> ConfigFlowResult:
    """Start to add a relay, up to where sources are chosen."""
    shown = await choose(hass, service)
    shown = await submit(hass, shown, INPUT[service](stand_in))
    shown = await choose_anna(hass, shown, stand_in)
    assert_form(shown, "sources")
    return shown


async def add(
    hass: HomeAssistant, service: str, stand_in: StandIn, **source_input: Any
) -> RelayConfigEntry:
    """Add a relay in the way that a person does."""
    form = await to_sources(hass, service, stand_in)
    source_input = {"sources": [STRAP], "follow_new": False} | source_input
    created = await confirm(hass, await submit(hass, form, source_input))
    assert created["type"] is FlowResultType.CREATE_ENTRY
    return created["result"]


async def ask_again(
    hass: HomeAssistant, entry: ConfigEntry, source: str
) -> ConfigFlowResult:
    """Start to change the credentials of a relay."""
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": source, "entry_id": entry.entry_id},
        data=dict(entry.data) if source == SOURCE_REAUTH else None,
    )


async def show_options(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Start to change the options of a relay."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert_form(form, "init")
    return form


async def save_options(
    hass: HomeAssistant, entry: ConfigEntry, **changes: Any
) -> ConfigFlowResult:
    """Change some options of a relay, as a person does who leaves the rest alone."""
    form = await show_options(hass, entry)
    result = await hass.config_entries.options.async_configure(
        form["flow_id"], suggested(form) | changes
    )
    if result["type"] is FlowResultType.MENU:
        result = await hass.config_entries.options.async_configure(
            result["flow_id"], {"next_step_id": "confirm_sources"}
        )
    await hass.async_block_till_done()
    return result


async def collect(
    hass: HomeAssistant, *values: int, entity_id: str = STRAP, unit: str = "bpm"
) -> None:
    """Let a sensor measure, each time in another millisecond."""

    def have_moved_on() -> bool:
        return time.time() > last + 0.001

    for value in values:
        last = time.time()
        measure(hass, value, entity_id, unit_of_measurement=unit)
        await until(have_moved_on)


async def until_arrived(
    entry: RelayConfigEntry, stand_in: StandIn, *values: int
) -> None:
    """Wait for readings to arrive, without what a service would have them wait for."""

    def have_arrived() -> bool:
        entry.runtime_data.async_send_now()
        return len(stand_in.arrivals) >= len(values)

    await until(have_arrived)
    assert sorted(arrival.value for arrival in stand_in.arrivals) == sorted(values)


def assert_form(
    result: ConfigFlowResult, step_id: str, error: str | None = None
) -> None:
    """See that a form is shown, with an error at most."""
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == step_id
    assert result["errors"] == ({"base": error} if error else {})


def assert_abort(result: ConfigFlowResult, reason: str) -> None:
    """See that a flow ended without a new relay."""
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason


def fields(result: ConfigFlowResult) -> set[str]:
    """Return the fields that a form shows."""
    schema = result["data_schema"]
    assert schema is not None
    return {marker.schema for marker in schema.schema}


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what is already filled in."""

    def filled_in(schema: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for marker, selector in schema.schema.items():
            if isinstance(selector, section):
                values[marker.schema] = filled_in(selector.schema)
            elif marker.description:
                values[marker.schema] = marker.description["suggested_value"]
        return values

    return filled_in(result["data_schema"])


def register(
    hass: HomeAssistant,
    platform: str,
    name: str,
    unit: str | None = "bpm",
    **attributes: Any,
) -> er.RegistryEntry:
    """Add a sensor that is in the registry."""
    entry = er.async_get(hass).async_get_or_create(
        "sensor", platform, f"{platform} {name}", object_id_base=name
    )
    hass.states.async_set(
        entry.entity_id, "72", {"unit_of_measurement": unit, **attributes}
    )
    return entry


def failing(status: int, body: str = "", **failure: Any) -> dict[str, Any]:
    """Return how a stand-in is that answers everything in one way."""
    return {"failure": Failure(status, body, **failure), "failure_everywhere": True}
