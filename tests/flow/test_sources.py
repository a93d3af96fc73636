"""Choosing where the readings come from."""

from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS, DOMAIN
from dev.stand_ins import Gerosense, OpenWearables, Pulsoid
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er

from ..common import STRAP, WATCH, measure
from ..workout.gym import workout_entry
from .common import (
    STAND_INS,
    add,
    assert_form,
    collect,
    confirm,
    each_service,
    fields,
    register,
    submit,
    suggested,
    to_sources,
    until_arrived,
)

HEART_RATE_ALONE = frozenset({"sources", "follow_new"})
WITH_OTHERS = HEART_RATE_ALONE | {"other_sources"}
EVERYTHING = WITH_OTHERS | {"position_sources", "workout_sources"}

FINISHED = "event.anna_workout_finished"
GOES_ON = "binary_sensor.anna_workout"

NOTHING_FOUND = {"recognised": "0", "suggestions": "–", "measured": "–"}

FIELDS = dict.fromkeys(STAND_INS, HEART_RATE_ALONE) | {
    "gerosense": WITH_OTHERS,
    "gerosense_proxy": WITH_OTHERS,
    "open_wearables": WITH_OTHERS | {"workout_sources"},
    "open_wearables_invitation": WITH_OTHERS | {"workout_sources"},
    "livetracking": EVERYTHING,
    **dict.fromkeys(("influxdb_v1", "influxdb_v2", "influxdb_v3"), EVERYTHING),
    "webhook": EVERYTHING,
}
"""What is asked about sources, by what a service takes."""


@each_service
async def test_fields(hass: HomeAssistant, service: str, stand_in: Any) -> None:
    """Sources are asked for of those metrics that the service takes."""
    form = await to_sources(hass, service, stand_in)
    assert fields(form) == FIELDS[service]


@pytest.mark.parametrize("service", ["open_wearables"])
async def test_each_metric_recognised(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """What is recognised is chosen, and it is said as what; what may be is named in order."""
    strap = register(hass, "bthome", "strap_heart_rate")
    others = [
        register(hass, "oura", "resting_heart_rate"),
        register(hass, "oura", "rmssd", unit="ms", state_class="measurement"),
        register(hass, "mqtt", "sdnn", unit="ms", state_class="measurement"),
        register(hass, "fitbit", "anna_steps", unit="steps"),
    ]
    maybe = [
        register(hass, "mqtt", name, unit=None)
        for name in (
            "bedside_heart_rate",
            "ring_resting_heart_rate",
            "ring_hrv",
            "ring_steps",
        )
    ]

    form = await to_sources(hass, service, stand_in)

    assert suggested(form) == {
        "sources": [strap.entity_id],
        "other_sources": [entry.entity_id for entry in others],
    }
    placeholders = form["description_placeholders"]
    assert placeholders
    assert placeholders["recognised"] == "5"
    assert placeholders["measured"].splitlines() == [
        "- resting heart rate: Resting heart rate (bpm)",
        "- rmssd: Heart-rate variability (RMSSD) (ms)",
        "- sdnn: Heart-rate variability (SDNN) (ms)",
        "- anna steps: Steps (steps)",
    ]
    assert placeholders["suggestions"].split(", ") == [
        entry.entity_id for entry in maybe
    ]


@pytest.mark.parametrize("service", ["gerosense"])
async def test_one_step_counter(
    hass: HomeAssistant, service: str, stand_in: Gerosense
) -> None:
    """Of several counters one is chosen already, as all count the same steps."""
    names = ("phone_steps", "watch_steps")
    counters = {
        register(hass, "fitbit", name, unit="steps").entity_id for name in names
    }
    form = await to_sources(hass, service, stand_in)
    (chosen,) = suggested(form)["other_sources"]
    (other,) = counters - {chosen}
    said = form["description_placeholders"]
    assert said
    assert (said["recognised"], said["suggestions"]) == ("1", other)


@pytest.mark.parametrize("service", ["gerosense"])
async def test_steps_alone(
    hass: HomeAssistant, service: str, stand_in: Gerosense
) -> None:
    """A relay may have a step counter and nothing else."""
    steps = register(hass, "fitbit", "anna_steps", unit="steps")
    form = await to_sources(hass, service, stand_in)
    form = await submit(hass, form, {"other_sources": []})
    assert_form(form, "sources", "no_sources")
    shown = await submit(hass, form, {"other_sources": [steps.entity_id]})
    created = await confirm(hass, shown)
    entry = created["result"]
    assert entry.options == DEFAULT_OPTIONS | {
        "other_sources": [steps.id],
        "declined": [],
    }
    await collect(hass, 82, 102, 132, entity_id=steps.entity_id, unit="steps")
    await until_arrived(entry, stand_in, 10, 20, 30)
    assert {sample.data_type for sample in stand_in.samples} == {"steps"}


async def test_sources_recognised(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """What is recognised is chosen already, best first; what may be is named."""
    phone = register(hass, "mobile_app", "a_phone_heart_rate")
    strap = register(hass, "bthome", "z_heart_rate")
    other = register(hass, "mqtt", "m_heart_rate")
    maybe = register(hass, "mqtt", "bedside_heart_rate", unit=None)
    register(hass, "mqtt", "outdoor_temperature", unit="°C")
    # Pulsoid takes neither of these
    register(hass, "fitbit", "anna_steps", unit="steps")
    register(hass, "mqtt", "ring_hrv", unit=None)

    form = await to_sources(hass, "pulsoid", stand_in)

    best_first = [strap.entity_id, other.entity_id, phone.entity_id]
    assert suggested(form) == {"sources": best_first}
    assert form["description_placeholders"] == {
        "recognised": "3",
        "suggestions": maybe.entity_id,
        "measured": "–",
    }


async def test_nothing_recognised(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Without a heart-rate sensor nothing is chosen or named."""
    register(hass, "mqtt", "outdoor_temperature", unit="°C")
    form = await to_sources(hass, "pulsoid", stand_in)
    assert suggested(form) == {"sources": []}
    assert form["description_placeholders"] == NOTHING_FOUND


@pytest.mark.parametrize(
    "mended",
    [
        {"sources": [], "follow_new": True},
        {"sources": [STRAP], "follow_new": False},
    ],
)
async def test_no_source(
    hass: HomeAssistant, stand_in: Pulsoid, mended: dict[str, Any]
) -> None:
    """A relay without sources makes sense only where new ones are added."""
    measure(hass, 70)
    form = await to_sources(hass, "pulsoid", stand_in)
    form = await submit(hass, form, {"sources": [], "follow_new": False})
    assert_form(form, "sources", "no_sources")
    assert suggested(form)["sources"] == []

    created = await submit(hass, form, mended)

    assert created["type"] is FlowResultType.CREATE_ENTRY
    assert created["options"] == DEFAULT_OPTIONS | mended | {
        "declined": [] if mended["sources"] else [STRAP]
    }


async def test_sources_stored(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Sources are remembered by what survives a rename, in the order chosen."""
    strap = register(hass, "bthome", "strap_heart_rate")
    phone = register(hass, "mobile_app", "phone_heart_rate")
    declined = register(hass, "oura", "ring_heart_rate")
    measure(hass, 70, WATCH)
    chosen = [phone.entity_id, WATCH, strap.entity_id]

    entry = await add(hass, "pulsoid", stand_in, sources=chosen)

    assert entry.options["sources"] == [phone.id, WATCH, strap.id]
    assert entry.options["declined"] == [declined.id]


async def test_own_entities_are_no_sources(
    hass: HomeAssistant, stand_in: Pulsoid
) -> None:
    """The heart rate that a relay tells is not relayed in circles."""
    await add(hass, "pulsoid", stand_in, sources=[STRAP, WATCH])
    own = er.async_get(hass).async_get("sensor.pulsoid_heart_rate")
    assert own
    assert hass.states.get(own.entity_id)
    stand_in.token, stand_in.profile_id = "of-somebody-else", "somebody-else"
    form = await to_sources(hass, "pulsoid", stand_in)
    assert suggested(form) == {"sources": []}
    assert form["description_placeholders"] == NOTHING_FOUND
    with pytest.raises(InvalidData):
        await submit(hass, form, {"sources": [own.entity_id], "follow_new": False})


@pytest.mark.parametrize(
    ("service", "told_by"),
    [
        ("open_wearables", FINISHED),
        ("influxdb_v1", FINISHED),
        ("livetracking", GOES_ON),
    ],
)
async def test_workouts_have_their_own_field(
    hass: HomeAssistant, service: str, stand_in: Any, told_by: str
) -> None:
    """A workout is chosen as what the service takes of it: elsewhere it would stay silent."""
    workout = workout_entry(begins_by="hand", sources=[])
    workout.add_to_hass(hass)
    assert await hass.config_entries.async_setup(workout.entry_id)
    form = await to_sources(hass, service, stand_in)
    for option in ("sources", "other_sources"):
        with pytest.raises(InvalidData):
            await submit(hass, form, with_sources(**{option: [told_by]}))
    assert form["data_schema"]
    offered = form["data_schema"].schema["workout_sources"].config["filter"]
    (what,) = offered
    assert what["integration"] == DOMAIN
    assert what["domain"] == [told_by.partition(".")[0]]
    # No other entity of ours, as those of a monitor, looks like it
    state = hass.states.get(told_by)
    assert state
    assert what.get("device_class") in (None, [state.attributes.get("device_class")])
    assert (told_by == GOES_ON) == ("device_class" in what)
    chosen = with_sources(workout_sources=[told_by])
    created = await submit(hass, form, chosen)
    assert created["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("entity_id", "accepted"),
    [
        ("sensor.anything", True),
        ("number.anything", True),
        ("input_number.anything", True),
        ("light.anything", False),
    ],
)
async def test_domains(
    hass: HomeAssistant, stand_in: Pulsoid, entity_id: str, accepted: bool
) -> None:
    """Whatever holds a number may be a source."""
    form = await to_sources(hass, "pulsoid", stand_in)
    user_input = {"sources": [entity_id], "follow_new": False}
    if accepted:
        created = await submit(hass, form, user_input)
        assert created["options"]["sources"] == [entity_id]
    else:
        with pytest.raises(InvalidData):
            await submit(hass, form, user_input)


UNITS = [
    ("sources", "%", "bpm"),
    ("sources", "kcal", "bpm"),
]
"""What heart rates cannot be told in, and what they can."""


def with_sources(**chosen: list[str]) -> dict[str, Any]:
    """Return what a person fills in who chooses these, and nothing else."""
    options = WITH_OTHERS - {"follow_new"}
    return {**{option: [] for option in options}, "follow_new": False, **chosen}


@pytest.mark.parametrize("service", ["open_wearables"])
@pytest.mark.parametrize(("option", "unit", "expected"), UNITS)
async def test_unit_not_understood(
    hass: HomeAssistant,
    service: str,
    stand_in: OpenWearables,
    option: str,
    unit: str,
    expected: str,
) -> None:
    """A sensor that would stay silent is not accepted, and it is said which and why."""
    good = register(hass, "mqtt", "good", unit=expected)
    bad = register(hass, "mqtt", "bad", unit=unit)
    form = await to_sources(hass, service, stand_in)
    chosen = [good.entity_id, bad.entity_id]
    form = await submit(hass, form, with_sources(**{option: chosen}))
    assert form["step_id"] == "sources"
    assert form["errors"] == {option: "unknown_unit"}
    said = form["description_placeholders"]
    assert said
    assert said["source"] == bad.entity_id
    assert (said["unit"], said["expected"]) == (unit, expected)
    assert suggested(form)[option] == chosen

    created = await submit(hass, form, with_sources(**{option: chosen[:1]}))
    assert created["options"][option] == [good.id]


@pytest.mark.parametrize("service", ["open_wearables"])
async def test_measured(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """What chosen sensors measure is shown before it is delivered, once."""
    form = await to_sources(hass, service, stand_in)
    watch = register(hass, "mqtt", "watch_steps", unit="steps")
    ring = register(hass, "mqtt", "ring_hrv", unit="s")
    chosen = with_sources(other_sources=[watch.entity_id, ring.entity_id])
    menu = await submit(hass, form, chosen)
    assert menu["type"] is FlowResultType.MENU
    assert menu["description_placeholders"] == {
        "measured": "- watch steps: Steps (steps)\n"
        "- ring hrv: Heart-rate variability (RMSSD) (ms)"
    }
    form = await submit(hass, menu, {"next_step_id": "sources"})
    assert suggested(form)["other_sources"] == chosen["other_sources"]
    created = await submit(hass, form, chosen)
    assert created["options"]["other_sources"] == [watch.id, ring.id]


@pytest.mark.parametrize("service", ["open_wearables"])
@pytest.mark.parametrize(
    ("name", "unit", "flaw", "words"),
    [
        ("something", "%", "untold", {"unit": "%"}),
        ("something", None, "untold", {"unit": "–"}),
        ("power_left", "W", "not_taken", {"metric": "Power, left"}),
    ],
)
async def test_not_measured(
    hass: HomeAssistant,
    service: str,
    stand_in: OpenWearables,
    name: str,
    unit: str | None,
    flaw: str,
    words: dict[str, str],
) -> None:
    """A sensor that would stay silent is not accepted, and it is said which and why."""
    form = await to_sources(hass, service, stand_in)
    bad = register(hass, "mqtt", name, unit=unit).entity_id
    form = await submit(hass, form, with_sources(other_sources=[bad]))
    assert form["errors"] == {"other_sources": flaw}
    said = form["description_placeholders"]
    assert said
    assert said.items() >= {"source": bad, **words}.items()


@pytest.mark.parametrize("service", ["open_wearables"])
async def test_chosen_twice(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """What measures one thing is no source of two."""
    ring = register(hass, "oura", "ring").entity_id
    form = await to_sources(hass, service, stand_in)
    both = with_sources(sources=[ring], other_sources=[ring])
    form = await submit(hass, form, both)
    assert form["errors"] == {"other_sources": "chosen_twice"}
    said = form["description_placeholders"]
    assert said
    assert said["source"] == ring
    created = await submit(hass, form, with_sources(sources=[ring]))
    assert created["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("unit", [None, "", "уд/мин", "ppm", "Hz"])
async def test_unit_understood(
    hass: HomeAssistant, stand_in: Pulsoid, unit: str | None
) -> None:
    """Whatever is understood is accepted, and so is what is not there yet."""
    odd = register(hass, "mqtt", "odd", unit=unit)
    entry = await add(hass, "pulsoid", stand_in, sources=[odd.entity_id, STRAP])
    assert entry.options["sources"] == [odd.id, STRAP]
