"""Which readings take the place of others where a service tells seconds apart, and no more."""

from dataclasses import replace

from hypothesis import given, strategies as st

from custom_components.heart_rate_relay import metrics
from custom_components.heart_rate_relay.delivery.overwritten import Overwritten
from custom_components.heart_rate_relay.destinations.base import Limits
from custom_components.heart_rate_relay.reading import SECOND, Reading

from ..outbox.common import STRAP, WATCH

LIMITS = Limits(metrics=frozenset(metrics.METRICS.values()), max_batch=10, step=SECOND)

batches = st.lists(
    st.lists(
        st.builds(
            Reading,
            metric=st.sampled_from((metrics.HEART_RATE, metrics.POWER)),
            value=st.just(60.0),
            measured_at=st.integers(0, 5 * SECOND),
            source=st.sampled_from((STRAP, WATCH)),
        ),
        max_size=8,
    )
)


@given(batches, st.booleans())
def test_held_and_overwritten(batches: list[list[Reading]], one_line: bool) -> None:
    """In order of time, what is not overwritten is what the service holds."""
    readings = sorted(
        (one for batch in batches for one in batch), key=lambda one: one.measured_at
    )
    overwritten = Overwritten(replace(LIMITS, one_line=one_line))
    sizes = [len(batch) for batch in batches]
    count = 0
    for size in sizes:
        count += overwritten.count(readings[:size])
        readings = readings[size:]
    held = {
        (one.metric, one_line or one.source, one.measured_at // SECOND)
        for batch in batches
        for one in batch
    }
    assert count == sum(sizes) - len(held)


def test_all_told_apart() -> None:
    """A service that tells all moments apart loses nothing."""
    reading = Reading(metrics.HEART_RATE, 60.0, 5, STRAP)
    assert Overwritten(replace(LIMITS, step=1)).count([reading, reading]) == 0


def test_fresh_between_a_backlog() -> None:
    """What has just come in is known though what waited for long came between."""
    overwritten = Overwritten(LIMITS)
    times = (100.2, 5.1, 100.8, 101.0)
    counts = [
        overwritten.count(
            [Reading(metrics.HEART_RATE, 60.0, round(at * SECOND), STRAP)]
        )
        for at in times
    ]
    assert counts == [0, 0, 1, 0]


def test_counters() -> None:
    """What was added to a counter twice within a second is in the total."""
    added = [Reading(metrics.DISTANCE, 5.0, at, STRAP, 2) for at in (5, 7)]
    assert Overwritten(LIMITS).count(added) == 0
