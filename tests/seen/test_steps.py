"""Step counters of a phone over days, while Home Assistant comes and goes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.outbox import outbox
from custom_components.heart_rate_relay.relay.coordinator import (
    RelayCoordinator,
    outbox_path,
)
from dev.stand_ins import OpenWearables, StandIn
from dev.stand_ins.base import STEPS
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..common import set_up, until
from .common import NEW, entry_of, see_in_order, until_empty

ZONE = ZoneInfo("Europe/Berlin")

TOTAL = "sensor.phone_steps_sensor"
DAILY = "sensor.phone_daily_steps"


class Phone:
    """A phone whose owner walks now and then, and the relay of one of its counters."""

    def __init__(self, hass: HomeAssistant, entity_id: str, days: int) -> None:
        """Begin some days ago, at eight in the morning."""
        today = dt_util.now(ZONE).replace(hour=8, minute=0, second=0, microsecond=0)
        self.now = today - timedelta(days=days)
        self.walked = 0
        """Steps that can be known: all since the counter was first seen."""
        self._hass = hass
        self._entity_id = entity_id
        self._count = 4000

    def wait(self, **duration: float) -> None:
        """Let time pass. The count of a day begins at 0 at midnight."""
        before = self.now.date()
        self.now += timedelta(**duration)
        if self._entity_id == DAILY and self.now.date() != before:
            self._count = 0

    def walk(self, steps: int, **duration: float) -> None:
        """Walk for a time that ends on the same day."""
        self.wait(**duration)
        self._count += steps
        self.walked += steps

    def reboot(self) -> None:
        """Switch the phone off and on."""
        if self._entity_id == TOTAL:
            self._count = 0

    def show(self, state: str = "") -> None:
        """Show the count."""
        self._hass.states.async_set(
            self._entity_id,
            state or str(self._count),
            {"unit_of_measurement": "steps"},
            timestamp=self.now.timestamp(),
        )

    def walk_and_show(self, *parts: int) -> None:
        """Walk for minutes, and show each."""
        for steps in parts:
            self.walk(steps, minutes=10)
            self.show()


class Home:
    """A Home Assistant that can be stopped and killed."""

    def __init__(
        self, hass: HomeAssistant, stand_in: StandIn, entry: MockConfigEntry
    ) -> None:
        """Begin with a relay that was not set up yet."""
        self._hass = hass
        self._stand_in = stand_in
        self._entry = entry

    @property
    def coordinator(self) -> RelayCoordinator:
        """The relay."""
        coordinator: RelayCoordinator = self._entry.runtime_data
        return coordinator

    async def stop(self) -> None:
        """Stop, and forget all states, as Home Assistant does."""
        assert await self._hass.config_entries.async_unload(self._entry.entry_id)
        for entity_id in (TOTAL, DAILY):
            self._hass.states.async_remove(entity_id)

    async def start(self) -> None:
        """Start again."""
        assert await self._hass.config_entries.async_setup(self._entry.entry_id)
        await self._hass.async_block_till_done()

    async def kill(self) -> None:
        """End at once: what is not on disk a second later never will be."""
        folder = outbox_path(self._hass, self._entry.entry_id).parent
        before = Path(f"{folder}.before")
        await self._hass.async_add_executor_job(_copy, folder, before)
        await self.stop()
        await self._hass.async_add_executor_job(_copy, before, folder)

    async def deliver(self) -> None:
        """Deliver what makes a batch, and what comes later not until the next time."""
        coordinator = self.coordinator
        if len(coordinator.outbox) >= coordinator.destination.limits.min_batch:
            coordinator.async_pause(False)
            coordinator.async_send_now()
            await until_empty(coordinator)
            coordinator.async_pause(True)
        if isinstance(stand_in := self._stand_in, OpenWearables):
            await until(lambda: not stand_in.queued)


def _copy(folder: Path, to: Path) -> None:
    """Put a copy of a folder, which need not exist, in the place of another."""
    shutil.rmtree(to, ignore_errors=True)
    if folder.exists():
        shutil.copytree(folder, to)


@pytest.fixture
async def home(hass: HomeAssistant, service: str, stand_in: StandIn) -> Home:
    """Return a home in Berlin with a relay for either counter."""
    await hass.config.async_set_time_zone(ZONE.key)
    entry = entry_of(service, stand_in, other_sources=[TOTAL, DAILY], paused=True)
    home = Home(hass, stand_in, entry)
    await set_up(hass, entry)
    return home


def arrived(stand_in: StandIn) -> Mapping[str, int]:
    """Return how many steps are there of each day."""
    days: dict[str, int] = {}
    for arrival in stand_in.arrivals:
        assert arrival.metric == STEPS
        assert arrival.value > 0
        start = datetime.fromtimestamp(arrival.started_at / 1_000_000, ZONE).date()
        end = datetime.fromtimestamp((arrival.measured_at - 1) / 1_000_000, ZONE).date()
        assert start == end
        days[str(start)] = days.get(str(start), 0) + int(arrival.value)
    return days


COUNTERS = pytest.mark.parametrize("entity_id", [TOTAL, DAILY])


@COUNTERS
@NEW
async def test_all_that_happens(
    hass: HomeAssistant, stand_in: StandIn, home: Home, entity_id: str
) -> None:
    """Through midnights, restarts, a reboot and a week without a phone, the sum is right."""
    phone = Phone(hass, entity_id, days=13)
    phone.show()
    for day in range(4):
        phone.walk_and_show(100, 250, 0, 33)
        await home.stop()
        phone.walk(500, hours=3)
        await home.start()
        phone.show()
        phone.walk_and_show(70, 80, 90)
        if day == 2:
            phone.reboot()
            phone.show("unavailable")
            phone.walk_and_show(20, 30, 40)
        phone.wait(hours=24 + 8 - phone.now.hour)
        phone.show()
        await home.deliver()
        see_in_order(stand_in)
    walked = phone.walked
    assert sum(arrived(stand_in).values()) == walked
    phone.show("unavailable")
    await home.stop()
    phone.wait(days=7)
    phone.walk(640, hours=1)
    await home.start()
    phone.show()
    phone.walk_and_show(10, 20, 30)
    await home.deliver()
    assert sum(arrived(stand_in).values()) == phone.walked
    see_in_order(stand_in)
    await home.stop()


@COUNTERS
@NEW
async def test_killed(
    hass: HomeAssistant,
    stand_in: StandIn,
    home: Home,
    entity_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was delivered before Home Assistant was killed is not told once more."""
    monkeypatch.setattr(outbox, "STORE_AFTER", 0.2)
    phone = Phone(hass, entity_id, days=3)
    phone.show()
    phone.walk_and_show(100, 200, 300)
    await home.stop()
    await home.start()
    phone.walk_and_show(20)
    await home.deliver()
    for _ in range(2):
        for steps in (70, 80, 90, 95):
            phone.walk_and_show(steps)
            await home.deliver()
        await until(lambda: _is_on_disk(home))
        await home.kill()
        phone.walk(50, hours=1)
        await home.start()
        phone.show()
        phone.walk_and_show(5, 6, 7)
        await home.deliver()
    assert sum(arrived(stand_in).values()) == phone.walked
    see_in_order(stand_in)
    await home.stop()


def _is_on_disk(home: Home) -> bool:
    """Return whether all is on disk: what was taken, and what was delivered of it."""
    waiting = home.coordinator.outbox
    return not (waiting._timer or waiting._storing or waiting._settled)
