"""The services that readings can go to."""

from collections.abc import Mapping
from types import MappingProxyType

from .base import Destination
from .influxdb import InfluxDBv1, InfluxDBv2, InfluxDBv3, LiveTracking
from .pulsoid import Pulsoid

DESTINATIONS: Mapping[str, type[Destination]] = MappingProxyType(
    {
        "pulsoid": Pulsoid,
        "livetracking": LiveTracking,
        "influxdb_v1": InfluxDBv1,
        "influxdb_v2": InfluxDBv2,
        "influxdb_v3": InfluxDBv3,
    }
)
