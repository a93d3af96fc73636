"""Heart-rate variability, of clean intervals and of others."""

from collections.abc import Iterable, Sequence
from itertools import count, pairwise
from math import inf, nan, sqrt
from statistics import fmean

from hypothesis import given, strategies as st
import pytest

from custom_components.heart_rate_relay.monitor.variability import Variability

LIKE_CLOCKWORK = [800.0, 850.0] * 40
"""65 s of a heart whose every interval differs by 50 ms from the one before."""


class Strap:
    """Sends intervals at the time that they take."""

    def __init__(self, window: float = 60.0) -> None:
        """Initialize the strap, and what listens to it."""
        self.variability = Variability(window)
        self.now = 1000.0

    def send(self, intervals: Iterable[float], pause: float = 0) -> float | None:
        """Send intervals in ms, each when it ends; return the variability then."""
        self.now += pause
        for interval in intervals:
            self.now += interval / 1000
            self.variability.add([interval], self.now)
        return self.variability.rmssd()


def naive_rmssd(intervals: Sequence[float]) -> float:
    """Return the RMSSD of intervals, as its definition has it."""
    return sqrt(fmean((after - before) ** 2 for before, after in pairwise(intervals)))


@st.composite
def clean(draw: st.DrawFn, seconds: float = 40) -> list[float]:
    """Return intervals of a normal rhythm, which last for a time of less than a window."""
    interval = draw(st.floats(500, 1200))
    intervals = [interval]
    while sum(intervals) < seconds * 1000:
        change = draw(st.floats(-0.19, 0.19))
        interval = min(1900.0, max(350.0, interval * (1 + change)))
        intervals.append(interval)
    return intervals


# Clean intervals


@given(clean())
def test_reference(intervals: list[float]) -> None:
    """Of clean intervals it is what the definition says."""
    rmssd = Strap().send(intervals)
    assert rmssd == pytest.approx(naive_rmssd(intervals))
    assert rmssd is not None
    greatest = max(abs(after - before) for before, after in pairwise(intervals))
    assert 0 <= rmssd <= greatest * (1 + 1e-9)


@given(clean(), st.data())
def test_packets(intervals: list[float], data: st.DataObject) -> None:
    """It does not matter how many intervals a packet holds."""
    variability = Variability()
    now = 1000.0
    left = intervals
    while left:
        size = data.draw(st.integers(1, 4))
        packet, left = left[:size], left[size:]
        now += sum(packet) / 1000
        variability.add(iter(packet), now)
    assert variability.rmssd() == pytest.approx(naive_rmssd(intervals))


@given(clean(seconds=70), clean(seconds=70))
def test_window(before: list[float], after: list[float]) -> None:
    """What is older than the window does not count."""
    alone, later = Strap(), Strap()
    alone.send(after)
    later.send(before)
    later.send(after)
    assert later.variability.rmssd() == pytest.approx(alone.variability.rmssd())


def test_window_slides() -> None:
    """What counts is the last minute, not all of it at once."""
    strap = Strap()
    assert strap.send([1000, 1010] * 40) == pytest.approx(10)
    half = strap.send([1000, 1050] * 15)
    assert half == pytest.approx(sqrt((10**2 + 50**2) / 2), rel=0.05)
    assert strap.send([1000, 1050] * 16) == pytest.approx(50)


def test_steady() -> None:
    """A heart like a clock has no variability, which is a value."""
    assert Strap().send([1000.0] * 60) == 0


@pytest.mark.parametrize("interval", [320, 500, 1000, 1900])
def test_too_few(interval: int) -> None:
    """Half of the window has to be covered, however fast the heart beats."""
    strap = Strap()
    needed = -(-30_000 // interval)
    assert strap.send([interval] * needed) is None
    assert strap.send([interval]) == 0


def test_nothing() -> None:
    """There is no value without intervals."""
    variability = Variability()
    assert variability.rmssd() is None
    variability.add([], 1000.0)
    assert variability.rmssd() is None


def test_other_window() -> None:
    """A longer window needs more, and covers more."""
    strap = Strap(window=300)
    assert strap.send([1000, 1010] * 70) is None
    assert strap.send([1000, 1010] * 10) == pytest.approx(10)
    assert strap.send([1000, 1050] * 80) == pytest.approx(37, rel=0.02)
    assert strap.send([1000, 1050] * 80) == pytest.approx(50)


# Others


@pytest.mark.parametrize(
    "artefacts",
    [
        [400.0, 1250.0],  # a premature beat, and the pause after it
        [1030.0],  # 21 % later than it should be
        [1650.0],  # a missed beat
        [1650.0, 1640.0],  # two of them
        [410.0, 415.0],  # a beat taken for two
        [2400.0],  # implausible
        [250.0],
        [-800.0],
        [0.0],
        [64_000.0],
        [nan],
        [inf],
        [-inf],
        [2.0, 400.0, nan, 405.0, inf, 410.0],  # never three in a row
    ],
)
def test_artefacts(artefacts: list[float]) -> None:
    """What is no normal beat changes nothing, nor do its neighbours."""
    variability = Variability()
    intervals = [*LIKE_CLOCKWORK[:30], *artefacts, *LIKE_CLOCKWORK[:30]]
    for now, interval in enumerate(intervals, 1000):
        variability.add([interval], now * 0.8)
    assert variability.rmssd() == pytest.approx(50)


@pytest.mark.parametrize("artefact", [1650.0, 250.0, nan])
def test_broken_chain(artefact: float) -> None:
    """There is no difference across what was dropped."""
    strap = Strap()
    variability = strap.variability
    strap.send([1000.0] * 32)
    for _ in range(20):
        strap.send([1000.0])
        variability.add([artefact], strap.now + 1)
        strap.send([1150.0, 1150.0, 1000.0], pause=1)
    variability.add([artefact], strap.now)
    assert variability.rmssd() == pytest.approx(sqrt(150**2 / 3), rel=0.03)


def test_alternating() -> None:
    """Of a heart whose every second beat is premature nothing can be told."""
    assert Strap().send([600.0, 1000.0] * 100) is None


@pytest.mark.parametrize(("before", "after"), [(1000, 500), (400, 900)])
def test_change(before: float, after: float) -> None:
    """A heart rate that really changed is believed soon, and the step is no difference."""
    strap = Strap()
    assert strap.send([before, before + 10] * 80) == pytest.approx(10)
    assert strap.send([after, after + 10] * 5) == pytest.approx(10)
    assert strap.send([after, after + 20] * 70) == pytest.approx(20)


def test_recovers_at_once() -> None:
    """Of those that were doubted and then believed no difference is lost."""
    strap = Strap()
    strap.send([1000.0] * 20)
    strap.send([1500.0, 1510.0, 1500.0])
    differences = [one.difference for one in strap.variability._differences]
    assert differences == [*[0] * 19, 10, -10]


@given(
    st.lists(st.floats(1, 70_000) | st.sampled_from((nan, inf, 0.0)), max_size=60),
    clean(),
)
def test_recovers(rubbish: list[float], intervals: list[float]) -> None:
    """Whatever came before, a minute later it is right again."""
    strap = Strap()
    for interval in rubbish:
        strap.now += 0.1
        strap.variability.add([interval], strap.now)
    strap.now += 30
    assert strap.send(intervals) == pytest.approx(naive_rmssd(intervals))


# Gaps


def test_gap() -> None:
    """After a gap it begins again."""
    strap = Strap()
    assert strap.send(LIKE_CLOCKWORK) == pytest.approx(50)
    assert strap.send([800], pause=4.9) == pytest.approx(50)
    assert strap.send([800], pause=5.1) is None
    assert strap.send(LIKE_CLOCKWORK[:30]) is None
    assert strap.send(LIKE_CLOCKWORK[:10]) == pytest.approx(50, rel=0.02)


def test_none_come() -> None:
    """Packets without intervals do not keep a value alive."""
    strap = Strap()
    strap.send(LIKE_CLOCKWORK)
    for second, expected in ((2, 50), (4, 50), (6, None)):
        strap.variability.add([], strap.now + second)
        rmssd = strap.variability.rmssd()
        assert rmssd == (expected and pytest.approx(expected))


def test_long_packets() -> None:
    """A monitor that sends many intervals at once makes no gaps."""
    variability = Variability()
    for at in count(1000, 8):
        variability.add([1000.0, 1010.0] * 4, at)
        if at > 1060:
            break
    assert variability.rmssd() == pytest.approx(10)


def test_implausible_expires() -> None:
    """When all that comes is implausible, there is no value in the end."""
    strap = Strap()
    strap.send(LIKE_CLOCKWORK)
    assert strap.send([2500.0] * 25) is None


def test_reset() -> None:
    """Nothing of before is left after a reset."""
    strap = Strap()
    strap.send([*LIKE_CLOCKWORK, 400, 405])
    strap.variability.reset()
    assert strap.variability.rmssd() is None
    assert strap.send([410.0] + [800.0, 810.0] * 20) == pytest.approx(10)


def test_nothing_to_compare_with() -> None:
    """After a reset the beats from before tell nothing about those that come."""
    strap = Strap()
    strap.send(LIKE_CLOCKWORK)
    strap.variability.reset()
    assert strap.send([1500.0, 800.0, 810.0] + [1500.0] * 25) == 0


def test_clock_of_another_boot() -> None:
    """Time that runs backwards is a gap."""
    strap = Strap()
    strap.send(LIKE_CLOCKWORK)
    strap.now = 10.0
    assert strap.send([800.0]) is None


def test_bounded() -> None:
    """A monitor that sends too many does not fill the memory."""
    variability = Variability()
    for _ in range(100):
        variability.add([500.0, 510.0] * 50, 1000.0)
    assert len(variability._differences) == 200
    assert variability.rmssd() == pytest.approx(10)


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats() | st.floats(300, 2000), max_size=30), st.floats()
        ),
        max_size=30,
    )
)
def test_anything(packets: list[tuple[list[float], float]]) -> None:
    """Whatever comes, no impossible value does."""
    variability = Variability()
    for intervals, at in packets:
        variability.add(intervals, at)
        rmssd = variability.rmssd()
        assert rmssd is None or 0 <= rmssd <= 400
