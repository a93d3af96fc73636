"""The pictures of README and docs, taken while walking."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
import shutil
import subprocess

from playwright.async_api import FloatRect, Locator, Page

from dev.home_assistant.config import ROOT
from dev.home_assistant.process import HomeAssistantError

FOLDER = ROOT / "docs" / "images"

OPTIMISERS = ("pngquant", "optipng")

MARGIN = 12
"""Around what a picture shows, in px."""

SETTLED = 0.25
"""For how long nothing moves that has come to rest, in seconds."""

BEHIND = "home-assistant-main"
"""What is behind a dialog: not to be seen where a picture shows that alone."""


class Pictures:
    """Takes pictures where they are wanted."""

    def __init__(self, *, wanted: bool) -> None:
        """Initialize. Raises HomeAssistantError where what makes them small is missing."""
        self._wanted = wanted
        self._raw: dict[str, bytes] = {}
        missing = [name for name in OPTIMISERS if not shutil.which(name)]
        if wanted and missing:
            raise HomeAssistantError(
                f"{' and '.join(missing)} missing: pictures would be too large. "
                f"On Debian: apt-get install {' '.join(OPTIMISERS)}"
            )

    async def take(
        self, name: str, page: Page, *shown: Locator, within: Locator | None = None
    ) -> None:
        """Take a picture of what some elements cover, with a margin within another one."""
        if self._wanted:
            await shown[0].scroll_into_view_if_needed()
            self._raw[name] = await page.screenshot(
                animations="disabled",
                caret="hide",
                clip=await _clip(shown, within or page.locator("body")),
            )

    async def take_dialog(self, name: str, page: Page, dialog: Locator) -> None:
        """Take a picture of a dialog, with nothing behind it."""
        behind = page.locator(BEHIND)
        await behind.evaluate("element => element.style.visibility = 'hidden'")
        await self.take(name, page, dialog)
        await behind.evaluate("element => element.style.visibility = ''")

    async def take_device(self, name: str, page: Page) -> None:
        """Take a picture of the page of a device, in either theme."""
        device = page.locator("ha-config-device-page")
        # What happened lately takes a third of the room, and tells little
        cards = device.locator("ha-card").filter(has_not_text="Activity")
        shown = [device.locator("ha-icon-button-arrow-prev"), *await cards.all()]
        await self.take(name, page, *shown, within=device)
        await page.emulate_media(color_scheme="dark")
        await self.take(f"{name}_dark", page, *shown, within=device)
        await page.emulate_media(color_scheme="light")

    def write(self) -> list[Path]:
        """Write what was taken, small, and return the files."""
        written = []
        for name, raw in self._raw.items():
            FOLDER.mkdir(parents=True, exist_ok=True)
            path = FOLDER / f"{name}.png"
            path.write_bytes(_run("pngquant", "--strip", "-", given=raw))
            _run("optipng", "-quiet", "-o2", str(path))
            written.append(path)
        return written


async def _clip(shown: Sequence[Locator], within: Locator) -> FloatRect:
    """Return what part of a page some elements cover, once they are at rest."""
    before: list[FloatRect] = []
    while not (now := await _boxes(shown)) or now != before:
        before = now
        await asyncio.sleep(SETTLED)
    [bounds] = await _boxes([within])
    left = max(min(box["x"] for box in now) - MARGIN, bounds["x"])
    top = max(min(box["y"] for box in now) - MARGIN, bounds["y"])
    right = min(
        max(box["x"] + box["width"] for box in now) + MARGIN,
        bounds["x"] + bounds["width"],
    )
    bottom = min(
        max(box["y"] + box["height"] for box in now) + MARGIN,
        bounds["y"] + bounds["height"],
    )
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


async def _boxes(elements: Iterable[Locator]) -> list[FloatRect]:
    """Return where elements are, as far as they are to be seen."""
    return [box for each in elements if (box := await each.bounding_box())]


def _run(*command: str, given: bytes = b"") -> bytes:
    """Run a program that has to succeed, and return what it prints."""
    return subprocess.run(command, check=True, input=given, capture_output=True).stdout
