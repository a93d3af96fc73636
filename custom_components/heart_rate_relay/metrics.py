"""The table of metrics: what a reading may measure, a row each.

A row is all that is said of a metric anywhere, but for what people read (translations) and
what a service calls it (its module). It is looked up by its key, which is what is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from types import MappingProxyType


class Kind(Enum):
    """How a metric is measured."""

    INSTANT = auto()
    """At one moment."""
    COUNTER = auto()
    """Over a time: a reading is what was added meanwhile, and lasts as long."""
    POSITION = auto()
    """At one moment, together with all else that says where someone is."""


class Quantity(StrEnum):
    """What values of one kind are told in, so that one unit becomes another."""

    BLOOD_GLUCOSE = "blood_glucose_concentration"
    DISTANCE = "distance"
    ENERGY = "energy"
    HEART_RATE = "heart_rate"
    MASS = "mass"
    POWER = "power"
    PRESSURE = "pressure"
    SPEED = "speed"
    STEPS = "steps"
    TEMPERATURE = "temperature"
    TIME = "time"
    VOLUME = "volume"
    OTHER = "other"
    """Nothing that is converted but by what a row says itself."""


@dataclass(frozen=True, kw_only=True)
class Counting:
    """What is to be believed of what is counted, in the unit of its metric."""

    fastest: int
    """The most in a minute."""
    steady: int
    """The most in a minute of hours."""
    highest: int
    """The highest count: beyond it there are broken sensors only."""
    is_whole: bool = False
    """Whether there are no fractions of it."""
    is_entered: bool = False
    """Whether people write it down, and strike it out again."""


@dataclass(frozen=True, eq=False)
class Metric:
    """What a reading measures. Each is one object, equal to no other."""

    key: str
    """What is stored, and never changes."""
    unit: str
    plausible: tuple[float, float]
    """The lowest and the highest value to be believed of one reading, in the unit."""
    quantity: Quantity = Quantity.OTHER
    kind: Kind = Kind.INSTANT
    units: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Other units, and how many of ours each is: "breaths per minute" is one "breaths/min"."""
    device_class: str = ""
    """The device class of Home Assistant's that entities have which measure it."""
    words: tuple[str, ...] = ()
    """What tells it from others in an entity's own name, in the manner of an entity id."""
    is_daily: bool = False
    """Whether it may be measured of a day, so that the day says when."""
    counting: Counting | None = None
    """How it is counted, where it is."""

    def __post_init__(self) -> None:
        """Refuse a row of a counter of which nobody knows what to believe.

        Raises ValueError.
        """
        if (self.counting is None) is (self.kind is Kind.COUNTER):
            raise ValueError(f"{self.key}: counters, and no others, say how they count")

    def __str__(self) -> str:
        """Return the key."""
        return self.key


HEART_RATE = Metric("heart_rate", "bpm", (20, 300), Quantity.HEART_RATE)
RESTING_HEART_RATE = Metric(
    "resting_heart_rate", "bpm", (20, 300), Quantity.HEART_RATE, is_daily=True
)
HEART_RATE_VARIABILITY = Metric(
    "heart_rate_variability", "ms", (1, 500), Quantity.TIME, is_daily=True
)
"""The root mean square of successive differences (RMSSD)."""
HEART_RATE_VARIABILITY_SDNN = Metric(
    "heart_rate_variability_sdnn", "ms", (1, 500), Quantity.TIME, is_daily=True
)
"""The standard deviation of all intervals (SDNN)."""
RR_INTERVAL = Metric("rr_interval", "ms", (200, 3000), Quantity.TIME)

STEPS = Metric(
    "steps",
    "steps",
    (1, 30_000),
    Quantity.STEPS,
    Kind.COUNTER,
    counting=Counting(fastest=240, steady=240, highest=10**12, is_whole=True),
)
"""Four in a second are a sprint."""
FLOORS = Metric(
    "floors",
    "floors",
    (0, 1000),
    kind=Kind.COUNTER,
    counting=Counting(fastest=30, steady=15, highest=10**7, is_whole=True),
)
"""Of three metres: the best run up a tower in six seconds each."""
ENERGY = Metric(
    "energy",
    "kcal",
    (0, 10_000),
    Quantity.ENERGY,
    Kind.COUNTER,
    counting=Counting(fastest=60, steady=20, highest=10**9),
)
"""What was spent by moving: 20 kcal a minute are 330 W on the pedals."""
TOTAL_ENERGY = Metric(
    "total_energy",
    "kcal",
    (0, 15_000),
    Quantity.ENERGY,
    Kind.COUNTER,
    counting=Counting(fastest=60, steady=22, highest=10**9),
)
"""What was spent, with what a body needs at rest."""
DISTANCE = Metric(
    "distance",
    "m",
    (0, 200_000),
    Quantity.DISTANCE,
    Kind.COUNTER,
    counting=Counting(fastest=1800, steady=360, highest=10**9),
)
"""On foot, as far as is known: it may be a descent on a bicycle, too, at 30 m/s."""
CYCLING_DISTANCE = Metric(
    "cycling_distance",
    "m",
    (0, 1_000_000),
    Quantity.DISTANCE,
    Kind.COUNTER,
    counting=Counting(fastest=1800, steady=900, highest=10**9),
)
"""Nobody keeps up 15 m/s for an hour."""
HYDRATION = Metric(
    "hydration",
    "mL",
    (0, 10_000),
    Quantity.VOLUME,
    Kind.COUNTER,
    counting=Counting(fastest=2000, steady=1000, highest=10**9, is_entered=True),
)
"""Two bottles are written down at once."""

SPEED = Metric("speed", "m/s", (0, 350), Quantity.SPEED)
CADENCE = Metric("cadence", "rpm", (0, 300))
POWER = Metric("power", "W", (0, 5000), Quantity.POWER)
POWER_LEFT = Metric("power_left", "W", (0, 5000), Quantity.POWER)
POWER_RIGHT = Metric("power_right", "W", (0, 5000), Quantity.POWER)
ALTITUDE = Metric("altitude", "m", (-500, 20_000), Quantity.DISTANCE)

LATITUDE = Metric("latitude", "°", (-90, 90), kind=Kind.POSITION)
LONGITUDE = Metric("longitude", "°", (-180, 180), kind=Kind.POSITION)
POSITION_ACCURACY = Metric("position_accuracy", "m", (0, 1_000_000), kind=Kind.POSITION)
BEARING = Metric("bearing", "°", (0, 360), kind=Kind.POSITION)

AIR_TEMPERATURE = Metric("air_temperature", "°C", (-90, 130), Quantity.TEMPERATURE)
BODY_TEMPERATURE = Metric("body_temperature", "°C", (25, 45), Quantity.TEMPERATURE)
BATTERY = Metric("battery", "%", (0, 100))
SIGNAL_STRENGTH = Metric("signal_strength", "%", (0, 100))

OXYGEN_SATURATION = Metric("oxygen_saturation", "%", (30, 100))
RESPIRATORY_RATE = Metric("respiratory_rate", "breaths/min", (2, 100))
BLOOD_PRESSURE_SYSTOLIC = Metric(
    "blood_pressure_systolic", "mmHg", (40, 300), Quantity.PRESSURE
)
BLOOD_PRESSURE_DIASTOLIC = Metric(
    "blood_pressure_diastolic", "mmHg", (20, 200), Quantity.PRESSURE
)
BLOOD_GLUCOSE = Metric("blood_glucose", "mg/dL", (10, 1000), Quantity.BLOOD_GLUCOSE)
WEIGHT = Metric("weight", "kg", (0.3, 650), Quantity.MASS)
LEAN_BODY_MASS = Metric("lean_body_mass", "kg", (0.3, 300), Quantity.MASS)
SKELETAL_MUSCLE_MASS = Metric("skeletal_muscle_mass", "kg", (0.1, 200), Quantity.MASS)
BODY_FAT_MASS = Metric("body_fat_mass", "kg", (0.1, 500), Quantity.MASS)
BODY_FAT = Metric("body_fat", "%", (1, 90))
HEIGHT = Metric("height", "cm", (30, 280), Quantity.DISTANCE)
BMI = Metric("bmi", "kg/m²", (5, 250))
VO2_MAX = Metric("vo2_max", "mL/(kg·min)", (5, 100), is_daily=True)

METRICS: dict[str, Metric] = {
    row.key: row for row in tuple(globals().values()) if isinstance(row, Metric)
}
"""All of them by their keys, in this order."""
