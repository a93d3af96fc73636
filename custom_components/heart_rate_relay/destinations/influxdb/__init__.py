"""InfluxDB in all its versions, what speaks like it, and livetracking.io above all.

Sources: https://docs.influxdata.com/influxdb/v1/tools/api,
https://docs.influxdata.com/influxdb/v2/api, https://docs.influxdata.com/influxdb3/core,
https://docs.victoriametrics.com and https://livetracking.io
"""

from .database import (
    DEFAULT_FIELD,
    DEFAULT_MEASUREMENT,
    MANY_SOURCES,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
)
from .line_protocol import clean, escape, parse_tags

__all__ = [
    "DEFAULT_FIELD",
    "DEFAULT_MEASUREMENT",
    "MANY_SOURCES",
    "InfluxDBv1",
    "InfluxDBv2",
    "InfluxDBv3",
    "LiveTracking",
    "clean",
    "escape",
    "parse_tags",
]
