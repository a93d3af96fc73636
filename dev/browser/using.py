"""The steps of somebody who uses it: devices, actions, and triggers."""

from functools import partial

from playwright.async_api import Locator, expect

from .stage import Stage

VALUE = 77
DEVICE = "Treadmill"

TRIGGER = "Heart rate crossed a bound"


async def see_devices(stage: Stage, relay: str, monitor: str) -> None:
    """See the entities of a relay and of a monitor."""
    for title, entities, picture in (
        (monitor, ("Heart rate", "Skin contact", "Battery", "Connected"), "monitor"),
        (
            relay,
            ("Status", "Last delivery", "Readings delivered", "Readings waiting"),
            "relay",
        ),
    ):
        await stage.open_device(title)
        cards = stage.page.locator("ha-device-entities-card")
        for entity in entities:
            row = cards.get_by_text(entity, exact=True)
            await expect(row.first).to_be_visible()
        await stage.complaints.look()
        await stage.pictures.take_device(picture, stage.page)
        stage.say(f"{title}: its device shows {', '.join(entities)}")


async def press_send_now(stage: Stage, title: str) -> None:
    """Press the button that has what waits delivered at once."""
    await stage.open_device(title)
    row = stage.page.locator("hui-button-entity-row").filter(has_text="Send now")
    await row.get_by_role("button", name="Press").click()
    stage.say(f"{title}: pressed “Send now”")


async def see_all_delivered(stage: Stage) -> None:
    """See that each relay has delivered, where what arrives is seen: at the services."""
    for stand_in in stage.services.all():
        await stage.until(
            f"a reading at {stand_in.service}",
            partial(bool, stand_in.arrivals),
        )
    server = stage.services.wearables
    await stage.until(
        "readings of both people at Open Wearables",
        lambda: (
            {stored.key.user_id for stored in server.store.values()}
            == server.users.keys()
        ),
    )
    stage.say("every relay has delivered")


async def perform_actions(stage: Stage, title: str) -> None:
    """Ask for the outbox of a relay, and send a reading of one's own."""
    page, server = stage.page, stage.services.influxdb_v1
    await _choose_action(stage, "Get the outbox")
    await _choose_relay(stage, title)
    await page.get_by_role("button", name="Perform action").click()
    response = page.locator("tools-action ha-card").filter(has_text="Response")
    await expect(response.get_by_text("waiting")).to_be_visible()
    await expect(response.get_by_text("last_error")).to_be_visible()
    stage.say(f"{title}: asked for its outbox, and got an answer")
    await _choose_action(stage, "Send a reading")
    await _choose_relay(stage, title)
    await _setting(stage, "Value").locator("input").first.fill(str(VALUE))
    device = _setting(stage, "Device")
    await device.locator("ha-checkbox").click()
    await device.locator("ha-selector input").fill(DEVICE)
    await stage.complaints.look()
    card = page.locator("tools-action ha-card").first
    await stage.pictures.take("action", page, card, within=card)
    await page.get_by_role("button", name="Perform action").click()
    await stage.until(
        "the reading of the action that arrives",
        lambda: any(
            arrival.value == VALUE and DEVICE in arrival.tags.values()
            for arrival in server.arrivals
        ),
    )
    stage.say(f"{title}: sent a reading of one's own, which arrived")


async def add_trigger(stage: Stage, entity: str) -> None:
    """Make an automation with a trigger of the integration, and save it."""
    page = stage.page
    await stage.open("/config/automation/edit/new", "manual-automation-editor")
    await page.get_by_role("button", name="Add trigger").first.click()
    dialog = page.locator("add-automation-element-dialog")
    await dialog.locator("ha-input-search input").fill(TRIGGER)
    await dialog.get_by_text(TRIGGER, exact=True).first.click()
    sidebar = page.locator("ha-automation-sidebar")
    await expect(sidebar.get_by_text("Threshold type")).to_be_visible()
    await sidebar.get_by_role("button", name="Add target").click()
    picker = sidebar.locator("ha-target-picker")
    await picker.locator("input").first.fill(entity)
    await picker.locator("ha-combo-box-item").filter(has_text=entity).first.click()
    await sidebar.locator(".value-selector input").fill("150")
    await stage.complaints.look()
    await stage.pictures.take(
        "trigger",
        page,
        sidebar.locator("ha-dialog-header"),
        sidebar.locator("ha-automation-trigger-editor"),
        within=sidebar,
    )
    await page.get_by_role("button", name="Save", exact=True).first.click()
    name = page.locator("ha-dialog-automation-save, dialog-automation-save")
    await name.locator("input").first.fill("High heart rate")
    await name.get_by_role("button", name="Save", exact=True).last.click()
    await expect(page.get_by_text("High heart rate").first).to_be_visible()
    await stage.complaints.look()
    stage.say(f"saved an automation with the trigger “{TRIGGER}”")


def _setting(stage: Stage, name: str) -> Locator:
    """Return a field of an action."""
    return stage.page.locator("ha-service-control ha-settings-row").filter(
        has=stage.page.get_by_text(name, exact=True)
    )


async def _choose_action(stage: Stage, name: str) -> None:
    """Choose an action in the tools."""
    await stage.open("/config/developer-tools/action", "ha-service-picker")
    await _search(stage.page.locator("ha-service-picker"), name)
    await expect(_setting(stage, "Relay")).to_be_visible()


async def _choose_relay(stage: Stage, title: str) -> None:
    """Choose the relay that an action is about."""
    await _search(stage.page.locator("ha-config-entry-picker"), title)


async def _search(picker: Locator, text: str) -> None:
    """Search for something in a list, and choose it."""
    await picker.locator("#trigger").click()
    await picker.locator("input").fill(text)
    await picker.locator("ha-combo-box-item").get_by_text(text, exact=True).last.click()
