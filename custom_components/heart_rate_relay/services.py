"""Actions of Heart Rate Relay."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, override

import voluptuous as vol

from homeassistant.auth.permissions.const import CAT_ENTITIES, POLICY_CONTROL
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import (
    config_validation as cv,
    entity_registry as er,
    service,
)
from homeassistant.helpers.selector import ConfigEntrySelector
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .metrics import HEART_RATE, METRICS, Kind, Metric
from .outbox.tally import Request
from .reading import SECOND, Device, Reading, Source, to_us
from .relay.coordinator import RelayCoordinator
from .unexpected import log_unexpected

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

type Action = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]

ENTRY = {
    vol.Required(ATTR_CONFIG_ENTRY_ID): ConfigEntrySelector({"integration": DOMAIN})
}
RELAY_SCHEMA = vol.Schema(ENTRY)
BACKFILL_SCHEMA = vol.Schema(
    {
        **ENTRY,
        vol.Optional(ATTR_SOURCE): cv.entity_id,
        vol.Optional(ATTR_START): cv.datetime,
        vol.Optional(ATTR_END): cv.datetime,
    }
)


def instant_metric(key: object) -> Metric:
    """Return the metric of a key that can be measured at one moment. Raises ValueError."""
    metric = METRICS.get(key) if isinstance(key, str) else None
    if not metric or metric.kind in (Kind.COUNTER, Kind.WORKOUT):
        raise ValueError(f"{key} is not measured at one moment")
    return metric


class Unspoken(float):
    """A value that does not show where Home Assistant logs what an action was given."""

    @override
    def __str__(self) -> str:
        return "…"

    __repr__ = __str__


SEND_READING_SCHEMA = vol.Schema(
    {
        **ENTRY,
        vol.Required(ATTR_VALUE): vol.All(vol.Coerce(float), vol.Coerce(Unspoken)),
        vol.Optional(ATTR_METRIC, default=HEART_RATE.key): instant_metric,
        vol.Optional(ATTR_MEASURED_AT): cv.datetime,
        vol.Optional(ATTR_DEVICE, default=""): cv.string,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Set up the actions."""

    def register(
        name: str,
        action: Action,
        schema: vol.Schema,
        response: SupportsResponse = SupportsResponse.NONE,
    ) -> None:
        hass.services.async_register(DOMAIN, name, quiet(action), schema, response)

    register(SERVICE_BACKFILL, _backfill, BACKFILL_SCHEMA, SupportsResponse.OPTIONAL)
    register(SERVICE_SEND_READING, _send_reading, SEND_READING_SCHEMA)
    register(SERVICE_FLUSH, _flush, RELAY_SCHEMA)
    register(SERVICE_GET_OUTBOX, _get_outbox, RELAY_SCHEMA, SupportsResponse.ONLY)
    register(
        SERVICE_DISCARD_OUTBOX,
        _discard_outbox,
        RELAY_SCHEMA,
        SupportsResponse.OPTIONAL,
    )


def quiet(action: Action) -> Action:
    """Return an action whose errors say nothing that is not meant for everybody."""

    async def perform(call: ServiceCall) -> ServiceResponse:
        try:
            return await action(call)
        except HomeAssistantError:
            raise
        except Exception as err:  # noqa: BLE001 - whatever it is
            log_unexpected(err, "the action was not performed")
            raise error("unexpected") from None

    return perform


async def async_entry_of(call: ServiceCall) -> ConfigEntry[object]:
    """Return the entry that an action is for.

    Raises ServiceValidationError, and Unauthorized where a person may not control it.
    """
    entry: ConfigEntry[object] = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    if not await _may_control(call, entry):
        raise Unauthorized(
            context=call.context,
            permission=POLICY_CONTROL,
            perm_category=CAT_ENTITIES,
            config_entry_id=entry.entry_id,
        )
    return entry


async def _relay(call: ServiceCall) -> RelayCoordinator:
    """Return the relay that an action is for. Raises what async_entry_of does."""
    entry = await async_entry_of(call)
    if not isinstance(relay := entry.runtime_data, RelayCoordinator):
        raise error("not_a_relay", name=entry.title)
    return relay


async def _may_control(call: ServiceCall, entry: ConfigEntry[object]) -> bool:
    """Return whether who performs an action may control all entities of an entry.

    An automation may: whoever made it had the right to.
    """
    if not call.context.user_id:
        return True
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if not user:
        return False
    registry = er.async_get(call.hass)
    entities = er.async_entries_for_config_entry(registry, entry.entry_id)
    return user.permissions.access_all_entities(POLICY_CONTROL) or (
        bool(entities)
        and all(
            user.permissions.check_entity(entity.entity_id, POLICY_CONTROL)
            for entity in entities
        )
    )


async def _send_reading(call: ServiceCall) -> None:
    """Hand over a reading that no entity tells."""
    relay = await _relay(call)
    metric: Metric = call.data[ATTR_METRIC]
    value = float(call.data[ATTR_VALUE])
    if metric not in relay.destination.limits.metrics:
        raise error("metric_not_taken", relay=relay.name)
    low, high = relay.sources.rules.plausible(metric)
    if not low <= value <= high:
        raise error("implausible_value", low=f"{low:g}", high=f"{high:g}")
    now = dt_util.utcnow()
    measured_at = _past(call.data.get(ATTR_MEASURED_AT, now), now)
    max_age = timedelta(seconds=relay.outbox.max_age)
    if not now - max_age <= measured_at <= now:
        raise error("implausible_time", days=_days(relay))
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
    relay = await _relay(call)
    if not (backfill := relay.backfill):
        raise error("no_recorder")
    if backfill.progress is not None:
        raise error("backfill_running", relay=relay.name)
    now = dt_util.utcnow()
    earliest = now - timedelta(seconds=relay.outbox.max_age)
    start = dt_util.as_utc(call.data.get(ATTR_START, earliest))
    end = min(now, dt_util.as_utc(call.data.get(ATTR_END, now)))
    if start < earliest:
        raise error("implausible_time", days=_days(relay))
    if start >= end:
        raise error("empty_span")
    source_ids = relay.sources.ids
    if entity_id := call.data.get(ATTR_SOURCE):
        if not (observer := relay.sources.observers.get(entity_id)):
            raise error("not_a_source", source=entity_id, relay=relay.name)
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
    (await _relay(call)).async_send_now()


async def _get_outbox(call: ServiceCall) -> ServiceResponse:
    """Return what waits, and what was refused."""
    relay = await _relay(call)
    oldest = await relay.outbox.oldest()
    return {
        "waiting": len(relay.outbox),
        "oldest": _iso(oldest) if oldest else None,
        "last_error": relay.last_error,
        "backfill": relay.data.backfill,
        "refused": [
            {
                "metric": refusal.reading.metric.key,
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
    relay = await _relay(call)
    return {"discarded": await relay.async_discard()}


def _past(told: datetime, now: datetime) -> datetime:
    """Return a time in UTC: of a local one that comes twice, the latest that is past."""
    first, second = (dt_util.as_utc(told.replace(fold=fold)) for fold in (0, 1))
    return second if first < second <= now else first


def _days(relay: RelayCoordinator) -> str:
    """Return for how many days a relay keeps readings."""
    return f"{timedelta(seconds=relay.outbox.max_age) / timedelta(days=1):.3g}"


def _iso(microseconds: int) -> str:
    """Return a time in the form of ISO 8601."""
    return datetime.fromtimestamp(microseconds / SECOND, UTC).isoformat()


def error(key: str, **placeholders: Any) -> ServiceValidationError:
    """Return what is wrong with an action."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
