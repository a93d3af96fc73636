"""A reading as Open Wearables takes it, and as it tells it again.

Source: https://openwearables.io/docs, "Sync SDK data" and "Get timeseries"
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2s
import time
from types import MappingProxyType
from typing import Any, NamedTuple

from ...reading import Metric, Reading
from ..text import device_name, tidy

PROVIDER = "samsung"
"""Whose records ours look like: with `google` the server tries to pull, `apple` outranks others."""

MAX_NAME = 100
"""Characters of a name: a longer one loses the whole batch."""

MAX_VALUE = 9_999_999.0
"""A value of ten million loses the whole batch."""

DECIMALS = 3
"""How precisely the server stores a value."""

UNKNOWN_MODEL = "Home Assistant"


class Kind(NamedTuple):
    """What the server calls a metric."""

    type: str
    """In a record."""
    series: str
    """When it is read."""
    unit: str


KINDS: Mapping[Metric, Kind] = MappingProxyType(
    {
        Metric.HEART_RATE: Kind("HEART_RATE", "heart_rate", "bpm"),
        Metric.RESTING_HEART_RATE: Kind(
            "RESTING_HEART_RATE", "resting_heart_rate", "bpm"
        ),
        Metric.HEART_RATE_VARIABILITY: Kind(
            "HEART_RATE_VARIABILITY", "heart_rate_variability_rmssd", "ms"
        ),
        Metric.HEART_RATE_VARIABILITY_SDNN: Kind(
            "HKQuantityTypeIdentifierHeartRateVariabilitySDNN",
            "heart_rate_variability_sdnn",
            "ms",
        ),
        Metric.STEPS: Kind("STEP_COUNT", "steps", "count"),
    }
)


class Sample(NamedTuple):
    """What is compared of a value that was read back."""

    started_at: int
    """Milliseconds since the Unix epoch, UTC."""
    value: float
    words: frozenset[str]
    """What the server tells of the source, the name among it or not."""


class Key(NamedTuple):
    """What a record has in common with those that it overwrites."""

    type: str
    model: str
    source: str
    started_at: int


class Record(NamedTuple):
    """A reading, and how it is stored."""

    reading: Reading
    kind: Kind
    key: Key
    value: float

    def as_json(self) -> dict[str, Any]:
        """Return it as the server takes it, which drops without a word what is not so."""
        source = self.reading.source
        identity = f"{source.id} {self.key.type} {self.key.started_at}"
        return {
            "id": blake2s(identity.encode(errors="replace")).hexdigest(),
            "type": self.key.type,
            "startDate": date(self.key.started_at),
            "endDate": date(self.reading.measured_at),
            "zoneOffset": "+00:00",
            "source": {"name": self.key.source, "deviceModel": self.key.model},
            "value": self.value,
            "unit": self.kind.unit,
        }


def records_of(readings: Iterable[Reading]) -> list[Record]:
    """Return the records of readings; of those that overwrite each other only the last."""
    return list({record.key: record for record in map(_record, readings)}.values())


def _record(reading: Reading) -> Record:
    """Return the record of a reading."""
    kind = KINDS[reading.metric]
    source = reading.source
    model = tidy(source.device.model, MAX_NAME) or UNKNOWN_MODEL
    key = Key(kind.type, model, device_name(source, MAX_NAME), reading.started_at)
    return Record(reading, kind, key, round(reading.value, DECIMALS))


def batch_of(records: Sequence[Record]) -> dict[str, Any]:
    """Return the body of a request, of which no part may be missing."""
    return {
        "provider": PROVIDER,
        "sdkVersion": "1.0.0",
        "syncTimestamp": date(time.time_ns() // 1_000_000),
        "data": {"records": [record.as_json() for record in records]},
    }


def absent(
    records: Sequence[Record], samples: Sequence[Sample], *, by_name: bool
) -> list[Record]:
    """Return the records that are not among the samples of their series.

    By name it is certain that a sample is not another device's. Otherwise there must be
    as many samples of a time and a value as there are records.
    """
    if by_name:
        named = {
            (started_at, value, word)
            for started_at, value, words in samples
            for word in words
        }
        return [
            record
            for record in records
            if (record.key.started_at, record.value, record.key.source) not in named
        ]
    left = Counter((started_at, value) for started_at, value, _ in samples)
    missing = []
    for record in records:
        left[record.key.started_at, record.value] -= 1
        if left[record.key.started_at, record.value] < 0:
            missing.append(record)
    return missing


def sample_of(data: Any) -> Sample | None:
    """Return what was read back, None where that makes no sense."""
    try:
        moment = datetime.fromisoformat(data["timestamp"])
        seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
        value = round(float(data["value"]), DECIMALS)
        source = data.get("source") or {}
        words = frozenset(word for word in source.values() if isinstance(word, str))
    except ArithmeticError, AttributeError, LookupError, TypeError, ValueError:
        return None
    return Sample(round(seconds * 1000), value, words)


def date(ms: int) -> str:
    """Return milliseconds since the Unix epoch as a date in UTC."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"
