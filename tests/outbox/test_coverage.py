"""Which part of the past is taken already, against a plain set of moments."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, strategies as st

from custom_components.heart_rate_relay.outbox.coverage import (
    FOREVER,
    Coverage,
    Span,
    length,
    union,
)

END = 30

CREATED = datetime(1970, 1, 1, microsecond=10, tzinfo=UTC)

moments = st.integers(0, END)
spans = st.lists(st.tuples(moments, moments).map(list))


def within(spans: list[Span]) -> set[int]:
    """Return all moments of spans, up to the end that the tests look at."""
    return {
        moment for start, end in spans for moment in range(start, min(end, END + 1))
    }


@given(spans)
def test_union(some: list[Span]) -> None:
    """Spans are joined: in order, without touching each other."""
    some = [span for span in some if span[0] < span[1]]
    joined = union(some)
    assert within(joined) == within(some)
    assert all(first[1] < second[0] for first, second in pairwise(joined))
    assert length(joined) == len(within(joined))


@given(spans, moments, moments)
def test_gaps(covered: list[Span], start: int, end: int) -> None:
    """What is covered and what is not make up the whole, and share nothing."""
    kept: dict[str, list[Span]] = {}
    coverage = Coverage(kept, "account")
    for first, last in covered:
        if first < last:
            kept.update(coverage.with_span(["strap"], first, last))
    gaps = coverage.gaps("strap", start, end)
    assert within(gaps) == within([[start, end]]) - within(covered)
    assert gaps == union(gaps)


def test_listening() -> None:
    """While a source is listened to all is covered, and what was between is not."""
    coverage = Coverage({}, "account")
    coverage.begin("strap", 10)
    assert coverage.gaps("strap", 0, 100) == [[0, 10]]
    coverage.end(20)
    assert coverage.gaps("strap", 0, 100) == [[0, 10], [20, 100]]
    coverage.begin("strap", 30)
    assert coverage.gaps("strap", 0, 100) == [[0, 10], [20, 30]]


def test_restarted() -> None:
    """Where nobody said that it ended, it went on: what was delivered must not come twice."""
    kept: dict[str, list[Span]] = {}
    Coverage(kept, "account").begin("strap", 10)
    again = Coverage(kept, "account")
    again.resume(["strap"], CREATED, 50)
    again.begin("strap", 50)
    assert again.gaps("strap", 0, 100) == [[0, 10]]
    assert kept == {"account strap": [[10, FOREVER]]}


def test_killed_before_anything_was_written() -> None:
    """A relay of which nothing is known covers all since it was created."""
    coverage = Coverage({}, "account")
    coverage.resume(["strap"], CREATED, 50)
    coverage.begin("strap", 50)
    assert coverage.gaps("strap", 0, 100) == [[0, 10]]


def test_chosen_later() -> None:
    """A source that is chosen later is covered from then on, and one that is left out no more."""
    coverage = Coverage({}, "account")
    coverage.begin("strap", 10)
    coverage.resume(["watch"], CREATED, 50)
    coverage.begin("watch", 50)
    assert coverage.gaps("strap", 0, 100) == [[0, 10], [50, 100]]
    assert coverage.gaps("watch", 0, 100) == [[0, 50]]


def test_interrupted() -> None:
    """While a relay is loaded again nobody listens."""
    coverage = Coverage({}, "account")
    coverage.interrupt("strap", 20, 30)
    assert coverage.gaps("strap", 0, 100) == [[0, 100]]
    coverage.begin("strap", 10)
    coverage.interrupt("strap", 20, 30)
    assert coverage.gaps("strap", 0, 100) == [[0, 10], [20, 30]]


def test_counter() -> None:
    """A counter tells later what it counted meanwhile."""
    coverage = Coverage({}, "account")
    coverage.begin("steps", 10, counts=True)
    coverage.end(20)
    coverage.begin("steps", 30, counts=True)
    assert coverage.gaps("steps", 0, 100) == [[0, 10]]


def test_another_account() -> None:
    """Another account has got nothing yet, and the first one keeps what it has."""
    kept: dict[str, list[Span]] = {}
    first = Coverage(kept, "first")
    first.begin("strap", 10)
    first.end(20)
    second = Coverage(kept, "second")
    assert second.gaps("strap", 0, 100) == [[0, 100]]
    second.begin("strap", 30)
    assert first.gaps("strap", 0, 100) == [[0, 10], [20, 100]]


def test_forget() -> None:
    """What is too old to be asked for is not kept."""
    kept: dict[str, list[Span]] = {
        "account strap": [[0, 10], [20, 30]],
        "account watch": [[0, 10]],
    }
    Coverage(kept, "account").forget(15)
    assert kept == {"account strap": [[20, 30]]}
