"""Tests of what measurements come to."""

import math

import pytest

from benchmarks.figures import added, percentile, spread


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (50, 50), (99, 99), (100, 100)]
)
def test_percentile(percent: float, expected: float) -> None:
    """So many percent of the values do not exceed it, whatever their order."""
    assert percentile(reversed(range(1, 101)), percent) == expected


def test_percentile_of_few() -> None:
    """With few values a high percentile is the highest of them; with none there is none."""
    assert percentile([3, 1, 2], 99) == 3
    assert math.isnan(percentile([], 50))


def test_added() -> None:
    """Each round is compared with the one beside it, and one bad round does not count."""
    without = [1.0, 2.0, 1.0]
    assert added([3.0, 4.0, 101.0], without, 10) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="longer"):
        added([3.0], without, 10)


def test_spread() -> None:
    """It is half of the way from the lowest round to the highest."""
    assert spread([1.0, 5.0, 2.0]) == 2
