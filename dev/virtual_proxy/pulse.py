"""Where a strap's heart rate comes from."""

from collections.abc import Iterator
from random import Random

type Pulse = Iterator[int]
"""What each measurement says, in bpm. Once it ends, the last one stays."""


def walking(low: int = 60, high: int = 180, seed: int = 1) -> Pulse:
    """Yield a rate that is never the same twice in a row, between two others."""
    random = Random(seed)
    rate = (low + high) // 2
    while True:
        yield rate
        step = random.choice((-3, -2, -1, 1, 2, 3))
        rate += step if low <= rate + step <= high else -step
