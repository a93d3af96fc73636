"""What a workout came to, number by number: how each is told."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field

from .data import WorkoutData
from .effort import BANISTER, EDWARDS, ENERGY
from .summary import Summary
from .zones import COUNT

ALWAYS = "always"
"""What is known of everybody."""

ZONES = "zones"


@dataclass(frozen=True)
class Figure:
    """A number that tells of a workout, and how Home Assistant is to show it."""

    key: str
    value: Callable[[WorkoutData], float | None]
    unit: str | None = None
    device_class: str | None = None
    _: KW_ONLY
    shown_in: str | None = None
    """Another unit that people rather read."""
    precision: int = 0
    """How many decimals there are."""
    is_total: bool = False
    """Whether it only grows, until the next workout."""
    needs: str | None = None
    """What must be known of the body for it, None where something must be measured first."""
    name: str = ""
    """What it is called, by default the key."""
    placeholders: dict[str, str] = field(default_factory=dict)


def _of(
    read: Callable[[Summary], float | None],
) -> Callable[[WorkoutData], float | None]:
    """Return what reads a number out of the summary, if there is one."""
    return lambda data: None if data.summary is None else read(data.summary)


def _time_in_zone(number: int) -> Figure:
    """Return the time in a zone."""

    def read(summary: Summary) -> float | None:
        return summary.in_zones[number] if summary.in_zones else None

    return Figure(
        f"time_in_zone_{number}",
        _of(read),
        *("s", "duration"),
        shown_in="min",
        is_total=True,
        needs=ZONES,
        name="time_in_zone",
        placeholders={"zone": str(number)},
    )


FIGURES = (
    Figure("zone", lambda data: data.zone, needs=ZONES),
    Figure(
        "workout_duration",
        _of(lambda summary: summary.duration),
        *("s", "duration"),
        shown_in="min",
        is_total=True,
        needs=ALWAYS,
    ),
    *(_time_in_zone(number) for number in range(1, COUNT + 1)),
    Figure(
        "average_heart_rate",
        _of(lambda summary: summary.average_heart_rate),
        "bpm",
        needs=ALWAYS,
    ),
    Figure(
        "lowest_heart_rate",
        _of(lambda summary: summary.lowest_heart_rate),
        "bpm",
        needs=ALWAYS,
    ),
    Figure(
        "highest_heart_rate",
        _of(lambda summary: summary.highest_heart_rate),
        "bpm",
        needs=ALWAYS,
    ),
    Figure(
        "heart_rate_recovery",
        _of(lambda summary: summary.recovery),
        "bpm",
        needs=ALWAYS,
    ),
    Figure(
        "energy",
        _of(lambda summary: summary.energy),
        *("kcal", "energy"),
        is_total=True,
        needs=ENERGY,
    ),
    Figure(
        "training_load",
        _of(lambda summary: summary.training_load),
        precision=1,
        needs=BANISTER,
    ),
    Figure(
        "edwards_load",
        _of(lambda summary: summary.edwards_load),
        precision=1,
        needs=EDWARDS,
    ),
    Figure(
        "workout_distance",
        _of(lambda summary: summary.distance),
        *("m", "distance"),
        shown_in="km",
        is_total=True,
    ),
    Figure(
        "average_speed",
        _of(lambda summary: summary.average_speed),
        *("m/s", "speed"),
        shown_in="km/h",
        precision=2,
    ),
    Figure(
        "average_power", _of(lambda summary: summary.average_power), *("W", "power")
    ),
    Figure("average_cadence", _of(lambda summary: summary.average_cadence), "rpm"),
)
