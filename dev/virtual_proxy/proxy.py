"""An ESP32 that runs ESPHome's bluetooth_proxy, and how it fails."""

import asyncio
from collections.abc import Sequence

from aioesphomeapi.model import BluetoothScannerMode

from .address import to_address, to_int
from .link import Link
from .peripheral import Peripheral
from .session import Session

HOST = "127.0.0.1"

FOREIGN_ADDRESSES = 0xEE0000000000
"""From where on the addresses are that hold slots for others."""

BATCH_INTERVAL = 0.02
"""For how long advertisements are gathered, in seconds."""


class Proxy:
    """A Bluetooth proxy."""

    def __init__(
        self,
        name: str = "proxy",
        port: int = 0,
        mac: str = "24:0A:C4:00:00:10",
        slots: int = 3,
        rssi_offset: int = 0,
        dial_timeout: float = 10,
    ) -> None:
        """Initialize the proxy. It listens on any free port, unless one is given."""
        self.name = name
        self.port = port
        self.mac = mac
        self.slots = slots
        self.rssi_offset = rssi_offset
        """How much weaker straps are here than what they say, in dB, negative."""
        self.dial_timeout = dial_timeout
        """Seconds for which it dials a strap that is not there."""
        self.straps: Sequence[Peripheral] = ()
        """Those within reach."""
        self.advertises = True
        """Whether it forwards advertisements."""
        self.connects = 0
        """How often it was asked to connect."""
        self.disconnects = 0
        """How often it was asked to disconnect."""
        self.mode = BluetoothScannerMode.PASSIVE
        self.sessions: list[Session] = []
        self.subscriber: Session | None = None
        """The only one that gets advertisements."""
        self._server: asyncio.Server | None = None
        self._frozen = False
        self._occupied = 0
        self._batch: list[Peripheral] = []
        self._flush_timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Listen for clients."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Session(self), HOST, self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Lose power: every client and every link is gone."""
        if self._flush_timer:
            self._flush_timer.cancel()
            self._flush_timer = None
        self._batch.clear()
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for session in tuple(self.sessions):
            session.abort()
        await server.wait_closed()
        self.frozen = False
        self.occupied = 0

    async def reboot(self, down: float = 1) -> None:
        """Lose power for so many seconds."""
        await self.stop()
        await asyncio.sleep(down)
        await self.start()

    @property
    def running(self) -> bool:
        """Whether it has power."""
        return self._server is not None

    @property
    def bluetooth_mac(self) -> str:
        """The address of its Bluetooth, which an ESP32 makes of its other one."""
        return to_address(to_int(self.mac) + 2)

    @property
    def frozen(self) -> bool:
        """Whether it neither reads nor sends, and keeps its connections."""
        return self._frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        self._frozen = frozen
        for session in self.sessions:
            session.freeze(frozen)

    @property
    def occupied(self) -> int:
        """How many slots others hold."""
        return self._occupied

    @occupied.setter
    def occupied(self, occupied: int) -> None:
        self._occupied = occupied
        self.push_slots()

    @property
    def links(self) -> list[Link]:
        """The connections to straps."""
        return [
            link for session in self.sessions for link in session.central.links.values()
        ]

    @property
    def allocated(self) -> list[str]:
        """The addresses that hold a slot, connected or not yet."""
        others = range(FOREIGN_ADDRESSES, FOREIGN_ADDRESSES + self._occupied)
        return [
            *(link.address for link in self.links),
            *(
                address
                for session in self.sessions
                for address in session.central.dialling
            ),
            *map(to_address, others),
        ]

    @property
    def free(self) -> int:
        """How many slots nobody holds."""
        return max(0, self.slots - len(self.allocated))

    def push_slots(self) -> None:
        """Tell every client that wants to know how many slots are free."""
        for session in self.sessions:
            session.send_slots()

    def heard(self, address: str) -> Peripheral | None:
        """Return the strap that can be heard under an address."""
        for strap in self.straps:
            if strap.address == address and strap.advertising:
                return strap
        return None

    def hear(self, strap: Peripheral) -> None:
        """Take an advertisement."""
        if not self.subscriber or not self.advertises or strap not in self.straps:
            return
        self._batch.append(strap)
        if not self._flush_timer:
            loop = asyncio.get_running_loop()
            self._flush_timer = loop.call_later(BATCH_INTERVAL, self._flush)

    def _flush(self) -> None:
        """Send the advertisements that were gathered."""
        self._flush_timer = None
        batch, self._batch = self._batch, []
        if self.subscriber:
            self.subscriber.send_advertisements(batch)
