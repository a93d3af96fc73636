"""Readings in columns: whoever looks at them sees a list of the same readings."""

from collections.abc import Sequence
import gc
from itertools import pairwise

from hypothesis import given, strategies as st

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.outbox.entries import Entries, Entry
from custom_components.heart_rate_relay.reading import Device, Reading, Source
from custom_components.heart_rate_relay.readings import Readings

SOURCES = (
    Source("1a", "sensor.strap", "Strap", Device("d", "Strap", "H10", "1.0")),
    Source("2b", "sensor.watch", "Watch"),
)

one_reading = st.builds(
    Reading,
    st.sampled_from([metrics.HEART_RATE, metrics.POWER]),
    st.floats(allow_nan=False) | st.sampled_from([60.0, 61.0]),
    st.integers(0, 5) | st.integers(-(2**62), 2**62),
    st.sampled_from(SOURCES),
    st.sampled_from([0, 1000]),
)
many = st.lists(one_reading, max_size=20)
numbers = st.none() | st.integers(-25, 25)
slices = st.builds(slice, numbers, numbers, numbers.filter(lambda step: step != 0))


def entries_of(readings: Sequence[Reading]) -> list[Entry]:
    """Return some of which every third is not only in memory."""
    return [Entry(n if n % 3 else 0, one) for n, one in enumerate(readings)]


@given(many, slices)
def test_like_a_list(some: list[Reading], part: slice) -> None:
    """They are as long, and the same readings in the same places."""
    for columns, rows in (
        (Readings.of(some), some),
        (Readings.of(iter(some)), some),
        (Entries.of(entries_of(some)), entries_of(some)),
    ):
        assert (len(columns), bool(columns)) == (len(rows), bool(rows))
        assert list(columns) == rows
        assert [columns[n] for n in range(-len(rows), len(rows))] == 2 * rows
        assert type(columns[part]) is type(columns)
        assert list(columns[part]) == rows[part]
        assert list(reversed(columns)) == rows[::-1]
        assert all(one in columns for one in rows)


@given(many, many, st.booleans())
def test_equality(some: list[Reading], others: list[Reading], same: bool) -> None:
    """They are equal to what has the same readings, be that a list or others in columns."""
    others = list(some) if same else others
    columns = Readings.of(some)
    assert (columns == others) is (others == columns) is (some == others)
    assert (columns == Readings.of(others)) is (some == others)
    entries = Entries.of(entries_of(some))
    assert (entries == entries_of(others)) is (some == others)
    assert columns != 1


@given(st.lists(many, max_size=4))
def test_joined(parts: list[list[Reading]]) -> None:
    """One part comes after the other."""
    whole = [reading for part in parts for reading in part]
    assert Readings.joined(*map(Readings.of, parts)) == whole
    for one, other in pairwise(map(entries_of, parts)):
        assert Entries.of(one) + Entries.of(other) == one + other


@given(many, st.booleans())
def test_by_time(some: list[Reading], newest_first: bool) -> None:
    """They are sorted as a list is, entries also by their arrival."""
    found = Readings.of(some).by_time(newest_first=newest_first)
    assert found == sorted(some, key=lambda one: one.measured_at, reverse=newest_first)
    entries = entries_of(some)
    assert Entries.of(entries).by_time(newest_first=newest_first) == sorted(
        entries,
        key=lambda one: (one.reading.measured_at, one.seq),
        reverse=newest_first,
    )


def test_no_object_for_each() -> None:
    """However many they are, the garbage collector has a few objects to look at."""
    gc.collect()
    before = len(gc.get_objects())
    waiting = Entries.unnumbered(
        Readings.of(
            Reading(metrics.HEART_RATE, 60.0 + n, n, SOURCES[n % 2])
            for n in range(10_000)
        )
    )
    assert len(gc.get_objects()) - before < 100
    assert len(waiting[5000:]) == 5000
