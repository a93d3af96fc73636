"""A workout as Open Wearables takes it, and as it tells it again.

It is stored once for a source, a begin and an end, and can never be corrected.
Source: https://openwearables.io/docs, "Sync SDK data" and "List workouts"
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2s
import json
from types import MappingProxyType
from typing import Any, NamedTuple

from ...metrics import WORKOUT
from ...reading import Reading, now_us, to_us
from .records import PROVIDER, date, names_of, zone_offset

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "cycling": "CYCLING",
        "cycling_indoor": "CYCLING_STATIONARY",
        "elliptical": "ELLIPTICAL",
        "hiit": "HIIT",
        "rowing": "ROWING_MACHINE",
        "running": "RUNNING",
        "strength": "STRENGTH_TRAINING",
        "treadmill": "RUNNING_TREADMILL",
        "walking": "WALKING",
        "yoga": "YOGA",
    }
)
"""What the server calls each kind of workout; all else is OTHER."""


class Value(NamedTuple):
    """What the server calls a part of the summary."""

    type: str
    unit: str
    is_whole: bool = False
    """Whether a fraction loses the whole batch."""


VALUES: Mapping[str, Value] = MappingProxyType(
    {
        # The server adds all energies up: there must be one
        "energy": Value("calories", "kcal"),
        "distance": Value("distance", "m"),
        "average_heart_rate": Value("meanHeartRate", "bpm"),
        "lowest_heart_rate": Value("minHeartRate", "bpm", is_whole=True),
        "highest_heart_rate": Value("maxHeartRate", "bpm", is_whole=True),
        "average_speed": Value("meanSpeed", "m/s"),
        "highest_speed": Value("maxSpeed", "m/s"),
        "average_power": Value("averageRunningPower", "W"),
    }
)
"""What it understands. A cadence would become a measurement of its own at the end."""

DAY = timedelta(days=1)

MAX_PAGE = 100


class Span(NamedTuple):
    """What a workout is known by when it is read back."""

    begin: int
    """Microseconds since the Unix epoch, UTC."""
    end: int


def span_of(reading: Reading) -> Span:
    """Return what a workout is known by."""
    return Span(reading.started_at, reading.measured_at)


def parted(readings: Sequence[Reading]) -> tuple[list[Reading], list[Reading]]:
    """Return the workouts among readings, and all others."""
    workouts = [reading for reading in readings if reading.metric is WORKOUT]
    others = [reading for reading in readings if reading.metric is not WORKOUT]
    return workouts, others


def batch_with(
    workouts: Sequence[Reading], time_zone: tzinfo, provider: str = PROVIDER
) -> dict[str, Any]:
    """Return the body of a request, of which no part may be missing."""
    return {
        "provider": provider,
        "sdkVersion": "1.0.0",
        "syncTimestamp": date(now_us()),
        "data": {
            "records": [],
            "workouts": [_as_json(workout, time_zone) for workout in workouts],
        },
    }


def query_for(workouts: Sequence[Reading]) -> dict[str, str | int]:
    """Return the question what workouts there are about that time."""
    first = min(workout.started_at for workout in workouts)
    last = max(workout.measured_at for workout in workouts)
    margin = DAY // timedelta(microseconds=1)
    return {
        "start_date": date(first - margin),
        "end_date": date(last + margin),
        "limit": MAX_PAGE,
    }


def span_told(data: Any) -> Span | None:
    """Return what a workout is known by that was read back, None where it makes no sense."""
    try:
        return Span(_us(data["start_time"]), _us(data["end_time"]))
    except ArithmeticError, LookupError, TypeError, ValueError:
        return None


def _us(told: str) -> int:
    """Return a time that the server tells. Raises ValueError."""
    moment = datetime.fromisoformat(told)
    return to_us(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


def _as_json(workout: Reading, time_zone: tzinfo) -> dict[str, Any]:
    """Return a workout as the server takes it."""
    model, name = names_of(workout.source)
    said = json.loads(workout.source.said or "{}")
    span = span_of(workout)
    identity = f"{workout.source.id} workout {span.begin}"
    return {
        "id": blake2s(identity.encode(errors="replace")).hexdigest(),
        "type": TYPES.get(said.get("sport", ""), "OTHER"),
        "startDate": date(span.begin),
        "endDate": date(span.end),
        "zoneOffset": zone_offset(span.begin, time_zone),
        "source": {"name": name, "deviceModel": model},
        "values": [
            {"type": "duration", "unit": "ms", "value": round(1000 * workout.value)},
            *(
                {
                    "type": value.type,
                    "unit": value.unit,
                    "value": round(said[key]) if value.is_whole else said[key],
                }
                for key, value in VALUES.items()
                if isinstance(said.get(key), int | float)
            ),
        ],
    }
