"""What may go wrong where a strap wants to be paired with."""

import asyncio

from dev.bluez.by_hand import by_hand
from dev.bluez.rig import DOMAIN, PATIENCE, Rig
from dev.bluez.strap import Strap
from dev.bluez.table import BACK, TOLD, fault

from .strap import IDENTITY


@fault("wants pairing from now on: a repair", TOLD)
async def pairing_told(rig: Rig) -> float:
    """A strap that answers only whom it is paired with."""
    await rig.wear()
    await _secure(rig)
    return await rig.repaired_within(TOLD, "monitor_pairing_needed")


@fault("paired by hand after that")
async def paired(rig: Rig) -> float:
    """A person who does what the repair says."""
    await rig.wear()
    await _secure(rig)
    await rig.repaired_within(PATIENCE, "monitor_pairing_needed")
    rig.strap.pairs = True
    await by_hand(rig, "Pair")
    return await rig.back_within(BACK)


@fault("wants pairing, and an agent says yes")
async def agreed(rig: Rig) -> float:
    """A desktop, on which somebody is there to be asked."""
    await rig.wear()
    async with rig.bluez.agent():
        await _secure(rig, pairs=True)
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
    await by_hand(rig, "Pair")
    await asyncio.sleep(5)
    await rig.strap.off(says_goodbye=True)
    await asyncio.sleep(3)
    await rig.strap.on()
    return await rig.back_within(BACK)


async def _secure(rig: Rig, *, pairs: bool = False) -> None:
    """Have the strap be one that measures only for those who are paired."""
    await rig.strap.off(says_goodbye=True)
    rig.strap.is_secured = True
    rig.strap.pairs = pairs
    await asyncio.sleep(5)
    await rig.strap.on()


async def _lose_keys(rig: Rig, *, is_secured: bool = True) -> None:
    """Have a strap that is bonded, and forgets that, and perhaps what it was bonded for."""
    rig.strap.is_secured = True
    await rig.start(rig.strap)
    await rig.strap.on()
    await by_hand(rig, "Pair")
    await rig.add_strap()
    await rig.back_within(PATIENCE)
    await rig.strap.off(says_goodbye=True)
    rig.strap.forget_bonds()
    rig.strap.is_secured = is_secured
    await asyncio.sleep(5)
    await rig.strap.on()


async def _fix(rig: Rig, trouble: str) -> None:
    """Do what a repair offers."""
    flow = "repairs/issues/fix"
    issue = f"{trouble}_{await rig.api.entry(rig.strap.name)}"
    step = await rig.api.start_flow(DOMAIN, flow, issue_id=issue)
    await rig.api.next_step(step, {}, flow)
