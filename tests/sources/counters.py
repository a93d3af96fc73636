"""Counters as Home Assistant shows them, and the lives of those who make them count."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
import json
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from custom_components.heart_rate_relay.metrics import STEPS, Metric
from custom_components.heart_rate_relay.outbox.tally import JsonScalar
from custom_components.heart_rate_relay.reading import Reading, Source
from custom_components.heart_rate_relay.sources.counter import Counter
from homeassistant.core import State

ZONE = ZoneInfo("Europe/Berlin")
TOTAL = "sensor.phone_steps_sensor"
DAILY = "sensor.phone_daily_steps"
HOUR = 3600


def at(text: str) -> float:
    """Return a local time of November 2026: day, hours and minutes."""
    return (
        datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M")
        .replace(tzinfo=ZONE)
        .timestamp()
    )


class Phone:
    """A counter as Home Assistant shows it: of steps, where nothing else is said."""

    def __init__(
        self,
        entity_id: str = TOTAL,
        metric: Metric = STEPS,
        unit: str = "steps",
        size: float = 1,
    ) -> None:
        """Begin to watch what is shown in units of which each is so many of the metric's."""
        self.metric = metric
        self.unit = unit
        self.fine = 1 if metric.counting and metric.counting.is_whole else 1000
        self._size = size * self.fine
        self.readings: list[Reading] = []
        self.counters: dict[str, list[JsonScalar]] = {}
        self._entity_id = entity_id
        self._old: State | None = None
        self.restart()

    def restart(self) -> None:
        """Restart Home Assistant: what was remembered goes through a file."""
        self.counters = json.loads(json.dumps(self.counters))
        self._old = None
        source = Source("1a", self._entity_id, self._entity_id)
        self.counter = Counter(self.metric, source, self.counters)

    def show(self, when: str | float, value: object, **attributes: Any) -> list[int]:
        """Show a value, and return what the readings that it makes add.

        In steps, or in thousandths of the metric's unit where that has fractions.
        """
        time = at(when) if isinstance(when, str) else when
        state = State(
            self._entity_id, str(value), {"unit_of_measurement": self.unit} | attributes
        )
        readings = self.counter.observe(self._old, state, time)
        self._old = state
        self.readings += readings
        return [self._whole(reading) for reading in readings]

    def write(self, count: int) -> str:
        """Return what a count looks like in the unit in which it is shown."""
        return f"{count / self._size:.7f}".rstrip("0")

    @property
    def sum(self) -> int:
        """All that was told, in the same."""
        return sum(map(self._whole, self.readings))

    def _whole(self, reading: Reading) -> int:
        """Return what a reading adds, as a whole number."""
        whole = round(reading.value * self.fine)
        assert reading.value == whole / self.fine
        return whole

    @property
    def times(self) -> list[tuple[str, str]]:
        """When each reading began and ended, in local time."""
        return [
            (local(reading.started_at), local(reading.measured_at))
            for reading in self.readings
        ]


def local(microseconds: int) -> str:
    """Return a time as at takes it."""
    return datetime.fromtimestamp(microseconds / 1_000_000, ZONE).strftime("%d %H:%M")


def check(readings: Sequence[Reading], now: float, metric: Metric = STEPS) -> None:
    """Hold readings to what is true of all."""
    end = 0
    for reading in readings:
        assert reading.metric is metric
        assert 0 < reading.value <= metric.plausible[1]
        assert end <= reading.started_at < reading.measured_at <= now * 1_000_000
        last = datetime.fromtimestamp((reading.measured_at - 1) / 1_000_000, ZONE)
        first = datetime.fromtimestamp(reading.started_at / 1_000_000, ZONE)
        assert first.date() == last.date()
        end = reading.measured_at


class Walk(NamedTuple):
    """When someone walked: start and end of each part (seconds, UTC), and its steps."""

    parts: Sequence[tuple[float, float, int]]

    def until(self, time: float) -> int:
        """Return all steps made until then."""
        return sum(
            int(steps * min(1, max(0, (time - start) / (end - start))))
            for start, end, steps in self.parts
        )


class Life(NamedTuple):
    """What may happen to a person, a counter and Home Assistant in some days."""

    walk: Walk
    reports: Sequence[float]
    late: float
    """How long after midnight the count of the day before is shown, in seconds."""
    reboots: Sequence[float]
    restarts: frozenset[int]
    """Before which reports Home Assistant restarts."""
    age: float
    """How much older than the last report a state is that is restored, in seconds."""
    lost: frozenset[int]
    """Before which reports the sensor is unavailable."""

    def midnight(self, time: float) -> float:
        """Return when the day of a time began."""
        day = datetime.fromtimestamp(time, ZONE).date()
        return datetime.combine(day, datetime.min.time(), ZONE).timestamp()

    def ever(self, time: float) -> int:
        """Return what a counter of all steps shows."""
        return 70_000 + self.walk.until(time)

    def of_day(self, time: float) -> int:
        """Return what a counter of each day's steps shows."""
        midnight = self.midnight(time)
        if time - midnight < self.late:
            return self.walk.until(midnight) - self.walk.until(
                self.midnight(midnight - 1)
            )
        return self.walk.until(time) - self.walk.until(midnight)

    @property
    def begins_each_day(self) -> bool:
        """Whether each day that begins late is seen to: the count is lower than before.

        The first 10 steps of a day may look like the 10 of the day before.
        """
        return all(
            self.of_day(after) < self.of_day(before) or not self.of_day(before)
            for before, after in pairwise(self.reports)
            if before - self.midnight(before) < self.late
            and self.late <= after - self.midnight(after)
        )

    def since_boot(self, time: float) -> int:
        """Return what a counter shows that begins at 0 when the phone is switched on."""
        booted = max((boot for boot in self.reboots if boot <= time), default=0)
        return self.walk.until(time) - self.walk.until(booted)

    def since_start(self, time: float) -> int:
        """Return what a counter shows that begins at 0 with each part of the walk."""
        starts = (start for start, _, _ in self.walk.parts if start <= time)
        return self.walk.until(time) - self.walk.until(max(starts, default=0))

    def tell(self, phone: Phone, counter: Callable[[float], int]) -> None:
        """Let a counter be told of, and hold what comes of it to the truth."""
        first = last = self.reports[0]
        for number, time in enumerate(self.reports):
            if number in self.restarts:
                phone.restart()
                phone.show(time - 20, "unavailable", restored=True)
                phone.show(time - 10, phone.write(counter(max(first, last - self.age))))
            if number in self.lost:
                phone.show(time - 5, "unavailable")
            phone.show(time, phone.write(counter(time)))
            assert phone.sum <= self.walked(time)
            last = time
        check(phone.readings, last, phone.metric)

    def walked(self, until: float) -> int:
        """Return the steps made since the first report."""
        return self.walk.until(until) - self.walk.until(self.reports[0])


@st.composite
def lives(
    draw: st.DrawFn,
    *,
    silences: int,
    reboots: int = 0,
    restarts: int = 4,
    pace: float = 3.5,
) -> Life:
    """Return a life of some days, in which one sleeps at night.

    By day one makes so many steps a second, at the fastest.
    """
    begin = datetime(
        *draw(st.sampled_from([(2026, 3, 27), (2026, 10, 23), (2026, 11, 9)])),
        tzinfo=ZONE,
    )
    days = draw(st.integers(2, 9))
    parts = []
    for day in range(days):
        for hour in sorted(draw(st.sets(st.integers(3, 20), max_size=4))):
            start = (begin + timedelta(days=day, hours=hour)).timestamp() + draw(
                st.integers(0, 1800)
            )
            duration = draw(st.integers(10, 1800))
            parts.append(
                (
                    start,
                    start + duration,
                    int(duration * pace * draw(st.floats(0.03, 1))),
                )
            )
    period = draw(st.integers(10 * 60, 100 * 60))
    end = (begin + timedelta(days=days)).timestamp()
    gaps = [
        (start, start + draw(st.integers(1, 8 * 24)) * HOUR)
        for start in draw(
            st.lists(st.floats(begin.timestamp(), end), max_size=silences)
        )
    ]
    times = [
        begin.timestamp() + HOUR + period * number
        for number in range(int((end - begin.timestamp()) // period))
    ]
    reports = [
        time for time in times if not any(start < time < stop for start, stop in gaps)
    ]
    reports = [
        *(reports or times[:1]),
        end + 5 * HOUR,
        end + 6 * HOUR,
        end + 6 * HOUR + 60,
    ]
    numbers = st.integers(1, len(reports) - 2)
    return Life(
        Walk(parts),
        reports,
        draw(st.integers(0, 2 * HOUR)),
        draw(st.lists(st.floats(begin.timestamp(), end), max_size=reboots)),
        draw(st.frozensets(numbers, max_size=restarts)),
        draw(st.integers(0, 15 * 60)),
        draw(st.frozensets(numbers, max_size=9)),
    )
