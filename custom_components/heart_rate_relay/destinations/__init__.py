"""The services that readings can go to."""

from .base import Destination
from .gerosense import Gerosense, GerosenseProxy
from .influxdb import InfluxDBv1, InfluxDBv2, InfluxDBv3
from .live_feed import LiveFeed
from .live_tracking import LiveTracking
from .mqtt import Mqtt
from .open_wearables import OpenWearables, OpenWearablesInvitation
from .pulsoid import Pulsoid, PulsoidOAuth
from .webhook import Webhook

DESTINATIONS: dict[str, type[Destination]] = {
    "live_feed": LiveFeed,
    "pulsoid": Pulsoid,
    "pulsoid_oauth": PulsoidOAuth,
    "gerosense": Gerosense,
    "gerosense_proxy": GerosenseProxy,
    "livetracking": LiveTracking,
    "influxdb_v1": InfluxDBv1,
    "influxdb_v2": InfluxDBv2,
    "influxdb_v3": InfluxDBv3,
    "open_wearables": OpenWearables,
    "open_wearables_invitation": OpenWearablesInvitation,
    "webhook": Webhook,
    "mqtt_topic": Mqtt,
}
