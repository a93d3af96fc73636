"""One connection between a proxy and a strap."""

import asyncio
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from .gatt import AttributeRefusal, Error, Table

if TYPE_CHECKING:
    from .peripheral import Peripheral

SUBSCRIBED = b"\x01\x00"
SUBSCRIBED_TO_INDICATIONS = b"\x02\x00"
UNSUBSCRIBED = b"\x00\x00"

MTU = 185
"""How many bytes a packet may have, which both sides agree on."""


class Reason(IntEnum):
    """Why there is no link (Core Specification, volume 1, part F; 0x100 is Espressif's)."""

    TIMEOUT = 0x08
    """Out of reach."""
    REMOTE_USER = 0x13
    """The strap hung up."""
    LOCAL_HOST = 0x16
    """The proxy hung up."""
    NOT_ESTABLISHED = 0x3E
    CANCELLED = 0x100
    """Dialled in vain, or no slot left."""


class Carrier(Protocol):
    """The proxy's side of a link."""

    def forward(self, link: Link, handle: int, data: bytes) -> None:
        """Take a notification."""

    def lose(self, link: Link, reason: int | None, *, slots_tell: bool) -> None:
        """Note that a link is over.

        Without a reason nobody is told, except by the number of free slots, where that
        tells it.
        """


class Link:
    """A connection, with what the proxy's client has subscribed to."""

    def __init__(self, strap: Peripheral, carrier: Carrier) -> None:
        """Connect."""
        self.strap = strap
        self.address = strap.address
        """The strap's, when it was connected."""
        self.table = Table(strap.services())
        self.registered: set[int] = set()
        """The handles of which the proxy takes notifications."""
        self.enabled: set[int] = set()
        """The handles of which the strap sends notifications."""
        self._carrier = carrier
        self._answers: list[asyncio.TimerHandle] = []
        strap.attach(self)

    def end(self, reason: int | None, *, slots_tell: bool = True) -> None:
        """Disconnect. Without a reason, nobody is told."""
        for answer in self._answers:
            answer.cancel()
        self._carrier.lose(self, reason, slots_tell=slots_tell)
        self.strap.detach(self)

    def answer(self, call: Callable[[], None]) -> None:
        """Let an answer take its time."""
        if delay := self.strap.gatt_delay:
            loop = asyncio.get_running_loop()
            self._answers.append(loop.call_later(delay, call))
        else:
            call()

    def read(self, handle: int) -> bytes:
        """Return a value. Raises AttributeRefusal."""
        if (read := self.table.characteristic(handle).read) is None:
            raise AttributeRefusal(Error.READ_NOT_PERMITTED)
        return read()

    def write(self, handle: int, data: bytes) -> None:
        """Write a value. Raises AttributeRefusal."""
        if (write := self.table.characteristic(handle).write) is None:
            raise AttributeRefusal(Error.WRITE_NOT_PERMITTED)
        write(data)

    def read_descriptor(self, handle: int) -> bytes:
        """Return whether a value is subscribed to. Raises AttributeRefusal."""
        subscribed = self.table.subscribed_by(handle).handle in self.enabled
        return SUBSCRIBED if subscribed else UNSUBSCRIBED

    def write_descriptor(self, handle: int, data: bytes) -> None:
        """Subscribe to a value, or no longer. Raises AttributeRefusal."""
        characteristic = self.table.subscribed_by(handle)
        if self.strap.needs_pairing and not self.strap.paired:
            raise AttributeRefusal(Error.INSUFFICIENT_AUTHENTICATION)
        if data in {SUBSCRIBED, SUBSCRIBED_TO_INDICATIONS}:
            self.enabled.add(characteristic.handle)
        else:
            self.enabled.discard(characteristic.handle)

    def subscribed(self, uuid: int) -> int | None:
        """Return the handle of a characteristic that is subscribed to."""
        for characteristic in self.table:
            handle = characteristic.handle
            if characteristic.uuid == uuid and handle in self.registered & self.enabled:
                return handle
        return None

    def notify(self, uuid: int, data: bytes) -> None:
        """Send a notification, if it is subscribed to."""
        if (handle := self.subscribed(uuid)) is not None:
            self._carrier.forward(self, handle, data)
