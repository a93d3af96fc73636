"""A peripheral's attributes: what can be read, written and subscribed to.

Source: Bluetooth Core Specification, volume 3, parts F (errors) and G (attributes).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag

CCCD = 0x2902
"""The descriptor that subscribes to a characteristic."""


class Property(IntFlag):
    """What can be done with a characteristic."""

    READ = 0x02
    WRITE = 0x08
    NOTIFY = 0x10
    INDICATE = 0x20


class Error(IntEnum):
    """Why an attribute's peripheral refuses."""

    INVALID_HANDLE = 0x01
    READ_NOT_PERMITTED = 0x02
    WRITE_NOT_PERMITTED = 0x03
    INSUFFICIENT_AUTHENTICATION = 0x05
    CONTROL_POINT_NOT_SUPPORTED = 0x80
    """Of the Heart Rate Service 1.0."""


class AttributeRefusal(Exception):
    """The peripheral refuses."""

    def __init__(self, error: Error) -> None:
        """Initialize the refusal."""
        super().__init__(error.name)
        self.error = error


@dataclass(kw_only=True)
class Characteristic:
    """A value of a service."""

    uuid: int
    read: Callable[[], bytes] | None = None
    write: Callable[[bytes], None] | None = None
    """Raises AttributeRefusal where it does not like what is written."""
    notifies: bool = False
    indicates: bool = False
    """Whether it notifies, and wants to hear that it arrived."""
    handle: int = 0

    @property
    def can_subscribe(self) -> bool:
        """Whether its value can be had whenever it changes."""
        return self.notifies or self.indicates

    @property
    def cccd(self) -> int:
        """The handle of the descriptor that subscribes to it."""
        return self.handle + 1

    @property
    def properties(self) -> Property:
        """What can be done with it."""
        properties = Property(0)
        if self.read:
            properties |= Property.READ
        if self.write:
            properties |= Property.WRITE
        if self.notifies:
            properties |= Property.NOTIFY
        if self.indicates:
            properties |= Property.INDICATE
        return properties


@dataclass
class Service:
    """Values that belong together."""

    uuid: int
    characteristics: Sequence[Characteristic]
    handle: int = 0


class Table:
    """The attributes of a peripheral, by their handles."""

    def __init__(self, services: Sequence[Service]) -> None:
        """Number the attributes from one on."""
        self.services = services
        handle = 1
        for service in services:
            service.handle = handle
            handle += 1
            for characteristic in service.characteristics:
                # The first is that of the declaration
                characteristic.handle = handle + 1
                handle += 3 if characteristic.can_subscribe else 2

    def __iter__(self) -> Iterator[Characteristic]:
        """Return all characteristics."""
        for service in self.services:
            yield from service.characteristics

    def characteristic(self, handle: int) -> Characteristic:
        """Return the characteristic of which this is the value. Raises AttributeRefusal."""
        for characteristic in self:
            if characteristic.handle == handle:
                return characteristic
        raise AttributeRefusal(Error.INVALID_HANDLE)

    def subscribed_by(self, cccd: int) -> Characteristic:
        """Return what a descriptor subscribes to. Raises AttributeRefusal."""
        for characteristic in self:
            if characteristic.can_subscribe and characteristic.cccd == cccd:
                return characteristic
        raise AttributeRefusal(Error.INVALID_HANDLE)
