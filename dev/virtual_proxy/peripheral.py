"""What any monitor has: how it advertises, connects and answers, and how it fails.

Sources: Battery Service 1.0, Device Information Service 1.1.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from random import Random
import time
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from .gatt import Characteristic, Service
from .link import Reason
from .measurement import advertisement
from .ticker import Ticker

if TYPE_CHECKING:
    from .link import Link

BATTERY_LEVEL = 0x2A19

SOON = 0.02
"""Seconds until the first advertisement after a change."""

type Packet = tuple[int, bytes]
"""What is said, with the characteristic that says it."""


class Sent(NamedTuple):
    """A measurement that left towards a subscriber."""

    at: float
    """Seconds since the Unix epoch, UTC."""
    value: float | None
    """None where the bytes were given to the monitor."""
    data: bytes


@dataclass(eq=False)
class Peripheral(ABC):
    """A monitor of any kind. Everything may change while it is used."""

    name: str
    address: str
    _: KW_ONLY
    random_address: bool = False
    rate: float = 1.0
    """Measurements in a second."""
    battery: int | None = 80
    """In percent, None where it has no battery service."""
    manufacturer: str | None = "Invented Straps"
    model: str | None = "IS-1"
    serial: str | None = "00000001"
    firmware: str | None = "1.2.3"
    hardware: str | None = "4.5"
    software: str | None = "6.7"
    rssi: int = -60
    """In dBm."""
    advertising_interval: float = 1.0
    """In seconds."""
    manufacturer_data: dict[int, bytes] = field(default_factory=dict)
    """By the number of the company."""
    advertises_name: bool = True
    tells_name: bool = False
    """Whether it tells its name to a scanner that asks, and else does not advertise it."""
    advertises_service: bool = True
    advertises_while_connected: bool = False
    max_links: int = 1

    muted: bool = False
    """Whether it stays connected, and says nothing."""
    refuse: int = 0
    """The reason for which it lets nobody connect, 0 where it does."""
    connect_delay: float = 0.05
    """Seconds that a connection takes."""
    gatt_delay: float = 0
    """Seconds that an answer takes."""
    needs_pairing: bool = False
    """Whether only somebody paired may subscribe."""
    pairs: bool = True
    """Whether it lets itself be paired."""
    paired: bool = False
    foreign_links: int = 0
    """How many links others hold, such as somebody's phone."""

    powered: bool = field(default=True, init=False)
    links: list[Link] = field(default_factory=list, init=False)
    sent: list[Sent] = field(default_factory=list, init=False)
    on_sent: Callable[[Sent], None] | None = field(default=None, init=False)

    main: ClassVar[int]
    """The characteristic of what is measured first."""
    speaks: ClassVar[tuple[int, ...]]
    """The services that it is known by."""

    def __post_init__(self) -> None:
        """Initialize what is nobody else's business."""
        self._broadcast: Callable[[Peripheral], None] = lambda _: None
        self._advertiser = Ticker(self._advertise, lambda: self.advertising_interval)
        self._measurer = Ticker(self._measure, lambda: 1 / self.rate)
        self._packets: deque[bytes] = deque()
        self._random = Random(self.address)

    @property
    @abstractmethod
    def value(self) -> float:
        """What the last measurement says first."""

    @abstractmethod
    def measure(self) -> Sequence[Packet]:
        """Measure, and return what notifications say, the main one first."""

    @abstractmethod
    def own_services(self) -> Sequence[Service]:
        """Return what it offers of its own kind."""

    def start(self, broadcast: Callable[[Peripheral], None]) -> None:
        """Advertise and measure."""
        self._broadcast = broadcast
        self._advertiser.start(0)
        self._measurer.start(0)

    def stop(self) -> None:
        """Do nothing any more."""
        self._advertiser.stop()
        self._measurer.stop()

    @property
    def advertising(self) -> bool:
        """Whether it can be heard."""
        used = len(self.links) + self.foreign_links
        return self.powered and (not used or self.advertises_while_connected)

    @property
    def full(self) -> bool:
        """Whether it takes no more links."""
        return len(self.links) + self.foreign_links >= self.max_links

    def advertisement(self, *, asked: bool = False) -> bytes:
        """Return what it advertises, with what it answers to a scanner that asks."""
        tells_name = asked if self.tells_name else self.advertises_name
        return advertisement(
            self.name if tells_name else None,
            self.speaks if self.advertises_service else (),
            self.manufacturer_data,
        )

    def services(self) -> Sequence[Service]:
        """Return what it offers to whoever connects."""
        services = [
            Service(0x1800, [Characteristic(uuid=0x2A00, read=self.name.encode)]),
            *self.own_services(),
        ]
        if self.battery is not None:
            level = Characteristic(
                uuid=BATTERY_LEVEL, read=self._battery_level, notifies=True
            )
            services.append(Service(0x180F, [level]))
        services.append(Service(0x180A, self._device_information()))
        return services

    def attach(self, link: Link) -> None:
        """Take note of a new link."""
        self.links.append(link)

    def detach(self, link: Link) -> None:
        """Take note of a link that is over."""
        self.links.remove(link)
        self._advertiser.hurry(SOON)

    def drop(self, reason: int = Reason.TIMEOUT) -> None:
        """Lose every link, as when it is out of reach."""
        for link in tuple(self.links):
            link.end(reason)

    def lose_disconnect(self, *, slots_tell: bool = True) -> None:
        """Lose every link, and let no proxy say so, except by its number of free slots."""
        for link in tuple(self.links):
            link.end(None, slots_tell=slots_tell)

    def power_off(self) -> None:
        """Take it off."""
        self.powered = False
        self.drop()

    def power_on(self) -> None:
        """Put it on."""
        self.powered = True
        self._advertiser.hurry(SOON)

    def rotate(self, address: str | None = None) -> str:
        """Come back under another random static address, and return it."""
        self.drop(Reason.REMOTE_USER)
        # The two highest bits say of which kind it is
        number = self._random.getrandbits(46) | 0b11 << 46
        self.address = address or number.to_bytes(6).hex(":").upper()
        self.random_address = True
        self._advertiser.hurry(SOON)
        return self.address

    def send(self, *packets: bytes) -> None:
        """Say these, whatever they are, in place of the next measurements."""
        self._packets.extend(packets)

    def burst(self, count: int) -> None:
        """Send so many notifications at once."""
        for _ in range(count):
            self._notify()

    def set_battery(self, level: int) -> None:
        """Let the battery have another level, in percent."""
        self.battery = level
        for link in tuple(self.links):
            link.notify(BATTERY_LEVEL, self._battery_level())

    def _advertise(self) -> None:
        """Be heard, if it can be."""
        if self.advertising:
            self._broadcast(self)

    def _measure(self) -> None:
        """Send the next notification, unless it is to stay silent."""
        if not self.muted:
            self._notify()

    def _notify(self) -> None:
        """Send a measurement to everyone who subscribed, if there is anyone."""
        links = [link for link in self.links if link.subscribed(self.main)]
        if not links:
            return
        packets: Sequence[Packet]
        if self._packets:
            value, packets = None, [(self.main, self._packets.popleft())]
        else:
            packets = self.measure()
            value = self.value
        sent = Sent(time.time(), value, packets[0][1])
        self.sent.append(sent)
        if self.on_sent:
            self.on_sent(sent)
        for link in links:
            for characteristic, data in packets:
                link.notify(characteristic, data)

    def _device_information(self) -> Sequence[Characteristic]:
        """Return what it says of itself."""
        texts = {
            0x2A29: self.manufacturer,
            0x2A24: self.model,
            0x2A25: self.serial,
            0x2A26: self.firmware,
            0x2A27: self.hardware,
            0x2A28: self.software,
        }
        return [
            Characteristic(uuid=uuid, read=text.encode)
            for uuid, text in texts.items()
            if text is not None
        ]

    def _battery_level(self) -> bytes:
        """Return the battery's level."""
        return bytes((self.battery or 0,))
