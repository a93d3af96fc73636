"""Which metric it is that arrived at a service, whatever that calls it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from custom_components.heart_rate_relay.destinations import (
    DESTINATIONS,
    gerosense,
    live_tracking,
)
from custom_components.heart_rate_relay.destinations.influxdb.naming import (
    DEFAULT_FIELD,
)
from custom_components.heart_rate_relay.destinations.live_tracking.sessions import (
    DISTANCES,
)
from custom_components.heart_rate_relay.destinations.open_wearables import kinds
from custom_components.heart_rate_relay.metrics import HEART_RATE, METRICS, Metric

from .stand_ins import Arrival

NAMELESS = ""
"""What the service does not call that knows heart rates alone."""


class Name(NamedTuple):
    """What a service calls a metric."""

    metric: Metric
    factor: float = 1.0
    """How much of its unit one of ours is."""
    apart: str = ""
    """What is behind the name of a device."""


NAMES: Mapping[str, Name] = MappingProxyType(
    {
        **{key: Name(metric) for key, metric in METRICS.items()},
        NAMELESS: Name(HEART_RATE),
        DEFAULT_FIELD: Name(HEART_RATE),
        **{name: Name(metric) for metric, (name, _) in gerosense.KINDS.items()},
        **{
            kind.type: Name(metric, apart=kind.apart)
            for metric, kind in kinds.KINDS.items()
        },
        **{
            field.key: Name(metric, field.factor)
            for metric, field in live_tracking.FIELDS.items()
            if metric not in DISTANCES
        },
    }
)
"""What services call metrics: no two of them another one the same."""


class Told(NamedTuple):
    """What an arrival tells, in our words."""

    metric: Metric
    value: float
    """In the unit of the metric."""
    source: str
    """An entity, or what its device is called with a mark behind that; empty where neither is told."""


def told(arrival: Arrival) -> Told | None:
    """Return what an arrival tells, None where that is no metric."""
    if not (name := NAMES.get(arrival.name)):
        return None
    return Told(
        name.metric,
        arrival.value / name.factor,
        arrival.source.removesuffix(name.apart),
    )


def taken(service: str) -> frozenset[Metric]:
    """Return what arrives at a service reading by reading.

    Live tracking is told of distances in totals.
    """
    metrics = frozenset(DESTINATIONS[service].limits.metrics)
    return metrics - DISTANCES if service == "livetracking" else metrics
