"""The dialog of a flow: what a person reads there, fills in and presses."""

from collections.abc import Mapping
import re

from playwright.async_api import Locator, Page, expect

from .complaints import Complaints


class Form:
    """The dialog of a flow, be it open or about to open."""

    def __init__(self, page: Page, complaints: Complaints) -> None:
        """Initialize the dialog."""
        self.dialog = page.locator("dialog-data-entry-flow")
        self._page = page
        self._complaints = complaints

    @property
    def box(self) -> Locator:
        """What is to be seen of the dialog."""
        return self.dialog.locator("wa-dialog dialog, wa-dialog [part=dialog]").first

    async def shows(self, *texts: str) -> None:
        """Wait until all these texts are to be seen, and look at everything else."""
        for text in texts:
            await expect(self.dialog.get_by_text(text).first).to_be_visible()
        await self._complaints.look()

    async def choose(self, *options: str) -> None:
        """Choose in one menu after the other."""
        for option in options:
            items = self.dialog.locator("ha-list-item")
            item = items.filter(has=self._page.get_by_text(option, exact=True))
            await expect(item).to_be_visible()
            await self._complaints.look()
            await item.click()

    def field(self, label: str) -> Locator:
        """Return a field by its label, which ends in a star where it is required."""
        name = re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$")
        return self.dialog.locator("ha-selector").filter(
            has=self._page.get_by_text(name)
        )

    async def fill(self, values: Mapping[str, str]) -> None:
        """Fill in fields by their labels."""
        for label, value in values.items():
            await self.field(label).locator("input").fill(value)

    async def pick(self, label: str, option: str) -> None:
        """Choose a value of a field that lets one choose."""
        field = self.field(label)
        radio = field.locator("ha-radio-option").filter(
            has=self._page.get_by_text(option, exact=True)
        )
        opener = field.locator("#trigger")
        await expect(radio.or_(opener).first).to_be_visible()
        if await radio.count():
            await radio.click()
            return
        await opener.first.click()
        await field.get_by_text(option, exact=True).last.click()

    async def submit(self, button: str = "Submit") -> None:
        """Press the button that goes on."""
        # The cross in the corner may be called like it
        buttons = self.dialog.get_by_role("button", name=button, exact=True)
        await buttons.last.click()

    async def end(self, button: str, *texts: str) -> None:
        """Read the last page, and close it."""
        await self.shows(*texts)
        await self.submit(button)
        await expect(self.dialog.locator("ha-dialog")).to_have_count(0)
