"""The relays that are set up, each to a local stand-in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from custom_components.heart_rate_relay.metrics import HEART_RATE, LATITUDE

from .home_assistant.api import OPTIONS_FLOW, Answer, Api
from .home_assistant.process import HomeAssistantError
from .named import taken
from .simulated_heart_rate.measures import MEASURES
from .stand_ins import (
    Gerosense,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
    OpenWearables,
    Pulsoid,
    StandIn,
)
from .stand_ins.gerosense import MIN_SAMPLES

DOMAIN = "heart_rate_relay"

GATHER = 10
"""For how long readings are gathered: the least that a relay can be told, in seconds."""

WEARER = "developer"

CHEST_STRAP = "sensor.chest_strap_heart_rate"
MONITOR = "sensor.virtual_strap_heart_rate"
STEADY = frozenset({CHEST_STRAP, MONITOR})
"""The sources that never fall silent: one simulated, one heard through the air."""

PHONE = "device_tracker.phone"

type Input = Mapping[str, object]
"""What a person fills in."""


@dataclass(frozen=True, kw_only=True)
class Relay:
    """A relay, and what a person would fill in to set it up."""

    stand_in: StandIn
    steps: Mapping[str, Input]
    """What to fill in at each step, until the sources are asked for."""
    gathers: bool = False
    """Whether the service wants readings gathered. It takes steps then, too."""
    min_batch: int = 1
    """How many readings of a metric the service takes at least."""
    step: int = 1
    """How finely the service tells times apart, in ms."""
    one_line: bool = False
    """Whether the service shows one line, so that only the first live source counts."""
    first: str = CHEST_STRAP
    """The source that is moved to the front, one that never falls silent."""

    @property
    def more(self) -> Mapping[str, Sequence[str]]:
        """The sources to choose beside those that the form recognises, by its field."""
        takes = taken(self.stand_in.service)
        others = [
            measure.entity_id
            for measure in MEASURES
            if measure.metric in takes - {HEART_RATE}
        ]
        more = {"other_sources": others} if others else {}
        return more | ({"position_sources": [PHONE]} if LATITUDE in takes else {})


def relays(
    pulsoid: Pulsoid,
    live: LiveTracking,
    v1: InfluxDBv1,
    v2: InfluxDBv2,
    v3: InfluxDBv3,
    gerosense: Gerosense,
    wearables: OpenWearables,
) -> Sequence[Relay]:
    """Return a relay to each of these, once they have been started."""
    return (
        Relay(
            stand_in=pulsoid,
            steps={
                **_through("choose_pulsoid", "pulsoid"),
                "pulsoid": {"access_token": pulsoid.token},
            },
            one_line=True,
            first=MONITOR,
        ),
        _to_live_tracking(live),
        to_influxdb(
            v1, database=v1.database, username=v1.username, password=v1.password
        ),
        to_influxdb(v2, organization=v2.org, bucket=v2.database, token=v2.token),
        to_influxdb(v3, database=v3.database, token=v3.token),
        _to_gerosense(gerosense),
        _to_open_wearables(wearables),
    )


def _to_live_tracking(live: LiveTracking) -> Relay:
    """Return a relay to live tracking."""
    return Relay(
        stand_in=live,
        steps={
            **_through("livetracking"),
            "livetracking": {
                "url": str(live.url),
                "username": live.username,
                "password": live.password,
                "verify_ssl": True,
            },
        },
        step=1000,
        one_line=True,
    )


def to_influxdb(server: StandIn, **fields: object) -> Relay:
    """Return a relay to a database, with what only its version asks for."""
    form = {"url": str(server.url), "verify_ssl": True, "naming": {}, **fields}
    service = server.service
    return Relay(
        stand_in=server,
        steps={**_through("choose_influxdb", service), service: form},
    )


def _to_gerosense(gerosense: Gerosense) -> Relay:
    """Return a relay for a wearer that the service does not know yet."""
    return Relay(
        stand_in=gerosense,
        steps={
            **_through("choose_gerosense", "gerosense"),
            "gerosense": {
                "username": gerosense.username,
                "password": gerosense.password,
                "user_id": WEARER,
            },
            "new_person": {"biological_sex": "female", "year_of_birth": 1990},
        },
        gathers=True,
        min_batch=MIN_SAMPLES,
    )


def _to_open_wearables(wearables: OpenWearables) -> Relay:
    """Return a relay for the person that the server knows."""
    return Relay(
        stand_in=wearables,
        steps={
            **_through("choose_open_wearables", "open_wearables"),
            "open_wearables": {
                "url": str(wearables.url),
                "api_key": wearables.api_key,
                "verify_ssl": True,
            },
            "person": {"next_step_id": "choose_person"},
            "choose_person": {"user_id": wearables.user_id},
        },
        gathers=True,
    )


def _through(*choices: str) -> Mapping[str, Input]:
    """Return what to choose in the menus that lead to a service."""
    return {
        menu: {"next_step_id": choice}
        for menu, choice in zip(("user", *choices), choices, strict=False)
    }


async def create(api: Api, relay: Relay) -> Sequence[str]:
    """Set up a relay in the way of the UI, and return its sources in their order.

    They are those that the form recognises by itself, with one of them moved to the
    front, and what the relay is to take beside them. Raises HomeAssistantError where the flow goes another way.
    """
    service = relay.stand_in.service
    step = await api.start_flow(DOMAIN)
    steps = dict(relay.steps)
    while (step_id := step.get("step_id")) in steps:
        step = await api.next_step(step, steps.pop(step_id))
    if step_id != "sources" or steps:
        raise HomeAssistantError(f"{service}: no sources asked, but {step}")
    fields = _filled_in(step)
    sources = fields["sources"]
    if not STEADY.issubset(sources) or (relay.gathers and not fields["other_sources"]):
        raise HomeAssistantError(
            f"{service}: sources are not recognised, only {fields}"
        )
    sources.sort(key=lambda source: source != relay.first)
    for name, more in relay.more.items():
        fields[name] = list(dict.fromkeys((*fields[name], *more)))
    step = await api.next_step(step, fields)
    if step.get("step_id") == "measured":
        step = await api.next_step(step, {"next_step_id": "confirm_sources"})
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"{service}: not set up: {step}")
    if relay.gathers:
        await _hasten(api, step["result"]["entry_id"])
    return [
        source
        for field, sources in fields.items()
        if field.endswith("sources")
        for source in sources
    ]


async def _hasten(api: Api, entry_id: str) -> None:
    """Let a relay gather readings for the shortest time that it can."""
    step = await api.start_flow(entry_id, OPTIONS_FLOW)
    await api.next_step(step, {**_filled_in(step), "gather": GATHER}, OPTIONS_FLOW)
    await api.wait_until_loaded()


def _filled_in(step: Answer) -> dict[str, Any]:
    """Return what a form has already filled in."""
    filled_in: dict[str, Any] = {}
    for field in step["data_schema"]:
        suggestion = field.get("description") or {}
        value = suggestion.get("suggested_value", field.get("default"))
        if value is not None:
            filled_in[field["name"]] = value
    return filled_in
