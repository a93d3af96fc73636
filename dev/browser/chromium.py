"""The browser: Debian's Chromium, driven by Playwright."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import shutil

from playwright.async_api import Browser, Page, async_playwright, expect

from dev.home_assistant.process import HomeAssistantError

NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    # As root it has no sandbox, and whatever it shows comes from this machine
    "--no-sandbox",
    "--disable-gpu",
    # It is to ask nobody for anything but what it is told to
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

SIZE = (1280, 1100)
"""Of a page, in px."""

SCALE = 1.5
"""Pixels of a picture for each of these, so that text in it is sharp."""

TIMEOUT = 60.0
"""How long a condition may take to hold, in seconds: the machine may be busy."""


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start the browser, and end it. Raises HomeAssistantError where there is none."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise HomeAssistantError(
            "Chromium is missing. On Debian: apt-get install chromium"
        )
    expect.set_options(timeout=TIMEOUT * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=list(FLAGS)
        )
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, *, dark: bool = False) -> Page:
    """Return a new page of somebody who is not signed in."""
    width, height = SIZE
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=SCALE,
        locale="en-GB",
        timezone_id="UTC",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        service_workers="block",
    )
    context.set_default_timeout(TIMEOUT * 1000)
    return await context.new_page()
