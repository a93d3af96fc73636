"""A pack: readings in the order of time, in as few bytes as hold them exactly.

Each column is written in the narrowest type that takes all of it, and only once where it is the same
in all rows. A checksum tells a damaged pack from a whole one, as SQLite does not.
"""

from collections.abc import Iterator, Mapping, Sequence
import struct
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32


class Columns(NamedTuple):
    """What is in a pack, one row after the other."""

    times: list[int]
    """When each was measured."""
    series: list[int]
    """The number of its series."""
    values: list[float]
    durations: list[int]

    def part(self, start: int, end: int | None = None) -> Columns:
        """Return the rows between two places."""
        times, series, values, durations = self
        part = slice(start, end)
        return Columns(times[part], series[part], values[part], durations[part])


ROOM = 473
"""Bytes that a pack may have, so that it fits into a page of 512 with all that SQLite adds.

https://www.sqlite.org/fileformat2.html#b_tree_pages
"""

MOST = 128
"""Rows to try at most: hardly more fit."""

HEADER = struct.Struct("<II4s")
"""Checksum, number of rows, and a letter for each column: a small one where it is written once."""

TYPES: Mapping[str, str] = MappingProxyType(
    {"B": "B", "H": "H", "I": "I", "Q": "q", "D": "d"}
)
"""What the letters mean to struct."""

LIMITS: Mapping[str, int] = MappingProxyType({"B": 2**8, "H": 2**16, "I": 2**32})
"""What an integer must be below to be written by a letter."""


def encode(key: int, columns: Columns) -> bytes:
    """Return rows as bytes, which are known by a key that is no later than any of them."""
    times, series, values, durations = columns
    written = [
        _column([at - key for at in times]),
        _column(series),
        _column(_whole(values)),
        _column(durations),
    ]
    letters = "".join(letter for letter, _ in written).encode()
    body = b"".join(data for _, data in written)
    header = HEADER.pack(0, len(times), letters)[4:]
    return _checksum(key, header + body) + header + body


def decode(key: int, data: bytes) -> Columns:
    """Return the rows that encode was given.

    Raises ValueError where the bytes are not those that it returned for that key.
    """
    if len(data) < HEADER.size or data[:4] != _checksum(key, data[4:]):
        raise ValueError("damaged pack")
    _, number, letters = HEADER.unpack_from(data)
    offset = HEADER.size
    columns = []
    for letter in letters.decode():
        is_once = letter.islower()
        column = struct.Struct(f"<{1 if is_once else number}{TYPES[letter.upper()]}")
        values = list(column.unpack_from(data, offset))
        offset += column.size
        columns.append(values * number if is_once else values)
    times, series, values, durations = columns
    return Columns(
        [key + time for time in times], series, list(map(float, values)), durations
    )


def count(data: bytes) -> int:
    """Return how many rows a pack has."""
    if len(data) < HEADER.size:
        raise ValueError("damaged pack")
    number: int = HEADER.unpack_from(data)[1]
    return number


def parted(key: int, columns: Columns) -> Iterator[tuple[int, bytes]]:
    """Part rows into packs that fit into a page, each with the key it is known by.

    Rows of the same moment stay together, however many there are.
    """
    times = columns.times
    number = MOST
    start = 0
    while start < len(times):
        while True:
            end = _between_moments(times, start, min(start + number, len(times)))
            data = encode(key, columns.part(start, end))
            if len(data) <= ROOM or times[start] == times[end - 1]:
                break
            number = max(1, (end - start) * ROOM // len(data) - 1)
        yield key, data
        # The next rows are much like these
        number = min(MOST, max(1, (end - start) * ROOM // len(data)))
        start = end
        if start < len(times):
            key = times[start]


def _between_moments(times: Sequence[int], start: int, end: int) -> int:
    """Return about up to where to take times from a start on, so that no moment is parted."""
    if end == len(times) or times[end - 1] != times[end]:
        return end
    at = times[end]
    if times[start] != at:
        return next(n for n in range(end, start, -1) if times[n - 1] != at)
    return next((n for n in range(end, len(times)) if times[n] != at), len(times))


def _whole(values: Sequence[float]) -> Sequence[float]:
    """Return values as integers where all are small ones."""
    if all(map(float.is_integer, values)) and min(values) >= 0 and max(values) < 2**16:
        return [int(value) for value in values]
    return values


def _column(values: Sequence[float]) -> tuple[str, bytes]:
    """Return a column's letter, and its bytes."""
    if isinstance(values[0], int):
        low, high = min(values), max(values)
        fitting = (one for one, end in LIMITS.items() if low >= 0 and high < end)
        letter = next(fitting, "Q")
        is_once = low == high
    else:
        letter, is_once = "D", len(set(values)) == 1
    if is_once:
        return letter.lower(), struct.pack(f"<{TYPES[letter]}", values[0])
    return letter, struct.pack(f"<{len(values)}{TYPES[letter]}", *values)


def _checksum(key: int, data: bytes) -> bytes:
    """Return the checksum of a pack with its key."""
    key_data = (key % 2**64).to_bytes(8)
    return crc32(data, crc32(key_data)).to_bytes(4, "little")
