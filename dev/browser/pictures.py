"""The pictures of README and docs, taken while walking."""

import asyncio
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

    async def take(self, name: str, page: Page, *shown: Locator) -> None:
        """Take a picture of what some elements cover, with a margin."""
        if self._wanted:
            await shown[0].scroll_into_view_if_needed()
            self._raw[name] = await page.screenshot(
                animations="disabled", caret="hide", clip=await _clip(page, shown)
            )

    async def take_dialog(self, name: str, page: Page, dialog: Locator) -> None:
        """Take a picture of a dialog, with nothing behind it."""
        behind = page.locator(BEHIND)
        await behind.evaluate("element => element.style.visibility = 'hidden'")
        await self.take(name, page, dialog)
        await behind.evaluate("element => element.style.visibility = ''")

    async def take_light_and_dark(self, name: str, page: Page, shown: Locator) -> None:
        """Take a picture in either theme."""
        await self.take(name, page, shown)
        await page.emulate_media(color_scheme="dark")
        await self.take(f"{name}_dark", page, shown)
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


async def _clip(page: Page, shown: tuple[Locator, ...]) -> FloatRect:
    """Return what part of a page some elements cover, once they are at rest."""
    before: list[FloatRect | None] = []
    while before != (now := [await each.bounding_box() for each in shown]) or not now:
        before = now
        await asyncio.sleep(SETTLED)
    boxes = [box for box in now if box]
    size = page.viewport_size
    assert boxes
    assert size
    left = max(min(box["x"] for box in boxes) - MARGIN, 0)
    top = max(min(box["y"] for box in boxes) - MARGIN, 0)
    right = max(box["x"] + box["width"] for box in boxes) + MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    return {
        "x": left,
        "y": top,
        "width": min(right, size["width"]) - left,
        "height": min(bottom, size["height"]) - top,
    }


def _run(*command: str, given: bytes = b"") -> bytes:
    """Run a program that has to succeed, and return what it prints."""
    return subprocess.run(command, check=True, input=given, capture_output=True).stdout
