"""One monitor near one proxy, of which tests let something go wrong."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.monitor.connection import Connection
from custom_components.heart_rate_relay.monitor.coordinator import MonitorCoordinator
from custom_components.heart_rate_relay.monitor.trouble import MIN_BACKOFF, Trouble
from dev.virtual_proxy import Bike, IndoorBike, Peripheral, Proxy, Strap, World
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import slugify

STEP = 0.1
"""How often it is looked whether something has happened, in seconds."""

SETTLES = 4.0
"""Seconds until a monitor that may be connected to is, and measures."""

SOON = MIN_BACKOFF + SETTLES
"""Seconds until there is a heart rate again, when nothing went wrong before."""


KINDS: Mapping[str, tuple[type[Peripheral], str, str]] = {
    "strap": (Strap, "heart_rate", "heart_rate"),
    "bike": (Bike, "cycling_power", "power"),
    "trainer": (IndoorBike, "fitness_machine", "power"),
}
"""Monitors of each kind, with the profile and the quantity that they are known by."""


@dataclass(kw_only=True)
class Scene:
    """A monitor that is worn, and all that knows of it."""

    hass: HomeAssistant
    air: World
    strap: Peripheral
    entry: MockConfigEntry
    kind: str = "strap"

    @property
    def proxy(self) -> Proxy:
        """The first proxy."""
        return self.air.proxies[0]

    @property
    def coordinator(self) -> MonitorCoordinator:
        """What knows the monitor."""
        coordinator = self.entry.runtime_data
        assert isinstance(coordinator, MonitorCoordinator)
        return coordinator

    @property
    def connection(self) -> Connection:
        """What keeps it connected."""
        connection = self.coordinator._connection
        assert connection
        return connection

    def state(self, entity_id: str) -> str:
        """Return the state of an entity of the monitor."""
        domain, key = entity_id.split(".")
        state = self.hass.states.get(f"{domain}.{slugify(self.entry.title)}_{key}")
        assert state
        return state.state

    @property
    def quantity(self) -> str:
        """What it is known by."""
        return KINDS[self.kind][2]

    @property
    def shown(self) -> float | None:
        """What is shown, None while there is nothing to show."""
        shown = self.state(f"sensor.{self.quantity}")
        return None if shown in {"unknown", "unavailable"} else float(shown)

    @property
    def measured(self) -> float:
        """What it measures, while that is steady."""
        measured = getattr(self.strap, self.quantity)
        assert isinstance(measured, int)
        return measured

    def measure(self, value: int) -> None:
        """Let it measure something else."""
        setattr(self.strap, self.quantity, value)

    @property
    def is_connected(self) -> bool:
        """Whether a connection is shown."""
        return self.state("binary_sensor.connected") == "on"

    @property
    def troubles(self) -> set[str]:
        """What the repairs say of the monitor."""
        registry = ir.async_get(self.hass)
        return {
            trouble
            for trouble in Trouble
            if registry.async_get_issue(DOMAIN, f"{trouble}_{self.entry.entry_id}")
        }

    @property
    def tasks(self) -> int:
        """How many are at work to connect."""
        name = f"{self.entry.title} connection"
        return sum(task.get_name() == name for task in asyncio.all_tasks())

    @property
    def is_released(self) -> bool:
        """Whether nothing is left of any connection."""
        return not (
            self.tasks
            or self.strap.links
            or any(proxy.allocated for proxy in self.air.proxies)
        )

    async def measures_within(self, seconds: float) -> float:
        """Wait for a value that is new, and return how many seconds that took."""
        now = self.coordinator.data.measurements
        measured = self.measured
        return await within(
            seconds,
            lambda: self.coordinator.data.measurements > now and self.shown == measured,
        )


async def within(seconds: float, condition: Callable[[], object]) -> float:
    """Wait for something, and return how many seconds that took. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(STEP)
    return loop.time() - started


async def never(seconds: float, condition: Callable[[], object]) -> None:
    """Make sure that something does not happen for so many seconds."""
    for _ in range(round(seconds / STEP)):
        assert not condition()
        await asyncio.sleep(STEP)


async def is_reading(scene: Scene) -> None:
    """Let a monitor be connected, and not tell what it is."""
    scene.strap.gatt_delay = 1
    scene.strap.drop()
    await within(2 * SOON, lambda: scene.strap.links and scene.strap.links[0].enabled)
    scene.strap.gatt_delay = 1000
