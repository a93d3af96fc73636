"""What a person does beside Home Assistant."""

import asyncio

from .daemon import BlueZError
from .rig import PATIENCE, Rig
from .strap import NAME


async def by_hand(rig: Rig, member: str, name: str = NAME) -> None:
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
