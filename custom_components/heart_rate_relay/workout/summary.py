"""What a workout came to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

from ..reading import SECOND
from .body import Body
from .effort import BANISTER, EDWARDS, ENERGY, Effort, rates_of
from .sample import CADENCE, DISTANCES, HEART_RATE, MINUTE, POWER, SPEED, Sample
from .series import Series, Sum, Total
from .sport import Sport, sport_of
from .zones import Zones

HOLD = MINUTE
"""For how long a value holds at most until the next one, in µs: a gap is no measurement."""

RECOVERY = MINUTE
"""After how long the recovery is measured, in µs."""

NEAR = 10 * SECOND
"""How old a value may be that is the one of a moment, in µs."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a workout came to, or has come to so far. What was not measured is None."""

    begin: int
    """In µs since the Unix epoch, UTC."""
    end: int
    sport: Sport = Sport.OTHER
    measured: float = 0.0
    """For how many seconds there was a heart rate."""
    average_heart_rate: float | None = None
    """In bpm, over the time for which it was measured."""
    lowest_heart_rate: float | None = None
    highest_heart_rate: float | None = None
    in_zones: tuple[float, ...] = ()
    """Seconds in each zone, the first being below all; empty where no zones are known."""
    energy: float | None = None
    """In kcal."""
    training_load: float | None = None
    """By Banister."""
    edwards_load: float | None = None
    recovery: float | None = None
    """By how many bpm the heart rate fell within the first minute after the end.

    As in Cole et al., "Heart-rate recovery immediately after exercise as a predictor of
    mortality", N Engl J Med 341 (1999) 1351-1357, but from the heart rate at the end: a
    highest one half an hour ago says nothing of the recovery.
    """
    distance: float | None = None
    """In metres."""
    average_speed: float | None = None
    """In metres a second."""
    highest_speed: float | None = None
    average_power: float | None = None
    """In watts."""
    average_cadence: float | None = None
    """In revolutions a minute."""

    @property
    def duration(self) -> float:
        """How many seconds it took, pauses included."""
        return (self.end - self.begin) / SECOND

    def overlaps(self, others: Iterable[Summary]) -> bool:
        """Return whether it took place while one of others did."""
        return any(
            self.begin <= other.end and other.begin <= self.end for other in others
        )


class Measured:
    """All that was measured of a workout, and what it adds up to so far."""

    def __init__(self, body: Body, zones: Zones | None) -> None:
        """Initialize what is measured of a body, nothing yet."""
        self._body = body
        self._zones = zones
        self.series: dict[str, Series] = {}
        """By metric."""
        self.counted: list[Sample] = []
        """What counts metres."""
        self._sums: dict[str, Sum[Total]] = {}
        self._effort: Sum[Effort] | None = None

    @property
    def heart_rates(self) -> Series:
        """The heart rates."""
        return self.of(HEART_RATE)

    def of(self, key: str) -> Series:
        """Return the values of a metric, which may be none."""
        if key not in self.series:
            self.series[key] = Series(HOLD)
        return self.series[key]

    def add(self, sample: Sample) -> None:
        """Add what was measured."""
        if sample.key in DISTANCES:
            self.counted.append(sample)
        else:
            self.of(sample.key).add(sample.at, sample.value)

    def shift(self, by: int) -> None:
        """Take note that all was measured so much earlier than the clock said (µs)."""
        for series in self.series.values():
            series.shift(by)
        self.counted = [one._replace(at=one.at - by) for one in self.counted]

    def forget_before(self, at: int) -> None:
        """Forget what was measured before a time."""
        for series in self.series.values():
            series.forget_before(at)
        self.counted = [one for one in self.counted if one.at >= at]

    def summary(self, begin: int, end: int, sport: Sport | None = None) -> Summary:
        """Return what it has come to between two times; without a sport, it is guessed."""
        year = datetime.fromtimestamp(begin / SECOND, UTC).year
        if not self._effort:
            rates = rates_of(self._body, year)
            self._effort = Sum(self.heart_rates, lambda: Effort(rates, self._zones))
        effort = self._effort.between(begin, end)
        totals = {key: self._total(key, begin, end) for key in (SPEED, POWER, CADENCE)}
        speed, power, cadence = totals.values()
        was_measured = effort.highest >= effort.lowest
        is_known = self._zones and was_measured
        told = {key for key, total in totals.items() if total.average is not None}
        metres = self._distance(begin, end)
        told.update(metres)
        sums: Mapping[str, float] = effort.sums if was_measured else {}
        distance = next(iter(metres.values()), speed.integral if speed.time else None)
        pace = speed.average
        if pace is None and distance is not None and end > begin:
            pace = distance * SECOND / (end - begin)
        return Summary(
            begin=begin,
            end=end,
            sport=sport or sport_of(told, pace),
            measured=effort.time / SECOND,
            average_heart_rate=effort.average,
            lowest_heart_rate=effort.lowest if was_measured else None,
            highest_heart_rate=effort.highest if was_measured else None,
            in_zones=tuple(t / SECOND for t in effort.in_zones) if is_known else (),
            energy=sums.get(ENERGY),
            training_load=sums.get(BANISTER),
            edwards_load=sums.get(EDWARDS),
            recovery=self._recovery(end),
            distance=distance,
            average_speed=pace,
            highest_speed=speed.highest if speed.average is not None else None,
            average_power=power.average,
            average_cadence=cadence.average,
        )

    def _total(self, key: str, begin: int, end: int) -> Total:
        """Return what the values of a metric add up to."""
        if key not in self._sums:
            self._sums[key] = Sum(self.of(key), Total)
        return self._sums[key].between(begin, end)

    def _distance(self, begin: int, end: int) -> dict[str, float]:
        """Return how many metres were counted, by what counts them, the surest first.

        Of what was counted over one of the ends, the share that lies within.
        """
        metres: dict[str, float] = {}
        for key in DISTANCES:
            shares = [
                one.value * _share(one, begin, end)
                for one in self.counted
                if one.key == key
            ]
            if any(shares):
                metres[key] = sum(shares)
        return metres

    def way(self, begin: int, end: int) -> list[tuple[int, float]]:
        """Return how many metres of the way were behind one, and when."""
        speeds = self.of(SPEED)
        steps = [(at, 0.0) for at, _ in speeds.between(begin, end)]
        if metres := self._distance(begin, end):
            key = next(iter(metres))
            steps = sorted(
                (one.at, one.value * _share(one, begin, end))
                for one in self.counted
                if one.key == key and begin <= one.at <= end
            )
        else:
            first = speeds.index_of(begin)
            spans = (speeds.span(first + n, end) for n in range(len(steps)))
            held = [
                speeds.values[first + n] * span / SECOND for n, span in enumerate(spans)
            ]
            steps = [
                (at, before)
                for (at, _), before in zip(steps, [0.0, *held], strict=False)
            ]
        gone = accumulate(metres for _, metres in steps)
        return [(at, way) for (at, _), way in zip(steps, gone, strict=True)]

    def _recovery(self, end: int) -> float | None:
        """Return by how many bpm the heart rate fell within the minute after the end."""
        at_end = self.heart_rates.value_at(end, NEAR)
        after = self.heart_rates.value_at(end + RECOVERY, NEAR)
        return None if at_end is None or after is None else at_end - after


def _share(sample: Sample, begin: int, end: int) -> float:
    """Return how much of the time in which something was counted lies between two times."""
    if not sample.duration:
        return float(begin <= sample.at <= end)
    within = min(end, sample.at) - max(begin, sample.at - sample.duration)
    return max(0, within) / sample.duration
