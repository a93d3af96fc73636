"""BlueZ's bluetoothd: its process, and what a person could ask it by bluetoothctl."""

import asyncio
from asyncio import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
import signal
from typing import Any, Self

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method
from dbus_fast.unpack import unpack_variants

PROGRAM = "/usr/libexec/bluetooth/bluetoothd"
BLUEZ = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
AGENT_MANAGER = "org.bluez.AgentManager1"
AGENT_PATH = "/agent"
PROPERTIES = "org.freedesktop.DBus.Properties"

type Properties = Mapping[str, Any]
"""Of an object of D-Bus, whatever they are."""


class BlueZError(Exception):
    """BlueZ refuses something. The text is its own."""


class BlueZ:
    """A bluetoothd in the tree of Debian's packages, from the beginning to the end."""

    def __init__(self, tree: Path, log: Path) -> None:
        """Initialize what is not started yet."""
        self._tree = tree
        self._log = log
        self._process: subprocess.Process | None = None

    async def start(self, *options: str) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("chroot", str(self._tree), PROGRAM, "-n", "-d", *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self._process:
            self._process.send_signal(number)
            await self._process.wait()
            self._process = None

    async def adapters(self) -> Sequence[str]:
        """Return the paths of the adapters that it has."""
        objects = await self._objects()
        return [path for path, has in objects.items() if ADAPTER in has]

    async def devices(self) -> Mapping[str, Properties]:
        """Return the devices that it knows, by their paths."""
        return {
            path: has[DEVICE]
            for path, has in (await self._objects()).items()
            if DEVICE in has
        }

    async def path_of(self, name: str) -> str:
        """Return the path of a device. Raises BlueZError where there is none."""
        for path, device in (await self.devices()).items():
            if device.get("Alias") == name:
                return path
        raise BlueZError(f"{name} is not known")

    async def call(self, path: str, member: str, *, agent: bool = False) -> None:
        """Have something done with a device. Raises BlueZError."""
        async with self.agent() if agent else Bus() as bus:
            await bus.ask(path, DEVICE, member)

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[Bus]:
        """Have somebody there, in a block, who says yes to pairing. Raises BlueZError."""
        async with Bus() as bus:
            bus.export(AGENT_PATH, Agent())
            for call, signature, body in (
                ("RegisterAgent", "os", [AGENT_PATH, "NoInputNoOutput"]),
                ("RequestDefaultAgent", "o", [AGENT_PATH]),
            ):
                await bus.ask("/org/bluez", AGENT_MANAGER, call, signature, body)
            yield bus

    async def power(self, *, is_on: bool) -> None:
        """Switch the first adapter on or off. Raises BlueZError."""
        path, *_ = await self.adapters()
        body = [ADAPTER, "Powered", Variant("b", is_on)]
        async with Bus() as bus:
            await bus.ask(path, PROPERTIES, "Set", "ssv", body)

    async def _objects(self) -> Mapping[str, Mapping[str, Properties]]:
        """Return all that it has, by the paths, nothing where it does not answer."""
        manager = "org.freedesktop.DBus.ObjectManager"
        try:
            async with Bus() as bus:
                (objects,) = await bus.ask("/", manager, "GetManagedObjects")
        except BlueZError:
            return {}
        return {path: unpack_variants(has) for path, has in objects.items()}


class Bus(MessageBus):
    """A connection to the system's bus, in a block."""

    def __init__(self) -> None:
        """Initialize the connection."""
        super().__init__(bus_type=BusType.SYSTEM)

    async def __aenter__(self) -> Self:
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        self.disconnect()

    async def ask(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: Sequence[Any] = (),
    ) -> Sequence[Any]:
        """Return BlueZ's answer. Raises BlueZError."""
        message = Message(
            destination=BLUEZ,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        reply = await super().call(message)
        if reply is None or reply.message_type is MessageType.ERROR:
            raise BlueZError(f"{member}: {reply and (reply.error_name, reply.body)}")
        answer: Sequence[Any] = reply.body
        return answer


class Agent(ServiceInterface):
    """Whoever says yes to pairing, as a desktop would: Home Assistant has nobody."""

    def __init__(self) -> None:
        """Initialize the agent."""
        super().__init__("org.bluez.Agent1")

    @dbus_method()
    def Release(self) -> None:
        """Be no agent any more."""

    @dbus_method()
    def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        """Confirm."""

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:
        """Confirm."""

    @dbus_method()
    def Cancel(self) -> None:
        """Wait no more."""
