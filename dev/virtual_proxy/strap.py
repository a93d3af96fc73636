"""A heart-rate monitor: what it advertises, measures and answers, and how it fails.

Sources: Bluetooth Heart Rate Service 1.0, Battery Service 1.0, Device Information Service 1.1.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from random import Random
import time
from typing import TYPE_CHECKING, NamedTuple

from .gatt import AttributeRefusal, Characteristic, Error, Service
from .link import Reason
from .measurement import HEART_RATE_SERVICE, MAX_INTERVALS, advertisement, measurement
from .pulse import Pulse
from .ticker import Ticker

if TYPE_CHECKING:
    from .link import Link

MEASUREMENT = 0x2A37
BODY_LOCATION = 0x2A38
CONTROL_POINT = 0x2A39
BATTERY_LEVEL = 0x2A19

RESET_ENERGY = b"\x01"

SOON = 0.02
"""Seconds until the first advertisement after a change."""

VARIATION = 0.02
"""By which share intervals between heartbeats are longer and shorter, in turn."""


class Sent(NamedTuple):
    """A notification that left towards a subscriber."""

    at: float
    """Seconds since the Unix epoch, UTC."""
    bpm: int | None
    """None where the bytes were given to the strap."""
    data: bytes


@dataclass(eq=False)
class Strap:
    """A heart-rate monitor. Everything may change while it is worn."""

    name: str
    address: str
    _: KW_ONLY
    random_address: bool = False
    heart_rate: Pulse | int = 72
    """In bpm."""
    rate: float = 1.0
    """Notifications in a second."""
    rr: bool = True
    """Whether it tells the intervals between heartbeats."""
    wide: bool = False
    """Whether the heart rate always takes two bytes."""
    energy: int | None = None
    """In kJ, None where it does not count it."""
    contact: bool | None = True
    """Whether it touches the skin, None where it cannot tell."""
    battery: int | None = 80
    """In percent, None where it has no battery service."""
    body_location: int | None = 1
    """By default the chest, None where it does not tell."""
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
    energy_resets: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Initialize what is nobody else's business."""
        self._broadcast: Callable[[Strap], None] = lambda _: None
        self._advertiser = Ticker(self._advertise, lambda: self.advertising_interval)
        self._measurer = Ticker(self._measure, lambda: 1 / self.rate)
        self._packets: deque[bytes] = deque()
        self._bpm = 0
        self._beats = 0.0
        self._is_long = False
        self._random = Random(self.address)

    def start(self, broadcast: Callable[[Strap], None]) -> None:
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
            (HEART_RATE_SERVICE,) if self.advertises_service else (),
            self.manufacturer_data,
        )

    def measurement(self) -> bytes:
        """Measure, and return what a notification says."""
        self._bpm = self._next_bpm()
        return measurement(
            self._bpm,
            wide=self.wide,
            contact=self.contact,
            energy=self.energy,
            intervals=self._intervals() if self.rr else (),
        )

    def services(self) -> Sequence[Service]:
        """Return what it offers to whoever connects."""
        services = [
            Service(0x1800, [Characteristic(uuid=0x2A00, read=self.name.encode)]),
            Service(HEART_RATE_SERVICE, self._heart_rate_characteristics()),
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
        """Send a notification to everyone who subscribed, if there is anyone."""
        links = [link for link in self.links if link.subscribed(MEASUREMENT)]
        if not links:
            return
        if self._packets:
            bpm, data = None, self._packets.popleft()
        else:
            data = self.measurement()
            bpm = self._bpm
        sent = Sent(time.time(), bpm, data)
        self.sent.append(sent)
        if self.on_sent:
            self.on_sent(sent)
        for link in links:
            link.notify(MEASUREMENT, data)

    def _next_bpm(self) -> int:
        """Return what the heart does now."""
        if isinstance(self.heart_rate, int):
            return self.heart_rate
        return next(self.heart_rate, self._bpm)

    def _intervals(self) -> Sequence[int]:
        """Return the intervals of the heartbeats since the last measurement, in 1/1024 s."""
        self._beats = min(self._beats + self._bpm / 60 / self.rate, MAX_INTERVALS)
        intervals = []
        while self._beats >= 1:
            self._beats -= 1
            self._is_long = not self._is_long
            share = 1 + VARIATION if self._is_long else 1 - VARIATION
            intervals.append(min(round(60 / self._bpm * share * 1024), 0xFFFF))
        return intervals

    def _heart_rate_characteristics(self) -> Sequence[Characteristic]:
        """Return what the heart-rate service is made of."""
        characteristics = [Characteristic(uuid=MEASUREMENT, notifies=True)]
        if self.body_location is not None:
            location = bytes((self.body_location,))
            characteristics.append(
                Characteristic(uuid=BODY_LOCATION, read=lambda: location)
            )
        characteristics.append(Characteristic(uuid=CONTROL_POINT, write=self._control))
        return characteristics

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

    def _control(self, data: bytes) -> None:
        """Reset the energy. Raises AttributeRefusal."""
        if data != RESET_ENERGY or self.energy is None:
            raise AttributeRefusal(Error.CONTROL_POINT_NOT_SUPPORTED)
        self.energy = 0
        self.energy_resets += 1
