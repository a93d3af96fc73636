"""What may go wrong with a monitor on BlueZ: what is wanted, and how to bring it about.

A fault returns what was seen, in seconds, or raises TimeoutError where it took longer than the
bound. Each has a rig of its own, in which nothing is left of another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import signal

from .adapter import Adapter
from .daemon import BlueZError
from .rig import ADAPTERS, DOMAIN, PATIENCE, Rig, until
from .strap import NAME, Strap

BACK = 45.0
"""Seconds within which there is a heart rate again."""

UNKNOWN = 13.0
"""Seconds within which one is shown no more that is none."""

TOLD = 20.0
"""Seconds within which the repairs tell what a person has to do."""

CORE = 120.0
"""Seconds within which Home Assistant's own watch over adapters has them work again."""

OTHER_ADDRESS = "C4:11:22:33:44:66"
IDENTITY = "00:22:D0:12:34:56"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A row of the table."""

    name: str
    text: str
    bound: float
    """In seconds."""
    bring_about: Callable[[Rig], Awaitable[float]]


FAULTS: dict[str, Fault] = {}


def fault(
    text: str, bound: float = BACK
) -> Callable[[Callable[[Rig], Awaitable[float]]], Callable[[Rig], Awaitable[float]]]:
    """Make a row of the table of a function."""

    def add(
        bring_about: Callable[[Rig], Awaitable[float]],
    ) -> Callable[[Rig], Awaitable[float]]:
        name = bring_about.__name__
        FAULTS[name] = Fault(name=name, text=text, bound=bound, bring_about=bring_about)
        return bring_about

    return add


@fault("off without a goodbye: no value any more", UNKNOWN)
async def off(rig: Rig) -> float:
    """A strap that lost its battery."""
    await rig.wear()
    await rig.strap.off()
    return await rig.unknown_within(UNKNOWN)


@fault("off for 30 s, with a goodbye, and on")
async def off_and_on(rig: Rig) -> float:
    """A strap that was taken off."""
    await rig.wear()
    await rig.strap.off(says_goodbye=True)
    await asyncio.sleep(30)
    await rig.strap.on()
    return await rig.back_within(BACK)


@fault("out of reach for 30 s, and back")
async def out_of_reach(rig: Rig) -> float:
    """Someone who goes for a walk."""
    await rig.wear()
    rig.air.part(rig.strap.name, "hci0")
    await asyncio.sleep(30)
    rig.air.join(rig.strap.name, "hci0")
    return await rig.back_within(BACK)


@fault("hangs up, and the next two calls get lost")
async def lost_calls(rig: Rig) -> float:
    """A strap at the edge of its reach."""
    await rig.wear()
    rig.air.lost_calls = 2
    await rig.strap.hang_up()
    return await rig.back_within(BACK)


@fault("connected, but silent for 60 s")
async def silent(rig: Rig) -> float:
    """A strap whose firmware hangs."""
    await rig.wear()
    rig.strap.measures = False
    await asyncio.sleep(60)
    rig.strap.measures = True
    return await rig.back_within(BACK)


@fault("the nearer of two adapters hears it no more")
async def other_adapter(rig: Rig) -> float:
    """Someone who goes to the other room."""
    await rig.wear(adapters=2)
    holder = next(one for one in rig.adapters if one.le_connections)
    rig.air.part(rig.strap.name, holder.name)
    await rig.unknown_within(UNKNOWN + BACK)
    return await rig.back_within(BACK)


@fault("Home Assistant is killed, and started again")
async def killed(rig: Rig) -> float:
    """BlueZ keeps the link, so that the strap does not advertise."""
    await rig.wear()
    await rig.kill_home_assistant()
    await rig.start_home_assistant()
    return await rig.back_within(BACK)


@fault("another program has connected the strap")
async def taken(rig: Rig) -> float:
    """Someone who tries bluetoothctl while the strap is away."""
    await rig.wear()
    await rig.kill_home_assistant()
    await until(lambda: _is_free(rig), PATIENCE)
    await _by_hand(rig, "Connect")
    await rig.start_home_assistant()
    return await rig.back_within(BACK)


@fault("another address of the same watch")
async def another_address(rig: Rig) -> float:
    """A watch that takes a new one with each broadcast."""
    await rig.wear()
    await rig.strap.off(says_goodbye=True)
    await asyncio.sleep(3)
    rig.strap.address = OTHER_ADDRESS
    await rig.strap.on()
    return await rig.back_within(BACK)


@fault("resolvable private addresses, one each time")
async def private_address(rig: Rig) -> float:
    """A watch that hides who it is."""
    await rig.wear(Strap(rig.air, identity=IDENTITY))
    await rig.strap.off(says_goodbye=True)
    await asyncio.sleep(3)
    await rig.strap.on()
    return await rig.back_within(BACK)


@fault("firmware with other handles, which BlueZ remembers")
async def updated(rig: Rig) -> float:
    """A strap that was updated by its app."""
    await rig.wear()
    await rig.strap.off(says_goodbye=True)
    rig.strap.is_updated = True
    await asyncio.sleep(20)
    await rig.strap.on()
    return await rig.back_within(BACK)


@fault("wants pairing from now on: a repair", TOLD)
async def pairing_told(rig: Rig) -> float:
    """A strap that answers only whom it is paired with."""
    await _want_pairing(rig)
    return await rig.repaired_within(TOLD, "monitor_pairing_needed")


@fault("paired by hand after that")
async def paired(rig: Rig) -> float:
    """A person who does what the repair says."""
    await _want_pairing(rig)
    await rig.repaired_within(PATIENCE, "monitor_pairing_needed")
    rig.strap.pairs = True
    await _by_hand(rig, "Pair")
    return await rig.back_within(BACK)


@fault("a bonded strap lost its keys: a repair", TOLD)
async def lost_keys_told(rig: Rig) -> float:
    """A strap that was reset."""
    await _lose_keys(rig)
    return await rig.repaired_within(TOLD, "monitor_bond_lost")


@fault("the old pairing removed by the repair")
async def lost_keys(rig: Rig) -> float:
    """A person who lets the repair do it."""
    await _lose_keys(rig, is_secured=False)
    await rig.repaired_within(PATIENCE, "monitor_bond_lost")
    await _fix(rig, "bond_lost")
    return await rig.back_within(BACK)


@fault("a bond by which the address changes")
async def bonded_address(rig: Rig) -> float:
    """From then on the kernel knows the strap by its true address."""
    await rig.wear(Strap(rig.air, identity=IDENTITY))
    await _by_hand(rig, "Pair")
    await asyncio.sleep(5)
    await rig.strap.off(says_goodbye=True)
    await asyncio.sleep(3)
    await rig.strap.on()
    return await rig.back_within(BACK)


@fault("the adapter is full: a repair", BACK)
async def full_told(rig: Rig) -> float:
    """Locks and lamps that have all the connections."""
    await _fill(rig)
    return await rig.repaired_within(BACK, "monitor_slots_full")


@fault("a connection is free again")
async def full(rig: Rig) -> float:
    """A person who switches off a lamp."""
    others = await _fill(rig)
    await rig.repaired_within(PATIENCE, "monitor_slots_full")
    await others[0].off(says_goodbye=True)
    return await rig.back_within(BACK)


@fault("bluetoothd is started anew", CORE)
async def restarted(rig: Rig) -> float:
    """An update of the operating system."""
    await rig.wear()
    await rig.bluez.stop(signal.SIGKILL)
    await rig.bluez.start()
    return await _back_after_gap(rig)


@fault("the adapter is pulled out, and plugged in after 20 s", CORE)
async def unplugged(rig: Rig) -> float:
    """A cable that someone trips over."""
    await rig.wear()
    await rig.adapters.pop().unplug()
    await asyncio.sleep(20)
    rig.adapters.append(await Adapter.plug_in(rig.air, "hci0", ADAPTERS[0]))
    return await rig.back_within(CORE)


@fault("passive scanning, no flags: discovered and read", PATIENCE)
async def passive(rig: Rig) -> float:
    """BlueZ passes on what says that it can be discovered, and little else."""
    await rig.start(Strap(rig.air, flags=False), passive=True)
    await rig.strap.on()
    async with asyncio.timeout(PATIENCE):
        await rig.add_strap()
    return await rig.back_within(PATIENCE)


async def _is_free(rig: Rig) -> bool:
    """Have the strap connected by nobody, and say whether it is so."""
    for path, device in (await rig.bluez.devices()).items():
        if device.get("Connected"):
            await rig.bluez.call(path, "Disconnect")
    return not rig.strap.is_connected


async def _by_hand(rig: Rig, member: str, name: str = NAME) -> None:
    """Do with a strap what a person would by bluetoothctl, as often as it takes."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                path = await rig.bluez.path_of(name)
                await rig.bluez.call(path, member, agent=True)
            except BlueZError as err:
                print(f"  {member}: {err}")
                await asyncio.sleep(1)
            else:
                return


async def _want_pairing(rig: Rig) -> None:
    """Have the strap be one that measures only for those who are paired."""
    await rig.wear()
    await rig.strap.off(says_goodbye=True)
    rig.strap.is_secured = True
    rig.strap.pairs = False
    await asyncio.sleep(5)
    await rig.strap.on()


async def _lose_keys(rig: Rig, *, is_secured: bool = True) -> None:
    """Have a strap that is bonded, and forgets that, and perhaps what it was bonded for."""
    rig.strap.is_secured = True
    await rig.start(rig.strap)
    await rig.strap.on()
    await _by_hand(rig, "Pair")
    await rig.add_strap()
    await rig.back_within(PATIENCE)
    await rig.strap.off(says_goodbye=True)
    rig.strap.forget_bonds()
    rig.strap.is_secured = is_secured
    await asyncio.sleep(5)
    await rig.strap.on()


async def _fix(rig: Rig, trouble: str) -> None:
    """Do what a repair offers."""
    entry = await rig.entry()
    flow = "repairs/issues/fix"
    issue = f"{trouble}_{entry['entry_id']}"
    step = await rig.api.start_flow(DOMAIN, flow, issue_id=issue)
    await rig.api.next_step(step, {}, flow)


async def _fill(rig: Rig) -> list[Strap]:
    """Have an adapter with two connections that others have, and return those."""
    await rig.wear(slots=2)
    await rig.strap.off(says_goodbye=True)
    others = []
    for number in (1, 2):
        address = f"C4:99:99:99:99:0{number}"
        other = Strap(rig.air, f"Lamp {number}", address, measures=False)
        others.append(other)
        await other.on()
        await _by_hand(rig, "Connect", other.name)
    await rig.strap.on()
    return others


async def _back_after_gap(rig: Rig) -> float:
    """Return after how many seconds there is a heart rate again that is there no more."""
    gone = await rig.unknown_within(UNKNOWN + BACK)
    return gone + await rig.back_within(CORE)
