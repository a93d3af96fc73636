"""A workout as a file of the Training Center Database, version 2, which all portals read.

The elements and their order are those of Garmin's public schemas TrainingCenterDatabasev2.xsd
and ActivityExtensionv2.xsd.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from ..reading import SECOND
from .sample import ALTITUDE, CADENCE, HEART_RATE, LATITUDE, LONGITUDE, POWER, SPEED
from .sport import Sport
from .summary import HOLD, Measured, Summary

DATABASE = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
EXTENSION = "http://www.garmin.com/xmlschemas/ActivityExtension/v2"

SPORTS = {
    Sport.CYCLING: "Biking",
    Sport.CYCLING_INDOOR: "Biking",
    Sport.RUNNING: "Running",
    Sport.TREADMILL: "Running",
}
"""What the schema has a word for; all else is "Other"."""

MAX_BYTE = 255
MAX_CADENCE = 254
MAX_SHORT = 65535

EASTMOST = 180
"""The longitude, in degrees, which is also that of as many to the west."""

WAY = "way"
"""How many metres were behind one."""

type Point = dict[str, float]
"""What was measured in a second, by metric, and the way."""

type Track = list[tuple[int, Point]]
"""What was measured in each second, and when (µs)."""

PLACES = {
    LATITUDE: f"{{{DATABASE}}}Position/{{{DATABASE}}}LatitudeDegrees",
    LONGITUDE: f"{{{DATABASE}}}Position/{{{DATABASE}}}LongitudeDegrees",
    ALTITUDE: f"{{{DATABASE}}}AltitudeMeters",
    WAY: f"{{{DATABASE}}}DistanceMeters",
    HEART_RATE: f"{{{DATABASE}}}HeartRateBpm/{{{DATABASE}}}Value",
    CADENCE: f"{{{DATABASE}}}Cadence",
    SPEED: f"{{{DATABASE}}}Extensions/{{{EXTENSION}}}TPX/{{{EXTENSION}}}Speed",
    POWER: f"{{{DATABASE}}}Extensions/{{{EXTENSION}}}TPX/{{{EXTENSION}}}Watts",
}
"""Where each is in a point of a track."""


def to_tcx(summary: Summary, measured: Measured) -> bytes:
    """Return a workout as a file."""
    root = ET.Element("TrainingCenterDatabase", {"xmlns": DATABASE})
    activity = ET.SubElement(ET.SubElement(root, "Activities"), "Activity")
    activity.set("Sport", SPORTS.get(summary.sport, "Other"))
    _add(activity, "Id", _time(summary.begin))
    lap = ET.SubElement(activity, "Lap", {"StartTime": _time(summary.begin)})
    _add(lap, "TotalTimeSeconds", f"{summary.duration:.3f}")
    _add(lap, "DistanceMeters", f"{summary.distance or 0:.2f}")
    if summary.highest_speed is not None:
        _add(lap, "MaximumSpeed", f"{summary.highest_speed:.3f}")
    _add(lap, "Calories", str(min(round(summary.energy or 0), MAX_SHORT)))
    _add_heart_rate(lap, "AverageHeartRateBpm", summary.average_heart_rate)
    _add_heart_rate(lap, "MaximumHeartRateBpm", summary.highest_heart_rate)
    _add(lap, "Intensity", "Active")
    if summary.average_cadence is not None:
        _add(lap, "Cadence", str(min(round(summary.average_cadence), MAX_CADENCE)))
    _add(lap, "TriggerMethod", "Manual")
    for track in _tracks(summary, measured):
        element = ET.SubElement(lap, "Track")
        for at, point in track:
            _add_point(element, at, point)
    ET.indent(root)
    file: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return file


def tracks_of(file: bytes) -> list[Track]:
    """Return what such a file, of our own, tells of each second. Raises ET.ParseError."""
    root = ET.fromstring(file)  # noqa: S314 - we have written it
    return [
        [_point_of(element) for element in track]
        for track in root.iter(f"{{{DATABASE}}}Track")
    ]


def _point_of(element: ET.Element) -> tuple[int, Point]:
    """Return when something was measured, and what. Raises ValueError."""
    time = element.findtext(f"{{{DATABASE}}}Time", "")
    at = round(datetime.fromisoformat(time).timestamp()) * SECOND
    texts = {key: element.findtext(place) for key, place in PLACES.items()}
    return at, {key: float(text) for key, text in texts.items() if text}


def _tracks(summary: Summary, measured: Measured) -> Iterator[Track]:
    """Yield what was measured in each second, parted where nothing was for long."""
    points: dict[int, Point] = {}
    for key, series in measured.series.items():
        for at, value in series.between(summary.begin, summary.end):
            points.setdefault(at // SECOND * SECOND, {})[key] = value
    metres = measured.way(summary.begin, summary.end)
    for at, way in metres:
        points.setdefault(at // SECOND * SECOND, {})[WAY] = way
    track: Track = []
    for at in sorted(points):
        if track and at - track[-1][0] > HOLD:
            yield track
            track = []
        track.append((at, points[at]))
    if track:
        yield track


def _add_point(track: ET.Element, at: int, point: Point) -> None:
    """Add what was measured in a second."""
    element = ET.SubElement(track, "Trackpoint")
    _add(element, "Time", _time(at))
    if LATITUDE in point and LONGITUDE in point:
        position = ET.SubElement(element, "Position")
        _add(position, "LatitudeDegrees", f"{point[LATITUDE]:.7f}")
        _add(position, "LongitudeDegrees", _longitude(point[LONGITUDE]))
    if ALTITUDE in point:
        _add(element, "AltitudeMeters", f"{point[ALTITUDE]:.2f}")
    if WAY in point:
        _add(element, "DistanceMeters", f"{point[WAY]:.2f}")
    _add_heart_rate(element, "HeartRateBpm", point.get(HEART_RATE))
    if CADENCE in point:
        _add(element, "Cadence", str(min(round(point[CADENCE]), MAX_CADENCE)))
    if SPEED in point or POWER in point:
        extensions = ET.SubElement(element, "Extensions")
        more = ET.SubElement(extensions, "TPX", {"xmlns": EXTENSION})
        if SPEED in point:
            _add(more, "Speed", f"{point[SPEED]:.3f}")
        if POWER in point:
            _add(more, "Watts", str(min(max(round(point[POWER]), 0), MAX_SHORT)))


def _longitude(degrees: float) -> str:
    """Return a longitude as a number below 180: beyond there it is counted from the west."""
    text = f"{degrees:.7f}"
    return f"-{text}" if float(text) >= EASTMOST else text


def _add_heart_rate(parent: ET.Element, tag: str, value: float | None) -> None:
    """Add a heart rate, if there is one, as a byte above zero."""
    if value is not None:
        rate = min(max(round(value), 1), MAX_BYTE)
        _add(ET.SubElement(parent, tag), "Value", str(rate))


def _add(parent: ET.Element, tag: str, text: str) -> None:
    """Add an element with a text."""
    ET.SubElement(parent, tag).text = text


def _time(at: int) -> str:
    """Return a time (µs) as the schema wants it."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
