"""What Open Wearables makes of a batch when it imports it, and what it loses.

As measured on the snapshot of 2026-08-07: a batch is lost as a whole, or records are dropped
from it, without a word to whoever sent it. Releases refuse some of that before they queue it.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
import math
import re
from types import MappingProxyType
from typing import Any, NamedTuple

MAX_TEXT = 100
MAX_VALUE = 1e7
DECIMALS = 3

ZONE_OFFSET = re.compile(r"[+-]\d{2}:\d{2}|Z")

ENVELOPE = ("provider", "sdkVersion", "syncTimestamp", "data")


class Series(NamedTuple):
    """How a type of record is read back."""

    name: str
    unit: str
    factor: int = 1
    """What a value is multiplied by, whatever unit it came in."""


METRES_TO_CM = 100
MMOL_TO_MG = 18.0182

SERIES: Mapping[str, Series] = MappingProxyType(
    {
        "HEART_RATE": Series("heart_rate", "bpm"),
        "RESTING_HEART_RATE": Series("resting_heart_rate", "bpm"),
        "HEART_RATE_VARIABILITY": Series("heart_rate_variability_rmssd", "ms"),
        "HKQuantityTypeIdentifierHeartRateVariabilitySDNN": Series(
            "heart_rate_variability_sdnn", "ms"
        ),
        "OXYGEN_SATURATION": Series("oxygen_saturation", "percent"),
        "RESPIRATORY_RATE": Series("respiratory_rate", "brpm"),
        "BLOOD_GLUCOSE": Series("blood_glucose", "mg_dl"),
        "BLOOD_PRESSURE_SYSTOLIC": Series("blood_pressure_systolic", "mmHg"),
        "BLOOD_PRESSURE_DIASTOLIC": Series("blood_pressure_diastolic", "mmHg"),
        "WEIGHT": Series("weight", "kg"),
        "LEAN_BODY_MASS": Series("lean_body_mass", "kg"),
        "SKELETAL_MUSCLE_MASS": Series("skeletal_muscle_mass", "kg"),
        "BODY_FAT_MASS": Series("body_fat_mass", "kg"),
        "BODY_FAT": Series("body_fat_percentage", "percent"),
        "HEIGHT": Series("height", "cm", METRES_TO_CM),
        "BMI": Series("body_mass_index", "kg_m2"),
        "BODY_TEMPERATURE": Series("body_temperature", "celsius"),
        "VO2_MAX": Series("vo2_max", "ml_kg_min"),
        "STEP_COUNT": Series("steps", "count"),
        "FLOORS_CLIMBED": Series("flights_climbed", "count"),
        "ACTIVE_CALORIES_BURNED": Series("energy", "kcal"),
        "TOTAL_CALORIES_BURNED": Series("energy", "kcal"),
        "DISTANCE": Series("distance_walking_running", "meters"),
        "HKQuantityTypeIdentifierDistanceCycling": Series("distance_cycling", "meters"),
        "POWER": Series("power", "watts"),
        "SPEED": Series("speed", "m_per_s"),
        "CYCLING_PEDALING_CADENCE": Series("cadence", "rpm"),
        "HYDRATION": Series("hydration", "mL"),
    }
)
"""What its map holds of what a relay may send: anything else is dropped without a word."""


class Key(NamedTuple):
    """What records that overwrite each other have in common."""

    user_id: str
    provider: str
    model: str
    source: str
    series: str
    start: int
    """Microseconds since the Unix epoch, UTC."""


class Stored(NamedTuple):
    """What is stored of a record."""

    key: Key
    type: str
    """Of the record, by which no two are told apart that are of one series."""
    end: int
    """Microseconds since the Unix epoch, UTC."""
    value: float
    zone_offset: str | None = None


class BatchLostError(Exception):
    """Nothing of a batch is imported."""


class _RecordDroppedError(Exception):
    """A record is left out."""


def imported(user_id: str, batch: Any) -> Iterator[Stored]:
    """Yield what is stored of a batch. Raises BatchLostError before anything is."""
    if not all(key in batch for key in ENVELOPE):
        raise BatchLostError("a part of the batch is missing")
    try:
        _us(batch["syncTimestamp"])
    except _RecordDroppedError as err:
        raise BatchLostError("syncTimestamp") from err
    records = batch["data"].get("records") if isinstance(batch["data"], dict) else None
    if not isinstance(records, list):
        raise BatchLostError("records is no list")
    for record in records:
        _see_bearable(record)
    for record in records:
        try:
            stored = _stored(user_id, batch["provider"], record)
        except _RecordDroppedError:
            continue
        if stored:
            yield stored


def objection(batch: Mapping[str, Any]) -> str | None:
    """Return what a release says to a batch before it queues it, None where it takes it."""
    if any(batch.get(key) is None for key in ENVELOPE[:-1]):
        return "Field required"
    data = batch.get("data", {})
    records = data.get("records", []) if isinstance(data, dict) else None
    if not isinstance(records, list):
        return "Input should be a valid list"
    try:
        _us(batch["syncTimestamp"])
        for record in records:
            _stored("", batch["provider"], record)
    except _RecordDroppedError:
        return "Input should be valid"
    return None


def _see_bearable(record: Any) -> None:
    """See that a record does not lose its whole batch."""
    if not isinstance(record, dict):
        return
    offset, value = record.get("zoneOffset"), record.get("value")
    if offset is not None and not ZONE_OFFSET.fullmatch(str(offset)):
        raise BatchLostError("zoneOffset")
    series = SERIES.get(str(record.get("type")))
    factor = series.factor if series else 1
    if isinstance(value, int | float) and abs(value * factor) >= MAX_VALUE:
        raise BatchLostError("value")
    source = record.get("source") or {}
    for text in (record.get("id"), source.get("deviceModel"), _name(source)):
        if text and len(text) > MAX_TEXT:
            raise BatchLostError("a text is too long")
    if any("\0" in str(text) for text in (*record.values(), *source.values())):
        raise BatchLostError("NUL")


def _stored(user_id: str, provider: str, record: Any) -> Stored | None:
    """Return what is stored of a record, None where its type is not understood."""
    if not isinstance(record, dict) or "unit" not in record:
        raise _RecordDroppedError
    value = record.get("value")
    if not isinstance(value, int | float) or math.isnan(value):
        raise _RecordDroppedError
    start, end = _us(record.get("startDate")), _us(record.get("endDate"))
    type_ = str(record.get("type"))
    if (series := SERIES.get(type_)) is None:
        return None
    source = record.get("source") or {}
    model = source.get("deviceModel") or ""
    key = Key(user_id, provider, model, _name(source), series.name, start)
    value = round(_converted(record, series), DECIMALS)
    return Stored(key, type_, end, value, record.get("zoneOffset"))


def _converted(record: Mapping[str, Any], series: Series) -> float:
    """Return a value as it is stored, which looks at the unit in one case alone."""
    value = float(record["value"]) * series.factor
    is_molar = str(record["unit"]).lower().startswith("mmol")
    return value * MMOL_TO_MG if is_molar and series.name == "blood_glucose" else value


def _name(source: Mapping[str, str]) -> str:
    """Return the one name that is stored of a source."""
    keys = ("name", "deviceName", "appId", "bundleIdentifier")
    return next((name for key in keys if (name := source.get(key))), "")


def _us(date: Any) -> int:
    """Return a date in microseconds since the Unix epoch."""
    try:
        moment = datetime.fromisoformat(date)
    except (TypeError, ValueError) as err:
        raise _RecordDroppedError from err
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1_000_000)
