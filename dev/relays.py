"""The relays that are set up, each to a local stand-in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .home_assistant.api import Answer, Api
from .home_assistant.process import HomeAssistantError
from .stand_ins import InfluxDBv1, InfluxDBv2, LiveTracking, Pulsoid, StandIn

DOMAIN = "heart_rate_relay"


@dataclass(frozen=True, kw_only=True)
class Relay:
    """A relay, and what a person would fill in to set it up."""

    stand_in: StandIn
    form: Mapping[str, object]
    step: int = 1
    """How finely the service tells times apart, in ms."""
    one_line: bool = False
    """Whether the service shows one line, so that only the first live source counts."""


def relays(
    pulsoid: Pulsoid, live: LiveTracking, v1: InfluxDBv1, v2: InfluxDBv2
) -> Sequence[Relay]:
    """Return a relay to each of these, once they have been started."""
    return (
        Relay(stand_in=pulsoid, form={"access_token": pulsoid.token}, one_line=True),
        Relay(
            stand_in=live,
            form={
                "url": str(live.url),
                "username": live.username,
                "password": live.password,
                "verify_ssl": True,
            },
            step=1000,
            one_line=True,
        ),
        Relay(
            stand_in=v1,
            form={
                "url": str(v1.url),
                "database": v1.database,
                "username": v1.username,
                "password": v1.password,
                "verify_ssl": True,
                "naming": {},
            },
        ),
        Relay(
            stand_in=v2,
            form={
                "url": str(v2.url),
                "organization": v2.org,
                "bucket": v2.database,
                "token": v2.token,
                "verify_ssl": True,
                "naming": {},
            },
        ),
    )


async def create(api: Api, relay: Relay, first: str) -> Sequence[str]:
    """Set up a relay in the way of the UI, and return its sources in their order.

    They are those that the form recognises by itself, with one of them moved to the
    front. Raises HomeAssistantError where the flow goes another way.
    """
    step = await api.start_flow(DOMAIN)
    step = await api.next_step(step, {"next_step_id": relay.stand_in.service})
    step = await api.next_step(step, relay.form)
    if step.get("step_id") != "sources":
        raise HomeAssistantError(f"{relay.stand_in.service}: no sources asked: {step}")
    recognised = _recognised_sources(step)
    if first not in recognised:
        raise HomeAssistantError(
            f"{relay.stand_in.service}: {first} is not recognised, only {recognised}"
        )
    sources = sorted(recognised, key=lambda source: source != first)
    step = await api.next_step(step, {"sources": sources, "follow_new": False})
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"{relay.stand_in.service}: not set up: {step}")
    return sources


def _recognised_sources(step: Answer) -> Sequence[str]:
    """Return the sources that a form has already selected."""
    field: Mapping[str, Any]
    for field in step["data_schema"]:
        if field["name"] == "sources":
            suggested = (field.get("description") or {}).get("suggested_value")
            selected: Sequence[str] = suggested or field.get("default") or ()
            return selected
    raise HomeAssistantError("The form does not ask for sources")
