#!/usr/bin/env bash
# Two libraries take the energy that a strap has counted for the time between two heartbeats.
#
# A Heart Rate Measurement (0x2A37) may hold the energy expended before its RR intervals (flag 0x08); straps send it
# with some packets only. polar-python does not look at the flags at all: energy becomes an interval, and of a heart
# rate of two bytes the second one, too, shifts all that follows. blehrm's client for the Garmin HRM-Pro looks at the
# other flags. The heart rate itself stays right, and a variability made of such beats is wild once in a while. Both
# libraries were made for one maker's straps, and read the service that all makers have.
#
# Seen:    2026-11-29, polar-python 1.1.1, blehrm 0.1.4
# Instead: read the flags yourself, it is a dozen lines; drop intervals that no heart has.
# Here:    custom_components/heart_rate_relay/monitor/measurement.py, and variability.py for what no heart has
# Needs:   Python 3.11 or later
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check install --quiet \
    polar-python==1.1.1 blehrm==0.1.4 bleak==3.1.0 numpy==2.4.6 tabulate==0.10.0

"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version

from blehrm.registry import BlehrmRegistry
from bleak.backends.device import BLEDevice
from polar_python.parsers import parse_hr_data

PACKETS = {
    "72 bpm, 1 s": [0x10, 72, 0x00, 0x04],
    "72 bpm, 9 kJ, 1 s": [0x18, 72, 9, 0, 0x00, 0x04],
    "72 bpm in two bytes, 1 s": [0x11, 72, 0, 0x00, 0x04],
}


def by_blehrm(packet):
    garmin = BlehrmRegistry.create_client(BLEDevice("00:00:00:00:00:00", "HRM-Pro", None))
    beats = []
    garmin.set_ibi_callback(lambda row: beats.append(round(float(row[1]), 1)))
    garmin._ibi_data_handler(None, packet)
    return beats


def by_polar_python(packet):
    return [round(interval, 1) for interval in parse_hr_data(packet).rr_intervals]


for library, intervals in (("polar-python", by_polar_python), ("blehrm", by_blehrm)):
    print(library, version(library))
    for name, packet in PACKETS.items():
        print(f"  {name}:", *intervals(bytearray(packet)), "ms")
PYTHON

diff - "$work/seen" <<'EXPECTED'
polar-python 1.1.1
  72 bpm, 1 s: 1000.0 ms
  72 bpm, 9 kJ, 1 s: 8.8 1000.0 ms
  72 bpm in two bytes, 1 s: 0.0 3.9 ms
blehrm 0.1.4
  72 bpm, 1 s: 1000.0 ms
  72 bpm, 9 kJ, 1 s: 8.8 1000.0 ms
  72 bpm in two bytes, 1 s: 1000.0 ms
EXPECTED
