"""The air between adapters and straps: who reaches whom, and what gets lost.

A controller of bumble hands everything to everyone, and no link ends by itself. Here one has
to be within reach, and a link over which nothing comes is lost after a while, as in truth.
"""

import asyncio
from collections.abc import Callable

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

SUPERVISION = 4.0
"""Seconds after which a link is lost: what most straps ask for."""

CALL_TIME = 0.3
"""Seconds after which a link that the other side knows nothing of is not established."""


class Air(LocalLink):
    """What all controllers are in."""

    def __init__(self) -> None:
        """Initialize the air, in which everyone reaches everyone."""
        super().__init__()
        self.lost_calls = 0
        """How many of the next calls get lost."""
        self._walls: set[frozenset[str]] = set()

    def part(self, one: str, other: str) -> None:
        """Take two out of each other's reach, by their names."""
        self._walls.add(frozenset((one, other)))
        self.supervise()

    def join(self, one: str, other: str) -> None:
        """Let two reach each other again."""
        self._walls.discard(frozenset((one, other)))

    def supervise(self) -> None:
        """Have links end after a while whose other side is not reached."""
        for controller in self.controllers:
            for link in controller.le_connections.values():
                if not self.other_side(link):
                    later(SUPERVISION, self._lose, link)

    def advertiser(self, address: hci.Address) -> Controller | None:
        """Return who is heard at an address."""
        for controller in self.controllers:
            advertiser = controller.le_legacy_advertiser
            if advertiser.enabled and advertiser.address == address:
                return controller
        return None

    def other_side(self, link: Connection) -> Connection | None:
        """Return the other end of a link, None where there is none within reach."""
        for controller in self.controllers:
            other: Connection | None = controller.le_connections.get(link.self_address)
            if (
                controller is not link.controller
                and other
                and other.self_address == link.peer_address
                and self._reaches(link.controller, controller)
            ):
                return other
        return None

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Have everyone hear an advertisement, or a call."""
        is_call = isinstance(packet, ll.ConnectInd)
        if is_call:
            later(CALL_TIME, self._establish, sender_controller, packet)
            if self.lost_calls:
                self.lost_calls -= 1
                return
        for controller in self.controllers:
            if controller is not sender_controller and self._reaches(
                controller, sender_controller
            ):
                later(0, controller.on_ll_advertising_pdu, packet)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Carry data to the other side of a link."""
        link = sender_controller.le_connections.get(destination_address)
        if link and (other := self.other_side(link)):
            later(
                0, other.controller.on_link_acl_data, link.self_address, transport, data
            )

    def send_ll_control_pdu(
        self,
        sender_address: hci.Address,
        receiver_address: hci.Address,
        packet: ll.ControlPdu,
    ) -> None:
        """Carry what controllers tell each other."""
        for controller in self.controllers:
            link = controller.le_connections.get(receiver_address)
            if link and link.self_address == sender_address:
                if other := self.other_side(link):
                    later(0, other.controller.on_ll_control_pdu, sender_address, packet)
                return

    def _reaches(self, one: Controller, other: Controller) -> bool:
        return frozenset((one.name, other.name)) not in self._walls

    def _establish(self, caller: Controller, call: ll.ConnectInd) -> None:
        """Have a link fail that the other side has not heard of."""
        link = caller.le_connections.get(call.advertiser_address)
        if link and not self.other_side(link):
            error = hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
            caller.on_le_disconnected(link, error)

    def _lose(self, link: Connection) -> None:
        """Have a link end, unless the other side is within reach again."""
        controller = link.controller
        is_there = controller.le_connections.get(link.peer_address) is link
        if is_there and not self.other_side(link):
            controller.on_le_disconnected(
                link, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
            )


def later[**P](
    seconds: float, call: Callable[P, object], *args: P.args, **_: P.kwargs
) -> None:
    """Do something in so many seconds, in the event loop."""
    asyncio.get_running_loop().call_later(seconds, call, *args)
