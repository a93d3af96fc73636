#!/usr/bin/env bash
# pyftms tells a fitness machine's heart rate when it changes, not when it is measured.
#
# Its callback gets what is new since the packet before. A pulse that holds at 120 makes no event, so who waits for
# one cannot tell a steady heart from a strap that is gone; a machine that says 0 of everything is not heard either.
# And a packet that leaves out a field of the one before, as machines may that have more fields than fit into one,
# raises KeyError instead of being told.
#
# Seen:    2026-11-29, pyftms 0.4.15
# Instead: subscribe to the characteristic with bleak and give its packets to pyftms' models, or take each packet, of
#          whatever content, for the measurement of what was told last.
# Here:    fitness machines are not read; docs/monitors.md says what is
# Needs:   Python 3.12 or 3.13, or what is newer and ignores that pyftms does not allow it yet
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for python in python3.13 python3.12 python3 python3.14 .venv/bin/python none; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && break
done
[[ $python != none ]] || { echo "no Python 3.12 or later" >&2; exit 1; }
"$python" -m venv --without-pip "$work/venv"
python3 -m pip --disable-pip-version-check --python "$work/venv/bin/python" install --quiet --ignore-requires-python \
    pyftms==0.4.15 bleak==3.1.0 bleak-retry-connector==4.7.1

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
import asyncio
from importlib.metadata import version
import struct

from pyftms.client.backends.updater import DataUpdater
from pyftms.models import IndoorBikeData

HEART_RATE = 1 << 9


class Bike:
    """Notifies of what it is told to."""

    async def start_notify(self, uuid, handler):
        self.notify = handler


async def main():
    print("pyftms", version("pyftms"))
    bike, events = Bike(), []
    await DataUpdater(IndoorBikeData, events.append).subscribe(bike, "2ad2")
    for name, packet in (
        ("20 km/h, 120 bpm", struct.pack("<HHB", HEART_RATE, 2000, 120)),
        ("20 km/h, 120 bpm", struct.pack("<HHB", HEART_RATE, 2000, 120)),
        ("20 km/h, 121 bpm", struct.pack("<HHB", HEART_RATE, 2000, 121)),
        (" 0 km/h,   0 bpm", struct.pack("<HHB", HEART_RATE, 0, 0)),
        ("20 km/h, 121 bpm", struct.pack("<HHB", HEART_RATE, 2000, 121)),
        ("20 km/h         ", struct.pack("<HH", 0, 2000)),
    ):
        events.clear()
        try:
            bike.notify(None, bytearray(packet))
        except KeyError as err:
            print(f"{name}: KeyError {err}")
        else:
            print(f"{name}:", *([dict(sorted(event.event_data.items())) for event in events] or ["-"]))


asyncio.run(main())
PYTHON

diff - "$work/seen" <<'EXPECTED'
pyftms 0.4.15
20 km/h, 120 bpm: {'heart_rate': 120, 'speed_instant': 20.0}
20 km/h, 120 bpm: -
20 km/h, 121 bpm: {'heart_rate': 121}
 0 km/h,   0 bpm: -
20 km/h, 121 bpm: -
20 km/h         : KeyError 'heart_rate'
EXPECTED
