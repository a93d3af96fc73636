"""What is passed on to strangers of a relay: enough to help, and nothing about anybody."""

from collections.abc import Mapping
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.heart_rate_relay.destinations import DESTINATIONS
from custom_components.heart_rate_relay.destinations.errors import NotAuthorisedError
from custom_components.heart_rate_relay.metrics import METRICS
from custom_components.heart_rate_relay.relay.data import Status
from custom_components.heart_rate_relay.sources.chosen import takes_others
from dev.stand_ins import Failure, Pulsoid
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import STRAP, WATCH, measure, pulsoid_data, relay_entry, set_up, until

SECRETS: Mapping[str, Any] = {
    "url": "http://zulu-host.invalid:8686/zulu-path",
    "access_token": "zulu-access-token",
    "api_key": "zulu-api-key",
    "username": "zulu-username",
    "password": "zulu-password",
    "token": "zulu-token",
    "secret": "zulu-secret",
    "user_id": "zulu-user",
    "database": "zulu-database",
    "bucket": "zulu-bucket",
    "organization": "zulu-organization",
    "retention_policy": "zulu-policy",
    "naming": {
        "measurement": "zulu-measurement",
        "field": "zulu-field",
        "tags": ["zulu-key=zulu-value"],
    },
}
"""What an entry may hold. Wherever zulu turns up, which is in no id, somebody is told of."""

RENEWED = {
    "access_token": "zulu-access",
    "refresh_token": "zulu-refresh",
    "expires_at": 0,
}

OF_SERVICES: Mapping[str, Mapping[str, Any]] = {
    "pulsoid_oauth": {"token": RENEWED, "auth_implementation": "zulu-application"},
    "open_wearables_invitation": {"token": RENEWED},
    "webhook": {
        "signing_key": "whsec_zulu000000000000000000000000000zulu000000000",
        "headers": ["X-Zulu: zulu-header"],
        "secret_headers": ["Authorization: zulu-header"],
        "per_request": "many",
    },
    "mqtt_topic": {"topic": "zulu/{metric}", "qos": "1"},
}

BPM, STEPS = 61.837, 48271
"""Values that are no other number."""


async def given_out(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry
) -> str:
    """Return all that a person downloads, as text."""
    assert await async_setup_component(hass, "diagnostics", {})
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert answer.status == 200
    return await answer.text()


async def told(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry
) -> dict[str, Any]:
    """Return what is told of a relay."""
    data = json.loads(await given_out(hass, hass_client, entry))["data"]
    assert set(data) == {"issues", "relay"}
    return {"issues": data["issues"], **data["relay"]}


def assert_says_nothing(text: str, *values: object) -> None:
    """See that none of what was planted turns up, however it is written."""
    assert "zulu" not in text.lower()
    for value in values:
        assert str(value) not in text


def plant_source(hass: HomeAssistant, name: str) -> er.RegistryEntry:
    """Add a sensor whose name, device and ids tell whose it is."""
    owner = relay_entry("pulsoid", {})
    owner.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=owner.entry_id,
        identifiers={("test", f"zulu-device-{name}")},
        name=f"Zulu device {name}",
        serial_number=f"zulu-serial-{name}",
    )
    return er.async_get(hass).async_get_or_create(
        "sensor",
        "test",
        f"zulu-{name}",
        device_id=device.id,
        object_id_base=f"zulu {name}",
    )


@pytest.mark.parametrize("service", DESTINATIONS)
async def test_gives_nobody_away(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, service: str
) -> None:
    """Neither what the entry holds nor what its sources say is in it."""
    heart, steps = plant_source(hass, "heart"), plant_source(hass, "steps")
    entry = relay_entry(
        service,
        {**SECRETS, **OF_SERVICES.get(service, {})},
        [heart.id, "sensor.zulu_unregistered"],
        other_sources=[steps.id],
        declined=["sensor.zulu_declined"],
        paused=True,
    )
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, title="Zulu relay", unique_id="zulu")
    coordinator = await set_up(hass, entry)
    for value, count in ((70, 1), (BPM, STEPS), (f"{BPM}", STEPS + 1)):
        for entity_id in (heart.entity_id, "sensor.zulu_unregistered"):
            measure(hass, value, entity_id, friendly_name="Zulu heart")
        measure(hass, count, steps.entity_id, unit_of_measurement="steps")
    await hass.async_block_till_done()
    limits = DESTINATIONS[service].limits
    assert len(coordinator.outbox) or service == "gerosense" or not limits.keeps
    coordinator._outcomes.error = NotAuthorisedError()
    coordinator.outbox.trouble = "/zulu-folder/zulu.db"
    coordinator._publish()

    text = await given_out(hass, hass_client, entry)

    assert_says_nothing(text, BPM, STEPS, int(BPM) + 0.8)
    data = json.loads(text)["data"]
    assert data["relay"]["service"] == service
    assert data["relay"]["last_error"] == "invalid_auth"
    assert data["relay"]["disk_fails"] is True
    # Where no others are asked for, those that are there are nobody's fault
    is_flaw = takes_others(limits.metrics) and METRICS["steps"] not in limits.metrics
    assert data["issues"] == [*["source_not_taken"] * is_flaw, "disk_failed"]


async def test_what_helps(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, pulsoid: Pulsoid
) -> None:
    """How the delivery goes, and what its sources are, is all there."""
    pulsoid.failure = Failure(402, '{"error_message": "zulu"}')
    entry = relay_entry(
        "pulsoid", pulsoid_data(pulsoid), [STRAP, WATCH, "sensor.gone"], keep_days=3
    )
    coordinator = await set_up(hass, entry)
    before = dt_util.utcnow().replace(microsecond=0)
    measure(hass, 70)
    measure(hass, 71)
    measure(hass, "unknown", WATCH, unit_of_measurement="BPM")
    await until(lambda: coordinator.data.status is Status.NOT_ENTITLED)

    relay = await told(hass, hass_client, entry)

    strap, watch, gone = relay.pop("sources")
    oldest = dt_util.parse_datetime(relay.pop("oldest_waiting"), raise_on_error=True)
    assert before <= oldest <= dt_util.utcnow()
    assert relay == {
        "issues": ["premium_required"],
        "service": "pulsoid",
        "status": "not_entitled",
        "last_error": "premium_required",
        "reads_back": None,
        "waiting": 1,
        "delivered": 0,
        "refused": 0,
        "expired": 0,
        "in_doubt": 0,
        "overwritten": 0,
        "last_delivery": None,
        "backfill": None,
        "disk_fails": False,
        "file_set_aside": False,
        "sources_chosen": 3,
        "options": {
            "follow_new": False,
            "gather": None,
            "keep_days": 3,
            "keep_readings": 1_000_000,
            "live_for": 60,
            "max_bpm": 250,
            "measured_again": "automatic",
            "min_bpm": 20,
            "min_interval": 0,
            "paused": False,
        },
    }
    assert dt_util.parse_datetime(strap.pop("last_reported"), raise_on_error=True)
    assert strap == {
        "metric": "heart_rate",
        "platform": None,
        "unit": "bpm",
        "state": "something",
    }
    assert (watch["state"], watch["unit"]) == ("unknown", "BPM")
    assert (gone["state"], gone["unit"], gone["last_reported"]) == (None,) * 3


async def test_before_anything_happens(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    """A relay that has done nothing has little to tell, and nothing of another."""
    other = relay_entry("pulsoid", {"access_token": "a"})
    await set_up(hass, other)
    entry = relay_entry("pulsoid", {"access_token": "a"})
    await set_up(hass, entry)
    ir.async_create_issue(
        hass,
        "heart_rate_relay",
        f"disk_failed_{other.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="disk_failed",
    )
    relay = await told(hass, hass_client, entry)
    assert relay["issues"] == []
    assert (relay["status"], relay["oldest_waiting"]) == ("idle", None)
