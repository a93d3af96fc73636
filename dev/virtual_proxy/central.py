"""The connections to straps that a client of a proxy asks for.

What is sent and when follows ESPHome's component bluetooth_proxy.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from aioesphomeapi.model import BluetoothDeviceRequestType

from .address import to_address, to_int
from .gatt import CCCD, AttributeRefusal
from .link import MTU, Link, Reason
from .messages import Request

if TYPE_CHECKING:
    from .proxy import Proxy

NOT_CONNECTED = -1
"""ESPHome's own error, where there is no link."""

PAIRING_NOT_SUPPORTED = 0x05
"""Why pairing fails (Core Specification, volume 3, part H, 3.5.5)."""

POLL_INTERVAL = 0.02
"""How often it is looked whether the strap dialled can be heard, in seconds."""


class Send(Protocol):
    """What takes messages for the client."""

    def __call__(self, kind: str, **fields: object) -> None:
        """Send a message."""


class Central:
    """A proxy's Bluetooth, in the service of one client."""

    def __init__(self, proxy: Proxy, send: Send) -> None:
        """Initialize the central."""
        self.links: dict[str, Link] = {}
        """By the address of the strap."""
        self.dialling: dict[str, asyncio.Task[None]] = {}
        self._proxy = proxy
        self._send = send
        self.handlers: Mapping[str, Callable[[Request], None]] = {
            "BluetoothDeviceRequest": self._device_request,
            "BluetoothSetConnectionParamsRequest": self._set_parameters,
            "BluetoothGATTGetServicesRequest": self._services,
            "BluetoothGATTReadRequest": self._read,
            "BluetoothGATTWriteRequest": self._write,
            "BluetoothGATTReadDescriptorRequest": self._read_descriptor,
            "BluetoothGATTWriteDescriptorRequest": self._write_descriptor,
            "BluetoothGATTNotifyRequest": self._notify,
        }

    def close(self) -> None:
        """Hang up on every strap."""
        for task in self.dialling.values():
            task.cancel()
        self.dialling.clear()
        for link in tuple(self.links.values()):
            link.end(Reason.LOCAL_HOST)

    def forward(self, link: Link, handle: int, data: bytes) -> None:
        """Forward a notification."""
        self._send(
            "BluetoothGATTNotifyDataResponse",
            address=to_int(link.address),
            handle=handle,
            data=data,
        )

    def lose(self, link: Link, reason: int | None, *, slots_tell: bool) -> None:
        """Say that a link is over."""
        del self.links[link.address]
        if reason is not None:
            self._send_disconnected(link.address, reason)
        if slots_tell:
            self._proxy.push_slots()

    def _device_request(self, request: Request) -> None:
        """Connect, disconnect, pair and so on."""
        address = to_address(request.address)
        match request.request_type:
            case (
                BluetoothDeviceRequestType.CONNECT_V3_WITH_CACHE
                | BluetoothDeviceRequestType.CONNECT_V3_WITHOUT_CACHE
            ):
                self._connect(address)
            case BluetoothDeviceRequestType.DISCONNECT:
                self._disconnect(address)
            case BluetoothDeviceRequestType.PAIR:
                self._pair(address)
            case BluetoothDeviceRequestType.UNPAIR:
                if link := self.links.get(address):
                    link.strap.paired = False
                self._send(
                    "BluetoothDeviceUnpairingResponse",
                    address=request.address,
                    success=True,
                )
            case BluetoothDeviceRequestType.CLEAR_CACHE:
                self._send(
                    "BluetoothDeviceClearCacheResponse",
                    address=request.address,
                    success=True,
                )

    def _connect(self, address: str) -> None:
        """Dial, unless every slot is taken."""
        self._proxy.connects += 1
        if address in self.links:
            self._send_connected(address)
        elif address in self.dialling:
            return
        elif not self._proxy.free:
            self._send_disconnected(address, Reason.CANCELLED)
            self._proxy.push_slots()
        else:
            self.dialling[address] = asyncio.create_task(self._dial(address))
            self._proxy.push_slots()

    async def _dial(self, address: str) -> None:
        """Connect to a strap, or hold the slot until it is certain that it is not there."""
        error: int = Reason.CANCELLED
        try:
            async with asyncio.timeout(self._proxy.dial_timeout):
                error = await self._reach(address)
        except TimeoutError:
            pass
        del self.dialling[address]
        if error:
            self._send_disconnected(address, error)
        else:
            self._send_connected(address)
        self._proxy.push_slots()

    async def _reach(self, address: str) -> int:
        """Return why there is no link to a strap, 0 where there is one now."""
        while not (strap := self._proxy.heard(address)):
            await asyncio.sleep(POLL_INTERVAL)
        await asyncio.sleep(strap.connect_delay)
        if strap.refuse:
            return strap.refuse
        if strap.full or self._proxy.heard(address) is not strap:
            return Reason.NOT_ESTABLISHED
        self.links[address] = Link(strap, self)
        return 0

    def _disconnect(self, address: str) -> None:
        """Hang up on a strap, or dial no longer."""
        self._proxy.disconnects += 1
        if link := self.links.get(address):
            link.end(Reason.LOCAL_HOST)
            return
        if task := self.dialling.pop(address, None):
            task.cancel()
        self._send_disconnected(address, Reason.LOCAL_HOST)
        self._proxy.push_slots()

    def _pair(self, address: str) -> None:
        """Pair with a strap, if it is willing."""
        link = self.links.get(address)
        if paired := link is not None and link.strap.pairs:
            link.strap.paired = True
        self._send(
            "BluetoothDevicePairingResponse",
            address=to_int(address),
            paired=paired,
            error=0 if paired else PAIRING_NOT_SUPPORTED,
        )

    def _send_connected(self, address: str) -> None:
        self._send(
            "BluetoothDeviceConnectionResponse",
            address=to_int(address),
            connected=True,
            mtu=MTU,
        )

    def _send_disconnected(self, address: str, reason: int) -> None:
        self._send(
            "BluetoothDeviceConnectionResponse", address=to_int(address), error=reason
        )

    def _set_parameters(self, request: Request) -> None:
        self._send("BluetoothSetConnectionParamsResponse", address=request.address)

    def _services(self, request: Request) -> None:
        """Tell what a strap offers."""
        if (link := self._link(request, handle=0)) is None:
            return
        for service in link.table.services:
            characteristics = [
                {
                    "short_uuid": characteristic.uuid,
                    "handle": characteristic.handle,
                    "properties": characteristic.properties,
                    "descriptors": [{"short_uuid": CCCD, "handle": characteristic.cccd}]
                    if characteristic.can_subscribe
                    else [],
                }
                for characteristic in service.characteristics
            ]
            self._send(
                "BluetoothGATTGetServicesResponse",
                address=request.address,
                services=[
                    {
                        "short_uuid": service.uuid,
                        "handle": service.handle,
                        "characteristics": characteristics,
                    }
                ],
            )
        self._answer(
            link, "BluetoothGATTGetServicesDoneResponse", address=request.address
        )

    def _read(self, request: Request) -> None:
        def read(link: Link) -> None:
            data = link.read(request.handle)
            self._answer_handle(link, "BluetoothGATTReadResponse", request, data=data)

        self._try(request, read)

    def _read_descriptor(self, request: Request) -> None:
        def read(link: Link) -> None:
            data = link.read_descriptor(request.handle)
            self._answer_handle(link, "BluetoothGATTReadResponse", request, data=data)

        self._try(request, read)

    def _write(self, request: Request) -> None:
        def write(link: Link) -> None:
            link.write(request.handle, request.data)
            if request.response:
                self._answer_handle(link, "BluetoothGATTWriteResponse", request)

        self._try(request, write)

    def _write_descriptor(self, request: Request) -> None:
        def write(link: Link) -> None:
            link.write_descriptor(request.handle, request.data)
            self._answer_handle(link, "BluetoothGATTWriteResponse", request)

        self._try(request, write)

    def _notify(self, request: Request) -> None:
        """Forward notifications from now on, or no longer."""
        if (link := self._link(request, handle=request.handle)) is None:
            return
        if request.enable:
            link.registered.add(request.handle)
        else:
            link.registered.discard(request.handle)
        self._answer_handle(link, "BluetoothGATTNotifyResponse", request)

    def _try(self, request: Request, do: Callable[[Link], None]) -> None:
        """Do something with a link that the strap may refuse."""
        if (link := self._link(request, handle=request.handle)) is None:
            return
        try:
            do(link)
        except AttributeRefusal as err:
            self._answer_handle(
                link, "BluetoothGATTErrorResponse", request, error=err.error
            )

    def _link(self, request: Request, *, handle: int) -> Link | None:
        """Return the link that a request is about, and say so where there is none."""
        if link := self.links.get(to_address(request.address)):
            return link
        self._send(
            "BluetoothGATTErrorResponse",
            address=request.address,
            handle=handle,
            error=NOT_CONNECTED,
        )
        return None

    def _answer_handle(
        self, link: Link, kind: str, request: Request, **fields: object
    ) -> None:
        """Answer a request about a handle."""
        self._answer(
            link, kind, address=request.address, handle=request.handle, **fields
        )

    def _answer(self, link: Link, kind: str, **fields: object) -> None:
        """Answer as slowly as the strap does."""
        link.answer(lambda: self._send(kind, **fields))
