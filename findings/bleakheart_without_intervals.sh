#!/usr/bin/env bash
# bleakheart delivers no heart rate at all of a monitor that sends no RR intervals, and never its energy.
#
# Armbands and watches measure light and often send the rate alone (flag 0x10 not set), which the specification allows.
# bleakheart hands measurements out beat by beat unless it is told not to; without an interval there is no beat, so
# the callback is never called and nothing says why. The energy expended, which it has read, is None in each mode.
#
# Seen:    2026-11-29, bleakheart 0.2.0
# Instead: HeartRate(..., unpack=False), and read the energy from the packet yourself.
# Here:    custom_components/heart_rate_relay/monitor/measurement.py takes each field for itself
# Needs:   Python 3.10 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet bleakheart==0.2.0 bleak==3.1.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
import asyncio
from importlib.metadata import version

from bleakheart import HeartRate


class Monitor:
    """Notifies of what it is told to."""

    async def start_notify(self, uuid, handler):
        self.notify = handler


async def show(name, packet):
    for unpack in (True, False):
        monitor, seen = Monitor(), []
        heart_rate = HeartRate(monitor, callback=seen.append, unpack=unpack)
        await heart_rate.start_notify()
        await monitor.notify(None, bytearray(packet))
        # Without the time of arrival, which is the second
        print(f"{name}, unpack={unpack}:", [(one[0], *one[2:]) for one in seen])


async def main():
    print("bleakheart", version("bleakheart"))
    await show("72 bpm", [0x00, 72])
    await show("72 bpm, 9 kJ, 1024/1024 s", [0x18, 72, 9, 0, 0x00, 0x04])


asyncio.run(main())
PYTHON

diff - "$work/seen" <<'EXPECTED'
bleakheart 0.2.0
72 bpm, unpack=True: []
72 bpm, unpack=False: [('HR', (72, []), None)]
72 bpm, 9 kJ, 1024/1024 s, unpack=True: [('HR', (72, 1000), None)]
72 bpm, 9 kJ, 1024/1024 s, unpack=False: [('HR', (72, [1000]), None)]
EXPECTED
