"""Brings one fault about in the guest, and prints its row of the table.

Each has a guest of its own: what a kernel, BlueZ and Home Assistant leave is gone with it.
"""

import argparse
import asyncio
from pathlib import Path
import sys
import traceback

from . import faults as _faults  # noqa: F401 - they are in the table by that
from .rig import Rig
from .table import FAULTS, Fault

ROW = "{:<16} {:<56} {:>7} {:>9}"

LIMIT = 900.0
"""Seconds for a fault, with all that comes before."""


async def bring_about(fault: Fault, rig: Rig) -> bool:
    """Bring a fault about, print its row, and return whether it kept its bound."""
    seen, is_kept = "never", False
    try:
        async with asyncio.timeout(LIMIT):
            seconds = await fault.bring_about(rig)
        seen, is_kept = f"{seconds:.1f} s", seconds <= fault.bound
    except Exception as err:  # noqa: BLE001 - a row of the table all the same
        traceback.print_exception(err, limit=4)
    finally:
        await rig.close()
    print(ROW.format(fault.name, fault.text, f"{fault.bound:.0f} s", seen))
    return is_kept


async def main() -> bool:
    """Do what is asked for, and return whether it went well."""
    parser = argparse.ArgumentParser(prog="python -m dev.bluez", description=__doc__)
    parser.add_argument("fault", choices=FAULTS)
    parser.add_argument("tree", type=Path, help="where Debian's packages are")
    parser.add_argument("folder", type=Path, help="where the logs go")
    asked = parser.parse_args()
    return await bring_about(FAULTS[asked.fault], Rig(asked.tree, asked.folder))


if __name__ == "__main__":
    sys.exit(not asyncio.run(main()))
