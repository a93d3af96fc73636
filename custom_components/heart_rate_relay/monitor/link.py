"""One connection to a monitor, from the first attempt to its end."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
import bleak_retry_connector

from .measurement import (
    RESET_ENERGY,
    BodyLocation,
    parse_battery,
    parse_body_location,
    parse_text,
)
from .uuids import (
    BATTERY_LEVEL,
    BODY_LOCATION,
    CONTROL_POINT,
    DEVICE_NAME,
    FIRMWARE_REVISION,
    HARDWARE_REVISION,
    MANUFACTURER_NAME,
    MEASUREMENT,
    MODEL_NUMBER,
    SERIAL_NUMBER,
)

BLUETOOTH_ERRORS: Final = bleak_retry_connector.BLEAK_RETRY_EXCEPTIONS
"""What anything that goes through the air may raise."""

CONNECT_TIMEOUT = 25.0
"""Seconds for an attempt to connect, of which a proxy may need 20."""

DETAILS_TIMEOUT = 30.0
"""Seconds for all that a monitor tells of itself."""

PAIRING_TIMEOUT = 20.0
"""Seconds for pairing, for which a person may have to do something."""

DISCONNECT_TIMEOUT = 5.0
"""Seconds for the other side to confirm that a connection has ended."""

PAIRING_ERRORS: Mapping[int, str] = MappingProxyType(
    {
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION: (
            "insufficient authentication"
        ),
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION: (
            "insufficient authorization"
        ),
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION: "insufficient encryption",
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE: (
            "insufficient key size"
        ),
    }
)
"""What is answered to whom is not paired, and how a proxy puts that into words."""

NOT_PAIRED = "not paired"
"""How BlueZ puts the most of them into words, without a code."""

OUTDATED_ERRORS: Mapping[int, str] = MappingProxyType(
    {
        BleakGATTProtocolErrorCode.INVALID_HANDLE: "invalid handle",
        BleakGATTProtocolErrorCode.ATTRIBUTE_NOT_FOUND: "attribute not found",
    }
)
"""What is answered where the firmware has other attributes than are remembered."""

type PacketCallback = Callable[[bytearray], None]


class Mark(NamedTuple):
    """What a monitor is told by from all others, also those of its name."""

    model: str
    """Numbers of another model count anew."""
    serial_number: str

    @classmethod
    def of(cls, model: str, serial_number: str) -> Self | None:
        """Return the mark, None where the number means nothing: some have only zeros."""
        return cls(model, serial_number) if serial_number.strip("0") else None


class NotAMonitorError(BleakError):
    """What was connected to has no heart-rate measurements."""


class PairingNeededError(BleakError):
    """The monitor tells nothing to whom it is not paired with."""


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a monitor tells of itself, as far as it does."""

    name: str = ""
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    sw_version: str = ""
    hw_version: str = ""
    battery: int | None = None
    """In percent."""
    body_location: BodyLocation | None = None
    can_reset_energy: bool = False

    @property
    def mark(self) -> Mark | None:
        """What the monitor is told by from all others, None where it tells none."""
        return Mark.of(self.model, self.serial_number)


class Link:
    """A connection to a monitor. Whoever made it has to close it."""

    def __init__(
        self,
        client: bleak_retry_connector.BleakClientWithServiceCache,
        ended: asyncio.Event,
    ) -> None:
        """Initialize the link."""
        self._client = client
        self.ended = ended
        """Set when the connection has ended, as far as that is known."""

    @classmethod
    async def connect(
        cls, device: BLEDevice, name: str, timeout: float = CONNECT_TIMEOUT
    ) -> Self:
        """Connect by the best way there is now, in so many seconds.

        Raises one of BLUETOOTH_ERRORS.
        """
        ended = asyncio.Event()
        async with asyncio.timeout(timeout):
            client = await bleak_retry_connector.establish_connection(
                # Looked up late: Home Assistant replaces it when Bluetooth starts
                bleak_retry_connector.BleakClientWithServiceCache,
                device,
                name,
                disconnected_callback=lambda _: ended.set(),
                max_attempts=1,
            )
        if client.is_connected:
            # An attempt before may have come far enough to end
            ended.clear()
        return cls(client, ended)

    async def subscribe(self, on_packet: PacketCallback) -> None:
        """Have measurements sent, and pair for that where need be.

        Raises PairingNeededError where pairing fails, NotAMonitorError where there are
        no measurements, or one of BLUETOOTH_ERRORS.
        """
        if (measurement := self._find(MEASUREMENT)) is None:
            await self._forget_attributes()
            raise NotAMonitorError("No heart-rate measurements")
        try:
            await self._notify(measurement, on_packet)
        except BleakError as err:
            if is_outdated(err):
                await self._forget_attributes()
            if not needs_pairing(err):
                raise
            await self._pair()
            await self._notify_paired(measurement, on_packet)

    async def read_details(self, on_battery: PacketCallback) -> Details:
        """Return what the monitor tells of itself, and have changes of the battery sent."""
        values: dict[str, bytes] = {}
        try:
            async with asyncio.timeout(DETAILS_TIMEOUT):
                for uuid in READABLE:
                    if (value := await self._read(uuid)) is not None:
                        values[uuid] = value
                await self._notify_battery(on_battery)
        except TimeoutError:
            pass
        return _details(values, self._find(CONTROL_POINT) is not None)

    async def read_mark(self) -> Mark | None:
        """Return what the monitor is told by from all others, None where it tells none."""
        serial_number = parse_text(await self._read(SERIAL_NUMBER) or b"")
        return Mark.of(parse_text(await self._read(MODEL_NUMBER) or b""), serial_number)

    async def reset_energy(self) -> None:
        """Let the monitor count energy from 0 on. Raises one of BLUETOOTH_ERRORS."""
        await self._client.write_gatt_char(CONTROL_POINT, RESET_ENERGY, response=True)

    async def close(self) -> bool:
        """Disconnect, and return whether it is certain that there is no connection."""
        had_ended = self.ended.is_set()
        try:
            async with asyncio.timeout(DISCONNECT_TIMEOUT):
                await self._client.disconnect()
        except BLUETOOTH_ERRORS:
            if not had_ended:
                # Giving up sets it, but nobody has confirmed it
                self.ended.clear()
            return had_ended
        return True

    async def _forget_attributes(self) -> None:
        """Have the monitor asked again what it has: that may be of an older firmware."""
        if self._client.is_connected:
            await self._client.clear_cache()

    async def _pair(self) -> None:
        """Pair. Raises PairingNeededError where that fails."""
        try:
            async with asyncio.timeout(PAIRING_TIMEOUT):
                await self._client.pair()
        except (*BLUETOOTH_ERRORS, NotImplementedError) as err:
            raise PairingNeededError("Not paired") from err

    async def _notify_paired(
        self, measurement: BleakGATTCharacteristic, on_packet: PacketCallback
    ) -> None:
        """Have measurements sent. Raises PairingNeededError where pairing was no use."""
        try:
            await self._notify(measurement, on_packet)
        except BleakError as err:
            if needs_pairing(err):
                raise PairingNeededError("Paired in vain") from err
            raise

    async def _notify(
        self, characteristic: BleakGATTCharacteristic, on_packet: PacketCallback
    ) -> None:
        """Have a characteristic's values sent."""
        await self._client.start_notify(characteristic, lambda _, data: on_packet(data))

    async def _notify_battery(self, on_battery: PacketCallback) -> None:
        """Have the battery's level sent when it changes, where the monitor does that."""
        level = self._find(BATTERY_LEVEL)
        if level and "notify" in level.properties:
            try:
                await self._notify(level, on_battery)
            except BleakError:
                return

    async def _read(self, uuid: str) -> bytes | None:
        """Return a characteristic's value, None where there is none to be had."""
        if (characteristic := self._find(uuid)) is None:
            return None
        try:
            return bytes(await self._client.read_gatt_char(characteristic))
        except BleakError:
            return None

    def _find(self, uuid: str) -> BleakGATTCharacteristic | None:
        """Return a characteristic: the first, where a monitor has several batteries."""
        characteristics = self._client.services.characteristics.values()
        return next((one for one in characteristics if one.uuid == uuid), None)


READABLE = (
    SERIAL_NUMBER,
    BATTERY_LEVEL,
    BODY_LOCATION,
    DEVICE_NAME,
    MANUFACTURER_NAME,
    MODEL_NUMBER,
    FIRMWARE_REVISION,
    HARDWARE_REVISION,
)
"""What is read, the most useful first."""


def needs_pairing(error: BleakError) -> bool:
    """Return whether an error says that only those who are paired are answered.

    The codes are those of the Bluetooth Core Specification, Vol. 3, Part F, 3.4.1.1.
    """
    return _is_one_of(error, PAIRING_ERRORS) or NOT_PAIRED in str(error).lower()


def is_outdated(error: BleakError) -> bool:
    """Return whether an error says that a characteristic is not where it was."""
    return _is_one_of(error, OUTDATED_ERRORS)


def _is_one_of(error: BleakError, errors: Mapping[int, str]) -> bool:
    """Return whether an error is one of some, told by its code or in its words."""
    if isinstance(error, BleakGATTProtocolError):
        return error.code in errors
    return any(words in str(error).lower() for words in errors.values())


def _details(values: Mapping[str, bytes], can_reset_energy: bool) -> Details:
    """Return what values of characteristics tell."""

    def text(uuid: str) -> str:
        return parse_text(values.get(uuid, b""))

    return Details(
        name=text(DEVICE_NAME),
        manufacturer=text(MANUFACTURER_NAME),
        model=text(MODEL_NUMBER),
        serial_number=text(SERIAL_NUMBER),
        sw_version=text(FIRMWARE_REVISION),
        hw_version=text(HARDWARE_REVISION),
        battery=parse_battery(values.get(BATTERY_LEVEL, b"")),
        body_location=parse_body_location(values.get(BODY_LOCATION, b"")),
        can_reset_energy=can_reset_energy,
    )
