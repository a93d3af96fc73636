"""Local stand-ins for the services, as strict as the real ones."""

from .base import Arrival, Failure, Request, StandIn
from .influxdb import InfluxDBv1, InfluxDBv2, InfluxDBv3, LiveTracking
from .page import Page
from .pulsoid import Pulsoid

__all__ = [
    "Arrival",
    "Failure",
    "InfluxDBv1",
    "InfluxDBv2",
    "InfluxDBv3",
    "LiveTracking",
    "Page",
    "Pulsoid",
    "Request",
    "StandIn",
]
