"""Packs: what they hold is what a sorted list would, in a small part of the room."""

from collections.abc import Sequence
from contextlib import closing
from math import inf, nan
from operator import itemgetter
from random import Random
import sqlite3
from struct import pack as struct_pack

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox import pack, packs as packs_module
from custom_components.heart_rate_relay.outbox.pack import Columns
from custom_components.heart_rate_relay.outbox.packs import SCHEMA, UNMARKED, Packs
from custom_components.heart_rate_relay.reading import Reading

from .common import STRAP, WATCH

SECOND = 1_000_000

moments = st.integers(-(2**62), 2**62) | st.integers(0, 30)
numbers = st.integers(0, 2**40) | st.integers(0, 3)
values = st.floats() | st.integers(0, 70_000).map(float)


def columns(rows: Sequence[tuple[int, int, float, int]]) -> Columns:
    """Return rows in the order of time, in columns."""
    times, series, values, durations = zip(
        *sorted(rows, key=itemgetter(0)), strict=True
    )
    return Columns(list(times), list(series), list(values), list(durations))


some_columns = st.lists(
    st.tuples(moments, numbers, values, numbers), min_size=1, max_size=300
).map(columns)


def bits(some: Columns) -> list[object]:
    """Return rows so that each number is equal to itself alone."""
    return [
        (at, number, struct_pack("d", value + 0.0), duration)
        for at, number, value, duration in zip(*some, strict=True)
    ]


@given(some_columns)
def test_whatever_it_is(some: Columns) -> None:
    """Rows come back as they were, parted into packs that fit and share no moment."""
    whole: list[object] = []
    ended: int | None = None
    for key, data in pack.parted(some.times[0], some):
        part = pack.decode(key, data)
        assert pack.count(data) == len(part.times)
        assert len(data) <= pack.ROOM or part.times[0] == part.times[-1]
        assert ended is None or ended < key <= part.times[0]
        ended = part.times[-1]
        whole += bits(part)
    assert whole == bits(some)


@pytest.mark.parametrize("value", [nan, inf, -inf, 1e308, 0.1, -1.0])
def test_odd_values(value: float) -> None:
    """No value becomes another for what is beside it."""
    some = columns([(1, 1, 60.0, 0), (2, 1, value, 0), (3, 1, 60.0, 0)])
    assert bits(pack.decode(1, pack.encode(1, some))) == bits(some)


@given(some_columns, st.data())
def test_damage(some: Columns, data: st.DataObject) -> None:
    """No bit of a pack can be another without being noticed, nor can its key."""
    key = some.times[0]
    encoded = bytearray(pack.encode(key, some))
    with pytest.raises(ValueError, match="damaged"):
        pack.decode(key + 1, bytes(encoded))
    place = data.draw(st.integers(0, 8 * len(encoded) - 1))
    encoded[place // 8] ^= 1 << place % 8
    with pytest.raises(ValueError, match="damaged"):
        pack.decode(key, bytes(encoded))
    with pytest.raises(ValueError, match="damaged"):
        pack.decode(key, bytes(encoded[: data.draw(st.integers(0, len(encoded) - 1))]))


def test_small() -> None:
    """A steady sensor takes six bytes for a reading, with all that SQLite adds."""
    count = 10_000
    some = [
        (1_790_000_000 * SECOND + n * SECOND + n * 7919 % 4000, 1, 60.0 + n % 120, 0)
        for n in range(count)
    ]
    packs = list(pack.parted(some[0][0], columns(some)))
    assert len(packs) * 512 <= 6 * count


def some_readings(count: int, seed: int) -> list[Reading]:
    """Return readings, of which many share a moment, or few do."""
    random = Random(seed)
    last = random.choice((50, 2**30, 2**50))
    return [
        Reading(
            random.choice(list(metrics.METRICS.values())),
            float(random.randint(20, 250)),
            random.randint(0, last),
            random.choice((STRAP, WATCH)),
            random.choice((0, 0, 1000)),
        )
        for _ in range(count)
    ]


batches = st.builds(some_readings, st.integers(0, 400), st.integers(0, 2**32))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.just("insert"), batches)
        | st.tuples(st.just("settle"), st.integers(1, 300), st.booleans())
        | st.tuples(st.just("trim"), st.integers(0, 60), st.integers(0, 400)),
        max_size=12,
    )
)
def test_against_a_list(steps: list[tuple[object, ...]]) -> None:
    """Whatever comes in and goes in whatever order, they hold what a list does."""
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as db,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(packs_module, "UNMARKED", 3)
        db.executescript(SCHEMA)
        packs = Packs(db)
        expected: list[Reading] = []
        for step in steps:
            match step:
                case ("insert", list(some)):
                    packs.insert(some)
                    expected = sorted(
                        [*expected, *some], key=lambda one: one.measured_at
                    )
                case ("settle", int(count), bool(newest_first)):
                    found = packs.select(count, newest_first=newest_first)
                    ordered = expected[::-1] if newest_first else expected
                    assert found == ordered[:count]
                    # Some of them, the last first
                    assert not packs.delete(found[::-2])
                    for one in found[::-2]:
                        expected.remove(one)
                case ("trim", int(since), int(most)):
                    gone = packs.trim(since, most)
                    kept = [one for one in expected if one.measured_at >= since]
                    kept = kept[max(0, len(kept) - most) :]
                    assert gone == len(expected) - len(kept)
                    expected = kept
            packs.write_mark()
            packs = Packs(db)
            assert packs.count == len(expected)
        assert packs.select(10**6) == expected


def test_counted_quickly() -> None:
    """However many there are, few packs are read to know how many."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(SCHEMA)
        packs = Packs(db)
        for start in range(0, 50_000, 5000):
            packs.insert(
                Reading(metrics.HEART_RATE, 60.0 + at % 9, at * 1000, STRAP)
                for at in range(start, start + 5000)
            )
            packs.write_mark()
        assert Packs(db).count == 50_000
        assert Packs(db)._begun <= 5000 / 50 + UNMARKED
