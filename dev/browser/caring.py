"""The steps of somebody who has relays: sign in again, change them, mend them."""

from collections.abc import Mapping

from playwright.async_api import expect

from .stage import Stage, WalkError

NEW_TOKEN = "another-token-of-the-stand-in"

MOVED_BUCKET = "pulse"

HIGHEST = "Highest plausible heart rate"


async def sign_in_again(stage: Stage, titles: Mapping[str, str]) -> None:
    """Have a token revoked, and give a new one after a wrong one."""
    pulsoid, form, title = stage.services.pulsoid, stage.form, titles["pulsoid"]
    pulsoid.token = NEW_TOKEN
    await stage.open_integration()
    attention = stage.page.get_by_role("button", name="Reconfigure", exact=True)
    await expect(attention).to_be_visible()
    heading = stage.page.get_by_text("Needs attention", exact=True)
    await stage.pictures.take("attention", stage.page, heading, attention)
    await attention.click()
    await form.shows("Sign in again", f"{title} does not accept the credentials")
    await form.fill({"Access token": "wrong again"})
    await form.submit()
    await form.shows("The service does not accept these credentials.")
    await form.fill({"Access token": NEW_TOKEN})
    await form.submit()
    await form.end("Close", "Re-authentication was successful")
    await stage.until_delivered(pulsoid)
    stage.say(f"{title}: its token was revoked, a new one was asked for, it goes on")


async def reconfigure(stage: Stage, titles: Mapping[str, str]) -> None:
    """Lead a relay to another bucket."""
    server, form, title = stage.services.influxdb_v2, stage.form, titles["influxdb_v2"]
    server.database = MOVED_BUCKET
    await stage.from_menu(title, "Reconfigure")
    await form.shows("Where the readings go")
    await form.fill({"Bucket": MOVED_BUCKET})
    await form.submit()
    await form.end("Close", "Reconfiguration was successful")
    await stage.until_delivered(server)
    stage.say(f"{title}: led to another bucket, it delivers there")


async def change_options(stage: Stage, title: str) -> None:
    """Change the order of the sensors and a limit, and see that they stay."""
    form = stage.form
    await stage.open_options(title)
    await form.shows("What to collect and to keep")
    before = await _order(stage)
    await _drag_second_to_front(stage)
    changed = await _order(stage)
    if changed != [before[1], before[0], *before[2:]]:
        raise WalkError(f"The sensors were dragged from {before} to {changed}.")
    await form.fill({HIGHEST: "240"})
    await form.submit()
    await form.end("Finish", "Options successfully saved")
    await stage.open_options(title)
    await form.shows("What to collect and to keep")
    await expect(form.field(HIGHEST).locator("input")).to_have_value("240")
    if (after := await _order(stage)) != changed:
        raise WalkError(f"The sensors were left as {changed}, and are {after} now.")
    await form.dialog.locator("ha-icon-button").first.click()
    await expect(form.dialog.locator("ha-dialog")).to_have_count(0)
    stage.say(f"{title}: sensors dragged into another order, a limit changed")


async def hasten(stage: Stage, title: str) -> None:
    """Let a relay that gathers readings deliver them every ten seconds."""
    await stage.open_options(title)
    await stage.form.shows("What to collect and to keep")
    await stage.form.fill({"Deliver every": "10"})
    await stage.form.submit()
    await stage.form.end("Finish", "Options successfully saved")
    stage.say(f"{title}: told to deliver every 10 seconds")


async def repair(stage: Stage, titles: Mapping[str, str]) -> None:
    """Let a plan end, read what to do, try too early, and then again."""
    pulsoid, form, title = stage.services.pulsoid, stage.form, titles["pulsoid"]
    pulsoid.premium = False
    await stage.open("/config/repairs", "ha-config-repairs-dashboard")
    issue = stage.page.get_by_text(f"{title}: a paid plan is needed")
    await expect(issue).to_be_visible()
    await issue.click()
    await form.shows("Is the plan active?", "Readings are kept meanwhile")
    await form.submit()
    await form.shows("That did not work yet.")
    await stage.pictures.take_dialog("repair", stage.page, form.box)
    pulsoid.premium = True
    await form.submit()
    await form.end("Finish", "The issue is repaired!")
    await expect(issue).to_have_count(0)
    await stage.until_delivered(pulsoid)
    stage.say(f"{title}: a plan that had ended was reported, and mended from there")


async def _order(stage: Stage) -> list[str]:
    """Return the entities in the form, in their order."""
    picker = stage.form.field("Heart-rate sensors").locator("ha-entities-picker")
    order: list[str] = await picker.evaluate("picker => picker.value")
    return order


async def _drag_second_to_front(stage: Stage) -> None:
    """Drag the second sensor before the first one."""
    mouse = stage.page.mouse
    handles = stage.form.field("Heart-rate sensors").locator(".entity-handle")
    first = await handles.nth(0).bounding_box()
    second = await handles.nth(1).bounding_box()
    assert first and second
    x = second["x"] + second["width"] / 2
    await mouse.move(x, second["y"] + second["height"] / 2)
    await mouse.down()
    await mouse.move(x, second["y"] - 10, steps=5)
    await mouse.move(x, first["y"], steps=10)
    await mouse.up()
