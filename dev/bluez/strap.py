"""A heart-rate strap in the air: bumble's device, with the faults of real ones."""

import asyncio
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar

from bumble import hci, ll
from bumble.att import ATT_Error, Attribute, ErrorCode
from bumble.controller import Controller
from bumble.core import UUID
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, Descriptor, Service
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate

from .air import Air

ADDRESS = "C4:11:22:33:44:55"
"""A random one that stays the same."""

NAME = "Strap 1234"

ADVERTISING_INTERVAL = 100
"""In milliseconds."""

HEART_RATE = 0x180D
MEASUREMENT = 0x2A37
BODY_LOCATION = 0x2A38
CONTROL_POINT = 0x2A39
SUBSCRIPTION = 0x2902


class StrapController(Controller):
    """A strap's radio: one of Bluetooth 4."""

    le_features = (
        hci.LeFeatureMask.LE_ENCRYPTION
        | hci.LeFeatureMask.LE_DATA_PACKET_LENGTH_EXTENSION
    )
    le_acl_data_packet_length = 251
    acl_data_packet_length = 251


@dataclass(eq=False)
class Strap(PairingDelegate):
    """A heart-rate strap, which begins with being off."""

    service: ClassVar[int] = HEART_RATE
    measurement: ClassVar[int] = MEASUREMENT
    quantity: ClassVar[str] = "heart_rate"
    """What it measures, as an entity is called by it."""
    values: ClassVar[Sequence[tuple[int, bytes]]] = ((BODY_LOCATION, b"\x01"),)
    """What else it has that can be read."""

    air: Air
    name: str = NAME
    address: str = ADDRESS
    _: KW_ONLY
    serial: str | None = "S-1234"
    pulse: range = range(60, 120)
    """What it measures, one after the other."""
    is_public: bool = False
    """Whether its address is that of its maker, which never changes."""
    flags: bool = True
    """Whether it says that it can be discovered."""
    is_secured: bool = False
    """Whether it measures only for those who are paired."""
    pairs: bool = True
    """Whether it is willing to pair."""
    identity: str | None = None
    """Its true, public address, where it shows another one each time that it is on."""
    is_updated: bool = False
    """Whether its firmware has the same characteristics in another order."""
    measures: bool = True
    answers: bool = True
    """Whether it answers what it is asked over a connection."""
    answers_pairing: bool = True
    """Whether it answers who wants to pair."""
    stays: float | None = None
    """After how many seconds it ends a connection by itself."""
    sent: int = 0
    """How many notifications it has sent."""
    calls: int = 0
    """How many connections it has taken."""
    bonds: MemoryKeyStore = field(default_factory=MemoryKeyStore)

    def __post_init__(self) -> None:
        """Initialize what pairing wants to know."""
        PairingDelegate.__init__(self)
        self.radio = f"{self.name} {self.address}"
        """What it is called in the air: its name may be another's, too."""
        self._device: Device | None = None
        self._controller: Controller | None = None
        self._beating: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None

    @property
    def entity_id(self) -> str:
        """The entity that tells what it measures."""
        return f"sensor.{self.name.lower().replace(' ', '_')}_{self.quantity}"

    async def accept(self) -> bool:
        """Say whether it is willing to pair."""
        return self.pairs

    async def on(self) -> None:
        """Switch it on."""
        is_public = self.is_public or self.identity is not None
        address = hci.Address(self.identity or self.address, 0 if is_public else 1)
        self._controller = controller = StrapController(
            self.radio, link=self.air, public_address=address
        )
        self._device = device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=self.name,
                address=hci.Address(self.address),
                advertising_interval_min=ADVERTISING_INTERVAL,
                advertising_interval_max=ADVERTISING_INTERVAL,
                le_privacy_enabled=self.identity is not None,
                le_rpa_timeout=0,
                irk=bytes(range(16)),
                gap_service_enabled=False,
                gatt_service_enabled=False,
            ),
            controller,
            controller,
        )
        device.keystore = self.bonds
        device.pairing_config_factory = lambda _: PairingConfig(
            mitm=False,
            delegate=self,
            identity_address_type=(
                PairingConfig.AddressType.PUBLIC if self.identity else None
            ),
        )
        device.add_services(self._services())
        for attribute in device.gatt_server.attributes:
            if not attribute.permissions & Attribute.Permissions.WRITEABLE:
                attribute.write_value = _refuse
        server, pairing = device.gatt_server, device.smp_manager
        serve, pair = server.on_gatt_pdu, pairing.on_smp_pdu
        server.on_gatt_pdu = lambda *pdu: self.answers and serve(*pdu)
        pairing.on_smp_pdu = lambda *pdu: self.answers_pairing and pair(*pdu)
        device.on(Device.EVENT_CONNECTION, self._have_connection)
        await device.power_on()
        await device.start_advertising(
            own_address_type=(
                hci.OwnAddressType.PUBLIC
                if self.is_public
                else hci.OwnAddressType.RANDOM
            ),
            auto_restart=True,
            advertising_data=self._advertisement(),
            scan_response_data=_part(0x09, self.name.encode()),
        )
        self._beating = asyncio.create_task(self._beat())

    async def off(self, *, says_goodbye: bool = False) -> None:
        """Switch it off."""
        controller = self._controller
        if not controller or not self._beating:
            return
        self._beating.cancel()
        controller.le_legacy_advertiser.stop()
        if says_goodbye:
            for link in controller.le_connections.values():
                link.send_ll_control_pdu(ll.TerminateInd(0x15))
            await asyncio.sleep(0.05)
        self.air.remove_controller(controller)
        self._device = self._controller = self._beating = None
        self.air.supervise()

    async def rotate(self) -> None:
        """Take another random address, which is heard where it is on."""
        first, _, last = self.address.rpartition(":")
        self.address = f"{first}:{(int(last, 16) + 1) % 0x100:02X}"
        if self._controller:
            await self.off(says_goodbye=True)
            await self.on()

    async def hang_up(self) -> None:
        """End every connection."""
        if self._device:
            for connection in tuple(self._device.connections.values()):
                await connection.disconnect()

    def forget_bonds(self) -> None:
        """Lose the keys of all that it was paired with, as after a reset."""
        self.bonds = MemoryKeyStore()

    @property
    def is_connected(self) -> bool:
        """Whether anyone is connected to it."""
        return bool(self._controller and self._controller.le_connections)

    def _advertisement(self) -> bytes:
        """Return what it tells everyone."""
        service = _part(0x03, self.service.to_bytes(2, "little"))
        return (_part(0x01, b"\x06") if self.flags else b"") + service

    def _services(self) -> list[Service]:
        """Return what it has."""
        self._measurement = measurement = _characteristic(self.measurement, None)
        if self.is_secured:
            measurement.descriptors = [self._secured_subscription(measurement)]
        characteristics = [
            measurement,
            *(_characteristic(uuid, value) for uuid, value in self.values),
        ]
        if self.is_updated:
            characteristics.reverse()
        texts = {0x2A29: "Maker", 0x2A24: "Model X", 0x2A26: "1.0"}
        if self.serial:
            texts[0x2A25] = self.serial
        return [
            Service(UUID("1800"), [_characteristic(0x2A00, self.name.encode())]),
            Service(UUID.from_16_bits(self.service), characteristics),
            Service(UUID("180F"), [_characteristic(0x2A19, b"\x5a")]),
            Service(
                UUID("180A"),
                [_characteristic(uuid, text.encode()) for uuid, text in texts.items()],
            ),
        ]

    def _secured_subscription(self, measurement: Characteristic) -> Descriptor:
        """Return where only those who are paired may subscribe."""
        assert self._device
        return Descriptor(
            UUID.from_16_bits(SUBSCRIPTION),
            Attribute.Permissions.READABLE
            | Attribute.Permissions.WRITEABLE
            | Attribute.Permissions.WRITE_REQUIRES_ENCRYPTION,
            self._device.gatt_server.make_descriptor_value(measurement),
        )

    def _have_connection(self, _: Connection) -> None:
        """Count it, and stay for as long as it does."""
        self.calls += 1
        if self.stays is not None:
            self._leaving = asyncio.create_task(self._leave(self.stays))

    async def _leave(self, seconds: float) -> None:
        """End every connection in so many seconds."""
        await asyncio.sleep(seconds)
        await self.hang_up()

    def _packet(self) -> bytes:
        """Return the next measurement: a heart rate and the time between two beats."""
        return bytes((0x16, self.pulse[self.sent % len(self.pulse)], 0x00, 0x04))

    async def _beat(self) -> None:
        """Measure once a second."""
        while True:
            await asyncio.sleep(1)
            device = self._device
            if not self.measures or not device:
                continue
            server = device.gatt_server
            handle = self._measurement.handle
            if any(handle in taken for taken in server.subscribers.values()):
                self.sent += 1
                await server.notify_subscribers(self._measurement, self._packet())


class Bike(Strap):
    """A power meter at a bike's crank, which is all that a strap is but for its service.

    Source: Cycling Power Service 1.1, 3.1 to 3.3.
    """

    service = 0x1818
    measurement = 0x2A63
    quantity = "power"
    values = ((0x2A65, bytes((0x08, 0, 0, 0))), (0x2A5D, b"\x05"))

    def _packet(self) -> bytes:
        """Return the next measurement: power, and the turns of the crank."""
        power = 2 * self.pulse[self.sent % len(self.pulse)]
        numbers = (0x20, power, self.sent, self.sent * 1024)
        return b"".join((one & 0xFFFF).to_bytes(2, "little") for one in numbers)


class Beacon:
    """A thermometer of the neighbours, without which nothing would be heard for long.

    Home Assistant takes an adapter for hung where 90 seconds are silent.
    """

    def __init__(self, air: Air) -> None:
        """Initialize a beacon that is on."""
        address = hci.Address("A4:C1:38:00:00:01", 0)
        self._controller = Controller("beacon", link=air, public_address=address)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Say something else each second."""
        count = 0
        advertiser = self._controller.le_legacy_advertiser
        advertiser.enabled = True
        while True:
            await asyncio.sleep(1)
            count += 1
            data = _part(0xFF, b"\xff\xff" + count.to_bytes(4, "little"))
            advertiser.advertising_data = _part(0x01, b"\x06") + data
            advertiser.send_advertising_data()


async def _refuse(*_: object) -> None:
    """Refuse to be written: bumble (0.0.236) lets everything be overwritten."""
    raise ATT_Error(ErrorCode.WRITE_NOT_PERMITTED)


def _characteristic(uuid: int, value: bytes | None) -> Characteristic:
    """Return one that can be read, or else subscribed to."""
    kind = Characteristic.Properties.NOTIFY if value is None else Characteristic.READ
    allowed = Attribute.Permissions(0 if value is None else 1)
    return Characteristic(UUID.from_16_bits(uuid), kind, allowed, value or b"")


def _part(kind: int, data: bytes) -> bytes:
    """Return a part of an advertisement (Core Specification Supplement, part A)."""
    return bytes((len(data) + 1, kind)) + data
