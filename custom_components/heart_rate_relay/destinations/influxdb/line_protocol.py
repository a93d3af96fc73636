"""Line protocol: what a reading is written as, and what names it can hold.

Source: https://docs.influxdata.com/influxdb/v1/write_protocols
"""

from collections.abc import Iterable, Mapping
import re
from typing import NamedTuple

from ..errors import DestinationError

# InfluxDB keeps these words for the timestamp and for names
RESERVED_KEYS = frozenset({"time", "_field", "_measurement"})


class Series(NamedTuple):
    """Where the readings of a source are."""

    measurement: str
    field: str
    tags: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """All of the series' lines that does not change."""
        written = escape(self.measurement, ", ")
        for key, value in sorted(self.tags.items()):
            if value := escape(value):
                written += f",{escape(key)}={value}"
        return f"{written} {escape(self.field)}="

    @property
    def mark(self) -> tuple[str, str]:
        """The tag that its readings are found by: what no entity told has no source."""
        source = clean(self.tags["source"])
        return ("source", source) if source else ("name", clean(self.tags["name"]))


def parse_tags(tags: Iterable[str]) -> dict[str, str]:
    """Return tags given as key=value. Raises DestinationError when one is not."""
    parsed = {}
    for tag in tags:
        key, _, value = map(clean, tag.partition("="))
        if not key or not value or key in RESERVED_KEYS:
            raise DestinationError("invalid_tags")
        parsed[key] = value
    return parsed


def clean(text: str) -> str:
    """Return what line protocol can write of a text, in any of its places.

    Control characters become spaces. A backslash is left out where it would escape what
    follows, be that nothing: nothing escapes a backslash.
    """
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return re.sub(r'\\+(?=[,= "]|$)', "", text).strip(" ")


def escape(text: str, special: str = ",= ") -> str:
    """Return text as line protocol writes names and tags, its special characters escaped."""
    return "".join(f"\\{char}" if char in special else char for char in clean(text))
