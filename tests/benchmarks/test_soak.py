"""What is said of how much is held, minute by minute."""

from collections.abc import Callable

import pytest

from benchmarks.soak import MAY_GROW, MB, Sample, growing

FLAT = {
    "memory": 280.0 * MB,
    "blocks": 1e6,
    "files": 40,
    "connections": 20,
    "tasks": 30,
    "threads": 20,
}


def minutes(count: int, held: Callable[[int], Sample]) -> list[Sample]:
    """Return what was held in so many minutes."""
    return [held(minute) for minute in range(count)]


def test_flat() -> None:
    """What is held at times, and what comes in the first half, is no growth."""
    samples = minutes(40, lambda minute: FLAT | {"files": 40 + minute % 7})
    for sample in samples[:20]:
        assert isinstance(sample, dict)
        sample["memory"] -= 50 * MB
    assert growing(samples) == []


@pytest.mark.parametrize("name", MAY_GROW)
def test_growing(name: str) -> None:
    """What becomes more and more is told, and nothing else."""
    each = MAY_GROW[name] / 8
    samples = minutes(40, lambda minute: FLAT | {name: FLAT[name] + each * minute})
    (told,) = growing(samples)
    assert name in told


def test_too_short() -> None:
    """Of a few minutes nothing is said."""
    assert growing(minutes(4, lambda minute: FLAT | {"files": minute * 100})) == []
