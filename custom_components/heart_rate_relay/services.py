"""Actions of Heart Rate Relay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import probatio

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.selector import ConfigEntrySelector
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .outbox.tally import Request
from .reading import SECOND, Device, Metric, Reading, Source, to_us
from .relay.coordinator import RelayCoordinator

ATTR_CONFIG_ENTRY_ID = "config_entry_id"
ATTR_DEVICE = "device"
ATTR_END = "end"
ATTR_MEASURED_AT = "measured_at"
ATTR_METRIC = "metric"
ATTR_SOURCE = "source"
ATTR_START = "start"
ATTR_VALUE = "value"

SERVICE_BACKFILL = "backfill"
SERVICE_DISCARD_OUTBOX = "discard_outbox"
SERVICE_FLUSH = "flush"
SERVICE_GET_OUTBOX = "get_outbox"
SERVICE_SEND_READING = "send_reading"

INSTANT_METRICS = [metric for metric in Metric if metric is not Metric.STEPS]
"""What can be measured at one moment."""

RELAY = {
    probatio.Required(ATTR_CONFIG_ENTRY_ID): ConfigEntrySelector(
        {"integration": DOMAIN}
    )
}
RELAY_SCHEMA = probatio.Schema(RELAY)
BACKFILL_SCHEMA = probatio.Schema(
    {
        **RELAY,
        probatio.Optional(ATTR_SOURCE): cv.entity_id,
        probatio.Optional(ATTR_START): cv.datetime,
        probatio.Optional(ATTR_END): cv.datetime,
    }
)
SEND_READING_SCHEMA = probatio.Schema(
    {
        **RELAY,
        probatio.Required(ATTR_VALUE): probatio.Coerce(float),
        probatio.Optional(ATTR_METRIC, default=Metric.HEART_RATE): probatio.All(
            probatio.Coerce(Metric), probatio.In(INSTANT_METRICS)
        ),
        probatio.Optional(ATTR_MEASURED_AT): cv.datetime,
        probatio.Optional(ATTR_DEVICE, default=""): cv.string,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Set up the actions."""
    register = hass.services.async_register
    register(
        DOMAIN,
        SERVICE_BACKFILL,
        _backfill,
        schema=BACKFILL_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    register(DOMAIN, SERVICE_SEND_READING, _send_reading, schema=SEND_READING_SCHEMA)
    register(DOMAIN, SERVICE_FLUSH, _flush, schema=RELAY_SCHEMA)
    register(
        DOMAIN,
        SERVICE_GET_OUTBOX,
        _get_outbox,
        schema=RELAY_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    register(
        DOMAIN,
        SERVICE_DISCARD_OUTBOX,
        _discard_outbox,
        schema=RELAY_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


@callback
def _relay(call: ServiceCall) -> RelayCoordinator:
    """Return the relay that an action is for. Raises ServiceValidationError."""
    entry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    if not isinstance(relay := entry.runtime_data, RelayCoordinator):
        raise _error("not_a_relay", monitor=entry.title)
    return relay


async def _send_reading(call: ServiceCall) -> None:
    """Hand over a reading that no entity tells."""
    relay = _relay(call)
    metric: Metric = call.data[ATTR_METRIC]
    value: float = call.data[ATTR_VALUE]
    if metric not in relay.destination.limits.metrics:
        raise _error("metric_not_taken", relay=relay.name)
    low, high = relay.sources.rules.plausible(metric)
    if not low <= value <= high:
        raise _error("implausible_value", low=f"{low:g}", high=f"{high:g}")
    now = dt_util.utcnow()
    measured_at = dt_util.as_utc(call.data.get(ATTR_MEASURED_AT, now))
    max_age = timedelta(seconds=relay.outbox.max_age)
    if not now - max_age <= measured_at <= now:
        raise _error("implausible_time", days=_days(relay))
    name = call.data[ATTR_DEVICE] or "Home Assistant"
    relay.async_take(
        Reading(
            metric,
            value,
            to_us(measured_at.timestamp()),
            Source(f"action {name}", "", name, Device(f"action {name}", name)),
        )
    )


async def _backfill(call: ServiceCall) -> ServiceResponse:
    """Deliver what the recorder keeps of a time, and return how much that is."""
    relay = _relay(call)
    if not (backfill := relay.backfill):
        raise _error("no_recorder")
    if backfill.progress is not None:
        raise _error("backfill_running", relay=relay.name)
    now = dt_util.utcnow()
    earliest = now - timedelta(seconds=relay.outbox.max_age)
    start = dt_util.as_utc(call.data.get(ATTR_START, earliest))
    end = min(now, dt_util.as_utc(call.data.get(ATTR_END, now)))
    if start < earliest:
        raise _error("implausible_time", days=_days(relay))
    if start >= end:
        raise _error("empty_span")
    source_ids = relay.sources.ids
    if entity_id := call.data.get(ATTR_SOURCE):
        if not (observer := relay.sources.observers.get(entity_id)):
            raise _error("not_a_source", source=entity_id, relay=relay.name)
        source_ids = [observer.source.id]
    backfill.async_start(
        Request(to_us(start.timestamp()), to_us(end.timestamp()), source_ids)
    )
    if not call.return_response:
        return None
    outcome = await backfill.async_wait()
    return {
        "complete": outcome.complete,
        "queued": sum(outcome.queued.values()),
        "sources": {**outcome.queued},
    }


async def _flush(call: ServiceCall) -> None:
    """Deliver what waits now."""
    _relay(call).async_send_now()


async def _get_outbox(call: ServiceCall) -> ServiceResponse:
    """Return what waits, and what was refused."""
    relay = _relay(call)
    oldest = await relay.outbox.oldest()
    return {
        "waiting": len(relay.outbox),
        "oldest": _iso(oldest) if oldest else None,
        "last_error": relay.last_error,
        "backfill": relay.data.backfill,
        "refused": [
            {
                "metric": refusal.reading.metric,
                "value": refusal.reading.value,
                "measured_at": _iso(refusal.reading.measured_at),
                "source": refusal.reading.source.entity_id,
                "reason": refusal.reason,
            }
            for refusal in relay.delivery.refusals
        ],
    }


async def _discard_outbox(call: ServiceCall) -> ServiceResponse:
    """Forget what waits, and return how many readings that were."""
    return {"discarded": await _relay(call).async_discard()}


def _days(relay: RelayCoordinator) -> str:
    """Return for how many days a relay keeps readings."""
    return f"{timedelta(seconds=relay.outbox.max_age) / timedelta(days=1):.3g}"


def _iso(microseconds: int) -> str:
    """Return a time in the form of ISO 8601."""
    return datetime.fromtimestamp(microseconds / SECOND, UTC).isoformat()


def _error(key: str, **placeholders: Any) -> ServiceValidationError:
    """Return what is wrong with an action."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
