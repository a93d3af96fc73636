"""Whose sensors are whose, as a person would say?"""

from typing import Any

import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.sources.detection.owners import Thing, owners

HEART_RATE = frozenset({metrics.HEART_RATE})


def thing(entity_id: str, **what: Any) -> Thing:
    """Return a sensor, called after its device."""
    known = {"metrics": HEART_RATE, "name": what.get("device_name", entity_id)}
    return Thing(entity_id, **known | {"device": what.get("device_name", "")} | what)


STRAP = thing("strap", device_name="Polar H10", platform="esphome", model="H10")
WATCH = thing("watch", device_name="Venu", platform="garmin_connect", account="a")
PHONE = thing("phone", device_name="Pixel 9", platform="mobile_app", person="Anna")
BOBS = thing("bobs", device_name="iPhone", platform="mobile_app", person="Bob")
RADAR = thing("radar", device_name="Radar", platform="esphome", area="Bedroom")
SOCK = thing("sock", device_name="Owlet Sock", platform="owlet", area="Nursery")

ONE: dict[str, list[Thing]] = {
    "one sensor": [STRAP],
    "what is anyone's": [STRAP, WATCH],
    "a person's, and what is anyone's": [PHONE, STRAP, WATCH],
    "two of one person": [PHONE, thing("tablet", person="Anna")],
    "one room": [RADAR, thing("bed", device_name="Bed", area="Bedroom"), STRAP],
    "a person and a room, alone at home": [PHONE, RADAR],
    "two kinds of one integration": [
        STRAP,
        thing("radar", device_name="Radar", platform="esphome", model="MR60"),
    ],
    "two metrics of one kind": [
        STRAP,
        STRAP._replace(
            entity_id="s", device="other", metrics=frozenset({metrics.STEPS})
        ),
    ],
    "two entities of one device": [
        STRAP,
        STRAP._replace(entity_id="again", name="Again"),
    ],
    "two of one account": [
        thing(name, device_name=name, platform="mobile_app", account="user")
        for name in ("Pixel 9", "Pixel Watch 3")
    ],
    "nobody but a baby": [SOCK, SOCK._replace(entity_id="other")],
    "one side": [thing("left", name="Left wrist"), STRAP],
}


@pytest.mark.parametrize("case", ONE)
def test_one(case: str) -> None:
    """With one person's sensors there is nothing to ask."""
    things = ONE[case]
    assert owners(things, ["Anna"]) == {"": [each.entity_id for each in things]}


SEVERAL: dict[str, tuple[list[Thing], dict[str, list[str]]]] = {
    "two phones": (
        [PHONE, BOBS, STRAP],
        {"Anna": ["phone"], "Bob": ["bobs"], "Polar H10": ["strap"]},
    ),
    "two rooms": ([RADAR, SOCK], {"Bedroom": ["radar"], "Nursery": ["sock"]}),
    "a baby": ([PHONE, SOCK], {"Anna": ["phone"], "Nursery": ["sock"]}),
    "a baby, and what is anyone's": (
        [SOCK, STRAP],
        {"Nursery": ["sock"], "Polar H10": ["strap"]},
    ),
    "a baby without a room": (
        [PHONE, thing("baby", device_name="Baby monitor")],
        {"Anna": ["phone"], "Baby monitor": ["baby"]},
    ),
    "names": (
        [
            thing("a", name="Anna's Eight Sleep Side Heart Rate"),
            thing("b", name="Jonas' Eight Sleep Side Heart Rate"),
        ],
        {"Anna": ["a"], "Jonas": ["b"]},
    ),
    "a name of the house, and another": (
        [thing("a", name="SleepNumber Anna"), thing("b", name="Bob’s ring")],
        {"Anna": ["a"], "Bob": ["b"]},
    ),
    "two sides of a bed": (
        [
            thing("l", name="Bed left heart rate"),
            thing("r", name="Bed right heart rate"),
        ],
        {"Bed left heart rate": ["l"], "Bed right heart rate": ["r"]},
    ),
    "two sides, each a device": (
        [thing("l", device_name="Linke Seite"), thing("r", device_name="Rechte Seite")],
        {"Linke Seite": ["l"], "Rechte Seite": ["r"]},
    ),
    "two sides of one device": (
        [
            thing("l", device_name="Bed", name="Bed Left"),
            thing("r", device_name="Bed", name="Bed Right"),
        ],
        {"Bed Left": ["l"], "Bed Right": ["r"]},
    ),
    "two alike": (
        [STRAP, thing("two", device_name="H10 2", platform="esphome", model="H10")],
        {"Polar H10": ["strap"], "H10 2": ["two"]},
    ),
    "two alike of one name": (
        [STRAP, STRAP._replace(entity_id="two", device="other")],
        {"strap": ["strap"], "two": ["two"]},
    ),
    "two accounts": (
        [
            WATCH,
            thing("b", device_name="Fenix", platform="garmin_connect", account="b"),
        ],
        {"Venu": ["watch"], "Fenix": ["b"]},
    ),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_several(case: str) -> None:
    """Those of several people are told apart."""
    things, expected = SEVERAL[case]
    assert owners(things, ["Anna"]) == expected


def test_house_of_two() -> None:
    """Where several people live, a room may be another's than a phone is."""
    assert owners([PHONE, RADAR], ["Anna", "Bob"]) == {
        "Anna": ["phone"],
        "Bedroom": ["radar"],
    }
    assert owners([RADAR, STRAP], ["Anna", "Bob"]) == {"": ["radar", "strap"]}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("Anna Muster watch", "Anna Muster"),
        ("Bob watch", "Bob Muster"),
        ("Anna watch", "watch"),
        ("Annabel watch", "watch"),
    ],
)
def test_called_by_name(name: str, owner: str) -> None:
    """A first name will do, unless it is that of two."""
    people = ["Anna Muster", "Anna Other", "Bob Muster"]
    things = [thing("watch", name=name, device_name="watch"), BOBS, PHONE]
    assert owners(things, people)[owner] == ["watch"]
