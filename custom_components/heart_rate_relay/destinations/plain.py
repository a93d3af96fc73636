"""Readings as plain JSON, for services that have no form of their own for them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json

from ..reading import Reading

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def described(reading: Reading) -> Mapping[str, object]:
    """Return all that there is to tell of a reading, a workout's summary with it.

    Metric, source and the time when it was measured tell it from any other.
    """
    said = reading.source.said
    return {
        "metric": reading.metric.key,
        "value": reading.value,
        "unit": reading.metric.unit,
        "measured_at": _iso(reading.measured_at),
        "started_at": _iso(reading.started_at),
        "source": {
            "entity_id": reading.source.entity_id,
            "name": reading.source.name,
        },
        **({"summary": json.loads(said)} if said else {}),
    }


def encoded(value: object) -> bytes:
    """Return JSON without a space in it, the same for the same."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="replace")


def _iso(us: int) -> str:
    """Return a time of ours in the form of ISO 8601, in UTC."""
    return (EPOCH + timedelta(microseconds=us)).isoformat(timespec="microseconds")
