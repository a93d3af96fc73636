"""InfluxDB in all its versions, and what speaks like it.

Sources: https://docs.influxdata.com/influxdb/v1/tools/api,
https://docs.influxdata.com/influxdb/v2/api, https://docs.influxdata.com/influxdb3/core
and https://docs.victoriametrics.com
"""

from .database import MANY_PREFIXES, InfluxDBv1, InfluxDBv2, InfluxDBv3
from .line_protocol import clean, escape, parse_tags
from .naming import DEFAULT_FIELD, DEFAULT_MEASUREMENT, Layout

__all__ = [
    "DEFAULT_FIELD",
    "DEFAULT_MEASUREMENT",
    "MANY_PREFIXES",
    "InfluxDBv1",
    "InfluxDBv2",
    "InfluxDBv3",
    "Layout",
    "clean",
    "escape",
    "parse_tags",
]
