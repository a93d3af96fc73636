"""The steps that add a monitor, and a relay to each service in each way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from playwright.async_api import expect

from dev.stand_ins import StandIn

from .stage import Stage

WRONG = "wrong"

NOT_ACCEPTED = "The service does not accept these credentials."
NOT_REACHED = "The service could not be reached."

NOWHERE = "http://127.0.0.1:9"
"""Where nobody listens: the port of RFC 863, which nobody uses."""

SECOND_CODE = "EFGH6789"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to a service, and what a person does to go it."""

    name: str
    menus: Sequence[str]
    stand_in: StandIn
    fields: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)
    """What is filled in first."""
    error: str = NOT_ACCEPTED
    """What is to be read then."""
    picture: str = ""
    """The name of the picture of the form."""


async def log_in(stage: Stage, user: str, password: str) -> None:
    """Log in, and see that Home Assistant is there."""
    page = stage.page
    await page.goto(str(stage.url))
    await page.locator("input[name=username]").fill(user)
    await page.locator("input[name=password]").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("home-assistant-main")).to_be_visible()
    stage.say("logged in")


async def add_monitor(stage: Stage) -> str:
    """Add the monitor that was discovered, and return what it is called."""
    name = stage.strap.name
    await stage.open("/config/integrations/dashboard", "ha-config-flow-card")
    card = stage.page.locator("ha-config-flow-card").filter(has_text=name)
    await expect(card).to_be_visible()
    await stage.pictures.take("discovered", stage.page, card)
    await card.get_by_role("button", name="Add").click()
    await stage.form.shows(f"Add {name}?")
    await stage.form.submit()
    await stage.form.end("Skip and finish", "Name and assign")
    await expect(stage.page.locator("ha-device-entities-card").first).to_be_visible()
    stage.say(f"added the monitor {name} from the card that announced it")
    return name


async def add_by_sign_in(stage: Stage) -> None:
    """Sign in at Pulsoid, see that the relay delivers, and remove it again."""
    services, form, page = stage.services, stage.form, stage.page
    to_sign_in = ("Pulsoid", "Sign in at Pulsoid, with an application of your own")
    await begin(stage)
    await form.choose(*to_sign_in)
    dialog = page.locator("dialog-add-application-credential")
    await expect(dialog.get_by_text("needs an application")).to_be_visible()
    await stage.complaints.look()
    await dialog.locator("input[name=name]").fill("My application")
    await dialog.locator("input[name=clientId]").fill(services.pulsoid.client_id)
    secret = services.pulsoid.client_secret
    await dialog.locator("input[name=clientSecret]").fill(secret)
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await form.choose(*to_sign_in)
    title = await _choose_sources(stage)
    await stage.until_delivered(services.pulsoid)
    stage.say("Pulsoid: signed in with an application, and a reading arrived")
    await stage.from_menu(title, "Delete")
    await page.get_by_role("button", name="Delete", exact=True).last.click()
    await expect(stage.entry(title)).to_have_count(0)
    stage.say(f"{title}: removed again")


async def add_relays(stage: Stage) -> dict[str, str]:
    """Add a relay in each of the other ways, and return their titles."""
    return {way.name: await _add(stage, way) for way in _ways(stage)}


def _ways(stage: Stage) -> Sequence[Way]:
    """Return the ways to all services."""
    services = stage.services
    return (
        Way(
            name="pulsoid",
            menus=("Pulsoid", "Paste an access token"),
            stand_in=services.pulsoid,
            fields={"Access token": services.pulsoid.token},
            wrong={"Access token": WRONG},
            picture="pulsoid",
        ),
        Way(
            name="gerosense",
            menus=("Gerosense", "With a user name and a password"),
            stand_in=services.gerosense,
            fields={
                "User name": services.gerosense.username,
                "Password": services.gerosense.password,
                "User ID": "anna",
            },
            wrong={"User name": "relay", "Password": WRONG, "User ID": "anna"},
        ),
        Way(
            name="gerosense_proxy",
            menus=("Gerosense", "Through a proxy of your own"),
            stand_in=services.gerosense_proxy,
            fields={
                "Address": str(services.gerosense_proxy.url),
                "Token": services.gerosense_proxy.token,
            },
            wrong={"Address": NOWHERE, "Token": services.gerosense_proxy.token},
            error=NOT_REACHED,
        ),
        Way(
            name="livetracking",
            menus=("livetracking.io",),
            stand_in=services.livetracking,
            fields={
                "Address": str(services.livetracking.url),
                "User name": services.livetracking.username,
                "Password": services.livetracking.password,
            },
            wrong={"Address": NOWHERE, "User name": "Runner", "Password": WRONG},
            error=NOT_REACHED,
        ),
        *_ways_to_influxdb(stage),
        *_ways_to_wearables(stage),
    )


def _ways_to_influxdb(stage: Stage) -> Sequence[Way]:
    """Return the ways to the versions of InfluxDB."""
    v1, v2, v3 = (
        stage.services.influxdb_v1,
        stage.services.influxdb_v2,
        stage.services.influxdb_v3,
    )
    family = "InfluxDB, VictoriaMetrics and the like"
    return (
        Way(
            name="influxdb_v1",
            menus=(family, "InfluxDB 1, VictoriaMetrics and the like"),
            stand_in=v1,
            fields={
                "Address": str(v1.url),
                "Database": v1.database,
                "User name": v1.username,
                "Password": v1.password,
            },
            wrong={
                "Address": str(v1.url),
                "Database": "nowhere",
                "User name": v1.username,
                "Password": v1.password,
            },
            error="The server does not know this database",
        ),
        Way(
            name="influxdb_v2",
            menus=(family, "InfluxDB 2 and InfluxDB Cloud"),
            stand_in=v2,
            fields={
                "Address": str(v2.url),
                "Organization": v2.org,
                "Bucket": v2.database,
                "API token": v2.token,
            },
            wrong={
                "Address": str(stage.url),
                "Organization": v2.org,
                "Bucket": v2.database,
                "API token": v2.token,
            },
            error="There is a server at this address, but not the one that is needed.",
            picture="influxdb",
        ),
        Way(
            name="influxdb_v3",
            menus=(family, "InfluxDB 3"),
            stand_in=v3,
            fields={
                "Address": str(v3.url),
                "Database": v3.database,
                "Token": v3.token,
            },
            wrong={
                "Address": "127.0.0.1:8181",
                "Database": v3.database,
                "Token": v3.token,
            },
            error="This is not the address of a server.",
        ),
    )


def _ways_to_wearables(stage: Stage) -> Sequence[Way]:
    """Return the ways to Open Wearables: one for each of two people."""
    server = stage.services.wearables
    second = server.add_user(first_name="Ben", email="ben@example.org")
    server.invitations[SECOND_CODE] = second
    return (
        Way(
            name="open_wearables",
            menus=("Open Wearables", "With an API key"),
            stand_in=server,
            fields={"Address": str(server.url), "API key": server.api_key},
            wrong={"Address": str(server.url), "API key": "sk-wrong"},
        ),
        Way(
            name="open_wearables_invitation",
            menus=("Open Wearables", "With an invitation code"),
            stand_in=server,
            fields={"Address": str(server.url), "Invitation code": SECOND_CODE},
            wrong={"Address": str(server.url), "Invitation code": "nonsense!"},
            error="This is not an invitation code.",
        ),
    )


async def begin(stage: Stage) -> None:
    """Begin to add something, in the way of somebody who has never been here."""
    page = stage.page
    await stage.open("/config/integrations/dashboard", "ha-integration-card")
    await page.get_by_role("button", name="Add integration").click()
    dialog = page.locator("dialog-add-integration")
    await dialog.locator("input").fill("heart rate relay")
    await dialog.get_by_text("Heart Rate Relay", exact=True).first.click()
    await stage.form.shows("What would you like to add?")


async def _add(stage: Stage, way: Way) -> str:
    """Add a relay after an error, and return its title."""
    form = stage.form
    await begin(stage)
    if way.name == "pulsoid":
        await stage.pictures.take_dialog("services", stage.page, stage.form.box)
    await form.choose(*way.menus)
    if way.picture:
        await form.shows(way.menus[0].split(",")[0])
        await stage.pictures.take_dialog(way.picture, stage.page, stage.form.box)
    await form.fill(way.wrong)
    await form.submit()
    await form.shows(way.error)
    if way.name == "pulsoid":
        await stage.pictures.take_dialog("pulsoid_error", stage.page, form.box)
    await form.fill(way.fields)
    await form.submit()
    await _tell_person(stage, way.name)
    title = await _choose_sources(stage, way.name)
    stage.say(f"{title}: after “{way.error}” the input was mended, and it was added")
    return title


async def _tell_person(stage: Stage, name: str) -> None:
    """Tell whose readings they are, where that is asked."""
    form = stage.form
    if name == "gerosense":
        await form.shows("A new person")
        await form.pick("Sex assigned at birth", "Female")
        await form.fill({"Year of birth": "1990"})
        await form.submit()
    if name == "open_wearables":
        await form.choose("Somebody the server knows")
        await form.shows("Choose the person")
        await form.pick("Person", "Anna")
        await form.submit()


async def _choose_sources(stage: Stage, name: str = "") -> str:
    """Take the sensors that were recognised, and return the title of the relay."""
    form = stage.form
    await form.shows("Where do the readings come from?", "Heart-rate sensors")
    if name == "pulsoid":
        await stage.pictures.take_dialog("sources", stage.page, stage.form.box)
    await form.submit()
    await form.shows("Name and assign")
    title = await form.dialog.locator("step-flow-create-entry input").input_value()
    await form.end("Skip and finish")
    return title
