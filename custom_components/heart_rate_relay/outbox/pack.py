"""A pack: readings in the order of time, in as few bytes as hold them exactly.

Each column is written in the narrowest type that takes all of it, and only once where it is the same
in all rows. A checksum tells a damaged pack from a whole one, as SQLite does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
import struct
from types import MappingProxyType
from zlib import crc32

type Row = tuple[int, int, float, int]
"""When it was measured, the number of its series, the value, and the duration."""

type Columns = tuple[Sequence[int], Sequence[int], Sequence[float], Sequence[int]]
"""The same of all rows, one after the other."""

ROOM = 473
"""Bytes that a pack may have, so that it fits into a page of 512 with all that SQLite adds.

https://www.sqlite.org/fileformat2.html#b_tree_pages
"""

MOST = 128
"""Rows to try first: hardly more fit."""

HEADER = struct.Struct("<II4s")
"""Checksum, number of rows, and a letter for each column: a small one where it is written once."""

TYPES: Mapping[str, str] = MappingProxyType(
    {"B": "B", "H": "H", "I": "I", "Q": "q", "D": "d"}
)
"""What the letters mean to struct."""

LIMITS: Mapping[str, int] = MappingProxyType({"B": 2**8, "H": 2**16, "I": 2**32})
"""What an integer must be below to be written by a letter."""

moment = itemgetter(0)


def encode(key: int, rows: Sequence[Row]) -> bytes:
    """Return rows as bytes, which are known by a key that is no later than any of them."""
    times, series, values, durations = zip(*rows, strict=True)
    columns = [
        _column([at - key for at in times]),
        _column(series),
        _column(_whole(values)),
        _column(durations),
    ]
    letters = "".join(letter for letter, _ in columns).encode()
    body = b"".join(data for _, data in columns)
    header = HEADER.pack(0, len(rows), letters)[4:]
    return _checksum(key, header + body) + header + body


def decode(key: int, data: bytes) -> list[Row]:
    """Return the rows that encode was given. Raises what columns_of does."""
    return list(zip(*columns_of(key, data), strict=True))


def columns_of(key: int, data: bytes) -> Columns:
    """Return the columns of the rows that encode was given.

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
        values = column.unpack_from(data, offset)
        offset += column.size
        columns.append(values * number if is_once else values)
    times, series, values, durations = columns
    return [key + time for time in times], series, list(map(float, values)), durations


def count(data: bytes) -> int:
    """Return how many rows a pack has."""
    if len(data) < HEADER.size:
        raise ValueError("damaged pack")
    number: int = HEADER.unpack_from(data)[1]
    return number


def parted(key: int, rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row], bytes]]:
    """Part rows into packs that fit into a page, each with the key it is known by.

    Rows of the same moment stay together, however many there are.
    """
    while rows:
        number = min(len(rows), MOST)
        while True:
            number = _between_moments(rows, number)
            data = encode(key, rows[:number])
            if len(data) <= ROOM or rows[0][0] == rows[number - 1][0]:
                break
            number = max(1, number * ROOM // len(data) - 1)
        yield key, rows[:number], data
        rows = rows[number:]
        if rows:
            key = rows[0][0]


def _between_moments(rows: Sequence[Row], number: int) -> int:
    """Return about how many rows to take, so that no moment is parted."""
    if number == len(rows) or rows[number - 1][0] != rows[number][0]:
        return number
    at = rows[number][0]
    if rows[0][0] != at:
        return next(n for n in range(number, 0, -1) if rows[n - 1][0] != at)
    return next((n for n in range(number, len(rows)) if rows[n][0] != at), len(rows))


def _whole(values: Sequence[float]) -> Sequence[float]:
    """Return values as integers where all are small ones."""
    if all(map(float.is_integer, values)) and min(values) >= 0 and max(values) < 2**16:
        return [int(value) for value in values]
    return values


def _column(values: Sequence[float]) -> tuple[str, bytes]:
    """Return a column's letter, and its bytes."""
    letter = "D"
    if isinstance(values[0], int):
        low, high = min(values), max(values)
        fitting = (one for one, end in LIMITS.items() if low >= 0 and high < end)
        letter = next(fitting, "Q")
    if len(set(values)) == 1:
        return letter.lower(), struct.pack(f"<{TYPES[letter]}", values[0])
    return letter, struct.pack(f"<{len(values)}{TYPES[letter]}", *values)


def _checksum(key: int, data: bytes) -> bytes:
    """Return the checksum of a pack with its key."""
    key_data = (key % 2**64).to_bytes(8)
    return crc32(data, crc32(key_data)).to_bytes(4, "little")
