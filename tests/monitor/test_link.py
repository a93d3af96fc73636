"""What adapters and proxies do that the virtual ones do not, each in its way."""

from collections.abc import Callable
from unittest.mock import Mock

from bleak.backends.device import BLEDevice
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError
import bleak_retry_connector
import pytest

from custom_components.heart_rate_relay.monitor.link import (
    Link,
    is_outdated,
    needs_pairing,
)

from .common import ADDRESS, NAME


@pytest.mark.parametrize(
    "error",
    [
        # As bleak tells it wherever it knows the code
        BleakGATTProtocolError(0x05),
        BleakGATTProtocolError(0x08),
        BleakGATTProtocolError(0x0C),
        BleakGATTProtocolError(0x0F),
        # As a proxy does
        BleakError(
            "Bluetooth GATT Error error=5 description=Insufficient authentication"
        ),
        # As BlueZ does
        BleakDBusError("org.bluez.Error.NotPermitted", ["Not paired"]),
    ],
)
def test_needs_pairing(error: BleakError) -> None:
    """Whoever is not paired, and should be, is told so in several ways."""
    assert needs_pairing(error)
    assert not is_outdated(error)


@pytest.mark.parametrize(
    "error",
    [
        BleakGATTProtocolError(0x01),
        BleakGATTProtocolError(0x03),
        BleakGATTProtocolError(0x0A),
        BleakError("Bluetooth GATT Error error=1 description=Invalid handle"),
        BleakDBusError(
            "org.bluez.Error.Failed", ["Operation failed with ATT error: 0x0a"]
        ),
    ],
)
def test_is_outdated(error: BleakError) -> None:
    """Whoever asks for what is not there any more is told so in several ways."""
    assert is_outdated(error)
    assert not needs_pairing(error)


@pytest.mark.parametrize(
    "error",
    [
        BleakGATTProtocolError(0x02),
        BleakError("Not connected"),
        BleakDBusError("org.bluez.Error.NotPermitted", ["Read not permitted"]),
        BleakDBusError("org.bluez.Error.Failed", ["Not connected"]),
    ],
)
def test_other_errors(error: BleakError) -> None:
    """What has gone wrong otherwise is neither."""
    assert not needs_pairing(error)
    assert not is_outdated(error)


@pytest.mark.parametrize("is_connected", [True, False])
async def test_ended_while_it_was_made(
    monkeypatch: pytest.MonkeyPatch, is_connected: bool
) -> None:
    """BlueZ tells of the end of a call that was tried again, and succeeded after all."""
    client = Mock(is_connected=is_connected)

    async def establish(
        *_: object, disconnected_callback: Callable[[Mock], None], **__: object
    ) -> Mock:
        disconnected_callback(client)
        return client

    monkeypatch.setattr(bleak_retry_connector, "establish_connection", establish)
    link = await Link.connect(BLEDevice(ADDRESS, NAME, {}), NAME)
    assert link.ended.is_set() is not is_connected
