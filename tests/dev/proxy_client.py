"""A client of a proxy's API, with which no Home Assistant is needed."""

import asyncio
from typing import NamedTuple

from aioesphomeapi.client import APIClient
from aioesphomeapi.model import BluetoothProxyFeature

from dev.virtual_proxy import Proxy
from tests.common import until

ADDRESS = "A0:9E:1A:00:00:01"
NUMBER = 0xA09E1A000001
"""The same address as the API has it."""


class Heard(NamedTuple):
    """An advertisement."""

    address: int
    rssi: int
    address_type: int
    data: bytes


class Client:
    """A client of a proxy that remembers what it is told."""

    def __init__(self, proxy: Proxy) -> None:
        """Initialize the client."""
        self.api = APIClient("127.0.0.1", proxy.port, None)
        self.advertisements: list[Heard] = []
        self.slots: list[tuple[int, int, list[int]]] = []
        self.states: list[tuple[bool, int]] = []
        """Whether the strap was connected, and the error."""
        self.notified: list[bytes] = []
        self.gone = asyncio.Event()
        self.handles: dict[int, int] = {}
        """Of characteristics, by their short UUIDs."""

    async def start(self) -> None:
        """Listen to advertisements and numbers of slots."""
        await self.api.connect(on_stop=self._stopped, login=True)
        self.listen()
        self.api.subscribe_bluetooth_connections_free(
            lambda free, limit, allocated: self.slots.append((free, limit, allocated))
        )
        await until(lambda: self.slots)

    def listen(self) -> None:
        """Listen to advertisements."""
        self.api.subscribe_bluetooth_le_raw_advertisements(
            lambda raw: self.advertisements.extend(
                Heard(one.address, one.rssi, one.address_type, one.data)
                for one in raw.advertisements
            )
        )

    async def _stopped(self, expected: bool) -> None:
        self.gone.set()

    async def connect(self, address: int = NUMBER, timeout: float = 5) -> bool:
        """Return whether a strap is connected to now."""
        states: list[bool] = []

        def note(connected: bool, mtu: int, error: int) -> None:
            states.append(connected)
            self.states.append((connected, error))

        forget = await self.api.bluetooth_device_connect(
            address,
            note,
            timeout=timeout,
            disconnect_timeout=0.1,
            feature_flags=BluetoothProxyFeature.REMOTE_CACHING,
            address_type=0,
        )
        if not states[-1]:
            forget()
        return states[-1]

    async def subscribe(self, uuid: int = 0x2A37) -> None:
        """Connect, and ask for notifications."""
        assert await self.connect()
        await self.discover()
        await self.api.bluetooth_gatt_start_notify(
            NUMBER,
            self.handles[uuid],
            lambda _, data: self.notified.append(bytes(data)),
        )
        await self.enable(uuid)

    async def enable(self, uuid: int = 0x2A37, *, enabled: bool = True) -> None:
        """Ask the strap, not only the proxy, for notifications, or for none."""
        cccd = self.handles[uuid] + 1
        data = bytes((enabled, 0))
        await self.api.bluetooth_gatt_write_descriptor(NUMBER, cccd, data)
        assert data == await self.api.bluetooth_gatt_read_descriptor(NUMBER, cccd)

    async def discover(self) -> None:
        """Learn what the strap offers."""
        found = await self.api.bluetooth_gatt_get_services(NUMBER)
        for service in found.services:
            for characteristic in service.characteristics:
                uuid = int(characteristic.uuid[4:8], 16)
                self.handles[uuid] = characteristic.handle

    async def read(self, uuid: int) -> bytes:
        """Return a value of the strap."""
        return bytes(await self.api.bluetooth_gatt_read(NUMBER, self.handles[uuid]))

    async def write(self, uuid: int, data: bytes) -> None:
        """Write a value of the strap."""
        await self.api.bluetooth_gatt_write(
            NUMBER, self.handles[uuid], data, response=True
        )
