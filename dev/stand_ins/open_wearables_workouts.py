"""What Open Wearables makes of workouts when it imports them, and how it tells them again."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .open_wearables_import import ZONE_OFFSET, BatchLostError

MAX_NAME = 64

WHOLE = ("minHeartRate", "maxHeartRate", "stepCount")
"""Fields that are integers in its database, of which a fraction loses the batch."""

CALORIES = (
    "activeEnergyBurned",
    "basalEnergyBurned",
    "calories",
    "totalCalories",
)
"""What it adds up."""

TYPES = frozenset(
    {
        *("CYCLING", "CYCLING_STATIONARY", "ELLIPTICAL", "HIIT", "ROWING_MACHINE"),
        *("RUNNING", "RUNNING_TREADMILL", "STRENGTH_TRAINING", "WALKING", "YOGA"),
    }
)
"""What we send of all that it knows."""


class WorkoutKey(NamedTuple):
    """What there is one workout of, which is never corrected."""

    user_id: str
    source: str
    begin: int
    end: int


class StoredWorkout(NamedTuple):
    """A workout as it is stored."""

    key: WorkoutKey
    type: str
    zone_offset: str | None
    values: Mapping[str, float]


def workouts_of(user_id: str, batch: Any) -> Iterator[StoredWorkout]:
    """Yield what is stored of the workouts of a batch. Raises BatchLostError."""
    workouts = batch["data"].get("workouts", [])
    if not isinstance(workouts, list):
        raise BatchLostError("workouts is no list")
    for workout in workouts:
        yield _stored(user_id, workout)


def page_of_workouts(stored: Iterable[StoredWorkout]) -> dict[str, Any]:
    """Return workouts as they are read back."""
    return {
        "data": [
            {
                "id": "00000000-0000-4000-8000-000000000000",
                "type": one.type.lower(),
                "start_time": _iso(one.key.begin),
                "end_time": _iso(one.key.end),
                "duration_seconds": int(one.values.get("duration", 0) / 1000),
                "source": {"provider": "samsung"},
                "calories_kcal": sum(one.values.get(key, 0) for key in CALORIES),
                "avg_heart_rate_bpm": int(one.values.get("meanHeartRate", 0)),
            }
            for one in stored
        ],
        "pagination": {"next_cursor": None},
    }


def _stored(user_id: str, workout: Any) -> StoredWorkout:
    """Return what is stored of a workout. Raises BatchLostError."""
    try:
        begin, end = _us(workout["startDate"]), _us(workout["endDate"])
        source = workout["source"]["name"]
        values = {each["type"]: each["value"] for each in workout["values"]}
        units = [each["unit"] for each in workout["values"]]
        offset = workout.get("zoneOffset")
        kind = workout["type"]
    except (LookupError, TypeError, ValueError) as err:
        raise BatchLostError("a part of a workout is missing") from err
    if len(source) > MAX_NAME or not all(isinstance(unit, str) for unit in units):
        raise BatchLostError("a text of a workout")
    if offset is not None and not ZONE_OFFSET.fullmatch(offset):
        raise BatchLostError("zoneOffset")
    if any(values.get(key, 0) % 1 for key in WHOLE):
        raise BatchLostError("a fraction where there is an integer")
    key = WorkoutKey(user_id, source, begin, end)
    return StoredWorkout(key, kind if kind in TYPES else "OTHER", offset, values)


def _us(date: str) -> int:
    """Return a date in microseconds since the Unix epoch. Raises ValueError."""
    moment = datetime.fromisoformat(date)
    return round(moment.timestamp() * 1_000_000)


def _iso(us: int) -> str:
    """Return a time as it is told."""
    moment = datetime.fromtimestamp(us / 1_000_000, UTC)
    return moment.isoformat().replace("+00:00", "Z")
