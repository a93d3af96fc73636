"""One connection of a client to a proxy's API: greetings, advertisements, free slots.

The connections to straps that it asks for are the business of central.py.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aioesphomeapi.model import (
    BluetoothProxyFeature,
    BluetoothScannerMode,
    BluetoothScannerState,
)

from .address import to_int
from .central import Central
from .messages import Decoder, NotPlaintext, Request, encode

if TYPE_CHECKING:
    from .peripheral import Peripheral
    from .proxy import Proxy

API_VERSION = (1, 14)
ESPHOME_VERSION = "2026.10.0"

FEATURES = (
    BluetoothProxyFeature.PASSIVE_SCAN
    | BluetoothProxyFeature.ACTIVE_CONNECTIONS
    | BluetoothProxyFeature.REMOTE_CACHING
    | BluetoothProxyFeature.PAIRING
    | BluetoothProxyFeature.CACHE_CLEARING
    | BluetoothProxyFeature.RAW_ADVERTISEMENTS
    | BluetoothProxyFeature.FEATURE_STATE_AND_MODE
    | BluetoothProxyFeature.CONNECTION_PARAMS_SETTING
)


class Session(asyncio.Protocol):
    """A client of the API."""

    def __init__(self, proxy: Proxy) -> None:
        """Initialize the session."""
        self.central = Central(proxy, self.send)
        self._proxy = proxy
        self._transport: asyncio.Transport | None = None
        self._decoder = Decoder()
        self._wants_slots = False
        self._handlers: Mapping[str, Callable[[Request], None]] = {
            "HelloRequest": self._hello,
            "AuthenticationRequest": self._authenticate,
            "PingRequest": self._ping,
            "DisconnectRequest": self._disconnect,
            "DeviceInfoRequest": self._device_info,
            "DeviceCapabilitiesRequest": self._capabilities,
            "ListEntitiesRequest": self._entities,
            "SubscribeBluetoothLEAdvertisementsRequest": self._subscribe,
            "UnsubscribeBluetoothLEAdvertisementsRequest": self._unsubscribe,
            "BluetoothScannerSetModeRequest": self._set_mode,
            "SubscribeBluetoothConnectionsFreeRequest": self._subscribe_slots,
            **self.central.handlers,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the client."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._proxy.sessions.append(self)
        self.freeze(self._proxy.frozen)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hang up on every strap, as the firmware does when its client goes away."""
        self._transport = None
        self._proxy.sessions.remove(self)
        if self._proxy.subscriber is self:
            self._proxy.subscriber = None
        self.central.close()

    def data_received(self, data: bytes) -> None:
        """Answer the client."""
        try:
            for kind, request in self._decoder.feed(data):
                if handler := self._handlers.get(kind):
                    handler(request)
        except NotPlaintext:
            self.abort()

    def freeze(self, frozen: bool) -> None:
        """Leave what the client sends where it is, or no longer."""
        if self._transport is None:
            return
        if frozen:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Be gone without a goodbye."""
        if self._transport is not None:
            self._transport.abort()

    def send(self, kind: str, **fields: object) -> None:
        """Send a message."""
        if self._transport is not None and not self._proxy.frozen:
            self._transport.write(encode(kind, **fields))

    def send_advertisements(self, straps: Sequence[Peripheral]) -> None:
        """Send what straps advertise."""
        advertisements = [
            {
                "address": to_int(strap.address),
                "rssi": strap.rssi + self._proxy.rssi_offset,
                "address_type": int(strap.random_address),
                "data": strap.advertisement(
                    asked=self._proxy.mode is BluetoothScannerMode.ACTIVE
                ),
            }
            for strap in straps
        ]
        self.send("BluetoothLERawAdvertisementsResponse", advertisements=advertisements)

    def send_slots(self) -> None:
        """Say how many connections are possible, if that was asked."""
        if not self._wants_slots:
            return
        self.send(
            "BluetoothConnectionsFreeResponse",
            free=self._proxy.free,
            limit=self._proxy.slots,
            allocated=[to_int(address) for address in self._proxy.allocated],
        )

    def _hello(self, _: Request) -> None:
        major, minor = API_VERSION
        self.send(
            "HelloResponse",
            api_version_major=major,
            api_version_minor=minor,
            server_info=f"{self._proxy.name} (esphome v{ESPHOME_VERSION})",
            name=self._proxy.name,
        )

    def _authenticate(self, _: Request) -> None:
        self.send("AuthenticationResponse")

    def _ping(self, _: Request) -> None:
        self.send("PingResponse")

    def _disconnect(self, _: Request) -> None:
        self.send("DisconnectResponse")
        if self._transport is not None:
            self._transport.close()

    def _device_info(self, _: Request) -> None:
        self.send(
            "DeviceInfoResponse",
            name=self._proxy.name,
            friendly_name=self._proxy.name,
            mac_address=self._proxy.mac,
            bluetooth_mac_address=self._proxy.bluetooth_mac,
            esphome_version=ESPHOME_VERSION,
            model="esp32dev",
            manufacturer="Espressif",
            bluetooth_proxy_feature_flags=FEATURES,
        )

    def _capabilities(self, _: Request) -> None:
        self.send(
            "DeviceCapabilitiesResponse",
            bluetooth_proxy={
                "feature_flags": FEATURES,
                "mac_address": self._proxy.bluetooth_mac,
            },
        )

    def _entities(self, _: Request) -> None:
        self.send("ListEntitiesDoneResponse")

    def _subscribe(self, _: Request) -> None:
        """Send advertisements from now on. A second subscriber is not even answered."""
        if self._proxy.subscriber in {None, self}:
            self._proxy.subscriber = self
            self._send_scanner_state()

    def _unsubscribe(self, _: Request) -> None:
        if self._proxy.subscriber is self:
            self._proxy.subscriber = None

    def _set_mode(self, request: Request) -> None:
        """Scan in another mode, which makes no difference here but for what is said."""
        self._proxy.mode = BluetoothScannerMode(request.mode)
        self._send_scanner_state()

    def _send_scanner_state(self) -> None:
        self.send(
            "BluetoothScannerStateResponse",
            state=BluetoothScannerState.RUNNING,
            mode=self._proxy.mode,
            configured_mode=BluetoothScannerMode.ACTIVE,
        )

    def _subscribe_slots(self, _: Request) -> None:
        self._wants_slots = True
        self.send_slots()
