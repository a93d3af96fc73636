"""A workout as a file, held against the structure of the public schemas."""

from collections.abc import Sequence
from datetime import datetime
import re
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from custom_components.heart_rate_relay.reading import SECOND
from custom_components.heart_rate_relay.workout.sample import (
    ALTITUDE,
    CADENCE,
    CYCLING_DISTANCE,
    HEART_RATE,
    LATITUDE,
    LONGITUDE,
    POWER,
    SPEED,
    Sample,
)
from custom_components.heart_rate_relay.workout.tcx import to_tcx
from custom_components.heart_rate_relay.workout.tracker import Finished

from .common import Trainer, at

DATABASE = "{http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2}"
EXTENSION = "{http://www.garmin.com/xmlschemas/ActivityExtension/v2}"

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
DECIMAL = r"-?\d+(\.\d+)?"


class Part(NamedTuple):
    """An element that another one may have, in this place."""

    tag: str
    least: int = 0
    most: float = 1
    text: str = ""
    """What its text looks like, empty where it has elements."""
    highest: float = float("inf")


STRUCTURE: dict[str, Sequence[Part]] = {
    "TrainingCenterDatabase": [Part("Activities", 1)],
    "Activities": [Part("Activity", 1, float("inf"))],
    "Activity": [Part("Id", 1, text=TIME), Part("Lap", 1, float("inf"))],
    "Lap": [
        Part("TotalTimeSeconds", 1, text=DECIMAL),
        Part("DistanceMeters", 1, text=DECIMAL),
        Part("MaximumSpeed", text=DECIMAL),
        Part("Calories", 1, text=r"\d+", highest=65535),
        Part("AverageHeartRateBpm"),
        Part("MaximumHeartRateBpm"),
        Part("Intensity", 1, text="Active|Resting"),
        Part("Cadence", text=r"\d+", highest=254),
        Part("TriggerMethod", 1, text="Manual|Distance|Location|Time|HeartRate"),
        Part("Track", 0, float("inf")),
    ],
    "AverageHeartRateBpm": [Part("Value", 1, text=r"[1-9]\d*", highest=255)],
    "MaximumHeartRateBpm": [Part("Value", 1, text=r"[1-9]\d*", highest=255)],
    "HeartRateBpm": [Part("Value", 1, text=r"[1-9]\d*", highest=255)],
    "Track": [Part("Trackpoint", 1, float("inf"))],
    "Trackpoint": [
        Part("Time", 1, text=TIME),
        Part("Position"),
        Part("AltitudeMeters", text=DECIMAL),
        Part("DistanceMeters", text=DECIMAL),
        Part("HeartRateBpm"),
        Part("Cadence", text=r"\d+", highest=254),
        Part("Extensions"),
    ],
    "Position": [
        Part("LatitudeDegrees", 1, text=DECIMAL, highest=90),
        Part("LongitudeDegrees", 1, text=DECIMAL, highest=180),
    ],
    "Extensions": [Part("TPX", 1)],
    "TPX": [
        Part("Speed", text=DECIMAL),
        Part("RunCadence", text=r"\d+", highest=254),
        Part("Watts", text=r"\d+", highest=65535),
    ],
}
"""The part of the schemas that is used, in their order."""

ATTRIBUTES = {
    "Activity": {"Sport": "Running|Biking|Other"},
    "Lap": {"StartTime": TIME},
}


BELOW = {"LongitudeDegrees": 180}
"""What a number has to be below."""


def check(element: ET.Element) -> None:
    """Hold an element, and all within it, against the structure."""
    tag = element.tag.split("}")[1]
    namespace = EXTENSION if tag in ("TPX", "Speed", "Watts") else DATABASE
    assert element.tag == namespace + tag
    wanted = ATTRIBUTES.get(tag, {})
    assert set(element.attrib) == set(wanted)
    assert all(re.fullmatch(wanted[name], element.get(name, "")) for name in wanted)
    if tag not in STRUCTURE:
        assert not list(element)
        return
    left = list(element)
    for part in STRUCTURE[tag]:
        found = []
        while left and left[0].tag.split("}")[1] == part.tag:
            found.append(left.pop(0))
        assert part.least <= len(found) <= part.most, (tag, part.tag)
        for one in found:
            if part.text:
                assert re.fullmatch(part.text, one.text or ""), (part.tag, one.text)
                if part.highest < float("inf"):
                    assert abs(float(one.text or "")) <= part.highest
                if part.tag in BELOW:
                    assert float(one.text or "") < BELOW[part.tag]
            check(one)
    assert not left, [one.tag for one in left]


def texts(root: ET.Element, path: str) -> list[str]:
    """Return the texts of all elements at a path."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    return [element.text or "" for element in root.iterfind(f".//{steps}")]


def parsed(finished: Finished) -> ET.Element:
    """Return the file of a workout as its elements."""
    return ET.fromstring(  # noqa: S314 - it is our own
        to_tcx(finished.summary, finished.measured)
    )


def seconds(time: str) -> float:
    """Return a time of the file in seconds."""
    return datetime.fromisoformat(time).timestamp()


@pytest.fixture
def ride() -> ET.Element:
    """Return the file of a ride of half an hour with a pause, of which all was measured."""
    trainer = Trainer()
    for minutes in (range(10 * 60), range(15 * 60, 30 * 60 + 1)):
        for second in minutes:
            moment = at(0) + second * SECOND
            for key, value in {
                HEART_RATE: 140 + second % 3,
                SPEED: 8.0,
                POWER: 200.4,
                CADENCE: 90,
                ALTITUDE: 400.5,
                LATITUDE: 48.1,
                LONGITUDE: 11.5,
            }.items():
                trainer.tracker.take(Sample(key, moment, value))
            metres = Sample(CYCLING_DISTANCE, moment, 8.0 if second else 0.0, SECOND)
            trainer.tracker.take(metres)
    trainer.tracker.pass_time(at(60))
    (finished,) = trainer.finished
    return parsed(finished)


def test_structure(ride: ET.Element) -> None:
    """Every element is one that the schema knows, in its place, with what it may hold."""
    check(ride)


def test_content(ride: ET.Element) -> None:
    """It tells what was measured: as a whole, and at each second."""
    activity = ride.find(".//{*}Activity")
    assert activity is not None
    assert activity.get("Sport") == "Biking"
    assert texts(ride, "Id") == ["2027-01-15T08:00:00Z"]
    assert texts(ride, "Lap/TotalTimeSeconds") == ["1800.000"]
    metres = 8 * (600 - 1 + 900 + 1)
    assert float(texts(ride, "Lap/DistanceMeters")[0]) == pytest.approx(metres)
    assert texts(ride, "Lap/AverageHeartRateBpm/Value") == ["141"]
    times = texts(ride, "Trackpoint/Time")
    assert len(times) == 600 + 901
    assert seconds(times[-1]) - seconds(times[0]) == 1800
    assert set(texts(ride, "TPX/Watts")) == {"200"}
    assert len(list(ride.iterfind(".//{*}Track"))) == 2
    way = [float(text) for text in texts(ride, "Trackpoint/DistanceMeters")]
    assert way == sorted(way)
    assert way[-1] == pytest.approx(metres)


def test_way_by_speed() -> None:
    """Where nothing counts metres, they come of the speed."""
    trainer = Trainer()
    for second in range(601):
        moment = at(0) + second * SECOND
        trainer.tracker.take(Sample(HEART_RATE, moment, 150 + second % 2))
        trainer.tracker.take(Sample(SPEED, moment, 3.0))
    trainer.tracker.pass_time(at(60))
    (finished,) = trainer.finished
    root = parsed(finished)
    check(root)
    assert float(texts(root, "Lap/DistanceMeters")[0]) == pytest.approx(1800)
    assert float(texts(root, "Trackpoint/DistanceMeters")[-1]) == pytest.approx(1800)


def test_date_line() -> None:
    """The east ends where the west begins: the schema has one number for it."""
    trainer = Trainer()
    degrees = [179.9999999, 179.99999999, 180.0, -180.0, -179.9999999]
    for minute, longitude in enumerate(degrees):
        trainer.tracker.take(Sample(HEART_RATE, at(minute), 150 + minute % 2))
        trainer.tracker.take(Sample(LATITUDE, at(minute), -16.5))
        trainer.tracker.take(Sample(LONGITUDE, at(minute), longitude))
    trainer.tracker.pass_time(at(60))
    (finished,) = trainer.finished
    root = parsed(finished)
    check(root)
    told = [float(text) for text in texts(root, "Position/LongitudeDegrees")]
    assert told == [179.9999999, -180.0, -180.0, -180.0, -179.9999999]


def test_nothing_measured() -> None:
    """A workout by hand, without a sensor, is a whole file, too."""
    trainer = Trainer()
    trainer.tracker.start(at(0))
    trainer.tracker.stop(at(10))
    (finished,) = trainer.finished
    root = parsed(finished)
    check(root)
    assert texts(root, "Lap/TotalTimeSeconds") == ["600.000"]
