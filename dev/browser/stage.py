"""What the steps of a walk have at hand: the page, Home Assistant, and the stand-ins."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from playwright.async_api import Locator, Page, expect
from yarl import URL

from dev.home_assistant.api import Api
from dev.relays import DOMAIN
from dev.stand_ins import (
    Gerosense,
    GerosenseProxy,
    InfluxDBv1,
    InfluxDBv2,
    InfluxDBv3,
    LiveTracking,
    OpenWearables,
    Pulsoid,
    StandIn,
)
from dev.virtual_proxy import Strap

from .chromium import TIMEOUT
from .complaints import Complaints
from .form import Form
from .pictures import Pictures

POLL_INTERVAL = 0.1
"""In seconds."""


class WalkError(Exception):
    """Something is not as it should be. The text is for a person to read."""


@dataclass
class Services:
    """The stand-ins for all services."""

    pulsoid: Pulsoid = field(default_factory=Pulsoid)
    gerosense: Gerosense = field(default_factory=lambda: Gerosense(user_ids=()))
    gerosense_proxy: GerosenseProxy = field(default_factory=GerosenseProxy)
    livetracking: LiveTracking = field(default_factory=LiveTracking)
    influxdb_v1: InfluxDBv1 = field(default_factory=InfluxDBv1)
    influxdb_v2: InfluxDBv2 = field(default_factory=InfluxDBv2)
    influxdb_v3: InfluxDBv3 = field(
        default_factory=lambda: InfluxDBv3(database="training")
    )
    wearables: OpenWearables = field(default_factory=OpenWearables)

    def all(self) -> list[StandIn]:
        """Return all of them."""
        return [each for each in vars(self).values() if isinstance(each, StandIn)]


@dataclass(kw_only=True)
class Stage:
    """Everything that a step of the walk needs."""

    page: Page
    url: URL
    api: Api
    services: Services
    strap: Strap
    complaints: Complaints
    pictures: Pictures

    def __post_init__(self) -> None:
        """Initialize what follows from the rest."""
        self.form = Form(self.page, self.complaints)

    def say(self, text: str) -> None:
        """Tell what was done."""
        print(f"  {text}", flush=True)

    async def open(self, path: str, first: str) -> None:
        """Open a page of Home Assistant, and wait for the first element of its content."""
        await self.page.goto(str(self.url.join(URL(path))))
        await expect(self.page.locator(first).first).to_be_visible()
        await self.complaints.look()

    async def open_integration(self) -> None:
        """Open the page of the integration."""
        await self.open(
            f"/config/integrations/integration/{DOMAIN}", "ha-config-entry-row"
        )

    def entry(self, title: str) -> Locator:
        """Return the row of a relay or a monitor on the page of the integration."""
        name = self.page.locator("[slot=headline]").get_by_text(title, exact=True)
        return self.page.locator("ha-config-entry-row").filter(
            has=name.or_(self.page.get_by_text(title, exact=True))
        )

    async def open_options(self, title: str) -> None:
        """Open the options of an entry."""
        await self.open_integration()
        await self.entry(title).get_by_role("button", name="Configure").click()

    async def from_menu(self, title: str, item: str) -> None:
        """Choose something from the menu of an entry."""
        await self.open_integration()
        menu = self.entry(title).locator("ha-row-item ha-dropdown")
        await menu.locator("ha-icon-button").click()
        choice = menu.locator("ha-dropdown-item").filter(has_text=item)
        await choice.click()

    async def open_device(self, title: str) -> None:
        """Open the page of an entry's device."""
        await self.open_integration()
        await self.entry(title).locator("ha-config-entry-device-row").click()
        await expect(self.page.locator("ha-device-entities-card").first).to_be_visible()

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds. Raises WalkError where it does not."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while not condition():
                    await asyncio.sleep(POLL_INTERVAL)
        except TimeoutError:
            raise WalkError(f"In vain was waited for this: {what}.") from None

    async def until_state(
        self, entity_id: str, condition: Callable[[str], bool]
    ) -> None:
        """Wait until an entity's state is as wanted. Raises WalkError where it never is."""
        shown: str | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                while True:
                    shown = await self.api.state_of(entity_id)
                    if shown is not None and condition(shown):
                        return
                    await asyncio.sleep(POLL_INTERVAL)
        raise WalkError(f"In vain was waited for {entity_id}, which is {shown}.")

    async def until_delivered(self, stand_in: StandIn, what: str = "a reading") -> None:
        """Wait until something more has arrived at a service."""
        before = len(stand_in.arrivals)
        await self.until(
            f"{what} that arrives at {stand_in.service}",
            lambda: len(stand_in.arrivals) > before,
        )
