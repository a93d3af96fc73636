"""Adding a relay, signing in again, and changing what it collects."""

from collections.abc import AsyncIterator, Callable, Mapping
import ssl
from typing import Any

from aiohttp import ClientTimeout, web
import pytest

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS, DOMAIN
from custom_components.heart_rate_relay.destinations import base, pulsoid
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import (
    Failure,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
    Pulsoid,
    StandIn,
)
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData, section
from homeassistant.helpers import entity_registry as er

from .common import (
    STRAP,
    WATCH,
    influxdb_data,
    live_tracking_data,
    measure,
    pulsoid_data,
    until,
)
from .conftest import running

NAMING = {"measurement": "heart_rate", "field": "bpm", "tags": []}


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


STAND_INS: Mapping[str, type[StandIn]] = {
    "pulsoid": Pulsoid,
    "livetracking": LiveTracking,
    "influxdb_v1": InfluxDBv1,
    "influxdb_v2": InfluxDBv2,
    "influxdb_v3": InfluxDBv3,
}

INPUT: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "pulsoid": pulsoid_data,
    "livetracking": live_tracking_data,
    "influxdb_v1": influxdb_data,
    "influxdb_v2": influxdb_v2_data,
    "influxdb_v3": influxdb_v3_data,
}

SECRETS = {
    "pulsoid": "access_token",
    "livetracking": "password",
    "influxdb_v1": "password",
    "influxdb_v2": "token",
    "influxdb_v3": "token",
}
"""Which field of each service's form is secret."""

SHOWN_ONCE_MORE = {**{key: {field} for key, field in SECRETS.items()}} | {
    "influxdb_v1": {"username", "password"}
}
"""What each service asks for when credentials are to be changed."""

TITLES = {
    "pulsoid": "Pulsoid",
    "livetracking": "livetracking.io Runner",
    "influxdb_v1": "InfluxDB home",
    "influxdb_v2": "InfluxDB heart",
    "influxdb_v3": "InfluxDB home",
}

each_service = pytest.mark.parametrize("service", STAND_INS)
either_way = pytest.mark.parametrize(
    ("source", "step_id", "reason"),
    [
        (SOURCE_REAUTH, "reauth_confirm", "reauth_successful"),
        (SOURCE_RECONFIGURE, "reconfigure", "reconfigure_successful"),
    ],
)


@pytest.fixture
def service() -> str:
    """Return the service that a test is about, where it is about one alone."""
    return "pulsoid"


@pytest.fixture
async def stand_in(
    service: str, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """Return a service of our own."""
    async with running(STAND_INS[service]()) as stand_in:
        monkeypatch.setattr(pulsoid, "API_URL", stand_in.url)
        yield stand_in


async def choose(hass: HomeAssistant, service: str) -> ConfigFlowResult:
    """Start to add a relay to a service."""
    menu = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert menu["type"] is FlowResultType.MENU
    assert service in menu["menu_options"]
    form = await submit(hass, menu, {"next_step_id": service})
    assert_form(form, service)
    return form


async def submit(
    hass: HomeAssistant, shown: ConfigFlowResult, user_input: Mapping[str, Any]
) -> ConfigFlowResult:
    """Fill in what is shown."""
    result = await hass.config_entries.flow.async_configure(
        shown["flow_id"], dict(user_input)
    )
    await hass.async_block_till_done()
    return result


async def add(
    hass: HomeAssistant, service: str, stand_in: StandIn, **source_input: Any
) -> ConfigEntry:
    """Add a relay in the way that a person does."""
    form = await choose(hass, service)
    form = await submit(hass, form, INPUT[service](stand_in))
    assert_form(form, "sources")
    source_input = {"sources": [STRAP], "follow_new": False} | source_input
    created = await submit(hass, form, source_input)
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


def assert_form(
    result: ConfigFlowResult, step_id: str, error: str | None = None
) -> None:
    """See that a form is shown, with an error at most."""
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == step_id
    assert result["errors"] == ({"base": error} if error else {})


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
    hass: HomeAssistant, platform: str, name: str, unit: str | None = "bpm"
) -> er.RegistryEntry:
    """Add a sensor that is in the registry."""
    entry = er.async_get(hass).async_get_or_create(
        "sensor", platform, f"{platform} {name}", object_id_base=name
    )
    hass.states.async_set(entry.entity_id, "72", {"unit_of_measurement": unit})
    return entry


def failing(status: int, body: str = "", **failure: Any) -> dict[str, Any]:
    """Return how a stand-in is that answers everything in one way."""
    return {"failure": Failure(status, body, **failure), "failure_everywhere": True}


@each_service
async def test_add(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """A relay is added, and delivers at once."""
    measure(hass, 70)
    form = await choose(hass, service)
    given = INPUT[service](stand_in)
    assert fields(form) >= set(given)
    form = await submit(hass, form, given)
    assert_form(form, "sources")

    created = await submit(hass, form, {"sources": [STRAP], "follow_new": True})

    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["title"] == TITLES[service]
    entry: ConfigEntry[RelayCoordinator] = created["result"]
    assert entry.data == {"service": service, **given}
    assert entry.options == {
        **DEFAULT_OPTIONS,
        "sources": [STRAP],
        "follow_new": True,
        "declined": [],
    }
    assert entry.state is ConfigEntryState.LOADED
    measure(hass, 71)
    await until(lambda: stand_in.arrivals)
    assert [arrival.value for arrival in stand_in.arrivals] == [71]


@pytest.mark.parametrize(
    "service", ["livetracking", "influxdb_v1", "influxdb_v2", "influxdb_v3"]
)
async def test_defaults(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """What is not filled in has a sensible value."""
    given = INPUT[service](stand_in)
    form = await choose(hass, service)
    untouched: dict[str, Any] = {"naming": {}} if "naming" in given else {}
    filled_in = {key: value for key, value in given.items() if key != "verify_ssl"}
    form = await submit(hass, form, filled_in | untouched)
    created = await submit(hass, form, {"sources": [STRAP]})
    assert created["data"] == {"service": service, **given, "verify_ssl": True}
    assert created["options"]["follow_new"] is False


@pytest.mark.parametrize("service", ["influxdb_v1"])
async def test_open_database(hass: HomeAssistant, stand_in: InfluxDBv1) -> None:
    """A database that is open to all asks for no login."""
    stand_in.username = ""
    form = await choose(hass, "influxdb_v1")
    given = {
        "url": str(stand_in.url),
        "database": stand_in.database,
        "naming": {},
    }
    assert_form(await submit(hass, form, given), "sources")


BROKEN: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("pulsoid", {"access_token": "wrong"}, {}, "invalid_auth"),
    ("pulsoid", {}, {"expired": True}, "invalid_auth"),
    ("pulsoid", {}, {"scopes": ["data:heart_rate:read"]}, "missing_scope"),
    ("pulsoid", {}, failing(402, '{"error_code": 7007}'), "premium_required"),
    ("pulsoid", {}, failing(200, "surprise"), "unexpected_answer"),
    ("pulsoid", {}, failing(302), "redirected"),
    ("pulsoid", {}, failing(400), "refused"),
    ("pulsoid", {}, failing(404), "wrong_url"),
    ("pulsoid", {}, failing(429), "busy"),
    ("pulsoid", {}, failing(503), "busy"),
    ("pulsoid", {}, failing(500), "server_error"),
    ("pulsoid", {}, failing(200, drop=True), "cannot_connect"),
    ("livetracking", {"password": "wrong"}, {}, "invalid_auth"),
    ("livetracking", {"username": "stranger"}, {}, "invalid_auth"),
    ("livetracking", {"url": "livetracking.example.org"}, {}, "invalid_url"),
    ("livetracking", {"url": "ftp://127.0.0.1"}, {}, "invalid_url"),
    ("livetracking", {}, failing(403), "invalid_auth"),
    ("livetracking", {}, failing(200, "<html>"), "wrong_url"),
    ("livetracking", {}, failing(503), "busy"),
    ("influxdb_v1", {"password": "wrong"}, {}, "invalid_auth"),
    ("influxdb_v1", {"database": "elsewhere"}, {}, "database_not_found"),
    ("influxdb_v1", {"retention_policy": "none"}, {}, "database_not_found"),
    ("influxdb_v1", {}, {"writable": False}, "may_not_write"),
    ("influxdb_v1", {"url": "http://me:pw@127.0.0.1"}, {}, "invalid_url"),
    ("influxdb_v1", {"url": "http://127.0.0.1:99999"}, {}, "invalid_url"),
    ("influxdb_v1", {"url": "http://127.0.0.1:9"}, {}, "cannot_connect"),
    ("influxdb_v1", {"naming": NAMING | {"field": "time"}}, {}, "invalid_names"),
    ("influxdb_v1", {"naming": NAMING | {"measurement": "#"}}, {}, "invalid_names"),
    ("influxdb_v1", {"naming": NAMING | {"tags": ["wearer"]}}, {}, "invalid_tags"),
    ("influxdb_v1", {"naming": NAMING | {"tags": ["time=1"]}}, {}, "invalid_tags"),
    ("influxdb_v1", {}, failing(400, "type conflict"), "field_conflict"),
    ("influxdb_v1", {}, failing(200, "<html>"), "wrong_url"),
    ("influxdb_v2", {"token": "wrong"}, {}, "invalid_auth"),
    ("influxdb_v2", {"bucket": "elsewhere"}, {}, "database_not_found"),
    ("influxdb_v2", {"organization": "elsewhere"}, {}, "database_not_found"),
    ("influxdb_v2", {}, {"writable": False}, "may_not_write"),
    ("influxdb_v3", {"token": "wrong"}, {}, "invalid_auth"),
    ("influxdb_v3", {}, {"writable": False}, "may_not_write"),
    ("influxdb_v3", {}, failing(404, "Not Found"), "wrong_url"),
]


@pytest.mark.parametrize(("service", "changes", "attributes", "error"), BROKEN)
async def test_error_and_recovery(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    stand_in: Any,
    changes: dict[str, Any],
    attributes: dict[str, Any],
    error: str,
) -> None:
    """What is wrong is said, what was typed stays, and mending it is enough."""
    given = INPUT[service](stand_in)
    form = await choose(hass, service)

    with monkeypatch.context() as broken:
        for name, value in attributes.items():
            broken.setattr(stand_in, name, value)
        form = await submit(hass, form, given | changes)
    assert_form(form, service, error)
    assert suggested(form) == given | changes
    assert not hass.config_entries.async_entries(DOMAIN)

    form = await submit(hass, form, given)
    assert_form(form, "sources")
    created = await submit(hass, form, {"sources": [STRAP], "follow_new": False})
    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["data"] == {"service": service, **given}


async def test_timeout(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, stand_in: Pulsoid
) -> None:
    """A service that hangs does not hang the flow."""
    form = await choose(hass, "pulsoid")
    with monkeypatch.context() as broken:
        broken.setattr(base, "TIMEOUT", ClientTimeout(total=0.2))
        broken.setattr(stand_in, "failure", Failure(200, delay=0.4))
        broken.setattr(stand_in, "failure_everywhere", True)
        form = await submit(hass, form, pulsoid_data(stand_in))
        await until(lambda: stand_in.requests)
    assert_form(form, "pulsoid", "timeout")
    assert_form(await submit(hass, form, pulsoid_data(stand_in)), "sources")


@either_way
async def test_mistake_of_ours(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    stand_in: Pulsoid,
    caplog: pytest.LogCaptureFixture,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """Even an error that nobody thought of is shown, and logged without the token."""

    async def fail(_: object) -> None:
        raise ZeroDivisionError

    form = await choose(hass, "pulsoid")
    with monkeypatch.context() as broken:
        broken.setattr(pulsoid.Pulsoid, "validate", fail)
        form = await submit(hass, form, pulsoid_data(stand_in))
    assert_form(form, "pulsoid", "unknown")
    assert "ZeroDivisionError" in caplog.text
    assert stand_in.token not in caplog.text

    entry = await add(hass, "pulsoid", stand_in)
    form = await ask_again(hass, entry, source)
    with monkeypatch.context() as broken:
        broken.setattr(pulsoid.Pulsoid, "validate", fail)
        form = await submit(hass, form, pulsoid_data(stand_in))
    assert_form(form, step_id, "unknown")
    result = await submit(hass, form, pulsoid_data(stand_in))
    assert result["reason"] == reason


async def serve_securely(stand_in: InfluxDBv1, tls: ssl.SSLContext) -> web.AppRunner:
    """Let a stand-in speak TLS."""
    runner = web.AppRunner(stand_in._application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    return runner


@pytest.mark.parametrize("service", ["influxdb_v1"])
async def test_certificate(
    hass: HomeAssistant, tls: ssl.SSLContext, stand_in: InfluxDBv1
) -> None:
    """A certificate is verified unless the user says otherwise."""
    # Or the server's loop would count a client that hangs up as a failure of the test
    hass.loop.set_debug(False)
    given = influxdb_data(stand_in)
    form = await choose(hass, "influxdb_v1")
    form = await submit(
        hass, form, given | {"url": str(stand_in.url.with_scheme("https"))}
    )
    assert_form(form, "influxdb_v1", "tls_error")

    runner = await serve_securely(stand_in, tls)
    try:
        given["url"] = f"https://127.0.0.1:{runner.addresses[0][1]}"
        form = await submit(hass, form, given)
        assert_form(form, "influxdb_v1", "tls_error")
        form = await submit(hass, form, given | {"verify_ssl": False})
        assert_form(form, "sources")
    finally:
        await runner.cleanup()


@each_service
async def test_same_account_twice(
    hass: HomeAssistant, service: str, stand_in: Any
) -> None:
    """One account has one relay, however its address is written."""
    await add(hass, service, stand_in)
    given = INPUT[service](stand_in)
    if "url" in given:
        given["url"] = f" {given['url'].replace('http', 'HTTP').rstrip('/')}/ "
    form = await choose(hass, service)
    result = await submit(hass, form, given)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_two_accounts(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Two wearers have two relays."""
    await add(hass, "pulsoid", stand_in)
    stand_in.token, stand_in.profile_id = "of-somebody-else", "somebody-else"
    await add(hass, "pulsoid", stand_in)
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


@pytest.mark.parametrize("service", ["influxdb_v1"])
async def test_two_series(hass: HomeAssistant, stand_in: InfluxDBv1) -> None:
    """Two wearers may share a database, in series of their own."""
    await add(hass, "influxdb_v1", stand_in)
    form = await choose(hass, "influxdb_v1")
    given = influxdb_data(stand_in, tags=["wearer=Anna"])
    assert_form(await submit(hass, form, given), "sources")


async def test_no_profile(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Where the account is unknown, the same token twice is refused at least."""
    stand_in.profile_id = None
    entry = await add(hass, "pulsoid", stand_in)
    assert entry.unique_id is None
    form = await choose(hass, "pulsoid")
    result = await submit(hass, form, pulsoid_data(stand_in))
    assert result["reason"] == "already_configured"
    stand_in.token = "another"
    await add(hass, "pulsoid", stand_in)


async def to_sources(hass: HomeAssistant, stand_in: Pulsoid) -> ConfigFlowResult:
    """Start to add a relay, up to where sources are chosen."""
    form = await choose(hass, "pulsoid")
    form = await submit(hass, form, pulsoid_data(stand_in))
    assert_form(form, "sources")
    return form


@either_way
async def test_new_token_without_a_profile(
    hass: HomeAssistant, stand_in: Pulsoid, source: str, step_id: str, reason: str
) -> None:
    """Who cannot be told apart can sign in again all the same."""
    stand_in.profile_id = None
    entry = await add(hass, "pulsoid", stand_in)
    stand_in.token, stand_in.profile_id = "another", "known now"
    form = await ask_again(hass, entry, source)
    done = await submit(hass, form, {"access_token": "another"})
    assert done["reason"] == reason
    assert entry.data["access_token"] == "another"


async def test_sources_recognised(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """What is recognised is chosen already, best first; what may be is named."""
    phone = register(hass, "mobile_app", "a_phone_heart_rate")
    strap = register(hass, "bthome", "z_heart_rate")
    other = register(hass, "mqtt", "m_heart_rate")
    maybe = register(hass, "mqtt", "bedside_heart_rate", unit=None)
    register(hass, "mqtt", "outdoor_temperature", unit="°C")

    form = await to_sources(hass, stand_in)

    best_first = [strap.entity_id, other.entity_id, phone.entity_id]
    assert suggested(form) == {"sources": best_first}
    assert form["description_placeholders"] == {
        "recognised": "3",
        "suggestions": maybe.entity_id,
    }


async def test_nothing_recognised(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Without a heart-rate sensor nothing is chosen or named."""
    register(hass, "mqtt", "outdoor_temperature", unit="°C")
    form = await to_sources(hass, stand_in)
    assert suggested(form) == {"sources": []}
    assert form["description_placeholders"] == {"recognised": "0", "suggestions": "0"}


@pytest.mark.parametrize(
    "mended",
    [
        {"sources": [], "follow_new": True},
        {"sources": [STRAP], "follow_new": False},
    ],
)
async def test_no_source(
    hass: HomeAssistant, stand_in: Pulsoid, mended: dict[str, Any]
) -> None:
    """A relay without sources makes sense only where new ones are added."""
    measure(hass, 70)
    form = await to_sources(hass, stand_in)
    form = await submit(hass, form, {"sources": [], "follow_new": False})
    assert_form(form, "sources", "no_sources")
    assert suggested(form)["sources"] == []

    created = await submit(hass, form, mended)

    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["options"] == DEFAULT_OPTIONS | mended | {
        "declined": [] if mended["sources"] else [STRAP]
    }


async def test_sources_stored(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Sources are remembered by what survives a rename, in the order chosen."""
    strap = register(hass, "bthome", "strap_heart_rate")
    phone = register(hass, "mobile_app", "phone_heart_rate")
    declined = register(hass, "oura", "ring_heart_rate")
    measure(hass, 70, WATCH)
    chosen = [phone.entity_id, WATCH, strap.entity_id]

    entry = await add(hass, "pulsoid", stand_in, sources=chosen)

    assert entry.options["sources"] == [phone.id, WATCH, strap.id]
    assert entry.options["declined"] == [declined.id]


async def test_own_entities_are_no_sources(
    hass: HomeAssistant, stand_in: Pulsoid
) -> None:
    """The heart rate that a relay tells is not relayed in circles."""
    await add(hass, "pulsoid", stand_in)
    own = er.async_get(hass).async_get("sensor.pulsoid_heart_rate")
    assert own
    assert hass.states.get(own.entity_id)
    stand_in.token, stand_in.profile_id = "of-somebody-else", "somebody-else"
    form = await to_sources(hass, stand_in)
    assert suggested(form) == {"sources": []}
    assert form["description_placeholders"] == {"recognised": "0", "suggestions": "0"}
    with pytest.raises(InvalidData):
        await submit(hass, form, {"sources": [own.entity_id], "follow_new": False})


@pytest.mark.parametrize(
    ("entity_id", "accepted"),
    [
        ("sensor.anything", True),
        ("number.anything", True),
        ("input_number.anything", True),
        ("light.anything", False),
    ],
)
async def test_domains(
    hass: HomeAssistant, stand_in: Pulsoid, entity_id: str, accepted: bool
) -> None:
    """Whatever holds a number may be a source."""
    form = await to_sources(hass, stand_in)
    user_input = {"sources": [entity_id], "follow_new": False}
    if accepted:
        created = await submit(hass, form, user_input)
        assert created["options"]["sources"] == [entity_id]
    else:
        with pytest.raises(InvalidData):
            await submit(hass, form, user_input)


@each_service
@either_way
async def test_new_credentials(
    hass: HomeAssistant,
    service: str,
    stand_in: Any,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """Wrong credentials are refused, and the right ones stored and used at once."""
    entry = await add(hass, service, stand_in)
    before = dict(entry.data)
    coordinator = entry.runtime_data
    secret = "token" if hasattr(stand_in, "token") else "password"
    setattr(stand_in, secret, "changed")

    form = await ask_again(hass, entry, source)
    if source == SOURCE_REAUTH:
        # Home Assistant's own placeholder comes with ours
        assert form["description_placeholders"] == {
            "relay": entry.title,
            "name": entry.title,
        }
    else:
        assert form["description_placeholders"] == {"relay": entry.title}
    assert_form(form, step_id)
    assert fields(form) == SHOWN_ONCE_MORE[service]
    assert suggested(form) == {}
    form = await submit(hass, form, {SECRETS[service]: "wrong"})
    assert_form(form, step_id, "invalid_auth")
    assert entry.data == before

    result = await submit(hass, form, {SECRETS[service]: "changed"})

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason
    assert entry.data == before | {SECRETS[service]: "changed"}
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not coordinator
    measure(hass, 70)
    measure(hass, 71)
    await until(lambda: stand_in.arrivals)


@either_way
async def test_wrong_account(
    hass: HomeAssistant,
    stand_in: Pulsoid,
    source: str,
    step_id: str,
    reason: str,
) -> None:
    """Readings of one person never go to the account of another."""
    entry = await add(hass, "pulsoid", stand_in)
    before = dict(entry.data)
    stand_in.token, stand_in.profile_id = "of-somebody-else", "somebody-else"
    form = await ask_again(hass, entry, source)
    result = await submit(hass, form, pulsoid_data(stand_in))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert entry.data == before


async def test_sign_in_again(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A token that expired is asked for, and what waited is delivered."""
    entry: ConfigEntry[RelayCoordinator] = await add(hass, "pulsoid", stand_in)
    measure(hass, 70)
    stand_in.expired = True
    measure(hass, 71)
    await until(lambda: hass.config_entries.flow.async_progress())
    measure(hass, 72)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["title_placeholders"] == {"name": "Pulsoid"}
    assert not stand_in.arrivals

    stand_in.expired, stand_in.token = False, "renewed"
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], pulsoid_data(stand_in)
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    await until(lambda: len(stand_in.arrivals) == 2)
    assert {arrival.value for arrival in stand_in.arrivals} == {71, 72}
    assert entry.data["access_token"] == "renewed"
    assert not hass.config_entries.flow.async_progress()


CHANGED_OPTIONS = {
    "sources": [WATCH, STRAP],
    "follow_new": True,
    "min_interval": 2.5,
    "min_bpm": 40,
    "max_bpm": 100,
    "live_for": 120,
    "keep_days": 3,
    "keep_readings": 5000,
}


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
    await hass.async_block_till_done()
    return result


async def test_every_option(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """All options are shown as they are, stored as they are chosen, and used at once."""
    entry = await add(hass, "pulsoid", stand_in)
    coordinator = entry.runtime_data
    form = await show_options(hass, entry)
    assert fields(form) == set(CHANGED_OPTIONS)
    assert suggested(form) == {
        key: value
        for key, value in (DEFAULT_OPTIONS | {"sources": [STRAP]}).items()
        if key in CHANGED_OPTIONS
    }

    result = await save_options(hass, entry, **CHANGED_OPTIONS)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == DEFAULT_OPTIONS | {"follow_new": True} | CHANGED_OPTIONS | {
        "declined": []
    }
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not coordinator
    assert suggested(await show_options(hass, entry)) == CHANGED_OPTIONS


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({}, [30, 90, 150]),
        ({"min_bpm": 40}, [90, 150]),
        ({"max_bpm": 100}, [30, 90]),
        ({"min_interval": 3600}, [30]),
        ({"sources": [WATCH]}, []),
    ],
)
async def test_options_matter(
    hass: HomeAssistant,
    stand_in: Pulsoid,
    changes: dict[str, Any],
    values: list[int],
) -> None:
    """What is chosen is what the relay does."""
    entry = await add(hass, "pulsoid", stand_in)
    await save_options(hass, entry, **changes)
    for value in (60, 30, 90, 150):
        measure(hass, value)
    await until(lambda: len(stand_in.arrivals) >= len(values))
    await until(lambda: not len(entry.runtime_data.outbox))
    assert [arrival.value for arrival in stand_in.arrivals] == values


@pytest.mark.parametrize(
    "values",
    [
        {"min_interval": -1},
        {"min_interval": 3601},
        {"min_bpm": 0},
        {"max_bpm": 301},
        {"live_for": 4},
        {"live_for": 3601},
        {"keep_days": 0},
        {"keep_days": 3651},
        {"keep_readings": 999},
        {"keep_readings": 10_000_001},
        {"sources": ["light.anything"]},
    ],
)
async def test_impossible_options(
    hass: HomeAssistant, stand_in: Pulsoid, values: dict[str, Any]
) -> None:
    """No option can be set to what makes no sense."""
    entry = await add(hass, "pulsoid", stand_in)
    options = dict(entry.options)
    with pytest.raises(InvalidData):
        await save_options(hass, entry, **values)
    assert entry.options == options


@pytest.mark.parametrize("highest", [100, 90])
async def test_empty_range(
    hass: HomeAssistant, stand_in: Pulsoid, highest: int
) -> None:
    """A range that no heart rate is in is refused, and can be mended."""
    entry = await add(hass, "pulsoid", stand_in)
    options = dict(entry.options)
    result = await save_options(hass, entry, min_bpm=100, max_bpm=highest, keep_days=5)
    assert_form(result, "init", "empty_range")
    typed = suggested(result)
    assert typed["max_bpm"] == highest
    assert typed["keep_days"] == 5
    assert entry.options == options

    result = await hass.config_entries.options.async_configure(
        result["flow_id"], typed | {"max_bpm": 101}
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["min_bpm"] == 100
    assert entry.options["max_bpm"] == 101


async def test_no_source_left(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A relay with no source, and none to come, would do nothing."""
    entry = await add(hass, "pulsoid", stand_in)
    result = await save_options(hass, entry, sources=[])
    assert_form(result, "init", "no_sources")
    await save_options(hass, entry, sources=[], follow_new=True)
    assert entry.options["sources"] == []


async def test_other_options_stay(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A pause, and what a later version knows, outlives the form."""
    entry = await add(hass, "pulsoid", stand_in)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "paused": True, "of_the_future": 1}
    )
    await save_options(hass, entry, min_bpm=30)
    assert entry.options["paused"] is True
    assert entry.options["of_the_future"] == 1
    assert entry.options["min_bpm"] == 30
    assert entry.runtime_data.paused


async def test_options_of_an_older_version(
    hass: HomeAssistant, stand_in: Pulsoid
) -> None:
    """An option that is not stored yet has its default."""
    entry = await add(hass, "pulsoid", stand_in)
    hass.config_entries.async_update_entry(entry, options={"sources": [STRAP]})
    await save_options(hass, entry)
    assert entry.options == DEFAULT_OPTIONS | {"sources": [STRAP]} | {"declined": []}


async def test_renamed_source(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A source is shown as it is called now, and stays what it is."""
    strap = register(hass, "bthome", "strap_heart_rate")
    entry = await add(hass, "pulsoid", stand_in, sources=[strap.entity_id])
    er.async_get(hass).async_update_entity(
        strap.entity_id, new_entity_id="sensor.renamed"
    )
    await hass.async_block_till_done()
    assert suggested(await show_options(hass, entry))["sources"] == ["sensor.renamed"]
    await save_options(hass, entry)
    assert entry.options["sources"] == [strap.id]


@pytest.mark.parametrize("forgotten", [False, True])
async def test_source_that_is_gone(
    hass: HomeAssistant, stand_in: Pulsoid, forgotten: bool
) -> None:
    """A source that is gone stays in its place until the user takes it out."""
    registry = er.async_get(hass)
    strap = register(hass, "bthome", "strap_heart_rate")
    measure(hass, 70, WATCH)
    chosen = [strap.entity_id, WATCH]
    entry = await add(hass, "pulsoid", stand_in, sources=chosen)
    registry.async_remove(strap.entity_id)
    hass.states.async_remove(strap.entity_id)
    if forgotten:
        registry.deleted_entities.clear()
    await hass.async_block_till_done()

    shown = suggested(await show_options(hass, entry))["sources"]
    assert shown == [strap.id if forgotten else strap.entity_id, WATCH]
    await save_options(hass, entry)
    assert entry.options["sources"] == [strap.id, WATCH]
    await save_options(hass, entry, sources=shown[::-1])
    assert entry.options["sources"] == [WATCH, strap.id]
    await save_options(hass, entry, sources=[WATCH])
    assert entry.options["sources"] == [WATCH]


@pytest.mark.parametrize("followed", [False, True])
async def test_source_that_was_replaced(
    hass: HomeAssistant, stand_in: Pulsoid, followed: bool
) -> None:
    """Another sensor under the name of one that is gone is the one that is meant."""
    old = register(hass, "bthome", "strap_heart_rate")
    entry = await add(
        hass, "pulsoid", stand_in, sources=[old.entity_id], follow_new=followed
    )
    er.async_get(hass).async_remove(old.entity_id)
    hass.states.async_remove(old.entity_id)
    new = register(hass, "esphome", "strap_heart_rate")
    await hass.async_block_till_done()
    assert new.entity_id == old.entity_id
    assert new.id != old.id
    assert entry.options["sources"] == [old.id, *([new.id] if followed else [])]

    shown = suggested(await show_options(hass, entry))["sources"]
    assert shown == [new.entity_id]
    await save_options(hass, entry)

    assert entry.options["sources"] == [new.id]


async def test_declined_stays_declined(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Who said no to a sensor is not asked again because it was away for a while."""
    other = register(hass, "bthome", "other_heart_rate")
    entry = await add(hass, "pulsoid", stand_in, follow_new=True)
    assert entry.options["declined"] == [other.id]
    hass.states.async_remove(other.entity_id)

    await save_options(hass, entry)
    assert entry.options["declined"] == [other.id]
    await save_options(hass, entry, sources=[STRAP, other.entity_id])
    assert entry.options["declined"] == []
