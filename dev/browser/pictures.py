"""The pictures of README and docs, taken while walking."""

from collections.abc import Sequence
from pathlib import Path
import shutil
import subprocess
import tempfile

from playwright.async_api import Locator, Page

from dev.home_assistant.config import ROOT
from dev.home_assistant.process import HomeAssistantError

FOLDER = ROOT / "docs" / "images"

OPTIMISERS = ("pngquant", "optipng")

MARGIN = 16
"""Around what a picture shows, in px."""


class Pictures:
    """Takes pictures where they are wanted."""

    def __init__(self, *, wanted: bool) -> None:
        """Initialize. Raises HomeAssistantError where what makes them small is missing."""
        self.wanted = wanted
        self.taken: list[Path] = []
        missing = [name for name in OPTIMISERS if not shutil.which(name)]
        if wanted and missing:
            raise HomeAssistantError(
                f"{' and '.join(missing)} missing: pictures would be too large. "
                f"On Debian: apt-get install {' '.join(OPTIMISERS)}"
            )
        if wanted:
            FOLDER.mkdir(parents=True, exist_ok=True)

    async def take(
        self, name: str, page: Page, *shown: Locator, margin: int = MARGIN
    ) -> None:
        """Take a picture of what some elements cover, with a margin."""
        if not self.wanted:
            return
        boxes = [box for each in shown if (box := await each.bounding_box())]
        size = page.viewport_size
        assert boxes and size
        left = max(min(box["x"] for box in boxes) - margin, 0)
        top = max(min(box["y"] for box in boxes) - margin, 0)
        right = max(box["x"] + box["width"] for box in boxes) + margin
        bottom = max(box["y"] + box["height"] for box in boxes) + margin
        path = FOLDER / f"{name}.png"
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "raw.png"
            await page.screenshot(
                path=raw,
                animations="disabled",
                caret="hide",
                clip={
                    "x": left,
                    "y": top,
                    "width": min(right, size["width"]) - left,
                    "height": min(bottom, size["height"]) - top,
                },
            )
            _run("pngquant", "--strip", "--output", str(path), "--force", str(raw))
        _run("optipng", "-quiet", "-o5", str(path))
        self.taken.append(path)


def _run(*command: str) -> Sequence[str]:
    """Run a program that has to succeed."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return command
