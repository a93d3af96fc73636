"""Whose sensors are proposed, where those of several people are found."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.heart_rate_relay.const import DEFAULT_OPTIONS
from dev.stand_ins import OpenWearables, Pulsoid
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from .common import (
    INPUT,
    assert_form,
    choose,
    choose_anna,
    submit,
    suggested,
    to_sources,
)


def add_sensor(
    hass: HomeAssistant,
    platform: str,
    device: str,
    name: str = "Heart rate",
    *,
    data: dict[str, Any] | None = None,
    area: str = "",
    unit: str = "bpm",
) -> er.RegistryEntry:
    """Add a sensor of a device, which has a config entry of its own."""
    entry = MockConfigEntry(domain=platform, data=data or {})
    entry.add_to_hass(hass)
    devices = dr.async_get(hass)
    of = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(platform, device)}, name=device
    )
    if area:
        area_id = ar.async_get(hass).async_get_or_create(area).id
        devices.async_update_device(of.id, area_id=area_id)
    sensor = er.async_get(hass).async_get_or_create(
        "sensor",
        platform,
        f"{device} {name}",
        config_entry=entry,
        device_id=of.id,
        has_entity_name=True,
        original_name=name,
    )
    hass.states.async_set(
        sensor.entity_id,
        "72",
        {"unit_of_measurement": unit, "friendly_name": f"{device} {name}"},
    )
    return sensor


def add_person(hass: HomeAssistant, name: str, **attributes: Any) -> None:
    """Let somebody live here."""
    attributes = {"friendly_name": name, **attributes}
    hass.states.async_set(f"person.{name.lower()}", "home", attributes)


async def to_wearers(
    hass: HomeAssistant, service: str, stand_in: Any
) -> ConfigFlowResult:
    """Start to add a relay, up to where it is asked whose sensors to propose."""
    shown = await choose(hass, service)
    shown = await submit(hass, shown, INPUT[service](stand_in))
    shown = await choose_anna(hass, shown, stand_in)
    assert_form(shown, "wearers")
    return shown


def offered(form: ConfigFlowResult) -> dict[str, str]:
    """Return whose sensors there are to choose from, and what is said of each."""
    assert form["data_schema"]
    (selector,) = form["data_schema"].schema.values()
    return {option["value"]: option["label"] for option in selector.config["options"]}


async def test_one_of_two(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Each phone is of who is signed in there, and only the chosen one's are proposed."""
    annas = add_sensor(hass, "mobile_app", "Pixel 9", data={"user_id": "a"})
    bobs = add_sensor(hass, "mobile_app", "iPhone", data={"user_id": "b"})
    strap = add_sensor(hass, "bthome", "Polar H10")
    add_person(hass, "Anna", user_id="a")
    add_person(hass, "Bob", user_id="b")

    form = await to_wearers(hass, "pulsoid", stand_in)
    assert offered(form) == {
        "Polar H10": "Polar H10: Polar H10 Heart rate",
        "Bob": "Bob: iPhone Heart rate",
        "Anna": "Anna: Pixel 9 Heart rate",
    }
    form = await submit(hass, form, {"wearers": ["Anna", "Polar H10"]})

    assert_form(form, "sources")
    assert suggested(form) == {"sources": [strap.entity_id, annas.entity_id]}
    placeholders = {"recognised": "2", "suggestions": "–", "measured": "–"}
    assert form["description_placeholders"] == placeholders
    created = await submit(
        hass, form, {"sources": [annas.entity_id], "follow_new": True}
    )
    assert created["options"] == DEFAULT_OPTIONS | {
        "sources": [annas.id],
        "follow_new": True,
        # Nor is what was not even proposed followed later
        "declined": [strap.id, bobs.id],
    }


async def test_tracked_phones(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """A device that tells where somebody is belongs to that person."""
    for person, device in (("Anna", "Pixel 9"), ("Bob", "iPhone")):
        sensor = add_sensor(hass, "some_phones", device)
        tracker = er.async_get(hass).async_get_or_create(
            "device_tracker", "some_phones", device, device_id=sensor.device_id
        )
        add_person(
            hass, person, device_trackers=[tracker.entity_id, "device_tracker.x"]
        )
    form = await to_wearers(hass, "pulsoid", stand_in)
    assert set(offered(form)) == {"Anna", "Bob"}


async def test_rooms(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """What is fixed in a room is of who sleeps there."""
    for room in ("Bedroom", "Nursery"):
        add_sensor(hass, "esphome", f"Radar {room[0]}", area=room)
    form = await to_wearers(hass, "pulsoid", stand_in)
    assert set(offered(form)) == {"Bedroom", "Nursery"}


async def test_accounts(
    hass: HomeAssistant, stand_in: Pulsoid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two accounts at a service are two persons'."""
    monkeypatch.setattr(
        "custom_components.heart_rate_relay.sources.belongings.async_iot_class",
        lambda *_: "cloud_polling",
    )
    for device in ("Profile one", "Profile two"):
        add_sensor(hass, "withings", device)
    form = await to_wearers(hass, "pulsoid", stand_in)
    assert set(offered(form)) == {"Profile one", "Profile two"}


async def test_nobody(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Whoever sees nothing of theirs goes on without a proposal."""
    for device in ("Anna's watch", "Bob's watch"):
        add_sensor(hass, "esphome", device)
    form = await to_wearers(hass, "pulsoid", stand_in)
    with pytest.raises(InvalidData):
        await submit(hass, form, {"wearers": ["Somebody else"]})
    form = await submit(hass, form, {"wearers": []})
    assert suggested(form) == {"sources": []}


@pytest.mark.parametrize("service", ["open_wearables"])
async def test_every_metric(
    hass: HomeAssistant, service: str, stand_in: OpenWearables
) -> None:
    """All that a person wears is proposed, of whatever metric, each for its own."""
    expected: dict[str, list[str]] = {}
    for person in ("Anna", "Bob"):
        heart_rate, *others = (
            add_sensor(hass, "x", f"{person}'s {name}", name, unit=unit).entity_id
            for name, unit in (
                ("Heart rate", "bpm"),
                ("Resting heart rate", "bpm"),
                ("RMSSD", "ms"),
                ("SDNN", "ms"),
                ("Steps", "steps"),
            )
        )
        expected = {"sources": [heart_rate], "other_sources": others}
    form = await to_wearers(hass, service, stand_in)
    form = await submit(hass, form, {"wearers": ["Bob"]})
    assert suggested(form) == expected


@pytest.mark.parametrize("service", ["pulsoid"])
async def test_of_other_metrics(
    hass: HomeAssistant, service: str, stand_in: Pulsoid
) -> None:
    """Whose steps there are does not matter to who takes no steps."""
    strap = add_sensor(hass, "bthome", "Anna's strap")
    add_sensor(hass, "fitbit", "Bob's phone", "Steps", unit="steps")
    form = await to_sources(hass, service, stand_in)
    assert suggested(form) == {"sources": [strap.entity_id]}


async def test_one_person(hass: HomeAssistant, stand_in: Pulsoid) -> None:
    """Nobody who lives alone is asked."""
    add_person(hass, "Anna", user_id="a")
    sensors = [
        add_sensor(hass, "mobile_app", "Pixel 9", data={"user_id": "a"}),
        add_sensor(hass, "mobile_app", "Pixel Watch", data={"user_id": "a"}),
        add_sensor(hass, "bthome", "Polar H10"),
        add_sensor(hass, "esphome", "Radar", area="Bedroom"),
    ]
    form = await to_sources(hass, "pulsoid", stand_in)
    chosen = suggested(form)["sources"]
    assert set(chosen) == {sensor.entity_id for sensor in sensors}
