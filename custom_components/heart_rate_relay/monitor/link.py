"""One connection to a monitor, from the first attempt to its end."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, Self

from bleak.backends import BleakBackend
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
import bleak_retry_connector

from .details import TEXTS, Details, Mark, parse_details, parse_text
from .profiles import offered
from .profiles.base import Action, Profile
from .uuids import BATTERY_LEVEL, MODEL_NUMBER, SERIAL_NUMBER

BLUETOOTH_ERRORS: Final = bleak_retry_connector.BLEAK_RETRY_EXCEPTIONS
"""What anything that goes through the air may raise."""

CONNECT_TIMEOUT = 25.0
"""Seconds for an attempt to connect, of which a proxy may need 20."""

ANOTHER_TIMEOUT = 10.0
"""Seconds for another kind of measurements to be had, where there is one already."""

ENDS = 3
"""How many connections may end as soon as they are made in one attempt.

Bleak makes a new one each time that BlueZ ends one, several in a second.
"""

DETAILS_TIMEOUT = 30.0
"""Seconds for all that a monitor tells of itself."""

NOTIFY_TIMEOUT = 8.0
"""Seconds for BlueZ to have measurements sent.

Where it has to pair for that by itself, and nobody is there to be asked, it never answers.
"""

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
        BleakGATTProtocolErrorCode.WRITE_NOT_PERMITTED: "write not permitted",
    }
)
"""What is answered where the firmware has other attributes than are remembered.

Whoever subscribes may write there (Core Specification 3.G.3.3.3.3), or it is something else.
"""

type PacketCallback = Callable[[str, bytearray], None]
"""Takes a packet, with the characteristic that it is of."""


class NotAMonitorError(BleakError):
    """What was connected to has no measurements that are known here."""


class EndsAtOnceError(BleakError):
    """Each connection ends as soon as it is made."""


class PairingNeededError(BleakError):
    """The monitor tells nothing to whom it is not paired with."""


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
        self._refusal: PairingNeededError | None = None

    @classmethod
    async def connect(
        cls, device: BLEDevice, name: str, timeout: float = CONNECT_TIMEOUT
    ) -> Self:
        """Connect by the best way there is now, in so many seconds.

        Raises EndsAtOnceError or another of BLUETOOTH_ERRORS.
        """
        ended = asyncio.Event()
        ends = 0
        is_connecting = True

        def end(_: object) -> None:
            nonlocal ends
            ended.set()
            ends += 1
            if is_connecting and ends == ENDS:
                limit.reschedule(0)

        try:
            async with asyncio.timeout(timeout) as limit:
                client = await bleak_retry_connector.establish_connection(
                    # Looked up late: Home Assistant replaces it when Bluetooth starts
                    bleak_retry_connector.BleakClientWithServiceCache,
                    device,
                    name,
                    disconnected_callback=end,
                    max_attempts=1,
                )
        except TimeoutError as err:
            if ends >= ENDS:
                raise EndsAtOnceError(f"{ends} connections ended at once") from err
            raise
        finally:
            is_connecting = False
        if client.is_connected:
            # An attempt before may have come far enough to end
            ended.clear()
        return cls(client, ended)

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """What the monitor speaks, the better one first."""
        return tuple(offered(one.uuid for one in self._characteristics if _tells(one)))

    async def subscribe(self, on_packet: PacketCallback) -> None:
        """Have measurements sent, and pair for that where need be.

        Not before it is asked for: where pairing fails Linux lets nothing more through, and a
        monitor that had only been slow would never be read. Where there are several kinds, one
        is enough. Raises PairingNeededError where pairing fails, NotAMonitorError where there
        are none, or one of BLUETOOTH_ERRORS.
        """
        wanted = {uuid for profile in self.profiles for uuid in profile.decoders}
        measurements = [
            one for one in self._characteristics if one.uuid in wanted and _tells(one)
        ]
        if not measurements:
            await self._forget_attributes()
            raise NotAMonitorError("No measurements")
        failures: list[Exception] = []
        for number, measurement in enumerate(measurements):
            has_one = number > len(failures)
            try:
                async with asyncio.timeout(ANOTHER_TIMEOUT if has_one else None):
                    await self._subscribe_to(measurement, on_packet)
            except BLUETOOTH_ERRORS as err:
                failures.append(err)
                if isinstance(err, TimeoutError | PairingNeededError):
                    # What answers no more may measure all the same
                    break
        if len(failures) > number:
            raise failures[0]

    async def _subscribe_to(
        self, measurement: BleakGATTCharacteristic, on_packet: PacketCallback
    ) -> None:
        """Have measurements of a kind sent, and pair for that where need be.

        Raises PairingNeededError where pairing fails, or another of BLUETOOTH_ERRORS.
        """
        try:
            async with asyncio.timeout(NOTIFY_TIMEOUT if self.is_bluez else None):
                await self._notify(measurement, on_packet)
        except TimeoutError:
            if not self.is_bluez:
                raise
            await self._pair()
            await self._notify_paired(measurement, on_packet)
        except BleakError as err:
            if is_outdated(err):
                await self._forget_attributes()
            if not needs_pairing(err) and not self._is_denied(err):
                raise
            await self._pair()
            await self._notify_paired(measurement, on_packet)

    async def read_details(self, on_battery: PacketCallback) -> Details:
        """Return what the monitor tells of itself, and have changes of the battery sent."""
        values: dict[str, bytes] = {}
        profiles = self.profiles
        told = [one.characteristic for profile in profiles for one in profile.details]
        serial_number, *texts = TEXTS.values()
        # The most useful first
        wanted = (serial_number, BATTERY_LEVEL, *told, *texts)
        try:
            async with asyncio.timeout(DETAILS_TIMEOUT):
                for uuid in wanted:
                    if (value := await self._read(uuid)) is not None:
                        values[uuid] = value
                await self._notify_battery(on_battery)
        except TimeoutError:
            pass
        there = {characteristic.uuid for characteristic in self._characteristics}
        return parse_details(values, there, profiles)

    async def read_mark(self) -> Mark | None:
        """Return what the monitor is told by from all others, None where it tells none."""
        serial_number = parse_text(await self._read(SERIAL_NUMBER) or b"")
        return Mark.of(parse_text(await self._read(MODEL_NUMBER) or b""), serial_number)

    async def perform(self, action: Action) -> None:
        """Let the monitor do something. Raises one of BLUETOOTH_ERRORS."""
        await self._client.write_gatt_char(
            action.characteristic, action.data, response=True
        )

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
        """Pair. Raises PairingNeededError where that fails, or TimeoutError.

        BlueZ answers unless the monitor does not: one that hangs, and does not want to be paired.
        What was refused once over a connection is not asked for again.
        """
        if self._refusal:
            raise self._refusal
        try:
            async with asyncio.timeout(PAIRING_TIMEOUT):
                await self._client.pair()
        except (*BLUETOOTH_ERRORS, NotImplementedError) as err:
            # A proxy whose firmware is too old to pair says that it is not implemented
            if self.is_bluez and isinstance(err, TimeoutError):
                raise
            self._refusal = PairingNeededError(f"Not paired: {err!r}")
            raise self._refusal from err

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
        uuid = characteristic.uuid
        await self._client.start_notify(
            characteristic, lambda _, data: on_packet(uuid, data)
        )

    async def _notify_battery(self, on_battery: PacketCallback) -> None:
        """Have the battery's level sent when it changes, where the monitor does that."""
        if (level := self._find(BATTERY_LEVEL)) and _tells(level):
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

    def _is_denied(self, error: BleakError) -> bool:
        """Return whether BlueZ may have paired by itself, and that failed, as it fails here."""
        return (
            self.is_bluez
            and self._client.is_connected
            and isinstance(error, BleakGATTProtocolError)
            and error.code == BleakGATTProtocolErrorCode.UNLIKELY_ERROR
        )

    @property
    def is_bluez(self) -> bool:
        """Whether this is by an adapter, and not by a proxy."""
        return bool(self._client.backend_id == BleakBackend.BLUEZ_DBUS)

    @property
    def _characteristics(self) -> Iterable[BleakGATTCharacteristic]:
        """All that the monitor has."""
        return self._client.services.characteristics.values()

    def _find(self, uuid: str) -> BleakGATTCharacteristic | None:
        """Return a characteristic: the first, where a monitor has several batteries."""
        return next((one for one in self._characteristics if one.uuid == uuid), None)


def _tells(characteristic: BleakGATTCharacteristic) -> bool:
    """Return whether a characteristic's value is sent when it changes."""
    return not {"notify", "indicate"}.isdisjoint(characteristic.properties)


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
