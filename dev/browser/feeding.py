"""The steps of somebody who shows a heart rate to others: a live feed, and its page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from statistics import quantiles
import time
from typing import NamedTuple

from playwright.async_api import Page, ViewportSize, expect
from yarl import URL

from dev.home_assistant.api import OPTIONS_FLOW
from dev.home_assistant.process import HomeAssistantError
from dev.virtual_proxy import Sent

from .adding import begin
from .chromium import TIMEOUT
from .stage import POLL_INTERVAL, Stage, WalkError

SENSOR = "sensor.virtual_strap_heart_rate"

TITLE = "Live feed"

SIZE: ViewportSize = {"width": 640, "height": 320}
"""Of the page, in px, as somebody may have it in a scene."""

SOON = 2.0
"""Seconds after which nothing is to be seen any more that nobody measures."""

LINE = 0.5
"""Minutes that the line of the picture is long."""

PIXELS = 30
"""How many heart rates are timed on their way from the strap to the screen."""

SCENE = """
  body { background: linear-gradient(120deg, #1d2b53, #7e2553 60%, #ff77a8) !important; }
"""
"""What is behind the page in a picture, put there as OBS puts its user's styles."""

WATCH = """() => {
  window.changes = [];
  const number = document.getElementById("number");
  new MutationObserver(() => {
    const text = number.textContent;
    requestAnimationFrame(() => setTimeout(
      () => window.changes.push([text, performance.timeOrigin + performance.now()])));
  }).observe(number, { childList: true, characterData: true, subtree: true });
}"""
"""Notes what the number says, and when that had been painted, in ms since the epoch."""


class Shown(NamedTuple):
    """What a page showed, and from when on."""

    text: str
    at: float
    """In seconds since the epoch."""


async def watch(stage: Stage) -> None:
    """Add a feed, and see that its page shows what is measured now, and only that."""
    address = await _add(stage)
    async with _beside(stage) as page:
        await _choose_look(stage, page, address)
        await page.goto(str(address.with_query({"line": LINE})))
        await _only_from_strap(stage)
        await _follows(stage, page)
        await _see_nothing(stage, page)
        await _on_dashboard(stage, page, address)
        await page.goto(str(address))
        await _replace(stage, page, address)


@asynccontextmanager
async def _beside(stage: Stage) -> AsyncIterator[Page]:
    """Open a page of somebody who has an address, and no login."""
    browser = stage.page.context.browser
    if not browser:
        raise WalkError("There is no browser.")
    context = await browser.new_context(
        viewport=SIZE, device_scale_factor=1.5, locale="en-GB", service_workers="block"
    )
    context.set_default_timeout(TIMEOUT * 1000)
    page = await context.new_page()
    page.on("pageerror", lambda error: stage.complaints.found.append(str(error)))
    try:
        yield page
    finally:
        await context.close()


async def _add(stage: Stage) -> URL:
    """Add a feed, and return the address that is told in the end."""
    form = stage.form
    await begin(stage)
    await form.choose(TITLE)
    await form.shows("No account is needed", "Look")
    await form.pick(
        "Look", "The number, a heart, and the line of the last five minutes"
    )
    await form.submit()
    await form.shows("Where do the readings come from?", "Heart-rate sensors")
    await form.submit()
    await form.shows("This is the address")
    link = form.dialog.locator("ha-markdown a").first
    address = URL(await link.get_attribute("href") or "")
    await _click(stage)
    await form.end("Skip and finish")
    stage.say(f"{TITLE}: added, and its address was told")
    return address


async def _click(stage: Stage) -> None:
    """See that the address may be clicked, too, and opens beside Home Assistant."""
    link = stage.form.dialog.locator("ha-markdown a").last
    async with stage.page.context.expect_page() as opened:
        await link.click()
    page = await opened.value
    await expect(page.locator("#preview")).to_be_visible()
    await page.close()


async def _choose_look(stage: Stage, page: Page, address: URL) -> None:
    """Change how it looks, and see that the address changes with it."""
    await page.goto(str(address.with_query(None) / "looks"))
    await page.get_by_label("Highest heart rate").fill("160")
    await page.get_by_label("Line of so many minutes").fill("10")
    await page.get_by_label("Line of so many minutes").blur()
    await expect(page.locator("#address")).to_have_value(
        str(address.with_query({"line": 10, "max": 160}))
    )
    shown = page.frame_locator("#preview").locator("#number")
    await expect(shown).not_to_have_text("–")
    stage.say(f"{TITLE}: its look was changed, and seen beside the address")


async def _only_from_strap(stage: Stage) -> None:
    """Let it show what the strap measures."""
    entry = await stage.api.entry(TITLE)
    step = await stage.api.start_flow(entry, OPTIONS_FLOW)
    step = await stage.api.next_step(step, {"next_step_id": "settings"}, OPTIONS_FLOW)
    fields = {
        field["name"]: field["description"]["suggested_value"]
        for field in step["data_schema"]
    }
    step = await stage.api.next_step(
        step, {**fields, "sources": [SENSOR]}, OPTIONS_FLOW
    )
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"The sources of the feed were not changed: {step}")


async def _follows(stage: Stage, page: Page) -> None:
    """See that the number follows the strap, and how long that takes."""
    number = page.locator("#number")
    await expect(number).not_to_have_text("–")
    await page.evaluate(WATCH)
    await _until_changes(page, lambda shown: len(shown) >= PIXELS)
    delays = _delays(await _changes(page), stage.strap.sent)
    if len(delays) < PIXELS / 2:
        raise WalkError(f"The page showed {await _changes(page)}.")
    await page.add_style_tag(content=SCENE)
    await stage.pictures.take("live_feed", page, page.locator("body"))
    parts = quantiles(delays, n=100)
    stage.say(
        f"{TITLE}: from the strap's notification to the painted number "
        f"{parts[49]:.0f} ms (p50), {parts[98]:.0f} ms (p99)"
    )


def _delays(changes: Sequence[Shown], sent: Sequence[Sent]) -> list[float]:
    """Return how long after it was sent each heart rate was to be seen, in ms."""
    delays = []
    for shown in changes:
        times = [one.at for one in sent if f"{one.value:g}" == shown.text]
        if before := [at for at in times if at <= shown.at]:
            delays.append((shown.at - before[-1]) * 1000)
    return delays


async def _until_changes(
    page: Page, condition: Callable[[Sequence[Shown]], bool]
) -> None:
    """Wait until what the number has said fulfils a condition."""
    async with asyncio.timeout(TIMEOUT):
        while not condition(await _changes(page)):
            await asyncio.sleep(POLL_INTERVAL)


async def _changes(page: Page) -> list[Shown]:
    """Return what the number has said, since somebody watches it."""
    return [Shown(text, at / 1000) for text, at in await page.evaluate("changes")]


async def _see_nothing(stage: Stage, page: Page) -> None:
    """See that there is nothing to be seen as soon as nothing is measured."""
    await page.evaluate("window.changes.length = 0")
    stage.strap.contact = False
    async with asyncio.timeout(TIMEOUT):
        while await stage.api.state_of(SENSOR) not in ("unknown", "unavailable"):
            await asyncio.sleep(POLL_INTERVAL)
    unknown_at = time.time()
    await _until_changes(page, lambda shown: any(one.text == "–" for one in shown))
    gone = [shown.at for shown in await _changes(page) if shown.text == "–"]
    if gone[0] - unknown_at > SOON:
        raise WalkError(f"A number was shown for {gone[0] - unknown_at:.1f} s more.")
    stage.say(f"{TITLE}: the strap was taken off, and the number was gone")
    stage.strap.contact = True
    await expect(page.locator("#number")).not_to_have_text("–")


async def _on_dashboard(stage: Stage, page: Page, address: URL) -> None:
    """See that it can be shown within a page of Home Assistant."""
    await stage.open("/config/integrations/dashboard", "ha-integration-card")
    await stage.page.evaluate(
        """(address) => {
          const frame = document.createElement("iframe");
          frame.id = "feed";
          frame.src = address;
          document.body.prepend(frame);
        }""",
        str(address),
    )
    shown = stage.page.frame_locator("#feed").locator("#number")
    await expect(shown).not_to_have_text("–")
    stage.say(f"{TITLE}: shown within a page of Home Assistant")


async def _replace(stage: Stage, page: Page, address: URL) -> None:
    """Replace the address, and see that the old one is good no more, and the new one is."""
    number = page.locator("#number")
    await expect(number).not_to_have_text("–")
    await stage.open_device(TITLE)
    row = stage.page.locator("hui-button-entity-row").filter(has_text="Replace address")
    await row.get_by_role("button", name="Press").click()
    await expect(number).to_have_text("–")
    answer = await page.goto(str(address))
    if not answer or answer.status != 404:
        raise WalkError("The old address is still good.")
    await stage.open_options(TITLE)
    await stage.form.choose("Show the address")
    await stage.form.shows("This is the address")
    link = stage.form.dialog.locator("ha-markdown a").first
    other = URL(await link.get_attribute("href") or "")
    await stage.form.submit()
    await stage.form.end("Finish")
    if other == address:
        raise WalkError("The address was not replaced.")
    await page.goto(str(other))
    await expect(number).not_to_have_text("–")
    stage.say(f"{TITLE}: its address was replaced, and the old one is dead")
