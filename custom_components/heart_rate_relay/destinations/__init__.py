"""The services that readings can go to."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import override

from .base import Destination


class Destinations(MutableMapping[str, type[Destination]]):
    """Destinations by their services, each imported only when somebody has it.

    To import one takes time: who may not wait for a disk has its module imported before.
    """

    def __init__(self, rows: Mapping[str, str]) -> None:
        """Initialize the table with the module, and the class in it, of each service."""
        self._rows: dict[str, str | type[Destination]] = {**rows}

    @override
    def __getitem__(self, service: str) -> type[Destination]:
        found = self._rows[service]
        if isinstance(found, str):
            name = found.rpartition(".")[2]
            found = getattr(import_module(self.module_of(service)), name)
            self._rows[service] = found
        return found

    @override
    def __setitem__(self, service: str, destination: type[Destination]) -> None:
        self._rows[service] = destination

    @override
    def __delitem__(self, service: str) -> None:
        del self._rows[service]

    @override
    def __contains__(self, service: object) -> bool:
        # Whoever asks only this has nothing imported
        return service in self._rows

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    @override
    def __len__(self) -> int:
        return len(self._rows)

    def module_of(self, service: str) -> str:
        """Return the name of the module that has to be imported for a service."""
        found = self._rows[service]
        if isinstance(found, str):
            return f"{__name__}.{found.rpartition('.')[0]}"
        return found.__module__


DESTINATIONS = Destinations(
    {
        "live_feed": "live_feed.LiveFeed",
        "pulsoid": "pulsoid.Pulsoid",
        "pulsoid_oauth": "pulsoid.PulsoidOAuth",
        "gerosense": "gerosense.Gerosense",
        "gerosense_proxy": "gerosense.GerosenseProxy",
        "livetracking": "live_tracking.LiveTracking",
        "influxdb_v1": "influxdb.InfluxDBv1",
        "influxdb_v2": "influxdb.InfluxDBv2",
        "influxdb_v3": "influxdb.InfluxDBv3",
        "open_wearables": "open_wearables.OpenWearables",
        "open_wearables_invitation": "open_wearables.OpenWearablesInvitation",
        "webhook": "webhook.Webhook",
        "mqtt_topic": "mqtt.Mqtt",
    }
)

HOSTED = ("live_feed",)
"""Those that are served from here."""
