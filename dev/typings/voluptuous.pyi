# What Home Assistant puts behind the name of voluptuous: its own engine.
from probatio import (  # noqa: TID251 - the one place that says so
    ALLOW_EXTRA as ALLOW_EXTRA,
    All as All,
    Coerce as Coerce,
    In as In,
    Marker as Marker,
    Optional as Optional,
    Range as Range,
    Required as Required,
    Schema as Schema,
)
