"""Local stand-ins for the services, as strict as the real ones."""

from .base import Arrival, Failure, Request, StandIn
from .gerosense import Gerosense, GerosenseProxy
from .influxdb import InfluxDBv1, InfluxDBv2, InfluxDBv3
from .live_tracking import LiveTracking
from .open_wearables import OpenWearables
from .page import Page
from .pulsoid import Pulsoid
from .webhook import Webhook

__all__ = [
    "Arrival",
    "Failure",
    "Gerosense",
    "GerosenseProxy",
    "InfluxDBv1",
    "InfluxDBv2",
    "InfluxDBv3",
    "LiveTracking",
    "OpenWearables",
    "Page",
    "Pulsoid",
    "Request",
    "StandIn",
    "Webhook",
]
