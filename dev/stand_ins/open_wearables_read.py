"""How Open Wearables tells what it has imported."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .open_wearables_import import SERIES, Stored

MAX_PAGE = 100

DAY = 24 * 60 * 60 * 1_000_000


def page_of(
    stored: Iterable[Stored], query: Any, *, source_key: str | None
) -> Mapping[str, object]:
    """Return a page of samples. Raises LookupError and ValueError for a bad question.

    The name of a source is told by that key, which releases differ in, or not at all.
    """
    start, end = (
        _us(datetime.fromisoformat(query[key])) for key in ("start_time", "end_time")
    )
    limit, skipped = int(query.get("limit", 50)), int(query.get("cursor", 0))
    types = set(query.getall("types", []))
    names = {series.name for series in SERIES.values()}
    if not types <= names or not 1 <= limit <= MAX_PAGE:
        raise ValueError("the query makes no sense")
    if end % DAY == 0:
        # So it takes a date without a time, and cannot tell that from a midnight
        end += DAY
    found = [
        each
        for each in stored
        if start <= each.key.start < end and each.key.series in (types or names)
    ]
    found.sort(key=lambda each: each.key.start)
    more = len(found) > skipped + limit
    return {
        "data": [
            _sample(each, source_key) for each in found[skipped : skipped + limit]
        ],
        "pagination": {
            "has_more": more,
            "next_cursor": str(skipped + limit) if more else None,
            "total_count": len(found),
        },
    }


def steps_by_day(stored: Iterable[Stored]) -> Mapping[str, float]:
    """Return how many steps each day had, as the server's summary counts them."""
    days: defaultdict[str, float] = defaultdict(float)
    for each in stored:
        if each.key.series == "steps":
            moment = datetime.fromtimestamp(each.key.start / 1_000_000, UTC)
            days[f"{moment + _offset(each.zone_offset):%Y-%m-%d}"] += each.value
    return dict(days)


def _offset(zone_offset: str | None) -> timedelta:
    """Return what is added to a time in UTC."""
    offset = datetime.strptime((zone_offset or "Z"), "%z").utcoffset()
    assert offset is not None
    return offset


def _sample(stored: Stored, source_key: str | None) -> Mapping[str, object]:
    """Return what was imported as it is read back."""
    key, series = stored.key, SERIES[stored.type]
    moment = datetime.fromtimestamp(key.start / 1_000_000, UTC)
    source = {"provider": key.provider, "device": key.model}
    return {
        "timestamp": moment.isoformat().replace("+00:00", "Z"),
        "zone_offset": stored.zone_offset,
        "type": series.name,
        "value": stored.value,
        "unit": series.unit,
        "source": source | ({source_key: key.source} if source_key else {}),
    }


def _us(moment: datetime) -> int:
    """Return a time in microseconds since the Unix epoch."""
    return round(moment.timestamp() * 1_000_000)
