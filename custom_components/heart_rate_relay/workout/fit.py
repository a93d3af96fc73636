"""A workout as a file of the Flexible and Interoperable Data Transfer protocol.

Needs a library that is installed only where such a file is wanted: see export.py. What a message
has to have, and in which order, is of Garmin's "Encoding FIT Activity Files".
"""

from collections.abc import Sequence
from datetime import timedelta

from fit_tool.data_message import DataMessage
from fit_tool.definition_message import DefinitionMessage
from fit_tool.fit_file_header import FitFileHeader
from fit_tool.profile.messages.activity_message import ActivityMessage
from fit_tool.profile.messages.event_message import EventMessage
from fit_tool.profile.messages.file_id_message import FileIdMessage
from fit_tool.profile.messages.lap_message import LapMessage
from fit_tool.profile.messages.record_message import RecordMessage
from fit_tool.profile.messages.session_message import SessionMessage
from fit_tool.profile.profile_type import (
    Activity,
    Event,
    EventType,
    FileType,
    LapTrigger,
    Manufacturer,
    SessionTrigger,
    Sport as Kind,
    SubSport,
)
from fit_tool.record import Record
from fit_tool.utils.crc import crc16

from ..reading import SECOND
from . import sample
from .sport import Sport
from .summary import Summary
from .tcx import WAY, Track

KINDS = {
    Sport.CYCLING: (Kind.CYCLING, SubSport.GENERIC),
    Sport.CYCLING_INDOOR: (Kind.CYCLING, SubSport.INDOOR_CYCLING),
    Sport.ELLIPTICAL: (Kind.FITNESS_EQUIPMENT, SubSport.ELLIPTICAL),
    Sport.HIIT: (Kind.HIIT, SubSport.GENERIC),
    Sport.OTHER: (Kind.GENERIC, SubSport.GENERIC),
    Sport.ROWING: (Kind.ROWING, SubSport.GENERIC),
    Sport.RUNNING: (Kind.RUNNING, SubSport.GENERIC),
    Sport.STRENGTH: (Kind.TRAINING, SubSport.STRENGTH_TRAINING),
    Sport.TREADMILL: (Kind.RUNNING, SubSport.TREADMILL),
    Sport.WALKING: (Kind.WALKING, SubSport.GENERIC),
    Sport.YOGA: (Kind.TRAINING, SubSport.YOGA),
}

FIELDS = {
    sample.HEART_RATE: "heart_rate",
    sample.SPEED: "enhanced_speed",
    sample.POWER: "power",
    sample.CADENCE: "cadence",
    sample.ALTITUDE: "enhanced_altitude",
    sample.LATITUDE: "position_lat",
    sample.LONGITUDE: "position_long",
    WAY: "distance",
}
"""What the protocol calls what is measured, in the same units."""

MAX_BYTE = 254
MAX_SHORT = 65534
"""The largest numbers: one more says that there is none."""

MILLISECOND = 1000
"""In microseconds: times are told in milliseconds to the library."""

EPOCH = 631_065_600
"""When the protocol's time begins, in seconds since the Unix epoch: 1989-12-31 in UTC."""


def to_fit(summary: Summary, tracks: Sequence[Track], offset: timedelta) -> bytes:
    """Return a workout as a file, with what a clock on the wall is ahead of UTC by."""
    file = _File()
    file_id = FileIdMessage()
    file_id.type = FileType.ACTIVITY
    file_id.manufacturer = Manufacturer.DEVELOPMENT.value
    file_id.product = 0
    file_id.time_created = _time(summary.begin)
    file.add(file_id)
    file.add(_timer(summary.begin, EventType.START))
    paused = 0.0
    for before, track in zip([None, *tracks], tracks, strict=False):
        if before:
            stop, start = before[-1][0], track[0][0]
            file.add(_timer(stop, EventType.STOP_ALL))
            file.add(_timer(start, EventType.START))
            paused += (start - stop) / SECOND
        file.add_track(track)
    file.add(_timer(summary.end, EventType.STOP_ALL))
    lap, session = LapMessage(), SessionMessage()
    for message in (lap, session):
        _fill(message, summary, summary.duration - paused)
    lap.event, lap.event_type = Event.LAP, EventType.STOP
    lap.lap_trigger = LapTrigger.SESSION_END
    session.event, session.event_type = Event.SESSION, EventType.STOP
    session.trigger = SessionTrigger.ACTIVITY_END
    session.first_lap_index, session.num_laps = 0, 1
    file.add(lap)
    file.add(session)
    activity = ActivityMessage()
    activity.timestamp = _time(summary.end)
    activity.local_timestamp = _local_time(summary.end, offset)
    activity.total_timer_time = summary.duration - paused
    activity.num_sessions = 1
    activity.type = Activity.MANUAL
    activity.event, activity.event_type = Event.ACTIVITY, EventType.STOP
    file.add(activity)
    return file.whole()


class _File:
    """A file as it grows."""

    def __init__(self) -> None:
        """Begin a file."""
        self._content = bytearray()
        self._records: dict[frozenset[str], RecordMessage] = {}

    def add(self, message: DataMessage) -> None:
        """Add a message, with what defines it."""
        self._define(message)
        self._content += Record.from_message(message).to_bytes()

    def add_track(self, track: Track) -> None:
        """Add what was measured in each second.

        Messages that say the same of other seconds are one: to make one takes a millisecond.
        """
        defined: RecordMessage | None = None
        for at, point in track:
            keys = frozenset(point)
            record = self._records.setdefault(keys, RecordMessage())
            record.timestamp = _time(at)
            for key, value in point.items():
                setattr(record, FIELDS[key], _bounded(key, value))
            if record is not defined:
                self._define(record)
                defined = record
            self._content += Record.from_message(record).to_bytes()

    def whole(self) -> bytes:
        """Return the file."""
        file = self._header() + bytes(self._content)
        return file + int(crc16(file)).to_bytes(2, "little")

    def _header(self) -> bytes:
        """Return what the file begins with."""
        size = len(self._content)
        return bytes(FitFileHeader(records_size=size, gen_crc=True).to_bytes())

    def _define(self, message: DataMessage) -> None:
        """Say what the next messages consist of."""
        definition = DefinitionMessage.from_data_message(message)
        message.set_definition_message(definition)
        self._content += Record.from_message(definition).to_bytes()


def _fill(message: LapMessage | SessionMessage, summary: Summary, timed: float) -> None:
    """Say what a workout came to."""
    message.message_index = 0
    message.timestamp = _time(summary.end)
    message.start_time = _time(summary.begin)
    message.total_elapsed_time = summary.duration
    message.total_timer_time = timed
    message.sport, message.sub_sport = KINDS[summary.sport]
    if summary.energy is not None:
        message.total_calories = min(round(summary.energy), MAX_SHORT)
    if summary.average_heart_rate is not None:
        message.avg_heart_rate = min(round(summary.average_heart_rate), MAX_BYTE)
    if summary.highest_heart_rate is not None:
        message.max_heart_rate = min(round(summary.highest_heart_rate), MAX_BYTE)
    if summary.distance is not None:
        message.total_distance = summary.distance
    if summary.average_speed is not None:
        message.enhanced_avg_speed = summary.average_speed
    if summary.highest_speed is not None:
        message.enhanced_max_speed = summary.highest_speed
    if summary.average_power is not None:
        message.avg_power = min(max(round(summary.average_power), 0), MAX_SHORT)
    if summary.average_cadence is not None:
        message.avg_cadence = min(round(summary.average_cadence), MAX_BYTE)


def _timer(at: int, what: EventType) -> EventMessage:
    """Return that the clock of a workout was started or stopped."""
    message = EventMessage()
    message.timestamp = _time(at)
    message.event, message.event_type = Event.TIMER, what
    return message


def _bounded(key: str, value: float) -> float:
    """Return what was measured as the protocol can tell it."""
    match key:
        case sample.HEART_RATE | sample.CADENCE:
            return min(round(value), MAX_BYTE)
        case sample.POWER:
            return min(round(value), MAX_SHORT)
    return value


def _time(at: int) -> int:
    """Return a time (µs) as the library wants it, without the part of a second."""
    return at // SECOND * SECOND // MILLISECOND


def _local_time(at: int, offset: timedelta) -> int:
    """Return what a clock on the wall shows at a time (µs), as the protocol counts it."""
    return at // SECOND - EPOCH + round(offset.total_seconds())
