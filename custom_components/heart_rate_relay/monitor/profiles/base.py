"""What a profile is: a service that monitors speak, and all that is known of it."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

type Value = float | str | bool | tuple[float, ...] | datetime | None
"""What was measured. None where there is nothing to be believed."""

type Values = Mapping[str, Value]
"""Values by the keys of their quantities, of those that were told."""


class MalformedError(ValueError):
    """A packet is shorter than its flags say, or tells nothing that there could be."""


class Kind(StrEnum):
    """What values of a quantity look like."""

    NUMBER = "number"
    SERIES = "series"
    """Several numbers at once, of which each counts."""
    FLAG = "flag"
    CHOICE = "choice"
    TIME = "time"
    """When the others were measured, by the monitor's own clock, without a zone."""


@dataclass(frozen=True)
class Quantity:
    """Something that a monitor may tell, and how Home Assistant is to show it."""

    key: str
    unit: str | None = None
    device_class: str | None = None
    _: KW_ONLY
    kind: Kind = Kind.NUMBER
    precision: int | None = None
    """How many decimals are shown."""
    is_total: bool = False
    """Whether it only grows, until it begins anew."""
    is_derived: bool = False
    """Whether it is worked out of many measurements, and is no measurement by itself."""
    is_enabled: bool = True
    is_diagnostic: bool = False
    is_lasting: bool = False
    """Whether it stays true when the monitor is off, as a weight does."""
    is_named_by_class: bool = False
    """Whether Home Assistant's name for the device class says all."""
    options: tuple[str, ...] = ()
    feature: str = ""
    """What a monitor is remembered to have where it has this: by default the key."""

    def __post_init__(self) -> None:
        """Fill in what is not said."""
        if not self.feature:
            object.__setattr__(self, "feature", self.key)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a person says that a monitor does not know."""

    wheel_circumference: float = 2.105
    """In m: by default that of a road bike's wheel, 700 × 25C."""


class Decoder(Protocol):
    """Makes values of the packets of one characteristic, over one connection or more."""

    def decode(self, data: bytes, at: float) -> Values:
        """Return what a packet tells, received at a monotonic time in seconds.

        Raises MalformedError.
        """

    def reset(self) -> None:
        """Forget what was before: nothing came for a while."""


class Parser:
    """A decoder that needs to remember nothing."""

    def __init__(self, parse: Callable[[bytes], Values]) -> None:
        """Initialize the decoder with a function that may raise MalformedError."""
        self._parse = parse

    def decode(self, data: bytes, at: float) -> Values:
        """Return what a packet tells. Raises MalformedError."""
        return self._parse(data)

    def reset(self) -> None:
        """Do nothing."""


def parsing(parse: Callable[[bytes], Values]) -> Callable[[Settings], Decoder]:
    """Return what makes decoders of a function that may raise MalformedError."""
    return lambda _: Parser(parse)


@dataclass(frozen=True, kw_only=True)
class Detail:
    """What a monitor tells when it is asked, once in a connection."""

    characteristic: str
    quantity: Quantity
    parse: Callable[[bytes], str | None]


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a monitor can be made to do."""

    key: str
    characteristic: str
    data: bytes
    feature: str
    """What a monitor is remembered to have where it has the characteristic."""
    quantity: Quantity
    """What it is about: without that it would be of no use."""
    refusal: str
    """The key of what is said where the monitor does not do it."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A service that monitors speak."""

    key: str
    name: str
    """What a monitor is called that tells no name."""
    service: str
    decoders: Mapping[str, Callable[[Settings], Decoder]]
    """By the characteristic of which they make values."""
    quantities: tuple[Quantity, ...]
    unsettled: frozenset[str] = frozenset()
    """Characteristics that tell how far a measurement is that another one tells."""
    required: Quantity | None = None
    """What every monitor tells that speaks it."""
    details: tuple[Detail, ...] = ()
    actions: tuple[Action, ...] = ()
    is_steady: bool = True
    """Whether it measures all the time, and not only when somebody wants to know."""
    has_wheel: bool = False
    """Whether how far it goes depends on the circumference of a wheel."""

    @property
    def features(self) -> frozenset[str]:
        """What every monitor has that speaks it."""
        return frozenset({self.required.feature} if self.required else ())


def table[KeyT, ValueT](rows: Mapping[KeyT, ValueT]) -> Mapping[KeyT, ValueT]:
    """Return a table that nobody changes."""
    return MappingProxyType(dict(rows))
