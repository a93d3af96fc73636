"""What may go wrong beside another monitor: a stranger's of the same name, or the wearer's bike."""

import asyncio
from collections.abc import Awaitable, Callable
import time
from typing import NamedTuple

from dev.bluez.rig import Rig
from dev.bluez.strap import Bike, Strap
from dev.bluez.table import BACK, fault

PUBLIC_ADDRESS = "A0:9E:1A:00:00:01"
OTHER_ADDRESS = "C4:77:22:33:44:01"
BIKE_ADDRESS = "C4:88:22:33:44:01"

OTHER = range(160, 180)
"""What the stranger's measures, unlike anything that the wearer's does."""

STALE = 10.0
"""Seconds for which a value is shown that is followed by none."""


class Outage(NamedTuple):
    """What may go wrong with a monitor, and how that ends."""

    begin: Callable[[Rig, Strap], Awaitable[None]]
    end: Callable[[Rig, Strap], Awaitable[None]]
    seconds: float = 15.0
    """How long it lasts."""


async def _off(_: Rig, strap: Strap) -> None:
    await strap.off(says_goodbye=True)


async def _lose_power(_: Rig, strap: Strap) -> None:
    await strap.off()


async def _on(_: Rig, strap: Strap) -> None:
    await strap.on()


async def _on_elsewhere(_: Rig, strap: Strap) -> None:
    await strap.rotate()
    await strap.on()


async def _part(rig: Rig, strap: Strap) -> None:
    rig.air.part(strap.radio, "hci0")


async def _join(rig: Rig, strap: Strap) -> None:
    rig.air.join(strap.radio, "hci0")


async def _lose_calls(rig: Rig, strap: Strap) -> None:
    rig.air.lost_calls = 2
    await strap.hang_up()


async def _nothing(_: Rig, __: Strap) -> None:
    pass


async def _be_silent(_: Rig, strap: Strap) -> None:
    strap.measures = False


async def _measure(_: Rig, strap: Strap) -> None:
    strap.measures = True


async def _kill(rig: Rig, _: Strap) -> None:
    await rig.kill_home_assistant()


async def _start(rig: Rig, _: Strap) -> None:
    await rig.start_home_assistant()


OUTAGES = (
    Outage(_off, _on),
    Outage(_lose_power, _on),
    Outage(_part, _join),
    Outage(_lose_calls, _nothing, 0),
    Outage(_be_silent, _measure, 40),
    Outage(_kill, _start, 0),
)

ROTATING = (
    Outage(_off, _on_elsewhere),
    Outage(_lose_power, _on_elsewhere),
    *OUTAGES[2:],
)


@fault("a namesake, six faults: none of its readings, and back")
async def namesakes(rig: Rig) -> float:
    """Two straps of a model, of which the stranger's changes its address."""
    own = Strap(rig.air, address=PUBLIC_ADDRESS, is_public=True)
    return await _beside_namesake(rig, own, "S-5678", OUTAGES)


@fault("the same, but neither tells a serial number")
async def namesakes_untold(rig: Rig) -> float:
    """The name is all that there is, and proves nothing."""
    own = Strap(rig.air, address=PUBLIC_ADDRESS, is_public=True, serial=None)
    return await _beside_namesake(rig, own, None, OUTAGES)


@fault("the same, but both change their addresses")
async def namesakes_moving(rig: Rig) -> float:
    """Two watches of a model, which broadcast now and then."""
    return await _beside_namesake(rig, Strap(rig.air), "S-5678", ROTATING)


@fault("a bike beside the strap, six faults: both are back")
async def bike(rig: Rig) -> float:
    """A person who rides indoors."""
    await rig.wear()
    began = time.monotonic()
    ridden = Bike(rig.air, "Bike 1234", BIKE_ADDRESS, serial="B-1234")
    await rig.put_on(ridden)
    longest = 0.0
    for outage in OUTAGES:
        if outage.begin is _kill:
            gap = rig.longest_gap(rig.strap, began)
            print(f"  the strap's longest gap: {gap:.1f} s")
            assert gap < STALE
        await outage.begin(rig, ridden)
        await asyncio.sleep(outage.seconds)
        await outage.end(rig, ridden)
        longest = max(longest, await rig.back_within(BACK, ridden))
        await rig.back_within(BACK)
        print(f"  {outage.begin.__name__}: {longest:.1f} s at most")
    return longest


async def _beside_namesake(
    rig: Rig, own: Strap, serial: str | None, outages: tuple[Outage, ...]
) -> float:
    """Have everything go wrong with the wearer's, and the stranger's, which are there in turns.

    Returns the longest time until the wearer's was back.
    """
    await rig.wear(own)
    other = Strap(rig.air, own.name, OTHER_ADDRESS, serial=serial, pulse=OTHER)
    longest = 0.0
    for outage in outages:
        for is_there_before in (True, False):
            if is_there_before:
                await _on_elsewhere(rig, other)
                await asyncio.sleep(3)
            await outage.begin(rig, own)
            if not is_there_before:
                await _on_elsewhere(rig, other)
            await asyncio.sleep(outage.seconds)
            await outage.end(rig, own)
            longest = max(longest, await rig.back_within(BACK))
            print(f"  {outage.begin.__name__}: {longest:.1f} s at most")
            if outage.begin is not _kill:
                await outage.begin(rig, other)
                await asyncio.sleep(3)
                await outage.end(rig, other)
                await other.off()
                rig.air.lost_calls = 0
    print(f"  {other.calls} connections to the other, {other.sent} readings of it")
    assert other.sent == 0
    assert not rig.has_shown(OTHER)
    return longest
