"""A strap, a bike and a trainer, two proxies, and whatever may go wrong, in any order and at once.

Time leaps to what is due next, unless FAULT_REAL says that it is to pass. FAULT_SECONDS says
for how long, and FAULT_SEED what goes wrong.
"""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import os
from random import Random
import time

import pytest

from custom_components.heart_rate_relay.const import LOGGER
from custom_components.heart_rate_relay.monitor.connection import SILENT_AFTER
from custom_components.heart_rate_relay.monitor.link import (
    CONNECT_TIMEOUT,
    DISCONNECT_TIMEOUT,
)
from custom_components.heart_rate_relay.monitor.measuring import STALE_AFTER
from custom_components.heart_rate_relay.monitor.trouble import MAX_BACKOFF
from dev.virtual_proxy import Bike, IndoorBike, Peripheral, Proxy, Strap, World, walking
from dev.virtual_proxy.link import Reason
from homeassistant.core import HomeAssistant
from tests.outbox.common import Clock

from .common import add_proxy, in_use, monitor_entry, set_up_monitor
from .faults import KINDS, SETTLES, Scene, within

IS_REAL = "FAULT_REAL" in os.environ
SECONDS = float(os.environ.get("FAULT_SECONDS", "1800"))
SEED = int(os.environ.get("FAULT_SEED", "1"))

STEP = 0.2
"""How often it is looked whether all is well, in seconds."""

MARGIN = 1.0
"""Seconds for which what is seen may lag behind."""

RECONNECTS = 70.0
"""Seconds in which Home Assistant connects to a proxy again."""

GIVES_UP = SILENT_AFTER + DISCONNECT_TIMEOUT + CONNECT_TIMEOUT
"""Seconds after which a slot is free that a monitor has no use for."""

RECOVERS = GIVES_UP + MAX_BACKOFF + SETTLES
"""Seconds until there is a right value again, when nothing is wrong any more."""

CONTACT_LOST = 0x04
CONTACT = 0x06
"""The bits that tell that there is a sensor for contact, and that there is none."""


class Chaos:
    """Lets things go wrong, and sees to it that they are right again."""

    def __init__(self, air: World, scenes: list[Scene]) -> None:
        """Initialize the chaos, in which nothing is wrong yet."""
        self.random = Random(SEED)
        self.air = air
        self.scenes = scenes
        self._off_since: dict[Peripheral, float] = {}
        self._torn_since = 0.0
        self.has_hung = False
        """Whether a proxy has hung since all was right.

        It then does what it was asked meanwhile, and may dial though nobody waits for that.
        """

    @property
    def scene(self) -> Scene:
        """Any monitor."""
        return self.random.choice(self.scenes)

    @property
    def strap(self) -> Peripheral:
        """Any strap."""
        return self.scene.strap

    @property
    def proxy(self) -> Proxy:
        """Any proxy."""
        return self.random.choice(self.air.proxies)

    async def drop(self) -> None:
        """Lose a link."""
        self.strap.drop(self.random.choice((Reason.TIMEOUT, Reason.REMOTE_USER)))

    async def lose_disconnect(self) -> None:
        """Lose a link, and do not say so."""
        self.strap.lose_disconnect(slots_tell=self.random.random() < 0.5)

    async def mute(self) -> None:
        """Say nothing."""
        self.strap.muted = True

    async def lose_contact(self) -> None:
        """Take a strap off."""
        strap = self.strap
        if isinstance(strap, Strap):
            strap.contact = False

    async def power_off(self) -> None:
        """Switch a strap off."""
        self.strap.power_off()

    async def power_off_and_on(self) -> None:
        """Switch a strap off for a moment."""
        strap = self.strap
        strap.power_off()
        await asyncio.sleep(self.random.random() * 10)
        strap.power_on()

    async def reboot(self) -> None:
        """Let a proxy have no power for a while."""
        proxy = self.proxy
        if proxy.running:
            await proxy.reboot(self.random.random() * 20)

    async def die(self) -> None:
        """Let a proxy have no power."""
        await self.proxy.stop()

    async def freeze(self) -> None:
        """Let a proxy hang."""
        self.proxy.frozen = True

    async def deafen(self) -> None:
        """Let a proxy hear nothing."""
        self.proxy.advertises = False

    async def wander(self) -> None:
        """Carry all straps out of the reach of a proxy."""
        self.proxy.straps = ()
        self.strap.drop()

    async def occupy(self) -> None:
        """Let others have the slots of a proxy."""
        proxy = self.proxy
        proxy.occupied = self.random.randint(1, proxy.slots)

    async def occupy_all(self) -> None:
        """Let others have all slots, and let a monitor want one."""
        for proxy in self.air.proxies:
            proxy.occupied = proxy.slots
        self.strap.drop()

    async def refuse(self) -> None:
        """Let nobody connect any more."""
        strap = self.strap
        strap.refuse = self.random.choice((Reason.TIMEOUT, Reason.NOT_ESTABLISHED))
        strap.drop()

    async def connect_slowly(self) -> None:
        """Take long to connect."""
        strap = self.strap
        strap.connect_delay = self.random.random() * 15
        strap.drop()

    async def answer_slowly(self) -> None:
        """Take long to answer, or for ever."""
        strap = self.strap
        strap.gatt_delay = self.random.choice((0.5, 5, 60))
        strap.drop()

    async def prefer_another(self) -> None:
        """Let another device have a strap."""
        strap = self.strap
        strap.advertises_while_connected = self.random.random() < 0.5
        strap.foreign_links = 1
        strap.drop()

    async def want_pairing(self) -> None:
        """Want to be paired with, and be so or not."""
        strap = self.strap
        strap.needs_pairing = True
        strap.paired = False
        strap.pairs = self.random.random() < 0.5
        strap.drop()

    async def babble(self) -> None:
        """Say what nobody understands."""
        count = self.random.choice((1, 5, 40))
        self.strap.send(*(self.random.randbytes(1) for _ in range(count)))

    async def hurry(self) -> None:
        """Say a lot at once."""
        self.strap.burst(self.random.randint(2, 200))

    async def rotate(self) -> None:
        """Come back under another address."""
        self.strap.rotate()

    async def reload(self) -> None:
        """Load a monitor's entry again."""
        scene = self.scene
        assert await scene.hass.config_entries.async_reload(scene.entry.entry_id)

    async def reload_proxy(self) -> None:
        """Load a proxy's entry again, if it can be loaded."""
        hass = self.scene.hass
        entries = hass.config_entries.async_loaded_entries("esphome")
        if entries and all(proxy.running for proxy in self.air.proxies):
            entry = self.random.choice(entries)
            await hass.config_entries.async_reload(entry.entry_id)

    async def heal(self) -> None:
        """Let everything be right again."""
        for proxy in self.air.proxies:
            proxy.frozen = False
            proxy.advertises = True
            proxy.straps = self.air.straps
            if not proxy.running:
                await proxy.start()
            proxy.occupied = 0
        for scene in self.scenes:
            strap = scene.strap
            strap.muted = strap.needs_pairing = False
            strap.advertises_while_connected = False
            if isinstance(strap, Strap):
                strap.contact = True
            strap.refuse = strap.foreign_links = 0
            strap.connect_delay = 0.05
            strap.gatt_delay = 0
            strap.power_on()

    def check(self) -> None:
        """Make sure that nothing is as it may never be."""
        now = asyncio.get_running_loop().time()
        if any(proxy.frozen for proxy in self.air.proxies):
            self._torn_since = now
            self.has_hung = True
        for scene in self.scenes:
            strap = scene.strap
            shown = scene.shown
            assert shown is None or shown in sent_lately(strap), "a ghost"
            assert scene.tasks <= 1, "connected to by several"
            if now - self._torn_since < MARGIN:
                # Nobody can end what a proxy holds that hangs
                self._off_since.pop(strap, None)
                continue
            slots = [
                address
                for proxy in self.air.proxies
                for address in proxy.allocated
                if address == strap.address
            ]
            assert len(slots) <= 1 + self.has_hung, "linked twice"
            if strap.powered or not slots:
                self._off_since[strap] = now
            assert now - self._off_since.get(strap, now) <= GIVES_UP, "holds a slot"


def sent_lately(strap: Peripheral) -> set[float]:
    """Return what a strap has measured while it touched the skin, as far as that counts."""
    lately: set[float] = set()
    for sent in reversed(strap.sent):
        if sent.at < time.time() - STALE_AFTER - MARGIN:
            break
        is_off = isinstance(strap, Strap) and sent.data[0] & CONTACT == CONTACT_LOST
        if sent.value is not None and not is_off:
            lately.add(sent.value)
    return lately


FAULTS: list[Callable[[Chaos], Awaitable[None]]] = [
    Chaos.drop,
    Chaos.lose_disconnect,
    Chaos.mute,
    Chaos.lose_contact,
    Chaos.power_off,
    Chaos.power_off_and_on,
    Chaos.reboot,
    Chaos.die,
    Chaos.freeze,
    Chaos.deafen,
    Chaos.wander,
    Chaos.occupy,
    Chaos.occupy_all,
    Chaos.refuse,
    Chaos.connect_slowly,
    Chaos.answer_slowly,
    Chaos.prefer_another,
    Chaos.want_pairing,
    Chaos.babble,
    Chaos.hurry,
    Chaos.reload,
    Chaos.reload_proxy,
]
if IS_REAL:
    # When advertisements are heard is told by a clock that does not leap
    FAULTS.append(Chaos.rotate)


@pytest.fixture
async def scenes(
    hass: HomeAssistant, air: World, monkeypatch: pytest.MonkeyPatch
) -> list[Scene]:
    """Return three monitors that measure, near two proxies."""
    if not IS_REAL:
        Clock(asyncio.get_running_loop(), monkeypatch)
    await add_proxy(hass, air, name="other", mac="24:0A:C4:00:00:20", rssi_offset=-15)
    scenes = []
    monitors: dict[str, Peripheral] = {
        "strap": Strap("Strap 1", "A0:9E:1A:00:00:01", heart_rate=walking(60, 100, 1)),
        "bike": Bike(
            "Bike 2",
            "A0:9E:1A:00:00:02",
            power=walking(120, 240, 2),
            serial="00000002",
        ),
        "trainer": IndoorBike(
            "Trainer 3",
            "A0:9E:1A:00:00:03",
            power=walking(120, 240, 3),
            serial="00000003",
        ),
    }
    for kind, strap in monitors.items():
        _, profile, quantity = KINDS[kind]
        entry = monitor_entry(
            strap.address, name=strap.name, profiles=(profile,), features=(quantity,)
        )
        await set_up_monitor(hass, entry)
        air.add_strap(strap)
        scenes.append(Scene(hass=hass, air=air, strap=strap, entry=entry, kind=kind))
    return scenes


async def is_right_within(chaos: Chaos, seconds: float) -> float:
    """Wait until all monitors show what they measure, and return how long that took."""
    before = [scene.coordinator.data.measurements for scene in chaos.scenes]

    def is_right() -> bool:
        chaos.check()
        return all(
            scene.coordinator.data.measurements > count
            and scene.shown == scene.strap.sent[-1].value
            for scene, count in zip(chaos.scenes, before, strict=True)
        )

    return await within(seconds, is_right)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
async def test_random_faults(
    hass: HomeAssistant,
    air: World,
    scenes: list[Scene],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever goes wrong, no wrong value is shown, and the right one is back in time."""
    chaos = Chaos(air, scenes)
    loop = asyncio.get_running_loop()
    ends = loop.time() + SECONDS
    await is_right_within(chaos, SETTLES)
    while loop.time() < ends:
        faults = chaos.random.choices(FAULTS, k=chaos.random.choice((1, 1, 1, 2, 3)))
        names = " + ".join(fault.__name__ for fault in faults)
        print(f"seed {SEED}: {names}")  # noqa: T201 - to be found where it fails
        for fault in faults:
            await fault(chaos)
            await sound(chaos, chaos.random.choice((0, 0.5, 5)))
        await sound(chaos, chaos.random.choice((0, 2, 15, 40, 90, 150)))
        await chaos.heal()
        await within(RECONNECTS, lambda: all(in_use(hass, one) for one in air.proxies))
        took = await is_right_within(chaos, RECOVERS)
        chaos.has_hung = False
        print(f"right again after {took:.1f} s")  # noqa: T201 - to be found where it fails
    for scene in scenes:
        assert await hass.config_entries.async_unload(scene.entry.entry_id)
    assert all(scene.is_released for scene in scenes)
    assert not [
        record
        for record in caplog.records
        if record.name == LOGGER.name and record.levelno >= logging.WARNING
    ]


async def sound(chaos: Chaos, seconds: float) -> None:
    """Let time pass, in which nothing is as it may never be."""
    for _ in range(round(seconds / STEP)):
        chaos.check()
        await asyncio.sleep(STEP)
