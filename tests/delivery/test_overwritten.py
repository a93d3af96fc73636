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
            metric=st.sampled_from((metrics.HEART_RATE, metrics.STEPS)),
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
