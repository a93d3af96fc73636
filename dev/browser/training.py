"""The steps of somebody who trains: a workout from the strap to its summary, and a dashboard."""

import re

from playwright.async_api import Locator, expect
from yarl import URL

from dev.home_assistant.config import ROOT
from homeassistant.util.yaml import parse_yaml

from .adding import begin
from .stage import Stage

NAME = "Anna"

BODY = {
    "Year of birth": "1996",
    "Weight": "70",
    "Resting heart rate": "60",
    "Highest heart rate": "200",
}

FINISHED = "event.anna_workout_finished"

GUIDE = ROOT / "docs" / "workouts.md"

EXAMPLE = re.compile(r"## On a dashboard\n.*?```yaml\n(.*?)```", re.DOTALL)

DASHBOARD = "workout-example"

CREATE = """async ([path, view]) => {
  const { hass } = document.querySelector("home-assistant");
  await hass.callWS({
    type: "lovelace/dashboards/create", url_path: path, title: "Workout", mode: "storage",
    require_admin: false, show_in_sidebar: false });
  await hass.callWS({ type: "lovelace/config/save", url_path: path, config: { views: [view] } });
}"""
"""Makes a dashboard, as its editor does."""


async def add_workouts(stage: Stage, monitor: str) -> None:
    """Add somebody's workouts, of which one begins at once, with the strap that is worn."""
    form = stage.form
    await begin(stage)
    await form.choose("Workouts")
    await form.shows("Say what the workouts of one person are told by.")
    await form.fill({"Name": NAME, "It has to last for": "0", **BODY})
    await form.pick("Biological sex", "Female")
    sources = form.field("Heart-rate sensors")
    if not await sources.get_by_text(monitor).count():
        await _pick_entity(sources, monitor)
    await form.submit()
    await form.end("Skip and finish", "Name and assign")
    await stage.until_state("binary_sensor.anna_workout", lambda state: state == "on")
    stage.say(f"{NAME}: a workout began with the strap")


async def have_delivered(stage: Stage, title: str) -> None:
    """Choose the workouts as a source of a relay that is there already."""
    form = stage.form
    await stage.open_options(title)
    await form.shows("What to collect and to keep")
    await _pick_entity(form.field("Workouts"), "Workout finished")
    await form.submit()
    await form.end("Finish", "Options successfully saved")
    stage.say(f"{title}: takes the workouts, too")


async def see_dashboard(stage: Stage) -> None:
    """See the workout on a dashboard, the one of the documentation."""
    page = stage.page
    found = EXAMPLE.search(GUIDE.read_text(encoding="utf-8"))
    assert found
    view = {"title": "Workout", "cards": [parse_yaml(found[1])]}
    await page.evaluate(CREATE, [DASHBOARD, view])
    await stage.open(f"/{DASHBOARD}/0", "hui-vertical-stack-card")
    card = page.locator("hui-vertical-stack-card").first
    await expect(card.locator("ha-gauge")).to_be_visible()
    await expect(card.get_by_text("Average heart rate")).to_be_visible()
    await expect(card.get_by_text("Entity not found")).to_have_count(0)
    await stage.pictures.take("workout", page, card, within=page.locator("hui-view"))
    stage.say(f"{NAME}: the dashboard of the documentation shows it")


async def end_workout(stage: Stage) -> None:
    """End the workout by its switch, with the strap left on for the recovery."""
    await stage.open_device(NAME)
    row = stage.page.locator("hui-toggle-entity-row").filter(has_text="Workout")
    await row.locator("ha-switch, ha-control-switch").first.click()
    await stage.until_state("switch.anna_workout", lambda state: state == "off")
    stage.say(f"{NAME}: ended the workout")


async def see_summary(stage: Stage) -> None:
    """See the summary, and the workout at the service."""
    await stage.until_state(FINISHED, lambda state: state[:1].isdigit())
    await stage.open_device(NAME)
    cards = stage.page.locator("ha-device-entities-card")
    await expect(cards.get_by_text("Workout finished").first).to_be_visible()
    for entity in ("Duration", "Average heart rate", "Energy expended"):
        await expect(cards.get_by_text(entity, exact=True).first).to_be_visible()
    await stage.complaints.look()
    workouts = stage.services.wearables.workouts
    await stage.until("the workout at Open Wearables", lambda: len(workouts) == 1)
    (workout,) = workouts.values()
    assert workout.values["meanHeartRate"] > 0
    stage.say(f"{NAME}: the summary is there, and the workout at Open Wearables")


async def get_files(stage: Stage) -> None:
    """Get the file of the workout by its link."""
    form = stage.form
    await stage.open_options(NAME)
    await form.choose("Get the files")
    await form.shows("The last workouts as files")
    link = form.dialog.get_by_role("link", name="TCX").first
    await expect(link).to_be_visible()
    address = stage.url.join(URL(await link.get_attribute("href") or ""))
    answer = await stage.page.request.get(str(address))
    assert b"TrainingCenterDatabase" in await answer.body()
    await form.submit()
    await form.end("Finish", "Options successfully saved")
    stage.say(f"{NAME}: got the file of the workout")


async def _pick_entity(field: Locator, name: str) -> None:
    """Choose one more entity in a field for several."""
    picker = field.locator("ha-entity-picker").last
    await picker.locator("#trigger, ha-picker-field, ha-button").first.click()
    await picker.locator("input").last.fill(name)
    await picker.locator("ha-combo-box-item").filter(has_text=name).first.click()
