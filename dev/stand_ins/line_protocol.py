"""Line protocol, read exactly as InfluxDB 1.x reads it.

What is taken and what is refused was measured on influxd 1.6.7, and compared with it
for thousands of broken lines; where several things are wrong with a line, the one that
is named may differ. InfluxDB 2.x uses the same parser; 3.x differs in its words, in
rare forms of numbers and in escapes.
"""

from collections.abc import Iterator, Mapping
import re
from typing import NamedTuple

type FieldValue = float | int | str | bool

MAX_KEY = 65535
"""The greatest length of measurement and tags together, in bytes."""

MAX_INTEGER = 2**63 - 1
MAX_TIME = MAX_INTEGER - 1
"""The latest instant, and negated the earliest, in nanoseconds since the epoch."""

# A backslash protects what follows it, and is itself protected by nothing: this is
# why no value can end in one.
_MEASUREMENT = re.compile(r"[^,](?:(?<=\\).|[^, ])*", re.DOTALL)
_TAG_KEY = re.compile(r"[^ ,=](?:(?<=\\).|[^ ,=])*", re.DOTALL)
_TAG_VALUE = re.compile(r"[^ ,](?:(?<=\\).|[^ ,=])*", re.DOTALL)
_FIELD_KEY = re.compile(r"(?:\\.|[^=, ])*", re.DOTALL)
_STRING = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^", =])*', re.DOTALL)
_BARE = re.compile(r"[^, ]*")
_INTEGER = re.compile(r"-?\d+i")
_FLOAT = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SCIENTIFIC = re.compile(r"-?[\d.]+[eE][\deE+-]*")
_MARK = re.compile(r'\\.|[ =,"\n]', re.DOTALL)
_WHITESPACE = " \t\0"

_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), False),
}


class Point(NamedTuple):
    """One line, read."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, FieldValue]
    time: int
    """Nanoseconds since the Unix epoch, UTC."""
    line: str


class BadLine(NamedTuple):
    """One line that cannot be read, and why, in the words of InfluxDB 1.x."""

    line: str
    reason: str

    def __str__(self) -> str:
        """Return what InfluxDB says about it."""
        return f"unable to parse '{self.line}': {self.reason}"


class _ParseError(Exception):
    """A line is not line protocol."""


def parse(body: bytes, nanoseconds: int, now: int) -> list[Point | BadLine]:
    """Return what each line of a body says, blank lines and comments left out.

    Times are given in units of so many nanoseconds; a line without one is of now, in
    nanoseconds since the epoch.
    """
    read: list[Point | BadLine] = []
    for line in lines(body):
        try:
            read.append(_point(line, nanoseconds, now))
        except _ParseError as err:
            read.append(BadLine(line, str(err)))
    return read


def lines(body: bytes) -> Iterator[str]:
    """Yield the lines that are meant to be points."""
    for line in _split(body.decode(errors="replace")):
        if (line := line.lstrip(_WHITESPACE)) and not line.startswith("#"):
            yield line


def _split(text: str) -> Iterator[str]:
    """Yield lines. A newline in a string, or behind a backslash, ends none."""
    start = equals = commas = 0
    in_fields = quoted = False
    for mark in _MARK.finditer(text):
        match mark[0]:
            case " ":
                in_fields = True
            case "=" if in_fields and not quoted:
                equals += 1
            case "," if in_fields and not quoted:
                commas += 1
            case '"' if in_fields and equals > commas:
                quoted = not quoted
            case "\n" if not quoted:
                yield text[start : mark.start()]
                start, equals, commas, in_fields = mark.end(), 0, 0, False
    yield text[start:].removesuffix("\n")


def _point(line: str, nanoseconds: int, now: int) -> Point:
    """Return what a line says. Raises _ParseError."""
    if (match := _MEASUREMENT.match(line)) is None:
        raise _ParseError("missing measurement")
    tags, end = _tags(line, match.end())
    if len(line[:end].encode()) > MAX_KEY:
        raise _ParseError(
            f"max key length exceeded: {len(line[:end].encode())} > {MAX_KEY}"
        )
    fields, end = _fields(line, end + len(line[end:]) - len(line[end:].lstrip(" ")))
    return Point(
        _unescape(match[0]),
        tags,
        fields,
        _time(line[end:].strip(_WHITESPACE), nanoseconds, now),
        line,
    )


def _tags(line: str, position: int) -> tuple[dict[str, str], int]:
    """Return the tags that start at a comma, and where they end."""
    tags: dict[str, str] = {}
    duplicate = False
    while line.startswith(",", position):
        if (key := _TAG_KEY.match(line, position + 1)) is None:
            raise _ParseError("missing tag key")
        if not line.startswith("=", key.end()):
            raise _ParseError("missing tag value")
        if (value := _TAG_VALUE.match(line, key.end() + 1)) is None:
            raise _ParseError("missing tag value")
        position = value.end()
        if line.startswith("=", position):
            raise _ParseError("invalid tag format")
        duplicate |= _unescape(key[0]) in tags
        tags[_unescape(key[0])] = _unescape(value[0])
    if position == len(line):
        raise _ParseError("missing fields")
    if duplicate:
        raise _ParseError("duplicate tags")
    return tags, position


def _fields(line: str, position: int) -> tuple[dict[str, FieldValue], int]:
    """Return the fields that start at a position, and where they end."""
    fields: dict[str, FieldValue] = {}
    while True:
        key = _FIELD_KEY.match(line, position)
        assert key is not None  # It matches the empty string too.
        if not line.startswith("=", key.end()):
            raise _ParseError("invalid field format")
        if not key[0]:
            raise _ParseError("missing field key")
        fields[_unescape(key[0])], position = _value(line, key.end() + 1)
        if not line.startswith(",", position):
            return fields, position
        position += 1


def _value(line: str, position: int) -> tuple[FieldValue, int]:
    """Return the field value that starts at a position, and where it ends."""
    pattern = _STRING if line.startswith('"', position) else _BARE
    match = pattern.match(line, position)
    assert match is not None  # Both match the empty string too.
    text = match[0]
    if not text and not line.startswith('"', position):
        raise _ParseError("missing field value")
    if pattern is _BARE:
        value = _bare(text)
    elif line.startswith('"', match.end()):
        raise _ParseError("unbalanced quotes")
    else:
        value = re.sub(r'\\(["\\])', r"\1", text[1:-1])
    return value, match.end()


def _bare(text: str) -> FieldValue:
    """Return a number or a boolean."""
    if text[0] not in "0123456789.-Nn":
        if (boolean := _BOOLEANS.get(text)) is None:
            raise _ParseError("invalid boolean")
        return boolean
    if _INTEGER.fullmatch(text):
        return _integer(text[:-1])
    if _FLOAT.fullmatch(text):
        if (value := float(text)) in (float("inf"), float("-inf")):
            raise _ParseError("invalid float")
        return value
    raise _ParseError(
        "invalid float" if _SCIENTIFIC.fullmatch(text) else "invalid number"
    )


def _integer(text: str) -> int:
    """Return an integer of 64 bits."""
    if not -MAX_INTEGER - 1 <= int(text) <= MAX_INTEGER:
        raise _ParseError(
            f"unable to parse integer {text}: "
            f'strconv.ParseInt: parsing "{text}": value out of range'
        )
    return int(text)


def _time(text: str, nanoseconds: int, now: int) -> int:
    """Return a time in nanoseconds since the epoch."""
    if not text:
        return now
    first, _, more = text.partition(" ")
    if not re.fullmatch(r"-?[0-9]*", first):
        raise _ParseError("bad timestamp")
    if more:
        raise _ParseError("point is invalid")
    if first == "-":
        raise _ParseError('strconv.ParseInt: parsing "-": invalid syntax')
    if not -MAX_INTEGER - 1 <= int(first) <= MAX_INTEGER:
        raise _ParseError(f'strconv.ParseInt: parsing "{first}": value out of range')
    if not -MAX_TIME <= (time := int(first) * nanoseconds) <= MAX_TIME:
        raise _ParseError(f"time outside range -{MAX_TIME} - {MAX_TIME}")
    return time


def _unescape(text: str) -> str:
    """Return a measurement, a tag or a field key without its escapes."""
    return re.sub(r"\\([ ,=])", r"\1", text) if "\\" in text else text
