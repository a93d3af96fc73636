"""What a metric is: a row of the table in metrics.py."""

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
    WORKOUT = auto()
    """Over a time, with a summary of it beside the value: always told as a whole."""
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


@dataclass(frozen=True, eq=False, repr=False)
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
    """Other units, as units.plain writes them, and how many of ours each is."""
    device_class: str = ""
    """Home Assistant's device class that says enough by itself, where there is one."""
    words: str = ""
    """What it is called, in an entity's own name: phrases, a star for any ending."""
    unless: str = ""
    """What is called so, but is something else."""
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

    def __repr__(self) -> str:
        """Return the key."""
        return self.key
