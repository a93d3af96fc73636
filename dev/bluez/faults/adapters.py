"""What may go wrong with an adapter, or with bluetoothd."""

import asyncio
import signal

from dev.bluez.adapter import Adapter
from dev.bluez.by_hand import by_hand
from dev.bluez.rig import ADAPTERS, PATIENCE, Rig
from dev.bluez.strap import Strap
from dev.bluez.table import BACK, CORE, UNKNOWN, fault

OTHER_ADAPTER = "00:1A:7D:DA:71:99"


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
    gone = await rig.unknown_within(UNKNOWN + BACK)
    return gone + await rig.back_within(CORE)


@fault("the adapter is off for 20 s", CORE)
async def switched_off(rig: Rig) -> float:
    """A person who tries flight mode."""
    await rig.wear()
    await rig.bluez.power(is_on=False)
    await asyncio.sleep(20)
    await rig.bluez.power(is_on=True)
    return await rig.back_within(CORE)


@fault("the adapter is pulled out, and plugged in after 20 s", CORE)
async def unplugged(rig: Rig) -> float:
    """A cable that someone trips over."""
    await rig.wear()
    await rig.adapters.pop().unplug()
    await asyncio.sleep(20)
    rig.adapters.append(await Adapter.plug_in(rig.air, "hci0", ADAPTERS[0]))
    return await rig.back_within(CORE)


@fault("the same, and another one has its place", CORE)
async def other_place(rig: Rig) -> float:
    """A person who sorts their cables."""
    await rig.wear()
    await rig.adapters.pop().unplug()
    await asyncio.sleep(20)
    for name, address in (("other", OTHER_ADAPTER), ("hci1", ADAPTERS[0])):
        rig.adapters.append(await Adapter.plug_in(rig.air, name, address))
        await asyncio.sleep(1)
    return await rig.back_within(CORE)


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
        await by_hand(rig, "Connect", other.name)
    await rig.strap.on()
    return others
