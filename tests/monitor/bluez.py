"""A BlueZ of which only the D-Bus is there: what it knows, and what it is asked to do."""

from collections.abc import Callable
from typing import Any

from bleak.backends.bluezdbus import client
import bleak_retry_connector.bluez
import bleak_retry_connector.dbus
from dbus_fast import Message, MessageType
import pytest

DEVICE = "org.bluez.Device1"


class BlueZ:
    """What Home Assistant's libraries take for BlueZ.

    They look into its objects, and send messages over its bus.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be found by the libraries."""
        self._properties: dict[str, dict[str, dict[str, Any]]] = {}
        self._bus = self
        self.calls: list[str] = []
        """What it was asked to do."""
        self.on_call: Callable[[], None] = lambda: None

        async def manager() -> BlueZ:
            return self

        for module, name in (
            (bleak_retry_connector.bluez, "get_global_bluez_manager_with_timeout"),
            (bleak_retry_connector.dbus, "get_global_bluez_manager_with_timeout"),
            (client, "get_global_bluez_manager"),
        ):
            monkeypatch.setattr(module, name, manager)

    def know(self, address: str, adapter: str = "hci0", **properties: object) -> None:
        """Know a device, by the address by which an adapter first heard it."""
        path = f"/org/bluez/{adapter}/dev_{address.replace(':', '_')}"
        known = {"Address": address, "Alias": "", "Adapter": f"/org/bluez/{adapter}"}
        self._properties[path] = {DEVICE: {**known, **properties}}

    async def call(self, message: Message) -> Message:
        """Do as it is told."""
        assert message.member
        assert message.path
        self.calls.append(message.member)
        match message.member:
            case "Disconnect":
                self._properties[message.path][DEVICE]["Connected"] = False
            case "RemoveDevice":
                del self._properties[message.body[0]]
        self.on_call()
        return Message(message_type=MessageType.METHOD_RETURN, reply_serial=1)
