"""What a strap may do, and what may be done to it."""

import asyncio

from dev.bluez.by_hand import by_hand
from dev.bluez.rig import PATIENCE, Rig, until
from dev.bluez.strap import Strap
from dev.bluez.table import BACK, UNKNOWN, fault

IDENTITY = "00:22:D0:12:34:56"

ANOTHER_TRY = 75.0
"""Seconds within which there is a heart rate again where a person was asked to pair."""

SILENT = 320.0
"""Seconds within which the repairs tell of a strap that never measures: five minutes, and those
until it is connected, and silent."""


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
    rig.air.part(rig.strap.radio, "hci0")
    await asyncio.sleep(30)
    rig.air.join(rig.strap.radio, "hci0")
    return await rig.back_within(BACK)


@fault("hangs up, and the next two calls get lost")
async def lost_calls(rig: Rig) -> float:
    """A strap at the edge of its reach."""
    await rig.wear()
    rig.air.lost_calls = 2
    await rig.strap.hang_up()
    return await rig.back_within(BACK)


@fault("hangs up 0.3 s after each call, for a minute")
async def hangs_up(rig: Rig) -> float:
    """A strap that wants something which it does not get."""
    await rig.wear()
    rig.strap.stays = 0.3
    await rig.strap.hang_up()
    await asyncio.sleep(60)
    rig.strap.stays = None
    return await rig.back_within(BACK)


@fault("connected, but silent for 60 s")
async def silent(rig: Rig) -> float:
    """A strap whose firmware hangs."""
    await rig.wear()
    rig.strap.measures = False
    await asyncio.sleep(60)
    rig.strap.measures = True
    return await rig.back_within(BACK)


@fault("takes connections, and answers nothing for 60 s")
async def mute(rig: Rig) -> float:
    """The same, from a connection's beginning on."""
    await rig.wear()
    rig.strap.answers_pairing = False
    return await _be_mute(rig, BACK)


@fault("the same, but it answers who wants to pair", ANOTHER_TRY)
async def slow(rig: Rig) -> float:
    """A strap that is easily taken for one that wants to be paired with."""
    await rig.wear()
    return await _be_mute(rig, ANOTHER_TRY)


@fault("takes every connection, never measures: a repair", SILENT)
async def never_measures(rig: Rig) -> float:
    """A strap that nobody wears."""
    await rig.start(Strap(rig.air, measures=False))
    await rig.strap.on()
    async with asyncio.timeout(PATIENCE):
        await rig.add_strap()
    held = 0
    for _ in range(int(SILENT) - 60):
        await asyncio.sleep(1)
        held += rig.strap.is_connected
    assert not await rig.has_issue("monitor_silent")
    print(f"  {rig.strap.calls} connections, {held} of {int(SILENT) - 60} s in them")
    return SILENT - 60 + await rig.repaired_within(60, "monitor_silent")


@fault("the nearer of two adapters hears it no more")
async def other_adapter(rig: Rig) -> float:
    """Someone who goes to the other room."""
    await rig.wear(adapters=2)
    holder = next(one for one in rig.adapters if one.le_connections)
    rig.air.part(rig.strap.radio, holder.name)
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
    await by_hand(rig, "Connect")
    await rig.start_home_assistant()
    return await rig.back_within(BACK)


@fault("loaded anew, disabled (it is let go), and enabled")
async def reloaded(rig: Rig) -> float:
    """A person who tries what helps."""
    await rig.wear()
    entry_id = await rig.api.entry(rig.strap.name)
    await rig.api.reload(entry_id)
    longest = await rig.back_within(BACK)
    await rig.api.disable(entry_id)
    assert not rig.strap.is_connected
    await rig.api.disable(entry_id, disabled=False)
    return max(longest, await rig.back_within(BACK))


@fault("another address of the same watch")
async def another_address(rig: Rig) -> float:
    """A watch that takes a new one with each broadcast."""
    await rig.wear()
    await rig.strap.off(says_goodbye=True)
    await asyncio.sleep(3)
    await rig.strap.rotate()
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


@fault("in a container that may not manage it: on, other address")
async def unmanaged(rig: Rig) -> float:
    """A container without the right to, where BlueZ is all that is heard."""
    await rig.start(rig.strap, manages=False)
    await rig.put_on(rig.strap)
    longest = 0.0
    for does_rotate in (False, True):
        await rig.strap.off(says_goodbye=True)
        await asyncio.sleep(30)
        if does_rotate:
            await rig.strap.rotate()
        await rig.strap.on()
        longest = max(longest, await rig.back_within(BACK))
    return longest


@fault("passive scanning, no flags: discovered and read", PATIENCE)
async def passive(rig: Rig) -> float:
    """BlueZ passes on what says that it can be discovered, and little else."""
    await rig.start(Strap(rig.air, flags=False), passive=True)
    await rig.strap.on()
    async with asyncio.timeout(PATIENCE):
        await rig.add_strap()
    return await rig.back_within(PATIENCE)


async def _be_mute(rig: Rig, seconds: float) -> float:
    """Have the strap answer nothing for a minute, and return when it is back."""
    rig.strap.answers = False
    await rig.strap.hang_up()
    await asyncio.sleep(60)
    rig.strap.answers = rig.strap.answers_pairing = True
    return await rig.back_within(seconds)


async def _is_free(rig: Rig) -> bool:
    """Have the strap connected by nobody, and say whether it is so."""
    for path, device in (await rig.bluez.devices()).items():
        if device.get("Connected"):
            await rig.bluez.call(path, "Disconnect")
    return not rig.strap.is_connected
