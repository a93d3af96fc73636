"""Choosing where the readings come from."""

from typing import Any

import pytest

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS
from dev.stand_ins import Gerosense, OpenWearables, Pulsoid
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er

from ..common import STRAP, WATCH, measure
from .common import (
    STAND_INS,
    add,
    assert_form,
    collect,
    each_service,
    fields,
    register,
    submit,
    suggested,
    to_sources,
    until_arrived,
)

HEART_RATE_ALONE = frozenset({"sources", "follow_new"})
WITH_STEPS = HEART_RATE_ALONE | {"step_sources"}
ALL_METRICS = WITH_STEPS | {
    "resting_heart_rate_sources",
    "heart_rate_variability_sources",
    "heart_rate_variability_sdnn_sources",
}

FIELDS = dict.fromkeys(STAND_INS, HEART_RATE_ALONE) | {
    "gerosense": WITH_STEPS,
    "gerosense_proxy": WITH_STEPS,
    "open_wearables": ALL_METRICS,
    "open_wearables_invitation": ALL_METRICS,
    "webhook": ALL_METRICS,
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
    """What is recognised is chosen for its metric; what may be is named once, in order."""
    found = {
        "sources": register(hass, "bthome", "strap_heart_rate"),
        "step_sources": register(hass, "fitbit", "anna_steps", unit="steps"),
        "resting_heart_rate_sources": register(hass, "oura", "resting_heart_rate"),
        "heart_rate_variability_sources": register(
            hass, "oura", "rmssd", unit="ms", state_class="measurement"
        ),
        "heart_rate_variability_sdnn_sources": register(
            hass, "mqtt", "sdnn", unit="ms", state_class="measurement"
        ),
    }
    maybe = [
        register(hass, "mqtt", name, unit=None)
        for name in (
            "bedside_heart_rate",
            "ring_steps",
            "ring_resting_heart_rate",
            "ring_hrv",
        )
    ]

    form = await to_sources(hass, service, stand_in)

    assert suggested(form) == {
        field: [entry.entity_id] for field, entry in found.items()
    }
    placeholders = form["description_placeholders"]
    assert placeholders
    assert placeholders["recognised"] == "5"
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
    (chosen,) = suggested(form)["step_sources"]
    (other,) = counters - {chosen}
    assert form["description_placeholders"] == {"recognised": "1", "suggestions": other}


@pytest.mark.parametrize("service", ["gerosense"])
async def test_steps_alone(
    hass: HomeAssistant, service: str, stand_in: Gerosense
) -> None:
    """A relay may have a step counter and nothing else."""
    steps = register(hass, "fitbit", "anna_steps", unit="steps")
    form = await to_sources(hass, service, stand_in)
    form = await submit(hass, form, {"step_sources": []})
    assert_form(form, "sources", "no_sources")
    created = await submit(hass, form, {"step_sources": [steps.entity_id]})
    entry = created["result"]
    assert entry.options == DEFAULT_OPTIONS | {
        "step_sources": [steps.id],
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
    }


async def test_nothing_recognised(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Without a heart-rate sensor nothing is chosen or named."""
    register(hass, "mqtt", "outdoor_temperature", unit="°C")
    form = await to_sources(hass, "pulsoid", stand_in)
    assert suggested(form) == {"sources": []}
    assert form["description_placeholders"] == {"recognised": "0", "suggestions": "–"}


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
    assert form["description_placeholders"] == {"recognised": "0", "suggestions": "–"}
    with pytest.raises(InvalidData):
        await submit(hass, form, {"sources": [own.entity_id], "follow_new": False})


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
    ("step_sources", "km", "steps"),
    ("step_sources", "bpm", "steps"),
    ("resting_heart_rate_sources", "ms", "bpm"),
    ("heart_rate_variability_sources", "bpm", "ms"),
    ("heart_rate_variability_sdnn_sources", "%", "ms"),
]
"""What the sources of each option cannot be told in, and what they can."""


def with_sources(**chosen: list[str]) -> dict[str, Any]:
    """Return what a person fills in who chooses these, and nothing else."""
    options = ALL_METRICS - {"follow_new"}
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
async def test_chosen_twice(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """What measures one thing is no source of two."""
    ring = register(hass, "oura", "ring").entity_id
    form = await to_sources(hass, service, stand_in)
    both = with_sources(sources=[ring], resting_heart_rate_sources=[ring])
    form = await submit(hass, form, both)
    assert form["errors"] == {"resting_heart_rate_sources": "chosen_twice"}
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
