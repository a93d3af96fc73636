"""A reading as Open Wearables takes it, and as it tells it again.

Source: https://openwearables.io/docs, "Sync SDK data" and "Get timeseries"
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2s
from typing import Any, NamedTuple

from ...reading import Reading, Source, now_us, to_us
from ..text import device_name, tidy
from .kinds import KINDS, Kind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PROVIDER = "samsung"
"""Whose records ours look like: with `google` the server tries to pull, `apple` outranks others."""

MAX_MODEL = 100
"""Characters of a model: a longer one loses the whole batch."""

MAX_NAME = 64
"""Characters of a source's name: a longer one loses a batch of workouts, one over 100 any."""

MAX_VALUE = 9_999_999.0
"""A value of ten million loses the whole batch."""

DECIMALS = 3
"""How precisely the server stores a value."""

UNKNOWN_MODEL = "Home Assistant"


class Sample(NamedTuple):
    """What is compared of a value that was read back."""

    series: str
    started_at: int
    """Microseconds since the Unix epoch, UTC."""
    value: float
    words: frozenset[str]
    """What the server tells of the source, the name among it or not."""


class Key(NamedTuple):
    """What a record has in common with those that it overwrites."""

    series: str
    model: str
    source: str
    started_at: int


class Record(NamedTuple):
    """A reading, and how it is stored."""

    reading: Reading
    kind: Kind
    key: Key
    value: float
    """As it is stored."""

    def as_json(self, time_zone: tzinfo) -> dict[str, Any]:
        """Return it as the server takes it, which drops without a word what is not so.

        Times are in UTC. The wearer's offset beside them is what the server cuts days by.
        """
        source = self.reading.source
        identity = f"{source.id} {self.kind.type} {self.key.started_at}"
        return {
            "id": blake2s(identity.encode(errors="replace")).hexdigest(),
            "type": self.kind.type,
            "startDate": date(self.key.started_at),
            "endDate": date(self.reading.measured_at),
            "zoneOffset": zone_offset(self.key.started_at, time_zone),
            "source": {"name": self.key.source, "deviceModel": self.key.model},
            "value": self.value / self.kind.factor,
            "unit": self.kind.unit,
        }


def records_of(readings: Iterable[Reading]) -> list[Record]:
    """Return the records of readings by their time.

    Of those that overwrite each other there is only the last.
    """
    names: dict[tuple[Source, str], tuple[str, str]] = {}
    records: dict[Key, Record] = {}
    for reading in readings:
        kind = KINDS[reading.metric]
        named = (reading.source, kind.apart)
        if (known := names.get(named)) is None:
            known = names[named] = names_of(*named)
        key = Key(kind.series, *known, reading.started_at)
        records[key] = Record(reading, kind, key, round(reading.value, DECIMALS))
    return sorted(records.values(), key=by_time)


def by_time(record: Record) -> int:
    """Return when what a record tells began."""
    return record.key.started_at


def names_of(source: Source, apart: str = "") -> tuple[str, str]:
    """Return the model and the name of a source, with what is put behind both.

    Of a day's activity the server shows the model that is first by the alphabet, which is
    never the one with anything behind it.
    """
    model = tidy(source.device.model, MAX_MODEL - len(apart)) or UNKNOWN_MODEL
    return model + apart, device_name(source, MAX_NAME - len(apart)) + apart


def batch_of(
    records: Sequence[Record], time_zone: tzinfo, provider: str = PROVIDER
) -> dict[str, Any]:
    """Return the body of a request, of which no part may be missing."""
    return {
        "provider": provider,
        "sdkVersion": "1.0.0",
        "syncTimestamp": date(now_us()),
        "data": {"records": [record.as_json(time_zone) for record in records]},
    }


def absent(
    records: Sequence[Record], samples: Sequence[Sample], *, by_name: bool
) -> list[Record]:
    """Return the records that are not among samples.

    By name it is certain that a sample is not another device's. Otherwise there must be
    as many samples of a time and a value as there are records.
    """
    if by_name:
        named = {
            (series, started_at, value, word)
            for series, started_at, value, words in samples
            for word in words
        }
        return [
            record
            for record in records
            if (*_as_sample(record), record.key.source) not in named
        ]
    left = Counter(sample[:3] for sample in samples)
    missing = []
    for record in records:
        left[_as_sample(record)] -= 1
        if left[_as_sample(record)] < 0:
            missing.append(record)
    return missing


def _as_sample(record: Record) -> tuple[str, int, float]:
    """Return what a record and its sample have in common, but for the name."""
    return record.kind.series, record.key.started_at, record.value


def sample_of(data: Any) -> Sample | None:
    """Return what was read back, None where that makes no sense."""
    try:
        moment = datetime.fromisoformat(data["timestamp"])
        seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
        value = round(float(data["value"]), DECIMALS)
        source = data.get("source") or {}
        words = frozenset(word for word in source.values() if isinstance(word, str))
        series = str(data["type"])
    except ArithmeticError, AttributeError, LookupError, TypeError, ValueError:
        return None
    return Sample(series, to_us(seconds), value, words)


def date(us: int) -> str:
    """Return microseconds since the Unix epoch as a date in UTC."""
    return f"{_moment(us).isoformat(timespec='microseconds')[:26]}Z"


def end_after(us: int) -> str:
    """Return the end of a question that is to include a time.

    It is never midnight: the server takes that for the whole day that begins then.
    """
    end = date(us + 1)
    return date(us + 2) if end.endswith("T00:00:00.000000Z") else end


def zone_offset(us: int, time_zone: tzinfo) -> str:
    """Return how far a time zone was from UTC at a time, as `±HH:MM`."""
    return _moment(us).astimezone(time_zone).isoformat(timespec="seconds")[19:25]


def _moment(us: int) -> datetime:
    """Return a time in microseconds since the Unix epoch."""
    return EPOCH + timedelta(microseconds=us)
