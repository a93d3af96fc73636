"""Twenty wearers with a strap each, a relay for each strap, and services of all kinds."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS, DOMAIN
from custom_components.heart_rate_relay.destinations import (
    gerosense as gerosense_module,
)
from custom_components.heart_rate_relay.relay.coordinator import RelayCoordinator
from dev.stand_ins import (
    Arrival,
    Gerosense,
    GerosenseProxy,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    OpenWearables,
    Pulsoid,
    StandIn,
    pulsoid as pulsoid_stand_in,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from ..browser import add_application, signed_in
from ..common import measure, set_up, us
from ..seen.common import gerosense_data
from .common import SERVICES, STEPS
from .ledger import Ledger

KINDS = (
    *("pulsoid", "pulsoid_oauth", "livetracking", "influxdb_v1", "influxdb_v2"),
    *("influxdb_v3", "gerosense", "gerosense_proxy", "open_wearables"),
    "open_wearables_invitation",
)

HOUR = 3600.0


@dataclass
class Wearer:
    """A strap, its relay, and what the relay owes the service."""

    hass: HomeAssistant
    number: int
    """Also the ms of the second at which the strap measures: no two do at once."""
    stand_in: StandIn
    entry: MockConfigEntry
    ledger: Ledger
    is_worn: bool = True

    @property
    def strap(self) -> str:
        """The strap's entity."""
        return f"sensor.strap_{self.number}"

    @property
    def relay(self) -> RelayCoordinator | None:
        """The relay, while it is loaded."""
        if self.entry.state is not ConfigEntryState.LOADED:
            return None
        relay: RelayCoordinator = self.entry.runtime_data
        return relay

    def beat(self, second: int) -> None:
        """Measure at a second since the Unix epoch, unless nobody wears the strap."""
        if self.is_worn:
            value = 61 + (second * 7 + self.number * 13) % 120
            at = second + self.number / 1000 + 1e-5
            self.ledger.measure(us(at), value)
            measure(self.hass, value, self.strap, at)


@dataclass
class Town:
    """All wearers, and the services that they use."""

    wearers: list[Wearer] = field(default_factory=list)
    stand_ins: list[StandIn] = field(default_factory=list)

    def of(self, stand_in: StandIn) -> Sequence[Wearer]:
        """Return the wearers whose relays deliver to a service."""
        return [wearer for wearer in self.wearers if wearer.stand_in is stand_in]

    def route(self, arrival: Arrival) -> None:
        """Tell the one ledger that a reading belongs in, where several share a service."""
        self.wearers[arrival.measured_ms % 1000].ledger.arrive(arrival)

    def forget(self) -> None:
        """Let the services forget what arrived: the ledgers know, and a day is long."""
        for stand_in in self.stand_ins:
            stand_in.arrivals.clear()
            stand_in.requests.clear()
            match stand_in:
                case Pulsoid():
                    stand_in.dead_tokens.clear()
                case Gerosense() | GerosenseProxy():
                    stand_in.samples.clear()
                    stand_in.repeats.clear()
                    stand_in.refused_tokens.clear()
                case InfluxDBv1() | InfluxDBv2() | InfluxDBv3():
                    stand_in._series.points.clear()
                case OpenWearables():
                    stand_in.dead_token_requests.clear()
                    oldest = (time.time() - HOUR) * 1_000_000
                    for key in [key for key in stand_in.store if key.start < oldest]:
                        del stand_in.store[key]


@asynccontextmanager
async def living(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, count: int, pulsoid: Pulsoid
) -> AsyncIterator[Town]:
    """Let so many wearers live, with one kind of service after the other.

    All who use Pulsoid, and all who use Gerosense, use the same one.
    """
    monkeypatch.setattr(pulsoid_stand_in, "MAX_RATE", 20 * count)
    hass.config.components.add("my")
    await add_application(hass, pulsoid)
    gerosense = Gerosense(user_ids=[f"wearer-{number}" for number in range(count)])
    await gerosense.start()
    monkeypatch.setattr(gerosense_module, "API_URL", gerosense.url)
    town = Town(stand_ins=[pulsoid, gerosense])
    pulsoid.on_arrival = gerosense.on_arrival = town.route
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        ledger = Ledger(step=STEPS.get(kind, 1))
        if kind.startswith("pulsoid"):
            stand_in: StandIn = pulsoid
        elif kind == "gerosense":
            stand_in = gerosense
        else:
            stand_in = SERVICES[kind].stand_in()
            await stand_in.start()
            stand_in.on_arrival = ledger.arrive
            town.stand_ins.append(stand_in)
        wearer = Wearer(
            hass,
            number,
            stand_in,
            await _entry(hass, kind, stand_in, number),
            ledger,
        )
        measure(hass, 60, wearer.strap)
        await set_up(hass, wearer.entry)
        town.wearers.append(wearer)
    try:
        yield town
    finally:
        for wearer in town.wearers:
            await hass.config_entries.async_unload(wearer.entry.entry_id)
        for stand_in in town.stand_ins:
            await stand_in.stop()


async def _entry(
    hass: HomeAssistant, kind: str, stand_in: Any, number: int
) -> MockConfigEntry:
    """Return the entry of a wearer's relay to a service."""
    match kind:
        case "pulsoid_oauth":
            data = dict((await signed_in(hass)).data)
        case "gerosense":
            data = {"service": kind, **gerosense_data(stand_in, number)}
        case _:
            data = {"service": kind, **SERVICES[kind].data(stand_in)}
    sources = [f"sensor.strap_{number}"]
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"Relay {number}",
        data=data,
        options={**DEFAULT_OPTIONS, "sources": sources},
    )
