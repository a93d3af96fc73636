"""Where a tracker or a person is becomes readings: all that is told of one moment at once.

Only what was measured is: a place that follows from a router that a phone is connected to, or
from a zone that it entered, is none.
"""

from collections.abc import Callable, Container, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from homeassistant.const import (
    ATTR_BATTERY_LEVEL,
    ATTR_GPS_ACCURACY,
    ATTR_LATITUDE,
    ATTR_LONGITUDE,
    ATTR_RESTORED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfLength,
    UnitOfSpeed,
)
from homeassistant.core import State

from ..metrics import (
    ALTITUDE,
    BATTERY,
    BEARING,
    LATITUDE,
    LONGITUDE,
    POSITION_ACCURACY,
    SPEED,
    Kind,
    Metric,
)
from ..reading import Reading, Source
from .conversions import conversion
from .known import Known
from .manner import Manner
from .observation import Observing
from .rules import Rules
from .times import Told, moment

DOMAINS = ("device_tracker", "person")
"""What tells where someone is."""

ATTR_SOURCE = "source"
"""Where a person names the tracker that it follows."""

ATTR_SOURCE_TYPE = "source_type"
ATTR_TRACKING_TYPE = "tracking_type"
ATTR_IN_ZONES = "in_zones"
HOME = "zone.home"

MEASURED = ("update_timestamp", "last_seen", "last_timestamp")
"""Where trackers say when they were somewhere: OwnTracks, Google Maps and Life360, Tile."""


class Attribute(NamedTuple):
    """What an attribute tells, and in which unit."""

    metric: Metric
    unit: str


ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {
        ATTR_LATITUDE: Attribute(LATITUDE, LATITUDE.unit),
        ATTR_LONGITUDE: Attribute(LONGITUDE, LONGITUDE.unit),
        ATTR_GPS_ACCURACY: Attribute(POSITION_ACCURACY, UnitOfLength.METERS),
        **dict.fromkeys(
            ("course", "bearing", "direction", "heading"),
            Attribute(BEARING, BEARING.unit),
        ),
        "altitude": Attribute(ALTITUDE, UnitOfLength.METERS),
        "speed": Attribute(SPEED, UnitOfSpeed.METERS_PER_SECOND),
        "velocity": Attribute(SPEED, UnitOfSpeed.KILOMETERS_PER_HOUR),
        **dict.fromkeys(
            (ATTR_BATTERY_LEVEL, "battery"), Attribute(BATTERY, BATTERY.unit)
        ),
    }
)
"""What trackers tell: course and speed the Companion app, direction GPSLogger, bearing Traccar,
velocity OwnTracks, heading Tessie, battery iCloud.
"""

SPEEDS: Mapping[str, str | None] = MappingProxyType(
    {"life360": None, "tessie": UnitOfSpeed.MILES_PER_HOUR, "traccar": None}
)
"""The unit of speed of integrations that have another, None where it cannot be known.

Traccar's older apps tell knots and its newer ones m/s, Life360 what its user is used to.
"""


@dataclass(frozen=True)
class Position:
    """Where someone is, as far as it is told."""

    values: Mapping[Metric, float]
    battery: float | None = field(compare=False)
    """In %, which is none of the place."""


class PositionObserver(Observing[Position]):
    """Watches one tracker, or one person."""

    # What was measured before may be shown again when a router has lost the phone
    forgets = False

    def __init__(
        self,
        source: Source,
        rules: Rules,
        latest: MutableMapping[str, int],
        states: Callable[[str], State | None],
        *,
        takes: Container[Metric],
        integration: str | None = None,
        manner: Manner = Manner.PUSHES,
        known: Known | None = None,
        remembers: bool = True,
    ) -> None:
        """Initialize the observer as any is, of a source that an integration has made.

        Zones, and trackers that a person follows, are looked up in states. Of what is told
        beside a place, it tells what the service takes.
        """
        super().__init__(
            LATITUDE,
            source,
            rules,
            latest,
            manner=manner,
            known=known,
            remembers=remembers,
        )
        self._states = states
        self._takes = takes
        self._speed = SPEEDS.get(integration or "", UnitOfSpeed.METERS_PER_SECOND)

    def tells(self, metric: Metric) -> bool:
        """Return whether the source measures a metric: of a place all, of the rest as it did last."""
        if metric.kind is Kind.POSITION:
            return True
        last = self.value
        has_battery = last is not None and last.battery is not None
        return (
            has_battery if metric is BATTERY else bool(last and metric in last.values)
        )

    def _parse(self, state: State) -> Position | None:
        """Return where a state tells that someone is, None if that was not measured."""
        if ATTR_RESTORED in state.attributes or state.state in (
            STATE_UNAVAILABLE,
            STATE_UNKNOWN,
        ):
            return None
        values: dict[Metric, float] = {}
        for name, (metric, _) in ATTRIBUTES.items():
            value = self._value(name, state.attributes.get(name))
            if value is not None:
                values.setdefault(metric, value)
        battery = values.pop(BATTERY, None)
        place = values.get(LATITUDE), values.get(LONGITUDE)
        if None in place or place == (0, 0) or not self._is_measured(state, values):
            return None
        return Position(values, battery)

    def _readings(self, value: Position, at: int, duration: int) -> Sequence[Reading]:
        battery = {} if value.battery is None else {BATTERY: value.battery}
        return [
            Reading(metric, amount, at, self.source, duration)
            for metric, amount in {**value.values, **battery}.items()
            if metric in self._takes
        ]

    def _value(self, name: str, told: object) -> float | None:
        """Return the value that an attribute tells, None if it tells none."""
        metric, unit = ATTRIBUTES[name]
        if name == "speed" and self._speed is None:
            return None
        try:
            value = conversion(metric)(
                float(str(told)), self._speed if name == "speed" else unit
            )
        except ValueError:
            return None
        if metric is POSITION_ACCURACY and not value:
            # Who does not tell it tells this
            return None
        lowest, highest = self._rules.plausible(metric)
        return value if value is not None and lowest <= value <= highest else None

    def _is_measured(self, state: State, values: Mapping[Metric, float]) -> bool:
        """Return whether a place is one that somebody measured."""
        tracker: State | None = state
        if state.domain == "person":
            tracker = self._states(str(state.attributes.get(ATTR_SOURCE)))
        if tracker is None:
            if POSITION_ACCURACY not in values:
                return False
        elif (
            tracker.attributes.get(ATTR_SOURCE_TYPE, "gps") != "gps"
            or tracker.attributes.get(ATTR_TRACKING_TYPE) == "connection"
        ):
            return False
        in_zones = state.attributes.get(ATTR_IN_ZONES)
        zones = [HOME, *(in_zones if isinstance(in_zones, list | tuple) else ())]
        place = values[LATITUDE], values[LONGITUDE]
        return not any(_is_centre(self._states(str(zone)), place) for zone in zones)

    def _is_forced(self, old: State | None, state: State) -> bool:
        """Return whether a state is told as a change though it is the same.

        A tracker's always is, so that it says something of those that are told by their
        integration alone.
        """
        return self.manner is not Manner.POLLS and super()._is_forced(old, state)

    def _told_by(self, state: State, at: float) -> Told | None:
        """Return when someone was there, None where the state does not tell."""
        for name in MEASURED:
            if (measured_at := moment(state.attributes.get(name), at)) is not None:
                return Told(measured_at)
        return super()._told_by(state, at)


def _is_centre(zone: State | None, place: tuple[float, float]) -> bool:
    """Return whether a place is that of a zone, to the last digit."""
    return zone is not None and place == (
        zone.attributes.get(ATTR_LATITUDE),
        zone.attributes.get(ATTR_LONGITUDE),
    )
