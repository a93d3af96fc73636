"""What a database of one's own calls the metrics: a measurement and a field each."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from ...metrics import HEART_RATE, METRICS, Kind, Metric
from ..errors import DestinationError
from .line_protocol import RESERVED_KEYS, clean, parse_tags

DEFAULT_MEASUREMENT = "heart_rate"
DEFAULT_FIELD = "bpm"
"""Of a heart rate. Any other metric is called by its key."""

VALUE_FIELD = "value"
"""Where a measurement holds nothing but one metric."""

POSITION_MEASUREMENT = "position"
"""What says where someone is is of no use apart."""

WORKOUT_PLACE = ("workout", "duration")
"""A workout is one point, with a field for each part of its summary."""


class Layout(StrEnum):
    """How the metrics are spread over measurements."""

    ONE = "one"
    """A field each, in one measurement."""
    EACH = "each"
    """A measurement each."""


class Place(NamedTuple):
    """Where the readings of a metric go."""

    measurement: str
    field: str


class Naming:
    """The names of a form's section."""

    def __init__(self, naming: Mapping[str, Any]) -> None:
        """Initialize the names. Raises DestinationError for some that cannot be."""
        measurement = clean(naming.get("measurement") or DEFAULT_MEASUREMENT)
        field = clean(naming.get("field") or DEFAULT_FIELD)
        # A comment, and lost without a word
        if not measurement or measurement.startswith("#") or not _is_field(field):
            raise DestinationError("invalid_names")
        self.heart_rate = Place(measurement, field)
        self.tags = parse_tags(naming.get("tags", ()))
        self._layout = Layout(naming.get("layout", Layout.ONE))
        self._fields = {
            HEART_RATE.key: field,
            **_parse_fields(naming.get("fields", ())),
        }

    def place_of(self, metric: Metric) -> Place:
        """Return where the readings of a metric go."""
        if metric.kind is Kind.WORKOUT:
            return Place(*WORKOUT_PLACE)
        measurement, key = self.heart_rate.measurement, metric.key
        if self._layout is Layout.ONE or metric is HEART_RATE:
            return Place(measurement, self._fields.get(key, key))
        if metric.kind is Kind.POSITION:
            return Place(POSITION_MEASUREMENT, self._fields.get(key, key))
        return Place(key, self._fields.get(key, VALUE_FIELD))


def _parse_fields(fields: Iterable[str]) -> dict[str, str]:
    """Return fields given as metric=field. Raises DestinationError when one is not."""
    parsed = {}
    for each in fields:
        key, _, field = map(clean, each.partition("="))
        if key not in METRICS or not _is_field(field):
            raise DestinationError("invalid_fields")
        parsed[key] = field
    return parsed


def _is_field(name: str) -> bool:
    """Return whether a field may be called that."""
    return bool(name) and name not in RESERVED_KEYS
