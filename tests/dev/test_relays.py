"""How relays are set up, in the way of the UI."""

from collections.abc import Mapping
from typing import override

import aiohttp
import pytest
from yarl import URL

from dev.home_assistant.api import CONFIG_FLOW, Answer, Api
from dev.home_assistant.process import HomeAssistantError
from dev.relays import CHEST_STRAP, DOMAIN, GATHER, MONITOR, Input, Relay, create
from dev.simulated_heart_rate.measures import MEASURES
from dev.stand_ins import InfluxDBv1, LiveTracking, OpenWearables, Pulsoid, StandIn

WATCH = "sensor.watch"
PHONE = "sensor.phone"
TRACKER = "device_tracker.phone"
SOURCES = [CHEST_STRAP, MONITOR]

MENU: Input = {"next_step_id": "service"}
FORM: Input = {"url": "here"}
STEPS: Mapping[str, Input] = {"user": MENU, "service": FORM}


def form(step_id: str, **suggested: object) -> Answer:
    """Return a form of which some fields are filled in already."""
    return {
        "type": "form",
        "step_id": step_id,
        "data_schema": [
            {"name": name, "description": {"suggested_value": value}}
            for name, value in suggested.items()
        ]
        + [{"name": "follow_new", "default": False}, {"name": "name"}],
    }


class ScriptedApi(Api):
    """The API of a Home Assistant that goes the usual way."""

    def __init__(self, session: aiohttp.ClientSession, **recognised: list[str]) -> None:
        """Initialize the API, with the sources that the form recognises."""
        super().__init__(session, URL("http://127.0.0.1"))
        self.config: list[Answer] = [
            {"type": "form", "step_id": "service"},
            form("sources", **recognised),
            {"type": "create_entry", "result": {"entry_id": "the entry"}},
        ]
        self.options = form("init", keep_days=30, gather=600)
        self.seen: list[object] = []

    @override
    async def start_flow(
        self, handler: str, flow: str = CONFIG_FLOW, **about: str
    ) -> Answer:
        self.seen.append(handler)
        if flow == CONFIG_FLOW:
            return {"type": "menu", "step_id": "user"}
        return self.options

    @override
    async def next_step(
        self, step: Answer, user_input: Input, flow: str = CONFIG_FLOW
    ) -> Answer:
        self.seen.append((step["step_id"], user_input))
        return self.config.pop(0) if flow == CONFIG_FLOW else {"type": "create_entry"}

    @override
    async def wait_until_loaded(self) -> None:
        self.seen.append("loaded")


@pytest.mark.parametrize("first", [CHEST_STRAP, MONITOR])
async def test_the_way_to_a_relay(first: str) -> None:
    """Menus and forms one after the other, and the sources that are recognised."""
    others = [source for source in (CHEST_STRAP, MONITOR) if source != first]
    async with aiohttp.ClientSession() as session:
        api = ScriptedApi(session, sources=[WATCH, *others, first])
        relay = Relay(stand_in=Pulsoid(), steps=STEPS, first=first)
        assert await create(api, relay) == [first, WATCH, *others]
    assert api.seen == [
        DOMAIN,
        ("user", MENU),
        ("service", FORM),
        (
            "sources",
            {"sources": [first, WATCH, *others], "follow_new": False},
        ),
    ]


async def test_a_relay_that_gathers_is_hastened() -> None:
    """It takes steps as well, and is loaded anew with its options as they are else."""
    async with aiohttp.ClientSession() as session:
        api = ScriptedApi(session, sources=[*SOURCES], other_sources=[PHONE])
        relay = Relay(stand_in=OpenWearables(), steps=STEPS, gathers=True)
        assert await create(api, relay) == [
            *SOURCES,
            PHONE,
            *relay.more["other_sources"],
        ]
    options = {"keep_days": 30, "gather": GATHER, "follow_new": False}
    assert api.seen[-3:] == ["the entry", ("init", options), "loaded"]


@pytest.mark.parametrize(
    ("recognised", "steps"),
    [
        ({"sources": [WATCH, CHEST_STRAP], "other_sources": [PHONE]}, STEPS),
        ({"sources": [WATCH, MONITOR], "other_sources": [PHONE]}, STEPS),
        ({"sources": SOURCES, "other_sources": []}, STEPS),
        ({"sources": SOURCES, "other_sources": [PHONE]}, {"user": MENU}),
        (
            {"sources": SOURCES, "other_sources": [PHONE]},
            {**STEPS, "new_person": {}},
        ),
    ],
)
async def test_another_way_is_an_error(
    recognised: Mapping[str, list[str]], steps: Mapping[str, Input]
) -> None:
    """Sensors that are not recognised, and steps too many or too few."""
    relay = Relay(stand_in=OpenWearables(), steps=steps, gathers=True)
    async with aiohttp.ClientSession() as session:
        api = ScriptedApi(session, **recognised)
        with pytest.raises(HomeAssistantError, match="open_wearables"):
            await create(api, relay)


async def test_a_relay_that_is_not_set_up() -> None:
    """The last step may refuse all that was well so far."""
    async with aiohttp.ClientSession() as session:
        api = ScriptedApi(session, sources=[*SOURCES])
        api.config[-1] = form("sources")
        relay = Relay(stand_in=Pulsoid(), steps=STEPS)
        with pytest.raises(HomeAssistantError, match="not set up"):
            await create(api, relay)


@pytest.mark.parametrize(
    ("stand_in", "has", "lacks", "positions"),
    [
        (Pulsoid, set(), {"sensor.bike_power"}, None),
        (InfluxDBv1, {"sensor.bike_power_left", "sensor.scale_bmi"}, set(), [TRACKER]),
        (OpenWearables, {"sensor.scale_bmi"}, {"sensor.bike_power_left"}, None),
        (LiveTracking, {"sensor.bike_power_left"}, {"sensor.scale_bmi"}, [TRACKER]),
    ],
)
@pytest.mark.parametrize("is_asked", [True, False])
async def test_more_sources_than_are_recognised(
    stand_in: type[StandIn],
    has: set[str],
    lacks: set[str],
    positions: list[str] | None,
    is_asked: bool,
) -> None:
    """All that the service takes is chosen once, and confirmed where that is asked."""
    relay = Relay(stand_in=stand_in(), steps=STEPS)
    recognised = [PHONE, "sensor.bike_power"] if has else []
    fields = {"other_sources": recognised} if has else {}
    if positions:
        fields["position_sources"] = []
    async with aiohttp.ClientSession() as session:
        api = ScriptedApi(session, sources=SOURCES, **fields)
        if is_asked:
            api.config.insert(-1, {"type": "menu", "step_id": "measured"})
        chosen = await create(api, relay)
    assert chosen[:2] == SOURCES
    beside = [each for each in chosen[2:] if each != TRACKER]
    assert len(beside) == len(set(beside))
    assert has <= {*beside}
    assert lacks.isdisjoint({*beside} - {*recognised})
    assert chosen.count(TRACKER) == len(positions or [])
    told = {measure.entity_id for measure in MEASURES}
    assert {*beside} <= told | {PHONE}
    confirmed = ("measured", {"next_step_id": "confirm_sources"})
    assert (api.seen[-1] == confirmed) is is_asked
