#!/usr/bin/env bash
# pycycling turns a power meter's slightly negative watts into 65 kW, and takes one ability of a meter for another.
#
# Instantaneous Power, and the largest and smallest force and torque, of a Cycling Power Measurement (0x2A63) are signed
# (Cycling Power Service 1.1.1, 3.2.1; GATT Specification Supplement, "sint16"): a meter whose zero has drifted tells -2 W
# while nobody pedals. pycycling reads them without a sign. Of the bits of Cycling Power Feature (0x2A65; 3.1) it leaves two
# out, so that each behind bit 4 is read as another: a meter that accumulates energy and does nothing else is said to have
# an offset compensation, and no energy. Whether one of two pedals tells a part or the whole of the power is never known.
#
# Seen:    2026-11-29, pycycling 0.4.1
# Instead: read the value as signed; an average or a maximum of a ride is worthless after one such second.
# Here:    custom_components/heart_rate_relay/monitor/profiles/cycling_power.py
# Needs:   Python 3.10 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet pycycling==0.4.1 bleak==3.1.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
import asyncio
from importlib.metadata import version
import struct

from pycycling.cycling_power_service import CyclingPowerService


class Pedals:
    """Notify of what they are told to, and say that they count energy and are one of two."""

    async def start_notify(self, uuid, handler):
        self.notify = handler

    async def read_gatt_char(self, uuid):
        energy, distributed = 1 << 7, 2 << 20
        return bytearray(struct.pack("<I", energy | distributed))


async def main():
    pedals, seen = Pedals(), []
    service = CyclingPowerService(pedals)
    service.set_cycling_power_measurement_handler(seen.append)
    await service.enable_cycling_power_measurement_notifications()
    for watts in (200, 0, -2):
        pedals.notify(None, bytearray(struct.pack("<Hh", 0, watts)))
    extreme_forces = 1 << 6
    pedals.notify(None, bytearray(struct.pack("<Hhhh", extreme_forces, 200, 310, -25)))
    print("pycycling", version("pycycling"))
    print("200, 0 and -2 W:", *(told.instantaneous_power for told in seen[:3]))
    force = seen[3]
    print("forces of 310 and -25 N:", force.maximum_force_magnitude, force.minimum_force_magnitude)
    feature = await service.get_cycling_power_feature()
    print("counts energy:", feature.accumulated_energy_supported)
    print("compensates offsets:", feature.offset_compensation_supported)
    print("one of two:", feature.distribute_system_support.name)


asyncio.run(main())
PYTHON

diff - "$work/seen" <<'EXPECTED'
pycycling 0.4.1
200, 0 and -2 W: 200 0 65534
forces of 310 and -25 N: 310 65511
counts energy: False
compensates offsets: True
one of two: unspecified
EXPECTED
