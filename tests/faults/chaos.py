"""Lets anything go wrong in a town, for a while, at the choice of a seed."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random
import sqlite3

import pytest

from custom_components.heart_rate_relay.backup import (
    async_post_backup,
    async_pre_backup,
)
from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.outbox.disk import DiskTier
from dev.stand_ins import (
    Failure,
    Gerosense,
    GerosenseProxy,
    InfluxDBv1,
    InfluxDBv2,
    LiveTracking,
    OpenWearables,
    Pulsoid,
    StandIn,
)
from homeassistant.core import HomeAssistant

from ..common import measure
from .town import Town, Wearer

PAGE = "<html>It works!</html>"

ELSEWHERE = {"Location": "http://127.0.0.1:9/elsewhere"}

ANSWERS = (
    *(Failure(500), Failure(500, '{"detail": "Oh"}'), Failure(502, PAGE)),
    *(Failure(504), Failure(408), Failure(425), Failure(429), Failure(503)),
    *(Failure(429, headers={"Retry-After": "7"}),),
    *(Failure(503, PAGE, {"Retry-After": "120"}), Failure(301, "", ELSEWHERE)),
    *(Failure(307, PAGE, ELSEWHERE), Failure(404, PAGE), Failure(400, PAGE)),
    *(Failure(401, PAGE), Failure(403, PAGE), Failure(407, PAGE), Failure(422, PAGE)),
    *(Failure(200, drop=True), Failure(200, drop=True, accepts=True)),
    *(Failure(500, accepts=True), Failure(503, delay=20)),
    *(Failure(500, delay=90), Failure(200, drop=True, accepts=True, delay=45)),
)
"""What a service in trouble answers: it took nothing, or did, and could not say so."""

DURATIONS = (3, 3, 10, 30, 60, 300, 900, 3600)
"""Seconds for which something is wrong."""

FULL = 1
"""The pages a database may have: SQLite makes it as many as there are."""

ROOM = 2**30


class Chaos:
    """Lets things go wrong, and sees to it that they are right again."""

    def __init__(
        self,
        hass: HomeAssistant,
        town: Town,
        random: Random,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Initialize the chaos, in which nothing is wrong yet."""
        self.hass = hass
        self.town = town
        self.random = random
        self.happened: list[str] = []
        self._until: dict[int, float] = {}
        self._heal: dict[int, Callable[[], Awaitable[None]]] = {}
        self._is_full = False
        self._stores: list[DiskTier] = []
        open_store = DiskTier.open

        def open_and_fill(store: DiskTier) -> None:
            open_store(store)
            if self._is_full:
                _limit(store, FULL)

        monkeypatch.setattr(DiskTier, "open", open_and_fill)

    async def happen(self, now: float) -> None:
        """Let what is over be over, and maybe something else happen."""
        for place in [one for one, until in self._until.items() if until <= now]:
            await self._mend(place)
        if self.random.random() < 1 / 20:
            name = self.random.choice(list(FAULTS))
            await FAULTS[name](self, now)

    async def heal(self) -> None:
        """Let everything be right again."""
        for place in list(self._until):
            await self._mend(place)

    async def _mend(self, place: int) -> None:
        del self._until[place]
        await self._heal.pop(place)()

    def _begin(
        self, what: str, where: object, now: float, heal: Callable[[], Awaitable[None]]
    ) -> bool:
        """Note a fault that ends after a while, unless something is wrong there already."""
        if id(where) in self._until:
            return False
        self.happened.append(what)
        self._until[id(where)] = now + self.random.choice(DURATIONS)
        self._heal[id(where)] = heal
        return True

    def _stand_in(self, *kinds: type[StandIn]) -> StandIn | None:
        """Return any service of these kinds."""
        some = [one for one in self.town.stand_ins if isinstance(one, kinds or StandIn)]
        return self.random.choice(some) if some else None

    def _wearer(self) -> Wearer:
        """Return any wearer."""
        return self.random.choice(self.town.wearers)

    async def sign_in_again(self, stand_in: StandIn) -> None:
        """Do what people do who are asked for new credentials: the old ones are good again."""
        flows = self.hass.config_entries.flow
        for flow in flows.async_progress_by_handler(DOMAIN):
            flows.async_abort(flow["flow_id"])
        for wearer in self.town.of(stand_in):
            await self.hass.config_entries.async_reload(wearer.entry.entry_id)

    # Services

    async def fail(self, now: float) -> None:
        """Let a service answer what is no success."""
        if stand_in := self._stand_in():
            failure = self.random.choice(ANSWERS)

            async def heal() -> None:
                stand_in.failure = None

            if self._begin(f"{failure.status}", stand_in, now, heal):
                stand_in.failure = failure

    async def die(self, now: float) -> None:
        """Let a service be gone."""
        if stand_in := self._stand_in():

            async def heal() -> None:
                await stand_in.start(stand_in.url.port or 0)

            if self._begin("gone", stand_in, now, heal):
                await stand_in.stop()

    async def refuse(self, now: float) -> None:
        """Let a service refuse what it is sent next, for good."""
        if stand_in := self._stand_in():
            self.happened.append("refused")
            stand_in.failures.extend([Failure(400, "no")] * self.random.randint(1, 3))

    async def refuse_all(self, now: float) -> None:
        """Let a service refuse whatever it gets, for a while."""
        if stand_in := self._stand_in():
            status = self.random.choice((400, 413, 422))

            async def heal() -> None:
                stand_in.failure = None

            if self._begin(f"all {status}", stand_in, now, heal):
                stand_in.failure = Failure(status, '{"detail": "not now"}')

    async def doubt(self, now: float) -> None:
        """Let good credentials be refused for a while, in which nobody signs in."""
        if stand_in := self._stand_in():

            async def heal() -> None:
                stand_in.failure = None

            if self._begin("doubted", stand_in, now, heal):
                stand_in.failure = Failure(403, '{"detail": "who?"}')

    async def lock_out(self, now: float) -> None:
        """Let credentials not be good, until somebody signs in."""
        if stand_in := self._stand_in():

            async def heal() -> None:
                stand_in.failure = None
                await self.sign_in_again(stand_in)

            if self._begin("locked out", stand_in, now, heal):
                stand_in.failure = Failure(401, '{"detail": "who?"}')

    async def lack(self, now: float) -> None:
        """Let an account lack a plan, or a database."""
        stand_in = self._stand_in(Pulsoid, InfluxDBv1, InfluxDBv2)
        if isinstance(stand_in, Pulsoid):

            async def upgrade() -> None:
                stand_in.premium = True

            if self._begin("no plan", stand_in, now, upgrade):
                stand_in.premium = False
        elif isinstance(stand_in, InfluxDBv1 | InfluxDBv2) and not isinstance(
            stand_in, LiveTracking
        ):
            name = stand_in.database

            async def create() -> None:
                stand_in.database = name

            if self._begin("no database", stand_in, now, create):
                stand_in.database = "another"

    async def expire(self, now: float) -> None:
        """Let tokens be over before their time."""
        stand_in = self._stand_in(Pulsoid, Gerosense, OpenWearables)
        if isinstance(stand_in, Pulsoid | Gerosense | OpenWearables):
            self.happened.append("token over")
            stand_in.expire()

    async def maintain(self, now: float) -> None:
        """Let a service be maintained."""
        stand_in = self._stand_in(Gerosense, GerosenseProxy)
        if isinstance(stand_in, Gerosense | GerosenseProxy):

            async def heal() -> None:
                stand_in.maintenance = False

            if self._begin("maintenance", stand_in, now, heal):
                stand_in.maintenance = True

    async def take_in_part(self, now: float) -> None:
        """Let a service leave out a reading, without a word which."""
        stand_in = self._stand_in(Gerosense, GerosenseProxy)
        if isinstance(stand_in, Gerosense | GerosenseProxy):
            self.happened.append("in part")
            stand_in.partial = 1

    async def stop_import(self, now: float) -> None:
        """Let a server take readings, and import them later."""
        stand_in = self._stand_in(OpenWearables)
        if isinstance(stand_in, OpenWearables):

            async def heal() -> None:
                stand_in.worker_running = True

            if self._begin("import stopped", stand_in, now, heal):
                stand_in.worker_running = False

    # The machine

    async def fill_disk(self, now: float) -> None:
        """Let there be no room for any database to grow."""

        async def heal() -> None:
            self._is_full = False
            self._limit_all(ROOM)

        if self._begin("disk full", self, now, heal):
            self._is_full = True
            self._limit_all(FULL)

    async def back_up(self, now: float) -> None:
        """Let a backup be made, which takes a while."""

        async def heal() -> None:
            await async_post_backup(self.hass)

        if self._begin("backup", self.town, now, heal):
            await async_pre_backup(self.hass)

    def _limit_all(self, pages: int) -> None:
        """Set how much room all open databases have."""
        for wearer in self.town.wearers:
            if (relay := wearer.relay) and relay.outbox._tiers.disk._db:
                _limit(relay.outbox._tiers.disk, pages)

    # Home Assistant, and its people

    async def reload(self, now: float) -> None:
        """Load a relay again."""
        self.happened.append("reload")
        await self.hass.config_entries.async_reload(self._wearer().entry.entry_id)

    async def pause(self, now: float) -> None:
        """Switch a delivery off for a while."""
        wearer = self._wearer()

        async def heal() -> None:
            if relay := wearer.relay:
                relay.async_pause(False)

        if (relay := wearer.relay) and self._begin("paused", wearer, now, heal):
            relay.async_pause(True)

    async def press(self, now: float) -> None:
        """Press buttons."""
        self.happened.append("send now")
        for wearer in self.town.wearers:
            if relay := wearer.relay:
                relay.delivery.send_now()

    async def take_off(self, now: float) -> None:
        """Take a strap off for a while."""
        wearer = self._wearer()

        async def heal() -> None:
            wearer.is_worn = True

        if self._begin("taken off", (wearer,), now, heal):
            wearer.is_worn = False
            measure(self.hass, "unavailable", wearer.strap, now)


FAULTS: Mapping[str, Callable[[Chaos, float], Awaitable[None]]] = {
    "fail": Chaos.fail,
    "fail again": Chaos.fail,
    "die": Chaos.die,
    "refuse": Chaos.refuse,
    "refuse all": Chaos.refuse_all,
    "doubt": Chaos.doubt,
    "lock out": Chaos.lock_out,
    "lack": Chaos.lack,
    "expire": Chaos.expire,
    "maintain": Chaos.maintain,
    "take in part": Chaos.take_in_part,
    "stop import": Chaos.stop_import,
    "fill disk": Chaos.fill_disk,
    "back up": Chaos.back_up,
    "reload": Chaos.reload,
    "pause": Chaos.pause,
    "press": Chaos.press,
    "take off": Chaos.take_off,
}


def _limit(store: DiskTier, pages: int) -> None:
    """Let a database grow to so many pages, or to as many as it has if that is more."""
    assert isinstance(store._db, sqlite3.Connection)
    store._db.execute(f"PRAGMA max_page_count = {pages}")
